//! The arithmetic of the training engine on slices: products, layer norm, GELU, softmax, each with its derivative.
//!
//! Everything runs on the calling thread and sums in an order that depends on the shapes alone, so a result does not
//! change with the number of threads that share a batch.

// A loop keeps the vectors of `vectorised` only where everything in it is inlined.
#![allow(clippy::inline_always)]

use std::cell::RefCell;

use pulp::Arch;
use rayon::prelude::*;

use crate::model::engine::gemm::{Inputs, Line, PANEL, Product, ROWS};
pub(crate) use crate::model::engine::vectorised::vectorised;

/// As `torch.nn.LayerNorm`.
pub const LAYER_NORM_EPS: f32 = 1e-5;

/// A row-major matrix inside a slice; rows are `stride` apart.
#[derive(Clone, Copy)]
pub struct View<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    stride: usize,
}

impl<'a> View<'a> {
    /// All of `data` as rows of `columns`.
    pub fn new(data: &'a [f32], columns: usize) -> Self {
        Self { data, rows: data.len() / columns, columns, stride: columns }
    }

    /// `columns` columns of each row, the rows `stride` apart; `data` starts at the first element.
    pub fn strided(data: &'a [f32], rows: usize, columns: usize, stride: usize) -> Self {
        Self { data: &data[..(rows - 1) * stride + columns], rows, columns, stride }
    }

    /// Rows from `first`, at most `n`.
    fn rows(self, first: usize, n: usize) -> Self {
        let rows = n.min(self.rows - first);
        Self::strided(&self.data[first * self.stride..], rows, self.columns, self.stride)
    }

    /// Columns from `first`, at most `n`.
    fn columns(self, first: usize, n: usize) -> Self {
        let columns = n.min(self.columns - first);
        Self::strided(&self.data[first..], self.rows, columns, self.stride)
    }

    fn row(&self, r: usize) -> &'a [f32] {
        &self.data[r * self.stride..][..self.columns]
    }
}

/// Which operand of a product is transposed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Transposed {
    /// A B.
    None,
    /// A Bᵀ.
    Second,
    /// Aᵀ B.
    First,
}

/// Terms that are summed before the second operand is packed anew: what is packed stays in the cache.
const DEPTH: usize = 512;

thread_local! {
    static SCRATCH: RefCell<(Vec<Line>, Vec<[f32; ROWS]>)> = const { RefCell::new((Vec::new(), Vec::new())) };
}

/// out = A B (with the transposition given), or out += A B.
///
/// * `out` – starts at the first element; rows `out_stride` apart
pub fn product(out: &mut [f32], out_stride: usize, add: bool, a: View, b: View, transposed: Transposed) {
    let (n_rows, depth, n_out) = match transposed {
        Transposed::None => (a.rows, a.columns, b.columns),
        Transposed::Second => (a.rows, a.columns, b.rows),
        Transposed::First => (a.columns, a.rows, b.columns),
    };
    SCRATCH.with_borrow_mut(|(panels, turned)| {
        for first in (0..depth).step_by(DEPTH) {
            let (a, b) = match transposed {
                Transposed::None => (a.columns(first, DEPTH), b.rows(first, DEPTH)),
                Transposed::Second => (a.columns(first, DEPTH), b.columns(first, DEPTH)),
                Transposed::First => (a.rows(first, DEPTH), b.rows(first, DEPTH)),
            };
            let n_in = DEPTH.min(depth - first);
            panels.resize(n_out.div_ceil(PANEL) * n_in, Line::default());
            for (p, panel) in panels.chunks_exact_mut(n_in).enumerate() {
                pack(b, p, transposed == Transposed::Second, panel);
            }
            let x = if transposed == Transposed::First {
                turned.resize(n_rows.div_ceil(ROWS) * n_in, [0.0; ROWS]);
                for (p, panel) in turned.chunks_exact_mut(n_in).enumerate() {
                    copy_columns(a.columns(p * ROWS, ROWS), panel.iter_mut());
                }
                Inputs::Panels(turned)
            } else {
                Inputs::Rows { data: a.data, stride: a.stride }
            };
            let add = add || first > 0;
            Arch::new().dispatch(Product { x, panels, n_in, out, out_stride, n_rows, n_out, add });
        }
    });
}

/// Packs panel `p` of B, or of Bᵀ. The last panel is filled up with zeros.
fn pack(b: View, p: usize, transposed: bool, panel: &mut [Line]) {
    if transposed {
        copy_turned(b.rows(p * PANEL, PANEL), panel);
    } else {
        copy_columns(b.columns(p * PANEL, PANEL), panel.iter_mut().map(|line| &mut line.0));
    }
}

/// Writes each row to a line of `W` values, filled up with zeros.
fn copy_columns<'a, const W: usize>(a: View, lines: impl Iterator<Item = &'a mut [f32; W]>) {
    for (r, line) in lines.enumerate() {
        let row = a.row(r);
        if let Some(row) = row.first_chunk() {
            *line = *row;
        } else {
            line[..row.len()].copy_from_slice(row);
            line[row.len()..].fill(0.0);
        }
    }
}

/// Writes each of at most [`PANEL`] rows to a place in all lines, in squares that are read and written along their rows.
fn copy_turned(a: View, lines: &mut [Line]) {
    const SIDE: usize = 16;
    let (rows, columns) = (a.rows / SIDE * SIDE, a.columns / SIDE * SIDE);
    for r in (0..rows).step_by(SIDE) {
        for c in (0..columns).step_by(SIDE) {
            let square: [&[f32; SIDE]; SIDE] =
                std::array::from_fn(|j| a.row(r + j)[c..].first_chunk().expect("a row of a square"));
            for (k, line) in lines[c..c + SIDE].iter_mut().enumerate() {
                let line: &mut [f32; SIDE] = line.0[r..].first_chunk_mut().expect("a row of a turned square");
                for j in 0..SIDE {
                    line[j] = square[j][k];
                }
            }
        }
    }
    for r in 0..a.rows {
        let first = if r < rows { columns } else { 0 };
        for (line, &value) in lines[first..].iter_mut().zip(&a.row(r)[first..]) {
            line.0[r] = value;
        }
    }
    if a.rows < PANEL {
        lines.iter_mut().for_each(|line| line.0[a.rows..].fill(0.0));
    }
}

/// A weight matrix in panels, for products that share it.
pub struct Packed {
    panels: Vec<Line>,
    n_in: usize,
    n_out: usize,
}

impl Packed {
    /// Packs `weight` `(n_out, n_in)` for dy W, or its transpose for x Wᵀ, on this thread.
    pub fn new(weight: &[f32], n_in: usize, transposed: bool) -> Self {
        let (view, mut packed) = Self::empty(weight, n_in, transposed);
        for (p, panel) in packed.panels.chunks_exact_mut(packed.n_in).enumerate() {
            pack(view, p, transposed, panel);
        }
        packed
    }

    /// As [`Packed::new`] on all threads.
    pub fn side_by_side(weight: &[f32], n_in: usize, transposed: bool) -> Self {
        let (view, mut packed) = Self::empty(weight, n_in, transposed);
        let panels = packed.panels.par_chunks_exact_mut(packed.n_in).enumerate();
        panels.for_each(|(p, panel)| pack(view, p, transposed, panel));
        packed
    }

    fn empty(weight: &[f32], n_in: usize, transposed: bool) -> (View<'_>, Self) {
        let view = View::new(weight, n_in);
        let (n_in, n_out) = if transposed { (n_in, view.rows) } else { (view.rows, n_in) };
        (view, Self { panels: vec![Line::default(); n_out.div_ceil(PANEL) * n_in], n_in, n_out })
    }

    /// out = x times the packed matrix, or out += that.
    pub fn multiply(&self, x: &[f32], out: &mut [f32], add: bool) {
        let Self { panels, n_in, n_out } = self;
        let (n_in, n_out) = (*n_in, *n_out);
        let (n_rows, x) = (x.len() / n_in, Inputs::Rows { data: x, stride: n_in });
        Arch::new().dispatch(Product { x, panels, n_in, out, out_stride: n_out, n_rows, n_out, add });
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: u32) -> Vec<f32> {
        (0..n as u32)
            .map(|k| (k.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 8) as f32 / (1 << 23) as f32 - 1.0)
            .collect()
    }

    /// Aᵀ of a matrix of `columns`.
    fn turned(a: &[f32], columns: usize) -> Vec<f32> {
        (0..columns).flat_map(|c| a.iter().skip(c).step_by(columns).copied()).collect()
    }

    #[test]
    fn products_are_the_sums_they_stand_for() {
        for (rows, depth, n_out) in [(1, 1, 1), (5, 3, 33), (8, 16, 32), (67, 40, 70), (13, 1030, 31), (130, 513, 17)] {
            let (a, b) = (numbers(rows * depth, 1), numbers(depth * n_out, 2));
            let (a_turned, b_turned) = (turned(&a, depth), turned(&b, n_out));
            let term = |k: usize, i: usize| f64::from(a[k / n_out * depth + i]) * f64::from(b[i * n_out + k % n_out]);
            let exact: Vec<f64> = (0..rows * n_out).map(|k| (0..depth).map(|i| term(k, i)).sum()).collect();
            for (transposed, a, b) in [
                (Transposed::None, View::new(&a, depth), View::new(&b, n_out)),
                (Transposed::Second, View::new(&a, depth), View::new(&b_turned, depth)),
                (Transposed::First, View::new(&a_turned, rows), View::new(&b, n_out)),
            ] {
                // Rows of the result lie apart; what is between them is left alone.
                let stride = n_out + 3;
                let mut out = vec![f32::NAN; rows * stride];
                product(&mut out, stride, false, a, b, transposed);
                product(&mut out, stride, true, a, b, transposed);
                for (k, exact) in exact.iter().enumerate() {
                    let found = f64::from(out[k / n_out * stride + k % n_out]);
                    let bound = 4e-5 * (depth as f64).sqrt();
                    assert!((found - 2.0 * exact).abs() < bound, "{rows} {depth} {n_out}: {found} for {exact}");
                }
                assert!(out.chunks(stride).all(|row| row[n_out..].iter().all(|x| x.is_nan())));
            }
        }
    }

    #[test]
    fn a_packed_matrix_gives_the_product() {
        let (rows, n_in, n_out) = (9, 45, 67);
        let (x, dy, weight) = (numbers(rows * n_in, 1), numbers(rows * n_out, 2), numbers(n_out * n_in, 3));
        let (mut expected, mut found) = (vec![0.0; rows * n_out], vec![f32::NAN; rows * n_out]);
        product(&mut expected, n_out, false, View::new(&x, n_in), View::new(&weight, n_in), Transposed::Second);
        Packed::new(&weight, n_in, true).multiply(&x, &mut found, false);
        assert_eq!(found, expected);
        let (mut expected, mut found) = (vec![0.0; rows * n_in], vec![f32::NAN; rows * n_in]);
        product(&mut expected, n_in, false, View::new(&dy, n_out), View::new(&weight, n_in), Transposed::None);
        Packed::side_by_side(&weight, n_in, false).multiply(&dy, &mut found, false);
        assert_eq!(found, expected);
    }
}
