//! First start: three cards, and one mark on the map.

use eframe::egui::{self, Align2, RichText, Ui, vec2};

use crate::app::action::{Dialog, LessonAction, StudyAction, Tool, WindowAction};
use crate::app::theme::space;
use crate::app::widgets::{View, accent_button};

/// Whether the first steps are still to be explained.
pub fn wanted(view: &View) -> bool {
    !view.state.settings.welcomed && view.state.dialog.is_none() && !view.state.palette
}

/// Draws the cards over the lower edge of the middle.
pub fn ui(ui: &mut Ui, view: &mut View) {
    let middle = ui.max_rect();
    let on_map = view.state.data.as_ref().is_some_and(|data| data.map.is_some());
    egui::Area::new(egui::Id::unique("welcome"))
        .order(egui::Order::Middle)
        .pivot(Align2::CENTER_BOTTOM)
        .fixed_pos(middle.center_bottom() - vec2(0.0, space::L))
        .show(ui.ctx(), |ui| {
            egui::Frame::popup(ui.style()).inner_margin(space::M).show(ui, |ui| {
                ui.set_max_width((middle.width() - 48.0).clamp(300.0, 620.0));
                ui.horizontal(|ui| {
                    ui.label(RichText::new("Welcome to Fillscape").heading());
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                        if ui.small_button("Close").on_hover_text("Do not show this again").clicked() {
                            view.ask(WindowAction::Welcomed);
                        }
                    });
                });
                let text = if on_map {
                    "Each dot is a molecule, placed by what the model thinks of it. Drag around a bright area."
                } else {
                    "Open a study, a model, or a file of molecules. Everything stays on this machine."
                };
                ui.label(RichText::new(text).color(view.palette.ink_weak));
                ui.add_space(space::XS);
                ui.horizontal_wrapped(|ui| cards_ui(ui, view, on_map));
            });
        });
}

fn cards_ui(ui: &mut Ui, view: &mut View, on_map: bool) {
    let bundled = view.state.places.study.is_some();
    if on_map {
        if accent_button(ui, &view.palette, "Draw a lasso")
            .on_hover_text("Takes the lasso (L): drag around a bright area")
            .clicked()
        {
            view.ask(WindowAction::Tool(Tool::Lasso));
            view.ask(WindowAction::Welcomed);
        }
    } else {
        let button = ui.add_enabled(bundled, egui::Button::new("Explore the demo study"));
        let button = button.on_disabled_hover_text("This copy of the program ships without a study");
        if button.clicked() {
            view.ask(StudyAction::OpenBundled);
            view.ask(WindowAction::Welcomed);
        }
    }
    if ui.button("Open my model…").clicked() {
        view.ask(WindowAction::Show(Dialog::Open));
        view.ask(WindowAction::Welcomed);
    }
    let lesson = ui.add_enabled(!view.state.lessons.is_empty(), egui::Button::new("Start lesson 1"));
    let lesson = lesson.on_hover_text("Wells and passes: a few minutes on a toy surface");
    if lesson.on_disabled_hover_text("This copy of the program ships without lessons").clicked() {
        view.ask(LessonAction::Start(0));
    }
}
