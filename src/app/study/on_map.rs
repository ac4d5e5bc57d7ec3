//! Stationary points and frustration on the map of the molecules.

use std::collections::BTreeMap;

use crate::landscape::{FrustrationContribution, KineticTransitionNetwork, MinimumId, Support};
use crate::projection::{Projection, ProjectionError};
use crate::render::{FieldGrid, Shared};

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
    let flat = |rows: &mut dyn Iterator<Item = &[f64]>| rows.flat_map(latent).collect::<Vec<f32>>();
    let minima = projection.transform(&flat(&mut network.minima().iter().map(|m| m.x.as_slice())))?;
    let states = projection.transform(&flat(&mut network.transition_states().iter().map(|t| t.x.as_slice())))?;
    let flat_place = |[x, y, _]: [f32; 3]| [x, y];
    let bound = |support: &Support| support.n_bound.is_some_and(|n| n > 0);
    let place_of: BTreeMap<MinimumId, ([f32; 2], f64)> = network
        .minima()
        .iter()
        .zip(&minima)
        .map(|(minimum, place)| (minimum.id, (flat_place(*place), minimum.energy)))
        .collect();
    let on_map = |(minimum, place): (&crate::landscape::Minimum, &[f32; 3])| MinimumOnMap {
        id: u64::from(minimum.id.0),
        place: flat_place(*place),
        energy: minimum.energy,
        on_boundary: bound(&minimum.support),
    };
    let state_on_map = |(state, place): (&crate::landscape::TransitionState, &[f32; 3])| {
        let (a, b) = (place_of.get(&state.minima.0)?, place_of.get(&state.minima.1)?);
        Some(TransitionStateOnMap {
            id: u64::from(state.id.0),
            place: flat_place(*place),
            ends: [a.0, b.0],
            barrier: (state.energy - a.1.min(b.1)).max(0.0),
            on_boundary: bound(&state.support),
            degenerate: state.is_degenerate(),
        })
    };
    Ok(NetworkOnMap {
        minima: network.minima().iter().zip(&minima).map(on_map).collect(),
        transition_states: network.transition_states().iter().zip(&states).filter_map(state_on_map).collect(),
    })
}

/// Cells along each side of the heatmap.
const SIDE: usize = 160;
/// Standard deviation of a contribution on the map, as a part of the map's extent.
const SPREAD: f64 = 0.02;
/// Where a contribution stands between its minimum (0) and its transition state (1): the preset “script” of the field.
const CENTRE: f32 = 0.75;

/// The contributions as Gaussians on the map, each as high as its frustration; none when there are none on it. Cells
/// with no molecule within three standard deviations are weakly supported.
pub fn frustration_grid(
    contributions: &[FrustrationContribution],
    network: &NetworkOnMap,
    molecules: &[[f32; 2]],
) -> Option<Shared<FieldGrid>> {
    let minima: BTreeMap<u64, [f32; 2]> = network.minima.iter().map(|m| (m.id, m.place)).collect();
    let states: BTreeMap<u64, [f32; 2]> = network.transition_states.iter().map(|t| (t.id, t.place)).collect();
    let centres: Vec<([f32; 2], f64)> = contributions
        .iter()
        .filter_map(|c| {
            let (m, t) = (minima.get(&u64::from(c.minimum.0))?, states.get(&u64::from(c.transition_state.0))?);
            Some(([0, 1].map(|k| m[k] + CENTRE * (t[k] - m[k])), c.frustration))
        })
        .filter(|(_, frustration)| *frustration > 0.0)
        .collect();
    let everywhere = || molecules.iter().copied().chain(centres.iter().map(|(place, _)| *place));
    let finite: Vec<[f32; 2]> = everywhere().filter(|p| p[0].is_finite() && p[1].is_finite()).collect();
    if centres.is_empty() || finite.is_empty() {
        return None;
    }
    let bound = |fold: fn(f32, f32) -> f32, k: usize| finite.iter().map(|p| p[k]).reduce(fold).unwrap_or(0.0);
    let low = [bound(f32::min, 0), bound(f32::min, 1)].map(f64::from);
    let high = [bound(f32::max, 0), bound(f32::max, 1)].map(f64::from);
    let extent = (high[0] - low[0]).max(high[1] - low[1]).max(1e-9);
    let margin = 3.0 * SPREAD * extent;
    let corners = [[low[0] - margin, low[1] - margin], [high[0] + margin, high[1] + margin]];
    let cell = [0, 1].map(|k| (corners[1][k] - corners[0][k]) / SIDE as f64);
    let sigma = SPREAD * extent;
    let mut values = vec![0.0f32; SIDE * SIDE];
    let mut supported = vec![false; SIDE * SIDE];
    let around = |place: [f32; 2], mut what: Box<dyn FnMut(usize, f64) + '_>| {
        let reach = [0, 1].map(|k| (3.0 * sigma / cell[k]).ceil() as isize);
        let at = [0, 1].map(|k| ((f64::from(place[k]) - corners[0][k]) / cell[k]).floor() as isize);
        for y in (at[1] - reach[1]).max(0)..=(at[1] + reach[1]).min(SIDE as isize - 1) {
            for x in (at[0] - reach[0]).max(0)..=(at[0] + reach[0]).min(SIDE as isize - 1) {
                let centre = [x, y].map(|c| c as f64 + 0.5);
                let distance =
                    (0..2).map(|k| (corners[0][k] + centre[k] * cell[k] - f64::from(place[k])).powi(2)).sum::<f64>()
                        / (sigma * sigma);
                if distance <= 9.0 {
                    what(y as usize * SIDE + x as usize, distance);
                }
            }
        }
    };
    for (place, frustration) in &centres {
        around(*place, Box::new(|at, distance| values[at] += (frustration * (-0.5 * distance).exp()) as f32));
    }
    for place in molecules.iter().filter(|p| p[0].is_finite() && p[1].is_finite()) {
        around(*place, Box::new(|at, _| supported[at] = true));
    }
    Some(Shared::new(FieldGrid { size: [SIDE, SIDE], corners, values, supported }))
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
        let place = grid.place(best % SIDE, best / SIDE);
        assert!((place[0] - 3.0).abs() < 0.06 && place[1].abs() < 0.06, "{place:?} is not (3, 0)");
        assert!((grid.values[best] - 2.0).abs() < 0.1, "the peak is {}, wanted 2", grid.values[best]);
        assert!(!grid.supported[best], "no molecule is near the peak");
        assert!(frustration_grid(&[], &network, &[[0.0, 0.0]]).is_none());
    }
}
