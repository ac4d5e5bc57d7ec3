//! `fillscape landscape tree`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::{CliError, NetworkIn, Output, print_json, write_csv, write_file};
use crate::landscape::disconnectivity::svg::{LeafColours, SvgParams, svg};
use crate::landscape::disconnectivity::{
    BranchStyle, Components, DisconnectivityGraph, Escape, LayoutParams, Levels, MergeTree, Persistence, PruneParams,
    TreeLayout, persistence,
};
use crate::landscape::{KineticTransitionNetwork, METRIC_LENGTH_SCALE, frustration_of_minima};

#[derive(Debug, Args)]
pub(super) struct TreeCommand {
    #[command(flatten)]
    network: NetworkIn,
    /// Draw the graph to this file; tree.svg when no name is given
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "tree.svg")]
    svg: Option<PathBuf>,
    /// Write the persistence of every minimum here
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    #[command(flatten)]
    prune: PruneFlags,
    #[command(flatten)]
    look: LookFlags,
}

/// Which minima are drawn.
#[derive(Debug, Args)]
struct PruneFlags {
    /// Draw the joining of minima at this many equal levels
    #[arg(long, value_name = "N", default_value_t = 30)]
    levels: usize,
    /// Draw it at multiples of this energy instead
    #[arg(long, value_name = "E", conflicts_with_all = ["exact", "levels"])]
    level_spacing: Option<f64>,
    /// Draw it at the exact energies of the transition states instead
    #[arg(long, conflicts_with = "levels")]
    exact: bool,
    /// Draw only so many of the lowest minima
    #[arg(long, value_name = "N")]
    lowest: Option<usize>,
    /// Draw only minima without a transition state to a lower minimum
    #[arg(long)]
    monotonic: bool,
    /// Draw only minima whose barrier to any deeper minimum is at least this
    #[arg(long, value_name = "E")]
    min_barrier: Option<f64>,
    /// Which connected components are drawn
    #[arg(long, value_enum, default_value_t = ComponentsFlag::Joined)]
    components: ComponentsFlag,
}

/// How the drawing looks.
#[derive(Debug, Args)]
struct LookFlags {
    /// Shape of the branches
    #[arg(long, value_enum, default_value_t = Style::Slanted)]
    style: Style,
    /// Colour the minima by a value
    #[arg(long, alias = "color", value_enum, default_value_t = Colour::None)]
    colour: Colour,
    /// ℓ of the frustration, for --colour frustration
    #[arg(long, default_value_t = METRIC_LENGTH_SCALE, value_name = "L")]
    length_scale: f64,
    /// Line of text above the graph
    #[arg(long, default_value = "")]
    title: String,
    /// Label of the energy axis
    #[arg(long, default_value = "Energy")]
    energy_label: String,
    /// Width in pixels
    #[arg(long, default_value_t = 720.0)]
    width: f64,
    /// Height in pixels
    #[arg(long, default_value_t = 540.0)]
    height: f64,
    /// Write the id under every minimum, where there is room
    #[arg(long)]
    label_minima: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ComponentsFlag {
    /// Every one, single minima included
    All,
    /// Those with at least two minima
    Joined,
    /// Only that of the lowest minimum
    Lowest,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Style {
    /// Slanted, then vertical
    Slanted,
    /// Horizontal, then vertical
    Square,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Colour {
    /// No colours
    None,
    /// Frustration of the minimum
    Frustration,
    /// Barrier to any deeper minimum
    Barrier,
    /// Number of coordinates on the faces of the box
    Bound,
}

impl TreeCommand {
    pub(super) fn run(&self, out: Output) -> Result<(), CliError> {
        let ktn = self.network.read()?.network;
        let tree = MergeTree::new(&ktn);
        let levels = match self.prune.level_spacing {
            _ if self.prune.exact => Levels::Exact,
            Some(spacing) => Levels::Spaced { first: 0.0, spacing },
            None => Levels::Count(self.prune.levels),
        };
        let graph = DisconnectivityGraph::new(&ktn, &tree, levels, &self.prune.params())?;
        let escapes = persistence(&tree);
        if let Some(path) = &self.csv {
            write_persistence(path, &ktn, &escapes)?;
        }
        if let Some(path) = &self.svg {
            write_file(path, &self.look.draw(&ktn, &graph, &escapes)?)?;
        }
        if out.json {
            print_json(&self.as_json(&ktn, &tree, &graph, &escapes));
        } else {
            self.print(&ktn, &tree, &graph, &escapes);
        }
        Ok(())
    }

    fn as_json(
        &self,
        ktn: &KineticTransitionNetwork,
        tree: &MergeTree,
        graph: &DisconnectivityGraph,
        escapes: &[Persistence],
    ) -> serde_json::Value {
        let merges = tree.merges().iter().map(|merge| {
            json!({
                "energy": merge.energy,
                "transition_state": merge.transition_state,
                "lowest": tree.minimum_id(merge.lowest),
                "joins": tree.minimum_id(tree.lowest(merge.children[1])),
                "n_minima": merge.n_minima,
            })
        });
        json!({
            "n_minima": ktn.minima().len(),
            "n_transition_states": ktn.transition_states().len(),
            "n_components": graph.n_components,
            "n_isolated": graph.n_isolated,
            "n_drawn": graph.n_leaves(),
            "n_inverted": graph.n_inverted,
            "merges": merges.collect::<Vec<_>>(),
            "persistence": escapes,
            "svg": self.svg,
        })
    }

    fn print(
        &self,
        ktn: &KineticTransitionNetwork,
        tree: &MergeTree,
        graph: &DisconnectivityGraph,
        escapes: &[Persistence],
    ) {
        say!("minima             {} ({} drawn)", ktn.minima().len(), graph.n_leaves());
        say!("transition states  {}", ktn.transition_states().len());
        say!("components         {} ({} of them single minima)", graph.n_components, graph.n_isolated);
        if graph.n_inverted > 0 {
            say!("inverted           {} minima lie above the transition state they leave by", graph.n_inverted);
        }
        if let Some(&root) = tree.roots().first() {
            let lowest = tree.lowest(root);
            say!("lowest minimum     {} (E = {})", tree.minimum_id(lowest), tree.energy(lowest));
        }
        let mut deepest: Vec<(&Persistence, Escape)> =
            escapes.iter().filter_map(|p| p.to_deeper.map(|escape| (p, escape))).collect();
        deepest.sort_by(|a, b| b.1.barrier.total_cmp(&a.1.barrier));
        if !deepest.is_empty() {
            say!("\nMost persistent, by barrier to a deeper minimum:");
            say!(" minimum       energy  to minimum  over transition state  merge energy      barrier");
            for (p, escape) in deepest.iter().take(10) {
                let energy = ktn.minimum(p.minimum).map_or(f64::NAN, |m| m.energy);
                say!(
                    "{:>8}  {energy:>11.6}  {:>10}  {:>21}  {:>12.6}  {:>11.6}",
                    p.minimum.0,
                    escape.to.0,
                    escape.transition_state.0,
                    escape.merge_energy,
                    escape.barrier
                );
            }
        }
        if let Some(path) = &self.svg {
            say!("\nDrawn to {}", path.display());
        }
    }
}

impl PruneFlags {
    fn params(&self) -> PruneParams {
        PruneParams {
            components: match self.components {
                ComponentsFlag::All => Components::All,
                ComponentsFlag::Joined => Components::Joined,
                ComponentsFlag::Lowest => Components::Lowest,
            },
            monotonic: self.monotonic,
            min_barrier: self.min_barrier,
            lowest: self.lowest,
        }
    }
}

impl LookFlags {
    fn draw(
        &self,
        ktn: &KineticTransitionNetwork,
        graph: &DisconnectivityGraph,
        escapes: &[Persistence],
    ) -> Result<String, CliError> {
        const SMALLEST_PX: f64 = 200.0;
        for (name, value) in [("width", self.width), ("height", self.height)] {
            if !(value.is_finite() && value >= SMALLEST_PX) {
                return Err(format!("the {name} must be a number ≥ {SMALLEST_PX} pixels, found {value}").into());
            }
        }
        let style = match self.style {
            Style::Slanted => BranchStyle::Slanted,
            Style::Square => BranchStyle::Square,
        };
        let layout = TreeLayout::new(graph, &LayoutParams { style, ..LayoutParams::default() });
        let params = SvgParams {
            width_px: self.width,
            height_px: self.height,
            energy_label: self.energy_label.clone(),
            title: self.title.clone(),
            label_minima: self.label_minima,
            ..SvgParams::default()
        };
        let colours = self.colours(ktn, &layout, escapes);
        Ok(svg(graph, &layout, colours.as_ref(), &params))
    }

    fn colours(
        &self,
        ktn: &KineticTransitionNetwork,
        layout: &TreeLayout,
        escapes: &[Persistence],
    ) -> Option<LeafColours> {
        let of_all: Vec<f64> = match self.colour {
            Colour::None => return None,
            Colour::Frustration => frustration_of_minima(ktn, self.length_scale),
            Colour::Barrier => escapes.iter().map(|p| p.to_deeper.map_or(f64::NAN, |escape| escape.barrier)).collect(),
            Colour::Bound => ktn.minima().iter().map(|m| m.support.n_bound.map_or(f64::NAN, f64::from)).collect(),
        };
        let label = match self.colour {
            Colour::None => return None,
            Colour::Frustration => format!("Frustration (length scale {})", self.length_scale),
            Colour::Barrier => "Barrier to a deeper minimum".into(),
            Colour::Bound => "Coordinates on the box".into(),
        };
        let value = |id| ktn.minimum_position(id).map_or(f64::NAN, |position| of_all[position]);
        Some(LeafColours { label, values: layout.leaves.iter().map(|leaf| value(leaf.minimum)).collect() })
    }
}

fn write_persistence(
    path: &std::path::Path,
    ktn: &KineticTransitionNetwork,
    escapes: &[Persistence],
) -> Result<(), CliError> {
    let words = |escape: Option<Escape>| {
        escape.map_or(",,,".into(), |e| format!("{},{},{:?},{:?}", e.to, e.transition_state, e.merge_energy, e.barrier))
    };
    let columns = |name: &str| format!("{name},{name}_over,{name}_energy,{name}_barrier");
    let rows = escapes.iter().zip(ktn.minima());
    write_csv(
        path,
        &format!("minimum,energy,{},{}", columns("deeper"), columns("lowest")),
        rows.map(|(p, m)| format!("{},{:?},{},{}", p.minimum, m.energy, words(p.to_deeper), words(p.to_lowest))),
    )
}
