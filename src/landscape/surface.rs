//! What is explored: an energy over a box, with its derivatives in closed form.

/// An energy E(x) over the box lower ≤ x ≤ upper, with gradient and Hessian in closed form.
///
/// Coordinates and energies are in the surface's own units (fitted surfaces: the unit box, normalised response).
/// All slices are row major; `d` is [`Surface::dim`]. Values depend only on the point: the same point gives the same
/// bits whatever batch or thread it is evaluated in, which is what makes an exploration reproducible.
pub trait Surface: Send + Sync {
    /// Number of coordinates d ≥ 1.
    fn dim(&self) -> usize;

    /// Lower bound of every coordinate, shape `(d,)`.
    fn lower(&self) -> &[f64];

    /// Upper bound of every coordinate, shape `(d,)`.
    fn upper(&self) -> &[f64];

    /// E at `x`, shape `(d,)`.
    fn energy(&self, x: &[f64]) -> f64;

    /// E at `x`; writes ∇E into `gradient`, both of shape `(d,)`.
    fn energy_gradient(&self, x: &[f64], gradient: &mut [f64]) -> f64;

    /// Writes H(x) v into `out`; all three of shape `(d,)`.
    fn hessian_vector(&self, x: &[f64], v: &[f64], out: &mut [f64]);

    /// Writes H(x) into `out`, shape `(d, d)`.
    fn hessian(&self, x: &[f64], out: &mut [f64]);

    /// Energies, shape `(n,)`, and gradients, shape `(n, d)`, of the points `xs`, shape `(n, d)`.
    fn energy_gradient_batch(&self, xs: &[f64], energies: &mut [f64], gradients: &mut [f64]) {
        let d = self.dim();
        for ((x, energy), gradient) in xs.chunks_exact(d).zip(energies).zip(gradients.chunks_exact_mut(d)) {
            *energy = self.energy_gradient(x, gradient);
        }
    }

    /// H(x) v for n pairs of a point and a vector; all three of shape `(n, d)`.
    fn hessian_vector_batch(&self, xs: &[f64], vs: &[f64], out: &mut [f64]) {
        let d = self.dim();
        for ((x, v), out) in xs.chunks_exact(d).zip(vs.chunks_exact(d)).zip(out.chunks_exact_mut(d)) {
            self.hessian_vector(x, v, out);
        }
    }

    /// The rows and columns `free` of H(x), shape `(free.len(), free.len())`: the Hessian that decides the index of a
    /// point whose other coordinates lie on a bound.
    fn free_hessian(&self, x: &[f64], free: &[usize], out: &mut [f64]) {
        let d = self.dim();
        let mut full = vec![0.0; d * d];
        self.hessian(x, &mut full);
        for (row, &i) in out.chunks_exact_mut(free.len().max(1)).zip(free) {
            for (value, &j) in row.iter_mut().zip(free) {
                *value = full[i * d + j];
            }
        }
    }

    /// Floating-point operations of one energy and gradient, for reported rates; 0 when not worth counting.
    fn flops_per_gradient(&self) -> f64 {
        0.0
    }

    /// Floating-point operations of one H(x) v; 0 when not worth counting.
    fn flops_per_hessian_vector(&self) -> f64 {
        0.0
    }

    /// Floating-point operations of one Hessian over `n_free` coordinates; 0 when not worth counting.
    fn flops_per_hessian(&self, n_free: usize) -> f64 {
        let _ = n_free;
        0.0
    }
}
