//! Solving for the weights of a thin-plate spline.
//!
//! The saddle system [K + λI, P; Pᵀ, 0] is reduced to the weights that the linear tail cannot make: with P = Q [R; 0],
//! w = Q [0; z], and the trailing block of Qᵀ (K + λI) Q is positive definite for r² ln r, so z comes from a Cholesky
//! factorisation; the tail follows from R. Q is applied as products of tall matrices, never formed.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt;
use faer::linalg::matmul::matmul;
use faer::reborrow::{Reborrow, ReborrowMut};
use faer::{Accum, Mat, MatMut, MatRef, Par, Spec};
use rayon::prelude::*;

use super::logarithm::ln;

/// Tasks of the dense products. A constant, not the number of threads: the results must not depend on that.
const TASKS: usize = 16;
/// Columns of the kernel matrix made at a time.
const COLUMNS: usize = 64;
/// Below this share of |a|² + |b|² a squared distance from the product is summed again from differences.
const CANCELLATION: f64 = 1e-2;
/// A diagonal entry of R below this share of the largest means that the points lie on a hyperplane.
const RANK_TOLERANCE: f64 = 1e-12;

/// Why no surface could be fitted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FitError {
    /// Points and responses do not belong together.
    #[error(
        "could not fit a surface to {points} coordinates and {response} responses in {dim} dimensions: one row of \
         {dim} coordinates is needed for every response"
    )]
    Shape {
        /// Coordinates found.
        points: usize,
        /// Responses found.
        response: usize,
        /// Dimension asked for.
        dim: usize,
    },
    /// A coordinate or response is NaN or infinite.
    #[error("could not fit a surface: the {what} of point {index} is {value}; remove or repair that point")]
    NotFinite {
        /// “coordinate” or “response”.
        what: &'static str,
        /// The first bad point, counted from 0.
        index: usize,
        /// What was found.
        value: f64,
    },
    /// Fewer points than the linear tail has coefficients.
    #[error("could not fit a surface to {found} points in {dim} dimensions: at least {needed} are needed")]
    TooFewPoints {
        /// Points found.
        found: usize,
        /// Dimension.
        dim: usize,
        /// dim + 1.
        needed: usize,
    },
    /// The points do not span the space.
    #[error(
        "could not fit a surface: the points lie on a hyperplane (coordinate {coordinate} follows from the others); \
         remove that coordinate or add points off the plane"
    )]
    Hyperplane {
        /// The first coordinate that adds no direction.
        coordinate: usize,
    },
    /// The smoothing is negative or not a number.
    #[error("could not fit a surface with smoothing {0}: it must be finite and at least 0")]
    Smoothing(f64),
    /// Without smoothing two points at one place have no solution.
    #[error(
        "could not fit a surface without smoothing: points {first} and {second} are at the same place; remove one or \
         use a smoothing such as 1e-4"
    )]
    Duplicates {
        /// One point.
        first: usize,
        /// The other.
        second: usize,
    },
    /// The factorisation met a pivot that is not positive.
    #[error("could not fit a surface: points are too close together for smoothing {smoothing}; use a larger one")]
    Singular {
        /// The smoothing used.
        smoothing: f64,
    },
}

/// The solved coefficients, relative to `origin`.
pub struct Coefficients {
    pub origin: Vec<f64>,
    pub weights: Vec<f64>,
    pub constant: f64,
    pub slope: Vec<f64>,
}

/// Solves for the coefficients; see [`super::ThinPlate::fit`].
pub fn solve(points: &[f64], dim: usize, response: &[f64], smoothing: f64) -> Result<Coefficients, FitError> {
    check(points, dim, response, smoothing)?;
    let (n, m) = (response.len(), dim + 1);
    let (origin, scale) = centre_and_half_width(points, dim);
    let x: Vec<f64> = points.chunks_exact(dim).flat_map(|x| x.iter().zip(&origin).map(|(x, o)| x - o)).collect();
    let mut tail = Mat::from_fn(n, m, |i, k| if k == 0 { 1.0 } else { x[i * dim + k - 1] / scale[k - 1] });
    let reflections = Reflections::of(&mut tail);
    for k in 0..m {
        if tail[(k, k)].abs() <= RANK_TOLERANCE * (n as f64).sqrt() {
            return Err(FitError::Hyperplane { coordinate: k.saturating_sub(1) });
        }
    }
    let mut y = Mat::from_fn(n, 1, |i, _| response[i]);
    reflections.apply_transposed(&mut y);
    let mut beta = vec![0.0; m];
    let mut weights = Mat::<f64>::zeros(n, 1);
    if n > m {
        let mut kernel = kernel_matrix(&x, dim, smoothing);
        let mut kernel = MatMut::from_column_major_slice_mut(&mut kernel, n, n);
        reflections.apply_on_both_sides(kernel.rb_mut());
        let z = solve_trailing(kernel.rb_mut(), m, &y).ok_or_else(|| failure(points, dim, smoothing))?;
        for k in 0..m {
            beta[k] = y[(k, 0)] - (0..n - m).map(|j| kernel[(k, m + j)] * z[(j, 0)]).sum::<f64>();
        }
        for j in 0..n - m {
            weights[(m + j, 0)] = z[(j, 0)];
        }
        reflections.apply(&mut weights);
    } else {
        beta.copy_from_slice(&(0..m).map(|k| y[(k, 0)]).collect::<Vec<_>>());
    }
    for k in (0..m).rev() {
        let known: f64 = (k + 1..m).map(|j| tail[(k, j)] * beta[j]).sum();
        beta[k] = (beta[k] - known) / tail[(k, k)];
    }
    let slope = beta[1..].iter().zip(&scale).map(|(b, s)| b / s).collect();
    Ok(Coefficients { origin, weights: (0..n).map(|i| weights[(i, 0)]).collect(), constant: beta[0], slope })
}

fn check(points: &[f64], dim: usize, response: &[f64], smoothing: f64) -> Result<(), FitError> {
    if dim == 0 || points.len() != response.len() * dim {
        return Err(FitError::Shape { points: points.len(), response: response.len(), dim });
    }
    if let Some(at) = points.iter().position(|v| !v.is_finite()) {
        return Err(FitError::NotFinite { what: "coordinate", index: at / dim, value: points[at] });
    }
    if let Some(index) = response.iter().position(|v| !v.is_finite()) {
        return Err(FitError::NotFinite { what: "response", index, value: response[index] });
    }
    if response.len() < dim + 1 {
        return Err(FitError::TooFewPoints { found: response.len(), dim, needed: dim + 1 });
    }
    if !smoothing.is_finite() || smoothing < 0.0 {
        return Err(FitError::Smoothing(smoothing));
    }
    if smoothing == 0.0
        && let Some((first, second)) = coinciding(points, dim)
    {
        return Err(FitError::Duplicates { first, second });
    }
    Ok(())
}

fn failure(points: &[f64], dim: usize, smoothing: f64) -> FitError {
    match coinciding(points, dim) {
        Some((first, second)) if smoothing == 0.0 => FitError::Duplicates { first, second },
        _ => FitError::Singular { smoothing },
    }
}

/// Two points with identical coordinates, if there are any.
pub fn coinciding(points: &[f64], dim: usize) -> Option<(usize, usize)> {
    let mut order: Vec<usize> = (0..points.len() / dim).collect();
    let row = |i: usize| &points[i * dim..(i + 1) * dim];
    order.sort_by(|&a, &b| row(a).partial_cmp(row(b)).expect("finite coordinates").then(a.cmp(&b)));
    order.windows(2).find(|w| row(w[0]) == row(w[1])).map(|w| (w[0], w[1]))
}

/// Middle and half width of the data along every coordinate (half width 1 where there is none).
fn centre_and_half_width(points: &[f64], dim: usize) -> (Vec<f64>, Vec<f64>) {
    (0..dim)
        .map(|k| {
            let column = points.iter().skip(k).step_by(dim);
            let (low, high) = column.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &v| (l.min(v), h.max(v)));
            (f64::midpoint(low, high), if high > low { 0.5 * (high - low) } else { 1.0 })
        })
        .unzip()
}

/// K + λI with K_ij = ½ r² ln r², all of it (symmetric), shape (n, n).
fn kernel_matrix(x: &[f64], dim: usize, smoothing: f64) -> Vec<f64> {
    let n = x.len() / dim;
    let norms: Vec<f64> = x.chunks_exact(dim).map(|x| x.iter().map(|v| v * v).sum()).collect();
    // Rows of x are columns of the column-major view.
    let all = MatRef::from_column_major_slice(x, dim, n);
    let mut kernel = vec![0.0; n * n];
    kernel.par_chunks_mut(COLUMNS * n).enumerate().for_each(|(chunk, columns)| {
        let first = chunk * COLUMNS;
        let n_columns = columns.len() / n;
        let some = all.subcols(first, n_columns);
        let products = MatMut::from_column_major_slice_mut(&mut *columns, n, n_columns);
        matmul(products, Accum::Replace, all.transpose(), some, 1.0, Par::Seq);
        for (j, column) in (first..).zip(columns.chunks_exact_mut(n)) {
            pulp::Arch::new().dispatch(|| {
                for (value, norm) in column.iter_mut().zip(&norms) {
                    *value = norm + norms[j] - 2.0 * *value;
                }
            });
            for i in 0..n {
                if column[i] < CANCELLATION * (norms[i] + norms[j]) {
                    let (a, b) = (&x[i * dim..(i + 1) * dim], &x[j * dim..(j + 1) * dim]);
                    column[i] = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
                }
            }
            pulp::Arch::new().dispatch(|| {
                for value in column.iter_mut() {
                    *value = if *value > 0.0 { 0.5 * *value * ln(value.max(f64::MIN_POSITIVE)) } else { 0.0 };
                }
            });
            column[j] = smoothing;
        }
    });
    kernel
}

/// Solves for z with the trailing block of the reflected kernel; `None` when it is not positive definite.
fn solve_trailing(kernel: MatMut<'_, f64>, m: usize, y: &Mat<f64>) -> Option<Mat<f64>> {
    let n = kernel.nrows();
    let par = Par::rayon(TASKS);
    let mut z = y.subrows(m, n - m).to_owned();
    let mut trailing = kernel.submatrix_mut(m, m, n - m, n - m);
    let mut memory = MemBuffer::new(llt::factor::cholesky_in_place_scratch::<f64>(n - m, par, Spec::default()));
    let stack = MemStack::new(&mut memory);
    llt::factor::cholesky_in_place(
        trailing.rb_mut(),
        llt::factor::LltRegularization::default(),
        par,
        stack,
        Spec::default(),
    )
    .ok()?;
    let mut memory = MemBuffer::new(llt::solve::solve_in_place_scratch::<f64>(n - m, 1, par));
    llt::solve::solve_in_place(trailing.rb(), z.as_mut(), par, MemStack::new(&mut memory));
    Some(z)
}

/// Q = I − V T Vᵀ of a Householder factorisation of a tall matrix.
struct Reflections {
    v: Mat<f64>,
    t: Mat<f64>,
}

impl Reflections {
    /// Factorises `a` (n, m), n ≥ m, leaving R in its upper triangle.
    fn of(a: &mut Mat<f64>) -> Self {
        let (n, m) = (a.nrows(), a.ncols());
        let (mut v, mut t) = (Mat::<f64>::zeros(n, m), Mat::<f64>::zeros(m, m));
        for k in 0..m {
            let norm = (k..n).map(|i| a[(i, k)] * a[(i, k)]).sum::<f64>().sqrt();
            if norm == 0.0 {
                continue;
            }
            let alpha = if a[(k, k)] > 0.0 { -norm } else { norm };
            for i in k..n {
                v[(i, k)] = a[(i, k)];
            }
            v[(k, k)] -= alpha;
            let tau = 2.0 / (k..n).map(|i| v[(i, k)] * v[(i, k)]).sum::<f64>();
            for j in k..m {
                let along = tau * (k..n).map(|i| v[(i, k)] * a[(i, j)]).sum::<f64>();
                for i in k..n {
                    a[(i, j)] -= along * v[(i, k)];
                }
            }
            t[(k, k)] = tau;
            let overlaps: Vec<f64> = (0..k).map(|j| (k..n).map(|i| v[(i, j)] * v[(i, k)]).sum()).collect();
            for j in 0..k {
                t[(j, k)] = -tau * (j..k).map(|l| t[(j, l)] * overlaps[l]).sum::<f64>();
            }
        }
        Self { v, t }
    }

    /// y ← Qᵀ y.
    fn apply_transposed(&self, y: &mut Mat<f64>) {
        let inner = self.t.transpose() * (self.v.transpose() * &*y);
        *y -= &self.v * inner;
    }

    /// y ← Q y.
    fn apply(&self, y: &mut Mat<f64>) {
        let inner = &self.t * (self.v.transpose() * &*y);
        *y -= &self.v * inner;
    }

    /// A ← Qᵀ A Q of a symmetric A: a symmetric update of rank 2m, A − Y Vᵀ − V Yᵀ.
    fn apply_on_both_sides(&self, mut a: MatMut<'_, f64>) {
        let par = Par::rayon(TASKS);
        let (n, m) = (self.v.nrows(), self.v.ncols());
        let vt = &self.v * &self.t;
        let mut y = Mat::<f64>::zeros(n, m);
        matmul(y.as_mut(), Accum::Replace, a.rb(), vt.as_ref(), 1.0, par);
        let middle = vt.transpose() * &y;
        matmul(y.as_mut(), Accum::Add, self.v.as_ref(), middle.as_ref(), -0.5, par);
        matmul(a.rb_mut(), Accum::Add, y.as_ref(), self.v.transpose(), -1.0, par);
        matmul(a.rb_mut(), Accum::Add, self.v.as_ref(), y.transpose(), -1.0, par);
    }
}
