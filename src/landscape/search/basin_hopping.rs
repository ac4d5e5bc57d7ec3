//! Basin-hopping: minimise, jump, minimise again, accepting by Metropolis.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::bounds::{clip, mean_width};
use super::lockstep::Oracle;
use super::minimise::{MinimiseParams, minimise};
use super::stationary::{StationaryPoint, refine};
use crate::landscape::Surface;

/// Settings of one chain of hops.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BasinHoppingParams {
    /// Hops after the first minimisation.
    pub n_steps: usize,
    /// Metropolis temperature, in units of E.
    pub temperature: f64,
    /// Largest displacement of a coordinate in one hop, as a share of its range.
    pub displacement: f64,
    /// The minimisation after each hop.
    pub minimise: MinimiseParams,
}

impl Default for BasinHoppingParams {
    fn default() -> Self {
        Self { n_steps: 5, temperature: 100.0, displacement: 0.5, minimise: MinimiseParams::default() }
    }
}

/// What a chain found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Hops {
    /// Place and energy after each minimisation; neither refined nor validated.
    pub ends: Vec<(Vec<f64>, f64)>,
    /// Minimisations that reached their iteration limit.
    pub n_unconverged: u64,
}

/// Hops from `start`.
///
/// The ends are as good as the tolerance of the minimisation: thousands of hops lead to the same few places, so that
/// refining and validating is left for the distinct ones.
pub async fn basin_hop(oracle: &Oracle<'_>, start: &[f64], params: &BasinHoppingParams, mut rng: ChaCha8Rng) -> Hops {
    let surface = oracle.surface();
    let mut hops = Hops::default();
    let mut current: Option<(Vec<f64>, f64)> = None;
    let mut trial = start.to_vec();
    for _ in 0..=params.n_steps {
        let end = minimise(oracle, &trial, &params.minimise).await;
        hops.n_unconverged += u64::from(!end.converged);
        if end.energy.is_finite() {
            let rise = current.as_ref().map_or(0.0, |(_, energy)| end.energy - energy);
            if accepts(rise, params.temperature, &mut rng) {
                current = Some((end.x.clone(), end.energy));
            }
            hops.ends.push((end.x, end.energy));
        }
        trial = current.as_ref().map_or_else(|| start.to_vec(), |(x, _)| x.clone());
        displace(surface, &mut trial, params.displacement, &mut rng);
    }
    hops
}

/// Metropolis: downhill always, uphill with the probability exp(−rise / temperature). Draws a number only uphill.
pub(crate) fn accepts(rise: f64, temperature: f64, rng: &mut ChaCha8Rng) -> bool {
    rise <= 0.0 || rng.random::<f64>() < (-rise / temperature).exp()
}

/// Moves every coordinate by at most `share` of its range and stays in the box.
pub(crate) fn displace(surface: &dyn Surface, x: &mut [f64], share: f64, rng: &mut ChaCha8Rng) {
    for ((x, l), u) in x.iter_mut().zip(surface.lower()).zip(surface.upper()) {
        *x += (u - l) * share * rng.random_range(-1.0..=1.0);
    }
    clip(surface, x);
}

/// The minimum below `start`: L-BFGS, then Newton; once more by a tighter L-BFGS where Newton strays.
pub async fn find_minimum(oracle: &Oracle<'_>, start: &[f64], params: &MinimiseParams) -> Option<StationaryPoint> {
    let near = 0.05 * mean_width(oracle.surface());
    let coarse = minimise(oracle, start, params).await;
    if let Ok(minimum) = refine(oracle, &coarse.x, 0, near).await
        && minimum.energy <= coarse.energy + 1e-12 * coarse.energy.abs().max(1.0)
    {
        return Some(minimum);
    }
    let tighter = MinimiseParams { gradient_tolerance: 1e-2 * params.gradient_tolerance, ..params.clone() };
    let fine = minimise(oracle, &coarse.x, &tighter).await;
    refine(oracle, &fine.x, 0, near).await.ok()
}
