//! Jobs, log and history.

use eframe::egui::{self, RichText, Role, ScrollArea, Ui, WidgetInfo};

use super::status::clock;
use crate::app::action::{Action, JobAction, WindowAction};
use crate::app::board::JobCard;
use crate::app::command::Command;
use crate::app::state::Weight;
use crate::app::theme::space;
use crate::app::widgets::{View, bar};
use crate::jobs::JobState;

/// Which of the three is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Tab {
    #[default]
    Jobs,
    Log,
    History,
}

/// The panel below the tiles.
#[derive(Debug, Default)]
pub struct Bottom {
    tab: Tab,
}

impl Bottom {
    /// Draws the tabs, and the chosen one when the panel is open.
    pub fn ui(&mut self, ui: &mut Ui, view: &mut View) {
        let open = view.state.settings.bottom;
        let active = view.state.jobs.iter().filter(|job| job.is_active()).count();
        ui.horizontal(|ui| {
            let jobs = if active > 0 { format!("Jobs ({active})") } else { "Jobs".to_owned() };
            for (tab, words) in [(Tab::Jobs, jobs), (Tab::Log, "Log".into()), (Tab::History, "History".into())] {
                if ui.selectable_label(open && self.tab == tab, words).clicked() {
                    if !open || self.tab == tab {
                        view.ask(WindowAction::ToggleBottom);
                    }
                    self.tab = tab;
                }
            }
            if let Some(job) = view.state.jobs.iter().find(|job| job.is_active()).filter(|_| !open) {
                ui.separator();
                bar(ui, &view.palette, job.share(), 120.0, &job.name);
                ui.add(egui::Label::new(format!("{}: {}", job.name, job.line())).truncate());
            } else if let Some(line) = view.state.log.back().filter(|_| !open) {
                ui.separator();
                ui.add(egui::Label::new(RichText::new(&line.text).color(view.palette.ink_weak)).truncate());
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let words = if open { "Hide" } else { "Show" };
                if ui.small_button(words).on_hover_text(Command::Jobs.entry().hint(ui.ctx())).clicked() {
                    view.ask(WindowAction::ToggleBottom);
                }
            });
        });
        if !open {
            return;
        }
        ui.add_space(space::XS);
        match self.tab {
            Tab::Jobs => jobs_ui(ui, view),
            Tab::Log => log_ui(ui, view),
            Tab::History => history_ui(ui, view),
        }
    }
}

fn jobs_ui(ui: &mut Ui, view: &mut View) {
    if view.state.jobs.is_empty() {
        ui.label(
            RichText::new("Nothing runs. Long work appears here, where it can be paused and cancelled.")
                .color(view.palette.ink_weak),
        );
        return;
    }
    let jobs: Vec<JobCard> = view.state.jobs.clone();
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        for job in &jobs {
            ui.horizontal(|ui| {
                let share = if job.is_active() { job.share() } else { Some(1.0) };
                bar(ui, &view.palette, share, 140.0, &job.name);
                ui.label(RichText::new(&job.name).strong());
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    buttons_ui(ui, view, job);
                    ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                        ui.add(egui::Label::new(RichText::new(job.line()).color(view.palette.ink_weak)).truncate());
                    });
                });
            });
        }
    });
}

fn buttons_ui(ui: &mut Ui, view: &mut View, job: &JobCard) {
    let mut button = |ui: &mut Ui, words: &str, hint: &str, action: JobAction| {
        let response = ui.small_button(words).on_hover_text(hint);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{words} “{}”", job.name)));
        if response.clicked() {
            view.ask(Action::Job(action));
        }
    };
    if !job.is_active() {
        return button(ui, "Dismiss", "Take it off the list", JobAction::Dismiss(job.id));
    }
    button(ui, "Cancel", "Stop at the next unit and keep what there is", JobAction::Cancel(job.id));
    match job.state {
        JobState::Paused | JobState::Pausing => button(ui, "Go on", "Resume", JobAction::Resume(job.id)),
        _ if job.can_pause() => button(ui, "Pause", "Rest at the next unit", JobAction::Pause(job.id)),
        _ => {}
    }
}

fn log_ui(ui: &mut Ui, view: &mut View) {
    let log = &view.state.log;
    let palette = view.palette;
    let height = ui.text_style_height(&egui::TextStyle::Body) + 4.0;
    ScrollArea::vertical().auto_shrink(false).stick_to_bottom(true).show_rows(ui, height, log.len(), |ui, rows| {
        for line in log.iter().skip(rows.start).take(rows.len()) {
            let colour = match line.weight {
                Weight::Note => palette.ink,
                Weight::Warning => palette.warn,
                Weight::Failure => palette.danger,
            };
            ui.horizontal(|ui| {
                ui.label(RichText::new(clock(line.at)).small().color(palette.ink_weak));
                ui.add(egui::Label::new(RichText::new(&line.text).color(colour)).truncate().selectable(true))
                    .on_hover_text(&line.text);
            });
        }
    });
}

fn history_ui(ui: &mut Ui, view: &mut View) {
    let (done, undone) = view.state.history.labels();
    if done.is_empty() && undone.is_empty() {
        ui.label(
            RichText::new("Nothing has been changed yet. Every change can be taken back from here.")
                .color(view.palette.ink_weak),
        );
        return;
    }
    let labels: Vec<(String, bool)> = done
        .iter()
        .map(|label| (*label, true))
        .chain(undone.iter().map(|label| (*label, false)))
        .map(|(label, on)| (label.to_owned(), on))
        .collect();
    let n_done = done.len();
    ScrollArea::vertical().auto_shrink(false).stick_to_bottom(true).show(ui, |ui| {
        if ui.selectable_label(n_done == 0, "As it was opened").clicked() {
            view.ask(Action::GoToChange(0));
        }
        for (k, (label, on)) in labels.iter().enumerate() {
            let ink = if *on { view.palette.ink } else { view.palette.ink_weak };
            let words = RichText::new(format!("{}. {label}", k + 1)).color(ink);
            if ui.selectable_label(k + 1 == n_done, words).clicked() {
                view.ask(Action::GoToChange(k + 1));
            }
        }
    });
}
