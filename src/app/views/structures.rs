//! The molecules as drawings, as many as there are: only those on screen are drawn.

use std::sync::Arc;

use eframe::egui::{self, Align2, FontId, Rect, RichText, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2};

use super::rows::ShownRows;
use super::table::click;
use crate::app::action::{PictureAction, WindowAction};
use crate::app::command::Command;
use crate::app::data::DataSet;
use crate::app::model_session::thousands;
use crate::app::theme::space;
use crate::app::widgets::{View, empty, paint_molecule, primary_button};

/// The grid.
#[derive(Debug)]
pub struct StructuresPanel {
    rows: ShownRows,
    width: f32,
    selected_only: bool,
    last_clicked: Option<usize>,
}

impl Default for StructuresPanel {
    fn default() -> Self {
        Self { rows: ShownRows::default(), width: 104.0, selected_only: true, last_clicked: None }
    }
}

impl StructuresPanel {
    /// Draws the grid.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let Some(data) = view.state.data.clone().filter(|data| data.n_rows() > 0) else {
            let palette = view.palette;
            return empty(ui, &palette, "No structures yet", "Molecules are drawn here, as many as there are.", |ui| {
                primary_button(ui, view, Command::Open, "Open…");
            });
        };
        if !data.has_molecules() {
            let text = "The points of this map are places of a surface. The table lists them.";
            return empty(ui, &view.palette, "No molecules here", text, |_| {});
        }
        egui::Frame::new().inner_margin(space::S).show(ui, |ui| self.grid_ui(ui, view, &data));
    }

    fn grid_ui(&mut self, ui: &mut Ui, view: &mut View, data: &Arc<DataSet>) {
        let mut selected_only = self.selected_only;
        let rows = self.rows.rows(view.state, data, selected_only);
        let of_selection = selected_only && !view.state.picture.selection.is_empty();
        // Taken before the line above the grid, which may be wider.
        let room = ui.available_width() - 12.0;
        ui.horizontal(|ui| {
            let what = if of_selection { "selected" } else { "shown" };
            ui.label(RichText::new(format!("{} {what}", thousands(rows.len()))).color(view.palette.ink_weak));
            let hint = "Show the selection alone, when there is one";
            ui.checkbox(&mut selected_only, "Selection").on_hover_text(hint);
            ui.spacing_mut().slider_width = 40.0;
            let slider = ui.add(egui::Slider::new(&mut self.width, 90.0..=280.0).show_value(false));
            let slider = slider.on_hover_text("Size of structures");
            slider.widget_info(|| WidgetInfo::slider(true, f64::from(self.width), "Size of structures"));
        });
        ui.add_space(2.0);
        let gap = 6.0;
        let columns = (((room + gap) / (self.width + gap)) as usize).max(1);
        let width = ((room - gap * (columns - 1) as f32) / columns as f32).floor();
        let size = vec2(width, (0.86 * width).max(72.0));
        let lines = rows.len().div_ceil(columns);
        ui.spacing_mut().item_spacing = vec2(gap, gap);
        let last = &mut self.last_clicked;
        egui::ScrollArea::vertical().auto_shrink(false).show_rows(ui, size.y, lines, |ui, seen| {
            for line in seen {
                ui.horizontal(|ui| {
                    for at in line * columns..((line + 1) * columns).min(rows.len()) {
                        cell_ui(ui, view, data, rows, at, size, last);
                    }
                });
            }
        });
        self.selected_only = selected_only;
    }
}

fn cell_ui(
    ui: &mut Ui,
    view: &mut View,
    data: &DataSet,
    rows: &[u32],
    at: usize,
    size: egui::Vec2,
    last: &mut Option<usize>,
) {
    let row = rows[at] as usize;
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let selected = view.state.picture.selection.contains(row);
    let name = format!("{}: {}", data.ids[row], data.smiles[row]);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, &name));
    let palette = view.palette;
    let stroke = match (selected, view.state.hovered == Some(row) || response.has_focus()) {
        (true, _) => Stroke::new(2.0, palette.accent),
        (false, true) => Stroke::new(1.5, palette.ink_weak),
        (false, false) => Stroke::new(1.0, palette.line),
    };
    ui.painter().rect(rect, 5.0, palette.raised, stroke, StrokeKind::Inside);
    let drawing = Rect::from_min_max(rect.min + vec2(4.0, 4.0), rect.max - vec2(4.0, 20.0));
    paint_molecule(ui, view, &data.smiles[row], drawing);
    let label = ui.painter().with_clip_rect(rect.shrink(5.0));
    let value = view.state.ranking().map(|column| column.text(row));
    label.text(
        rect.left_bottom() + vec2(7.0, -5.0),
        Align2::LEFT_BOTTOM,
        &data.ids[row],
        FontId::proportional(11.0),
        palette.ink_weak,
    );
    if let Some(value) = value.filter(|_| size.x > 120.0) {
        let at = rect.right_bottom() - vec2(7.0, 5.0);
        label.text(at, Align2::RIGHT_BOTTOM, value, FontId::proportional(11.0), palette.ink);
    }
    if response.hovered() && view.state.hovered != Some(row) {
        view.ask(WindowAction::Hover(Some(row)));
    }
    if response.clicked() {
        let modifiers = ui.input(|input| input.modifiers);
        view.ask(click(data.n_rows(), rows, at, modifiers, last));
    }
    if response.double_clicked() {
        view.ask(PictureAction::TogglePin(row));
    }
}
