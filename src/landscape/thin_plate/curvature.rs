//! Second derivatives of a thin-plate surface: H = Σ w [(ln r² + 1) I + 2 (q − x)(q − x)ᵀ / r²].

use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, MatMut, MatRef, Par};
use pulp::{Arch, Simd, WithSimd};

use super::kernel::Centres;
use super::logarithm::ln;

/// Data points handled before each product; their free coordinates fit the second-level cache.
const BLOCK: usize = 256;

impl Centres {
    /// Rows and columns `free` of the Hessian at the query `q`, shape (free, free).
    pub fn free_hessian(&self, q: &[f64], free: &[usize], out: &mut [f64]) {
        let n = free.len();
        out.fill(0.0);
        if n == 0 {
            return;
        }
        let (mut left, mut right) = (vec![0.0; BLOCK * n], vec![0.0; BLOCK * n]);
        let mut scale = vec![0.0; BLOCK];
        let mut trace_part = 0.0;
        for first in (0..self.weights().len()).step_by(BLOCK) {
            let n_rows = BLOCK.min(self.weights().len() - first);
            let (scale, left, right) = (&mut scale[..n_rows], &mut left[..n * n_rows], &mut right[..n * n_rows]);
            trace_part += Arch::new().dispatch(Differences { centres: self, q, free, first, scale, left, right });
            // An (n, rows) row-major block is the column-major (rows, n) matrix of faer.
            let left = MatRef::from_column_major_slice(left, n_rows, n);
            let right = MatRef::from_column_major_slice(right, n_rows, n);
            let lower = BlockStructure::TriangularLower;
            let full = BlockStructure::Rectangular;
            let sum = MatMut::from_column_major_slice_mut(&mut *out, n, n);
            matmul(sum, lower, Accum::Add, left.transpose(), full, right, full, 1.0, Par::Seq);
        }
        for i in 0..n {
            out[i * n + i] += trace_part;
            // The lower triangle of column-major storage is the upper one of row-major storage.
            for j in 0..i {
                out[i * n + j] = out[j * n + i];
            }
        }
    }
}

/// Writes the free differences q − x of a block, plain and times 2 w / r²; returns Σ w (ln r² + 1).
struct Differences<'a> {
    centres: &'a Centres,
    q: &'a [f64],
    free: &'a [usize],
    /// First data point of the block.
    first: usize,
    /// Squared distances, then 2 w / r², (rows,).
    scale: &'a mut [f64],
    /// (free, rows) each.
    left: &'a mut [f64],
    right: &'a mut [f64],
}

impl WithSimd for Differences<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> f64 {
        let n_rows = self.scale.len();
        self.scale.fill(0.0);
        for (k, q) in self.q.iter().enumerate() {
            let column = &self.centres.column(k)[self.first..self.first + n_rows];
            for (r2, x) in self.scale.iter_mut().zip(column) {
                *r2 = (q - x).mul_add(q - x, *r2);
            }
        }
        let weights = &self.centres.weights()[self.first..self.first + n_rows];
        let mut parts = [0.0; 8];
        for (chunk, weights) in self.scale.chunks_mut(8).zip(weights.chunks(8)) {
            for ((r2, w), part) in chunk.iter_mut().zip(weights).zip(&mut parts) {
                // On a data point the singular term counts as 0.
                let apart = *r2 > 0.0;
                let safe = r2.max(f64::MIN_POSITIVE);
                *part += w * (if apart { ln(safe) } else { 0.0 } + 1.0);
                *r2 = if apart { 2.0 * w / safe } else { 0.0 };
            }
        }
        let blocks = self.left.chunks_exact_mut(n_rows).zip(self.right.chunks_exact_mut(n_rows));
        for ((left, right), &k) in blocks.zip(self.free) {
            let column = &self.centres.column(k)[self.first..self.first + n_rows];
            for (((l, r), x), s) in left.iter_mut().zip(right).zip(column).zip(self.scale.iter()) {
                *l = self.q[k] - x;
                *r = s * *l;
            }
        }
        parts.iter().sum()
    }
}
