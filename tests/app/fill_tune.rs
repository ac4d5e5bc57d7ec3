//! Steps 4 and 5 on the bundled study: review, settings, estimate, checkpoints, before and after.

use eframe::egui::{Key, Modifiers, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use fillscape::app::App;

use super::loop_study::rest;
use super::support::{Opening, click, press, type_into};

/// The bundled study, which can only be looked at.
fn bundled() -> Harness<'static, App> {
    let mut opening = Opening { size: vec2(1600.0, 1100.0), ..Opening::default() };
    opening.start.bundled_study = Some(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/study"));
    let mut window = opening.open();
    if window.query_by_label("Close").is_some() {
        click(&mut window, "Close");
    }
    window
}

#[test]
fn molecules_are_reviewed_sorted_and_turned_down_and_undo_takes_it_back() {
    let mut window = bundled();
    press(&mut window, Modifiers::NONE, Key::Num4);
    assert!(window.query_by_label_contains("100 of 100 molecules").is_some());
    let first = |window: &Harness<'_, App>| {
        let cards = window.query_all_by_label_contains("Molecule #").map(|node| node.rect());
        let at = cards.min_by(|a, b| (a.top(), a.left()).partial_cmp(&(b.top(), b.left())).unwrap()).unwrap();
        let mut labels = window.query_all_by_label_contains("Molecule #");
        labels.find(|node| node.rect() == at).unwrap().accesskit_node().label().unwrap()
    };
    assert!(first(&window).starts_with("Molecule #1 of fill"), "{}", first(&window));
    click(&mut window, "Lowest first");
    assert!(first(&window).starts_with("Molecule #100 of fill"), "{}", first(&window));
    click(&mut window, "Reject #100");
    click(&mut window, "Rejected");
    assert_eq!(window.query_all_by_label_contains("Molecule #").count(), 1);
    assert!(first(&window).ends_with("rejected"));
    press(&mut window, Modifiers::COMMAND, Key::Z);
    assert_eq!(window.query_all_by_label_contains("Molecule #").count(), 0);
    assert!(window.query_by_label_contains("No molecule of this set has been turned down").is_some());
}

#[test]
fn a_study_that_can_only_be_looked_at_says_so_where_something_would_be_made() {
    let mut window = bundled();
    press(&mut window, Modifiers::NONE, Key::Num4);
    window.get_by_label("Generate 100 molecules").hover();
    window.run_steps(60);
    assert!(window.query_all_by_label_contains("can only be looked at").count() > 0);
}

#[test]
fn a_copy_of_the_bundled_study_can_be_changed() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("mine");
    let mut window = bundled();
    press(&mut window, Modifiers::COMMAND, Key::K);
    type_into(&mut window, "Find a command", "Copy the study");
    press(&mut window, Modifiers::NONE, Key::Enter);
    type_into(&mut window, "Folder of the copy", &copy.display().to_string());
    window.get_by_label("Copy and open").click();
    rest(&mut window);
    assert!(copy.join("study.toml").is_file());
    press(&mut window, Modifiers::NONE, Key::Num4);
    window.get_by_label("Generate 100 molecules").hover();
    window.run_steps(60);
    assert_eq!(window.query_all_by_label_contains("can only be looked at").count(), 0);
}

#[test]
fn a_trial_tells_time_and_memory() {
    let mut window = bundled();
    press(&mut window, Modifiers::NONE, Key::Num4);
    assert!(window.query_by_label_contains("Not measured yet").is_some());
    click(&mut window, "Estimate time and memory");
    rest(&mut window);
    // 100 molecules in batches of 32, ten epochs; two arms of one seed.
    assert!(window.query_by_label_contains("2 checkpoints of 40 steps").is_some());
    assert!(window.query_by_label_contains("11 validations").is_some());
    type_into(&mut window, "Epochs", "3");
    press(&mut window, Modifiers::NONE, Key::Enter);
    assert!(window.query_by_label_contains("made with other settings").is_some());
}

#[test]
fn presets_and_strategies_fill_the_settings_in() {
    let mut window = bundled();
    press(&mut window, Modifiers::NONE, Key::Num4);
    click(&mut window, "paper");
    assert!(window.query_by_label("Patience").is_some(), "the paper's preset stops early");
    click(&mut window, "script");
    assert!(window.query_by_label("Patience").is_none());
    window.get_by_label("Strategy").click();
    window.run_steps(3);
    click(&mut window, "Replay + LoRA");
    assert!(window.query_by_label("Rank r").is_some() && window.query_by_label("Replay ratio").is_some());
}

#[test]
fn checkpoints_stand_side_by_side_and_only_differences_are_listed() {
    let mut window = bundled();
    press(&mut window, Modifiers::NONE, Key::Num4);
    click(&mut window, "Checkpoints");
    for run in ["tune-fill-0", "tune-random-0"] {
        // The Explorer names it as well.
        assert!(window.query_all_by_label(run).count() > 1, "{run} is not in the table");
    }
    press(&mut window, Modifiers::NONE, Key::Num5);
    click(&mut window, "Parameters");
    assert!(window.query_by_label_contains("2 runs differ in 1 of").is_some());
    assert!(window.query_by_label("epochs").is_none(), "both runs have the same");
    click(&mut window, "All parameters");
    assert!(window.query_by_label("epochs").is_some());
}

#[test]
fn before_and_after_share_a_frame_and_flip() {
    let mut window = bundled();
    press(&mut window, Modifiers::NONE, Key::Num5);
    click(&mut window, "Before and after");
    click(&mut window, "Encode with tune-fill-0");
    rest(&mut window);
    let shown = |window: &Harness<'_, App>, words: &str| window.query_by_label_contains(words).is_some();
    assert!(shown(&window, "molecules before tuning, tune-fill-0"));
    assert!(shown(&window, "neighbours changed on average"));
    click(&mut window, "After");
    window.run_steps(60);
    assert!(shown(&window, "molecules after tuning, tune-fill-0"));
    click(&mut window, "Distance");
    assert!(shown(&window, "Legend: Distance in latent space"));
}

#[test]
fn without_landscapes_of_the_tuned_models_the_view_says_so_and_how_to_get_them() {
    let mut window = bundled();
    press(&mut window, Modifiers::NONE, Key::Num5);
    click(&mut window, "Frustration change");
    assert!(window.query_by_label_contains("were not explored").is_some());
    click(&mut window, "Explore again");
    press(&mut window, Modifiers::COMMAND, Key::Z);
}
