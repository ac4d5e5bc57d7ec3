//! A disconnectivity graph as line segments.

use super::graph::DisconnectivityGraph;
use crate::landscape::MinimumId;
use serde::{Deserialize, Serialize};

/// How a branch goes from its superbasin down to the next one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BranchStyle {
    /// A slanted piece, then a vertical one: the published look.
    Slanted,
    /// A horizontal piece, then a vertical one.
    Square,
}

/// In which order siblings stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeafOrder {
    /// The deepest superbasin in the middle, the others beside it on the side that has fewer leaves.
    #[default]
    Balanced,
    /// The deepest superbasin at the left.
    Deepest,
    /// The superbasin with the most leaves at the left.
    Largest,
}

/// How a graph is laid out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LayoutParams {
    /// The look of the branches.
    pub style: BranchStyle,
    /// In which order siblings stand.
    pub order: LeafOrder,
    /// Height of the slanted piece as a fraction of the whole energy range, in [0, 1]; a graph with levels slants
    /// over one level instead.
    pub slant: f64,
    /// Space between components, in leaves, ≥ 0.
    pub component_gap: f64,
}

impl Default for LayoutParams {
    fn default() -> Self {
        Self { style: BranchStyle::Slanted, order: LeafOrder::Balanced, slant: 0.03, component_gap: 1.0 }
    }
}

/// A straight piece of a branch, from its upper to its lower end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Upper end: (place in leaves, energy).
    pub from: [f64; 2],
    /// Lower end: (place in leaves, energy).
    pub to: [f64; 2],
    /// The node of the graph that the branch leads to.
    pub node: usize,
}

/// Where a minimum stands.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LeafMark {
    /// The minimum.
    pub minimum: MinimumId,
    /// The node of the graph.
    pub node: usize,
    /// Place across, in leaves: the k-th from the left stands at k + ½, plus the gaps between components.
    pub x: f64,
    /// Energy.
    pub energy: f64,
}

/// A graph as line segments in (leaves, energy) coordinates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TreeLayout {
    /// The pieces of all branches; no two cross.
    pub segments: Vec<Segment>,
    /// The minima, from left to right.
    pub leaves: Vec<LeafMark>,
    /// Beside the nodes of the graph: where each is drawn.
    pub nodes: Vec<[f64; 2]>,
    /// Whole width, in leaves.
    pub width: f64,
    /// Lowest and highest energy drawn; the stems of the components end at the highest.
    pub energy_range: [f64; 2],
}

impl TreeLayout {
    /// Lays a graph out. Every leaf is one unit wide; a superbasin stands above the middle of its leaves, and among its
    /// siblings as [`LeafOrder`] says.
    ///
    /// O(N log N), and iterative: a tree may be as deep as it has leaves.
    pub fn new(graph: &DisconnectivityGraph, params: &LayoutParams) -> Self {
        let heights = drawn_heights(graph);
        let energy_range = energy_range(graph, &heights);
        let order = leaves_from_left(graph, params.order);
        let mut layout = Self {
            segments: Vec::with_capacity(2 * graph.nodes.len()),
            leaves: Vec::with_capacity(order.len()),
            nodes: vec![[0.0; 2]; graph.nodes.len()],
            width: 0.0,
            energy_range,
        };
        layout.place_leaves(graph, &order, params.component_gap.max(0.0));
        layout.place_superbasins(graph, &heights);
        let slant = graph.level_spacing.unwrap_or(params.slant.clamp(0.0, 1.0) * (energy_range[1] - energy_range[0]));
        layout.draw_stems(graph);
        for node in 0..graph.nodes.len() {
            layout.draw_branches(graph, node, if params.style == BranchStyle::Square { 0.0 } else { slant });
        }
        layout
    }

    fn place_leaves(&mut self, graph: &DisconnectivityGraph, order: &[(usize, usize)], gap: f64) {
        let mut x = 0.0;
        let mut component = order.first().map(|&(_, root)| root);
        for &(node, root) in order {
            if component != Some(root) {
                component = Some(root);
                x += gap;
            }
            let energy = graph.nodes[node].energy;
            self.leaves.push(LeafMark { minimum: graph.nodes[node].lowest, node, x: x + 0.5, energy });
            self.nodes[node] = [x + 0.5, energy];
            x += 1.0;
        }
        self.width = x;
    }

    fn place_superbasins(&mut self, graph: &DisconnectivityGraph, heights: &[f64]) {
        // Each node's leaves are side by side, so the middle of its outermost ones is the middle of all.
        let mut extent: Vec<[f64; 2]> = self.nodes.iter().map(|place| [place[0]; 2]).collect();
        for (node, data) in graph.nodes.iter().enumerate().filter(|(_, data)| !data.is_leaf()) {
            let low = data.children.iter().map(|&child| extent[child][0]).fold(f64::INFINITY, f64::min);
            let high = data.children.iter().map(|&child| extent[child][1]).fold(f64::NEG_INFINITY, f64::max);
            extent[node] = [low, high];
            self.nodes[node] = [0.5 * (low + high), heights[node]];
        }
    }

    fn draw_stems(&mut self, graph: &DisconnectivityGraph) {
        for &root in &graph.roots {
            let [x, energy] = self.nodes[root];
            self.push_segment([x, self.energy_range[1]], [x, energy], root);
        }
    }

    fn draw_branches(&mut self, graph: &DisconnectivityGraph, node: usize, slant: f64) {
        let from = self.nodes[node];
        let children = &graph.nodes[node].children;
        // A sibling's own branches begin below its place: the slanted pieces must end above all of those.
        let highest_sibling = children.iter().filter(|&&child| !graph.nodes[child].is_leaf());
        let highest_sibling = highest_sibling.map(|&child| self.nodes[child][1]).fold(f64::NEG_INFINITY, f64::max);
        let kink = (from[1] - slant).max(highest_sibling);
        for &child in children {
            let to = self.nodes[child];
            let corner = [to[0], kink.max(to[1]).min(from[1])];
            self.push_segment(from, corner, child);
            self.push_segment(corner, to, child);
        }
    }

    fn push_segment(&mut self, from: [f64; 2], to: [f64; 2], node: usize) {
        if from != to {
            self.segments.push(Segment { from, to, node });
        }
    }
}

/// The height at which each node is drawn: its energy, or that of its highest child where that is above it (which
/// only happens to badly converged points, counted in `n_inverted`).
fn drawn_heights(graph: &DisconnectivityGraph) -> Vec<f64> {
    let mut heights: Vec<f64> = graph.nodes.iter().map(|node| node.energy).collect();
    for (node, data) in graph.nodes.iter().enumerate() {
        for &child in &data.children {
            heights[node] = heights[node].max(heights[child]);
        }
    }
    heights
}

fn energy_range(graph: &DisconnectivityGraph, heights: &[f64]) -> [f64; 2] {
    /// How far the stems stand out above the highest merge, as a fraction of the range.
    const HEADROOM: f64 = 0.04;
    let low = graph.nodes.iter().map(|node| node.energy).fold(f64::INFINITY, f64::min);
    let high = heights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if low > high {
        return [0.0, 1.0]; // no minimum at all
    }
    let range = if high > low { high - low } else { low.abs().max(1.0) };
    [low, high + graph.level_spacing.unwrap_or(0.0).max(HEADROOM * range)]
}

/// The leaves from left to right, each with the root of its component.
fn leaves_from_left(graph: &DisconnectivityGraph, order: LeafOrder) -> Vec<(usize, usize)> {
    let ordered_siblings = |siblings: &[usize], sides: &[[usize; 2]]| match order {
        LeafOrder::Balanced => around_the_deepest(graph, siblings, sides),
        // Siblings come deepest first.
        LeafOrder::Deepest => (siblings.to_vec(), [0; 2]),
        LeafOrder::Largest => {
            let mut siblings = siblings.to_vec();
            siblings.sort_by_key(|&node| std::cmp::Reverse(graph.nodes[node].n_leaves));
            (siblings, [0; 2])
        }
    };
    let mut sides: Vec<[usize; 2]> = vec![[0; 2]; graph.nodes.len()];
    let mut ordered: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    for (node, data) in graph.nodes.iter().enumerate() {
        if !data.is_leaf() {
            (ordered[node], sides[node]) = ordered_siblings(&data.children, &sides);
        }
    }
    let (roots, _) = ordered_siblings(&graph.roots, &sides);
    let mut leaves = Vec::new();
    let mut stack: Vec<(usize, usize)> = roots.into_iter().rev().map(|root| (root, root)).collect();
    while let Some((node, root)) = stack.pop() {
        if graph.nodes[node].is_leaf() {
            leaves.push((node, root));
        }
        stack.extend(ordered[node].iter().rev().map(|&child| (child, root)));
    }
    leaves
}

/// Siblings from left to right, and how many leaves then stand left and right of the deepest leaf of all.
///
/// `siblings` come deepest first; the others are set beside it in that order, larger superbasins first, each on the
/// side that has fewer leaves so far.
fn around_the_deepest(
    graph: &DisconnectivityGraph,
    siblings: &[usize],
    sides: &[[usize; 2]],
) -> (Vec<usize>, [usize; 2]) {
    let Some((&deepest, others)) = siblings.split_first() else {
        return (Vec::new(), [0; 2]);
    };
    let mut others = others.to_vec();
    others.sort_by_key(|&node| std::cmp::Reverse(graph.nodes[node].n_leaves)); // stable: ties stay deepest first
    let [mut left_leaves, mut right_leaves] = sides[deepest];
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for node in others {
        if left_leaves < right_leaves {
            left_leaves += graph.nodes[node].n_leaves;
            left.push(node);
        } else {
            right_leaves += graph.nodes[node].n_leaves;
            right.push(node);
        }
    }
    left.reverse();
    left.push(deepest);
    left.extend(right);
    (left, [left_leaves, right_leaves])
}
