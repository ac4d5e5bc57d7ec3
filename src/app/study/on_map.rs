//! Stationary points and frustration on the map of the molecules.

use std::collections::BTreeMap;

use crate::landscape::{FrustrationContribution, KineticTransitionNetwork, MinimumId, Support};
use crate::projection::{MapPoint, Projection, ProjectionError};

/// A minimum on the map.
#[derive(Debug, Clone, PartialEq)]
pub struct MinimumOnMap {
    /// Its id.
    pub id: u64,
    /// Where it stands.
    pub place: [f32; 2],
    /// Third coordinate on a map of space; 0 on a plane.
    pub height: f32,
    /// Its energy.
    pub energy: f64,
    /// On a face of the box.
    pub on_boundary: bool,
}

/// A transition state on the map.
#[derive(Debug, Clone, PartialEq)]
pub struct TransitionStateOnMap {
    /// Its id.
    pub id: u64,
    /// Where it stands.
    pub place: [f32; 2],
    /// Third coordinate on a map of space; 0 on a plane.
    pub height: f32,
    /// Where the minima at its ends stand, with their heights.
    pub ends: [MapPoint; 2],
    /// Its energy.
    pub energy: f64,
    /// Its energy above the lower end, in units of E.
    pub barrier: f64,
    /// On a face of the box.
    pub on_boundary: bool,
    /// Both ends are the same minimum.
    pub degenerate: bool,
}

/// A network on the map.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NetworkOnMap {
    /// Minima, in the order of ids.
    pub minima: Vec<MinimumOnMap>,
    /// Transition states, in the order of ids.
    pub transition_states: Vec<TransitionStateOnMap>,
}

impl NetworkOnMap {
    /// Where a minimum stands in the list.
    pub fn position(&self, id: u64) -> Option<usize> {
        self.minima.binary_search_by_key(&id, |minimum| minimum.id).ok()
    }

    /// The minimum nearest to a place within a reach, both in units of the map.
    pub fn nearest(&self, place: [f32; 2], reach: f32) -> Option<&MinimumOnMap> {
        let distance = |minimum: &MinimumOnMap| (minimum.place[0] - place[0]).hypot(minimum.place[1] - place[1]);
        let near = self.minima.iter().map(|minimum| (distance(minimum), minimum));
        near.filter(|(distance, _)| *distance <= reach).min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, minimum)| minimum)
    }
}

/// Projects every stationary point: from the surface's unit box to the decoder's box, then onto the map.
///
/// # Errors
/// The network has another dimension than the molecules.
pub fn network_on_map(
    network: &KineticTransitionNetwork,
    projection: &Projection,
) -> Result<NetworkOnMap, ProjectionError> {
    let latent = |x: &[f64]| x.iter().map(|x| (2.0 * x - 1.0) as f32).collect::<Vec<f32>>();
    let places =
        |rows: &mut dyn Iterator<Item = &[f64]>| projection.transform(&rows.flat_map(latent).collect::<Vec<f32>>());
    let minima = places(&mut network.minima().iter().map(|m| m.x.as_slice()))?;
    let states = places(&mut network.transition_states().iter().map(|t| t.x.as_slice()))?;
    Ok(network_at(network, &minima, &states))
}

/// The network whose minima and transition states stand at these places, in their order.
pub fn network_at(network: &KineticTransitionNetwork, minima: &[MapPoint], states: &[MapPoint]) -> NetworkOnMap {
    let bound = |support: &Support| support.n_bound.is_some_and(|n| n > 0);
    let place_of: BTreeMap<MinimumId, (MapPoint, f64)> =
        network.minima().iter().zip(minima).map(|(minimum, place)| (minimum.id, (*place, minimum.energy))).collect();
    let on_map = |(minimum, [x, y, z]): (&crate::landscape::Minimum, &MapPoint)| MinimumOnMap {
        id: u64::from(minimum.id.0),
        place: [*x, *y],
        height: *z,
        energy: minimum.energy,
        on_boundary: bound(&minimum.support),
    };
    let state_on_map = |(state, [x, y, z]): (&crate::landscape::TransitionState, &MapPoint)| {
        let (a, b) = (place_of.get(&state.minima.0)?, place_of.get(&state.minima.1)?);
        Some(TransitionStateOnMap {
            id: u64::from(state.id.0),
            place: [*x, *y],
            height: *z,
            ends: [a.0, b.0],
            energy: state.energy,
            barrier: (state.energy - a.1.min(b.1)).max(0.0),
            on_boundary: bound(&state.support),
            degenerate: state.is_degenerate(),
        })
    };
    NetworkOnMap {
        minima: network.minima().iter().zip(minima).map(on_map).collect(),
        transition_states: network.transition_states().iter().zip(states).filter_map(state_on_map).collect(),
    }
}

/// Where a contribution stands between its minimum (0) and its transition state (1): the preset “script” of the field.
const CENTRE: f32 = 0.75;

/// Where contributions stand on the map, and how high they are.
pub fn frustration_splats(
    contributions: &[FrustrationContribution],
    network: &NetworkOnMap,
) -> (Vec<[f32; 2]>, Vec<f32>) {
    let minima: BTreeMap<u64, [f32; 2]> = network.minima.iter().map(|m| (m.id, m.place)).collect();
    let states: BTreeMap<u64, [f32; 2]> = network.transition_states.iter().map(|t| (t.id, t.place)).collect();
    let place = |c: &FrustrationContribution| {
        let (m, t) = (minima.get(&u64::from(c.minimum.0))?, states.get(&u64::from(c.transition_state.0))?);
        Some(([0, 1].map(|k| m[k] + CENTRE * (t[k] - m[k])), c.frustration as f32))
    };
    contributions.iter().filter_map(place).filter(|(_, frustration)| *frustration > 0.0).unzip()
}
