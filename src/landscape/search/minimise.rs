//! Box-bounded minimisation: L-BFGS on the free coordinates with a projected line search.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::bounds::{clip, dot, free_gradient_norm, is_bound, mean_width, norm};
use super::lockstep::Oracle;

/// Settings of a minimisation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MinimiseParams {
    /// Pairs of steps and gradient changes remembered.
    pub memory: usize,
    /// Steps at most.
    pub max_iterations: usize,
    /// Converged when no free gradient component is larger, in units of E per unit of x.
    pub gradient_tolerance: f64,
    /// Longest step, Euclidean, in units of x, if any; keeps a descent in its valley.
    pub max_step: Option<f64>,
}

impl Default for MinimiseParams {
    fn default() -> Self {
        Self { memory: 5, max_iterations: 200, gradient_tolerance: 1e-4, max_step: None }
    }
}

/// Where a minimisation ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Minimised {
    /// The last point.
    pub x: Vec<f64>,
    /// Its energy.
    pub energy: f64,
    /// Its gradient.
    pub gradient: Vec<f64>,
    /// Whether the gradient tolerance was met.
    pub converged: bool,
}

/// A step x_{k+1} − x_k and its change of gradient.
pub(super) struct Pair {
    pub step: Vec<f64>,
    pub change: Vec<f64>,
}

impl Pair {
    /// The parts across a unit vector.
    pub fn across(&self, mode: &[f64]) -> Self {
        let part = |a: &[f64]| {
            let along = dot(a, mode);
            a.iter().zip(mode).map(|(a, v)| a - along * v).collect()
        };
        Self { step: part(&self.step), change: part(&self.change) }
    }
}

/// Decrease the line search asks for, as a share of what the slope promises.
const SUFFICIENT: f64 = 1e-4;
const MAX_BACKTRACKS: usize = 20;

/// Minimises from `start` (clipped to the box).
pub async fn minimise(oracle: &Oracle<'_>, start: &[f64], params: &MinimiseParams) -> Minimised {
    let surface = oracle.surface();
    let mut x = start.to_vec();
    clip(surface, &mut x);
    let (mut energy, mut gradient) = oracle.energy_gradient(&x).await;
    let width = mean_width(surface);
    let mut last_length: Option<f64> = None;
    let mut pairs: VecDeque<Pair> = VecDeque::with_capacity(params.memory);
    for _ in 0..params.max_iterations {
        if free_gradient_norm(surface, &x, &gradient) <= params.gradient_tolerance {
            return Minimised { x, energy, gradient, converged: true };
        }
        let free: Vec<bool> = (0..x.len()).map(|k| !is_bound(surface, &x, &gradient, k)).collect();
        let mut direction = quasi_newton_direction(&gradient, &free, &pairs);
        let length = norm(&direction);
        // Without curvature a step is a guess: a short one first, then twice the last one.
        let wanted = match (pairs.is_empty(), last_length) {
            (true, None) => length.max((0.01 * width).min(100.0 * length)).min(0.1 * width),
            (true, Some(last)) => (2.0 * last).min(0.1 * width),
            (false, _) => length,
        };
        let wanted = wanted.min(params.max_step.unwrap_or(f64::INFINITY));
        direction.iter_mut().for_each(|v| *v *= wanted / length);
        let Some(next) = line_search(oracle, &x, energy, &gradient, &direction).await else {
            if pairs.is_empty() {
                break;
            }
            pairs.clear();
            last_length = None;
            continue;
        };
        let pair = Pair { step: difference(&next.0, &x), change: difference(&next.2, &gradient) };
        last_length = Some(norm(&pair.step));
        if dot(&pair.step, &pair.change) > 1e-12 * dot(&pair.change, &pair.change).max(f64::MIN_POSITIVE) {
            if pairs.len() == params.memory {
                pairs.pop_front();
            }
            pairs.push_back(pair);
        } else {
            // Over a ridge what was learnt before it misleads.
            pairs.clear();
        }
        (x, energy, gradient) = next;
    }
    let converged = free_gradient_norm(surface, &x, &gradient) <= params.gradient_tolerance;
    Minimised { x, energy, gradient, converged }
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// −H g of the L-BFGS two-loop recursion, with every vector restricted to the free coordinates.
pub(super) fn quasi_newton_direction(gradient: &[f64], free: &[bool], pairs: &VecDeque<Pair>) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().zip(free).map(|(g, &f)| if f { *g } else { 0.0 }).collect();
    let masked = |a: &[f64], b: &[f64]| -> f64 {
        let terms = a.iter().zip(b).zip(free);
        terms.map(|((a, b), &f)| if f { a * b } else { 0.0 }).sum()
    };
    let mut used = Vec::with_capacity(pairs.len());
    for pair in pairs.iter().rev() {
        let curvature = masked(&pair.step, &pair.change);
        if curvature <= 1e-10 * masked(&pair.step, &pair.step) {
            continue;
        }
        let alpha = dot(&pair.step, &q) / curvature;
        for ((q, y), &f) in q.iter_mut().zip(&pair.change).zip(free) {
            if f {
                *q -= alpha * y;
            }
        }
        used.push((pair, alpha, curvature));
    }
    if let Some((pair, _, curvature)) = used.first() {
        let scale = curvature / masked(&pair.change, &pair.change);
        q.iter_mut().for_each(|v| *v *= scale);
    }
    for (pair, alpha, curvature) in used.into_iter().rev() {
        let beta = dot(&pair.change, &q) / curvature;
        for ((q, s), &f) in q.iter_mut().zip(&pair.step).zip(free) {
            if f {
                *q += (alpha - beta) * s;
            }
        }
    }
    q.iter_mut().for_each(|v| *v = -*v);
    q
}

/// Shortens the step along the projected direction until the energy falls enough; `None` when it never does.
async fn line_search(
    oracle: &Oracle<'_>,
    x: &[f64],
    energy: f64,
    gradient: &[f64],
    direction: &[f64],
) -> Option<(Vec<f64>, f64, Vec<f64>)> {
    let surface = oracle.surface();
    let mut t = 1.0;
    for _ in 0..MAX_BACKTRACKS {
        let mut trial: Vec<f64> = x.iter().zip(direction).map(|(x, d)| x + t * d).collect();
        clip(surface, &mut trial);
        let promised: f64 = trial.iter().zip(x).zip(gradient).map(|((a, b), g)| (a - b) * g).sum();
        if promised >= 0.0 {
            return None;
        }
        let (trial_energy, trial_gradient) = oracle.energy_gradient(&trial).await;
        // Near convergence the energies agree to rounding; then the slope decides.
        let rounding = 1e-14 * energy.abs().max(1.0);
        if trial_energy <= energy + SUFFICIENT * promised + rounding {
            return Some((trial, trial_energy, trial_gradient));
        }
        // The minimum of the parabola through the two energies and the slope.
        let parabola = -promised / (2.0 * (trial_energy - energy - promised));
        t *= parabola.clamp(0.1, 0.5);
    }
    None
}
