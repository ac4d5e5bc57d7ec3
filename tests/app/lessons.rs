//! Lessons, toys and slow motion in the real window.

use std::path::{Path, PathBuf};

use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use fillscape::app::{App, Start, check_lessons};

use super::support::{Opening, click, press, type_into};

fn lessons() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/lessons")
}

fn bundled() -> Start {
    let study = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/study");
    Start { bundled_study: Some(study), ..Start::default() }
}

/// Toys and their lessons need neither a study nor a model.
fn without_study() -> Opening {
    Opening { start: Start { lessons: Some(lessons()), ..Start::default() }, ..Opening::default() }
}

#[test]
fn all_eight_lessons_can_be_completed() {
    let reports = check_lessons(&lessons(), &bundled()).unwrap();
    assert_eq!(reports.len(), 8);
    for report in &reports {
        assert_eq!(report.faults, [], "{}", report.name);
        assert!(report.n_tasks >= 2, "{}", report.name);
    }
}

const FAULTY: &str = r#"
title = "Faulty"
opens = "toy:muller-brown"
about = "Each task is wrong in its own way."
[[task]]
do = "Nothing"
goal = { kind = "layer", layer = "points" }
solution = []
reveal = "r"
predict = { ask = "q", answers = ["a", "b"], right = 0 }
[[task]]
do = "Show the network"
goal = { kind = "layer", layer = "network" }
solution = [{ kind = "layer", layer = "network" }]
reveal = "r"
predict = { ask = "How many minima?", answers = ["3", "4"], right = 1, quantity = "minima" }
[[task]]
do = "Show the heatmap"
goal = { kind = "layer", layer = "heatmap" }
solution = [{ kind = "mark_lowest" }]
reveal = "r"
predict = { ask = "q", answers = ["a", "b"], right = 0 }
"#;

#[test]
fn a_lesson_that_cannot_be_completed_is_told_task_by_task() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("1.toml"), FAULTY).unwrap();
    std::fs::write(folder.path().join("2.toml"), FAULTY.replace("toy:muller-brown", "toy:nowhere")).unwrap();
    let reports = check_lessons(folder.path(), &bundled()).unwrap();
    let tasks: Vec<Option<usize>> = reports[0].faults.iter().map(|fault| fault.task).collect();
    assert_eq!(tasks, [Some(1), Some(2), Some(3)], "{:?}", reports[0].faults);
    assert!(reports[0].faults[0].what.contains("before anything was done"));
    assert!(reports[0].faults[1].what.contains("“4”") && reports[0].faults[1].what.contains('3'));
    assert_eq!(reports[1].faults.len(), 1);
    assert!(reports[1].faults[0].what.contains("toy:nowhere"), "{:?}", reports[1].faults);
    let none = check_lessons(&folder.path().join("missing"), &bundled()).unwrap_err().to_string();
    assert!(none.contains("missing"), "{none}");
}

/// Energies of Müller and Brown's surface: minima at −146.6995 and −108.1667, the higher of the passes between them at
/// −40.6648 (doi.org/10.1007/BF00547608).
const QUANTITIES: &str = r#"
title = "Every quantity"
opens = "toy:muller-brown"
about = "Numbers that lessons can ask for."
[[task]]
do = "Show the network and mark the lowest minimum"
goal = { kind = "all", of = [{ kind = "layer", layer = "network" }, { kind = "lowest_marked" }] }
solution = [{ kind = "layer", layer = "network" }, { kind = "mark_lowest" }]
reveal = "r"
predict = { ask = "How deep is it?", answers = ["−146.6995", "−108.1667"], right = 0, quantity = "lowest_energy" }
[[task]]
do = "Mark both"
goal = { kind = "lowest_two_marked" }
solution = [{ kind = "mark_lowest_two" }]
reveal = "r"
predict = { ask = "How high is the way out?", answers = ["106.0347", "74.4"], right = 0, quantity = "barrier_from_lowest" }
[[task]]
do = "Watch basin-hopping"
goal = { kind = "film", method = "basin_hopping" }
solution = [{ kind = "film", method = "basin_hopping" }]
reveal = "r"
predict = { ask = "How many jumps are refused?", answers = ["-1", "0"], right = 0, quantity = "refused_hops" }
"#;

#[test]
fn quantities_of_lessons_are_computed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("1.toml"), QUANTITIES).unwrap();
    let set = r#"
title = "The fill set"
opens = "bundled"
about = "How many molecules it holds."
[[task]]
do = "Go to step 4"
goal = { kind = "step", step = "fill_tune" }
solution = [{ kind = "step", step = "fill_tune" }]
reveal = "r"
predict = { ask = "How many molecules?", answers = ["100", "0"], right = 0, quantity = "fill_set_size" }
"#;
    std::fs::write(folder.path().join("2.toml"), set).unwrap();
    let reports = check_lessons(folder.path(), &bundled()).unwrap();
    assert_eq!(reports[1].faults, []);
    // The film is another with other parameters: how many jumps it refuses is asked of the film itself.
    let [refused] = reports[0].faults.as_slice() else { panic!("{:?}", reports[0].faults) };
    let (_, computed) = refused.what.split_once("but ").unwrap();
    let n: f64 = computed.split(' ').next().unwrap().parse().unwrap();
    assert!(n >= 0.0 && n.fract() == 0.0, "{}", refused.what);
    // One condition of two is not enough.
    let half = QUANTITIES.replacen(", { kind = \"mark_lowest\" }]", "]", 1);
    std::fs::write(folder.path().join("1.toml"), half).unwrap();
    let faults = &check_lessons(folder.path(), &bundled()).unwrap()[0].faults;
    assert!(faults[0].task == Some(1) && faults[0].what.contains("is not done after its solution"), "{faults:?}");
}

/// Runs a command by its words in the palette.
fn command(harness: &mut Harness<'_, App>, words: &str) {
    press(harness, Modifiers::COMMAND, Key::K);
    type_into(harness, "Find a command", words);
    press(harness, Modifiers::NONE, Key::Enter);
}

#[test]
fn a_lesson_is_played_by_hand_predict_do_reveal() {
    let mut harness = without_study().open();
    command(&mut harness, "lessons");
    click(&mut harness, "Start lesson 1: Wells and passes");
    assert_eq!(harness.state().n_molecules(), 96 * 96);
    assert!(harness.query_by_label("Show me").is_none(), "the task is shown before the prediction");
    click(&mut harness, "2");
    assert!(harness.query_by_label("Show me").is_some());
    assert!(harness.query_by_label_contains("Three wells").is_none(), "the answer is shown before the task is done");
    press(&mut harness, Modifiers::NONE, Key::N);
    assert!(harness.query_by_label_contains("The answer is: 3").is_some());
    assert!(harness.query_by_label_contains("Three wells").is_some());
    click(&mut harness, "Next task");
    click(&mut harness, "2");
    click(&mut harness, "Show me");
    assert!(harness.query_by_label("You predicted it.").is_some());
    click(&mut harness, "Finish");
    assert!(harness.query_by_label("Start lesson 2").is_some());
    click(&mut harness, "Leave");
    assert!(harness.query_by_label("Leave").is_none());
}

#[test]
fn a_search_plays_in_slow_motion_and_can_be_held() {
    let mut harness = without_study().open();
    command(&mut harness, "toy: camelback");
    press(&mut harness, Modifiers::COMMAND, Key::K);
    type_into(&mut harness, "Find a command", "watch basin-hopping");
    harness.key_press(Key::Enter);
    harness.run_steps(4);
    harness.get_by_label("Pause").click();
    harness.run_steps(2);
    assert!(harness.query_by_label("Play").is_some());
    harness.get_by_label("Forward").click();
    harness.run_steps(2);
    assert!(harness.query_by_label_contains("E = ").is_some());
    harness.get_by_label("Close film").click();
    harness.run_steps(2);
    assert!(harness.query_by_label("Forward").is_none());
}
