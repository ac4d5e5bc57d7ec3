//! Second derivatives of a thin-plate surface: H = Σ w [(ln r² + 1) I + 2 (q − x)(q − x)ᵀ / r²].

use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, MatMut, MatRef, Par};
use pulp::{Arch, Simd, WithSimd};

use super::kernel::Centres;
use super::logarithm::ln;

/// Data rows gathered before each product; their free coordinates fit the second-level cache.
const BLOCK: usize = 192;

impl Centres {
    /// Rows and columns `free` of the Hessian at the query `q`, shape (free, free).
    pub fn free_hessian(&self, q: &[f64], free: &[usize], out: &mut [f64]) {
        let n = free.len();
        out.fill(0.0);
        if n == 0 {
            return;
        }
        let (mut left, mut right) = (vec![0.0; BLOCK * n], vec![0.0; BLOCK * n]);
        let mut trace_part = 0.0;
        let rows = self.coordinates().chunks(BLOCK * self.dim()).zip(self.weights().chunks(BLOCK));
        for (x, w) in rows {
            trace_part += Arch::new().dispatch(Gather { q, free, x, w, left: &mut left, right: &mut right });
            // A (rows, n) row-major block is the column-major (n, rows) matrix of faer.
            let left = MatRef::from_column_major_slice(&left[..w.len() * n], n, w.len());
            let right = MatRef::from_column_major_slice(&right[..w.len() * n], n, w.len());
            let lower = BlockStructure::TriangularLower;
            let full = BlockStructure::Rectangular;
            let sum = MatMut::from_column_major_slice_mut(&mut *out, n, n);
            matmul(sum, lower, Accum::Add, left, full, right.transpose(), full, 1.0, Par::Seq);
        }
        for i in 0..n {
            out[i * n + i] += trace_part;
            // The lower triangle of column-major storage is the upper one of row-major storage.
            for j in 0..i {
                out[i * n + j] = out[j * n + i];
            }
        }
    }

    /// H v at the query `q`.
    pub fn hessian_vector(&self, q: &[f64], v: &[f64], out: &mut [f64]) {
        Arch::new().dispatch(Product { centres: self, q, v, out });
    }
}

/// Writes the free differences of a block, plain and scaled by 2 w / r²; returns Σ w (ln r² + 1).
struct Gather<'a> {
    q: &'a [f64],
    free: &'a [usize],
    x: &'a [f64],
    w: &'a [f64],
    left: &'a mut [f64],
    right: &'a mut [f64],
}

impl WithSimd for Gather<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> f64 {
        let n = self.free.len();
        let mut sum = 0.0;
        let rows = self.x.chunks_exact(self.q.len()).zip(self.w);
        for ((x, w), (left, right)) in rows.zip(self.left.chunks_exact_mut(n).zip(self.right.chunks_exact_mut(n))) {
            let r2 = squared_distance(self.q, x);
            let (log, scale) = if r2 > 0.0 { (ln(r2.max(f64::MIN_POSITIVE)), 2.0 * w / r2) } else { (0.0, 0.0) };
            sum += w * (log + 1.0);
            for ((l, r), &k) in left.iter_mut().zip(right.iter_mut()).zip(self.free) {
                *l = self.q[k] - x[k];
                *r = scale * *l;
            }
        }
        sum
    }
}

struct Product<'a> {
    centres: &'a Centres,
    q: &'a [f64],
    v: &'a [f64],
    out: &'a mut [f64],
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let d = self.q.len();
        self.out.fill(0.0);
        let mut sum = 0.0;
        for (x, w) in self.centres.coordinates().chunks_exact(d).zip(self.centres.weights()) {
            let r2 = squared_distance(self.q, x);
            if r2 > 0.0 {
                sum += w * (ln(r2.max(f64::MIN_POSITIVE)) + 1.0);
                let along: f64 = lanes_sum(self.q, x, |q, x, k| (q - x) * self.v[k]);
                let scale = 2.0 * w / r2 * along;
                for ((out, q), x) in self.out.iter_mut().zip(self.q).zip(x) {
                    *out = scale.mul_add(q - x, *out);
                }
            } else {
                sum += w;
            }
        }
        for (out, v) in self.out.iter_mut().zip(self.v) {
            *out += sum * v;
        }
    }
}

#[inline(always)]
fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    lanes_sum(a, b, |a, b, _| (a - b) * (a - b))
}

/// A sum over coordinates in eight interleaved parts, so that it vectorises.
#[inline(always)]
fn lanes_sum(a: &[f64], b: &[f64], term: impl Fn(f64, f64, usize) -> f64) -> f64 {
    let mut parts = [0.0; 8];
    let whole = a.len() / 8 * 8;
    for k in (0..whole).step_by(8) {
        for l in 0..8 {
            parts[l] += term(a[k + l], b[k + l], k + l);
        }
    }
    let rest: f64 = (whole..a.len()).map(|k| term(a[k], b[k], k)).sum();
    parts.iter().sum::<f64>() + rest
}
