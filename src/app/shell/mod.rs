//! The frame around the views: menus and steps above, lists and details at the sides, jobs and status below.

mod bottom;
mod dialogs;
mod explorer;
mod inspector;
mod new_study;
mod palette;
mod projection;
mod status;
mod tiles;
mod top;
mod welcome;

use eframe::egui::{CentralPanel, Frame, Margin, Panel, Ui};

use super::figure::Seen;
use super::map::MapPanel;
use super::picture::Step;
use super::teach::lesson_ui;
use super::theme::space;
use super::widgets::View;

pub use explorer::operation;
pub use inspector::colour_by_ui;
pub use tiles::Pane;

/// All panels with what only they know: scroll positions, half-typed text.
pub struct Panels {
    explorer: explorer::Explorer,
    bottom: bottom::Bottom,
    palette: palette::PalettePanel,
    dialogs: dialogs::Dialogs,
    tiles: tiles::Tiles,
    /// What is typed into a lesson's field for a number.
    lesson_number: String,
}

impl Panels {
    /// Panels in a saved layout; a layout that cannot be used is replaced by the usual one, and the sentence says so.
    pub fn new(layout: serde_json::Value) -> (Self, Option<String>) {
        let (tiles, problem) = tiles::Tiles::restore(layout);
        let panels = Self {
            explorer: explorer::Explorer::default(),
            bottom: bottom::Bottom::default(),
            palette: palette::PalettePanel::default(),
            dialogs: dialogs::Dialogs::default(),
            tiles,
            lesson_number: String::new(),
        };
        (panels, problem)
    }

    /// The layout, for the file.
    pub fn layout(&self) -> serde_json::Value {
        self.tiles.layout()
    }

    /// The layout as text, to see whether it has changed.
    pub fn layout_text(&self) -> String {
        self.tiles.layout().to_string()
    }

    /// Puts the tiles of a step back.
    pub fn reset_layout(&mut self, step: Step) {
        self.tiles.reset(step);
    }

    /// The scene and camera of the map, for a picture of any size.
    pub fn figure(&mut self, view: &View) -> Option<(crate::render::Scene, Seen)> {
        let map: &mut MapPanel = self.tiles.map();
        map.figure(view)
    }

    /// Draws everything.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let palette = view.palette;
        let bar = Frame::new().fill(palette.base).inner_margin(Margin::symmetric(space::S as i8, 4));
        // Small windows, and those of large type, leave more to the tiles.
        let width = ui.available_width();
        let side = Frame::new().fill(palette.panel).inner_margin(Margin::same(space::M as i8));
        Panel::top("menu").frame(bar).show(ui, |ui| top::ui(ui, view));
        Panel::bottom("status").frame(bar).exact_size(24.0).show(ui, |ui| status::ui(ui, view));
        if view.state.notice.is_some() {
            Panel::bottom("notice").frame(bar).show(ui, |ui| status::notice_ui(ui, view));
        }
        Panel::bottom("bottom")
            .frame(Frame::new().fill(palette.panel).inner_margin(Margin::symmetric(space::M as i8, 6)))
            .resizable(view.state.settings.bottom)
            .default_size(if view.state.settings.bottom { 170.0 } else { 30.0 })
            .min_size(30.0)
            .max_size(if view.state.settings.bottom { 420.0 } else { 30.0 })
            .show(ui, |ui| self.bottom.ui(ui, view));
        if view.state.lesson.is_some() {
            let typed = &mut self.lesson_number;
            Panel::left("lesson")
                .frame(side)
                .default_size(300.0)
                .min_size(240.0)
                .max_size(460.0)
                .show(ui, |ui| lesson_ui(ui, view, typed));
        } else if view.state.settings.explorer {
            Panel::left("explorer")
                .frame(side)
                .default_size((0.17 * width).clamp(150.0, 216.0))
                .min_size(150.0)
                .max_size(400.0)
                .show(ui, |ui| self.explorer.ui(ui, view));
        }
        if view.state.settings.inspector {
            Panel::right("inspector")
                .frame(side)
                .default_size((0.225 * width).clamp(200.0, 286.0))
                .min_size(200.0)
                .max_size(520.0)
                .show(ui, |ui| inspector::ui(ui, view));
        }
        CentralPanel::default().frame(Frame::new().fill(palette.base)).show(ui, |ui| self.tiles.ui(ui, view));
        let ctx = ui.ctx().clone();
        self.dialogs.ui(&ctx, view);
        if view.state.palette {
            self.palette.ui(&ctx, view);
        } else {
            self.palette.close();
        }
        if view.state.presenter {
            status::key_overlay_ui(&ctx, view);
        }
    }
}
