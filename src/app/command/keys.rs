//! Which commands the keys of a frame ask for.

use eframe::egui::{self, Key, Modifiers};

use super::{COMMANDS, Command, Entry};
use crate::app::action::{Action, WindowAction};
use crate::app::state::State;

/// The actions of the keys that were pressed in this frame. While a field has the focus, only keys with Ctrl
/// count, and of these none that a field takes itself.
pub fn pressed(ctx: &egui::Context, state: &State) -> Vec<Action> {
    let typing = ctx.text_edit_focused();
    let mut entries: Vec<&Entry> = COMMANDS.iter().filter(|entry| entry.key.is_some()).collect();
    // Shortcuts with more modifiers first, so that Ctrl Shift Z is not taken for Ctrl Z.
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.key.map_or(0, |key| n_modifiers(key.modifiers))));
    let mut actions = Vec::new();
    for entry in entries {
        let Some(key) = entry.key else { continue };
        if typing && !is_function_key(key.logical_key) && (!key.modifiers.command || edits_text(key.logical_key)) {
            continue;
        }
        if ctx.input_mut(|input| input.consume_shortcut(&key)) {
            match entry.command.action(state) {
                Ok(action) => actions.push(action),
                // Escape with nothing selected is no wish.
                Err(_) if entry.command == Command::Clear => {}
                Err(why) => actions.push(WindowAction::Say(format!("{}: {why}", entry.label)).into()),
            }
        }
    }
    actions
}

/// As [`pressed`] while the palette or a dialog is open: only Escape, which closes it, and the palette's own key.
pub fn pressed_in_dialog(ctx: &egui::Context, state: &State) -> Vec<Action> {
    let escape = ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
    let palette =
        state.palette && Command::Palette.entry().key.is_some_and(|key| ctx.input_mut(|i| i.consume_shortcut(&key)));
    if state.palette && (escape || palette) {
        vec![WindowAction::TogglePalette.into()]
    } else if escape {
        vec![WindowAction::CloseDialog.into()]
    } else {
        Vec::new()
    }
}

fn n_modifiers(modifiers: Modifiers) -> usize {
    [modifiers.alt, modifiers.shift, modifiers.command || modifiers.ctrl].into_iter().filter(|on| *on).count()
}

/// Keys that, with Ctrl, mean something in a field.
fn edits_text(key: Key) -> bool {
    matches!(key, Key::A | Key::Z)
}

fn is_function_key(key: Key) -> bool {
    matches!(key, Key::F1 | Key::F11)
}
