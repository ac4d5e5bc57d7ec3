//! The commands `tune`, `evaluate` and `compare`.

use std::path::Path;
use std::process::{Command, Output};

use super::support::{bundled_model, table};

fn fillscape(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fillscape")).current_dir(folder).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn tune_then_compare_from_files_to_a_report() {
    let folder = tempfile::tempdir().unwrap();
    let base = bundled_model();
    let base = base.to_str().unwrap();
    std::fs::write(folder.path().join("fill.csv"), "smiles,selfies\nCCO,[C][C][O]\nCCN,[C][C][N]\nnonsense(,\n")
        .unwrap();
    std::fs::write(folder.path().join("held_out.smi"), "CCCO a\nc1ccccc1 b\nCC(=O)O c\n").unwrap();
    std::fs::write(folder.path().join("size.csv"), table()).unwrap();
    let tune = ["tune", base, "--fill", "fill.csv", "--validation", "held_out.smi", "--epochs", "2", "--out", "tuned"];
    let found = fillscape(folder.path(), &tune);
    assert!(found.status.success(), "{}", text(&found.stderr));
    assert!(text(&found.stdout).contains("2 fill-set molecules, 0 left out"), "{}", text(&found.stdout));
    assert!(text(&found.stderr).contains("left out 1 of 3 rows"), "{}", text(&found.stderr));
    let again = fillscape(folder.path(), &[&["--json"], &tune[..]].concat());
    let tuned: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!((&tuned["steps"], &tuned["stop_reason"]), (&2.into(), &"finished".into()));

    let flags = ["--tasks", "size.csv", "--labels", "size", "--learners", "linear", "--seeds", "0", "--out", "report"];
    let compared = fillscape(folder.path(), &[&["compare", base, "--with", "fill=tuned"], &flags[..]].concat());
    assert!(compared.status.success(), "{}", text(&compared.stderr));
    assert!(text(&compared.stdout).contains("fill"), "{}", text(&compared.stdout));
    for file in ["scores.csv", "scores.parquet", "comparison.json", "table.tex", "report.html"] {
        assert!(folder.path().join("report").join(file).exists(), "{file}");
    }
    let scored = fillscape(folder.path(), &[&["--json", "evaluate", base], &flags[..]].concat());
    let scored: serde_json::Value = serde_json::from_slice(&scored.stdout).unwrap();
    assert_eq!(scored["scores"].as_array().unwrap().len(), 1);
}

#[test]
fn wrong_usage_is_told_plainly() {
    let folder = tempfile::tempdir().unwrap();
    let base = bundled_model();
    let base = base.to_str().unwrap();
    std::fs::write(folder.path().join("size.csv"), table()).unwrap();
    for (arguments, expected) in [
        (&["tune", base, "--fill", "missing.csv", "--out", "x"][..], "missing.csv"),
        (&["tune", base, "--fill", "size.csv", "--strategy", "replay", "--out", "x"], "the corpus holds no molecule"),
        (&["tune", base, "--fill", "size.csv", "--epochs", "0", "--out", "x"], "epochs is 0"),
        (&["evaluate", base, "--tasks", "size.csv"], "name them"),
        (&["evaluate", base, "--tasks", "size.csv", "--labels", "size", "--learners", "magic"], "magic"),
        (&["evaluate", base, "--tasks", "size.csv", "--labels", "size", "--split", "odd"], "odd"),
        (&["compare", base, "--with", "nothing", "--tasks", "size.csv"], "NAME=FOLDER"),
    ] {
        let found = fillscape(folder.path(), arguments);
        assert_eq!(found.status.code(), Some(1), "{arguments:?}: {}", text(&found.stderr));
        assert!(text(&found.stderr).contains(expected), "{arguments:?}: {}", text(&found.stderr));
    }
    for command in ["tune", "evaluate", "compare"] {
        let help = text(&fillscape(folder.path(), &[command, "--help"]).stdout);
        assert!(help.contains("Examples:") && help.contains("fillscape"), "{help}");
    }
}
