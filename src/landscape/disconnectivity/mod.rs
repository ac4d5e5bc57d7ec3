//! Disconnectivity graphs: how the minima of a network join as the landscape is filled.
//!
//! [`MergeTree`] is exact and complete, one leaf a minimum. [`DisconnectivityGraph`] is what is drawn: the leaves that
//! a [`PruneParams`] keeps, joined at exact energies or at levels. [`TreeLayout`] turns that into line segments in
//! (leaf, energy) coordinates, and [`svg`] turns those into a document. Colours and pixels on screen are not here.
//!
//! Source: Becker and Karplus, J. Chem. Phys. 106, 1495 (1997), doi:10.1063/1.473299.

mod graph;
mod layout;
mod merge_tree;
mod path;
mod persistence;
pub mod svg;

pub use graph::{Components, DisconnectivityGraph, GraphError, GraphNode, Levels, PruneParams};
pub use layout::{BranchStyle, LayoutParams, LeafMark, LeafOrder, Segment, TreeLayout};
pub use merge_tree::{Merge, MergeTree, NodeIndex};
pub use path::{LowestPath, PathError, PathPoint, PointId, hardest_to_reach, lowest_barrier_path, lowest_joined};
pub use persistence::{Escape, Persistence, persistence};
