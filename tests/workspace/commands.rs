//! The commands on real studies: paused, out of room, locked, damaged, diverged.

use super::tiny::{artefacts, command, fillscape, recipe, said};
use fillscape::workspace::{ArtefactKind, Scores, StopReason, Study};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The study of a run that went through.
fn finished(recipe: &Path, into: &Path) {
    let out = command(recipe, into).output().unwrap();
    assert!(out.status.success(), "{}", said(&out));
}

/// The example that the README names, as a newcomer runs it.
#[test]
fn the_quick_study_runs_from_end_to_end_and_reports() {
    let folder = tempfile::tempdir().unwrap();
    let (path, report) = (folder.path().join("quick"), folder.path().join("report"));
    finished(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quick.toml"), &path);
    let check = fillscape(&["study", "check"], &path);
    assert!(check.status.success(), "{}", said(&check));
    let study = Study::open_read_only(&path).unwrap();
    let results = &study.document().results;
    for step in ["landscape", "fill", "control-random", "tune-fill-0", "tune-random-0", "comparison", "report"] {
        assert!(results.contains_key(step), "{step} is not among {:?}", results.keys());
    }
    for step in results.keys() {
        let artefact = study.result(step).unwrap().unwrap_or_else(|| panic!("no {step}"));
        assert_eq!(artefact.provenance.stop_reason, StopReason::Finished, "{step}");
    }
    let out = fillscape(&["study", "export", "--out", report.to_str().unwrap()], &path);
    assert!(out.status.success(), "{}", said(&out));
    let page = fs::read_to_string(report.join("report.html")).unwrap();
    assert!(page.contains("What was found") && page.contains("<svg") && page.contains("tpsa"));
    // Base, tuned and control; two tasks; three splits each.
    let scores = csv::Reader::from_path(report.join("scores.csv")).unwrap().into_records().count();
    assert_eq!(scores, 3 * 2 * 3);
    assert_eq!(&fs::read(report.join("scores.parquet")).unwrap()[..4], b"PAR1");
    assert!(fs::read_to_string(report.join("comparison.tex")).unwrap().contains("\\begin{tabular}"));
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_pauses_and_the_same_command_goes_on_to_the_same_artefacts() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = recipe(folder.path());
    let (whole, paused) = (folder.path().join("whole"), folder.path().join("paused"));
    let begun = std::time::Instant::now();
    finished(&recipe, &whole);
    let wall = begun.elapsed();
    let mut n_pauses = 0;
    for share in [0.25, 0.5, 0.75] {
        let child = command(&recipe, &paused).spawn().unwrap();
        std::thread::sleep(wall.mul_f64(share));
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        let out = child.wait_with_output().unwrap();
        assert!(out.status.success(), "{}", said(&out));
        n_pauses += usize::from(said(&out).contains("the same command resumes"));
    }
    assert!(n_pauses > 0, "every run was faster than its interrupt");
    finished(&recipe, &paused);
    assert_eq!(artefacts(&paused), artefacts(&whole));
}

/// A limit on the length of files fails writes as a full disk does, in the middle of them.
#[cfg(target_os = "linux")]
#[test]
fn a_run_without_room_says_so_and_goes_on_when_there_is_some() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = recipe(folder.path());
    let (whole, short) = (folder.path().join("whole"), folder.path().join("short"));
    finished(&recipe, &whole);
    // Blocks of 1,024 bytes. The signal is ignored so that the write fails instead of the process.
    for limit in [16, 100, 600] {
        let script = format!("trap '' XFSZ; ulimit -f {limit}; exec \"$@\"");
        let run = command(&recipe, &short);
        let mut limited = Command::new("bash");
        limited.args(["-c", &script, "bash"]).arg(run.get_program()).args(run.get_args());
        let out = limited.output().unwrap();
        let text = said(&out);
        assert!(!out.status.success() && text.contains("the same command goes on"), "limit {limit}: {text}");
        let unfinished = fs::read_dir(short.join("artefacts")).unwrap().flatten();
        let unfinished = unfinished.filter(|entry| entry.file_name().to_string_lossy().starts_with('.')).count();
        assert_eq!(unfinished, 0, "limit {limit}: something half made was left");
    }
    finished(&recipe, &short);
    assert_eq!(artefacts(&short), artefacts(&whole));
}

#[test]
fn a_study_that_is_open_elsewhere_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = recipe(folder.path());
    let path = folder.path().join("study");
    let mut new = Command::new(env!("CARGO_BIN_EXE_fillscape"));
    let made = new.args(["study", "new"]).arg(&path).arg("--recipe").arg(&recipe).output().unwrap();
    assert!(made.status.success(), "{}", said(&made));
    let held = Study::open(&path).unwrap();
    let out = command(&recipe, &path).output().unwrap();
    let text = said(&out);
    assert!(!out.status.success() && text.contains("has it open"), "{text}");
    assert!(text.contains(&std::process::id().to_string()), "{text}");
    assert_eq!(artefacts(&path).len(), 0);
    // Looking is allowed.
    for looks in [["study", "status"], ["study", "runs"]] {
        assert!(fillscape(&looks, &path).status.success());
    }
    drop(held);
}

#[test]
fn a_damaged_artefact_stops_what_needs_it_and_is_made_again_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = recipe(folder.path());
    let path = folder.path().join("study");
    finished(&recipe, &path);
    let expected = artefacts(&path);
    let id = |step: &str| Study::open_read_only(&path).unwrap().document().results[step].to_string();
    let set = path.join("artefacts").join(id("fill")).join("fill_set.csv");
    let bytes = fs::read(&set).unwrap();
    fs::write(&set, &bytes[..bytes.len() / 2]).unwrap();
    fs::remove_dir_all(path.join("artefacts").join(id("tune-fill-0"))).unwrap();
    let out = command(&recipe, &path).output().unwrap();
    let text = said(&out);
    assert!(!out.status.success() && text.contains("is damaged") && text.contains("study check"), "{text}");
    let check = fillscape(&["study", "check", "--remove-damaged"], &path);
    let text = said(&check);
    assert!(!check.status.success() && text.contains("the step fill makes it again"), "{text}");
    finished(&recipe, &path);
    assert_eq!(artefacts(&path), expected);
}

#[test]
fn runs_that_diverge_are_recorded_and_the_study_ends_without_them() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = recipe(folder.path());
    let text = fs::read_to_string(&recipe).unwrap();
    let far = "epochs = 2\nschedule = { learning_rate = 1e30 }\n";
    fs::write(&recipe, text.replace("epochs = 2\n", far).replace("n_points = 20", "n_points = 5")).unwrap();
    let path = folder.path().join("study");
    finished(&recipe, &path);
    let study = Study::open_read_only(&path).unwrap();
    let tuned = study.result("tune-fill-0").unwrap().unwrap();
    assert_eq!(tuned.provenance.stop_reason, StopReason::Diverged);
    assert!(tuned.provenance.summary["reason"].as_str().unwrap().contains("step"), "{:?}", tuned.provenance.summary);
    assert!(tuned.read_text("log.csv").unwrap().starts_with("step,"));
    assert!(!tuned.path("model.safetensors").exists());
    let comparison = study.result("comparison").unwrap().unwrap();
    assert_eq!(comparison.provenance.summary["n_left_out"].as_integer(), Some(5));
    let runs = Scores::to_read(&study).unwrap().runs("tune-fill-0", 10).unwrap();
    assert_eq!(runs[0].stop_reason, "diverged");
    let page = fs::read_to_string(path.join("report.html")).unwrap();
    assert!(page.contains("The comparison is without these tuning runs") && page.contains("diverged"), "{page}");
    let status = said(&fillscape(&["study", "status"], &path));
    assert!(status.contains("diverged: "), "{status}");
    assert!(study.document().results.values().any(|id| id.kind() == ArtefactKind::Report));
}
