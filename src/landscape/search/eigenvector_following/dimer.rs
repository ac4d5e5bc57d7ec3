//! A dimer with closed-form curvature: L-BFGS on the gradient reflected across the softest mode.
//!
//! Source: Henkelman & Jónsson, J. Chem. Phys. 111, 7010 (1999), translated by L-BFGS (Kästner & Sherwood, ibid. 128,
//! 014106, 2008); instead of turning a pair of images the mode comes from Hessian-vector products at one place.

use std::collections::VecDeque;

use super::{FollowingParams, NoTransitionState, Progressing};
use crate::landscape::search::bounds::{clip, dot, free_coordinates, free_gradient_norm, mean_width, norm};
use crate::landscape::search::lockstep::Oracle;
use crate::landscape::search::minimise::{Pair, quasi_newton_direction};
use crate::landscape::search::minimum_mode::minimum_mode;
use crate::landscape::search::stationary::{StationaryPoint, Unrefined, refine};

const MEMORY: usize = 5;
/// Longest step, as a share of that of eigenvector-following: a reflected gradient has no line search.
const STEP_SHARE: f64 = 1.0 / 3.0;

pub async fn follow(
    oracle: &Oracle<'_>,
    start: &[f64],
    params: &FollowingParams,
) -> Result<StationaryPoint, NoTransitionState> {
    let surface = oracle.surface();
    let width = mean_width(surface);
    let longest = STEP_SHARE * params.max_step * width;
    let mut x = start.to_vec();
    clip(surface, &mut x);
    let (mut energy, mut gradient) = oracle.energy_gradient(&x).await;
    let mut mode = Vec::new();
    let mut pairs: VecDeque<Pair> = VecDeque::new();
    let mut newton_below = params.newton_below;
    let mut progress = Progressing::new(params.patience);
    let mut before: Option<(Vec<f64>, Vec<f64>, bool)> = None;
    for _ in 0..params.max_steps {
        let slope = free_gradient_norm(surface, &x, &gradient);
        if !slope.is_finite() || !energy.is_finite() {
            return Err(NoTransitionState::Diverged);
        }
        let free = free_coordinates(surface, &x, &gradient);
        let residual = params.eigenvalue_tolerance.sqrt();
        let softest = minimum_mode(oracle, &x, &free, &mode, residual, params.max_products).await;
        let softest = softest.ok_or(NoTransitionState::StuckOnBound)?;
        let negative = softest.curvature < 0.0;
        if negative && slope <= newton_below {
            match refine(oracle, &x, 1, 0.05 * width).await {
                Err(Unrefined::StepLimit) if slope > 1e-3 * params.newton_below => newton_below = 0.1 * slope,
                refined => return refined.map_err(NoTransitionState::from),
            }
        }
        if !progress.step(slope, negative) {
            return Err(NoTransitionState::NoProgress);
        }
        mode = softest.direction;
        let mut is_free = vec![false; x.len()];
        free.iter().for_each(|&k| is_free[k] = true);
        // Downhill in this field is uphill along the mode and, once its curvature is negative, downhill across it.
        let along = dot(&gradient, &mode);
        let keep = f64::from(u8::from(negative));
        let turn = if negative { 2.0 * along } else { along };
        let field: Vec<f64> = gradient
            .iter()
            .zip(&mode)
            .zip(&is_free)
            .map(|((g, v), &f)| if f { keep * g - turn * v } else { 0.0 })
            .collect();
        match before.take() {
            Some((x0, field0, negative0)) if negative0 == negative => {
                let difference = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect();
                if pairs.len() == MEMORY {
                    pairs.pop_front();
                }
                pairs.push_back(Pair { step: difference(&x, &x0), change: difference(&field, &field0) });
            }
            _ => pairs.clear(),
        }
        let mut direction = quasi_newton_direction(&field, &is_free, &pairs);
        let length = norm(&direction);
        let wanted = if pairs.is_empty() { 0.3 * longest } else { length.min(longest) };
        direction.iter_mut().for_each(|v| *v *= wanted / length.max(f64::MIN_POSITIVE));
        let mut next: Vec<f64> = x.iter().zip(&direction).map(|(x, d)| x + d).collect();
        clip(surface, &mut next);
        if next == x {
            return Err(NoTransitionState::StuckOnBound);
        }
        before = Some((x, field, negative));
        x = next;
        (energy, gradient) = oracle.energy_gradient(&x).await;
    }
    Err(NoTransitionState::StepLimit)
}
