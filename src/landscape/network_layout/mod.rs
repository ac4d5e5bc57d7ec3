//! A network on a plane: minima as points, transition states as springs, seeded and stable.
//!
//! The same network, parameters and seed give the same bits whatever the thread count. A layout can start from an
//! earlier one, so that a growing network moves as little as it must. This places points by connectivity alone; where
//! the minima lie in their own space is the business of projections.
//!
//! Source: Y. Hu, Efficient, high-quality force-directed graph drawing, Mathematica Journal 10, 37 (2005): multilevel
//! spring–electrical model with adaptive steps and Barnes–Hut repulsion.

mod coarsen;
mod forces;
mod quadtree;

use super::{KineticTransitionNetwork, MinimumId};
use crate::jobs::{Observe, Progress};
use coarsen::{Springs, coarsen};
use forces::relax;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a network is laid out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkLayoutParams {
    /// Decides where points start.
    pub seed: u64,
    /// Most steps on the network itself; coarser copies get as many.
    pub max_steps: usize,
    /// Barnes–Hut opening angle: a cell of size s at distance r counts as one point when s < `opening` · r. 0 sums all
    /// pairs exactly.
    pub opening: f64,
    /// Pull to the centre, relative to the repulsion; > 0 keeps components together.
    pub gravity: f64,
    /// The layout counts as converged when the mean step is below this, in ideal spring lengths.
    pub tolerance: f64,
    /// How stiff the springs are.
    pub springs: SpringStrength,
}

/// How stiff the spring between two joined minima is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpringStrength {
    /// All alike.
    #[default]
    Equal,
    /// 2 m / (m + b), with b the lowest barrier between the two (above the lower of them) and m the median of all: from
    /// 2 where nothing stands between them towards 0, so that what is easily reached stands near.
    ByBarrier,
}

impl Default for NetworkLayoutParams {
    fn default() -> Self {
        Self { seed: 0, max_steps: 300, opening: 0.9, gravity: 0.3, tolerance: 0.01, springs: SpringStrength::Equal }
    }
}

/// Where the minima of a network stand on the plane; the ideal distance of joined ones is 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NetworkLayout {
    /// Place of each minimum.
    pub places: BTreeMap<MinimumId, [f64; 2]>,
    /// Whether the points stopped moving before the steps ran out.
    pub converged: bool,
}

impl NetworkLayout {
    /// The place of a minimum.
    pub fn place(&self, id: MinimumId) -> Option<[f64; 2]> {
        self.places.get(&id).copied()
    }

    /// The same places enlarged so that joined minima are 1 apart in the mean, as a layout by springs has them, around
    /// their middle: a start for [`network_layout`] from a map of other units.
    #[must_use]
    pub fn scaled_to_springs(&self, ktn: &KineticTransitionNetwork) -> Self {
        let lengths = ktn.transition_states().iter().filter(|t| !t.is_degenerate()).filter_map(|t| {
            let (a, b) = (self.place(t.minima.0)?, self.place(t.minima.1)?);
            Some((a[0] - b[0]).hypot(a[1] - b[1])).filter(|length| length.is_finite())
        });
        let (sum, n) = lengths.fold((0.0, 0usize), |(sum, n), length| (sum + length, n + 1));
        let scale = if sum > 0.0 { n as f64 / sum } else { 1.0 };
        let [low, high] = self.corners();
        let middle = [0, 1].map(|k| f64::midpoint(low[k], high[k]));
        let moved = |place: [f64; 2]| [0, 1].map(|k| scale * (place[k] - middle[k]));
        Self { places: self.places.iter().map(|(id, place)| (*id, moved(*place))).collect(), converged: self.converged }
    }

    /// Lower left and upper right corner; the unit square around 0 for an empty network.
    pub fn corners(&self) -> [[f64; 2]; 2] {
        let mut corners = [[f64::INFINITY; 2], [f64::NEG_INFINITY; 2]];
        for place in self.places.values() {
            for axis in 0..2 {
                corners[0][axis] = corners[0][axis].min(place[axis]);
                corners[1][axis] = corners[1][axis].max(place[axis]);
            }
        }
        if self.places.is_empty() { [[-0.5; 2], [0.5; 2]] } else { corners }
    }
}

/// Lays a network out; one step costs O((N + M) log N).
///
/// With an earlier layout, minima it holds start where they were, and new ones beside a neighbour; without one, coarse
/// copies of the network are laid out first, and minima that nothing joins stand in rows below all others. `observe` may break: the layout so far is returned, not converged.
pub fn network_layout(
    ktn: &KineticTransitionNetwork,
    params: &NetworkLayoutParams,
    earlier: Option<&NetworkLayout>,
    observe: Observe<'_>,
) -> NetworkLayout {
    let springs = Springs::of_network(ktn, params.springs);
    let known = earlier.filter(|layout| ktn.minima().iter().any(|m| layout.place(m.id).is_some()));
    let (places, converged) = match known {
        Some(layout) => {
            let mut places = places_from(ktn, &springs, layout, params.seed);
            let converged = relax(&springs, &mut places, 0.3, params, &mut |done| {
                observe(Progress::new("layout", done as u64, Some(params.max_steps as u64))).is_break()
            });
            (places, converged)
        }
        None => {
            let alone: Vec<usize> = (0..springs.n_points()).filter(|&k| springs.neighbours(k).is_empty()).collect();
            let (mut places, converged) = from_scratch(ktn, springs, params, observe);
            set_below(&mut places, &alone);
            (places, converged)
        }
    };
    NetworkLayout { places: ktn.minima().iter().map(|m| m.id).zip(places).collect(), converged }
}

fn from_scratch(
    ktn: &KineticTransitionNetwork,
    springs: Springs,
    params: &NetworkLayoutParams,
    observe: Observe<'_>,
) -> (Vec<[f64; 2]>, bool) {
    let (coarser, maps) = coarsen(springs);
    let coarsest = coarser.last().expect("the network itself is the first");
    let n_steps = (params.max_steps * coarser.len()) as u64;
    let radius = (coarsest.n_points() as f64).sqrt();
    let mut places: Vec<[f64; 2]> = (0..coarsest.n_points())
        .map(|k| {
            // Only when nothing could be joined is this the network itself, and then its ids make the start stable.
            let key = if maps.is_empty() { u64::from(ktn.minima()[k].id.0) } else { k as u64 };
            scattered(params.seed, key).map(|v| radius * v)
        })
        .collect();
    let mut converged = false;
    for level in (0..coarser.len()).rev() {
        let before = ((coarser.len() - 1 - level) * params.max_steps) as u64;
        let mut stopped = false;
        converged =
            relax(&coarser[level], &mut places, if maps.len() == level { 1.0 } else { 0.5 }, params, &mut |done| {
                stopped = observe(Progress::new("layout", before + done as u64, Some(n_steps))).is_break();
                stopped
            });
        if level > 0 {
            places = refined(&maps[level - 1], &places, params.seed);
        }
        if stopped {
            for map in maps[..level.saturating_sub(1)].iter().rev() {
                places = refined(map, &places, params.seed);
            }
            return (places, false);
        }
    }
    (places, converged)
}

/// Puts the points `alone` in rows, an ideal spring length apart, below all others: no spring says where they belong.
fn set_below(places: &mut [[f64; 2]], alone: &[usize]) {
    let mut others = places.iter().enumerate().filter(|(k, _)| alone.binary_search(k).is_err()).map(|(_, p)| *p);
    let Some(first) = others.next() else { return };
    let (mut left, mut right, mut bottom) = (first[0], first[0], first[1]);
    for [x, y] in others {
        (left, right, bottom) = (left.min(x), right.max(x), bottom.min(y));
    }
    // No wider than what stands above them, and no higher than wide where there are many.
    let n_columns = ((right - left) as usize + 1).max((alone.len() as f64).sqrt().ceil() as usize);
    let middle = f64::midpoint(left, right);
    for (row, points) in alone.chunks(n_columns).enumerate() {
        for (column, &k) in points.iter().enumerate() {
            let across = column as f64 - 0.5 * (points.len() - 1) as f64;
            places[k] = [middle + across, bottom - 1.5 - row as f64];
        }
    }
}

/// Places of the points that `map` joined: both near where their joint copy stands, in a plane that has grown with
/// the number of points.
fn refined(map: &[usize], coarse: &[[f64; 2]], seed: u64) -> Vec<[f64; 2]> {
    let scale = (map.len() as f64 / coarse.len().max(1) as f64).sqrt();
    map.iter()
        .enumerate()
        .map(|(k, &joint)| {
            let nudge = scattered(seed ^ 0x9e37, k as u64);
            [0, 1].map(|axis| scale * coarse[joint][axis] + 0.3 * nudge[axis])
        })
        .collect()
}

fn places_from(ktn: &KineticTransitionNetwork, springs: &Springs, earlier: &NetworkLayout, seed: u64) -> Vec<[f64; 2]> {
    let known: Vec<Option<[f64; 2]>> = ktn.minima().iter().map(|m| earlier.place(m.id)).collect();
    let corners = earlier.corners();
    ktn.minima()
        .iter()
        .enumerate()
        .map(|(k, m)| {
            let random = scattered(seed, u64::from(m.id.0));
            let neighbour = springs.neighbours(k).iter().find_map(|&(other, _)| known[other as usize]);
            let rim = [0, 1].map(|axis| {
                let (middle, half) =
                    (0.5 * (corners[0][axis] + corners[1][axis]), 0.5 * (corners[1][axis] - corners[0][axis]));
                middle + random[axis] * half
            });
            known[k].or(neighbour.map(|at| [at[0] + 0.5 * random[0], at[1] + 0.5 * random[1]])).unwrap_or(rim)
        })
        .collect()
}

/// A point of the square [−1, 1]² that depends only on seed and key (`SplitMix64`).
fn scattered(seed: u64, key: u64) -> [f64; 2] {
    let mix = |mut z: u64| {
        z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let unit = |z: u64| (z >> 11) as f64 / (1_u64 << 53) as f64;
    let a = mix(mix(seed) ^ key);
    [2.0 * unit(a) - 1.0, 2.0 * unit(mix(a)) - 1.0]
}
