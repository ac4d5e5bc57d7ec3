//! The softest mode of the free coordinates by Lanczos' method on Hessian-vector products.

use super::bounds::{dot, norm};
use super::lockstep::Oracle;

/// A direction and the curvature along it.
#[derive(Debug, Clone, PartialEq)]
pub struct Mode {
    /// λ, in units of E per squared unit of x.
    pub curvature: f64,
    /// Unit vector in all d coordinates, zero in those that are not free.
    pub direction: Vec<f64>,
}

/// The lowest eigenvalue of the free Hessian at `x` and its vector, from a Krylov space that starts at `guess`.
///
/// Every product is one question to the oracle. Ends when the residual |H v − λ v| is at most `tolerance` |λ|, or after
/// `max_products`. `None` when nothing is free or a product is not finite.
pub async fn minimum_mode(
    oracle: &Oracle<'_>,
    x: &[f64],
    free: &[usize],
    guess: &[f64],
    tolerance: f64,
    max_products: usize,
) -> Option<Mode> {
    let mut q = start_vector(free, guess, x.len())?;
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let (mut alphas, mut betas) = (Vec::new(), Vec::new());
    for _ in 0..max_products.clamp(1, free.len()) {
        let product = oracle.hessian_vector(x, &q).await;
        let mut w = restricted(&product, free);
        let alpha = dot(&w, &q);
        if !alpha.is_finite() {
            return None;
        }
        basis.push(q);
        alphas.push(alpha);
        // Twice against all vectors: a Krylov space of this size must stay orthogonal to rounding.
        for _ in 0..2 {
            for b in &basis {
                let along = dot(&w, b);
                w.iter_mut().zip(b).for_each(|(w, b)| *w -= along * b);
            }
        }
        let beta = norm(&w);
        let (value, vector) = lowest_of_tridiagonal(&alphas, &betas);
        let residual = beta * vector.last().copied().unwrap_or(1.0).abs();
        if residual <= tolerance * value.abs() || beta <= f64::EPSILON * value.abs() || basis.len() == free.len() {
            return Some(ritz(value, &vector, &basis));
        }
        betas.push(beta);
        q = w.iter().map(|w| w / beta).collect();
    }
    let (value, vector) = lowest_of_tridiagonal(&alphas, &betas);
    Some(ritz(value, &vector, &basis))
}

/// The guess on the free coordinates, normalised; a fixed generic vector where there is nothing left of it.
fn start_vector(free: &[usize], guess: &[f64], d: usize) -> Option<Vec<f64>> {
    if free.is_empty() {
        return None;
    }
    let mut q = if guess.len() == d { restricted(guess, free) } else { vec![0.0; d] };
    if norm(&q) < 1e-6 {
        for (i, &k) in free.iter().enumerate() {
            // Multiples of the golden ratio modulo 1: no symmetry to be orthogonal to.
            q[k] = ((i + 1) as f64 * 0.618_033_988_749_894_9).fract() - 0.5 + 1e-3;
        }
    }
    let length = norm(&q);
    q.iter_mut().for_each(|v| *v /= length);
    Some(q)
}

fn restricted(v: &[f64], free: &[usize]) -> Vec<f64> {
    let mut out = vec![0.0; v.len()];
    free.iter().for_each(|&k| out[k] = v[k]);
    out
}

fn ritz(value: f64, vector: &[f64], basis: &[Vec<f64>]) -> Mode {
    let mut direction = vec![0.0; basis[0].len()];
    for (share, b) in vector.iter().zip(basis) {
        direction.iter_mut().zip(b).for_each(|(d, b)| *d += share * b);
    }
    let length = norm(&direction);
    direction.iter_mut().for_each(|v| *v /= length);
    Mode { curvature: value, direction }
}

/// Lowest eigenvalue and unit eigenvector of the symmetric tridiagonal matrix with diagonal `alphas`, (n,), and
/// off-diagonal `betas`, of which the first n − 1 count.
fn lowest_of_tridiagonal(alphas: &[f64], betas: &[f64]) -> (f64, Vec<f64>) {
    let n = alphas.len();
    if n == 1 {
        return (alphas[0], vec![1.0]);
    }
    let beta = |k: usize| betas[k];
    let radius = |k: usize| {
        let left = if k > 0 { beta(k - 1).abs() } else { 0.0 };
        left + if k + 1 < n { beta(k).abs() } else { 0.0 }
    };
    // Gershgorin's circles hold all eigenvalues; the lowest is above `low` and at most the smallest diagonal entry.
    let mut low = (0..n).map(|k| alphas[k] - radius(k)).fold(f64::INFINITY, f64::min);
    let mut high = alphas.iter().copied().fold(f64::INFINITY, f64::min);
    let scale = low.abs().max(high.abs()).max(f64::MIN_POSITIVE);
    low -= 1e-14 * scale;
    while high - low > 1e-14 * scale {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if pivots(alphas, betas, middle).is_some() { low = middle } else { high = middle }
    }
    // All pivots at `low` are positive, so inverse iteration there is a stable solve.
    let pivots = pivots(alphas, betas, low).unwrap_or_else(|| vec![scale; n]);
    let mut vector = vec![1.0; n];
    for _ in 0..3 {
        for k in 1..n {
            vector[k] -= beta(k - 1) / pivots[k - 1] * vector[k - 1];
        }
        vector[n - 1] /= pivots[n - 1];
        for k in (0..n - 1).rev() {
            vector[k] = (vector[k] - beta(k) * vector[k + 1]) / pivots[k];
        }
        let length = norm(&vector);
        vector.iter_mut().for_each(|v| *v /= length);
    }
    (f64::midpoint(low, high), vector)
}

/// The pivots of T − σ = L D Lᵀ, or `None` when one is not positive, that is, when σ is not below all eigenvalues.
fn pivots(alphas: &[f64], betas: &[f64], sigma: f64) -> Option<Vec<f64>> {
    let mut pivots: Vec<f64> = Vec::with_capacity(alphas.len());
    for (k, alpha) in alphas.iter().enumerate() {
        let taken = if k > 0 { betas[k - 1] * betas[k - 1] / pivots[k - 1] } else { 0.0 };
        let pivot = alpha - sigma - taken;
        if pivot.is_nan() || pivot <= 0.0 {
            return None;
        }
        pivots.push(pivot);
    }
    Some(pivots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lowest_pair_of_the_second_difference_matrix_is_the_sine() {
        // 2 on the diagonal, −1 beside it: λ_1 = 2 − 2 cos(π/(n+1)), v_k ∝ sin(kπ/(n+1)).
        let n = 12;
        let (value, vector) = lowest_of_tridiagonal(&vec![2.0; n], &vec![-1.0; n - 1]);
        let angle = std::f64::consts::PI / (n as f64 + 1.0);
        assert!((value - (2.0 - 2.0 * angle.cos())).abs() < 1e-12, "{value}");
        let length = (0..n).map(|k| ((k + 1) as f64 * angle).sin().powi(2)).sum::<f64>().sqrt();
        for (k, v) in vector.iter().enumerate() {
            let expected = ((k + 1) as f64 * angle).sin() / length;
            assert!((v.abs() - expected).abs() < 1e-10, "component {k}: {v} and {expected}");
        }
    }

    #[test]
    fn decoupled_entries_keep_their_own_value() {
        let (value, vector) = lowest_of_tridiagonal(&[3.0, -1.0, 5.0], &[0.0, 0.0]);
        assert!((value + 1.0).abs() < 1e-12);
        assert!(vector[1].abs() > 1.0 - 1e-9, "{vector:?}");
    }
}
