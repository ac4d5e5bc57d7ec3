//! Recipes that no step can use: refused before anything is made, in a sentence that a terminal shows as it is.

use std::process::{Command, Stdio};

#[test]
fn numbers_and_texts_that_no_step_can_use_are_refused_before_any_step_runs() {
    let folder = tempfile::tempdir().unwrap();
    for (more, words) in [
        ("[samples]\nn = 999999999999", "samples.n is 999999999999"),
        ("[landscape]\nsmoothing = 1e300", "landscape.smoothing is 1e300"),
        ("[landscape]\nsmoothing = inf", "landscape.smoothing is inf"),
        ("[tune.schedule]\nlearning_rate = -1e308", "tune.schedule.learning_rate is -1e308"),
        ("[fill.set]\nn = 10000000", "fill.set.n is 10000000"),
    ] {
        let (recipe, study) = (folder.path().join("r.toml"), folder.path().join("s"));
        std::fs::write(&recipe, format!("name = 'x'\nseed = 1\ncontrols = []\n[corpus]\nn = 40\n{more}\n")).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_fillscape"))
            .args(["study", "run"])
            .arg(&recipe)
            .arg("--into")
            .arg(&study)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), study.exists()), (Some(1), false), "{more}: {said}");
        assert!(said.contains(words), "{more}: {said}");
    }
}

#[test]
fn control_characters_of_a_recipe_are_shown_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = folder.path().join("r.toml");
    for text in ["name = 'x'\nseed = 1\ncontrols = [\"\\u001b[31m\"]\n", "name = \"\\u001b[31m\"\nseed = 1\n"] {
        std::fs::write(&recipe, text).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_fillscape"))
            .args(["study", "new"])
            .arg(folder.path().join("s"))
            .arg("--recipe")
            .arg(&recipe)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(!output.stderr.contains(&0x1b), "{text}: {}", String::from_utf8_lossy(&output.stderr).escape_debug());
    }
}
