//! A fill set: the molecules generated for a region, drawn, with what is known of each.

use eframe::egui::{self, RichText, ScrollArea, Sense, Ui, vec2};

use crate::app::command::Command;
use crate::app::model_session::thousands;
use crate::app::theme::space;
use crate::app::widgets::{View, card, empty, molecule, primary_button};

/// The view.
#[derive(Debug, Default)]
pub struct FillSetPanel {
    chosen: usize,
}

impl FillSetPanel {
    /// Draws the view.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let palette = view.palette;
        let n_sets = view.state.study.as_ref().map_or(0, |study| study.fill_sets.len());
        if n_sets == 0 {
            let text = "Molecules generated for the rough places appear here for review, and the model is tuned on them beside its controls.";
            return empty(ui, &palette, "No fill set yet", text, |ui| {
                primary_button(ui, view, Command::Primary, "Generate and tune now");
            });
        }
        self.chosen = self.chosen.min(n_sets - 1);
        let Some(study) = view.state.study.as_ref() else { return };
        egui::Frame::new().inner_margin(space::S).show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                for (k, set) in study.fill_sets.iter().enumerate() {
                    ui.selectable_value(
                        &mut self.chosen,
                        k,
                        format!("{} ({})", set.name, thousands(set.data.n_rows())),
                    );
                }
            });
            ui.add_space(space::XS);
            let data = &study.fill_sets[self.chosen].data;
            let width = 168.0;
            let columns = (((ui.available_width() + 6.0) / (width + 6.0)) as usize).max(1);
            ScrollArea::vertical().auto_shrink(false).show_rows(
                ui,
                186.0,
                data.n_rows().div_ceil(columns),
                |ui, lines| {
                    for line in lines {
                        ui.horizontal(|ui| {
                            for row in line * columns..((line + 1) * columns).min(data.n_rows()) {
                                card(ui, &palette, |ui| {
                                    ui.vertical(|ui| {
                                        ui.set_width(width - 18.0);
                                        molecule(
                                            ui,
                                            view,
                                            &data.smiles[row],
                                            vec2(width - 18.0, 110.0),
                                            Sense::hover(),
                                        );
                                        ui.add(egui::Label::new(RichText::new(&data.ids[row]).small()).truncate());
                                        for column in
                                            data.columns.iter().filter(|column| column.range().is_some()).take(2)
                                        {
                                            let line = format!("{} {}", column.name, column.text(row));
                                            let words = RichText::new(line).small().color(palette.ink_weak);
                                            ui.add(egui::Label::new(words).truncate());
                                        }
                                    });
                                });
                            }
                        });
                    }
                },
            );
        });
    }
}
