//! The tree and the path as figures.

use super::RenderCommand;
use super::inputs::Inputs;
use crate::cli::CliError;
use crate::landscape::disconnectivity::{
    DisconnectivityGraph, LayoutParams, Levels, MergeTree, PointId, PruneParams, TreeLayout, hardest_to_reach,
    lowest_barrier_path, lowest_joined,
};
use crate::landscape::{KineticTransitionNetwork, METRIC_LENGTH_SCALE, MinimumId, Support, frustration_of_minima};
use crate::render::figure::{ProfilePoint, TreeFigure, path_profile, tree_figure};
use crate::render::{ColourMap, ColourScale, Drawing, GlyphShape};

impl RenderCommand {
    pub(super) fn tree(&self, inputs: &Inputs) -> Result<Drawing, CliError> {
        let ktn = inputs.network()?;
        let merged = MergeTree::new(ktn);
        let graph = DisconnectivityGraph::new(ktn, &merged, Levels::Exact, &PruneParams::default())?;
        let layout = TreeLayout::new(&graph, &LayoutParams::default());
        let by_minimum = frustration_of_minima(ktn, METRIC_LENGTH_SCALE);
        let value = |id| ktn.minimum_position(id).map_or(f32::NAN, |at| by_minimum[at] as f32);
        let values: Vec<f32> = layout.leaves.iter().map(|leaf| value(leaf.minimum)).collect();
        let scale = ColourScale::over(ColourMap::Viridis, &values, "frustration", "");
        let footer = format!(
            "{} of {} minima, {} components; minima coloured by their frustration, ℓ = {METRIC_LENGTH_SCALE}",
            graph.n_leaves(),
            graph.n_minima,
            graph.n_components
        );
        let figure = TreeFigure {
            layout: &layout,
            colours: Some((values, scale)),
            selected: Vec::new(),
            energy_label: "energy".to_owned(),
            title: self.title.clone(),
            footer,
        };
        Ok(tree_figure(&figure, &self.theme.theme(), self.size))
    }

    pub(super) fn path(&self, inputs: &Inputs) -> Result<Drawing, CliError> {
        let ktn = inputs.network()?;
        let merged = MergeTree::new(ktn);
        let lowest = || lowest_joined(ktn).ok_or("the network has no minima");
        let from = self.from.map(MinimumId).map_or_else(lowest, Ok)?;
        let to = self.to.map_or_else(|| hardest_to_reach(ktn, &merged, from), MinimumId);
        let path = lowest_barrier_path(ktn, &merged, from, to)?;
        let points: Vec<ProfilePoint> = path
            .points
            .iter()
            .map(|p| ProfilePoint {
                length: p.length,
                energy: p.energy,
                shape: shape(ktn, p.point),
                label: match p.point {
                    PointId::Minimum(id) => id.to_string(),
                    PointId::TransitionState(_) => String::new(),
                },
            })
            .collect();
        let footer = format!(
            "lowest-barrier path from minimum {from} to {to}: barrier {:.4} forward, {:.4} back",
            path.barrier_forward, path.barrier_back
        );
        let (length, energy) = ("length of the path, in units of the box", "energy");
        Ok(path_profile(&points, length, energy, &self.title, &footer, &self.theme.theme(), self.size))
    }
}

fn shape(ktn: &KineticTransitionNetwork, point: PointId) -> GlyphShape {
    let bound = |support: Support| support.n_bound.is_some_and(|n| n > 0);
    match point {
        PointId::Minimum(id) => GlyphShape::of_minimum(ktn.minimum(id).is_some_and(|m| bound(m.support))),
        PointId::TransitionState(id) => ktn
            .transition_state(id)
            .map_or(GlyphShape::Diamond, |t| GlyphShape::of_transition_state(bound(t.support), t.is_degenerate())),
    }
}
