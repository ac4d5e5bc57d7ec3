//! Ridge and logistic regression on standardised features: closed form, and Newton's method.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par, Spec};

use super::scaling::Scaling;
use super::{LinearParams, Problem};
use crate::evaluate::task::TaskKind;

/// Penalties that are tried.
const PENALTIES: [f64; 6] = [1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0];
/// The penalty where no validation molecules choose one.
const PLAIN_PENALTY: f64 = 1e-2;
/// Newton's steps, at most; some eight are needed.
const N_STEPS: usize = 50;
/// Newton's method has come to rest when no weight moves by more.
const TOLERANCE: f64 = 1e-8;

/// Predictions for the test rows: log-odds for classes, numbers otherwise.
pub(super) fn predict(params: &LinearParams, problem: &Problem) -> Result<Vec<f64>, String> {
    let scaling = Scaling::of(problem.features, problem.train);
    let dim = problem.features.dim;
    let x = scaling.apply(problem.features, problem.train);
    let x_valid = scaling.apply(problem.features, problem.valid);
    let (y, y_valid) = (problem.targets_of(problem.train), problem.targets_of(problem.valid));
    let data = Design { x: &x, y: &y, dim };
    let penalties = match params.penalty {
        Some(penalty) => vec![penalty],
        None if y_valid.is_empty() => vec![PLAIN_PENALTY],
        None => PENALTIES.to_vec(),
    };
    let fits = match problem.kind {
        TaskKind::Regression => ridge(&data, &penalties)?,
        TaskKind::Classification => logistic(&data, &penalties)?,
    };
    let loss = |fit: &Fit| -> f64 {
        let losses = x_valid.chunks_exact(dim).zip(&y_valid).map(|(row, &y)| match problem.kind {
            TaskKind::Regression => (fit.at(row) - y).powi(2),
            TaskKind::Classification => log_loss(fit.at(row), y),
        });
        losses.sum()
    };
    let best = fits.iter().min_by(|a, b| loss(a).total_cmp(&loss(b))).expect("at least one penalty");
    Ok(scaling.apply(problem.features, problem.test).chunks_exact(dim).map(|row| best.at(row)).collect())
}

struct Design<'a> {
    /// `(n, dim)`, row-major, centred.
    x: &'a [f64],
    y: &'a [f64],
    dim: usize,
}

struct Fit {
    weights: Vec<f64>,
    intercept: f64,
}

impl Fit {
    fn at(&self, row: &[f64]) -> f64 {
        self.intercept + self.weights.iter().zip(row).map(|(w, x)| w * x).sum::<f64>()
    }
}

/// −ln p(y) of a label under log-odds.
fn log_loss(log_odds: f64, y: f64) -> f64 {
    let margin = if y > 0.5 { log_odds } else { -log_odds };
    // ln(1 + e^−m) without overflow.
    (-margin).max(0.0) + (-margin.abs()).exp().ln_1p()
}

impl Design<'_> {
    fn n(&self) -> usize {
        self.y.len()
    }

    /// Xᵀ diag(w) X / n.
    fn gram(&self, weights: Option<&[f64]>) -> Mat<f64> {
        let (n, d) = (self.n(), self.dim);
        // The row-major (n, d) rows are the column-major (d, n) matrix of faer.
        let xt = MatRef::from_column_major_slice(self.x, d, n);
        let mut gram = Mat::zeros(d, d);
        let scaled: Vec<f64>;
        let left = match weights {
            None => xt,
            Some(weights) => {
                scaled =
                    self.x.chunks_exact(d).zip(weights).flat_map(|(row, w)| row.iter().map(move |x| x * w)).collect();
                MatRef::from_column_major_slice(&scaled, d, n)
            }
        };
        matmul(gram.as_mut(), Accum::Replace, left, xt.transpose(), 1.0 / n as f64, Par::Seq);
        gram
    }

    /// Xᵀ r / n.
    fn correlate(&self, residual: &[f64]) -> Vec<f64> {
        let mut sum = vec![0.0; self.dim];
        for (row, r) in self.x.chunks_exact(self.dim).zip(residual) {
            sum.iter_mut().zip(row).for_each(|(s, x)| *s += x * r);
        }
        let n = self.n() as f64;
        sum.into_iter().map(|s| s / n).collect()
    }
}

/// Solves A x = b for a symmetric positive definite A, on this thread alone.
fn solve(mut a: Mat<f64>, b: &[f64]) -> Result<Vec<f64>, String> {
    let d = b.len();
    let par = Par::Seq;
    let params: Spec<llt::factor::LltParams, f64> = Spec::default();
    let mut memory = MemBuffer::new(llt::factor::cholesky_in_place_scratch::<f64>(d, par, params));
    llt::factor::cholesky_in_place(
        a.as_mut(),
        llt::factor::LltRegularization::default(),
        par,
        MemStack::new(&mut memory),
        params,
    )
    .map_err(|_| "the features are linearly dependent even with the penalty".to_owned())?;
    let mut x = Mat::from_fn(d, 1, |k, _| b[k]);
    let mut memory = MemBuffer::new(llt::solve::solve_in_place_scratch::<f64>(d, 1, par));
    llt::solve::solve_in_place(a.as_ref(), x.as_mut(), par, MemStack::new(&mut memory));
    Ok((0..d).map(|k| x[(k, 0)]).collect())
}

/// min |y − Xw − b|² / n + λ |w|².
fn ridge(data: &Design, penalties: &[f64]) -> Result<Vec<Fit>, String> {
    let mean = data.y.iter().sum::<f64>() / data.n() as f64;
    let centred: Vec<f64> = data.y.iter().map(|y| y - mean).collect();
    let (gram, right) = (data.gram(None), data.correlate(&centred));
    let fit = |&penalty: &f64| {
        let mut a = gram.clone();
        (0..data.dim).for_each(|k| a[(k, k)] += penalty);
        Ok(Fit { weights: solve(a, &right)?, intercept: mean })
    };
    penalties.iter().map(fit).collect()
}

/// min Σ −ln p(y) / n + λ/2 |w|², by Newton's method with step halving, each penalty from the solution of the larger one.
fn logistic(data: &Design, penalties: &[f64]) -> Result<Vec<Fit>, String> {
    let (n, d) = (data.n(), data.dim);
    let mut order: Vec<usize> = (0..penalties.len()).collect();
    order.sort_by(|&a, &b| penalties[b].total_cmp(&penalties[a]));
    let mean = data.y.iter().sum::<f64>() / n as f64;
    let mut fit = Fit { weights: vec![0.0; d], intercept: (mean / (1.0 - mean)).ln().clamp(-20.0, 20.0) };
    let mut fits: Vec<Option<Fit>> = penalties.iter().map(|_| None).collect();
    for k in order {
        let penalty = penalties[k];
        let objective = |fit: &Fit| {
            let loss: f64 = data.x.chunks_exact(d).zip(data.y).map(|(row, &y)| log_loss(fit.at(row), y)).sum();
            loss / n as f64 + 0.5 * penalty * fit.weights.iter().map(|w| w * w).sum::<f64>()
        };
        let mut value = objective(&fit);
        for _ in 0..N_STEPS {
            let p: Vec<f64> = data.x.chunks_exact(d).map(|row| 1.0 / (1.0 + (-fit.at(row)).exp())).collect();
            let residual: Vec<f64> = p.iter().zip(data.y).map(|(p, y)| p - y).collect();
            let curvature: Vec<f64> = p.iter().map(|p| p * (1.0 - p)).collect();
            // The intercept is the last unknown; it has no penalty.
            let border = data.correlate(&curvature);
            let gram = data.gram(Some(&curvature));
            let corner = curvature.iter().sum::<f64>() / n as f64 + 1e-12;
            let hessian = Mat::from_fn(d + 1, d + 1, |i, j| match (i == d, j == d) {
                (false, false) => gram[(i, j)] + if i == j { penalty } else { 0.0 },
                (true, true) => corner,
                (true, false) => border[j],
                (false, true) => border[i],
            });
            let mut gradient = data.correlate(&residual);
            gradient.iter_mut().zip(&fit.weights).for_each(|(g, w)| *g += penalty * w);
            gradient.push(residual.iter().sum::<f64>() / n as f64);
            let step = solve(hessian, &gradient)?;
            let mut length = 1.0;
            let moved = loop {
                let weights = fit.weights.iter().zip(&step).map(|(w, s)| w - length * s).collect();
                let trial = Fit { weights, intercept: fit.intercept - length * step[d] };
                let found = objective(&trial);
                if found <= value || length < 1e-4 {
                    break found <= value && {
                        (fit, value) = (trial, found);
                        true
                    };
                }
                length *= 0.5;
            };
            let largest = step.iter().fold(0.0_f64, |largest, s| largest.max((length * s).abs()));
            if !moved || largest < TOLERANCE {
                break;
            }
        }
        fits[k] = Some(Fit { weights: fit.weights.clone(), intercept: fit.intercept });
    }
    Ok(fits.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn design() -> (Vec<f64>, Vec<f64>) {
        let x: Vec<f64> = (0..300).map(|k| (f64::from(k * 37 % 101) - 50.0) / 30.0).collect();
        let noise = |k: usize| ((k * 53 % 17) as f64 - 8.0) / 8.0;
        let y = x.chunks(3).enumerate().map(|(k, r)| f64::from(1.5 * r[0] - r[1] + 0.3 + noise(k) > 0.0)).collect();
        (x, y)
    }

    #[test]
    fn gradients_vanish_at_the_fits() {
        let (x, classes) = design();
        let numbers: Vec<f64> = x.chunks(3).map(|r| 2.0 * r[0] - 0.5 * r[2] + (3.0 * r[1]).sin()).collect();
        for penalty in [1e-4, 0.1] {
            let data = Design { x: &x, y: &classes, dim: 3 };
            let fit = &logistic(&data, &[penalty]).unwrap()[0];
            let residual: Vec<f64> =
                x.chunks(3).zip(&classes).map(|(row, y)| 1.0 / (1.0 + (-fit.at(row)).exp()) - y).collect();
            for (g, w) in data.correlate(&residual).iter().zip(&fit.weights) {
                assert!((g + penalty * w).abs() < 1e-8, "{g} + {}", penalty * w);
            }
            assert!(residual.iter().sum::<f64>().abs() < 1e-6);

            let mean: Vec<f64> = (0..3).map(|c| x.iter().skip(c).step_by(3).sum::<f64>() / 100.0).collect();
            let centred: Vec<f64> =
                x.chunks(3).flat_map(|r| [r[0] - mean[0], r[1] - mean[1], r[2] - mean[2]]).collect();
            let data = Design { x: &centred, y: &numbers, dim: 3 };
            let fit = &ridge(&data, &[penalty]).unwrap()[0];
            let residual: Vec<f64> = centred.chunks(3).zip(&numbers).map(|(row, y)| fit.at(row) - y).collect();
            for (g, w) in data.correlate(&residual).iter().zip(&fit.weights) {
                assert!((g + penalty * w).abs() < 1e-10, "{g} + {}", penalty * w);
            }
        }
    }

    #[test]
    fn separable_classes_do_not_run_away() {
        let x: Vec<f64> = (0..40).map(|k| f64::from(k) / 10.0 - 2.0).collect();
        let y: Vec<f64> = x.iter().map(|&x| f64::from(x > 0.0)).collect();
        let fits = logistic(&Design { x: &x, y: &y, dim: 1 }, &PENALTIES).unwrap();
        assert!(fits.iter().all(|fit| fit.weights[0].is_finite() && fit.weights[0] > 0.0));
    }
}
