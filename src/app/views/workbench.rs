//! Views of steps 2 to 5 beside the map.

use eframe::egui::Ui;

use super::before_after::BeforeAfterPanel;
use super::contributions::ContributionsPanel;
use super::exploration::ExplorationPanel;
use super::fill_set::FillSetPanel;
use super::forest::ForestPanel;
use super::frustration_change::FrustrationChangePanel;
use super::losses::LossesPanel;
use super::network::NetworkPanel;
use super::parameters::ParametersPanel;
use super::path::PathPanel;
use super::region::RegionPanel;
use super::runs::runs_ui;
use super::scores::ScoresPanel;
use super::tree::TreePanel;
use super::tune_settings::TuneSettingsPanel;
use crate::app::command::Command;
use crate::app::shell::Pane;
use crate::app::widgets::{View, empty, primary_button};

/// All of them, with what only they know.
#[derive(Debug, Default)]
pub struct WorkbenchPanels {
    tree: TreePanel,
    contributions: ContributionsPanel,
    fill_set: FillSetPanel,
    forest: ForestPanel,
    losses: LossesPanel,
    exploration: ExplorationPanel,
    network: NetworkPanel,
    path: PathPanel,
    region: RegionPanel,
    settings: TuneSettingsPanel,
    scores: ScoresPanel,
    parameters: ParametersPanel,
    before_after: BeforeAfterPanel,
    frustration: FrustrationChangePanel,
}

impl WorkbenchPanels {
    /// Draws one of them.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View, pane: Pane) {
        match pane {
            Pane::Tree => return self.tree.ui(ui, view),
            Pane::Contributions => return self.contributions.ui(ui, view),
            Pane::FillSet => return self.fill_set.ui(ui, view),
            Pane::Forest => return self.forest.ui(ui, view),
            Pane::Scores => return self.scores.ui(ui, view),
            Pane::TuneSettings => return self.settings.ui(ui, view),
            Pane::Runs => return runs_ui(ui, view),
            Pane::Parameters => return self.parameters.ui(ui, view),
            Pane::BeforeAfter => return self.before_after.ui(ui, view),
            Pane::FrustrationChange => return self.frustration.ui(ui, view),
            Pane::Losses => return self.losses.ui(ui, view),
            Pane::Exploration => return self.exploration.ui(ui, view),
            Pane::Network => return self.network.ui(ui, view),
            Pane::Path => return self.path.ui(ui, view),
            Pane::Region => return self.region.ui(ui, view),
            _ => {}
        }
        let palette = view.palette;
        empty(ui, &palette, pane.title(), "Open a study that holds it.", |ui| {
            primary_button(ui, view, Command::Open, "Open…");
        });
    }
}
