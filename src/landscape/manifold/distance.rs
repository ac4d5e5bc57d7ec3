//! A smooth squared distance to the nearest of many samples.
//!
//! D²(y) = −τ ln Σ_i exp(−|y − y_i|²/τ): at most the squared distance to the nearest sample, and a smooth mixture of the
//! nearest ones. With π_i ∝ exp(−|y − y_i|²/τ) and ȳ = Σ π_i y_i its gradient is 2 (y − ȳ), and its Hessian
//! 2 I − (4/τ) Σ π_i (y_i − ȳ)(y_i − ȳ)ᵀ.

use pulp::bytemuck::{cast_slice, cast_slice_mut};
use pulp::{Arch, Simd, WithSimd};

use crate::landscape::thin_plate::kernel::{Centres, squared_distances, squared_norm};

/// Samples this many τ beyond the nearest weigh less than rounding.
const REACH: f64 = 40.0;

/// The samples and the temperature of the mixture.
#[derive(Debug, Clone)]
pub struct SoftDistance {
    samples: Centres,
    n_samples: usize,
    /// τ, in squared units of y.
    pub temperature: f64,
}

/// What the samples near a point amount to.
#[derive(Debug, Clone)]
pub struct Near {
    /// D².
    pub squared: f64,
    /// Squared distance to the nearest sample.
    pub nearest: f64,
    /// ȳ, (d,).
    pub mean: Vec<f64>,
    /// Samples that count and their shares π_i, adding up to 1.
    pub shares: Vec<(usize, f64)>,
}

impl SoftDistance {
    /// * `samples` – (n, `dim`), n ≥ 1
    pub fn new(samples: &[f64], dim: usize, temperature: f64) -> Self {
        let n_samples = samples.len() / dim;
        Self { samples: Centres::new(dim, samples, &vec![0.0; n_samples]), n_samples, temperature }
    }

    /// Number of samples.
    pub fn n_samples(&self) -> usize {
        self.n_samples
    }

    /// Sample `i`, (d,).
    pub fn sample(&self, i: usize) -> &[f64] {
        self.samples.row(i)
    }

    /// Of points of shape (n, d); sample `without[p]` is left out for point p.
    pub fn near(&self, ys: &[f64], without: Option<&[usize]>) -> Vec<Near> {
        let d = self.samples.dim();
        // Panels of one fixed width, so that a point has the same bits in every batch.
        let mut found = Vec::with_capacity(ys.len() / d);
        let mut distances = Vec::new();
        for (first, points) in (0..).step_by(PANEL).zip(ys.chunks(PANEL * d)) {
            Arch::new().dispatch(Distances { samples: &self.samples, points, out: &mut distances });
            for (p, y) in points.chunks_exact(d).enumerate() {
                let left_out = without.map(|w| w[first + p]);
                found.push(self.mixture(y, &distances, p, left_out));
            }
        }
        found
    }

    /// The mixture at the panel's point `p`; `distances` has shape (samples, PANEL).
    fn mixture(&self, y: &[f64], distances: &[f64], p: usize, without: Option<usize>) -> Near {
        let at = |i: usize| if Some(i) == without { f64::INFINITY } else { distances[i * PANEL + p] };
        let nearest = (0..self.n_samples).map(at).fold(f64::INFINITY, f64::min);
        let mut shares: Vec<(usize, f64)> = (0..self.n_samples)
            .filter(|&i| at(i) - nearest < REACH * self.temperature)
            .map(|i| (i, ((nearest - at(i)) / self.temperature).exp()))
            .collect();
        let sum: f64 = shares.iter().map(|(_, share)| share).sum();
        let mut mean = vec![0.0; y.len()];
        for (i, share) in &mut shares {
            *share /= sum;
            mean.iter_mut().zip(self.sample(*i)).for_each(|(m, x)| *m += *share * x);
        }
        Near { squared: nearest - self.temperature * sum.ln(), nearest, mean, shares }
    }
}

/// Points handled together; a multiple of every vector width.
const PANEL: usize = 8;

struct Distances<'a> {
    samples: &'a Centres,
    points: &'a [f64],
    out: &'a mut Vec<f64>,
}

impl WithSimd for Distances<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match PANEL / S::F64_LANES {
            1 => self.fill::<S, 1>(simd),
            2 => self.fill::<S, 2>(simd),
            4 => self.fill::<S, 4>(simd),
            _ => self.fill::<S, 8>(simd),
        }
    }
}

impl Distances<'_> {
    #[inline(always)]
    fn fill<S: Simd, const V: usize>(self, simd: S) {
        let d = self.samples.dim();
        let zero = simd.splat_f64s(0.0);
        let (mut queries, mut norms) = (vec![zero; d * V], vec![zero; V]);
        for (p, y) in self.points.chunks_exact(d).enumerate() {
            for (k, value) in y.iter().enumerate() {
                cast_slice_mut::<_, f64>(&mut queries)[k * PANEL + p] = *value;
            }
            cast_slice_mut::<_, f64>(&mut norms)[p] = squared_norm(y);
        }
        self.out.clear();
        for rows in self.samples.blocks() {
            let mut block = vec![zero; rows.len() * V];
            squared_distances::<S, V>(simd, self.samples, rows, &queries, &norms, &mut block);
            self.out.extend_from_slice(cast_slice(&block));
        }
    }
}
