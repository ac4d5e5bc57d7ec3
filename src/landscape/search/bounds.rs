//! The box during a search: which coordinates are free, and how steps stay inside.

use crate::landscape::Surface;

/// Moves every coordinate into the box.
pub fn clip(surface: &dyn Surface, x: &mut [f64]) {
    for ((x, l), u) in x.iter_mut().zip(surface.lower()).zip(surface.upper()) {
        *x = x.clamp(*l, *u);
    }
}

/// Whether descent would push coordinate `k` out through the face it lies on.
pub fn is_bound(surface: &dyn Surface, x: &[f64], gradient: &[f64], k: usize) -> bool {
    (x[k] <= surface.lower()[k] && gradient[k] > 0.0) || (x[k] >= surface.upper()[k] && gradient[k] < 0.0)
}

/// The coordinates that are not held on a face by the gradient.
pub fn free_coordinates(surface: &dyn Surface, x: &[f64], gradient: &[f64]) -> Vec<usize> {
    (0..x.len()).filter(|&k| !is_bound(surface, x, gradient, k)).collect()
}

/// Largest absolute gradient component over the free coordinates.
pub fn free_gradient_norm(surface: &dyn Surface, x: &[f64], gradient: &[f64]) -> f64 {
    let free = (0..x.len()).filter(|&k| !is_bound(surface, x, gradient, k));
    free.fold(0.0, |largest: f64, k| largest.max(gradient[k].abs()))
}

/// Mean width of the box, the length against which steps are measured.
pub fn mean_width(surface: &dyn Surface) -> f64 {
    let widths = surface.lower().iter().zip(surface.upper()).map(|(l, u)| u - l);
    widths.sum::<f64>() / surface.dim() as f64
}

/// Σ a b.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut parts = [0.0; 4];
    let (a4, b4) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a4.remainder().iter().zip(b4.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a4.zip(b4) {
        for l in 0..4 {
            parts[l] += a[l] * b[l];
        }
    }
    parts.iter().sum::<f64>() + rest
}

/// Euclidean norm.
pub fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}
