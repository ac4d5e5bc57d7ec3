//! The first seconds.

use eframe::egui::Modifiers;
use egui_kittest::kittest::{NodeT, Queryable};

use super::support::{N, Opening, click, drag_over_map};

#[test]
fn the_bundled_study_is_on_screen_with_its_map_and_its_model() {
    let window = Opening::with_study().open();
    let state = window.state();
    assert_eq!(state.n_molecules(), N);
    assert!(window.query_by_label_contains(&format!("Map of {N} molecules")).is_some());
    assert!(window.query_by_label("Welcome to Fillscape").is_some());
    assert!(window.query_by_label("2 Landscape, done").is_some());
    assert!(window.query_by_label("1 Model, done").is_some());
    assert_eq!(state.notice(), None);
}

#[test]
fn what_ships_shows_a_landscape_and_the_roughest_molecule() {
    let window = Opening::bundled().open();
    assert_eq!(window.state().notice(), None);
    assert!(window.query_by_label_contains("Legend: Roughness on the map").is_some(), "the heatmap has no legend");
    assert!(window.query_by_label_contains("hatched: weak support").is_some(), "hatching is not explained");
    let shapes = window.query_all_by_label_contains("Legend: ").filter(|legend| {
        legend
            .accesskit_node()
            .label()
            .is_some_and(|label| label.contains("minimum") && label.contains("transition state"))
    });
    assert_eq!(shapes.count(), 1, "the legend does not tell minima from transition states");
    assert!(window.query_by_label("Where the map is roughest").is_some());
    assert!(window.query_all_by_label_contains("Structure of ").count() > 0);
    for step in ["2 Landscape, done", "3 Region, done", "4 Fill-tune, done", "5 Compare, done"] {
        assert!(window.query_by_label(step).is_some(), "{step} is missing");
    }
}

#[test]
fn the_coach_mark_stays_until_something_is_drawn_around() {
    let mut window = Opening::bundled().open();
    let mark = "Drag around this bright area";
    assert!(window.query_by_label(mark).is_some());
    click(&mut window, "Explore the demo");
    assert!(window.query_by_label(mark).is_some());
    drag_over_map(&mut window, &[[0.3, 0.3], [0.7, 0.3], [0.7, 0.7], [0.3, 0.7]], Modifiers::NONE);
    assert!(window.state().n_selected() > 0);
    assert!(window.query_by_label(mark).is_none());
}

#[test]
fn the_welcome_is_closed_for_good() {
    let config = tempfile::tempdir().unwrap();
    let opening = || {
        let mut opening = Opening::with_study();
        opening.start.config = Some(config.path().to_owned());
        opening
    };
    let mut window = opening().open();
    click(&mut window, "Explore the demo");
    assert!(window.query_by_label("Welcome to Fillscape").is_none());
    drop(window);
    assert!(opening().open().query_by_label("Welcome to Fillscape").is_none());
}

#[test]
fn without_a_study_the_window_says_what_to_do() {
    let mut opening = Opening::default();
    opening.start.bundled_model = None;
    let mut window = opening.open();
    assert!(window.query_by_label("No model yet").is_some());
    click(&mut window, "2 Landscape, empty");
    assert!(window.query_by_label("No molecules yet").is_some());
}
