//! What is drawn of a merge tree: the kept leaves, joined at exact energies or at levels.

use super::merge_tree::{MergeTree, NodeIndex};
use super::persistence::persistence;
use crate::landscape::{KineticTransitionNetwork, MinimumId};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// At which energies superbasins are seen to join.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Levels {
    /// At the transition states themselves.
    #[default]
    Exact,
    /// At this many equal steps from the lowest kept minimum to the highest merge.
    Count(usize),
    /// At `first` + k · `spacing`, k any integer, in the units of E.
    Spaced {
        /// One of the levels.
        first: f64,
        /// Distance between levels, > 0.
        spacing: f64,
    },
}

/// Which connected components are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Components {
    /// All, single minima included.
    All,
    /// Those with at least two minima; all, if there are none.
    #[default]
    Joined,
    /// Only that of the lowest minimum.
    Lowest,
}

/// Which minima are drawn. Those must pass every test; merge energies between them are those of the whole network.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PruneParams {
    /// Which components are drawn.
    pub components: Components,
    /// Only the bottoms of monotonic sequence basins: minima without a transition state to a lower minimum.
    pub monotonic: bool,
    /// Only minima whose barrier to any deeper minimum is at least this, in the units of E; the lowest of a component
    /// always passes.
    pub min_barrier: Option<f64>,
    /// Of those that pass the other tests, only so many of the lowest.
    pub lowest: Option<usize>,
}

/// Why a graph could not be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GraphError {
    /// The levels are not usable.
    #[error(
        "the levels of a disconnectivity graph need a finite first energy and a finite spacing > 0, found {first} and {spacing}"
    )]
    Levels {
        /// The level given.
        first: f64,
        /// The spacing given.
        spacing: f64,
    },
    /// No levels were asked for.
    #[error("a disconnectivity graph needs at least one level, found 0")]
    NoLevels,
    /// The barrier is not a number.
    #[error("the smallest barrier to keep must be a number, found {0}")]
    Barrier(f64),
}

/// A leaf or a superbasin of the graph.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphNode {
    /// Energy of the minimum, or the energy (level) at which the children join.
    pub energy: f64,
    /// The node above, if any.
    pub parent: Option<usize>,
    /// The superbasins that join here, the deepest first; empty for a leaf.
    pub children: Vec<usize>,
    /// The lowest minimum of the superbasin; for a leaf, the minimum itself.
    pub lowest: MinimumId,
    /// Number of leaves below (1 for a leaf).
    pub n_leaves: usize,
}

impl GraphNode {
    /// Whether this is a minimum.
    pub fn is_leaf(&self) -> bool {
        self.children.is_empty()
    }
}

/// The part of a merge tree that is drawn; children come before their parents in `nodes`.
#[derive(Debug, Clone, PartialEq)]
pub struct DisconnectivityGraph {
    /// Leaves and superbasins.
    pub nodes: Vec<GraphNode>,
    /// The top node of each drawn component, the one with the lowest minimum first.
    pub roots: Vec<usize>,
    /// The lowest minimum of the network, drawn or not.
    pub lowest: Option<MinimumId>,
    /// Distance between levels, if there are any.
    pub level_spacing: Option<f64>,
    /// Minima of the network.
    pub n_minima: usize,
    /// Connected components of the network.
    pub n_components: usize,
    /// How many of these are single minima.
    pub n_isolated: usize,
    /// Leaves that lie above the superbasin they join, which no sound network has: its points are badly converged.
    pub n_inverted: usize,
}

impl DisconnectivityGraph {
    /// Prunes a network's merge tree and joins it at levels.
    ///
    /// # Errors
    /// When the levels or the barrier are not usable.
    pub fn new(
        ktn: &KineticTransitionNetwork,
        tree: &MergeTree,
        levels: Levels,
        prune: &PruneParams,
    ) -> Result<Self, GraphError> {
        let kept = kept_leaves(ktn, tree, prune)?;
        let grid = LevelGrid::new(tree, &kept, levels)?;
        let mut graph = Self {
            nodes: Vec::new(),
            roots: Vec::new(),
            lowest: tree.roots().first().map(|&root| tree.minimum_id(tree.lowest(root))),
            level_spacing: grid.map(|grid| grid.spacing),
            n_minima: tree.n_minima(),
            n_components: tree.roots().len(),
            n_isolated: tree.roots().iter().filter(|&&root| tree.n_minima_below(root) == 1).count(),
            n_inverted: 0,
        };
        graph.contract(tree, &kept, grid);
        graph.n_inverted = graph.count_inverted();
        Ok(graph)
    }

    /// Number of minima drawn.
    pub fn n_leaves(&self) -> usize {
        self.roots.iter().map(|&root| self.nodes[root].n_leaves).sum()
    }

    /// Copies the tree without the minima that are not kept and without the merges that no longer join anything.
    fn contract(&mut self, tree: &MergeTree, kept: &[bool], grid: Option<LevelGrid>) {
        let mut copy: Vec<Option<usize>> = vec![None; tree.n_nodes()];
        let mut absorbed = Vec::new();
        for node in 0..tree.n_nodes() {
            copy[node] = match tree.merge(node) {
                None => kept[node]
                    .then(|| self.push(tree.energy(node), Vec::new(), tree.minimum_id(node), 1, &mut absorbed)),
                Some(merge) => match merge.children.map(|child| copy[child]) {
                    [None, None] => None,
                    [Some(only), None] | [None, Some(only)] => Some(only),
                    [Some(a), Some(b)] => {
                        let energy = grid.map_or(merge.energy, |grid| grid.at_or_above(merge.energy));
                        Some(self.join(tree, energy, a, b, &mut absorbed))
                    }
                },
            };
        }
        self.roots = tree.roots().iter().filter_map(|&root| copy[root]).collect();
        self.drop_absorbed(&absorbed);
        let rank = |nodes: &[GraphNode], node: usize| leaf_rank(tree, nodes[node].lowest);
        for node in 0..self.nodes.len() {
            let mut children = std::mem::take(&mut self.nodes[node].children);
            children.sort_by_key(|&child| rank(&self.nodes, child));
            for &child in &children {
                self.nodes[child].parent = Some(node);
            }
            self.nodes[node].children = children;
        }
        let mut roots = std::mem::take(&mut self.roots);
        roots.sort_by_key(|&root| rank(&self.nodes, root));
        self.roots = roots;
    }

    /// Joins two superbasins; one that joined at the very same energy is opened, so that the node has many children.
    fn join(&mut self, tree: &MergeTree, energy: f64, a: usize, b: usize, absorbed: &mut Vec<bool>) -> usize {
        let mut lists = [a, b].map(|child| {
            let node = &mut self.nodes[child];
            if !node.is_leaf() && node.energy == energy {
                absorbed[child] = true;
                std::mem::take(&mut node.children)
            } else {
                vec![child]
            }
        });
        lists.sort_by_key(|list| Reverse(list.len()));
        let [mut children, fewer] = lists;
        children.extend(fewer);
        let lowest = [a, b].map(|child| self.nodes[child].lowest);
        let lowest = if leaf_rank(tree, lowest[0]) <= leaf_rank(tree, lowest[1]) { lowest[0] } else { lowest[1] };
        let n_leaves = self.nodes[a].n_leaves + self.nodes[b].n_leaves;
        self.push(energy, children, lowest, n_leaves, absorbed)
    }

    fn push(
        &mut self,
        energy: f64,
        children: Vec<usize>,
        lowest: MinimumId,
        n_leaves: usize,
        absorbed: &mut Vec<bool>,
    ) -> usize {
        self.nodes.push(GraphNode { energy, parent: None, children, lowest, n_leaves });
        absorbed.push(false);
        self.nodes.len() - 1
    }

    fn drop_absorbed(&mut self, absorbed: &[bool]) {
        let mut next = 0;
        let new_index: Vec<usize> = absorbed
            .iter()
            .map(|&gone| {
                next += usize::from(!gone);
                next.saturating_sub(1)
            })
            .collect();
        let mut gone = absorbed.iter();
        self.nodes.retain(|_| !gone.next().expect("one mark a node"));
        for node in &mut self.nodes {
            for child in &mut node.children {
                *child = new_index[*child];
            }
        }
        for root in &mut self.roots {
            *root = new_index[*root];
        }
    }

    fn count_inverted(&self) -> usize {
        let above = |node: &GraphNode| node.parent.is_some_and(|parent| node.energy > self.nodes[parent].energy);
        self.nodes.iter().filter(|node| node.is_leaf() && above(node)).count()
    }
}

fn leaf_rank(tree: &MergeTree, id: MinimumId) -> impl Ord + use<> {
    tree.rank(tree.leaf(id).expect("the graph holds only minima of its tree"))
}

/// Which leaves pass, beside the leaves of the tree.
fn kept_leaves(ktn: &KineticTransitionNetwork, tree: &MergeTree, prune: &PruneParams) -> Result<Vec<bool>, GraphError> {
    let mut kept = leaves_of_components(tree, prune.components);
    if prune.monotonic {
        for (leaf, m) in ktn.minima().iter().enumerate() {
            let lower = |id| tree.rank(tree.leaf(id).expect("every end is a minimum held")) < tree.rank(leaf);
            kept[leaf] &= !ktn.transition_states_of(m.id).any(|t| t.other_end(m.id).is_some_and(lower));
        }
    }
    if let Some(least) = prune.min_barrier {
        if least.is_nan() {
            return Err(GraphError::Barrier(least));
        }
        for (kept, p) in kept.iter_mut().zip(persistence(tree)) {
            *kept &= p.to_deeper.is_none_or(|escape| escape.barrier >= least);
        }
    }
    if let Some(lowest) = prune.lowest {
        let mut leaves: Vec<NodeIndex> = (0..tree.n_minima()).filter(|&leaf| kept[leaf]).collect();
        leaves.sort_by_key(|&leaf| tree.rank(leaf));
        for &leaf in leaves.iter().skip(lowest) {
            kept[leaf] = false;
        }
    }
    Ok(kept)
}

fn leaves_of_components(tree: &MergeTree, components: Components) -> Vec<bool> {
    let any_joined = tree.roots().iter().any(|&root| tree.n_minima_below(root) > 1);
    let drawn = |root: NodeIndex| match components {
        Components::All => true,
        Components::Joined => !any_joined || tree.n_minima_below(root) > 1,
        Components::Lowest => tree.roots().first() == Some(&root),
    };
    let mut kept = vec![false; tree.n_nodes()];
    for node in (0..tree.n_nodes()).rev() {
        kept[node] = tree.parent(node).map_or_else(|| drawn(node), |parent| kept[parent]);
    }
    kept.truncate(tree.n_minima());
    kept
}

/// Levels as numbers.
#[derive(Debug, Clone, Copy)]
struct LevelGrid {
    first: f64,
    spacing: f64,
}

impl LevelGrid {
    fn new(tree: &MergeTree, kept: &[bool], levels: Levels) -> Result<Option<Self>, GraphError> {
        let (first, spacing) = match levels {
            Levels::Exact => return Ok(None),
            Levels::Count(0) => return Err(GraphError::NoLevels),
            Levels::Count(n) => {
                let energies = (0..tree.n_minima()).filter(|&leaf| kept[leaf]).map(|leaf| tree.energy(leaf));
                let first = energies.fold(f64::INFINITY, f64::min);
                let last = tree.merges().last().map_or(first, |merge| merge.energy);
                if last <= first {
                    return Ok(None); // nothing to join, or nothing above the minima to put levels in
                }
                (first, (last - first) / n as f64)
            }
            Levels::Spaced { first, spacing } => (first, spacing),
        };
        if first.is_finite() && spacing.is_finite() && spacing > 0.0 {
            Ok(Some(Self { first, spacing }))
        } else {
            Err(GraphError::Levels { first, spacing })
        }
    }

    /// The lowest level that is not below `energy`.
    fn at_or_above(self, energy: f64) -> f64 {
        // The last level of `Levels::Count` is a merge energy itself: rounding must not lift it by a level.
        const ROUNDING: f64 = 1e-9;
        self.first + self.spacing * ((energy - self.first) / self.spacing - ROUNDING).ceil()
    }
}
