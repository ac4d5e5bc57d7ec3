//! Step 5: the parameters of the runs side by side; at first only those in which they differ.

use std::collections::BTreeMap;

use eframe::egui::{self, RichText, Ui};
use egui_extras::{Column as Width, TableBuilder};

use crate::app::command::Command;
use crate::app::theme::space;
use crate::app::widgets::{View, empty, primary_button};
use crate::workspace::Artefact;
use crate::workspace::parameters::{ParameterRow, side_by_side};

/// The table.
#[derive(Debug, Default)]
pub struct ParametersPanel {
    all: bool,
    earlier: bool,
    rows: Option<(Vec<String>, Vec<ParameterRow>)>,
}

impl ParametersPanel {
    /// Draws the table.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let palette = view.palette;
        let Some(study) = view.state.study.as_ref().filter(|study| !study.runs.is_empty()) else {
            let text = "The parameters in which tuned models differ appear here, and nothing else.";
            return empty(ui, &palette, "No runs yet", text, |ui| {
                primary_button(ui, view, Command::Primary, "Do the next part of this step");
            });
        };
        let runs: Vec<_> = study.runs.iter().filter(|run| run.shown || self.earlier).collect();
        let names: Vec<String> = runs.iter().map(|run| run.artefact.id().to_string()).collect();
        if self.rows.as_ref().is_none_or(|(known, _)| *known != names) {
            let sets: BTreeMap<String, String> =
                study.fill_sets.iter().map(|set| (set.id.to_string(), set.name.clone())).collect();
            let artefacts: Vec<&Artefact> = runs.iter().map(|run| &run.artefact).collect();
            self.rows = Some((names, side_by_side(&artefacts, &|id| sets.get(id).cloned())));
        }
        let rows: &[ParameterRow] = self.rows.as_ref().map(|(_, rows)| rows.as_slice()).unwrap_or_default();
        let shown: Vec<&ParameterRow> = rows.iter().filter(|row| self.all || row.differs()).collect();
        egui::Frame::new().inner_margin(space::S).show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                ui.selectable_value(&mut self.all, false, "Differences only");
                ui.selectable_value(&mut self.all, true, "All parameters");
                ui.checkbox(&mut self.earlier, "Runs of earlier settings");
                let n = rows.iter().filter(|row| row.differs()).count();
                let text = format!("{} runs differ in {n} of {} parameters", runs.len(), rows.len());
                ui.label(RichText::new(text).color(palette.ink_weak));
            });
            if shown.is_empty() {
                let text = if runs.len() < 2 {
                    "There is one run only: nothing to differ from."
                } else {
                    "The runs do not differ in any parameter."
                };
                ui.label(text);
                return;
            }
            let mut table = TableBuilder::new(ui).id_salt("parameters").striped(true).auto_shrink(false);
            table = table.column(Width::initial(170.0).at_least(80.0).clip(true).resizable(true));
            for _ in &runs {
                table = table.column(Width::initial(170.0).at_least(80.0).clip(true).resizable(true));
            }
            table
                .header(22.0, |mut header| {
                    header.col(|ui| {
                        ui.label(RichText::new("Parameter").color(palette.ink_weak));
                    });
                    for run in &runs {
                        header.col(|ui| {
                            let words =
                                if run.shown { run.step().to_owned() } else { format!("{} (earlier)", run.step()) };
                            let id = run.artefact.id().to_string();
                            ui.add(egui::Label::new(RichText::new(words).strong()).truncate()).on_hover_text(id);
                        });
                    }
                })
                .body(|body| {
                    body.rows(19.0, shown.len(), |mut line| {
                        let row = shown[line.index()];
                        line.col(|ui| {
                            ui.add(egui::Label::new(&row.name).truncate()).on_hover_text(&row.name);
                        });
                        for value in &row.values {
                            line.col(|ui| {
                                let (text, ink) = match value {
                                    Some(value) => (value.as_str(), palette.ink),
                                    None => ("not set", palette.ink_weak),
                                };
                                ui.add(egui::Label::new(RichText::new(text).color(ink)).truncate()).on_hover_text(text);
                            });
                        }
                    });
                });
        });
    }
}
