//! Everything by keys alone.

use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable, by};
use fillscape::app::App;

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

/// The label of what has the focus.
fn focused(window: &Harness<'_, App>) -> Option<String> {
    let node = window.get_all(by()).find(|node| node.accesskit_node().is_focused())?;
    let node = node.accesskit_node();
    Some(node.label().or_else(|| node.value()).unwrap_or_default())
}

#[test]
fn the_tab_key_reaches_every_part_of_the_window_and_comes_round() {
    let mut window = Opening::with_study().open();
    let mut seen: Vec<String> = Vec::new();
    for _ in 0..400 {
        press(&mut window, Modifiers::NONE, Key::Tab);
        let Some(label) = focused(&window) else { continue };
        if seen.len() > 20 && seen.first() == Some(&label) {
            break;
        }
        seen.push(label);
    }
    let wanted = [
        "File",
        "2 Landscape, done",
        "Command palette",
        "Find by text",
        "Lasso",
        "Density",
        "Colour by",
        "Explore the demo",
        "Point size",
        "Jobs",
        "Structures",
    ];
    for label in wanted {
        assert!(seen.iter().any(|found| found.contains(label)), "“{label}” is not reached: {seen:?}");
    }
}

#[test]
fn a_study_is_searched_filtered_coloured_and_exported_without_a_mouse() {
    let mut window = Opening::with_study().open();
    let palette = |window: &mut Harness<'_, App>, words: &str| {
        press(window, Modifiers::COMMAND, Key::K);
        type_into(window, "Find a command", words);
        press(window, Modifiers::NONE, Key::Enter);
    };
    palette(&mut window, "find molecules");
    window.get_by_label("Find by text").type_text("Cl");
    window.run_steps(2);
    press(&mut window, Modifiers::NONE, Key::Enter);
    let found = window.state().n_selected();
    assert!((1..N).contains(&found), "{found} of {N} hold a chlorine");
    palette(&mut window, "show only selection");
    assert_eq!(window.state().n_shown(), found);
    palette(&mut window, "name selection");
    press(&mut window, Modifiers::NONE, Key::Enter);
    assert!(window.query_by_label_contains("Selection 1  (").is_some());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chlorine.smi");
    palette(&mut window, "export molecules");
    type_into(&mut window, "File to write", path.to_str().unwrap());
    press(&mut window, Modifiers::NONE, Key::Enter);
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), found);
    palette(&mut window, "show all");
    assert_eq!(window.state().n_shown(), N);
}
