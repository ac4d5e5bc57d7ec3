//! Loss curves of tunings, under way or done, with the frustration of the region while they run.

use eframe::egui::{self, RichText, Ui};
use egui_plot::{Corner, Legend, Line, LineStyle, Plot, PlotPoints};

use crate::app::action::{Action, JobAction};
use crate::app::command::Command;
use crate::app::data::number;
use crate::app::theme::space;
use crate::app::tuning::{Curve, LiveRun};
use crate::app::widgets::{View, bar, empty, primary_button};
use crate::jobs::JobState;

/// The view.
#[derive(Debug, Default)]
pub struct LossesPanel {
    chosen: Option<String>,
    earlier: bool,
}

/// A run with its curves.
struct Shown<'a> {
    name: String,
    series: &'a [Curve],
    live: bool,
}

/// What a column of the log is called, and what it says.
fn words(column: &str) -> (String, &'static str) {
    let (name, hint) = match column {
        "loss" => ("Loss", "What is minimised, nats a token"),
        "fill_loss" => ("Loss on the set", "Cross-entropy on the molecules that are trained on, nats a token"),
        "second_loss" => {
            ("Second loss term", "Replay, pseudolabels or the distance to the prototypes, before its weight")
        }
        "token_accuracy" => ("Token accuracy", "Part of the set's tokens predicted"),
        "gradient_norm" => ("Gradient", "Norm of the gradient before clipping"),
        "learning_rate" => ("Learning rate", "Of the step"),
        "validation_loss" => ("Validation loss", "Cross-entropy on held-out corpus molecules, nats a token"),
        "validation_masked_loss" => ("Masked validation loss", "The same over the masked tokens alone"),
        "validation_masked_accuracy" => {
            ("Masked accuracy", "Part of the masked tokens of held-out molecules predicted")
        }
        "region_frustration" => (
            "Region's frustration",
            "F over the region's most frustrated pairs of the base's landscape, their energies measured again",
        ),
        "region_response" => ("Region's response", "Mean similarity response at these points"),
        other => return (other.replace('_', " "), ""),
    };
    (name.to_owned(), hint)
}

impl LossesPanel {
    /// Draws the view.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let palette = view.palette;
        let live = view.state.tuning.live.runs();
        let runs = view.state.study.as_ref().map(|study| study.runs.as_slice()).unwrap_or_default();
        if runs.is_empty() && live.is_empty() {
            let text = "Losses of every tuned model appear here while it is tuned, with those of its controls.";
            return empty(ui, &palette, "No tuned model yet", text, |ui| {
                primary_button(ui, view, Command::Primary, "Do the next part of this step");
            });
        }
        let is_live = |step: &str| live.iter().any(|run| run.step == step);
        let done = runs.iter().filter(|run| (run.shown || self.earlier) && !is_live(run.step()));
        let mut shown: Vec<Shown> = done
            .map(|run| Shown {
                name: if run.shown { run.step().to_owned() } else { format!("{} (earlier settings)", run.step()) },
                series: &run.series,
                live: false,
            })
            .collect();
        shown.extend(live.iter().map(|run| Shown { name: run.step.clone(), series: &run.series, live: true }));
        let has_earlier = runs.iter().any(|run| !run.shown);
        egui::Frame::new().inner_margin(space::S).show(ui, |ui| {
            control_ui(ui, view, &live);
            self.columns_ui(ui, &shown, has_earlier);
            let chosen = self.chosen.clone().unwrap_or_default();
            let (title, _) = words(&chosen);
            let legend = Legend::default().position(Corner::RightTop);
            let plot = Plot::new("losses").legend(legend).grid_color(palette.line);
            plot.x_axis_label("step").y_axis_label(title).show(ui, |plot| {
                for run in &shown {
                    for (_, points) in run.series.iter().filter(|(name, _)| *name == chosen) {
                        let line = Line::new(run.name.clone(), PlotPoints::from(points.clone()));
                        let style = if run.live { LineStyle::Solid } else { LineStyle::dashed_loose() };
                        let style = if live.is_empty() { LineStyle::Solid } else { style };
                        plot.line(line.width(if run.live { 2.4 } else { 1.6 }).style(style));
                    }
                }
            });
        });
    }

    fn columns_ui(&mut self, ui: &mut Ui, shown: &[Shown], has_earlier: bool) {
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in shown.iter().flat_map(|run| run.series) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        if self.chosen.as_ref().is_none_or(|chosen| !names.contains(&chosen.as_str())) {
            let usual = names.iter().find(|name| **name == "validation_loss").or_else(|| names.first());
            self.chosen = usual.map(|name| (*name).to_owned());
        }
        ui.horizontal_wrapped(|ui| {
            for name in names {
                let (title, hint) = words(name);
                let is_chosen = self.chosen.as_deref() == Some(name);
                if ui.selectable_label(is_chosen, title).on_hover_text(hint).clicked() {
                    self.chosen = Some(name.to_owned());
                }
            }
            if has_earlier {
                ui.separator();
                ui.checkbox(&mut self.earlier, "Earlier settings")
                    .on_hover_text("Runs made before the settings changed");
            }
        });
    }
}

/// The tuning under way: its figures, pause and cancel.
fn control_ui(ui: &mut Ui, view: &mut View, live: &[LiveRun]) {
    let jobs: Vec<_> =
        view.state.jobs.iter().filter(|job| job.is_active() && job.name.starts_with("Tune")).cloned().collect();
    for job in &jobs {
        ui.horizontal_wrapped(|ui| {
            bar(ui, &view.palette, job.share(), 120.0, &job.name);
            ui.label(RichText::new(&job.name).strong());
            let rests = matches!(job.state, JobState::Paused | JobState::Pausing);
            if rests && ui.small_button("Go on with it").on_hover_text("Resume").clicked() {
                view.ask(Action::Job(JobAction::Resume(job.id)));
            }
            let can_rest = !rests && job.can_pause();
            if can_rest && ui.small_button("Pause it").on_hover_text("Rest at the next step").clicked() {
                view.ask(Action::Job(JobAction::Pause(job.id)));
            }
            let hint = "Stop at the next step and keep the state: starting the run again goes on from there";
            if ui.small_button("Cancel it").on_hover_text(hint).clicked() {
                view.ask(Action::Job(JobAction::Cancel(job.id)));
            }
            ui.label(RichText::new(job.line()).color(view.palette.ink_weak));
        });
    }
    let Some(run) = live.last() else { return };
    let figures: Vec<String> = [
        ("loss", "loss"),
        ("validation_loss", "validation loss"),
        ("validation_masked_accuracy", "masked accuracy"),
        ("region_frustration", "region's frustration"),
    ]
    .into_iter()
    .filter_map(|(column, words)| Some(format!("{words} {}", number(run.last(column)?))))
    .collect();
    let paused = if jobs.is_empty() { " (stopped; start the run again to go on)" } else { "" };
    ui.label(format!("{}{paused}: {}", run.step, figures.join(" · ")));
    if let Some(region) = run.region {
        let text = format!(
            "The region: {} most frustrated pairs of the base's landscape, measured again at {} points",
            region.n_pairs, region.n_points
        );
        ui.label(RichText::new(text).small().color(view.palette.ink_weak));
    }
}
