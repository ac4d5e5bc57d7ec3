//! Exploring from the window: settings, the map that fills, fields of the heatmap.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use fillscape::app::App;
use fillscape::chem::library::{LibraryParams, library};
use fillscape::workspace::pipeline::{Inputs, run_only};
use fillscape::workspace::{Document, Study};

use super::landscape::{look, tab};
use super::support::{Opening, click, model_folder, press, settle, type_into};

/// A study of which nothing is made.
fn begun(folder: &Path) -> Study {
    let recipe = "name = 'Not explored'\nseed = 11\n[corpus]\nn = 60\n[samples]\nn = 40\n[samples.source.principal]\n\
                  components = 3\nreach = 2.0\n[samples.response]\nn_neighbours = 2\nradius = 0.05\nseed = 0\nfingerprint = { radius = 3, n_bits = 2048 }\n";
    let recipe = toml::from_str(recipe).unwrap();
    Study::create(folder, Document::new("Not explored", recipe)).unwrap()
}

/// A study whose molecules are encoded and on a map, but whose landscape is not explored.
fn encoded(folder: &Path) {
    let mut study = begun(folder);
    let inputs = Inputs::read(&study.document().recipe, &model_folder(), folder).unwrap();
    run_only(&mut study, "points", &inputs, folder, 2, &mut |_| ControlFlow::Continue(())).unwrap();
}

fn has(window: &Harness<'_, App>, words: &str) -> bool {
    window.query_all_by_label_contains(words).next().is_some()
}

/// Waits until nothing runs; whether the map showed points as they were found.
fn shows_points_while_running(window: &mut Harness<'_, App>, picture: &str) -> bool {
    window.step();
    let begun = Instant::now();
    let mut seen = false;
    while begun.elapsed() < Duration::from_mins(4) {
        window.step();
        if !seen && has(window, "Exploring:") {
            seen = true;
            look(window, picture);
        }
        if window.state().is_idle() {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    settle(window);
    seen
}

#[test]
fn a_study_that_begins_empty_gets_its_molecules_and_points_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    drop(begun(folder.path()));
    let mut opening = Opening::default();
    opening.start.open = Some(folder.path().to_owned());
    let mut window = opening.open();
    click(&mut window, "Close");
    press(&mut window, Modifiers::NONE, Key::Num2);
    assert_eq!(window.state().n_molecules(), 0);
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    assert!(shows_points_while_running(&mut window, "exploration_first"), "no points while the exploration ran");
    assert_eq!(window.state().n_molecules(), 60);
    tab(&mut window, "Network");
    assert!(has(&window, "Network of"), "there is a network");
}

/// From a file of molecules to a landscape of them, without leaving the window.
#[test]
fn a_study_is_made_of_the_open_molecules_and_explored() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.smi");
    let molecules: String = library(&LibraryParams::default(), 140).unwrap().into_iter().map(|s| s + "\n").collect();
    std::fs::write(&file, molecules).unwrap();
    let mut opening = Opening::default();
    opening.start.open = Some(file);
    let mut window = opening.open();
    click(&mut window, "Close");
    press(&mut window, Modifiers::COMMAND, Key::N);
    look(&mut window, "new_study");
    let study = folder.path().join("mine-study");
    type_into(&mut window, "Folder of the study", study.to_str().unwrap());
    click(&mut window, "Make the study");
    assert!(study.join("study.toml").is_file(), "{:?}", window.state().notice());
    let recipe = Study::open_read_only(&study).unwrap().document().recipe.clone();
    assert!(recipe.name == "mine" && recipe.corpus.file.is_some() && recipe.corpus.n > 100, "{:?}", recipe.corpus);
    press(&mut window, Modifiers::NONE, Key::Num2);
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    assert!(shows_points_while_running(&mut window, "exploration_of_mine"), "no points while the exploration ran");
    assert_eq!(window.state().n_molecules(), recipe.corpus.n);
    assert!(has(&window, "Legend: Roughness on the map"), "{:?}", window.state().notice());
    // A folder that holds something is refused.
    press(&mut window, Modifiers::COMMAND, Key::N);
    type_into(&mut window, "Folder of the study", study.to_str().unwrap());
    click(&mut window, "Make the study");
    assert!(window.state().notice().is_some_and(|text| text.contains("Could not make the study")));
}

#[test]
fn an_exploration_is_set_run_watched_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    encoded(folder.path());
    let mut opening = Opening::default();
    opening.start.open = Some(folder.path().to_owned());
    let mut window = opening.open();
    click(&mut window, "Close");
    press(&mut window, Modifiers::NONE, Key::Num2);
    tab(&mut window, "Exploration");
    assert!(has(&window, "Not explored yet"));
    click(&mut window, "Quick look");
    assert!(has(&window, "The settings are changed"));
    look(&mut window, "exploration_settings");

    window.get_by_label("Keep and run").click();
    assert!(shows_points_while_running(&mut window, "exploration_live"), "no points while the exploration ran");
    assert!(!has(&window, "Exploring:"), "and no longer");
    assert!(has(&window, "The landscape shown was made with these settings"), "{:?}", window.state().notice());
    tab(&mut window, "Network");
    assert!(has(&window, "Network of"), "there is a network");
    window.state_mut().keep();
    drop(window);
    let study = Study::open_read_only(folder.path()).unwrap();
    assert_eq!(study.document().recipe.landscape.explore.n_neighbours, 3, "the preset was kept");
    assert!(study.result("landscape").unwrap().is_some());
}

#[test]
fn the_heatmap_shows_every_field_with_its_legend() {
    let mut window = super::landscape::demo("Dark");
    assert!(has(&window, "Legend: Roughness on the map"), "the heatmap is what a landscape is first seen by");
    click(&mut window, "Roughness…");
    for (field, legend) in [
        ("Frustration", "Legend: Frustration on the map"),
        ("Similarity", "Legend: Similarity response"),
        ("Support", "Legend: Support"),
    ] {
        click(&mut window, field);
        assert!(has(&window, legend), "{legend}");
        look(&mut window, &format!("heatmap_{}", field.to_lowercase()));
    }
    assert!(has(&window, "The study holds one landscape"), "what is missing for a difference is said");
    press(&mut window, Modifiers::NONE, Key::Escape);
    press(&mut window, Modifiers::COMMAND, Key::Z);
    assert!(has(&window, "Legend: Similarity response"), "a field can be taken back");
}
