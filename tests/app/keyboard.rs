//! Everything by keys alone.

use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;

use super::support::{N, Opening, press, settle, type_into};

#[test]
fn the_palette_runs_any_command_by_its_words() {
    let mut window = Opening::with_study().open();
    press(&mut window, Modifiers::COMMAND, Key::K);
    type_into(&mut window, "Find a command", "select all");
    press(&mut window, Modifiers::NONE, Key::Enter);
    assert_eq!(window.state().n_selected(), N);
    assert!(window.query_by_label("Find a command").is_none());
}

#[test]
fn a_tour_by_keys_visits_every_step_and_clears_up() {
    let mut window = Opening::with_study().open();
    let steps = ["Model", "Landscape", "Region", "Fill-tune", "Compare"];
    let keys = [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5];
    for (step, key) in steps.into_iter().zip(keys) {
        press(&mut window, Modifiers::NONE, key);
        assert_eq!(window.state().step_name(), step);
    }
    press(&mut window, Modifiers::COMMAND, Key::A);
    assert_eq!(window.state().n_selected(), N);
    press(&mut window, Modifiers::NONE, Key::Escape);
    assert_eq!(window.state().n_selected(), 0);
    press(&mut window, Modifiers::NONE, Key::F1);
    assert!(window.query_all_by_label("Keys").count() > 0);
    press(&mut window, Modifiers::NONE, Key::Escape);
    press(&mut window, Modifiers::COMMAND, Key::J);
    assert!(window.query_by_label("Hide").is_some());
}

#[test]
fn letters_typed_into_a_field_are_no_commands() {
    let mut window = Opening::with_study().open();
    press(&mut window, Modifiers::COMMAND, Key::F);
    settle(&mut window);
    press(&mut window, Modifiers::NONE, Key::Num5);
    assert_eq!(window.state().step_name(), "Landscape");
}
