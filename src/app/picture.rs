//! Everything the person sees and may want back: what undo and redo go through, and what is saved with a study.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::data::{Query, RowSet};
use super::study::Field;
use super::tuning::Draft;
use crate::projection::ProjectionParams;
use crate::render::{Camera3d, ColourMap};
use crate::workspace::NamedRegion;

/// The five steps of the loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Open a model and try it.
    Model,
    /// See where its latent space is rough.
    Landscape,
    /// Choose where to fill.
    Region,
    /// Generate and tune.
    FillTune,
    /// Compare scores.
    Compare,
}

impl Step {
    /// All, in order.
    pub const ALL: [Self; 5] = [Self::Model, Self::Landscape, Self::Region, Self::FillTune, Self::Compare];

    /// Its name.
    pub fn label(self) -> &'static str {
        match self {
            Self::Model => "Model",
            Self::Landscape => "Landscape",
            Self::Region => "Region",
            Self::FillTune => "Fill-tune",
            Self::Compare => "Compare",
        }
    }

    /// Its number, from 1.
    pub fn number(self) -> usize {
        self as usize + 1
    }

    /// What it is for.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Model => "Open a model, see what it is, try it on a molecule",
            Self::Landscape => "See where the model's latent space is rough",
            Self::Region => "Choose the part of latent space to fill",
            Self::FillTune => "Generate molecules there and tune the model on them",
            Self::Compare => "Compare benchmark scores before and after",
        }
    }
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// What it needs is not there yet.
    Empty,
    /// It can begin.
    Ready,
    /// A job of it runs.
    Running,
    /// Its result is there.
    Done,
    /// Its result was made from something that has changed since.
    Stale,
}

impl StepState {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Done => "done",
            Self::Stale => "stale",
        }
    }
}

/// A layer of the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// One dot a molecule.
    Points,
    /// How many molecules there are.
    Density,
    /// How rough it is.
    Heatmap,
    /// Minima and the transition states between them.
    Network,
}

impl Layer {
    /// All, in the order they are painted.
    pub const ALL: [Self; 4] = [Self::Points, Self::Density, Self::Heatmap, Self::Network];

    /// The word on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Points => "Points",
            Self::Density => "Density",
            Self::Heatmap => "Heatmap",
            Self::Network => "Network",
        }
    }
}

/// What part of the map is seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Camera {
    /// The middle, in units of the map.
    pub centre: [f32; 2],
    /// Units of the map along the shorter side of the canvas.
    pub span: f32,
}

/// What the heatmap shows, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Heatmap {
    /// The field.
    pub field: Field,
    /// Lines of equal value.
    pub levels: usize,
    /// Whether cells with weak support are hatched.
    pub hatched: bool,
}

impl Default for Heatmap {
    fn default() -> Self {
        Self { field: Field::Roughness, levels: 6, hatched: true }
    }
}

/// Rows under a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedSelection {
    /// Its name, different from all others.
    pub name: String,
    /// The rows.
    pub rows: Arc<RowSet>,
}

/// Only some rows are shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Filter {
    /// What was asked for; none when the selection was kept.
    pub query: Option<Query>,
    /// The rows that are shown.
    pub rows: Arc<RowSet>,
}

/// Order of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sort {
    /// The column.
    pub column: String,
    /// Largest first.
    pub descending: bool,
}

/// What the person sees of a data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Picture {
    /// The step.
    pub step: Step,
    /// The column that colours points.
    pub colour_by: Option<String>,
    /// The colours.
    pub gradient: ColourMap,
    /// Layers of the map that are shown.
    pub layers: Vec<Layer>,
    /// What the heatmap shows.
    pub heatmap: Heatmap,
    /// Diameter of points, in points of the screen.
    pub point_size: f32,
    /// What part of the map is seen; none for all of it.
    pub camera: Option<Camera>,
    /// Whether a map with a third coordinate is seen in space.
    pub in_space: bool,
    /// From where it is seen in space; none for all of it from the usual angle.
    pub orbit: Option<Camera3d>,
    /// Rows that are selected.
    pub selection: Arc<RowSet>,
    /// Selections that have a name.
    pub named: Vec<NamedSelection>,
    /// Parts of latent space that have a name.
    pub regions: Vec<Arc<NamedRegion>>,
    /// The name of the region that is looked at.
    pub region: Option<String>,
    /// The name of the region that is filled; the whole landscape when there is none.
    pub fill_region: Option<String>,
    /// Which rows are shown; none for all.
    pub filter: Option<Filter>,
    /// Rows whose cards stay on the map.
    pub pinned: Vec<usize>,
    /// Order of the table; none for that of the data.
    pub sort: Option<Sort>,
    /// How the map was fitted; none for the one that came with the molecules.
    pub projection: Option<ProjectionParams>,
    /// Settings of steps 4 and 5 that are not in the recipe yet; none for the recipe's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draft: Option<Arc<Draft>>,
}

impl Default for Picture {
    fn default() -> Self {
        Self {
            step: Step::Model,
            colour_by: None,
            gradient: ColourMap::Viridis,
            layers: vec![Layer::Points],
            heatmap: Heatmap::default(),
            point_size: 4.0,
            camera: None,
            in_space: false,
            orbit: None,
            selection: Arc::default(),
            named: Vec::new(),
            regions: Vec::new(),
            region: None,
            fill_region: None,
            filter: None,
            pinned: Vec::new(),
            sort: None,
            projection: None,
            draft: None,
        }
    }
}

impl Picture {
    /// Whether a layer is shown.
    pub fn shows(&self, layer: Layer) -> bool {
        self.layers.contains(&layer)
    }

    /// Whether a row passes the filter.
    pub fn passes(&self, row: usize) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.rows.contains(row))
    }

    /// How many of `n_rows` rows are shown.
    pub fn n_shown(&self, n_rows: usize) -> usize {
        self.filter.as_ref().map_or(n_rows, |filter| filter.rows.len())
    }

    /// The region that is looked at.
    pub fn shown_region(&self) -> Option<&Arc<NamedRegion>> {
        let name = self.region.as_ref()?;
        self.regions.iter().find(|region| region.name == *name)
    }

    /// A name for a region that none has yet: `wanted`, or with a number behind it.
    pub fn free_region_name(&self, wanted: &str) -> String {
        let taken = |name: &str| self.regions.iter().any(|region| region.name == name);
        if !taken(wanted) {
            return wanted.to_owned();
        }
        (2..=self.regions.len() + 2).map(|k| format!("{wanted} {k}")).find(|name| !taken(name)).unwrap_or_default()
    }

    /// A name that no selection has yet.
    pub fn free_name(&self) -> String {
        let taken = |name: &str| self.named.iter().any(|named| named.name == name);
        (1..=self.named.len() + 1).map(|k| format!("Selection {k}")).find(|name| !taken(name)).unwrap_or_default()
    }
}
