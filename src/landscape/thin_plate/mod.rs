//! Thin-plate splines: the surface fitted to scattered points, with a linear tail and smoothing.
//!
//! f(x) = Σ_i w_i φ(|x − x_i|) + b₀ + b·x with φ(r) = r² ln r (METHOD, section 3). `fit` solves for the weights, `kernel`
//! sums energies and gradients for many points at once, `hessian_vector` their second derivatives along vectors,
//! `curvature` whole Hessians.

mod curvature;
mod fit;
mod hessian_vector;
mod kernel;
mod logarithm;

pub use fit::FitError;

use super::Surface;
use kernel::Centres;

/// A fitted thin-plate surface over a box.
///
/// At a data point the term of that point is singular in the second derivative; it counts as 0 there.
#[derive(Debug, Clone)]
pub struct ThinPlate {
    lower: Vec<f64>,
    upper: Vec<f64>,
    /// What is subtracted from every coordinate before the sums, to keep their digits.
    origin: Vec<f64>,
    centres: Centres,
    n_points: usize,
    /// f's linear tail relative to the origin: constant + slope · (x − origin).
    constant: f64,
    slope: Vec<f64>,
}

impl ThinPlate {
    /// Fits a surface to points and responses.
    ///
    /// * `points` – shape (n, `dim`) row major, n ≥ `dim` + 1, not all on one hyperplane
    /// * `response` – shape (n,)
    /// * `smoothing` – λ ≥ 0 added to the diagonal; 0 interpolates, and then no two points may coincide
    /// * `lower`, `upper` – the box to explore, shape (`dim`,); the unit box for normalised data
    ///
    /// # Errors
    /// [`FitError`] names the first thing that is wrong with the data.
    pub fn fit(
        points: &[f64],
        dim: usize,
        response: &[f64],
        smoothing: f64,
        lower: Vec<f64>,
        upper: Vec<f64>,
    ) -> Result<Self, FitError> {
        let system = fit::solve(points, dim, response, smoothing)?;
        let centred: Vec<f64> =
            points.chunks_exact(dim).flat_map(|x| x.iter().zip(&system.origin).map(|(x, o)| x - o)).collect();
        Ok(Self {
            lower,
            upper,
            centres: Centres::new(dim, &centred, &system.weights),
            n_points: response.len(),
            origin: system.origin,
            constant: system.constant,
            slope: system.slope,
        })
    }

    /// Fits in the unit box, as for normalised data.
    ///
    /// # Errors
    /// As [`Self::fit`].
    pub fn fit_in_unit_box(points: &[f64], dim: usize, response: &[f64], smoothing: f64) -> Result<Self, FitError> {
        Self::fit(points, dim, response, smoothing, vec![0.0; dim], vec![1.0; dim])
    }

    /// Number of data points N.
    pub fn n_points(&self) -> usize {
        self.n_points
    }

    /// The kernel weights w, shape (N,).
    pub fn weights(&self) -> &[f64] {
        &self.centres.weights()[..self.n_points]
    }

    /// The data points, shape (N, d) row major.
    pub fn points(&self) -> Vec<f64> {
        let rows = self.centres.coordinates().chunks_exact(self.origin.len()).take(self.n_points);
        rows.flat_map(|x| x.iter().zip(&self.origin).map(|(x, o)| x + o)).collect()
    }

    fn centred(&self, xs: &[f64]) -> Vec<f64> {
        xs.chunks_exact(self.origin.len()).flat_map(|x| x.iter().zip(&self.origin).map(|(x, o)| x - o)).collect()
    }
}

impl Surface for ThinPlate {
    fn dim(&self) -> usize {
        self.origin.len()
    }

    fn lower(&self) -> &[f64] {
        &self.lower
    }

    fn upper(&self) -> &[f64] {
        &self.upper
    }

    fn energy(&self, x: &[f64]) -> f64 {
        self.energy_gradient(x, &mut vec![0.0; x.len()])
    }

    fn energy_gradient(&self, x: &[f64], gradient: &mut [f64]) -> f64 {
        let mut energy = [0.0];
        self.energy_gradient_batch(x, &mut energy, gradient);
        energy[0]
    }

    fn energy_gradient_batch(&self, xs: &[f64], energies: &mut [f64], gradients: &mut [f64]) {
        let d = self.dim();
        let queries = self.centred(xs);
        self.centres.energies_and_gradients(&queries, energies, gradients);
        for ((q, energy), gradient) in queries.chunks_exact(d).zip(energies).zip(gradients.chunks_exact_mut(d)) {
            *energy += self.constant + q.iter().zip(&self.slope).map(|(q, b)| q * b).sum::<f64>();
            for (g, b) in gradient.iter_mut().zip(&self.slope) {
                *g += b;
            }
        }
    }

    fn hessian_vector(&self, x: &[f64], v: &[f64], out: &mut [f64]) {
        self.hessian_vector_batch(x, v, out);
    }

    fn hessian_vector_batch(&self, xs: &[f64], vs: &[f64], out: &mut [f64]) {
        self.centres.hessian_vectors(&self.centred(xs), vs, out);
    }

    fn hessian(&self, x: &[f64], out: &mut [f64]) {
        let all: Vec<usize> = (0..self.dim()).collect();
        self.free_hessian(x, &all, out);
    }

    fn free_hessian(&self, x: &[f64], free: &[usize], out: &mut [f64]) {
        self.centres.free_hessian(&self.centred(x), free, out);
    }

    fn flops_per_gradient(&self) -> f64 {
        4.0 * self.n_points as f64 * self.dim() as f64
    }

    fn flops_per_hessian_vector(&self) -> f64 {
        6.0 * self.n_points as f64 * self.dim() as f64
    }

    fn flops_per_hessian(&self, n_free: usize) -> f64 {
        // The lower triangle of a product, and the distances.
        self.n_points as f64 * (n_free as f64 * n_free as f64 + 3.0 * self.dim() as f64)
    }
}
