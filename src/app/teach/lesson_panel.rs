//! The lesson at the left of the window, and the list of lessons.

use eframe::egui::{self, RichText, Role, ScrollArea, TextEdit, Ui, WidgetInfo};

use super::lesson::Task;
use super::lesson_run::LessonRun;
use crate::app::action::{LessonAction, WindowAction};
use crate::app::theme::space;
use crate::app::widgets::{View, accent_button, card, section};

/// Draws the lesson under way: predict, do, reveal.
pub fn lesson_ui(ui: &mut Ui, view: &mut View, typed: &mut String) {
    let Some(run) = view.state.lesson.clone() else { return };
    let palette = view.palette;
    ui.horizontal(|ui| {
        ui.label(RichText::new(format!("Lesson {}", run.number + 1)).small().color(palette.ink_weak));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.small_button("Leave").on_hover_text("End the lesson; the window stays as it is").clicked() {
                view.ask(LessonAction::Leave);
            }
        });
    });
    ui.heading(&run.lesson.title);
    progress_ui(ui, view, &run);
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| match run.task() {
        Some(task) => task_ui(ui, view, &run, task, typed),
        None => ended_ui(ui, view, &run),
    });
}

fn progress_ui(ui: &mut Ui, view: &View, run: &LessonRun) {
    let n = run.lesson.tasks.len();
    let done = run.at as f32 + if run.revealed { 1.0 } else { 0.0 };
    ui.add_space(space::XS);
    crate::app::widgets::bar(ui, &view.palette, Some((done / n as f32).min(1.0)), ui.available_width(), "Lesson");
    ui.add_space(space::XS);
}

fn task_ui(ui: &mut Ui, view: &mut View, run: &LessonRun, task: &Task, typed: &mut String) {
    let palette = view.palette;
    if run.at == 0 && run.guess.is_none() {
        ui.label(RichText::new(&run.lesson.about).color(palette.ink_weak));
    }
    section(ui, &palette, "1 · Predict");
    ui.label(&task.predict.ask);
    ui.add_space(space::XS);
    for (k, answer) in task.predict.answers.iter().enumerate() {
        let chosen = run.guess == Some(k);
        let mut words = RichText::new(answer);
        // What is right is told only once it has been seen.
        if run.revealed && k == task.predict.right {
            words = words.color(palette.ok).strong();
        }
        let size = egui::vec2(ui.available_width(), 26.0);
        let button = egui::Button::new(words).selected(chosen).wrap().min_size(size);
        if ui.add_enabled(run.guess.is_none(), button).clicked() {
            view.ask(LessonAction::Guess(k));
        }
    }
    if run.guess.is_none() {
        ui.add_space(space::S);
        ui.label(RichText::new("Choose an answer first: being wrong is how it sticks.").color(palette.ink_weak));
        return;
    }
    section(ui, &palette, "2 · Do");
    ui.label(&task.to_do);
    if task.goal.asks_for_number() && !run.revealed {
        ui.horizontal(|ui| {
            let field = ui.add(TextEdit::singleline(typed).desired_width(120.0).hint_text("a number"));
            field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Your number"));
            let number = typed.trim().replace('−', "-").parse::<f64>().ok();
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            let button = ui.add_enabled(number.is_some(), egui::Button::new("Check"));
            if let Some(number) = number.filter(|_| entered || button.clicked()) {
                view.ask(LessonAction::Answer(number));
            }
        });
        if run.answer.is_some() {
            ui.colored_label(palette.warn, "Not yet: look again.");
        }
    }
    if !run.revealed {
        ui.add_space(space::XS);
        if ui.button("Show me").on_hover_text("Let the program do it").clicked() {
            view.ask(LessonAction::ShowMe);
        }
        return;
    }
    section(ui, &palette, "3 · Reveal");
    card(ui, &palette, |ui| {
        ui.set_width(ui.available_width());
        let right = run.guess == Some(task.predict.right);
        let (colour, words) = if right {
            (palette.ok, "You predicted it.".to_owned())
        } else {
            (palette.warn, format!("The answer is: {}", task.predict.answers[task.predict.right]))
        };
        ui.colored_label(colour, words);
        ui.label(&task.reveal);
    });
    ui.add_space(space::S);
    let last = run.at + 1 == run.lesson.tasks.len();
    if accent_button(ui, &palette, if last { "Finish" } else { "Next task" }).clicked() {
        typed.clear();
        view.ask(LessonAction::Next);
    }
}

fn ended_ui(ui: &mut Ui, view: &mut View, run: &LessonRun) {
    let palette = view.palette;
    ui.add_space(space::M);
    ui.label("That was the whole lesson. The window stays as it is: go on playing with it.");
    ui.add_space(space::S);
    let next = run.number + 1;
    if next < view.state.lessons.len() && accent_button(ui, &palette, &format!("Start lesson {}", next + 1)).clicked() {
        view.ask(LessonAction::Start(next));
    }
    if ui.button("All lessons…").clicked() {
        view.ask(LessonAction::List);
    }
}

/// Draws the list of lessons in a dialog.
pub fn lessons_ui(ui: &mut Ui, view: &mut View) {
    ui.heading("Lessons");
    ui.label(RichText::new("Each takes a few minutes: predict, do, see.").color(view.palette.ink_weak));
    ui.add_space(space::S);
    if view.state.lessons.is_empty() {
        ui.label("This copy of the program ships without lessons: put them into assets/lessons beside it.");
    }
    ScrollArea::vertical().max_height(420.0).show(ui, |ui| {
        for (k, lesson) in view.state.lessons.clone().iter().enumerate() {
            let palette = view.palette;
            card(ui, &palette, |ui| {
                ui.horizontal(|ui| {
                    ui.vertical(|ui| {
                        ui.set_width((ui.available_width() - 90.0).max(200.0));
                        ui.strong(format!("{}  {}", k + 1, lesson.title));
                        ui.label(RichText::new(&lesson.about).small().color(palette.ink_weak));
                    });
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                        let start = ui.button("Start");
                        let name = format!("Start lesson {}: {}", k + 1, lesson.title);
                        start.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
                        if start.clicked() {
                            view.ask(WindowAction::CloseDialog);
                            view.ask(LessonAction::Start(k));
                        }
                    });
                });
            });
            ui.add_space(space::XS);
        }
    });
    ui.add_space(space::S);
    if ui.button("Close").clicked() {
        view.ask(WindowAction::CloseDialog);
    }
}
