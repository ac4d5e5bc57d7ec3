//! Tuned checkpoints side by side: what each learned, what it forgot, what it took.

use eframe::egui::{self, RichText, Ui};
use egui_extras::{Column as Width, TableBuilder};

use super::tune_settings::strategy_words;
use crate::app::board::duration;
use crate::app::command::Command;
use crate::app::data::number;
use crate::app::model_session::thousands;
use crate::app::study::TunedRun;
use crate::app::theme::space;
use crate::app::tuning::TuningAction;
use crate::app::widgets::{View, empty, primary_button};
use crate::evaluate::percent;
use crate::train::StopReason;

/// Headings, widths and explanations.
const COLUMNS: [(&str, f32, &str); 10] = [
    ("Checkpoint", 150.0, "The step that made it: arm, run and seed"),
    ("Strategy", 120.0, "What learned"),
    ("Steps", 66.0, "Steps behind the kept weights, of those taken"),
    ("Learned", 80.0, "Parameters that learned"),
    ("Validation loss", 110.0, "On held-out corpus molecules, nats a token: before and after"),
    ("Masked accuracy", 116.0, "Masked tokens of held-out molecules predicted: before and after"),
    ("Forgetting", 80.0, "Masked accuracy lost on held-out molecules, in points of percent; negative is a gain"),
    ("Stopped", 84.0, "Why it ended"),
    ("Took", 66.0, "Wall-clock time of the work"),
    ("Map", 110.0, "The molecules of the map under this checkpoint"),
];

/// Draws the table.
pub fn runs_ui(ui: &mut Ui, view: &mut View) {
    let palette = view.palette;
    let runs = view.state.study.as_ref().map(|study| study.runs.as_slice()).unwrap_or_default();
    if runs.is_empty() {
        let text = "Every tuned model is listed here with what it learned and what it forgot.";
        return empty(ui, &palette, "No checkpoints yet", text, |ui| {
            primary_button(ui, view, Command::Primary, "Do the next part of this step");
        });
    }
    let mut wanted = None;
    egui::Frame::new().inner_margin(space::S).show(ui, |ui| {
        let mut table = TableBuilder::new(ui).id_salt("runs").striped(true).auto_shrink(false);
        for (_, width, _) in COLUMNS {
            table = table.column(Width::initial(width).at_least(40.0).clip(true).resizable(true));
        }
        table
            .header(22.0, |mut header| {
                for (name, _, hint) in COLUMNS {
                    header.col(|ui| {
                        ui.label(RichText::new(name).color(palette.ink_weak)).on_hover_text(hint);
                    });
                }
            })
            .body(|body| {
                body.rows(22.0, runs.len(), |mut line| {
                    let run = &runs[line.index()];
                    for text in texts(run) {
                        line.col(|ui| {
                            let ink = if run.shown { palette.ink } else { palette.ink_weak };
                            ui.add(egui::Label::new(RichText::new(text).color(ink)).truncate());
                        });
                    }
                    line.col(|ui| {
                        let hint = "Encode the molecules of the map with this checkpoint and see where they go";
                        if ui.small_button("Show").on_hover_text(hint).clicked() {
                            wanted = Some(run.artefact.id().clone());
                        }
                    });
                });
            });
    });
    if let Some(checkpoint) = wanted {
        view.ask(TuningAction::Compare(checkpoint));
    }
}

fn texts(run: &TunedRun) -> Vec<String> {
    let tuned = &run.tuned;
    let both = |of: fn(&crate::train::tune::Validation) -> f64, times: f64| match (&tuned.before, &tuned.after) {
        (Some(before), Some(after)) => format!("{} to {}", number(times * of(before)), number(times * of(after))),
        _ => "not measured".to_owned(),
    };
    let stopped = match &tuned.stop_reason {
        StopReason::Finished => "finished".to_owned(),
        StopReason::EarlyStop { step } => format!("early, step {step}"),
        StopReason::Cancelled => "cancelled".to_owned(),
        StopReason::Diverged { step, .. } => format!("diverged, step {step}"),
    };
    let earlier = if run.shown { "" } else { " (earlier)" };
    vec![
        format!("{}{earlier}", run.step()),
        strategy_words(&tuned.params.strategy).0.to_owned(),
        format!("{} of {}", tuned.kept_step, tuned.steps),
        thousands(tuned.n_trained[0]),
        both(|v| v.loss, 1.0),
        both(|v| v.masked_accuracy, 100.0),
        tuned.forgetting().map_or_else(|| "not measured".into(), percent),
        stopped,
        duration(std::time::Duration::from_secs_f64(run.artefact.provenance.seconds.clamp(0.0, 1e9))),
    ]
}
