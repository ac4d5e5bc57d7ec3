//! Persistence: how high the landscape must be filled before a minimum is no longer the lowest of its basin.

use super::merge_tree::{Merge, MergeTree};
use crate::landscape::{MinimumId, TransitionStateId};
use serde::{Deserialize, Serialize};

/// The way out of a minimum to another one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Escape {
    /// The minimum reached.
    pub to: MinimumId,
    /// The highest transition state of the lowest way there.
    pub transition_state: TransitionStateId,
    /// Its energy.
    pub merge_energy: f64,
    /// max(0, `merge_energy` − E of the minimum).
    pub barrier: f64,
}

/// How persistent a minimum is, in the two senses in use.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Persistence {
    /// The minimum.
    pub minimum: MinimumId,
    /// The lowest way to any deeper minimum: topological persistence. `None` for the lowest of its component.
    pub to_deeper: Option<Escape>,
    /// The lowest way to the lowest minimum of its component. `None` for that minimum itself.
    pub to_lowest: Option<Escape>,
}

/// The persistence of every minimum, in the order of the network; O(N).
///
/// “Deeper” between equal energies means the smaller id. [`Escape::to`] of `to_deeper` is the lowest minimum of the
/// basin that is reached first.
pub fn persistence(tree: &MergeTree) -> Vec<Persistence> {
    let n = tree.n_minima();
    let mut to_deeper: Vec<Option<usize>> = vec![None; n];
    let mut to_lowest: Vec<Option<usize>> = vec![None; tree.n_nodes()];
    for (k, merge) in tree.merges().iter().enumerate().rev() {
        let [deep, other] = merge.children;
        to_deeper[tree.lowest(other)] = Some(k);
        to_lowest[deep] = to_lowest[n + k];
        to_lowest[other] = to_lowest[n + k].or(Some(k));
    }
    let escape = |leaf: usize, k: Option<usize>| {
        k.map(|k| {
            let merge: &Merge = &tree.merges()[k];
            Escape {
                to: tree.minimum_id(merge.lowest),
                transition_state: merge.transition_state,
                merge_energy: merge.energy,
                barrier: (merge.energy - tree.energy(leaf)).max(0.0),
            }
        })
    };
    (0..n)
        .map(|leaf| Persistence {
            minimum: tree.minimum_id(leaf),
            to_deeper: escape(leaf, to_deeper[leaf]),
            to_lowest: escape(leaf, to_lowest[leaf]),
        })
        .collect()
}
