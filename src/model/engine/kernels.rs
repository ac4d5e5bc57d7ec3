//! What lies between the matrix products: layer norm, activations, softmax, attention of one query, arg max.
//!
//! Loops are written over fixed lanes so that the compiler turns them into vector code, in [`vectorised`]. Sums run in lane order, the same on every machine width.

use super::vectorised::vectorised;
use crate::model::config::Activation;

const LANES: usize = 16;
const LAYER_NORM_EPS: f32 = 1e-5;

/// Adds `residual` to each row of `x` and normalises it: x ← (x + r − mean) / √(variance + 1e-5) · weight + bias.
pub fn add_layer_norm(x: &mut [f32], residual: &[f32], weight: &[f32], bias: &[f32]) {
    assert_eq!(x.len(), residual.len(), "a residual for each value");
    vectorised(
        #[inline(always)]
        || {
            for (row, residual) in x.chunks_exact_mut(weight.len()).zip(residual.chunks_exact(weight.len())) {
                for (x, r) in row.iter_mut().zip(residual) {
                    *x += r;
                }
                normalise(row, weight, bias);
            }
        },
    );
}

/// As [`add_layer_norm`] without a residual.
pub fn layer_norm(x: &mut [f32], weight: &[f32], bias: &[f32]) {
    vectorised(
        #[inline(always)]
        || {
            for row in x.chunks_exact_mut(weight.len()) {
                normalise(row, weight, bias);
            }
        },
    );
}

#[inline(always)]
fn normalise(row: &mut [f32], weight: &[f32], bias: &[f32]) {
    let n = row.len() as f32;
    let mean = sum(row, |x| x) / n;
    let variance = sum(row, |x| (x - mean) * (x - mean)) / n;
    let scale = 1.0 / (variance + LAYER_NORM_EPS).sqrt();
    for ((x, w), b) in row.iter_mut().zip(weight).zip(bias) {
        *x = ((*x - mean) * scale).mul_add(*w, *b);
    }
}

#[inline(always)]
fn sum(x: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut lanes = [0.0f32; LANES];
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane += f(x);
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().map(|&x| f(x)).sum::<f32>()
}

#[inline(always)]
fn max(x: &[f32]) -> f32 {
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut lanes = [f32::NEG_INFINITY; LANES];
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = if x > *lane { x } else { *lane };
        }
    }
    lanes.iter().chain(rest).fold(f32::NEG_INFINITY, |m, &x| if x > m { x } else { m })
}

/// e^x for x ≤ 88, relative error below 3e-7; about 1e-38 below −87.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // Adding 1.5 · 2^23 rounds to an integer, which then sits in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let x = if x > -87.0 { x } else { -87.0 };
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    // ln 2 in two parts, the first with few bits, keeps r exact.
    let r = n.mul_add(-0.693_359_4, x);
    let r = n.mul_add(2.121_944_4e-4, r);
    // Taylor's series on |r| ≤ ln 2 / 2: the first term left out is r^7/5040 < 1.2e-7.
    let p = r.mul_add(1.0 / 720.0, 1.0 / 120.0);
    let p = r.mul_add(p, 1.0 / 24.0);
    let p = r.mul_add(p, 1.0 / 6.0);
    let p = r.mul_add(p, 0.5);
    let p = r.mul_add(p, 1.0);
    let p = r.mul_add(p, 1.0);
    f32::from_bits((shifted.to_bits() << 23).wrapping_add(p.to_bits()))
}

/// The error function, absolute error below 3e-7 (Abramowitz and Stegun 7.1.26).
#[inline(always)]
fn erf(x: f32) -> f32 {
    let t = 1.0 / x.abs().mul_add(0.327_591_1, 1.0);
    let p = t.mul_add(1.061_405_4, -1.453_152);
    let p = t.mul_add(p, 1.421_413_7);
    let p = t.mul_add(p, -0.284_496_74);
    let p = t.mul_add(p, 0.254_829_6);
    let positive = (-p * t).mul_add(exp(-x * x), 1.0);
    positive.copysign(x)
}

/// The activation of the feed-forward block, in place.
pub fn activate(x: &mut [f32], activation: Activation) {
    vectorised(
        #[inline(always)]
        || match activation {
            Activation::Gelu => map(x, |x| 0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))),
            Activation::GeluTanh => map(x, |x| {
                // ½(1 + tanh u) = σ(2u)
                let u = 0.797_884_6 * (0.044_715 * x * x).mul_add(x, x);
                x / (1.0 + exp(if -2.0 * u < 88.0 { -2.0 * u } else { 88.0 }))
            }),
            Activation::Relu => map(x, |x| if x > 0.0 { x } else { 0.0 }),
            Activation::Silu => map(x, |x| x / (1.0 + exp(if -x < 88.0 { -x } else { 88.0 }))),
        },
    );
}

/// x for x ≥ 0, slope · x below.
pub fn leaky_relu(x: &mut [f32], slope: f32) {
    vectorised(
        #[inline(always)]
        || map(x, |x| if x >= 0.0 { x } else { slope * x }),
    );
}

#[inline(always)]
fn map(x: &mut [f32], f: impl Fn(f32) -> f32) {
    for x in x {
        *x = f(*x);
    }
}

/// Replaces the first `n` values of each row of `scores` by their softmax, and the others by 0.
pub fn softmax_rows(scores: &mut [f32], row_len: usize, n: usize) {
    vectorised(
        #[inline(always)]
        || {
            for row in scores.chunks_exact_mut(row_len) {
                let (used, unused) = row.split_at_mut(n);
                softmax(used);
                unused.fill(0.0);
            }
        },
    );
}

/// Replaces `x` by its softmax.
#[inline(always)]
pub(super) fn softmax(x: &mut [f32]) {
    let top = max(x);
    map(x, |x| exp(x - top));
    let scale = 1.0 / sum(x, |x| x);
    map(x, |x| x * scale);
}

/// The index of the largest value, the first of equals; 0 if there is none.
pub fn arg_max(x: &[f32]) -> u32 {
    let top = vectorised(
        #[inline(always)]
        || max(x),
    );
    x.iter().position(|&x| x == top).unwrap_or(0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_its_bound() {
        for k in -87_000..88_000 {
            let x = k as f32 / 1000.0;
            let exact = f64::from(x).exp();
            let error = ((f64::from(exp(x)) - exact) / exact).abs();
            assert!(error < 3e-7, "exp({x}): relative error {error:e}");
        }
        assert!(exp(f32::NEG_INFINITY) < 1e-37);
    }

    #[test]
    fn gelu_is_within_its_bound() {
        // Φ by Simpson's rule on the density, 2,000 steps from 0.
        let normal = |x: f64| {
            let h = x / 2000.0;
            let f = |t: f64| (-t * t / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
            let inner: f64 = (1..2000).map(|k| f(f64::from(k) * h) * if k % 2 == 1 { 4.0 } else { 2.0 }).sum();
            0.5 + h / 3.0 * (f(0.0) + inner + f(x))
        };
        for k in -80..=80 {
            let x = k as f32 / 10.0;
            let mut y = [x];
            activate(&mut y, Activation::Gelu);
            let exact = f64::from(x) * normal(f64::from(x));
            assert!((f64::from(y[0]) - exact).abs() < 2e-6, "gelu({x}) = {}, exact {exact}", y[0]);
        }
    }

    #[test]
    fn other_activations_meet_their_formulas() {
        for k in -120..=120 {
            let x = f64::from(k) / 4.0;
            let tanh = 0.5 * x * (1.0 + (0.797_884_560_8 * (x + 0.044_715 * x * x * x)).tanh());
            for (activation, exact) in [
                (Activation::GeluTanh, tanh),
                (Activation::Silu, x / (1.0 + (-x).exp())),
                (Activation::Relu, x.max(0.0)),
            ] {
                let mut y = [x as f32];
                activate(&mut y, activation);
                assert!(
                    (f64::from(y[0]) - exact).abs() < 3e-6 * (1.0 + x.abs()),
                    "{activation:?}({x}) = {}, exact {exact}",
                    y[0]
                );
            }
        }
    }

    #[test]
    fn arg_max_takes_the_first_of_equals() {
        assert_eq!(arg_max(&[1.0, 3.0, 3.0, 2.0]), 1);
        assert_eq!(arg_max(&[-5.0; 40]), 0);
        let mut x = vec![0.0; 37];
        x[36] = 1.0;
        assert_eq!(arg_max(&x), 36);
    }
}
