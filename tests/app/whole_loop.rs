//! The whole loop by hand, from the landscape to the report, and the same by the command line.

use std::path::Path;
use std::process::Command;

use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use fillscape::workspace::{RegionDefinition, Study};

use super::loop_study::{artefacts, files, open, rest, result, tiny_study, wait};
use super::support::{click, drag_over_map, press, type_into};

fn key(window: &mut egui_kittest::Harness<'_, fillscape::app::App>, key: Key) {
    press(window, Modifiers::NONE, key);
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn explore_choose_generate_reject_tune_cancel_compare_export_and_the_command_line_makes_the_same() {
    let study = tiny_study();
    let folder = study.path();
    let before = artefacts(folder);
    let mut window = open(folder);
    if window.query_by_label("Close").is_some() {
        click(&mut window, "Close");
    }

    // Explore, with the key of the step's primary action.
    key(&mut window, Key::Num2);
    press(&mut window, Modifiers::COMMAND, Key::Enter);
    rest(&mut window);
    let landscape = result(folder, "landscape");
    assert!(!before.contains(&landscape) && landscape.join("minima.csv").exists());
    assert_eq!(window.state().n_molecules(), 90);

    // A region: the molecules in a rectangle of the map.
    key(&mut window, Key::Num3);
    key(&mut window, Key::R);
    drag_over_map(&mut window, &[[0.15, 0.1], [0.75, 0.9]], Modifiers::NONE);
    let n_selected = window.state().n_selected();
    assert!(n_selected > 5 && n_selected < 90, "{n_selected} molecules are in the rectangle");

    // Generate in it.
    key(&mut window, Key::Num4);
    window.get_by_label("Region").click();
    window.run_steps(3);
    click(&mut window, &format!("Selection on the map ({n_selected} molecules)"));
    click(&mut window, "Generate 6 molecules");
    rest(&mut window);
    let first = result(folder, "fill");
    let generated = text(&first.join("fill_set.csv"));
    assert_eq!(generated.lines().count(), 7, "{generated}");
    let document = Study::open_read_only(folder).unwrap().document().clone();
    let Some(RegionDefinition::Named(name)) = &document.recipe.fill.region else {
        panic!("the region is {:?}", document.recipe.fill.region)
    };
    let Some(RegionDefinition::Around { molecules, .. }) = document.region(name).map(|region| &region.definition)
    else {
        panic!("the regions are {:?}", document.regions)
    };
    assert_eq!(molecules.len(), n_selected);

    // Reject one; undo brings it back; reject it again and have it replaced.
    let victim = generated.lines().nth(2).unwrap().split(',').next().unwrap().to_owned();
    click(&mut window, "Reject #2");
    assert!(window.query_by_label("Accept #2").is_some());
    press(&mut window, Modifiers::COMMAND, Key::Z);
    assert!(window.query_by_label("Reject #2").is_some());
    click(&mut window, "Reject #2");
    click(&mut window, "Replace what was rejected");
    rest(&mut window);
    let second = result(folder, "fill");
    assert_ne!(first, second, "an edited set is another artefact");
    assert!(first.join("fill_set.csv").exists(), "the set as it was generated is kept");
    let edited = text(&second.join("fill_set.csv"));
    assert!(!edited.lines().any(|line| line.split(',').next() == Some(&victim)), "{edited}");
    assert!(text(&second.join("provenance.toml")).contains(&victim), "who was turned down stands in the provenance");

    // Tune twenty steps, with the control beside it, and queue another run that is cancelled on its way.
    click(&mut window, "Start first run");
    rest(&mut window);
    for arm in ["fill", "random"] {
        let log = text(&result(folder, &format!("tune-{arm}-0")).join("log.csv"));
        assert_eq!(log.lines().last().unwrap().split(',').next(), Some("20"), "{log}");
    }
    click(&mut window, "Add a run");
    type_into(&mut window, "Epochs", "100000");
    key(&mut window, Key::Enter);
    click_without_rest(&mut window, "Start run-2");
    wait(&mut window, "a few steps of the second run", |window| {
        window.query_all_by_label_contains("tune-fill-run-2-0: loss").count() > 0
    });
    window.get_by_label("Cancel it").click();
    rest(&mut window);
    let listed = Study::open_read_only(folder).unwrap();
    assert!(!listed.document().results.contains_key("tune-fill-run-2-0"), "a cancelled run is no result");
    let states = std::fs::read_dir(folder.join("work")).unwrap().filter_map(Result::ok);
    let kept = states.filter(|entry| entry.path().join("tuning/state.bin").exists()).count();
    assert_eq!(kept, 1, "the state of the cancelled run is kept, to go on from");
    drop(listed);
    click(&mut window, "Remove");

    // Compare.
    key(&mut window, Key::Num5);
    press(&mut window, Modifiers::COMMAND, Key::Enter);
    rest(&mut window);
    let comparison = result(folder, "comparison");
    assert!(text(&comparison.join("scores.csv")).lines().count() > 5);
    assert!(window.query_all_by_label_contains("Forest plot").count() > 0);

    // Export.
    click(&mut window, "Export report…");
    let report = folder.join("exported");
    type_into(&mut window, "Folder to write", &report.display().to_string());
    click(&mut window, "Export report");
    rest(&mut window);
    for file in ["report.html", "scores.csv", "scores.parquet", "comparison.tex", "fill/fill_set.csv"] {
        assert!(report.join(file).metadata().unwrap().len() > 0, "{file} was exported");
    }
    drop(window);

    the_command_line_makes_the_same(folder);
}

fn click_without_rest(window: &mut egui_kittest::Harness<'_, fillscape::app::App>, label: &str) {
    window.get_by_label(label).click();
    window.run_steps(3);
}

/// Runs the document that the window left by the command line in a fresh folder, and compares every artefact byte for byte.
fn the_command_line_makes_the_same(folder: &Path) {
    let fresh = tempfile::tempdir().unwrap();
    let into = fresh.path().join("study");
    let mut document = Study::open_read_only(folder).unwrap().document().clone();
    document.results.clear();
    drop(Study::create(&into, document).unwrap());
    let out = Command::new(env!("CARGO_BIN_EXE_fillscape"))
        .args(["study", "run"])
        .arg(&into)
        .args(["--threads", "1"])
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let of_window = Study::open_read_only(folder).unwrap().document().results.clone();
    let of_command = Study::open_read_only(&into).unwrap().document().results.clone();
    assert!(of_command.len() >= 10, "{of_command:?}");
    for (step, id) in &of_command {
        assert_eq!(of_window.get(step), Some(id), "{step} is another artefact");
        let [a, b] = [folder, &into].map(|study| files(&study.join("artefacts").join(id.to_string())));
        assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>(), "files of {step}");
        for (name, bytes) in &a {
            assert!(*bytes == b[name], "{name} of {step} differs between window and command line");
        }
    }
}
