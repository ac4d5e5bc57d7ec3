//! The command palette: every command, found by its words.

use eframe::egui::{self, Align2, Key, RichText, Role, ScrollArea, TextEdit, WidgetInfo, vec2};

use crate::app::action::{Action, WindowAction};
use crate::app::command::{COMMANDS, Entry};
use crate::app::theme::space;
use crate::app::widgets::View;

/// The palette.
#[derive(Debug, Default)]
pub struct PalettePanel {
    text: String,
    at: usize,
    opened: bool,
}

impl PalettePanel {
    /// Forgets what was typed.
    pub fn close(&mut self) {
        *self = Self::default();
    }

    /// Draws the palette over everything.
    pub fn ui(&mut self, ctx: &egui::Context, view: &mut View) {
        let found = matching(&self.text);
        let (up, down, enter) = ctx.input_mut(|input| {
            (
                input.consume_key(egui::Modifiers::NONE, Key::ArrowUp),
                input.consume_key(egui::Modifiers::NONE, Key::ArrowDown),
                input.key_pressed(Key::Enter),
            )
        });
        self.at = match (up, down) {
            (true, _) => self.at.saturating_sub(1),
            (_, true) => self.at + 1,
            _ => self.at,
        }
        .min(found.len().saturating_sub(1));
        let moved = up || down;
        egui::Area::new(egui::Id::unique("palette"))
            .order(egui::Order::Foreground)
            .anchor(Align2::CENTER_TOP, vec2(0.0, 72.0))
            .show(ctx, |ui| {
                egui::Frame::popup(ui.style()).inner_margin(space::M).show(ui, |ui| {
                    ui.set_width(480.0);
                    let field = ui.add(
                        TextEdit::singleline(&mut self.text)
                            .hint_text("Type a command")
                            .desired_width(f32::INFINITY)
                            .font(egui::TextStyle::Heading),
                    );
                    field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Find a command"));
                    if !self.opened {
                        field.request_focus();
                        self.opened = true;
                    }
                    if field.changed() {
                        self.at = 0;
                    }
                    ui.add_space(space::XS);
                    let mut chosen = enter.then(|| found.get(self.at).copied()).flatten();
                    ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
                        for (k, entry) in found.iter().enumerate() {
                            if entry_ui(ui, view, entry, k == self.at, moved) {
                                chosen = Some(entry);
                            }
                        }
                        if found.is_empty() {
                            ui.label(RichText::new("No command has these words").color(view.palette.ink_weak));
                        }
                    });
                    if let Some(entry) = chosen {
                        match entry.command.action(view.state) {
                            Ok(action) => {
                                view.ask(WindowAction::TogglePalette);
                                if action != Action::Window(WindowAction::TogglePalette) {
                                    view.ask(action);
                                }
                            }
                            Err(why) => view.ask(WindowAction::Say(format!("{}: {why}", entry.label))),
                        }
                    }
                });
            });
    }
}

/// Commands that hold every word: first those whose own words begin so, then those whose own words hold all, then those
/// where the rest is in the explanation; otherwise in the order of the list.
fn matching(text: &str) -> Vec<&'static Entry> {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let holds = |entry: &&Entry| {
        let all = format!("{} {} {}", entry.label, entry.tooltip, entry.menu.label()).to_lowercase();
        words.iter().all(|word| all.contains(word))
    };
    let rank = |entry: &&Entry| {
        let label = entry.label.to_lowercase();
        if label.starts_with(&words.join(" ")) {
            0
        } else {
            1 + u8::from(!words.iter().all(|word| label.contains(word)))
        }
    };
    let mut found: Vec<&'static Entry> = COMMANDS.iter().filter(holds).collect();
    found.sort_by_key(rank);
    found
}

fn entry_ui(ui: &mut egui::Ui, view: &mut View, entry: &Entry, marked: bool, moved: bool) -> bool {
    let why = entry.command.action(view.state).err();
    let key = entry.key_text(ui.ctx());
    let ink = if why.is_some() { view.palette.ink_weak } else { view.palette.ink };
    let mut clicked = false;
    ui.horizontal(|ui| {
        let copy = if entry.headless.is_some() { 52.0 } else { 0.0 };
        let button = egui::Button::selectable(marked, RichText::new(entry.label).color(ink))
            .shortcut_text(key)
            .min_size(vec2(ui.available_width() - copy, 24.0));
        let response = ui.add(button);
        if marked && moved {
            response.scroll_to_me(None);
        }
        let hint = why.map_or_else(|| entry.tooltip.to_owned(), |why| format!("{}\n{why}", entry.tooltip));
        clicked = response.on_hover_text(hint).clicked();
        if let Some(line) = entry.headless {
            let copy = ui.small_button("Copy").on_hover_text(format!("Copy the same for the command line:\n{line}"));
            copy.widget_info(|| {
                WidgetInfo::labeled(Role::Button, true, format!("Copy the command line of “{}”", entry.label))
            });
            if copy.clicked() {
                view.ask(WindowAction::Copy(line.to_owned()));
            }
        }
    });
    clicked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::command::Command;

    #[test]
    fn words_in_any_order_find_a_command() {
        let found = |text| matching(text).iter().map(|entry| entry.command).collect::<Vec<_>>();
        assert_eq!(found("layout reset"), [Command::ResetLayout]);
        assert_eq!(found("show all")[0], Command::ShowAll);
        assert_eq!(found("qqqq"), []);
        assert_eq!(found("").len(), COMMANDS.len());
        assert!(found("lasso").contains(&Command::Tool(crate::app::action::Tool::Lasso)));
    }
}
