//! The units of work of an exploration: each depends only on itself, the settings and the surface.

use std::rc::Rc;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::params::ExploreParams;
use crate::landscape::Surface;
use crate::landscape::search::basin_hopping::{Hops, basin_hop, find_minimum};
use crate::landscape::search::bounds::{clip, free_coordinates, free_gradient_norm};
use crate::landscape::search::descent::both_ends;
use crate::landscape::search::eigenvector_following::{NoTransitionState, follow};
use crate::landscape::search::elastic_band::{Band, relax_band};
use crate::landscape::search::lockstep::{Oracle, Search};
use crate::landscape::search::stationary::{STATIONARY_TOLERANCE, Spectrum, StationaryPoint};

/// One unit of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Unit {
    /// A chain of hops from a start, with its own stream of random numbers.
    Hop { start: Vec<f64>, stream: u64 },
    /// An end of a hop, to be refined to a minimum.
    Refine { start: Vec<f64> },
    /// A band between two minima.
    Band { from: Vec<f64>, to: Vec<f64> },
    /// A saddle search.
    Follow { start: Vec<f64> },
    /// The descents from a transition state.
    Descend { saddle: StationaryPoint },
    /// A fresh look at a point of the network, expected to have this index.
    Validate { x: Vec<f64>, index: usize },
}

/// What a unit came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    Hops(Hops),
    Minimum(Option<StationaryPoint>),
    Band(Band),
    Saddle(Result<StationaryPoint, NoTransitionState>),
    Ends(Box<[Option<StationaryPoint>; 2]>),
    /// `None` for an invalid point, else its free gradient and lowest free eigenvalue (none when nothing is free).
    Valid(Option<(f64, Option<f64>)>),
}

/// The search that does the unit.
pub fn search<'s>(unit: &Unit, params: &ExploreParams, oracle: Rc<Oracle<'s>>) -> Search<'s, Outcome> {
    let params = params.clone();
    match unit.clone() {
        Unit::Hop { start, stream } => Box::pin(async move {
            let rng = stream_of(params.seed, stream);
            Outcome::Hops(basin_hop(&oracle, &start, &params.basin_hopping, rng).await)
        }),
        Unit::Refine { start } => {
            Box::pin(
                async move { Outcome::Minimum(find_minimum(&oracle, &start, &params.basin_hopping.minimise).await) },
            )
        }
        Unit::Band { from, to } => {
            Box::pin(async move { Outcome::Band(relax_band(&oracle, &from, &to, &params.elastic_band).await) })
        }
        Unit::Follow { start } => {
            Box::pin(async move { Outcome::Saddle(follow(&oracle, &start, &params.following).await) })
        }
        Unit::Descend { saddle } => {
            Box::pin(async move { Outcome::Ends(Box::new(both_ends(&oracle, &saddle, &params.descent).await)) })
        }
        Unit::Validate { x, index } => Box::pin(async move { Outcome::Valid(look_again(&oracle, &x, index).await) }),
    }
}

/// The random numbers of a stream of this seed.
pub fn stream_of(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

/// A random point of the box; every second one lies on a random face of it (or, ever more rarely, on several).
pub fn random_start(surface: &dyn Surface, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let bounds = surface.lower().iter().zip(surface.upper());
    let mut x: Vec<f64> = bounds.map(|(l, u)| l + (u - l) * rng.random::<f64>()).collect();
    while rng.random::<bool>() {
        let k = rng.random_range(0..x.len());
        x[k] = if rng.random::<bool>() { surface.lower()[k] } else { surface.upper()[k] };
    }
    clip(surface, &mut x);
    x
}

/// Free gradient and lowest free eigenvalue of a point that is stationary in its free coordinates and has exactly
/// `index` negative free eigenvalues; `None` for any other.
async fn look_again(oracle: &Oracle<'_>, x: &[f64], index: usize) -> Option<(f64, Option<f64>)> {
    let surface = oracle.surface();
    let (_, gradient) = oracle.energy_gradient(x).await;
    let slope = free_gradient_norm(surface, x, &gradient);
    let free = free_coordinates(surface, x, &gradient);
    let spectrum = Spectrum::of(&oracle.free_hessian(x, &free), free.len())?;
    let valid = slope <= STATIONARY_TOLERANCE && spectrum.n_negative() == index;
    valid.then(|| (slope, spectrum.values.first().copied()))
}
