//! Small pieces that many panels share.

use eframe::egui::{
    self, Align, Align2, FontId, Layout, Rect, Response, RichText, Role, Sense, TextStyle, Ui, Vec2, WidgetInfo,
};

use super::action::Action;
use super::command::Command;
use super::drawings::{self, Drawing, Drawings};
use super::state::State;
use super::theme::{Palette, space};

/// What a panel draws from, and where it leaves its wishes.
pub struct View<'a> {
    /// What the window knows.
    pub state: &'a State,
    /// Molecules as drawings.
    pub drawings: &'a mut Drawings,
    /// Colours.
    pub palette: Palette,
    actions: Vec<Action>,
}

impl<'a> View<'a> {
    /// A view of the state in its theme.
    pub fn new(state: &'a State, drawings: &'a mut Drawings) -> Self {
        Self { state, drawings, palette: state.settings.theme.palette(), actions: Vec::new() }
    }

    /// Leaves a wish.
    pub fn ask(&mut self, action: impl Into<Action>) {
        self.actions.push(action.into());
    }

    /// All wishes of the frame.
    pub fn into_actions(self) -> Vec<Action> {
        self.actions
    }
}

/// A button for a command: its words, key and tooltip; disabled with the reason when it cannot be done.
pub fn command_button(ui: &mut Ui, view: &mut View, command: Command) -> Response {
    let entry = command.entry();
    let action = command.action(view.state);
    let button = egui::Button::new(entry.label).selected(command.is_on(view.state));
    finish_command(ui, view, command, action, button)
}

/// As [`command_button`], in the accent: the one thing a screen is for.
pub fn primary_button(ui: &mut Ui, view: &mut View, command: Command, label: &str) -> Response {
    let action = command.action(view.state);
    let words = RichText::new(label).color(view.palette.on_accent);
    let button = egui::Button::new(words).fill(view.palette.accent).min_size(egui::vec2(0.0, 26.0));
    finish_command(ui, view, command, action, button)
}

/// A line of a menu, with the key at its right.
pub fn menu_item(ui: &mut Ui, view: &mut View, command: Command) {
    let entry = command.entry();
    let action = command.action(view.state);
    let key = entry.key_text(ui.ctx());
    let button = egui::Button::new(entry.label).shortcut_text(key).selected(command.is_on(view.state));
    if finish_command(ui, view, command, action, button).clicked() {
        ui.close();
    }
}

fn finish_command(
    ui: &mut Ui,
    view: &mut View,
    command: Command,
    action: Result<Action, String>,
    button: egui::Button<'_>,
) -> Response {
    let hint = command.entry().hint(ui.ctx());
    match action {
        Ok(action) => {
            let response = ui.add(button).on_hover_text(hint);
            if response.clicked() {
                view.ask(action);
            }
            response
        }
        Err(why) => ui.add_enabled(false, button).on_disabled_hover_text(format!("{hint}\n{why}")),
    }
}

/// The primary button of something that is no command.
pub fn accent_button(ui: &mut Ui, palette: &Palette, label: &str) -> Response {
    let words = RichText::new(label).color(palette.on_accent);
    ui.add(egui::Button::new(words).fill(palette.accent).min_size(egui::vec2(0.0, 26.0)))
}

/// The heading of a part of a panel.
pub fn section(ui: &mut Ui, palette: &Palette, words: &str) {
    ui.add_space(space::S);
    ui.label(RichText::new(words).small().color(palette.ink_weak));
    ui.add_space(2.0);
}

/// A name and its value on one line; the value is cut at the edge and shown whole in the tooltip.
pub fn fact(ui: &mut Ui, palette: &Palette, name: &str, value: &str) {
    let usual = ui.spacing().clone();
    ui.spacing_mut().item_spacing.y = 3.0;
    ui.spacing_mut().interact_size.y = 17.0;
    ui.horizontal(|ui| {
        let width = (ui.available_width() * 0.46).clamp(70.0, 130.0);
        let (rect, _) = ui.allocate_exact_size(Vec2::new(width, 17.0), Sense::hover());
        let galley = ui.painter().layout_no_wrap(name.to_owned(), FontId::proportional(13.0), palette.ink_weak);
        let clip = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
        clip.galley(Align2::LEFT_CENTER.align_size_within_rect(galley.size(), rect).min, galley, palette.ink_weak);
        let response = ui.add(egui::Label::new(value).truncate().selectable(true)).on_hover_text(value);
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{name}: {value}")));
    });
    *ui.spacing_mut() = usual;
}

/// What an empty panel says: what it is for, and what to do.
pub fn empty(ui: &mut Ui, palette: &Palette, title: &str, text: &str, below: impl FnOnce(&mut Ui)) {
    let height = ui.available_height();
    ui.vertical_centered(|ui| {
        ui.add_space((height * 0.5 - 60.0).clamp(space::M, 220.0));
        ui.label(RichText::new(title).heading().color(palette.ink));
        ui.add_space(space::XS);
        ui.allocate_ui_with_layout(
            Vec2::new(ui.available_width().min(420.0), 0.0),
            Layout::top_down(Align::Center),
            |ui| {
                ui.label(RichText::new(text).color(palette.ink_weak));
            },
        );
        ui.add_space(space::M);
        below(ui);
    });
}

/// A drawn molecule of a given size.
pub fn molecule(ui: &mut Ui, view: &mut View, smiles: &str, size: Vec2, sense: Sense) -> Response {
    let (rect, response) = ui.allocate_exact_size(size, sense);
    let clickable = sense.senses_click();
    let kind = if clickable { Role::Button } else { Role::Image };
    response.widget_info(|| WidgetInfo::labeled(kind, true, format!("Structure of {smiles}")));
    paint_molecule(ui, view, smiles, rect);
    response
}

/// Paints a molecule, or in words why there is none.
pub fn paint_molecule(ui: &Ui, view: &mut View, smiles: &str, rect: Rect) {
    if !ui.is_rect_visible(rect) {
        return;
    }
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    match view.drawings.get(smiles) {
        Drawing::Ready(depiction) => drawings::paint(&painter, rect, &depiction, view.palette.dark),
        Drawing::Pending => {}
        Drawing::Failed(why) => {
            let font = TextStyle::Small.resolve(ui.style());
            let text = if smiles.is_empty() { "no molecule".to_owned() } else { format!("no molecule: {why}") };
            let galley = painter.layout(text, font, view.palette.ink_weak, (rect.width() - 8.0).max(10.0));
            let corner = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), rect).min;
            painter.galley(corner, galley, view.palette.ink_weak);
        }
    }
}

/// A card: raised ground, round corners, a line around.
pub fn card<R>(ui: &mut Ui, palette: &Palette, add: impl FnOnce(&mut Ui) -> R) -> egui::InnerResponse<R> {
    egui::Frame::new()
        .fill(palette.raised)
        .stroke(egui::Stroke::new(1.0, palette.line))
        .corner_radius(6)
        .inner_margin(space::S)
        .show(ui, add)
}

/// A share from 0 to 1 as a thin bar.
pub fn bar(ui: &mut Ui, palette: &Palette, share: Option<f32>, width: f32, name: &str) {
    let (rect, response) = ui.allocate_exact_size(Vec2::new(width, 6.0), Sense::hover());
    response.widget_info(|| {
        let percent = share.map_or("unknown".to_owned(), |share| format!("{:.0} %", share * 100.0));
        WidgetInfo::labeled(Role::ProgressIndicator, true, format!("{name}: {percent}"))
    });
    ui.painter().rect_filled(rect, 3.0, palette.control);
    let filled = match share {
        Some(share) => Rect::from_min_size(rect.min, Vec2::new(rect.width() * share, rect.height())),
        None => {
            // Without a total, a short piece wanders: it works, nobody knows how long.
            ui.ctx().request_repaint_after(std::time::Duration::from_millis(50));
            let phase = (ui.input(|i| i.time) * 0.6).fract() as f32;
            let piece = rect.width() * 0.25;
            Rect::from_min_size(
                rect.min + Vec2::new((rect.width() - piece) * phase, 0.0),
                Vec2::new(piece, rect.height()),
            )
        }
    };
    ui.painter().rect_filled(filled, 3.0, palette.accent);
}
