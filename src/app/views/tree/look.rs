//! What decides the look of a disconnectivity graph, and the graph drawn so.

use std::sync::Arc;

use crate::app::study::Landscape;
use crate::landscape::disconnectivity::{
    BranchStyle, DisconnectivityGraph, LayoutParams, LeafOrder, Levels, MergeTree, PruneParams, TreeLayout, persistence,
};
use crate::landscape::{METRIC_LENGTH_SCALE, frustration_of_minima};
use crate::render::figure::{TreeFigure, tree_figure};
use crate::render::{ColourMap, ColourScale, Drawing, Theme};

/// What the colour of a leaf says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LeafColour {
    /// Nothing.
    #[default]
    Nothing,
    /// Its frustration.
    Frustration,
    /// The barrier to any deeper minimum.
    Persistence,
    /// Distance to the nearest sample.
    Support,
    /// How many coordinates lie on a face of the box.
    Bound,
}

impl LeafColour {
    /// All, in the order of menus.
    pub const ALL: [Self; 5] = [Self::Nothing, Self::Frustration, Self::Persistence, Self::Support, Self::Bound];

    /// The words on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Frustration => "frustration",
            Self::Persistence => "persistence",
            Self::Support => "distance to a sample",
            Self::Bound => "coordinates on the boundary",
        }
    }

    /// What it means.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Nothing => "One colour for all",
            Self::Frustration => "Sum of the minimum's barriers, near ones first (ℓ = 0.8), in units of E",
            Self::Persistence => "The lowest barrier to any deeper minimum, in units of E; the deepest has none",
            Self::Support => {
                "From the minimum to the nearest measured point, in units of the box: far is weakly supported"
            }
            Self::Bound => "How many coordinates of the minimum lie on a face of the box",
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::Frustration | Self::Persistence => "units of E",
            Self::Support => "units of the box",
            Self::Nothing | Self::Bound => "",
        }
    }
}

/// Everything that decides a drawing but the landscape.
#[derive(Debug, Clone, PartialEq)]
pub struct TreeLook {
    /// Which minima are drawn.
    pub prune: PruneParams,
    /// Branches.
    pub style: BranchStyle,
    /// Order of siblings.
    pub order: LeafOrder,
    /// Colour of leaves.
    pub colour: LeafColour,
}

impl Default for TreeLook {
    fn default() -> Self {
        Self {
            prune: PruneParams::default(),
            style: BranchStyle::Slanted,
            order: LeafOrder::Balanced,
            colour: LeafColour::Nothing,
        }
    }
}

/// A graph and where its pieces stand.
#[derive(Debug)]
pub struct Drawn {
    /// The whole tree.
    pub tree: MergeTree,
    /// What is drawn of it.
    pub graph: DisconnectivityGraph,
    /// Where.
    pub layout: TreeLayout,
    /// A value for each leaf of the layout and their colours.
    pub colours: Option<(Vec<f32>, ColourScale)>,
}

impl Drawn {
    /// Draws the tree of a landscape.
    ///
    /// # Errors
    /// A sentence when a filter is not usable.
    pub fn new(landscape: &Landscape, look: &TreeLook) -> Result<Self, String> {
        let tree = MergeTree::new(&landscape.network);
        let graph = DisconnectivityGraph::new(&landscape.network, &tree, Levels::Exact, &look.prune)
            .map_err(|error| error.to_string())?;
        let params = LayoutParams { style: look.style, order: look.order, ..LayoutParams::default() };
        let layout = TreeLayout::new(&graph, &params);
        let colours = colours(landscape, &tree, &layout, look.colour);
        Ok(Self { tree, graph, layout, colours })
    }

    /// The figure for a file.
    pub fn figure(&self, marked: &[u64], theme: &Theme, size: [f32; 2]) -> Drawing {
        let (shown, all) = (self.graph.n_leaves(), self.graph.n_minima);
        let selected = marked.iter().filter_map(|id| u32::try_from(*id).ok()).map(crate::landscape::MinimumId);
        let coloured =
            self.colours.as_ref().map_or(String::new(), |(_, scale)| format!("; coloured by {}", scale.label));
        let figure = TreeFigure {
            layout: &self.layout,
            colours: self.colours.clone(),
            selected: selected.collect(),
            energy_label: "E (similarity, scaled)".to_owned(),
            title: String::new(),
            footer: format!("{shown} of {all} minima, hidden: {}{coloured}", all - shown),
        };
        tree_figure(&figure, theme, size)
    }
}

fn colours(
    landscape: &Landscape,
    tree: &MergeTree,
    layout: &TreeLayout,
    colour: LeafColour,
) -> Option<(Vec<f32>, ColourScale)> {
    let ktn = &landscape.network;
    // Beside the minima of the network, as the merge tree's leaves are.
    let of_all: Vec<f64> = match colour {
        LeafColour::Nothing => return None,
        LeafColour::Frustration => frustration_of_minima(ktn, METRIC_LENGTH_SCALE),
        LeafColour::Persistence => {
            persistence(tree).iter().map(|p| p.to_deeper.map_or(f64::NAN, |escape| escape.barrier)).collect()
        }
        LeafColour::Support => {
            ktn.minima().iter().map(|m| m.support.distance_to_nearest_sample.unwrap_or(f64::NAN)).collect()
        }
        LeafColour::Bound => ktn.minima().iter().map(|m| m.support.n_bound.map_or(f64::NAN, f64::from)).collect(),
    };
    let value = |id| ktn.minimum_position(id).map_or(f32::NAN, |at| of_all[at] as f32);
    let values: Vec<f32> = layout.leaves.iter().map(|leaf| value(leaf.minimum)).collect();
    let scale = ColourScale::over(ColourMap::Viridis, &values, colour.label(), colour.unit());
    Some((values, scale))
}

/// A drawing kept for as long as nothing it follows from has changed.
#[derive(Debug, Default)]
pub struct KeptTree(Option<(usize, TreeLook, Result<Arc<Drawn>, String>)>);

impl KeptTree {
    /// The drawing of a landscape.
    ///
    /// # Errors
    /// As [`Drawn::new`].
    pub fn get(&mut self, landscape: &Arc<Landscape>, look: &TreeLook) -> Result<Arc<Drawn>, String> {
        let of = Arc::as_ptr(landscape) as usize;
        if let Some((known, drawn_look, drawn)) = &self.0
            && (*known, drawn_look) == (of, look)
        {
            return drawn.clone();
        }
        let drawn = Drawn::new(landscape, look).map(Arc::new);
        self.0 = Some((of, look.clone(), drawn.clone()));
        drawn
    }
}
