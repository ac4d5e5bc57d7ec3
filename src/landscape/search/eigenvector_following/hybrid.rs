//! Hybrid eigenvector-following: a step along the softest mode, then a few of L-BFGS across it.
//!
//! Source: Munro & Wales, Phys. Rev. B 59, 3969 (1999); the mode by Lanczos' method on Hessian-vector products.

use std::collections::VecDeque;

use super::{FollowingParams, NoTransitionState, Progressing};
use crate::landscape::search::bounds::{clip, dot, free_coordinates, free_gradient_norm, is_bound, mean_width, norm};
use crate::landscape::search::lockstep::Oracle;
use crate::landscape::search::minimise::{Pair, quasi_newton_direction};
use crate::landscape::search::minimum_mode::minimum_mode;
use crate::landscape::search::stationary::{StationaryPoint, Unrefined, refine};

const MEMORY: usize = 5;

pub async fn follow(
    oracle: &Oracle<'_>,
    start: &[f64],
    params: &FollowingParams,
) -> Result<StationaryPoint, NoTransitionState> {
    let surface = oracle.surface();
    let width = mean_width(surface);
    let mut x = start.to_vec();
    clip(surface, &mut x);
    let (energy, gradient) = oracle.energy_gradient(&x).await;
    let mut here = Place { x, energy, gradient };
    let mut mode = Vec::new();
    let mut pairs = VecDeque::new();
    let mut newton_below = params.newton_below;
    let mut progress = Progressing::new(params.patience);
    // The residual of a Ritz vector bounds the error of its value by its square.
    let residual = params.eigenvalue_tolerance.sqrt();
    for _ in 0..params.max_steps {
        let slope = free_gradient_norm(surface, &here.x, &here.gradient);
        if !slope.is_finite() || !here.energy.is_finite() {
            return Err(NoTransitionState::Diverged);
        }
        let free = free_coordinates(surface, &here.x, &here.gradient);
        if free.is_empty() {
            return Err(NoTransitionState::StuckOnBound);
        }
        let softest = minimum_mode(oracle, &here.x, &free, &mode, residual, params.max_products).await;
        let softest = softest.ok_or(NoTransitionState::Diverged)?;
        let negative = softest.curvature < 0.0;
        if negative && slope <= newton_below {
            match refine(oracle, &here.x, 1, 0.05 * width).await {
                // Too early: nearer, it is tried again.
                Err(Unrefined::StepLimit) if slope > 1e-3 * params.newton_below => newton_below = 0.1 * slope,
                refined => return refined.map_err(NoTransitionState::from),
            }
        }
        if !progress.step(slope, negative) {
            return Err(NoTransitionState::NoProgress);
        }
        mode = softest.direction;
        let along = dot(&here.gradient, &mode);
        let length = if negative {
            // The rational-function step: Newton's for small slopes, never longer than 1.
            let c = softest.curvature;
            (2.0 * along.abs() / (c.abs() + (c * c + 4.0 * along * along).sqrt())).min(params.max_step * width)
        } else {
            params.positive_mode_step * width
        };
        let mut next = here.x.clone();
        next.iter_mut().zip(&mode).for_each(|(x, v)| *x += length.copysign(along) * v);
        clip(surface, &mut next);
        let moved = next != here.x;
        if moved {
            let (energy, gradient) = oracle.energy_gradient(&next).await;
            remember(&mut pairs, &here, &next, &gradient);
            here = Place { x: next, energy, gradient };
        }
        let n_across = minimise_across(oracle, &mut here, &mode, &mut pairs, params, newton_below).await;
        if !moved && n_across == 0 {
            return Err(NoTransitionState::StuckOnBound);
        }
    }
    Err(NoTransitionState::StepLimit)
}

struct Place {
    x: Vec<f64>,
    energy: f64,
    gradient: Vec<f64>,
}

fn remember(pairs: &mut VecDeque<Pair>, from: &Place, x: &[f64], gradient: &[f64]) {
    let difference = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<f64>>();
    if pairs.len() == MEMORY {
        pairs.pop_front();
    }
    pairs.push_back(Pair { step: difference(x, &from.x), change: difference(gradient, &from.gradient) });
}

/// Minimises across `mode` until the slope there is small beside the one along it; returns the steps taken.
async fn minimise_across(
    oracle: &Oracle<'_>,
    here: &mut Place,
    mode: &[f64],
    pairs: &mut VecDeque<Pair>,
    params: &FollowingParams,
    newton_below: f64,
) -> usize {
    let surface = oracle.surface();
    let width = mean_width(surface);
    let longest = params.subspace_step * width;
    let mut shrink = 1.0;
    for step in 0..params.max_subspace_steps {
        let along = dot(&here.gradient, mode);
        let free: Vec<bool> = (0..mode.len()).map(|k| !is_bound(surface, &here.x, &here.gradient, k)).collect();
        let mut across: Vec<f64> = here.gradient.iter().zip(mode).map(|(g, v)| g - along * v).collect();
        across.iter_mut().zip(&free).for_each(|(g, &f)| *g *= f64::from(u8::from(f)));
        let slope = across.iter().fold(0.0, |m: f64, g| m.max(g.abs()));
        let quiet = (0.3 * newton_below).max(0.2 * along.abs() / (mode.len() as f64).sqrt());
        if slope <= quiet {
            return step;
        }
        let within: VecDeque<Pair> = pairs.iter().map(|pair| pair.across(mode)).collect();
        let mut direction = quasi_newton_direction(&across, &free, &within);
        let back = dot(&direction, mode);
        direction.iter_mut().zip(mode).for_each(|(d, v)| *d -= back * v);
        let guess = if pairs.is_empty() { longest } else { f64::INFINITY };
        let largest = direction.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        let scale = (longest / largest).min(guess / norm(&direction)).min(1.0) * shrink;
        let mut next = here.x.clone();
        next.iter_mut().zip(&direction).for_each(|(x, s)| *x += scale * s);
        clip(surface, &mut next);
        let promised: f64 = next.iter().zip(&here.x).zip(&across).map(|((a, b), g)| (a - b) * g).sum();
        if promised >= 0.0 {
            pairs.clear();
            return step;
        }
        let (energy, gradient) = oracle.energy_gradient(&next).await;
        remember(pairs, here, &next, &gradient);
        // On the way along a curved valley the energy may rise a little; a rise beyond the promised fall is too long a step.
        if energy > here.energy - promised {
            shrink *= 0.25;
            continue;
        }
        shrink = (2.0 * shrink).min(1.0);
        *here = Place { x: next, energy, gradient };
    }
    params.max_subspace_steps
}
