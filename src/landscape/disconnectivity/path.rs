//! The lowest-barrier path between two minima.

use super::merge_tree::{MergeTree, OrderedEnergy};
use crate::landscape::{KineticTransitionNetwork, MinimumId, TransitionState, TransitionStateId};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A stationary point on a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PointId {
    /// A minimum.
    Minimum(MinimumId),
    /// A transition state.
    TransitionState(TransitionStateId),
}

/// One stationary point of a path.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PathPoint {
    /// Which one.
    pub point: PointId,
    /// Its energy.
    pub energy: f64,
    /// Length of the path up to here: straight lines between successive points, in the units of x.
    pub length: f64,
}

/// The lowest-barrier path between two minima.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LowestPath {
    /// Minimum, transition state, minimum, …, minimum; one point when start and end are the same.
    pub points: Vec<PathPoint>,
    /// The highest transition state on it; the first of equals. `None` when start and end are the same.
    pub bottleneck: Option<TransitionStateId>,
    /// max(0, E of the bottleneck − E of the start).
    pub barrier_forward: f64,
    /// max(0, E of the bottleneck − E of the end).
    pub barrier_back: f64,
    /// Length of the whole path, in the units of x.
    pub length: f64,
}

/// Why there is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The network does not hold one of the minima.
    #[error("could not look for a path: the network holds no minimum {0}")]
    UnknownMinimum(MinimumId),
    /// The minima lie in different components.
    #[error(
        "no path joins the minima {from} and {to}: they lie in different components, of {size_from} and {size_to} \
         minima; search for more transition states between them"
    )]
    Disconnected {
        /// The start.
        from: MinimumId,
        /// The end.
        to: MinimumId,
        /// Number of minima in the component of the start.
        size_from: usize,
        /// Number of minima in the component of the end.
        size_to: usize,
    },
}

/// The path from one minimum to another whose highest transition state is lowest, and among those the shortest.
///
/// The bottleneck comes from the merge tree; Dijkstra's algorithm then finds the shortest path over the transition
/// states that are not above it. Of parallel transition states the one that fits both is taken; degenerate ones lead
/// nowhere. O(M log M).
///
/// # Errors
/// When a minimum is unknown, or no path joins them.
pub fn lowest_barrier_path(
    ktn: &KineticTransitionNetwork,
    tree: &MergeTree,
    from: MinimumId,
    to: MinimumId,
) -> Result<LowestPath, PathError> {
    let start = ktn.minimum_position(from).ok_or(PathError::UnknownMinimum(from))?;
    let end = ktn.minimum_position(to).ok_or(PathError::UnknownMinimum(to))?;
    if start == end {
        return Ok(walk(ktn, start, &[]));
    }
    let Some(merge) = tree.merge_between(start, end) else {
        let size = |leaf| component_size(tree, leaf);
        return Err(PathError::Disconnected { from, to, size_from: size(start), size_to: size(end) });
    };
    Ok(walk(ktn, start, &shortest_below(ktn, start, end, merge.energy)))
}

/// The minimum that joins `from` at the highest energy: the end of the path with the highest barrier; the first of equals.
/// `from` itself where nothing is joined to it.
pub fn hardest_to_reach(ktn: &KineticTransitionNetwork, tree: &MergeTree, from: MinimumId) -> MinimumId {
    let mut best = (f64::NEG_INFINITY, from);
    for m in ktn.minima().iter().filter(|m| m.id != from) {
        if let Some(energy) = tree.merge_energy(from, m.id).filter(|e| *e > best.0) {
            best = (energy, m.id);
        }
    }
    best.1
}

/// The lowest minimum that a path can leave; the lowest of all where none can, and `None` in an empty network.
pub fn lowest_joined(ktn: &KineticTransitionNetwork) -> Option<MinimumId> {
    let is_joined = |id| ktn.transition_states_of(id).any(|t| !t.is_degenerate());
    let keyed = ktn.minima().iter().map(|m| (!is_joined(m.id), m.energy, m.id));
    keyed.min_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))).map(|(_, _, id)| id)
}

/// The transition states of the shortest path from `start` to `end` (positions) that stay at or below `ceiling`.
fn shortest_below(ktn: &KineticTransitionNetwork, start: usize, end: usize, ceiling: f64) -> Vec<TransitionStateId> {
    let mut length = vec![f64::INFINITY; ktn.minima().len()];
    let mut came_by: Vec<Option<(usize, TransitionStateId)>> = vec![None; ktn.minima().len()];
    let mut queue = BinaryHeap::from([Reverse((OrderedEnergy(0.0), start))]);
    length[start] = 0.0;
    while let Some(Reverse((OrderedEnergy(so_far), at))) = queue.pop() {
        if at == end {
            break;
        }
        if so_far > length[at] {
            continue;
        }
        let m = &ktn.minima()[at];
        for t in ktn.transition_states_of(m.id).filter(|t| t.energy <= ceiling && !t.is_degenerate()) {
            let other = t.other_end(m.id).expect("it was listed at this minimum");
            let next = ktn.minimum_position(other).expect("every end is a minimum held");
            let total = so_far + distance(&m.x, &t.x) + distance(&t.x, &ktn.minima()[next].x);
            if total < length[next] {
                length[next] = total;
                came_by[next] = Some((at, t.id));
                queue.push(Reverse((OrderedEnergy(total), next)));
            }
        }
    }
    let mut steps = Vec::new();
    let mut at = end;
    while let Some((before, t)) = came_by[at] {
        steps.push(t);
        at = before;
    }
    steps.reverse();
    steps
}

/// Walks from `start` over the given transition states and notes energies and lengths.
fn walk(ktn: &KineticTransitionNetwork, start: usize, steps: &[TransitionStateId]) -> LowestPath {
    let mut m = &ktn.minima()[start];
    let first = m;
    let mut length = 0.0;
    let mut points = vec![PathPoint { point: PointId::Minimum(m.id), energy: m.energy, length }];
    let mut highest: Option<&TransitionState> = None;
    for &id in steps {
        let t = ktn.transition_state(id).expect("the path is made of transition states held");
        length += distance(&m.x, &t.x);
        points.push(PathPoint { point: PointId::TransitionState(id), energy: t.energy, length });
        m = ktn.minimum(t.other_end(m.id).expect("the path is joined")).expect("every end is a minimum held");
        length += distance(&t.x, &m.x);
        points.push(PathPoint { point: PointId::Minimum(m.id), energy: m.energy, length });
        if highest.is_none_or(|h| t.energy > h.energy) {
            highest = Some(t);
        }
    }
    let barrier = |energy: f64| highest.map_or(0.0, |t| (t.energy - energy).max(0.0));
    LowestPath {
        points,
        bottleneck: highest.map(|t| t.id),
        barrier_forward: barrier(first.energy),
        barrier_back: barrier(m.energy),
        length,
    }
}

fn component_size(tree: &MergeTree, leaf: usize) -> usize {
    let mut node = leaf;
    while let Some(parent) = tree.parent(node) {
        node = parent;
    }
    tree.n_minima_below(node)
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}
