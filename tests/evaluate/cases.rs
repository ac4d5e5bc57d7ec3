//! Task tables as people bring them: the practice cases.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fillscape::evaluate::task::SplitParams;
use fillscape::evaluate::{Task, TaskError, TaskParams};

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cases/practice/tables").join(name)
}

fn open(name: &str) -> Task {
    Task::open(&case(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn labelled(labels: &[&str]) -> TaskParams {
    TaskParams { labels: labels.iter().map(ToString::to_string).collect(), ..TaskParams::default() }
}

/// Whether one of a task's notes holds all these words.
fn notes(task: &Task, words: &[&str]) -> bool {
    task.notes.iter().any(|note| words.iter().all(|word| note.contains(word)))
}

/// `fillscape evaluate` by one quick learner: all that it says, and the exit code.
fn evaluate(arguments: &[&str]) -> (String, i32) {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache").to_string_lossy().into_owned();
    let output = Command::new(env!("CARGO_BIN_EXE_fillscape"))
        .args(["evaluate", "bundled", "--seeds", "0", "--learners", "linear", "--no-roughness", "--cache", &cache])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&said).into_owned(), output.status.code().unwrap())
}

#[test]
fn words_and_truth_values_are_classes() {
    let task = open("bool.csv");
    assert_eq!((task.labels[0].as_str(), task.metric.name()), ("active", "ROC-AUC"));
    assert!(notes(&task, &["active", "1 for “true”", "0 for “false”"]), "{:?}", task.notes);
    let task = Task::open_with(&case("words.csv"), &labelled(&["activity"])).unwrap();
    assert!(notes(&task, &["1 for “active”", "0 for “inactive”"]), "{:?}", task.notes);
    assert!(task.rows.iter().all(|row| matches!(row.targets[0], Some(0.0 | 1.0))));
}

#[test]
fn a_bound_among_numbers_is_a_bad_row_with_its_place() {
    let task = open("one_bound.csv");
    assert_eq!(task.labels, ["y"]);
    let bounds: Vec<String> =
        task.bad_rows.iter().map(ToString::to_string).filter(|row| row.contains(">3.5")).collect();
    assert_eq!(bounds.len(), 1, "{:?}", task.bad_rows);
    assert!(bounds[0].contains("one_bound.csv:"), "{bounds:?}");
}

#[test]
fn decimal_commas_are_read_unless_they_may_part_thousands() {
    let task = open("decimal_comma.csv");
    assert_eq!(task.rows[0].targets, [Some(2.728)]);
    assert!(notes(&task, &["logP", "decimal commas"]), "{:?}", task.notes);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    let rows: String = (1..40).map(|n| format!("{}O;{},{}\n", "C".repeat(n), n, 100 + n)).collect();
    std::fs::write(&path, format!("smiles;y\n{rows}")).unwrap();
    let error = Task::open(&path).map(|task| task.name).unwrap_err();
    assert!(matches!(error, TaskError::Ambiguous { .. }), "{error}");
    assert!(error.to_string().contains("decimal comma") && error.to_string().contains("thousands"), "{error}");
}

#[test]
fn a_part_of_one_class_is_told_as_the_reason() {
    assert!(notes(&open("test_single.csv"), &["no ROC-AUC", "all 20 test labels are 1"]));
    assert!(notes(&open("train_single.csv"), &["no ROC-AUC", "training labels are 0"]));
    let task = Task::open_with(&case("multi_missing.csv"), &labelled(&["a", "b"])).unwrap();
    assert!(notes(&task, &["label b", "test part holds none"]), "{:?}", task.notes);
    let path = case("test_single.csv").to_string_lossy().into_owned();
    let (said, code) = evaluate(&["--json", "--tasks", &path]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("\"notes\"") && said.contains("all 20 test labels are 1"), "{said}");
}

#[test]
fn an_error_needs_no_spread_of_test_labels() {
    let path = case("const_test.csv").to_string_lossy().into_owned();
    let (said, code) = evaluate(&["--tasks", &path]);
    assert_eq!(code, 0, "{said}");
    let row = said.lines().find(|line| line.starts_with("const_test\tRMSE")).unwrap_or_else(|| panic!("{said}"));
    assert!(row.split('\t').next_back().unwrap().parse::<f64>().is_ok(), "{row}");
}

#[test]
fn test_molecules_in_the_training_part_are_counted() {
    let task = open("leak.csv");
    assert!(notes(&task, &["38 of 38 test molecules are in the training part"]), "{:?}", task.notes);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    let rows: String = (1..30).map(|n| format!("{}O,{n}\n", "C".repeat(n))).collect();
    std::fs::write(&path, format!("smiles,y\n{rows}OC,7\n")).unwrap();
    let task = Task::open(&path).unwrap();
    assert!(notes(&task, &["1 molecules stand in several rows", "label y"]), "{:?}", task.notes);
}

#[test]
fn molecules_without_rings_have_no_scaffold_to_split_by() {
    let params = TaskParams { split: SplitParams::Scaffold { train: 0.8, valid: 0.1 }, ..TaskParams::default() };
    let error = Task::open_with(&case("acyclic.csv"), &params).unwrap_err();
    assert!(error.to_string().contains("all 72 molecules share one scaffold, none"), "{error}");
}

#[test]
fn a_label_that_no_measurement_has_is_a_bad_row() {
    let task = open("huge_outlier.csv");
    let huge = task.bad_rows.iter().filter(|row| row.to_string().contains("“1e+300”")).count();
    assert_eq!(huge, 1, "{:?}", task.bad_rows);
}

#[test]
fn the_numbers_of_rows_are_no_label() {
    assert_eq!(open("pandas_index.csv").labels, ["y"]);
}

#[test]
fn parts_may_be_tab_files_and_may_lack_a_validation_part() {
    assert!(open("parts_tab").fold.parts().iter().all(|(_, rows)| !rows.is_empty()));
    let task = open("parts_without_valid");
    assert!(task.fold.parts().iter().all(|(_, rows)| !rows.is_empty()));
    assert!(notes(&task, &["no validation part", "taken for it"]), "{:?}", task.notes);
}

#[test]
fn a_table_that_breaks_off_is_refused_before_anything_else_is_said() {
    let path = case("broken_off.csv.gz").to_string_lossy().into_owned();
    let (said, code) = evaluate(&["--tasks", &path]);
    assert_eq!((code, said.lines().count()), (1, 1), "{said}");
    assert!(said.contains("broken_off.csv.gz:165") && said.contains("break off"), "{said}");
}

#[test]
fn the_bundled_model_is_known_by_its_name_wherever_a_model_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache").to_string_lossy().into_owned();
    let output = Command::new(env!("CARGO_BIN_EXE_fillscape"))
        .args(["compare", "bundled", "--with", "a=bundled", "--seeds", "0", "--learners", "linear", "--no-roughness"])
        .args(["--cache", &cache, "--tasks", &case("leak.csv").to_string_lossy()])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("38 of 38 test molecules are in the training part"), "{said}");
}

#[test]
fn a_flipped_bit_of_the_cache_never_gives_other_scores() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let path = case("pandas_index.csv").to_string_lossy().into_owned();
    let run = || {
        let output = Command::new(env!("CARGO_BIN_EXE_fillscape"))
            .args(["evaluate", "bundled", "--seeds", "0", "--learners", "linear", "--no-roughness"])
            .args(["--cache", &cache.to_string_lossy(), "--tasks", &path])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let expected = run();
    let file = std::fs::read_dir(&cache).unwrap().next().unwrap().unwrap().path();
    let good = std::fs::read(&file).unwrap();
    for (at, bit) in [(good.len() - 7, 3), (good.len() / 2, 6), (good.len() / 3, 0)] {
        let mut bad = good.clone();
        bad[at] ^= 1 << bit;
        std::fs::write(&file, bad).unwrap();
        assert!(run() == expected, "a flip at byte {at} changes the scores");
        assert!(std::fs::read(&file).unwrap() == good, "the damaged file is not made again");
    }
}
