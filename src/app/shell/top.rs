//! Menus, the name of the study, and the five steps.

use eframe::egui::{
    self, Align, Align2, FontId, Layout, Pos2, Rect, Role, Sense, Stroke, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use crate::app::action::{PictureAction, StudyAction, WindowAction};
use crate::app::command::{COMMANDS, Command, Menu};
use crate::app::picture::{Step, StepState};
use crate::app::theme::{Palette, space};
use crate::app::widgets::{View, menu_item};

/// Draws the bar.
pub fn ui(ui: &mut Ui, view: &mut View) {
    egui::MenuBar::new().ui(ui, |ui| {
        for menu in Menu::ALL {
            ui.menu_button(menu.label(), |ui| menu_ui(ui, view, menu));
        }
        ui.separator();
        ui.scope(|ui| {
            ui.set_max_width(NAME_WIDTH);
            name_ui(ui, view);
        });
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            right_ui(ui, view);
            ui.separator();
            // What is left is the middle: the steps stand in its centre.
            let room = ui.available_width();
            let narrow = room < NARROW;
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add_space(((room - steps_width(ui, narrow)) * 0.5).max(0.0));
                steps_ui(ui, view, narrow);
            });
        });
    });
}

/// Room for the name of the study.
const NAME_WIDTH: f32 = 180.0;

fn right_ui(ui: &mut Ui, view: &mut View) {
    let help = ui.add(egui::Button::new("?").frame(true)).on_hover_text(Command::Keys.entry().hint(ui.ctx()));
    help.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Help: keys"));
    if help.clicked() {
        view.ask(WindowAction::Show(crate::app::action::Dialog::Keys));
    }
    let key = Command::Palette.entry().key_text(ui.ctx());
    let palette = ui.add(egui::Button::new(key).frame(true)).on_hover_text(Command::Palette.entry().hint(ui.ctx()));
    palette.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Command palette"));
    if palette.clicked() {
        view.ask(WindowAction::TogglePalette);
    }
}

fn menu_ui(ui: &mut Ui, view: &mut View, menu: Menu) {
    ui.set_min_width(240.0);
    for entry in COMMANDS.iter().filter(|entry| entry.menu == menu) {
        if matches!(
            entry.command,
            Command::GoTo(Step::Model) | Command::Tool(_) | Command::Settings | Command::SelectAll
        ) && entry.command != Command::Tool(crate::app::action::Tool::Lasso)
            && entry.command != Command::Tool(crate::app::action::Tool::Rectangle)
            || matches!(entry.command, Command::Frame | Command::Explorer)
        {
            ui.separator();
        }
        menu_item(ui, view, entry.command);
        if entry.command == Command::OpenBundled && !view.state.settings.recent.is_empty() {
            ui.menu_button("Open recent", |ui| {
                for path in &view.state.settings.recent {
                    let name = path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy());
                    if ui.button(name).on_hover_text(path.display().to_string()).clicked() {
                        view.ask(StudyAction::Open(path.clone()));
                        ui.close();
                    }
                }
            });
        }
    }
}

fn name_ui(ui: &mut Ui, view: &View) {
    let state = view.state;
    let (name, hint) = match (&state.study, &state.data) {
        (Some(study), _) => {
            let access = study.read_only.as_deref().unwrap_or("Changes are kept in the study");
            (study.name.clone(), format!("{}\n{access}", study.folder.display()))
        }
        (None, Some(data)) => (data.name.clone(), "A file of molecules, not a study: nothing is written to it".into()),
        (None, None) => ("No study".into(), "Open a study, a model or a file of molecules with Ctrl O".into()),
    };
    ui.add(egui::Label::new(egui::RichText::new(name).strong()).truncate()).on_hover_text(hint);
}

/// Width below which the steps show only their numbers and signs.
const NARROW: f32 = 560.0;

fn step_words(step: Step, narrow: bool) -> String {
    if narrow { step.number().to_string() } else { format!("{} {}", step.number(), step.label()) }
}

fn steps_width(ui: &Ui, narrow: bool) -> f32 {
    let font = FontId::proportional(13.0);
    let width = |step: Step| {
        let words = ui.painter().layout_no_wrap(step_words(step, narrow), font.clone(), egui::Color32::WHITE);
        words.size().x + 36.0 + space::XS
    };
    Step::ALL.into_iter().map(width).sum()
}

fn steps_ui(ui: &mut Ui, view: &mut View, narrow: bool) {
    ui.spacing_mut().item_spacing.x = space::XS;
    for step in Step::ALL {
        step_ui(ui, view, step, narrow);
    }
}

fn step_ui(ui: &mut Ui, view: &mut View, step: Step, narrow: bool) {
    let palette = view.palette;
    let (state, current) = (view.state.step_state(step), view.state.picture.step == step);
    let words = step_words(step, narrow);
    let ink = if current { palette.on_accent } else { palette.ink };
    let galley = ui.painter().layout_no_wrap(words, FontId::proportional(13.0), ink);
    let size = vec2(galley.size().x + 36.0, 24.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let name = format!("{} {}, {}", step.number(), step.label(), state.word());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, current, &name));
    let fill = match (current, response.hovered() || response.has_focus()) {
        (true, _) => palette.accent,
        (false, true) => palette.hovered,
        (false, false) => palette.control,
    };
    let painter = ui.painter();
    painter.rect(rect, 12.0, fill, Stroke::NONE, egui::StrokeKind::Inside);
    painter.galley(pos2(rect.left() + 11.0, rect.center().y - galley.size().y / 2.0), galley, ink);
    sign(ui, pos2(rect.right() - 14.0, rect.center().y), state, current, &palette);
    let response = response.on_hover_text(format!("{}\nNow: {} ({})", step.purpose(), explain(state), step.number()));
    if response.clicked() {
        view.ask(PictureAction::GoTo(step));
    }
}

fn explain(state: StepState) -> &'static str {
    match state {
        StepState::Empty => "empty, something it needs is not there yet",
        StepState::Ready => "ready to begin",
        StepState::Running => "running",
        StepState::Done => "done",
        StepState::Stale => "stale: what it was made from has changed; nothing is deleted, recompute when you like",
    }
}

/// The state as a shape, so that colour is not the only sign: nothing, ring, wandering arc, tick, exclamation mark.
fn sign(ui: &Ui, at: Pos2, state: StepState, current: bool, palette: &Palette) {
    let painter = ui.painter();
    let colour = |usual| if current { palette.on_accent } else { usual };
    match state {
        StepState::Empty => {
            painter.circle_filled(at, 1.5, colour(palette.ink_weak));
        }
        StepState::Ready => {
            painter.circle_stroke(at, 4.0, Stroke::new(1.5, colour(palette.ink_weak)));
        }
        StepState::Running => {
            ui.ctx().request_repaint_after(std::time::Duration::from_millis(50));
            let turn = ui.input(|input| input.time) as f32 * 4.0;
            let points = (0..=12).map(|k| at + Vec2::angled(turn + k as f32 * 0.35) * 4.5).collect();
            painter.add(egui::Shape::line(points, Stroke::new(2.0, colour(palette.accent))));
        }
        StepState::Done => {
            let stroke = Stroke::new(1.8, colour(palette.ok));
            painter.line_segment([at + vec2(-4.0, 0.5), at + vec2(-1.0, 3.5)], stroke);
            painter.line_segment([at + vec2(-1.0, 3.5), at + vec2(4.5, -3.5)], stroke);
        }
        StepState::Stale => {
            let ground = Rect::from_center_size(at, vec2(13.0, 13.0));
            painter.rect_filled(ground, 3.0, colour(palette.warn));
            let ink = if current { palette.accent } else { palette.base };
            painter.text(at, Align2::CENTER_CENTER, "!", FontId::proportional(11.0), ink);
        }
    }
}
