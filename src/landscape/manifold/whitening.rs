//! Whitening: coordinates in which the samples have unit variance along each of their principal axes.

use crate::landscape::search::bounds::dot;
use crate::landscape::search::stationary::Spectrum;

/// y = W (x − mean) with W = diag(1/s) Uᵀ from the principal axes U and standard deviations s of the samples.
#[derive(Debug, Clone)]
pub struct Whitening {
    dim: usize,
    mean: Vec<f64>,
    /// W, (d, d) row major: an axis a row, the narrowest first.
    matrix: Vec<f64>,
}

impl Whitening {
    /// Of samples of shape (n, `dim`). Axes narrower than `floor` times the widest are treated as that wide, so that
    /// a direction the samples do not use is dear but not infinitely so. `None` when all samples coincide.
    pub fn of(samples: &[f64], dim: usize, floor: f64) -> Option<Self> {
        let n = (samples.len() / dim) as f64;
        let mut mean = vec![0.0; dim];
        for x in samples.chunks_exact(dim) {
            mean.iter_mut().zip(x).for_each(|(m, x)| *m += x / n);
        }
        let mut covariance = vec![0.0; dim * dim];
        for x in samples.chunks_exact(dim) {
            let y: Vec<f64> = x.iter().zip(&mean).map(|(x, m)| x - m).collect();
            for (row, a) in covariance.chunks_exact_mut(dim).zip(&y) {
                row.iter_mut().zip(&y).for_each(|(c, b)| *c += a * b / n);
            }
        }
        let spectrum = Spectrum::of(&covariance, dim)?;
        let widest = spectrum.values.last().copied().filter(|v| *v > 0.0)?.sqrt();
        let mut matrix = Vec::with_capacity(dim * dim);
        for (k, variance) in spectrum.values.iter().enumerate() {
            let width = variance.max(0.0).sqrt().max(floor * widest);
            matrix.extend(spectrum.vector(k).iter().map(|u| u / width));
        }
        Some(Self { dim, mean, matrix })
    }

    /// W (x − mean) of every row.
    pub fn apply(&self, xs: &[f64]) -> Vec<f64> {
        let mut centred = vec![0.0; self.dim];
        let mut out = Vec::with_capacity(xs.len());
        for x in xs.chunks_exact(self.dim) {
            centred.iter_mut().zip(x).zip(&self.mean).for_each(|((c, x), m)| *c = x - m);
            out.extend(self.matrix.chunks_exact(self.dim).map(|row| dot(row, &centred)));
        }
        out
    }

    /// W v, for directions.
    pub fn direction(&self, v: &[f64]) -> Vec<f64> {
        self.matrix.chunks_exact(self.dim).map(|row| dot(row, v)).collect()
    }

    /// Wᵀ y, for gradients.
    pub fn transposed(&self, y: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.dim];
        for (row, y) in self.matrix.chunks_exact(self.dim).zip(y) {
            out.iter_mut().zip(row).for_each(|(o, w)| *o += w * y);
        }
        out
    }
}
