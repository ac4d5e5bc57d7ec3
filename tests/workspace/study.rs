//! A study's document, lock and artefacts.

use super::support::{document, recipe, request};
use fillscape::workspace::{
    Access, Document, NamedRegion, ReadOnlyReason, RegionDefinition, StopReason, Study, StudyError,
};
use std::fs;
use std::path::Path;

#[test]
fn a_study_is_read_back_as_it_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study");
    let mut study = Study::create(&path, document()).unwrap();
    study
        .edit("Add a region", |document| {
            let definition = RegionDefinition::Union(vec![RegionDefinition::Named("other".into())]);
            document.regions.push(NamedRegion { name: "rough ☃".into(), definition });
            document.layout.insert("zoom".into(), toml::Value::Float(1.5));
        })
        .unwrap();
    let written = study.document().clone();
    drop(study);
    assert_eq!(Study::open(&path).unwrap().document(), &written);
    assert_eq!(written.recipe, recipe());
}

#[test]
fn a_second_instance_opens_read_only_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study");
    let first = Study::create(&path, document()).unwrap();
    let mut second = Study::open(&path).unwrap();
    let Access::ReadOnly(ReadOnlyReason::LockHeld(who)) = second.access().clone() else {
        panic!("{:?}", second.access())
    };
    assert!(who.contains(&std::process::id().to_string()), "{who}");
    let error = second.edit("Clear", |document| document.name.clear()).unwrap_err();
    assert!(matches!(error, StudyError::ReadOnly { .. }), "{error}");
    assert!(error.to_string().contains("has it open"), "{error}");
    assert_eq!(second.document().name, "Test");
    assert!(matches!(second.begin(request(1)), Err(StudyError::ReadOnly { .. })));
    drop(first);
    assert_eq!(Study::open(&path).unwrap().access(), &Access::Write);
}

#[test]
fn a_study_is_not_made_over_something_else() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.txt"), "mine").unwrap();
    assert!(matches!(Study::create(folder.path(), document()), Err(StudyError::Occupied { .. })));
    assert_eq!(fs::read_to_string(folder.path().join("thesis.txt")).unwrap(), "mine");
    assert!(matches!(Study::open(folder.path()), Err(StudyError::Missing { .. })));
}

#[test]
fn a_study_that_can_only_be_looked_at_is_copied_to_one_that_can_be_changed() {
    let bundled = Study::open_read_only(&Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/study")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("mine");
    let n_files = bundled.copy_to(&to).unwrap();
    let copy = Study::open(&to).unwrap();
    assert_eq!(copy.access(), &Access::Write);
    assert_eq!(copy.document(), bundled.document());
    assert!(n_files > copy.document().results.len());
    let listing = copy.artefacts().unwrap();
    assert_eq!(listing.faults.len(), 0);
    assert_eq!(listing.artefacts.len(), bundled.artefacts().unwrap().artefacts.len());
    for artefact in &listing.artefacts {
        artefact.verify().unwrap();
    }
    assert!(matches!(bundled.copy_to(&to), Err(StudyError::Occupied { .. })));
}

#[test]
fn an_artefact_appears_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let study = Study::create(&folder.path().join("study"), document()).unwrap();
    let id = request(1).id();
    {
        let staging = study.begin(request(1)).unwrap();
        staging.write("a.txt", "half").unwrap();
        fs::write(staging.work().join("state"), "kept").unwrap();
        assert!(!study.has(&id));
    }
    assert!(study.artefacts().unwrap().artefacts.is_empty());
    let staging = study.begin(request(1)).unwrap();
    assert_eq!(fs::read_to_string(staging.work().join("state")).unwrap(), "kept");
    assert!(!staging.output().join("a.txt").exists(), "what an earlier attempt left is not mixed in");
    staging.write("sub/a.txt", "whole").unwrap();
    assert!(matches!(staging.write("../b.txt", "out"), Err(StudyError::FileName { .. })));
    let artefact = staging.finish(StopReason::Finished, toml::Table::new()).unwrap();
    assert_eq!(artefact.id(), &id);
    assert!(study.has(&id));
    assert_eq!(artefact.read_text("sub/a.txt").unwrap(), "whole");
    artefact.verify().unwrap();
    assert!(!study.work_folder().join(id.to_string()).exists());
    assert_eq!(study.artefacts().unwrap().artefacts, [study.artefact(&id).unwrap()]);
}

#[test]
fn a_damaged_file_is_found_by_its_hash() {
    let folder = tempfile::tempdir().unwrap();
    let study = Study::create(&folder.path().join("study"), document()).unwrap();
    let staging = study.begin(request(1)).unwrap();
    staging.write("a.txt", "whole").unwrap();
    let artefact = staging.finish(StopReason::Finished, toml::Table::new()).unwrap();
    fs::write(artefact.path("a.txt"), "whols").unwrap();
    let error = artefact.read("a.txt").unwrap_err();
    assert!(matches!(error, StudyError::Damaged(_)), "{error}");
    fs::write(artefact.path("a.txt"), "who").unwrap();
    assert!(artefact.verify().unwrap_err().to_string().contains("3 bytes, expected 5"));
    fs::remove_file(artefact.path("a.txt")).unwrap();
    assert!(matches!(artefact.verify(), Err(StudyError::Read { .. })));
}

#[test]
fn documents_that_are_none_say_where() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study");
    drop(Study::create(&path, document()).unwrap());
    let file = path.join("study.toml");
    let text = fs::read_to_string(&file).unwrap();
    for (broken, expected) in [
        (text[..text.len() / 2].to_owned(), "study.toml"),
        (text.replace("format_version = 2", "format_version = 99"), "newer program"),
        (text.replace("format_version = 2", "format_version = 'two'"), "format_version"),
        (text.replace("format_version = 2", ""), "format_version"),
        (text.replace("seed = 3", "sead = 3"), "unknown field `sead`"),
        (String::new(), "format_version"),
    ] {
        fs::write(&file, &broken).unwrap();
        let error = Study::open(&path).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), broken, "nothing is repaired behind one's back");
    }
}

#[test]
fn a_document_of_the_first_format_is_brought_up_to_date() {
    let text = include_str!("study_format_1.toml");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("study.toml"), text).unwrap();
    let mut study = Study::open(folder.path()).unwrap();
    let document: &Document = study.document();
    assert_eq!((document.recipe.seed, document.recipe.corpus.n), (11, 200));
    assert_eq!(document.recipe.name, "From last year");
    assert_eq!(document.recipe.samples.n, 400);
    assert_eq!(document.regions[0].name, "Region");
    assert_eq!(document.results["points"].to_string(), "points-0123456789abcdef");
    // The file is only rewritten when something changes.
    assert_eq!(fs::read_to_string(folder.path().join("study.toml")).unwrap(), text);
    study.edit("Set x", |document| document.layout.insert("x".into(), true.into())).unwrap();
    assert!(fs::read_to_string(folder.path().join("study.toml")).unwrap().contains("format_version = 2"));
}

#[test]
fn the_recipes_that_ship_can_be_read() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["examples/quick.toml", "examples/paper.toml", "assets/study/recipe.toml"] {
        let recipe = fillscape::workspace::Recipe::read(&root.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(!recipe.tasks.is_empty(), "{name}");
    }
}

#[test]
fn recipes_that_contradict_themselves_say_how() {
    let read = |text: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.toml");
        fs::write(&path, format!("name = 'Test'\n{text}\n")).unwrap();
        fillscape::workspace::Recipe::read(&path).unwrap_err().to_string()
    };
    for (text, expected) in [
        ("[corpus]\nn = 5\nn_held_out = 5", "n_held_out is 5, expected less than corpus.n = 5"),
        ("controls = ['combined']\n[corpus]\nn = 5", "needs tasks"),
        ("controls = [{ task = 'x' }]\n[corpus]\nn = 5", "made of the task \"x\""),
        ("controls = ['random', 'random']\n[corpus]\nn = 5", "asked for twice"),
        ("tune_seeds = []\n[corpus]\nn = 5", "tune_seeds"),
        (
            "tune_seeds = [0, 1]\n[corpus]\nn = 5\n[[task]]\nname = 'a'\npath = 'x'\n[compare]\nseeds = [0, 1, 2]",
            "expected the same seeds",
        ),
        ("[corpus]\nn = 5\n[tune]\nepochs = 0", "epochs is 0"),
        ("[corpus]\nn = 5\n[[task]]\nname = 'a b'\npath = 'x'", "letters, digits"),
        ("[corpus]\nn = 5\n[[task]]\nname = 'a'", "either a path or a library"),
        ("[corpus]\nn = 5\n[[task]]\nname = 'a'\nlibrary = { n = 50, seed = 1, property = 'Mass' }", "MolWt"),
        ("[corpus]\nn = 5\nfile_name = 'x'", "unknown field"),
    ] {
        let found = read(text);
        assert!(found.contains(expected), "{found}");
    }
}

#[test]
fn a_set_that_falls_short_says_by_how_much() {
    let folder = tempfile::tempdir().unwrap();
    let study = Study::create(folder.path(), document()).unwrap();
    for (n, expected) in [(285, Some([285, 1600])), (1600, None)] {
        let staging = study.begin(request(n)).unwrap();
        let summary = toml::from_str(&format!("n = {n}\nn_wanted = 1600")).unwrap();
        let artefact = staging.finish(StopReason::Finished, summary).unwrap();
        assert_eq!(artefact.shortfall(), expected);
    }
}
