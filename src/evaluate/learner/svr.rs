//! Support vector regression with a Gaussian kernel, by sequential minimal optimisation.
//!
//! The dual of Vapnik's ε-insensitive regression has a multiplier above and one below the tube for each molecule. Each
//! step changes the pair that Fan, Chen and Lin's second-order rule chooses (J. Mach. Learn. Res. 6, 1889 (2005)).

use super::scaling::Scaling;
use super::{Problem, SvrParams};

/// The largest violation of the optimality conditions that is accepted.
const TOLERANCE: f64 = 1e-3;
/// Steps for each molecule, at most; a few are needed.
const STEPS_EACH: usize = 1000;
/// Bytes of kernel rows that are kept.
const CACHE_BYTES: usize = 256 << 20;

/// Predictions for the test rows, in the units of the labels.
pub(super) fn predict(params: &SvrParams, problem: &Problem) -> Result<Vec<f64>, String> {
    let scaling = Scaling::of(problem.features, problem.train);
    let dim = problem.features.dim;
    let x = scaling.apply_f32(problem.features, problem.train);
    let y = problem.targets_of(problem.train);
    let (low, high) = y.iter().fold((f64::MAX, f64::MIN), |(low, high), &y| (low.min(y), high.max(y)));
    let range = if high > low { high - low } else { 1.0 };
    let scaled: Vec<f64> = y.iter().map(|y| (y - low) / range).collect();
    let gamma = params.gamma.unwrap_or(1.0 / dim as f64);
    let mut kernel = Kernel::new(&x, dim, gamma);
    let fit = solve(&mut kernel, &scaled, params.c, params.epsilon)?;
    let asked = scaling.apply_f32(problem.features, problem.test);
    let support: Vec<usize> = (0..y.len()).filter(|&k| fit.weights[k] != 0.0).collect();
    let at = |row: &[f32]| {
        let sum: f64 = support.iter().map(|&k| fit.weights[k] * kernel.between(row, &x[k * dim..(k + 1) * dim])).sum();
        low + range * (sum - fit.rho)
    };
    Ok(asked.chunks_exact(dim).map(at).collect())
}

/// Rows of exp(−γ |x − x'|²), kept while there is room.
struct Kernel<'a> {
    x: &'a [f32],
    dim: usize,
    gamma: f64,
    rows: Vec<Option<Vec<f32>>>,
    /// Kept rows, oldest first.
    order: std::collections::VecDeque<usize>,
    most: usize,
}

impl<'a> Kernel<'a> {
    fn new(x: &'a [f32], dim: usize, gamma: f64) -> Self {
        let n = x.len() / dim;
        let most = (CACHE_BYTES / (4 * n.max(1))).max(2);
        Self { x, dim, gamma, rows: vec![None; n], order: std::collections::VecDeque::new(), most }
    }

    fn between(&self, a: &[f32], b: &[f32]) -> f64 {
        let square: f32 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
        (-self.gamma * f64::from(square)).exp()
    }

    /// Takes a row out; it is to be given back.
    fn take(&mut self, k: usize) -> Vec<f32> {
        if let Some(row) = self.rows[k].take() {
            return row;
        }
        while self.order.len() >= self.most {
            if let Some(oldest) = self.order.pop_front() {
                self.rows[oldest] = None;
            }
        }
        self.order.push_back(k);
        let own = &self.x[k * self.dim..(k + 1) * self.dim];
        self.x.chunks_exact(self.dim).map(|other| self.between(own, other) as f32).collect()
    }

    fn give_back(&mut self, k: usize, row: Vec<f32>) {
        if self.order.contains(&k) {
            self.rows[k] = Some(row);
        }
    }
}

struct Fit {
    /// α − α* of each molecule.
    weights: Vec<f64>,
    rho: f64,
}

/// min ½ aᵀ Q a + pᵀ a with sᵀ a = 0 and 0 ≤ a ≤ C, where a holds α, then α*.
fn solve(kernel: &mut Kernel, y: &[f64], c: f64, epsilon: f64) -> Result<Fit, String> {
    let n = y.len();
    let sign = |t: usize| if t < n { 1.0 } else { -1.0 };
    let mut a = vec![0.0_f64; 2 * n];
    let mut gradient: Vec<f64> = (0..2 * n).map(|t| if t < n { epsilon - y[t] } else { epsilon + y[t - n] }).collect();
    for _ in 0..STEPS_EACH * n.max(10) {
        let can_rise = |t: usize, a: &[f64]| if t < n { a[t] < c } else { a[t] > 0.0 };
        let can_fall = |t: usize, a: &[f64]| if t < n { a[t] > 0.0 } else { a[t] < c };
        let (mut i, mut most) = (usize::MAX, f64::NEG_INFINITY);
        for (t, slope) in gradient.iter().enumerate() {
            let value = -sign(t) * slope;
            if can_rise(t, &a) && value > most {
                (i, most) = (t, value);
            }
        }
        if i == usize::MAX {
            break;
        }
        let row_i = kernel.take(i % n);
        let (mut j, mut least, mut best) = (usize::MAX, f64::INFINITY, f64::INFINITY);
        for (t, slope) in gradient.iter().enumerate() {
            if !can_fall(t, &a) {
                continue;
            }
            let value = -sign(t) * slope;
            least = least.min(value);
            let difference = most - value;
            if difference > 0.0 {
                // Both diagonal elements of a Gaussian kernel are one.
                let curvature = (2.0 - 2.0 * f64::from(row_i[t % n])).max(1e-12);
                let gain = -difference * difference / curvature;
                if gain < best {
                    (j, best) = (t, gain);
                }
            }
        }
        if j == usize::MAX || most - least < TOLERANCE {
            kernel.give_back(i % n, row_i);
            let weights = (0..n).map(|t| a[t] - a[t + n]).collect();
            return Ok(Fit { weights, rho: rho(&a, &gradient, c, n) });
        }
        let row_j = if j % n == i % n { row_i.clone() } else { kernel.take(j % n) };
        let curvature = (2.0 - 2.0 * f64::from(row_i[j % n])).max(1e-12);
        let step = (most - (-sign(j) * gradient[j])) / curvature;
        // a_i moves by s_i·step and a_j by −s_j·step, as far as both boxes allow.
        let room = |t: usize, direction: f64| if direction > 0.0 { c - a[t] } else { a[t] };
        let step = step.min(room(i, sign(i))).min(room(j, -sign(j)));
        let (da, db) = (sign(i) * step, -sign(j) * step);
        a[i] = (a[i] + da).clamp(0.0, c);
        a[j] = (a[j] + db).clamp(0.0, c);
        // s_i da = step and s_j db = −step, so the change of K (α − α*) is step (K_i − K_j).
        for t in 0..n {
            let change = step * f64::from(row_i[t] - row_j[t]);
            gradient[t] += change;
            gradient[t + n] -= change;
        }
        kernel.give_back(i % n, row_i);
        if j % n != i % n {
            kernel.give_back(j % n, row_j);
        }
    }
    Err(format!("support vector regression of {n} molecules did not come to rest; a smaller C helps"))
}

/// The offset: the mean over multipliers inside their box, otherwise the middle of what the bounds allow.
fn rho(a: &[f64], gradient: &[f64], c: f64, n: usize) -> f64 {
    let (mut sum, mut count, mut upper, mut lower) = (0.0, 0_usize, f64::INFINITY, f64::NEG_INFINITY);
    for t in 0..2 * n {
        let sign = if t < n { 1.0 } else { -1.0 };
        let value = sign * gradient[t];
        if a[t] > 0.0 && a[t] < c {
            sum += value;
            count += 1;
        } else if (a[t] == 0.0) == (sign > 0.0) {
            upper = upper.min(value);
        } else {
            lower = lower.max(value);
        }
    }
    if count > 0 { sum / count as f64 } else { f64::midpoint(upper, lower) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solution_meets_the_conditions_of_optimality() {
        let n = 80;
        let x: Vec<f32> = (0..2 * n).map(|k| ((k * 29 % 83) as f32 - 41.0) / 20.0).collect();
        let y: Vec<f64> = x.chunks(2).map(|r| 0.5 + 0.3 * f64::from(r[0]).sin() * f64::from(r[1])).collect();
        for (c, epsilon) in [(5.0, 0.01), (0.1, 0.05), (100.0, 0.0)] {
            let mut kernel = Kernel::new(&x, 2, 0.5);
            let fit = solve(&mut kernel, &y, c, epsilon).unwrap();
            assert!(fit.weights.iter().sum::<f64>().abs() < 1e-9);
            for (k, row) in x.chunks(2).enumerate() {
                let sum: f64 = x.chunks(2).zip(&fit.weights).map(|(other, w)| w * kernel.between(row, other)).sum();
                let error = sum - fit.rho - y[k];
                let w = fit.weights[k];
                let slack = 2.0 * TOLERANCE;
                // Above the tube only −C, below only C, inside none, on its edge anything between.
                if error > epsilon + slack {
                    assert!((w + c).abs() < 1e-9, "error {error}, weight {w}");
                } else if error < -epsilon - slack {
                    assert!((w - c).abs() < 1e-9, "error {error}, weight {w}");
                } else if error.abs() < epsilon - slack {
                    assert!(w.abs() < 1e-9, "error {error}, weight {w}");
                }
            }
        }
    }

    #[test]
    fn small_cache_changes_nothing() {
        let x: Vec<f32> = (0..120).map(|k| ((k * 31 % 61) as f32) / 30.0).collect();
        let y: Vec<f64> = x.chunks(2).map(|r| f64::from(r[0] * r[1]) / 4.0).collect();
        let mut whole = Kernel::new(&x, 2, 0.5);
        let mut small = Kernel { most: 2, ..Kernel::new(&x, 2, 0.5) };
        let (a, b) = (solve(&mut whole, &y, 5.0, 0.01).unwrap(), solve(&mut small, &y, 5.0, 0.01).unwrap());
        assert_eq!(a.weights, b.weights);
    }
}
