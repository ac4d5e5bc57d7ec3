//! Numbers of the state that lessons ask for: computed from what is on screen, never written down.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::app::data::Values;
use crate::app::state::State;
use crate::landscape::disconnectivity::MergeTree;

/// A number that can be read off what is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Minima of the landscape.
    Minima,
    /// Transition states of the landscape.
    TransitionStates,
    /// Separate basins below the energy line.
    Basins,
    /// F at ℓ = 0.8, in units of E.
    Frustration,
    /// F at ℓ = 80, in units of E.
    SamplingFrustration,
    /// Energy of the lowest minimum.
    LowestEnergy,
    /// The highest barrier out of the lowest minimum's basin to another one: what keeps the two deepest minima apart.
    BarrierFromLowest,
    /// Arms of the comparison with a detectable difference to the base.
    DetectableDifferences,
    /// Molecules that are accepted into the newest fill set.
    FillSetSize,
    /// Jumps of basin-hopping that the Metropolis rule refused in the film.
    RefusedHops,
}

impl Quantity {
    /// Its value, where there is one.
    pub fn of(self, state: &State) -> Option<f64> {
        let study = state.study.as_ref()?;
        let landscape = study.landscape.as_ref();
        match self {
            Self::Minima => Some(landscape?.network.minima().len() as f64),
            Self::TransitionStates => Some(landscape?.network.transition_states().len() as f64),
            Self::Basins => basins_below(state, state.flood?).map(|n| n as f64),
            Self::Frustration => Some(landscape?.frustration[0]),
            Self::SamplingFrustration => Some(landscape?.frustration[1]),
            Self::LowestEnergy => lowest_two(state).map(|[lowest, _]| lowest.1),
            Self::BarrierFromLowest => {
                let [(a, energy), (b, _)] = lowest_two(state)?;
                let network = &landscape?.network;
                MergeTree::new(network).merge_energy(id(a)?, id(b)?).map(|merge| merge - energy)
            }
            Self::DetectableDifferences => {
                let comparison = study.comparison.as_ref()?;
                Some(super::goal::detectable(comparison) as f64)
            }
            Self::FillSetSize => study.fill_set("fill").map(|set| set.data.n_rows() as f64),
            Self::RefusedHops => {
                let film = &state.screening.as_ref()?.film;
                let refused =
                    |frame: &&crate::landscape::Frame| frame.happening == crate::landscape::Happening::Refused;
                Some(film.frames.iter().filter(refused).count() as f64)
            }
        }
    }
}

fn id(id: u64) -> Option<crate::landscape::MinimumId> {
    u32::try_from(id).ok().map(crate::landscape::MinimumId)
}

/// Id and energy of the two lowest minima.
pub fn lowest_two(state: &State) -> Option<[(u64, f64); 2]> {
    let network = &state.study.as_ref()?.landscape.as_ref()?.network;
    let mut minima: Vec<(u64, f64)> =
        network.minima().iter().map(|minimum| (u64::from(minimum.id.0), minimum.energy)).collect();
    minima.sort_by(|a, b| a.1.total_cmp(&b.1));
    Some([*minima.first()?, *minima.get(1)?])
}

/// How many separate basins lie below an energy.
pub fn basins_below(state: &State, energy: f64) -> Option<usize> {
    let network = &state.study.as_ref()?.landscape.as_ref()?.network;
    let basins: BTreeSet<u32> =
        MergeTree::new(network).basins_at(energy).into_iter().flatten().map(|minimum| minimum.0).collect();
    Some(basins.len())
}

/// An energy at which exactly `n` separate basins are below the line: half-way up the lowest such stretch.
pub fn energy_with_basins(state: &State, n: usize) -> Option<f64> {
    let network = &state.study.as_ref()?.landscape.as_ref()?.network;
    let tree = MergeTree::new(network);
    let mut levels: Vec<f64> = network.minima().iter().map(|minimum| minimum.energy).collect();
    levels.extend(tree.merges().iter().map(|merge| merge.energy));
    levels.sort_by(f64::total_cmp);
    let top = levels.last().copied()?;
    levels.push(top + 1.0);
    levels.windows(2).map(|pair| f64::midpoint(pair[0], pair[1])).find(|&energy| basins_below(state, energy) == Some(n))
}

/// The rows with the greatest values of a column: a share from 0 to 1 of all that have one.
pub fn top_rows(state: &State, column: &str, share: f64) -> Option<Vec<usize>> {
    let data = state.data.as_ref()?;
    let Values::Number(values) = &data.column(column)?.values else { return None };
    let mut rows: Vec<usize> = (0..values.len()).filter(|&row| values[row].is_finite()).collect();
    rows.sort_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
    let n = ((rows.len() as f64 * share).ceil() as usize).clamp(1, rows.len().max(1));
    rows.truncate(n);
    Some(rows)
}
