//! Step 1: the open model answers.

use eframe::egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::Queryable;

use super::support::{Opening, click, press, type_into};

#[test]
fn a_molecule_goes_through_the_model_and_back() {
    // Tall enough that nothing has to be scrolled to.
    let mut window = Opening { size: vec2(1280.0, 1600.0), ..Opening::default() }.open();
    press(&mut window, Modifiers::NONE, Key::Num1);
    click(&mut window, "Close");
    type_into(&mut window, "SMILES to try", "CCO");
    click(&mut window, "Encode and decode");
    assert!(window.query_by_label_contains("Latent vector of 128 coordinates").is_some());
    assert!(window.query_by_label("As it went in").is_some());
    assert!(window.query_by_label_contains("As it came back").is_some());
    click(&mut window, "Walk");
    assert!(window.query_by_label("start").is_some() && window.query_by_label("end").is_some());
    click(&mut window, "Decode neighbours");
    assert!(window.query_all_by_label_contains("similarity to the centre").count() > 0);
}

#[test]
fn a_text_that_is_no_molecule_is_told_with_the_place() {
    let mut window = Opening::default().open();
    press(&mut window, Modifiers::NONE, Key::Num1);
    type_into(&mut window, "SMILES to try", "CC(C");
    click(&mut window, "Encode and decode");
    assert!(window.query_all_by_label_contains("character").count() > 0, "the place is not told");
}
