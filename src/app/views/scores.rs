//! Step 5: what every model scores on every task, and the single scores behind it.

use eframe::egui::{self, RichText, Ui};
use egui_extras::{Column as Width, TableBuilder};

use super::forest::{learners, nothing_ui};
use crate::app::data::number;
use crate::app::theme::space;
use crate::app::widgets::View;
use crate::evaluate::{Comparison, Pair, Verdict, percent};

/// The table.
#[derive(Debug, Default)]
pub struct ScoresPanel {
    single: bool,
    learner: usize,
}

impl ScoresPanel {
    /// Draws the table by task, or every single score.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let Some(comparison) = view.state.study.as_ref().and_then(|study| study.comparison.clone()) else {
            return nothing_ui(ui, view, "No scores yet", "What every model scores on every task is listed here.");
        };
        egui::Frame::new().inner_margin(space::S).show(ui, |ui| {
            let learners = learners(&comparison);
            self.learner = self.learner.min(learners.len().saturating_sub(1));
            ui.horizontal_wrapped(|ui| {
                ui.selectable_value(&mut self.single, false, "By task");
                ui.selectable_value(&mut self.single, true, "Every score");
                if !self.single {
                    ui.separator();
                    for (k, learner) in learners.iter().enumerate() {
                        ui.selectable_value(&mut self.learner, k, learner);
                    }
                }
            });
            match learners.get(self.learner).filter(|_| !self.single) {
                Some(learner) => tasks_ui(ui, view, &comparison, learner),
                None => scores_ui(ui, view, &comparison),
            }
        });
    }
}

/// A task a row: the mean score of every arm, and its change against the base with interval and corrected p.
fn tasks_ui(ui: &mut Ui, view: &View, comparison: &Comparison, learner: &str) {
    let arms = comparison.arms();
    let palette = view.palette;
    let mut table = TableBuilder::new(ui).id_salt("tasks").striped(true).auto_shrink(false);
    table = table.column(Width::initial(96.0).at_least(60.0).clip(true).resizable(true));
    table = table.column(Width::initial(76.0).at_least(50.0).clip(true).resizable(true));
    for k in 0..arms.len() {
        let width = if k == 0 { 72.0 } else { 244.0 };
        table = table.column(Width::initial(width).at_least(60.0).clip(true).resizable(true));
    }
    let head = ["Task", "Metric"].into_iter().chain(arms.iter().copied());
    table
        .header(22.0, |mut header| {
            for name in head {
                header.col(|ui| {
                    ui.label(RichText::new(name).color(palette.ink_weak));
                });
            }
        })
        .body(|body| {
            body.rows(20.0, comparison.tasks.len(), |mut line| {
                let task = &comparison.tasks[line.index()];
                line.col(|ui| {
                    let n = task.n_molecules;
                    let hint = format!("{} molecules to learn from, {} to choose, {} for the score", n[0], n[1], n[2]);
                    ui.add(egui::Label::new(&task.name).truncate()).on_hover_text(hint);
                });
                line.col(|ui| {
                    ui.label(task.metric.name());
                });
                for arm in &arms {
                    line.col(|ui| {
                        let score = comparison.mean_score(arm, learner, &task.name);
                        let score = score.map_or_else(|| "no score".to_owned(), number);
                        let pair = Pair { base: arms[0].to_owned(), new: (*arm).to_owned() };
                        let Some(d) = comparison.difference(&pair, learner, &task.name) else {
                            ui.label(score);
                            return;
                        };
                        let ink = match d.verdict {
                            Verdict::Better => palette.ok,
                            Verdict::Worse => palette.danger,
                            Verdict::NoDetectableDifference => palette.ink,
                        };
                        let text = format!(
                            "{score}  {} % [{}, {}], p = {:.3}",
                            percent(d.change),
                            percent(d.interval.low),
                            percent(d.interval.high),
                            d.p_holm
                        );
                        ui.add(egui::Label::new(RichText::new(text).color(ink)).truncate()).on_hover_text(d.sentence());
                    });
                }
            });
        });
}

/// The scores of every task, arm, learner and seed.
fn scores_ui(ui: &mut Ui, view: &View, comparison: &Comparison) {
    let names = ["Task", "Arm", "Learner", "Seed", "Metric", "Score"];
    let mut table = TableBuilder::new(ui).id_salt("scores").striped(true).auto_shrink(false);
    for _ in names {
        table = table.column(Width::initial(118.0).at_least(60.0).clip(true).resizable(true));
    }
    table
        .header(22.0, |mut header| {
            for name in names {
                header.col(|ui| {
                    ui.label(RichText::new(name).color(view.palette.ink_weak));
                });
            }
        })
        .body(|body| {
            body.rows(19.0, comparison.scores.len(), |mut line| {
                let score = &comparison.scores[line.index()];
                let metric = score.metric.name().to_owned();
                let fields =
                    [&score.task, &score.arm, &score.learner, &score.seed.to_string(), &metric, &number(score.value)];
                for field in fields {
                    line.col(|ui| {
                        ui.add(egui::Label::new(field.as_str()).truncate());
                    });
                }
            });
        });
}
