//! Minima on the map: under the pointer, and marked by a click.

use eframe::egui::{self, Pos2, Ui};

use crate::app::action::{LandscapeAction, Tool};
use crate::app::picture::Layer;
use crate::app::views::toggled;
use crate::app::widgets::View;

/// How near the pointer must be to a minimum, in points: they lie above the dots of molecules.
pub const PICK_RADIUS: f32 = 6.0;

/// Takes a click on a minimum, and notes the minimum under the pointer; whether the click was taken.
///
/// * `at` – the minimum at a place of the screen
pub fn follow(ui: &Ui, response: &egui::Response, view: &mut View, at: &dyn Fn(Pos2) -> Option<u64>) -> bool {
    let known = view.state.study.as_ref().is_some_and(|study| study.network_on_map.is_some());
    if !known || !view.state.picture.shows(Layer::Network) {
        return false;
    }
    let under = response.hover_pos().and_then(at);
    if response.hovered() && under != view.state.focus.hovered {
        view.ask(LandscapeAction::Hover(under));
    }
    let picked = response.interact_pointer_pos().and_then(at).filter(|_| view.state.tool == Tool::Pan);
    match picked {
        Some(id) if response.clicked() => {
            let shift = ui.input(|input| input.modifiers.shift);
            view.ask(LandscapeAction::SelectMinima(toggled(&view.state.marked_minima, Some(id), shift)));
            true
        }
        _ => false,
    }
}
