//! The details at the right: the molecule at hand, the selection, what is shown, where it comes from.

use eframe::egui::{self, RichText, Role, ScrollArea, Sense, Ui, WidgetInfo, vec2};

use crate::app::action::PictureAction;
use crate::app::command::Command;
use crate::app::data::{DataSet, Values, number};
use crate::app::model_session::thousands;
use crate::app::theme::space;
use crate::app::widgets::{View, card, command_button, fact, molecule, section};
use crate::render::ColourMap;

/// Draws the panel.
pub fn ui(ui: &mut Ui, view: &mut View) {
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let Some(data) = view.state.data.clone().filter(|data| data.n_rows() > 0) else {
            ui.label(RichText::new("Inspector").heading());
            ui.label(RichText::new("Details of what you point at appear here.").color(view.palette.ink_weak));
            return;
        };
        molecule_ui(ui, view, &data);
        selection_ui(ui, view, &data);
        look_ui(ui, view);
        provenance_ui(ui, view, &data);
    });
}

fn molecule_ui(ui: &mut Ui, view: &mut View, data: &DataSet) {
    let Some(row) = view.state.card_row() else {
        ui.label(RichText::new("Molecule").heading());
        ui.label(RichText::new("Point at a dot of the map, a row or a structure.").color(view.palette.ink_weak));
        return;
    };
    let pinned = view.state.picture.pinned.contains(&row);
    if let Some(why) = view.state.card_reason(row) {
        ui.label(RichText::new(why).small().color(view.palette.ink_weak));
    }
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let words = if pinned { "Unpin" } else { "Pin" };
            if ui.small_button(words).on_hover_text("Keep the card of this molecule on the map").clicked() {
                view.ask(PictureAction::TogglePin(row));
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                ui.add(egui::Label::new(RichText::new(&data.ids[row]).heading()).truncate());
            });
        });
    });
    let palette = view.palette;
    // A place of a toy surface is no molecule.
    if data.has_molecules() {
        card(ui, &palette, |ui| {
            let size = vec2(ui.available_width(), 150.0);
            molecule(ui, view, &data.smiles[row], size, Sense::hover());
        });
        ui.add_space(space::XS);
        fact(ui, &view.palette, "SMILES", &data.smiles[row]);
    }
    for column in &data.columns {
        let text = column.text(row);
        let value = if column.unit.is_empty() || text.is_empty() { text } else { format!("{text} {}", column.unit) };
        let value = if value.is_empty() { "no value".to_owned() } else { value };
        fact(ui, &view.palette, &column.name, &value);
    }
}

fn selection_ui(ui: &mut Ui, view: &mut View, data: &DataSet) {
    let selection = view.state.picture.selection.clone();
    section(ui, &view.palette, "Selection");
    if selection.is_empty() {
        ui.label(RichText::new("Nothing is selected. L draws a lasso, R a rectangle.").color(view.palette.ink_weak));
        return;
    }
    let share = 100.0 * selection.len() as f64 / data.n_rows() as f64;
    fact(ui, &view.palette, "Molecules", &format!("{} ({} %)", thousands(selection.len()), number(share)));
    if let Some(column) = view.state.picture.colour_by.as_ref().and_then(|name| data.column(name))
        && let Values::Number(values) = &column.values
    {
        let mean = |rows: &mut dyn Iterator<Item = usize>| {
            let (mut sum, mut n) = (0.0, 0usize);
            for value in rows.map(|row| values[row]).filter(|value| value.is_finite()) {
                sum += value;
                n += 1;
            }
            (n > 0).then(|| sum / n as f64)
        };
        let inside = mean(&mut selection.iter());
        let outside = mean(&mut selection.inverted().iter());
        let text = |value: Option<f64>| value.map_or_else(|| "no value".to_owned(), number);
        fact(ui, &view.palette, &format!("Mean {}", column.name), &format!("{} {}", text(inside), column.unit));
        fact(ui, &view.palette, "Mean of the rest", &format!("{} {}", text(outside), column.unit));
    }
    ui.horizontal_wrapped(|ui| {
        for command in [Command::NameSelection, Command::ExportRows, Command::ShowOnly, Command::Invert, Command::Clear]
        {
            command_button(ui, view, command);
        }
    });
}

fn look_ui(ui: &mut Ui, view: &mut View) {
    section(ui, &view.palette, "Look of the map");
    let gradient = view.state.picture.gradient;
    let label = egui::ComboBox::from_id_salt("gradient").selected_text(gradient.label()).show_ui(ui, |ui| {
        for choice in ColourMap::ALL {
            if ui.selectable_label(choice == gradient, choice.label()).clicked() {
                view.ask(PictureAction::Gradient(choice));
            }
        }
    });
    label.response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ComboBox, true, "Colours of numbers");
        info.current_text_value = Some(gradient.label().to_owned());
        info
    });
    let mut size = view.state.picture.point_size;
    let slider = ui.add(egui::Slider::new(&mut size, 1.0..=16.0).text("Point size").fixed_decimals(1));
    if slider.changed() {
        view.ask(PictureAction::PointSize(size));
    }
}

/// The choice of the column that colours points.
pub fn colour_by_ui(ui: &mut Ui, view: &mut View, data: &DataSet) {
    let now = view.state.picture.colour_by.clone();
    let shown = now.clone().unwrap_or_else(|| "nothing".into());
    let choice = egui::ComboBox::from_id_salt("colour by")
        .selected_text(egui::RichText::new(format!("Colour by {shown}")))
        .truncate()
        .width(128.0)
        .height(400.0)
        .show_ui(ui, |ui| {
            if ui.selectable_label(now.is_none(), "nothing").clicked() {
                view.ask(PictureAction::ColourBy(None));
            }
            for column in &data.columns {
                if ui.selectable_label(now.as_ref() == Some(&column.name), column.title()).clicked() {
                    view.ask(PictureAction::ColourBy(Some(column.name.clone())));
                }
            }
            if data.columns.is_empty() {
                ui.label("There are no properties yet: Data, Compute descriptors");
            }
        });
    choice.response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ComboBox, true, "Colour by");
        info.current_text_value = Some(shown.clone());
        info
    });
}

fn provenance_ui(ui: &mut Ui, view: &mut View, data: &DataSet) {
    section(ui, &view.palette, "Where it comes from");
    for (name, value) in &data.provenance {
        fact(ui, &view.palette, name, value);
    }
    if let Some(map) = &data.map {
        fact(ui, &view.palette, "Map", &map.method);
        fact(ui, &view.palette, "Seed of the map", &map.seed.to_string());
        if let Some(trust) = map.trustworthiness {
            fact(ui, &view.palette, "Trustworthiness", &format!("{} (1 is perfect)", number(trust)));
        }
        if let Some(continuity) = map.continuity {
            fact(ui, &view.palette, "Continuity", &format!("{} (1 is perfect)", number(continuity)));
        }
    }
    if let Some(study) = &view.state.study {
        for (name, value) in &study.facts {
            fact(ui, &view.palette, name, value);
        }
    }
}
