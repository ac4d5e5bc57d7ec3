//! Steps that see the whole spectrum of the free Hessian: for few coordinates, where it costs as much as a handful of
//! gradients and every step converges like Newton's method.

use super::{FollowingParams, NoTransitionState, Progressing};
use crate::landscape::search::bounds::{clip, dot, free_coordinates, free_gradient_norm, mean_width, norm};
use crate::landscape::search::lockstep::Oracle;
use crate::landscape::search::stationary::{Spectrum, StationaryPoint, Unrefined, refine};

/// Searches uphill from `start`.
///
/// # Errors
/// [`NoTransitionState`] says why nothing was found.
pub async fn follow(
    oracle: &Oracle<'_>,
    start: &[f64],
    params: &FollowingParams,
) -> Result<StationaryPoint, NoTransitionState> {
    let surface = oracle.surface();
    let width = mean_width(surface);
    let longest = params.max_step * width;
    let mut trust = longest;
    let mut x = start.to_vec();
    clip(surface, &mut x);
    let mut progress = Progressing::new(params.patience);
    let (mut energy, mut gradient) = oracle.energy_gradient(&x).await;
    for _ in 0..params.max_steps {
        let slope = free_gradient_norm(surface, &x, &gradient);
        if !slope.is_finite() || !energy.is_finite() {
            return Err(NoTransitionState::Diverged);
        }
        let free = free_coordinates(surface, &x, &gradient);
        if free.is_empty() {
            return Err(NoTransitionState::StuckOnBound);
        }
        let hessian = oracle.free_hessian(&x, &free);
        let spectrum = Spectrum::of(&hessian, free.len()).ok_or(NoTransitionState::Diverged)?;
        if slope <= params.gradient_tolerance && spectrum.n_negative() == 1 {
            match refine(oracle, &x, 1, trust.min(0.05 * width)).await {
                Ok(saddle) => return Ok(saddle),
                Err(Unrefined::StepLimit) if slope > 1e-3 * params.gradient_tolerance => {}
                Err(reason) => return Err(reason.into()),
            }
        }
        if !progress.step(slope, spectrum.values[0] < 0.0) {
            return Err(NoTransitionState::NoProgress);
        }
        let step = uphill_step(&gradient, &free, &spectrum, trust, params.positive_mode_step * width);
        let mut next = x.clone();
        for (&i, s) in free.iter().zip(&step) {
            next[i] += s;
        }
        clip(surface, &mut next);
        if next == x {
            return Err(NoTransitionState::StuckOnBound);
        }
        let (next_energy, next_gradient) = oracle.energy_gradient(&next).await;
        let taken: Vec<f64> = free.iter().map(|&i| next[i] - x[i]).collect();
        trust = new_trust(&gradient, &free, &hessian, &taken, next_energy - energy, trust).clamp(1e-4 * width, longest);
        (x, energy, gradient) = (next, next_energy, next_gradient);
    }
    Err(NoTransitionState::StepLimit)
}

/// The step in the free coordinates, at most `trust` long.
fn uphill_step(gradient: &[f64], free: &[usize], spectrum: &Spectrum, trust: f64, positive_mode_step: f64) -> Vec<f64> {
    let mut step = vec![0.0; free.len()];
    for k in 0..free.len() {
        let mode = spectrum.vector(k);
        let along: f64 = mode.iter().zip(free).map(|(v, &i)| v * gradient[i]).sum();
        let curvature = spectrum.values[k];
        // The rational-function step: Newton's for small slopes, never longer than 1.
        let length = 2.0 * along / (curvature.abs() + (curvature * curvature + 4.0 * along * along).sqrt()).max(1e-300);
        let signed = match (k, curvature > 0.0) {
            (0, true) => positive_mode_step.copysign(along),
            (0, false) => length,
            _ => -length,
        };
        for (s, v) in step.iter_mut().zip(mode) {
            *s += signed * v;
        }
    }
    let scale = (trust / norm(&step).max(f64::MIN_POSITIVE)).min(1.0);
    step.iter_mut().for_each(|s| *s *= scale);
    step
}

/// Shrinks the trusted length where the quadratic model was wrong about the energy, stretches it where it was right.
fn new_trust(gradient: &[f64], free: &[usize], hessian: &[f64], step: &[f64], change: f64, trust: f64) -> f64 {
    let n = free.len();
    let linear: f64 = free.iter().zip(step).map(|(&i, s)| gradient[i] * s).sum();
    let bend: f64 = hessian.chunks_exact(n).zip(step).map(|(row, s)| s * dot(row, step)).sum();
    let predicted = linear + 0.5 * bend;
    let length = norm(step);
    let error = (change - predicted).abs() / (predicted.abs() + 1e-12);
    if error > 0.75 {
        0.4 * length.min(trust)
    } else if error < 0.25 {
        (2.0 * length).max(trust)
    } else {
        trust
    }
}
