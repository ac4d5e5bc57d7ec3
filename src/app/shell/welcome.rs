//! First start: a strip of cards below the views; the mark on the map is `map::coach`.

use eframe::egui::{
    self, Align, FontId, Layout, Response, RichText, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2,
};

use crate::app::action::{Action, Dialog, LessonAction, StudyAction, Tool, WindowAction};
use crate::app::theme::{Palette, space};
use crate::app::widgets::View;

/// Whether the first steps are still to be explained.
pub fn wanted(view: &View) -> bool {
    !view.state.settings.welcomed
}

/// Height of a card.
const CARD: f32 = 54.0;

/// Draws the strip at the lower edge of the middle.
pub fn ui(ui: &mut Ui, view: &mut View) {
    let palette = view.palette;
    let frame = egui::Frame::new().fill(palette.base).inner_margin(egui::Margin::symmetric(12, 8));
    egui::Panel::bottom("welcome").frame(frame).show_separator_line(false).show(ui, |ui| {
        let on_map = view.state.data.as_ref().is_some_and(|data| data.map.is_some());
        ui.horizontal(|ui| {
            ui.label(RichText::new("Welcome to Fillscape").heading());
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if ui.small_button("Close").on_hover_text("Do not show this again").clicked() {
                    view.ask(WindowAction::Tool(Tool::Pan));
                    view.ask(WindowAction::Welcomed);
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let text = if on_map {
                        "Each dot is a molecule. On bright ground, small steps change the molecule much."
                    } else {
                        "Open a study, a model, or a file of molecules. Everything stays on this machine."
                    };
                    let text = RichText::new(text).color(palette.ink_weak);
                    ui.add(egui::Label::new(text).truncate());
                });
            });
        });
        ui.add_space(2.0);
        cards_ui(ui, view, on_map);
    });
}

fn cards_ui(ui: &mut Ui, view: &mut View, on_map: bool) {
    let n = 3.0;
    let width = ((ui.available_width() - (n - 1.0) * space::S) / n).floor();
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        let bundled = view.state.places.study.is_some();
        let (text, enabled) = match (on_map, bundled) {
            (true, _) => ("Draw around a bright area", true),
            (false, true) => ("A study with its results", true),
            (false, false) => ("This copy of the program ships without a study", false),
        };
        if card_ui(ui, &view.palette, width, "Explore the demo", text, enabled).clicked() {
            let explore: Action =
                if on_map { WindowAction::Tool(Tool::Lasso).into() } else { StudyAction::OpenBundled.into() };
            view.ask(explore);
            view.ask(WindowAction::Welcomed);
        }
        if card_ui(ui, &view.palette, width, "Open my model…", "Or molecules: CSV, SMILES, SDF", true).clicked() {
            view.ask(WindowAction::Tool(Tool::Pan));
            view.ask(WindowAction::Show(Dialog::Open));
            view.ask(WindowAction::Welcomed);
        }
        let lessons = !view.state.lessons.is_empty();
        let text = if lessons {
            "Wells and passes, in a few minutes"
        } else {
            "This copy of the program ships without lessons"
        };
        if card_ui(ui, &view.palette, width, "Start lesson 1", text, lessons).clicked() {
            view.ask(WindowAction::Tool(Tool::Pan));
            view.ask(LessonAction::Start(0));
        }
    });
}

/// A card that is one button: a title, and below it what it leads to.
fn card_ui(ui: &mut Ui, palette: &Palette, width: f32, title: &str, text: &str, enabled: bool) -> Response {
    let sense = if enabled { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(vec2(width, CARD), sense);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, title));
    let lit = enabled && (response.hovered() || response.has_focus());
    let (fill, line) = if lit { (palette.accent_soft, palette.accent) } else { (palette.raised, palette.line) };
    ui.painter().rect(rect, 6.0, fill, Stroke::new(1.0, line), StrokeKind::Inside);
    let inner = rect.shrink2(vec2(12.0, 8.0));
    let painter = ui.painter().with_clip_rect(inner.expand(2.0));
    let ink = if enabled { palette.accent } else { palette.ink_weak };
    painter.text(inner.left_top(), egui::Align2::LEFT_TOP, title, FontId::proportional(14.0), ink);
    let mut job = egui::text::LayoutJob::simple(
        text.to_owned(),
        FontId::proportional(12.0),
        if lit { palette.ink } else { palette.ink_weak },
        inner.width(),
    );
    job.wrap.max_rows = 1;
    let galley = painter.layout_job(job);
    painter.galley(inner.left_bottom() - vec2(0.0, galley.size().y), galley, palette.ink);
    response.on_hover_text(text)
}
