//! The views in the middle: each step has its own arrangement, which can be moved, kept and put back.

use eframe::egui::{self, Ui, WidgetText};
use egui_tiles::{Behavior, Container, Linear, LinearDir, SimplificationOptions, TileId, Tree, UiResponse};
use serde::{Deserialize, Serialize};

use super::welcome;
use crate::app::map::MapPanel;
use crate::app::picture::Step;
use crate::app::theme::Palette;
use crate::app::views::{ModelPanel, StructuresPanel, TablePanel, WorkbenchPanels};
use crate::app::widgets::View;

/// A view that can stand in a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pane {
    /// The map of molecules.
    Map,
    /// The rows of the data set.
    Table,
    /// The molecules drawn.
    Structures,
    /// The open model.
    Model,
    /// The disconnectivity graph.
    Tree,
    /// Contributions to the frustration.
    Contributions,
    /// Settings and progress of the exploration.
    Exploration,
    /// Minima and transition states as a graph.
    Network,
    /// Energies along a path.
    Path,
    /// The region under the hand.
    Region,
    /// The fill set.
    FillSet,
    /// Loss curves.
    Losses,
    /// The forest plot.
    Forest,
    /// Scores of every task.
    Scores,
    /// What to generate and how to tune.
    TuneSettings,
    /// Tuned checkpoints side by side.
    Runs,
    /// The parameters in which runs differ.
    Parameters,
    /// The molecules of the map before and after tuning.
    BeforeAfter,
    /// How frustration has changed.
    FrustrationChange,
}

impl Pane {
    /// The word on its tab.
    pub fn title(self) -> &'static str {
        match self {
            Self::Map => "Map",
            Self::Table => "Table",
            Self::Structures => "Structures",
            Self::Model => "Model",
            Self::Tree => "Disconnectivity graph",
            Self::Contributions => "Contributions",
            Self::Exploration => "Exploration",
            Self::Network => "Network",
            Self::Path => "Path",
            Self::Region => "Region",
            Self::FillSet => "Fill set",
            Self::Losses => "Loss curves",
            Self::Forest => "Forest plot",
            Self::Scores => "Scores",
            Self::TuneSettings => "Generate and tune",
            Self::Runs => "Checkpoints",
            Self::Parameters => "Parameters",
            Self::BeforeAfter => "Before and after",
            Self::FrustrationChange => "Frustration change",
        }
    }
}

/// Changes when the panes of a step change, so that an older layout is not mixed with them.
const VERSION: u32 = 2;

#[derive(Serialize, Deserialize)]
struct Saved {
    version: u32,
    steps: Vec<Tree<Pane>>,
}

/// The tiles of all steps and the panels in them.
pub struct Tiles {
    trees: Vec<Tree<Pane>>,
    panels: PanePanels,
}

/// One struct for every kind of pane.
#[derive(Default)]
struct PanePanels {
    map: MapPanel,
    table: TablePanel,
    structures: StructuresPanel,
    model: ModelPanel,
    workbench: WorkbenchPanels,
}

impl Tiles {
    /// The saved arrangement, or the usual one with a sentence when it cannot be used.
    pub fn restore(layout: serde_json::Value) -> (Self, Option<String>) {
        let usual = || Step::ALL.map(usual_tree).to_vec();
        if layout.is_null() {
            return (Self { trees: usual(), panels: PanePanels::default() }, None);
        }
        let saved: Result<Saved, _> = serde_json::from_value(layout);
        let (trees, problem) = match saved {
            Ok(saved) if saved.version == VERSION && saved.steps.len() == 5 && saved.steps.iter().all(is_sound) => {
                (saved.steps, None)
            }
            Ok(saved) if saved.version != VERSION => {
                (usual(), Some("The saved layout is of another version of the program; the usual one is used.".into()))
            }
            Ok(_) => (usual(), Some("The saved layout is not complete; the usual one is used.".into())),
            Err(error) => (usual(), Some(format!("The saved layout cannot be read ({error}); the usual one is used."))),
        };
        (Self { trees, panels: PanePanels::default() }, problem)
    }

    /// The arrangement, for the file.
    pub fn layout(&self) -> serde_json::Value {
        serde_json::to_value(Saved { version: VERSION, steps: self.trees.clone() }).unwrap_or_default()
    }

    /// Puts a step's tiles back.
    pub fn reset(&mut self, step: Step) {
        self.trees[step as usize] = usual_tree(step);
    }

    /// The map.
    pub fn map(&mut self) -> &mut MapPanel {
        &mut self.panels.map
    }

    /// Draws the tiles of the step.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let step = view.state.picture.step;
        let opening = view.state.data.is_none() && view.state.jobs.iter().any(|job| job.is_active());
        if welcome::wanted(view) && !opening && (step == Step::Landscape || view.state.data.is_none()) {
            welcome::ui(ui, view);
        }
        let palette = view.palette;
        let mut behavior = Panes { view, panels: &mut self.panels, palette };
        self.trees[step as usize].ui(&mut behavior, ui);
    }
}

/// Every tile that is named exists, and there is a root.
fn is_sound(tree: &Tree<Pane>) -> bool {
    let known = |id: TileId| tree.tiles.get(id).is_some();
    let children = tree.tiles.tiles().all(|tile| match tile {
        egui_tiles::Tile::Container(container) => container.children().all(|&child| known(child)),
        egui_tiles::Tile::Pane(_) => true,
    });
    tree.root().is_some_and(known) && children
}

fn usual_tree(step: Step) -> Tree<Pane> {
    let name = format!("tiles {}", step.number());
    let mut tiles = egui_tiles::Tiles::default();
    let mut tabs = |panes: &[Pane]| {
        let ids = panes.iter().map(|pane| tiles.insert_pane(*pane)).collect();
        tiles.insert_tab_tile(ids)
    };
    let (first, second, share, direction) = match step {
        Step::Model => (tabs(&[Pane::Model]), None, 1.0, LinearDir::Vertical),
        Step::Landscape => (
            tabs(&[Pane::Map, Pane::Tree, Pane::Network, Pane::Path, Pane::Contributions]),
            Some(tabs(&[Pane::Structures, Pane::Table, Pane::Exploration])),
            0.68,
            // Maps are about as wide as high: beside the structures they lose less than above them.
            LinearDir::Horizontal,
        ),
        Step::Region => {
            let beside = tabs(&[Pane::Region, Pane::Structures, Pane::Table]);
            (tabs(&[Pane::Map, Pane::Tree]), Some(beside), 0.62, LinearDir::Horizontal)
        }
        Step::FillTune => (tabs(&[Pane::FillSet]), Some(tabs(&[Pane::Losses, Pane::Runs])), 0.6, LinearDir::Vertical),
        Step::Compare => (
            tabs(&[Pane::Forest, Pane::BeforeAfter, Pane::FrustrationChange, Pane::Map]),
            Some(tabs(&[Pane::Scores, Pane::Parameters, Pane::Runs])),
            0.62,
            LinearDir::Vertical,
        ),
    };
    let beside = (step == Step::FillTune).then(|| tabs(&[Pane::TuneSettings]));
    let root = match second {
        None => first,
        Some(second) => {
            let linear = Linear::new_binary(direction, [first, second], share);
            tiles.insert_container(Container::Linear(linear))
        }
    };
    let root = match beside {
        None => root,
        Some(left) => {
            let linear = Linear::new_binary(LinearDir::Horizontal, [left, root], 0.4);
            tiles.insert_container(Container::Linear(linear))
        }
    };
    Tree::new(egui::Id::unique(name), root, tiles)
}

struct Panes<'a, 'b> {
    view: &'a mut View<'b>,
    panels: &'a mut PanePanels,
    palette: Palette,
}

impl Behavior<Pane> for Panes<'_, '_> {
    fn pane_ui(&mut self, ui: &mut Ui, _tile: TileId, pane: &mut Pane) -> UiResponse {
        let rect = ui.max_rect();
        let ground = if *pane == Pane::Map { self.palette.canvas } else { self.palette.panel };
        ui.painter().rect_filled(rect, 0.0, ground);
        let panels = &mut *self.panels;
        let view = &mut *self.view;
        match pane {
            Pane::Map => panels.map.ui(ui, view),
            Pane::Table => panels.table.ui(ui, view),
            Pane::Structures => panels.structures.ui(ui, view),
            Pane::Model => panels.model.ui(ui, view),
            other => panels.workbench.ui(ui, view, *other),
        }
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, pane: &Pane) -> WidgetText {
        pane.title().into()
    }

    fn simplification_options(&self) -> SimplificationOptions {
        SimplificationOptions { all_panes_must_have_tabs: true, ..SimplificationOptions::default() }
    }

    fn tab_bar_height(&self, _style: &egui::Style) -> f32 {
        28.0
    }

    // Panes are moved by their tabs. A whole tab bar would be a control without a name.
    fn is_tile_draggable(&self, tiles: &egui_tiles::Tiles<Pane>, tile: TileId) -> bool {
        matches!(tiles.get(tile), Some(egui_tiles::Tile::Pane(_)))
    }

    fn gap_width(&self, _style: &egui::Style) -> f32 {
        2.0
    }

    fn tab_bar_color(&self, _visuals: &egui::Visuals) -> egui::Color32 {
        self.palette.base
    }

    fn tab_bg_color(
        &self,
        _visuals: &egui::Visuals,
        _tiles: &egui_tiles::Tiles<Pane>,
        _tile: TileId,
        state: &egui_tiles::TabState,
    ) -> egui::Color32 {
        if state.active { self.palette.panel } else { self.palette.base }
    }

    fn tab_text_color(
        &self,
        _visuals: &egui::Visuals,
        _tiles: &egui_tiles::Tiles<Pane>,
        _tile: TileId,
        state: &egui_tiles::TabState,
    ) -> egui::Color32 {
        if state.active { self.palette.ink } else { self.palette.ink_weak }
    }
}
