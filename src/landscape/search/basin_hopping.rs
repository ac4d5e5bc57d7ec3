//! Basin-hopping: minimise, jump, minimise again, accepting by Metropolis.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::bounds::{clip, mean_width};
use super::lockstep::Oracle;
use super::minimise::{MinimiseParams, minimise};
use super::stationary::{StationaryPoint, refine};

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
    /// Free gradient at which Newton's method takes over from L-BFGS, in units of E per unit of x; at least the
    /// tolerance of `minimise`.
    pub newton_below: f64,
}

impl Default for BasinHoppingParams {
    fn default() -> Self {
        Self {
            n_steps: 5,
            temperature: 100.0,
            displacement: 0.5,
            minimise: MinimiseParams::default(),
            newton_below: 1e-2,
        }
    }
}

/// What a chain found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Hops {
    /// The minimum after each successful minimisation.
    pub minima: Vec<StationaryPoint>,
    /// Minimisations that ended in no minimum.
    pub n_failed: u64,
}

/// Hops from `start`.
pub async fn basin_hop(oracle: &Oracle<'_>, start: &[f64], params: &BasinHoppingParams, mut rng: ChaCha8Rng) -> Hops {
    let surface = oracle.surface();
    let mut hops = Hops::default();
    let mut current: Option<(Vec<f64>, f64)> = None;
    let mut trial = start.to_vec();
    for _ in 0..=params.n_steps {
        match find_minimum(oracle, &trial, &params.minimise, params.newton_below).await {
            Some(minimum) => {
                let rise = current.as_ref().map_or(0.0, |(_, energy)| minimum.energy - energy);
                if rise <= 0.0 || rng.random::<f64>() < (-rise / params.temperature).exp() {
                    current = Some((minimum.x.clone(), minimum.energy));
                }
                hops.minima.push(minimum);
            }
            None => hops.n_failed += 1,
        }
        trial = current.as_ref().map_or_else(|| start.to_vec(), |(x, _)| x.clone());
        for ((x, l), u) in trial.iter_mut().zip(surface.lower()).zip(surface.upper()) {
            *x += (u - l) * params.displacement * rng.random_range(-1.0..=1.0);
        }
        clip(surface, &mut trial);
    }
    hops
}

/// The minimum below `start`: L-BFGS, then Newton; L-BFGS to its own tolerance first where Newton strays.
pub async fn find_minimum(
    oracle: &Oracle<'_>,
    start: &[f64],
    params: &MinimiseParams,
    newton_below: f64,
) -> Option<StationaryPoint> {
    let near = 0.05 * mean_width(oracle.surface());
    let loose = MinimiseParams { gradient_tolerance: newton_below.max(params.gradient_tolerance), ..params.clone() };
    let coarse = minimise(oracle, start, &loose).await;
    if let Ok(minimum) = refine(oracle, &coarse.x, 0, near).await
        && minimum.energy <= coarse.energy + 1e-12 * coarse.energy.abs().max(1.0)
    {
        return Some(minimum);
    }
    let fine = minimise(oracle, &coarse.x, params).await;
    refine(oracle, &fine.x, 0, near).await.ok()
}
