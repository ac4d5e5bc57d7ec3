//! Loss curves of the tuned checkpoints.

use eframe::egui::{self, RichText, Ui};
use egui_plot::{Corner, Legend, Line, Plot, PlotPoints};

use crate::app::command::Command;
use crate::app::theme::space;
use crate::app::widgets::{View, empty, primary_button};

/// The view.
#[derive(Debug, Default)]
pub struct LossesPanel {
    chosen: usize,
}

impl LossesPanel {
    /// Draws the view.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let palette = view.palette;
        let Some(study) = view.state.study.as_ref().filter(|study| !study.curves.is_empty()) else {
            let text = "Losses of every tuned model appear here, with those of its controls.";
            return empty(ui, &palette, "No tuned model yet", text, |ui| {
                primary_button(ui, view, Command::Primary, "Fill and tune now");
            });
        };
        let mut names: Vec<&str> = Vec::new();
        for curve in study.curves.iter().flat_map(|run| &run.series) {
            if !names.contains(&curve.0.as_str()) {
                names.push(&curve.0);
            }
        }
        self.chosen = self.chosen.min(names.len().saturating_sub(1));
        egui::Frame::new().inner_margin(space::S).show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                for (k, name) in names.iter().enumerate() {
                    ui.selectable_value(&mut self.chosen, k, name.replace('_', " "));
                }
            });
            let chosen = names.get(self.chosen).copied().unwrap_or_default();
            let legend = Legend::default().position(Corner::RightTop);
            Plot::new("losses").legend(legend).x_axis_label("step").y_axis_label(chosen.replace('_', " ")).show(
                ui,
                |plot| {
                    for run in &study.curves {
                        for (_, points) in run.series.iter().filter(|(name, _)| name == chosen) {
                            plot.line(Line::new(run.name.clone(), PlotPoints::from(points.clone())).width(1.8));
                        }
                    }
                },
            );
            if study.curves.iter().all(|run| run.series.iter().all(|(_, points)| points.is_empty())) {
                ui.label(RichText::new("The logs hold no rows").color(palette.ink_weak));
            }
        });
    }
}
