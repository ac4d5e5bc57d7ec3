//! What goes wrong outside: read-only folders, full disks, truncated files, locks held. Nothing may be lost.

use super::support::{document, request};
use fillscape::workspace::{
    Access, ArtefactId, ReadOnlyReason, RegionDefinition, ScoreQuery, Scores, StopReason, Study, StudyError,
};
use std::fs;
use std::path::Path;

fn study_with_artefact(path: &Path) -> (Study, ArtefactId) {
    let study = Study::create(path, document()).unwrap();
    let staging = study.begin(request(1)).unwrap();
    staging.write("a.txt", "whole").unwrap();
    let artefact = staging.finish(StopReason::Finished, toml::Table::new()).unwrap();
    study.index(&artefact).unwrap();
    (study, artefact.id().clone())
}

#[test]
fn edits_can_be_undone_and_redone_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study");
    let mut study = Study::create(&path, document()).unwrap();
    study.edit("Rename", |d| d.name = "One".into()).unwrap();
    for zoom in 1..=5 {
        study.edit_further("Zoom", |d| d.layout.insert("zoom".into(), toml::Value::Integer(zoom))).unwrap();
    }
    study.edit("Rename", |d| d.name = "Two".into()).unwrap();
    drop(study);
    let mut study = Study::open(&path).unwrap();
    assert_eq!(study.history().labels().collect::<Vec<_>>(), ["Rename", "Zoom", "Rename"]);
    assert!(study.undo().unwrap());
    assert_eq!((study.document().name.as_str(), study.history().redo_label()), ("One", Some("Rename")));
    assert!(study.undo().unwrap());
    assert!(study.document().layout.is_empty(), "one drag is one step");
    drop(study);
    let mut study = Study::open(&path).unwrap();
    assert!(study.redo().unwrap() && study.redo().unwrap() && !study.redo().unwrap());
    assert_eq!(study.document().name, "Two");
    while study.undo().unwrap() {}
    assert_eq!(study.document().name, "Test");
}

#[test]
fn results_are_no_part_of_undo() {
    let folder = tempfile::tempdir().unwrap();
    let (mut study, id) = study_with_artefact(&folder.path().join("study"));
    study.edit("Rename", |d| d.name = "One".into()).unwrap();
    study.set_result("points", &id).unwrap();
    assert!(study.undo().unwrap());
    assert_eq!((study.document().name.as_str(), study.document().results.get("points")), ("Test", Some(&id)));
}

#[test]
fn a_torn_journal_costs_its_last_line_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study");
    let mut study = Study::create(&path, document()).unwrap();
    study.edit("First", |d| d.name = "One".into()).unwrap();
    study.edit("Second", |d| d.layout.insert("x".into(), true.into())).unwrap();
    drop(study);
    let journal = path.join("history.jsonl");
    let text = fs::read_to_string(&journal).unwrap();
    // The program ended after the journal was written and before the document was.
    fs::write(&journal, text.clone() + r#"{"edit":{"label":"Lost","changes":{"name":["One","Never"]}}}"# + "\n")
        .unwrap();
    let mut study = Study::open(&path).unwrap();
    assert_eq!(study.history().undo_label(), Some("Second"));
    assert!(study.undo().unwrap());
    drop(study);
    fs::write(&journal, &text[..text.len() - 5]).unwrap();
    let study = Study::open(&path).unwrap();
    assert_eq!(study.document().name, "One");
    assert_eq!(study.history().undo_label(), Some("First"));
}

#[test]
fn check_finds_what_is_damaged_and_what_is_missing_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let (mut study, id) = study_with_artefact(&folder.path().join("study"));
    study.set_result("points", &id).unwrap();
    let report = study.check(None).unwrap();
    assert_eq!((report.n_sound, report.faults.len()), (1, 0));
    let file = study.artefact(&id).unwrap().path("a.txt");
    fs::write(&file, "who").unwrap();
    let report = study.check(None).unwrap();
    assert_eq!((report.n_sound, report.faults.len()), (0, 1));
    let fault = &report.faults[0];
    assert_eq!((fault.artefact.as_deref(), fault.step.as_deref()), (Some(id.to_string().as_str()), Some("points")));
    assert!(fault.problem.contains("3 bytes, expected 5") && fault.remedy.contains("the step points"), "{fault:?}");
    study.remove_artefact(&id).unwrap();
    let report = study.check(None).unwrap();
    assert!(report.faults[0].problem.contains("missing"), "{report:?}");
    // Making it again repairs it.
    let staging = study.begin(request(1)).unwrap();
    staging.write("a.txt", "whole").unwrap();
    staging.finish(StopReason::Finished, toml::Table::new()).unwrap();
    assert_eq!(study.check(None).unwrap().faults, []);
}

#[test]
fn an_artefact_without_its_provenance_is_a_fault_and_an_unfinished_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (study, id) = study_with_artefact(&folder.path().join("study"));
    let artefact = study.artefact(&id).unwrap();
    fs::create_dir(study.artefacts_folder().join(".points-0000000000000000.part")).unwrap();
    let provenance = artefact.path("provenance.toml");
    let text = fs::read_to_string(&provenance).unwrap();
    fs::write(&provenance, &text[..text.len() / 2]).unwrap();
    let listing = study.artefacts().unwrap();
    assert_eq!((listing.artefacts.len(), listing.faults.len()), (0, 1));
    assert_eq!(study.check(None).unwrap().faults.len(), 1);
}

#[test]
fn a_lost_file_of_scores_is_built_again_from_the_artefacts() {
    let folder = tempfile::tempdir().unwrap();
    let (study, id) = study_with_artefact(&folder.path().join("study"));
    let file = study.folder().join("scores.sqlite");
    let found = || Scores::open(study.folder()).unwrap().runs("points", 10).unwrap();
    assert_eq!(found()[0].artefact, id.to_string());
    fs::remove_file(&file).unwrap();
    assert!(found().is_empty());
    assert_eq!(study.check(None).unwrap().faults, []);
    assert_eq!(found().len(), 1);
    fs::write(&file, "this is no database, but it is long enough to look like one at first sight".repeat(20)).unwrap();
    let report = study.check(None).unwrap();
    assert!(report.faults.len() == 1 && report.faults[0].remedy.contains("scores.sqlite"), "{report:?}");
}

#[test]
fn looking_at_runs_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (study, id) = study_with_artefact(&folder.path().join("study"));
    let file = study.folder().join("scores.sqlite");
    let found = || Scores::to_read(&study).unwrap().runs("points", 10).unwrap();
    let before = fs::read(&file).unwrap();
    assert_eq!(found()[0].artefact, id.to_string());
    assert_eq!(fs::read(&file).unwrap(), before);
    fs::remove_file(&file).unwrap();
    assert_eq!(found()[0].artefact, id.to_string(), "without the file they are read from the artefacts");
    assert!(!file.exists());
}

#[test]
fn thousands_of_runs_stay_searchable() {
    let folder = tempfile::tempdir().unwrap();
    let (study, id) = study_with_artefact(&folder.path().join("study"));
    let template = study.artefact(&id).unwrap();
    let mut scores = Scores::open(study.folder()).unwrap();
    for n in 0..2000 {
        let mut artefact = template.clone();
        artefact.provenance.id = request(n + 2).id();
        artefact.provenance.step = format!("tune-arm{}-{}", n % 7, n);
        artefact.provenance.parameters = request(n + 2).parameters;
        scores.insert(&artefact, None).unwrap();
    }
    let started = std::time::Instant::now();
    assert_eq!(scores.runs("tune-arm3- \"n\":1999", 10).unwrap().len(), 0);
    assert_eq!(scores.runs("tune-arm3-", 5000).unwrap().len(), 286);
    assert_eq!(scores.runs("100%", 10).unwrap().len(), 0, "a percent sign stands for itself");
    assert_eq!(scores.scores(&ScoreQuery::default()).unwrap(), []);
    assert!(started.elapsed().as_secs() < 5, "searching took {:?}", started.elapsed());
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_opens_read_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study");
    drop(study_with_artefact(&path));
    for name in [".", "study.lock"] {
        fs::set_permissions(path.join(name), fs::Permissions::from_mode(0o555)).unwrap();
    }
    let mut study = Study::open(&path).unwrap();
    // The superuser may write everywhere.
    if let Access::ReadOnly(reason) = study.access().clone() {
        assert!(matches!(reason, ReadOnlyReason::NotWritable(_)), "{reason}");
        let error = study.edit("x", |d| d.name.clear()).unwrap_err();
        assert!(matches!(error, StudyError::ReadOnly { .. }), "{error}");
    }
    for name in [".", "study.lock"] {
        fs::set_permissions(path.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// A device without room: every write to it fails as a full disk does.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    let error = fillscape::atomic_file::write("/dev/full", vec![0u8; 100_000]).unwrap_err();
    assert_eq!(error.source.kind(), std::io::ErrorKind::StorageFull);
    assert!(StudyError::from(error).is_disk_full());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study");
    let mut study = Study::create(&path, document()).unwrap();
    let before = fs::read_to_string(path.join("study.toml")).unwrap();
    // The document now leads to the full device: the write fails, and the study is as it was.
    fs::remove_file(path.join("study.toml")).unwrap();
    std::os::unix::fs::symlink("/dev/full", path.join("study.toml")).unwrap();
    let error = study
        .edit("Lasso", |d| {
            let definition = RegionDefinition::Named("x".into());
            d.regions.push(fillscape::workspace::NamedRegion { name: "y".into(), definition });
        })
        .unwrap_err();
    assert!(error.is_disk_full(), "{error}");
    assert!(study.document().regions.is_empty());
    fs::remove_file(path.join("study.toml")).unwrap();
    fs::write(path.join("study.toml"), before).unwrap();
    drop(study);
    let study = Study::open(&path).unwrap();
    assert_eq!(study.history().undo_label(), None, "the edit that was not saved cannot be undone");
}
