//! Stationary points and frustration on the map of the molecules.

use std::collections::BTreeMap;

use crate::landscape::{FrustrationContribution, KineticTransitionNetwork, MinimumId, Support};
use crate::projection::{Projection, ProjectionError};
use crate::render::{FieldGrid, GridFrame, Shared, corners_of, density, mark_support, splat};

/// A minimum on the map.
#[derive(Debug, Clone, PartialEq)]
pub struct MinimumOnMap {
    /// Its id.
    pub id: u64,
    /// Where it stands.
    pub place: [f32; 2],
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
    /// Where the minima at its ends stand.
    pub ends: [[f32; 2]; 2],
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

/// Projects every stationary point: from the surface's unit box to the decoder's box, then onto the map.
///
/// # Errors
/// The network has another dimension than the molecules.
pub fn network_on_map(
    network: &KineticTransitionNetwork,
    projection: &Projection,
) -> Result<NetworkOnMap, ProjectionError> {
    let latent = |x: &[f64]| x.iter().map(|x| (2.0 * x - 1.0) as f32).collect::<Vec<f32>>();
    let places = |rows: &mut dyn Iterator<Item = &[f64]>| -> Result<Vec<[f32; 2]>, ProjectionError> {
        let places = projection.transform(&rows.flat_map(latent).collect::<Vec<f32>>())?;
        Ok(places.into_iter().map(|[x, y, _]| [x, y]).collect())
    };
    let minima = places(&mut network.minima().iter().map(|m| m.x.as_slice()))?;
    let states = places(&mut network.transition_states().iter().map(|t| t.x.as_slice()))?;
    Ok(network_at(network, &minima, &states))
}

/// The network whose minima and transition states stand at these places, in their order.
pub fn network_at(network: &KineticTransitionNetwork, minima: &[[f32; 2]], states: &[[f32; 2]]) -> NetworkOnMap {
    let bound = |support: &Support| support.n_bound.is_some_and(|n| n > 0);
    let place_of: BTreeMap<MinimumId, ([f32; 2], f64)> =
        network.minima().iter().zip(minima).map(|(minimum, place)| (minimum.id, (*place, minimum.energy))).collect();
    let on_map = |(minimum, place): (&crate::landscape::Minimum, &[f32; 2])| MinimumOnMap {
        id: u64::from(minimum.id.0),
        place: *place,
        energy: minimum.energy,
        on_boundary: bound(&minimum.support),
    };
    let state_on_map = |(state, place): (&crate::landscape::TransitionState, &[f32; 2])| {
        let (a, b) = (place_of.get(&state.minima.0)?, place_of.get(&state.minima.1)?);
        Some(TransitionStateOnMap {
            id: u64::from(state.id.0),
            place: *place,
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

/// Cells of the heatmap along the map.
const CELLS: usize = 192;
/// Standard deviation of a contribution on the map, as a part of the map's extent.
const SPREAD: f64 = 0.02;
/// Where a contribution stands between its minimum (0) and its transition state (1): the preset “script” of the field.
const CENTRE: f32 = 0.75;

/// The contributions as Gaussians on the map, each as high as its frustration; none when there are none on it. Cells
/// without a molecule nearby are marked as weakly supported.
pub fn frustration_grid(
    contributions: &[FrustrationContribution],
    network: &NetworkOnMap,
    molecules: &[[f32; 2]],
) -> Option<Shared<FieldGrid>> {
    let minima: BTreeMap<u64, [f32; 2]> = network.minima.iter().map(|m| (m.id, m.place)).collect();
    let states: BTreeMap<u64, [f32; 2]> = network.transition_states.iter().map(|t| (t.id, t.place)).collect();
    let (centres, weights): (Vec<[f32; 2]>, Vec<f32>) = contributions
        .iter()
        .filter_map(|c| {
            let (m, t) = (minima.get(&u64::from(c.minimum.0))?, states.get(&u64::from(c.transition_state.0))?);
            Some(([0, 1].map(|k| m[k] + CENTRE * (t[k] - m[k])), c.frustration as f32))
        })
        .filter(|(_, frustration)| *frustration > 0.0)
        .unzip();
    let flat = |places: &[[f32; 2]]| places.iter().map(|[x, y]| [*x, *y, 0.0]).collect::<Vec<[f32; 3]>>();
    let molecules = flat(molecules);
    let everything: Vec<[f32; 3]> = molecules.iter().copied().chain(flat(&centres)).collect();
    let [low, high] = corners_of(&everything).filter(|_| !centres.is_empty())?;
    let corners = [low, high].map(|corner| [f64::from(corner[0]), f64::from(corner[1])]);
    let extent = (corners[1][0] - corners[0][0]).max(corners[1][1] - corners[0][1]).max(1e-9);
    let sigma = SPREAD * extent;
    let frame = GridFrame::around(corners, CELLS, 3.0 * SPREAD);
    let mut grid = splat(&centres, &weights, frame, sigma);
    mark_support(&mut grid, &density(&molecules, |_| true, frame, 1.5 * sigma), 0.5, 1.5 * sigma);
    Some(Shared::new(grid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::landscape::TransitionStateId;

    #[test]
    fn the_heatmap_is_highest_three_quarters_of_the_way_to_the_worst_transition_state() {
        let minimum = |id, place| MinimumOnMap { id, place, energy: 0.0, on_boundary: false };
        let state = |id, place| TransitionStateOnMap {
            id,
            place,
            ends: [[0.0; 2]; 2],
            energy: 1.0,
            barrier: 1.0,
            on_boundary: false,
            degenerate: false,
        };
        let network = NetworkOnMap {
            minima: vec![minimum(0, [0.0, 0.0])],
            transition_states: vec![state(0, [4.0, 0.0]), state(1, [0.0, 4.0])],
        };
        let contribution = |t, frustration| FrustrationContribution {
            minimum: MinimumId(0),
            transition_state: TransitionStateId(t),
            barrier: frustration,
            distance: 4.0,
            frustration,
        };
        let all = [contribution(0, 2.0), contribution(1, 0.5)];
        let grid = frustration_grid(&all, &network, &[[0.0, 0.0], [5.0, 5.0]]).unwrap();
        let best = (0..grid.values.len()).max_by(|a, b| grid.values[*a].total_cmp(&grid.values[*b])).unwrap();
        let place = grid.place(best % grid.size[0], best / grid.size[0]);
        assert!((place[0] - 3.0).abs() < 0.06 && place[1].abs() < 0.06, "{place:?} is not (3, 0)");
        assert!((grid.values[best] - 2.0).abs() < 0.1, "the peak is {}, wanted 2", grid.values[best]);
        assert!(!grid.supported[best], "no molecule is near the peak");
        assert!(frustration_grid(&[], &network, &[[0.0, 0.0]]).is_none());
    }
}
