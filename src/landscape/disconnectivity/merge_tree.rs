//! The exact merge tree: in what order and at which energies the minima of a network join.

use crate::landscape::{KineticTransitionNetwork, MinimumId, TransitionStateId};

/// Position of a node in [`MergeTree`]: the first `n_minima` are the minima, in the order of the network.
pub type NodeIndex = usize;

/// Two superbasins become one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Merge {
    /// The energy of the transition state that joins them.
    pub energy: f64,
    /// That transition state: the lowest one between the two superbasins, the lowest id among equals.
    pub transition_state: TransitionStateId,
    /// The superbasin with the deeper minimum, then the other one.
    pub children: [NodeIndex; 2],
    /// The lowest minimum of the joined superbasin, as a leaf.
    pub lowest: NodeIndex,
    /// Number of minima in the joined superbasin.
    pub n_minima: usize,
}

/// All merges of a network, lowest first; a binary forest with one tree per connected component.
///
/// Built by joining the ends of the transition states in order of energy (Kruskal), O(M log M). “Lower” between
/// minima of equal energy means the smaller id, so that every answer is unique.
#[derive(Debug, Clone, PartialEq)]
pub struct MergeTree {
    ids: Vec<MinimumId>,
    energies: Vec<f64>,
    merges: Vec<Merge>,
    roots: Vec<NodeIndex>,
    /// Beside the nodes: the node that joins it with another, if any.
    parents: Vec<Option<NodeIndex>>,
    /// Union by size without path compression, so at most log₂ N links long: the leaf it was linked to, and by which
    /// merge. The energies along the links from a leaf rise.
    links: Vec<Option<(usize, usize)>>,
}

impl MergeTree {
    /// Builds the tree of a network.
    pub fn new(ktn: &KineticTransitionNetwork) -> Self {
        let n = ktn.minima().len();
        let mut by_energy: Vec<_> = ktn.transition_states().iter().filter(|t| !t.is_degenerate()).collect();
        by_energy.sort_by(|a, b| a.energy.total_cmp(&b.energy)); // stable: ties keep the order of ids
        let mut tree = Self {
            ids: ktn.minima().iter().map(|m| m.id).collect(),
            energies: ktn.minima().iter().map(|m| m.energy).collect(),
            merges: Vec::new(),
            roots: Vec::new(),
            parents: vec![None; n],
            links: vec![None; n],
        };
        let mut sizes = vec![1_usize; n];
        let mut node_of: Vec<NodeIndex> = (0..n).collect(); // by representative leaf
        for t in by_energy {
            let leaf = |id| ktn.minimum_position(id).expect("every end of a transition state is a minimum held");
            let mut a = tree.representative(leaf(t.minima.0));
            let mut b = tree.representative(leaf(t.minima.1));
            if a == b {
                continue;
            }
            if sizes[a] < sizes[b] {
                std::mem::swap(&mut a, &mut b);
            }
            let node = tree.push_merge(t.energy, t.id, node_of[a], node_of[b]);
            tree.links[b] = Some((a, node - n));
            sizes[a] += sizes[b];
            node_of[a] = node;
        }
        let mut roots: Vec<_> = (0..tree.n_nodes()).filter(|&node| tree.parents[node].is_none()).collect();
        roots.sort_by_key(|&node| tree.rank(tree.lowest(node)));
        tree.roots = roots;
        tree
    }

    /// Number of minima, which are the leaves.
    pub fn n_minima(&self) -> usize {
        self.ids.len()
    }

    /// Number of leaves and merges together.
    pub fn n_nodes(&self) -> usize {
        self.ids.len() + self.merges.len()
    }

    /// The merges, lowest energy first.
    pub fn merges(&self) -> &[Merge] {
        &self.merges
    }

    /// The top node of each connected component, the one with the lowest minimum first.
    pub fn roots(&self) -> &[NodeIndex] {
        &self.roots
    }

    /// The merge at a node, or `None` when the node is a minimum.
    pub fn merge(&self, node: NodeIndex) -> Option<&Merge> {
        node.checked_sub(self.n_minima()).map(|merge| &self.merges[merge])
    }

    /// The node that joins this one with another, if any does.
    pub fn parent(&self, node: NodeIndex) -> Option<NodeIndex> {
        self.parents[node]
    }

    /// The energy of a leaf or of a merge.
    pub fn energy(&self, node: NodeIndex) -> f64 {
        self.merge(node).map_or_else(|| self.energies[node], |merge| merge.energy)
    }

    /// The lowest minimum below a node, as a leaf.
    pub fn lowest(&self, node: NodeIndex) -> NodeIndex {
        self.merge(node).map_or(node, |merge| merge.lowest)
    }

    /// Number of minima below a node.
    pub fn n_minima_below(&self, node: NodeIndex) -> usize {
        self.merge(node).map_or(1, |merge| merge.n_minima)
    }

    /// The minimum at a leaf.
    pub fn minimum_id(&self, leaf: NodeIndex) -> MinimumId {
        self.ids[leaf]
    }

    /// The leaf of a minimum; O(log N).
    pub fn leaf(&self, id: MinimumId) -> Option<NodeIndex> {
        self.ids.binary_search(&id).ok()
    }

    /// The merge in which two leaves first lie in one superbasin: the minimax barrier between them. `None` when no
    /// path joins them, or when they are the same. O(log N).
    pub fn merge_between(&self, a: NodeIndex, b: NodeIndex) -> Option<&Merge> {
        let (mut a, mut b) = (a, b);
        let mut last = None;
        while a != b {
            // Follow the link that was made first: a leaf's representative changes at that merge and not before.
            let next = match (self.links[a], self.links[b]) {
                (None, None) => return None,
                (Some(link), None) => (&mut a, link),
                (None, Some(link)) => (&mut b, link),
                (Some(of_a), Some(of_b)) if of_a.1 < of_b.1 => (&mut a, of_a),
                (Some(_), Some(of_b)) => (&mut b, of_b),
            };
            let (side, (to, merge)) = next;
            *side = to;
            last = Some(merge);
        }
        last.map(|merge| &self.merges[merge])
    }

    /// The energy at which two minima join; a minimum joins itself at its own energy. `None` when no path joins them
    /// or an id is unknown.
    pub fn merge_energy(&self, a: MinimumId, b: MinimumId) -> Option<f64> {
        let (a, b) = (self.leaf(a)?, self.leaf(b)?);
        if a == b { Some(self.energies[a]) } else { self.merge_between(a, b).map(|merge| merge.energy) }
    }

    /// The basin of each minimum when the landscape is filled up to `energy`, beside the minima of the network: the
    /// lowest minimum of its basin, or `None` for a minimum that lies above `energy`.
    ///
    /// A transition state of exactly `energy` joins its basins.
    pub fn basins_at(&self, energy: f64) -> Vec<Option<MinimumId>> {
        let mut basin = vec![None; self.n_nodes()];
        for node in (0..self.n_nodes()).rev() {
            let inherited = self.parents[node].and_then(|parent| basin[parent]);
            let opens = self.energy(node) <= energy;
            basin[node] = inherited.or_else(|| opens.then(|| self.ids[self.lowest(node)]));
        }
        basin.truncate(self.n_minima());
        for (basin, minimum) in basin.iter_mut().zip(&self.energies) {
            if *minimum > energy {
                *basin = None;
            }
        }
        basin
    }

    /// The position of a minimum among all when sorted by energy, then id: a key that is never equal for two.
    pub(crate) fn rank(&self, leaf: NodeIndex) -> (OrderedEnergy, NodeIndex) {
        (OrderedEnergy(self.energies[leaf]), leaf)
    }

    fn representative(&self, leaf: usize) -> usize {
        let mut leaf = leaf;
        while let Some((next, _)) = self.links[leaf] {
            leaf = next;
        }
        leaf
    }

    fn push_merge(
        &mut self,
        energy: f64,
        transition_state: TransitionStateId,
        a: NodeIndex,
        b: NodeIndex,
    ) -> NodeIndex {
        let node = self.n_nodes();
        let (deep, other) = if self.rank(self.lowest(a)) <= self.rank(self.lowest(b)) { (a, b) } else { (b, a) };
        self.merges.push(Merge {
            energy,
            transition_state,
            children: [deep, other],
            lowest: self.lowest(deep),
            n_minima: self.n_minima_below(a) + self.n_minima_below(b),
        });
        self.parents[a] = Some(node);
        self.parents[b] = Some(node);
        self.parents.push(None);
        node
    }
}

/// A finite energy as a sort key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct OrderedEnergy(pub f64);

impl Eq for OrderedEnergy {}

impl PartialOrd for OrderedEnergy {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for OrderedEnergy {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}
