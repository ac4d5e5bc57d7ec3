//! Studies from strangers: what leads out of their folder is refused, and what is not theirs is left alone.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fillscape::workspace::{StopReason, Study};

use super::support::{document, request};

/// A study with one artefact, which its document shows; the folder of the artefact.
fn study(folder: &Path) -> PathBuf {
    let mut study = Study::create(folder, document()).unwrap();
    let staging = study.begin(request(40)).unwrap();
    staging.write("molecules.csv", "id,smiles\n0,CCO\n").unwrap();
    staging.write("below/notes.txt", "some text").unwrap();
    let artefact = staging.finish(StopReason::Finished, toml::Table::new()).unwrap();
    study.set_result("extra", artefact.id()).unwrap();
    artefact.folder
}

/// Every command that opens a study; `OUT` is a new place below the given folder.
const COMMANDS: [&str; 11] = [
    "study open STUDY --facts",
    "study status STUDY",
    "study check STUDY",
    "study check STUDY --remove-damaged",
    "study prune STUDY",
    "study runs STUDY",
    "study estimate STUDY",
    "study differences STUDY",
    "study export STUDY --out OUT",
    "study copy STUDY --into OUT",
    "study moved STUDY --checkpoint points --out OUT",
];

/// What a command says, and its exit code. A command that waits for a pipe is ended after some seconds.
fn run(line: &str, study: &Path, out: &Path) -> (String, Option<i32>) {
    let word = |word: &str| word.replace("STUDY", &study.to_string_lossy()).replace("OUT", &out.to_string_lossy());
    let mut child = Command::new(env!("CARGO_BIN_EXE_fillscape"))
        .args(line.split(' ').map(word))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = std::time::Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed().as_secs() > 20 {
            child.kill().unwrap();
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&said).into_owned(), output.status.code())
}

/// Every file below a folder with its content; links as what they lead to.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let kind = fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_dir() {
            found.extend(contents(&path));
        } else if kind.is_file() {
            found.insert(path.clone(), fs::read(&path).unwrap());
        } else {
            found.insert(path, Vec::new());
        }
    }
    found
}

/// Spoils a study, and asserts that no command writes or deletes anything outside of it, that none hangs, and that each
/// says what is wrong; `harmless` commands may succeed.
fn refused(what: &str, spoil: impl Fn(&Path, &Path, &Path), harmless: &[&str]) {
    for line in COMMANDS {
        let root = tempfile::tempdir().unwrap();
        let (folder, outside) = (root.path().join("study"), root.path().join("outside"));
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("thesis.txt"), "years of work").unwrap();
        let artefact = study(&folder);
        spoil(&folder, &artefact, &outside);
        let before = contents(&outside);
        let (said, code) = run(line, &folder, &root.path().join("out"));
        let is_harmless = harmless.iter().any(|word| line.contains(word));
        assert!(code == Some(1) || is_harmless && code == Some(0), "{what}, {line}: {code:?} {said}");
        assert!(!said.contains("panicked"), "{what}, {line}: {said}");
        assert!(contents(&outside) == before, "{what}, {line}: something outside was touched");
        let beside: Vec<_> = fs::read_dir(root.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert!(beside.len() <= 3, "{what}, {line}: {beside:?}");
    }
}

/// The study by itself is sound: these commands succeed, so that a failure below is that of what was spoilt.
#[test]
fn a_sound_study_can_be_looked_at_and_copied() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("study");
    study(&folder);
    for line in ["study open STUDY --facts", "study check STUDY", "study export STUDY --out OUT"] {
        let (said, code) = run(line, &folder, &root.path().join("out"));
        assert_eq!(code, Some(0), "{line}: {said}");
    }
}

#[test]
fn links_in_place_of_parts_of_a_study_are_refused_by_every_command() {
    for name in ["study.lock", "work", "artefacts", "scores.sqlite", "history.jsonl", "study.toml"] {
        refused(
            name,
            |folder, _, outside| {
                let part = folder.join(name);
                let elsewhere = outside.join(name);
                if part.exists() {
                    fs::rename(&part, &elsewhere).unwrap();
                } else if name == "work" {
                    fs::create_dir(&elsewhere).unwrap();
                } else {
                    fs::write(&elsewhere, "precious").unwrap();
                }
                symlink(&elsewhere, &part).unwrap();
            },
            &[],
        );
    }
}

#[test]
fn names_that_lead_out_of_their_folder_are_refused() {
    for name in ["../../evil.txt", "/evil.txt", "..", "below/../../../evil.txt"] {
        let in_provenance = |_: &Path, artefact: &Path, outside: &Path| {
            let path = artefact.join("provenance.toml");
            let text = fs::read_to_string(&path).unwrap();
            let name = if name.starts_with('/') {
                outside.join("thesis.txt").to_string_lossy().into_owned()
            } else {
                name.to_owned()
            };
            fs::write(&path, text.replace("molecules.csv", &name)).unwrap();
            assert!(fs::read_to_string(&path).unwrap().contains(&name));
        };
        // Commands that do not look at the artefact have nothing to refuse.
        refused(name, in_provenance, &["open", "status", "prune", "runs", "differences", "copy", "estimate"]);
        let in_results = |folder: &Path, _: &Path, _: &Path| {
            let path = folder.join("study.toml");
            let text = fs::read_to_string(&path).unwrap();
            fs::write(&path, text.replace("\nextra = ", &format!("\n\"{name}\" = "))).unwrap();
            assert!(fs::read_to_string(&path).unwrap().contains(name));
        };
        refused(name, in_results, &[]);
    }
}

#[test]
fn links_and_pipes_inside_an_artefact_are_refused_at_once() {
    // Points are no part of an export.
    let harmless = ["open", "status", "prune", "runs", "differences", "estimate", "export"];
    let loop_of_links = |_: &Path, artefact: &Path, _: &Path| symlink(".", artefact.join("loop")).unwrap();
    refused("a link to itself", loop_of_links, &[&harmless[..], &["check", "export", "moved"]].concat());
    let linked = |_: &Path, artefact: &Path, outside: &Path| {
        fs::remove_file(artefact.join("molecules.csv")).unwrap();
        symlink(outside.join("thesis.txt"), artefact.join("molecules.csv")).unwrap();
    };
    refused("a link for a file", linked, &harmless);
    let pipe = |_: &Path, artefact: &Path, _: &Path| {
        fs::remove_file(artefact.join("molecules.csv")).unwrap();
        assert!(Command::new("mkfifo").arg(artefact.join("molecules.csv")).status().unwrap().success());
    };
    refused("a pipe for a file", pipe, &harmless);
}

#[test]
fn what_is_not_of_the_study_is_named_and_left_alone() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("study");
    study(&folder);
    fs::create_dir_all(folder.join("work")).unwrap();
    for name in ["artefacts/.DS_Store", "artefacts/Thumbs.db", "work/thesis.txt"] {
        fs::write(folder.join(name), "x").unwrap();
    }
    let (said, code) = run("study check STUDY", &folder, root.path());
    assert_eq!(code, Some(0), "{said}");
    for name in [".DS_Store", "Thumbs.db", "thesis.txt"] {
        assert!(said.contains(&format!("{name} is not of the study")), "{said}");
    }
    let (said, _) = run("study prune STUDY", &folder, root.path());
    for name in ["artefacts/.DS_Store", "artefacts/Thumbs.db", "work/thesis.txt"] {
        assert!(folder.join(name).exists(), "{name}: {said}");
    }
    assert!(said.contains("left alone"), "{said}");
}

#[test]
fn a_look_leaves_no_file_behind() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("study");
    study(&folder);
    for name in ["study.lock", "scores.sqlite"] {
        let _ = fs::remove_file(folder.join(name));
    }
    let before = contents(root.path());
    for line in ["study open STUDY --facts", "study status STUDY", "study check STUDY", "study runs STUDY"] {
        let _ = run(line, &folder, root.path());
        let after: Vec<_> = contents(root.path()).into_keys().collect();
        assert_eq!(after, before.keys().cloned().collect::<Vec<_>>(), "{line}");
    }
}

#[test]
fn a_cut_provenance_is_found_and_removed_with_its_artefact() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("study");
    let artefact = study(&folder);
    let path = artefact.join("provenance.toml");
    let text = fs::read(&path).unwrap();
    fs::write(&path, &text[..text.len() / 2]).unwrap();
    let (said, code) = run("study check STUDY", &folder, root.path());
    assert_eq!(code, Some(1), "{said}");
    assert!(artefact.exists());
    run("study check STUDY --remove-damaged", &folder, root.path());
    assert!(!artefact.exists(), "the damaged artefact is still there");
}
