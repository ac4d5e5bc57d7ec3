//! The table twin of the map: every row, whatever their number.

use eframe::egui::{self, RichText, Role, Sense, Ui, WidgetInfo};
use egui_extras::{Column as Width, TableBuilder};

use super::rows::ShownRows;
use crate::app::action::{PictureAction, WindowAction};
use crate::app::command::Command;
use crate::app::data::{DataSet, RowSet, SetOperation};
use crate::app::model_session::thousands;
use crate::app::picture::Sort;
use crate::app::shell::operation;
use crate::app::theme::space;
use crate::app::widgets::{View, empty, primary_button};

/// The table.
#[derive(Debug, Default)]
pub struct TablePanel {
    rows: ShownRows,
    selected_only: bool,
    last_clicked: Option<usize>,
}

impl TablePanel {
    /// Draws the table.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let Some(data) = view.state.data.clone().filter(|data| data.n_rows() > 0) else {
            let palette = view.palette;
            return empty(ui, &palette, "No rows yet", "The table lists every molecule with its properties.", |ui| {
                primary_button(ui, view, Command::Open, "Open…");
            });
        };
        egui::Frame::new().inner_margin(space::S).show(ui, |ui| {
            let mut selected_only = self.selected_only;
            let rows = self.rows.rows(view.state, &data, selected_only);
            ui.horizontal(|ui| {
                ui.label(RichText::new(format!("{} rows", thousands(rows.len()))).color(view.palette.ink_weak));
                ui.checkbox(&mut selected_only, "Only the selection");
                ui.label(
                    RichText::new("Shift click selects a range, Ctrl click adds").small().color(view.palette.ink_weak),
                );
            });
            self.selected_only = selected_only;
            ui.add_space(2.0);
            table_ui(ui, view, &data, rows, &mut self.last_clicked);
        });
    }
}

fn table_ui(ui: &mut Ui, view: &mut View, data: &DataSet, rows: &[u32], last: &mut Option<usize>) {
    let available = ui.available_height();
    egui::ScrollArea::horizontal().auto_shrink(false).show(ui, |ui| {
        let mut table = TableBuilder::new(ui)
            .striped(true)
            .sense(Sense::click())
            .auto_shrink(false)
            .max_scroll_height(available)
            .column(Width::initial(110.0).at_least(50.0).clip(true).resizable(true))
            .column(Width::initial(220.0).at_least(60.0).clip(true).resizable(true));
        for _ in &data.columns {
            table = table.column(Width::initial(96.0).at_least(50.0).clip(true).resizable(true));
        }
        table
            .header(22.0, |mut header| {
                for name in ["id", "SMILES"] {
                    header.col(|ui| heading_ui(ui, view, name, name));
                }
                for column in &data.columns {
                    header.col(|ui| heading_ui(ui, view, &column.name, &column.title()));
                }
            })
            .body(|body| {
                body.rows(20.0, rows.len(), |mut line| {
                    let at = line.index();
                    let row = rows[at] as usize;
                    line.set_selected(view.state.picture.selection.contains(row));
                    line.set_hovered(view.state.hovered == Some(row));
                    line.col(|ui| cell(ui, &data.ids[row]));
                    line.col(|ui| cell(ui, &data.smiles[row]));
                    for column in &data.columns {
                        line.col(|ui| cell(ui, &column.text(row)));
                    }
                    let response = line.response();
                    if response.hovered() && view.state.hovered != Some(row) {
                        view.ask(WindowAction::Hover(Some(row)));
                    }
                    if response.clicked() {
                        let modifiers = response.ctx.input(|input| input.modifiers);
                        view.ask(click(data.n_rows(), rows, at, modifiers, last));
                    }
                    if response.double_clicked() {
                        view.ask(PictureAction::TogglePin(row));
                    }
                });
            });
    });
}

/// What a click on a row of a list selects: the row, a range with Shift, one more with Ctrl, one less with Alt.
pub fn click(n: usize, rows: &[u32], at: usize, modifiers: egui::Modifiers, last: &mut Option<usize>) -> PictureAction {
    let (rows, how) = match *last {
        Some(from) if modifiers.shift && from < rows.len() => {
            let range = from.min(at)..=from.max(at);
            (RowSet::of(n, rows[range].iter().map(|&row| row as usize)), SetOperation::Add)
        }
        _ => {
            let how = if modifiers.command { SetOperation::Add } else { operation(modifiers) };
            (RowSet::of(n, [rows[at] as usize]), how)
        }
    };
    *last = Some(at);
    PictureAction::Select { rows: rows.into(), operation: how, by: "list" }
}

fn cell(ui: &mut Ui, text: &str) {
    ui.add(egui::Label::new(text).truncate().selectable(false));
}

fn heading_ui(ui: &mut Ui, view: &mut View, name: &str, title: &str) {
    let sort = view.state.picture.sort.as_ref().filter(|sort| sort.column == name);
    let (sign, next) = match sort {
        None => ("", Some(Sort { column: name.to_owned(), descending: false })),
        Some(sort) if !sort.descending => (" · rising", Some(Sort { column: name.to_owned(), descending: true })),
        Some(_) => (" · falling", None),
    };
    let response = ui
        .add(
            egui::Button::new(RichText::new(format!("{title}{sign}")).color(view.palette.ink_weak))
                .frame(false)
                .truncate(),
        )
        .on_hover_text(format!("{title}\nClick sorts: up, down, as read"));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Sort by {title}")));
    if response.clicked() {
        view.ask(PictureAction::Sort(next));
    }
}
