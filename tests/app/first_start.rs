//! The first seconds.

use egui_kittest::kittest::Queryable;

use super::support::{N, Opening, click};

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
fn the_welcome_is_closed_for_good() {
    let config = tempfile::tempdir().unwrap();
    let opening = || {
        let mut opening = Opening::with_study();
        opening.start.config = Some(config.path().to_owned());
        opening
    };
    let mut window = opening().open();
    click(&mut window, "Draw a lasso");
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
