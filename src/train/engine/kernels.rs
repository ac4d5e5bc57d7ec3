//! The arithmetic of the training engine on slices: linear layers, layer norm, GELU, softmax, each with its derivative.
//!
//! Everything runs on the calling thread and sums in an order that depends on the shapes alone, so a result does not
//! change with the number of threads that share a batch.

// A loop keeps the vectors of `vectorised` only where everything in it is inlined.
#![allow(clippy::inline_always)]

use super::product::{Transposed, View, product};
pub(crate) use crate::model::engine::vectorised::vectorised;

/// As `torch.nn.LayerNorm`.
pub const LAYER_NORM_EPS: f32 = 1e-5;

/// Adds dyᵀ x to `weight_grad` and the column sums of `dy` to `bias_grad`.
pub fn linear_weight_gradient(x: &[f32], dy: &[f32], weight_grad: &mut [f32], bias_grad: &mut [f32]) {
    let (n_out, n_in) = (bias_grad.len(), weight_grad.len() / bias_grad.len());
    product(weight_grad, n_in, true, View::new(dy, n_out), View::new(x, n_in), Transposed::First);
    column_sums(dy, bias_grad);
}

/// Adds the sum of the rows of `x` to `sums`.
pub fn column_sums(x: &[f32], sums: &mut [f32]) {
    vectorised(
        #[inline(always)]
        || {
            for row in x.chunks_exact(sums.len()) {
                for (sum, &value) in sums.iter_mut().zip(row) {
                    *sum += value;
                }
            }
        },
    );
}

/// x += y.
pub fn add_to(x: &mut [f32], y: &[f32]) {
    vectorised(
        #[inline(always)]
        || {
            for (x, &y) in x.iter_mut().zip(y) {
                *x += y;
            }
        },
    );
}

/// x *= factor.
pub fn scale(x: &mut [f32], factor: f32) {
    vectorised(
        #[inline(always)]
        || {
            for x in x.iter_mut() {
                *x *= factor;
            }
        },
    );
}

/// Lanes of the sums below: more than one, so that they vectorise, and fixed, so that they do not depend on the machine.
const LANES: usize = 16;

#[inline(always)]
fn lane_sum(lanes: [f32; LANES]) -> f32 {
    let mut half = [0.0; LANES / 2];
    for (k, h) in half.iter_mut().enumerate() {
        *h = lanes[k] + lanes[k + LANES / 2];
    }
    (half[0] + half[4]) + (half[1] + half[5]) + ((half[2] + half[6]) + (half[3] + half[7]))
}

#[inline(always)]
fn sum_of(x: &[f32], term: impl Fn(usize, f32) -> f32) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let whole = x.len() / LANES * LANES;
    for (block, chunk) in x[..whole].chunks_exact(LANES).enumerate() {
        for (k, lane) in lanes.iter_mut().enumerate() {
            *lane += term(block * LANES + k, chunk[k]);
        }
    }
    let mut sum = lane_sum(lanes);
    for (k, &value) in x.iter().enumerate().skip(whole) {
        sum += term(k, value);
    }
    sum
}

/// Layer norm of rows of width `weight.len()`.
///
/// * `x` – in: the rows; out: the rows normalised to mean 0 and variance 1, which the gradient needs
/// * `y` – out: weight · normalised + bias
/// * `inverse_deviation` – out: one number a row
pub fn layer_norm(x: &mut [f32], weight: &[f32], bias: &[f32], y: &mut [f32], inverse_deviation: &mut [f32]) {
    let d = weight.len();
    let n = d as f32;
    vectorised(
        #[inline(always)]
        || {
            for ((x, y), inverse) in x.chunks_exact_mut(d).zip(y.chunks_exact_mut(d)).zip(inverse_deviation.iter_mut())
            {
                let mean = sum_of(x, |_, v| v) / n;
                let variance = sum_of(x, |_, v| (v - mean) * (v - mean)) / n;
                *inverse = 1.0 / (variance + LAYER_NORM_EPS).sqrt();
                for (k, x) in x.iter_mut().enumerate() {
                    *x = (*x - mean) * *inverse;
                    y[k] = x.mul_add(weight[k], bias[k]);
                }
            }
        },
    );
}

/// Gradient of [`layer_norm`] from its normalised rows: writes dx over `dy`, adds to the gradients of weight and bias.
pub fn layer_norm_gradient(
    normalised: &[f32],
    inverse_deviation: &[f32],
    weight: &[f32],
    dy: &mut [f32],
    weight_grad: &mut [f32],
    bias_grad: &mut [f32],
) {
    let d = weight.len();
    let n = d as f32;
    vectorised(
        #[inline(always)]
        || {
            for ((x, dy), &inverse) in normalised.chunks_exact(d).zip(dy.chunks_exact_mut(d)).zip(inverse_deviation) {
                for k in 0..d {
                    weight_grad[k] += dy[k] * x[k];
                    bias_grad[k] += dy[k];
                    dy[k] *= weight[k];
                }
                let mean = sum_of(dy, |_, v| v) / n;
                let slope = sum_of(dy, |k, v| v * x[k]) / n;
                for (dy, &x) in dy.iter_mut().zip(x) {
                    *dy = inverse * (*dy - mean - x * slope);
                }
            }
        },
    );
}

/// e^x to about one unit in the last place (the polynomial of Cephes), written so that it vectorises.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    /// 1.5 · 2^23: adding and subtracting it rounds to an integer.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let n = x.mul_add(std::f32::consts::LOG2_E, ROUND) - ROUND;
    let r = n.mul_add(2.121_944_4e-4, n.mul_add(-0.693_359_375, x));
    let mut p = 1.987_569_1e-4_f32;
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = p.mul_add(r, c);
    }
    let power = f32::from_bits((((n as i32) + 127) << 23) as u32);
    p.mul_add(r * r, r + 1.0) * power
}

/// The error function to 4e-7 (a rational fit on [-4, 4]), written so that it vectorises.
#[inline(always)]
fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let x2 = x * x;
    let mut p = -2.726_142_3e-10_f32;
    for c in [2.770_681_4e-8, -2.101_024e-6, -5.692_506_4e-5, -7.349_906_5e-4, -2.954_6e-3, -1.609_603_3e-2] {
        p = p.mul_add(x2, c);
    }
    let mut q = -1.456_607_2e-5_f32;
    for c in [-2.133_740_5e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2] {
        q = q.mul_add(x2, c);
    }
    x * p / q
}

#[inline(always)]
fn normal_cdf(x: f32) -> f32 {
    0.5 * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// y = x Φ(x), the exact GELU.
pub fn gelu(x: &[f32], y: &mut [f32]) {
    vectorised(
        #[inline(always)]
        || {
            for (y, &x) in y.iter_mut().zip(x) {
                *y = x * normal_cdf(x);
            }
        },
    );
}

/// dy *= Φ(x) + x φ(x).
pub fn gelu_gradient(x: &[f32], dy: &mut [f32]) {
    const INV_SQRT_TAU: f32 = 0.398_942_3;
    vectorised(
        #[inline(always)]
        || {
            for (dy, &x) in dy.iter_mut().zip(x) {
                *dy *= (x * INV_SQRT_TAU).mul_add(exp(-0.5 * x * x), normal_cdf(x));
            }
        },
    );
}

/// Leaky rectifier in place.
pub fn leaky_relu(x: &mut [f32], slope: f32) {
    vectorised(
        #[inline(always)]
        || {
            for x in x.iter_mut() {
                *x = if *x > 0.0 { *x } else { *x * slope };
            }
        },
    );
}

/// Gradient of [`leaky_relu`] from its output `y` (of the same sign as its input, for a positive slope).
pub fn leaky_relu_gradient(y: &[f32], dy: &mut [f32], slope: f32) {
    vectorised(
        #[inline(always)]
        || {
            for (dy, &y) in dy.iter_mut().zip(y) {
                *dy = if y > 0.0 { *dy } else { *dy * slope };
            }
        },
    );
}

#[inline(always)]
fn max_of(x: &[f32]) -> f32 {
    let mut lanes = [f32::MIN; LANES];
    let whole = x.len() / LANES * LANES;
    for chunk in x[..whole].chunks_exact(LANES) {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane = if value > *lane { value } else { *lane };
        }
    }
    lanes.iter().chain(&x[whole..]).fold(f32::MIN, |m, &v| if v > m { v } else { m })
}

/// Softmax of `row` in place; returns ln Σ e^x.
#[inline(always)]
fn softmax_row(row: &mut [f32]) -> f32 {
    let max = max_of(row);
    for x in row.iter_mut() {
        *x = exp(*x - max);
    }
    let sum = sum_of(row, |_, v| v);
    let inverse = 1.0 / sum;
    for x in row.iter_mut() {
        *x *= inverse;
    }
    max + sum.ln()
}

/// Softmax in place of the scores of one attention head, `(queries, keys)`.
///
/// * `hidden` – one flag a key: true is not attended to
/// * `causal` – query i sees keys 0 ..= i only
pub fn attention_softmax(scores: &mut [f32], keys: usize, hidden: Option<&[bool]>, causal: bool) {
    vectorised(
        #[inline(always)]
        || {
            for (i, row) in scores.chunks_exact_mut(keys).enumerate() {
                let (seen, unseen) = row.split_at_mut(if causal { (i + 1).min(keys) } else { keys });
                if let Some(hidden) = hidden {
                    for (x, &hidden) in seen.iter_mut().zip(hidden) {
                        if hidden {
                            *x = f32::MIN;
                        }
                    }
                }
                softmax_row(seen);
                unseen.fill(0.0);
            }
        },
    );
}

/// Gradient of softmax rows `p`: writes p (dp − Σ p dp) over `dp`.
pub fn softmax_gradient(p: &[f32], dp: &mut [f32], keys: usize) {
    vectorised(
        #[inline(always)]
        || {
            for (p, dp) in p.chunks_exact(keys).zip(dp.chunks_exact_mut(keys)) {
                let mean = sum_of(dp, |k, v| v * p[k]);
                for (dp, &p) in dp.iter_mut().zip(p) {
                    *dp = p * (*dp - mean);
                }
            }
        },
    );
}

/// ln Σ e^x − x[target] of each row of logits, and whether the target is the most probable class. The logits are used
/// up.
pub fn row_losses(logits: &mut [f32], targets: &[u32], losses: &mut [f32], correct: &mut [bool]) {
    let classes = logits.len() / targets.len();
    vectorised(
        #[inline(always)]
        || {
            for (r, row) in logits.chunks_exact_mut(classes).enumerate() {
                let of_target = row[targets[r] as usize];
                correct[r] = max_of(row) <= of_target;
                losses[r] = softmax_row(row) - of_target;
            }
        },
    );
}

/// Divergence Σ weight · KL(softmax of `teacher` ‖ softmax of `logits`) of rows, each weighted.
///
/// * `logits` – in: `(rows, classes)`; out: the gradient, weight · (softmax of itself − softmax of the teacher)
/// * `teacher` – used up
pub fn divergence(logits: &mut [f32], teacher: &mut [f32], classes: usize, weights: &[f32]) -> f64 {
    let mut loss = 0.0_f64;
    vectorised(
        #[inline(always)]
        || {
            let mut before = vec![0.0; classes];
            let mut teacher_before = vec![0.0; classes];
            let rows = logits.chunks_exact_mut(classes).zip(teacher.chunks_exact_mut(classes));
            for ((row, teacher), &weight) in rows.zip(weights) {
                if weight == 0.0 {
                    row.fill(0.0);
                    continue;
                }
                before.copy_from_slice(row);
                teacher_before.copy_from_slice(teacher);
                let shift = softmax_row(row) - softmax_row(teacher);
                let mut sum = 0.0;
                for k in 0..classes {
                    sum += teacher[k] * (teacher_before[k] - before[k] + shift);
                    row[k] = weight * (row[k] - teacher[k]);
                }
                loss += f64::from(weight) * f64::from(sum);
            }
        },
    );
    loss
}

/// Cross-entropy of rows of logits against target classes, each row weighted.
///
/// * `logits` – in: `(rows, classes)`; out: the gradient, weight · (softmax − one-hot)
/// * returns Σ weight · (−ln p(target)) and, for rows of positive weight, whether the target is the most probable class
pub fn cross_entropy(logits: &mut [f32], targets: &[u32], weights: &[f32], correct: &mut [bool]) -> f64 {
    let classes = logits.len() / targets.len();
    let mut loss = 0.0_f64;
    vectorised(
        #[inline(always)]
        || {
            for (r, row) in logits.chunks_exact_mut(classes).enumerate() {
                let (target, weight) = (targets[r] as usize, weights[r]);
                if weight == 0.0 {
                    row.fill(0.0);
                    correct[r] = false;
                    continue;
                }
                let of_target = row[target];
                correct[r] = max_of(row) <= of_target;
                loss += f64::from(weight) * f64::from(softmax_row(row) - of_target);
                row[target] -= 1.0;
                for x in row.iter_mut() {
                    *x *= weight;
                }
            }
        },
    );
    loss
}
