//! The status line, and sentences that stay until they are dismissed.

use eframe::egui::{self, Align, Event, Layout, RichText, Ui};

use crate::app::action::{Tool, WindowAction};
use crate::app::board::duration;
use crate::app::model_session::thousands;
use crate::app::state::Weight;
use crate::app::theme::space;
use crate::app::widgets::View;

/// Draws the line: tool, shown / loaded / total, seed, adapter, frame time.
pub fn ui(ui: &mut Ui, view: &mut View) {
    let state = view.state;
    let weak = view.palette.ink_weak;
    let small = |text: String| RichText::new(text).small().color(weak);
    ui.horizontal_centered(|ui| {
        let (name, how) = match state.tool {
            Tool::Pan => ("Pan (V)", "Drag moves the map, the wheel zooms, a click selects; Shift adds, Alt subtracts"),
            Tool::Lasso => ("Lasso (L)", "Drag around points; Shift adds, Alt subtracts"),
            Tool::Rectangle => ("Rectangle (R)", "Drag a rectangle; Shift adds, Alt subtracts"),
        };
        ui.label(small(format!("Tool: {name}"))).on_hover_text(how);
        ui.separator();
        let n = state.n_rows();
        let total = n + state.data.as_ref().map_or(0, |data| data.rejected.len());
        let shown = state.picture.n_shown(n);
        ui.label(small(format!("{} shown / {} loaded / {} in all", thousands(shown), thousands(n), thousands(total))))
            .on_hover_text(
                "Nothing is sampled: filters hide molecules, and rows that are no molecules are listed in the log",
            );
        ui.separator();
        ui.label(small(format!("{} selected", thousands(state.picture.selection.len()))));
        if let Some(map) = state.data.as_ref().and_then(|data| data.map.as_ref()) {
            ui.separator();
            ui.label(small(format!("Seed {}", map.seed))).on_hover_text(&map.method);
        }
        let running = state.jobs.iter().filter(|job| job.is_active()).count();
        if running > 0 {
            ui.separator();
            ui.label(RichText::new(format!("{running} running")).small().color(view.palette.accent));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(small(format!("{:.1} ms", state.frame_secs * 1000.0)))
                .on_hover_text("Time that one frame takes on the processor, averaged");
            if !state.adapter.short.is_empty() {
                ui.separator();
                ui.label(small(state.adapter.short.clone())).on_hover_text(&state.adapter.long);
            }
        });
    });
}

/// Draws the sentence that wants attention.
pub fn notice_ui(ui: &mut Ui, view: &mut View) {
    let Some((weight, text)) = view.state.notice.clone() else { return };
    let (colour, word) = match weight {
        Weight::Failure => (view.palette.danger, "Failed"),
        _ => (view.palette.warn, "Note"),
    };
    ui.horizontal(|ui| {
        ui.label(RichText::new(word).strong().color(colour));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.button("Dismiss").clicked() {
                view.ask(WindowAction::Dismiss);
            }
            if ui.button("Copy").on_hover_text("Copy the sentence").clicked() {
                view.ask(WindowAction::Copy(text.clone()));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(egui::Label::new(&text).truncate().selectable(true)).on_hover_text(&text);
            });
        });
    });
}

/// Shows the keys that are held, for an audience.
pub fn key_overlay_ui(ctx: &egui::Context, view: &View) {
    let text = ctx.input(|input| {
        let mut keys: Vec<String> = Vec::new();
        let held = input.modifiers;
        for (on, name) in [(held.command, "Ctrl"), (held.shift, "Shift"), (held.alt, "Alt")] {
            if on {
                keys.push(name.into());
            }
        }
        keys.extend(input.keys_down.iter().map(|key| key.name().to_owned()));
        keys.join(" + ")
    });
    let pressed_now =
        ctx.input(|input| input.events.iter().any(|event| matches!(event, Event::Key { pressed: true, .. })));
    let id = egui::Id::unique("keys shown");
    let now = ctx.input(|input| input.time);
    if pressed_now && !text.is_empty() {
        ctx.data_mut(|data| data.insert_temp(id, (text, now)));
    }
    let Some((text, since)) = ctx.data(|data| data.get_temp::<(String, f64)>(id)) else { return };
    if now - since > 1.5 {
        return;
    }
    ctx.request_repaint_after(std::time::Duration::from_millis(200));
    egui::Area::new(egui::Id::unique("key overlay"))
        .anchor(egui::Align2::CENTER_BOTTOM, [0.0, -64.0])
        .interactable(false)
        .show(ctx, |ui| {
            egui::Frame::new().fill(view.palette.accent).corner_radius(8).inner_margin(space::M).show(ui, |ui| {
                ui.label(RichText::new(text).size(26.0).color(view.palette.on_accent));
            });
        });
}

/// How long ago something was, since the start of the program.
pub fn clock(at: std::time::Duration) -> String {
    duration(at)
}
