//! The bundled study, copied where a test may change it, with a budget of seconds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use egui_kittest::Harness;
use fillscape::app::App;
use fillscape::workspace::{Recipe, Study};

use super::support::{Opening, copy};

/// What is left of the bundled study's recipe: everything in it, little of each.
fn tiny(recipe: &mut Recipe) {
    let budget: toml::Table = toml::from_str(
        r#"
        tune_seeds = [0]
        [corpus]
        n = 90
        n_held_out = 20
        [samples]
        n = 60
        source = { principal = { components = 3, reach = 2.5 } }
        response = { n_neighbours = 3, radius = 0.05, seed = 0, fingerprint = { radius = 3, n_bits = 2048 } }
        [fill.set]
        n = 6
        [fill.draw]
        n = 60
        [tune]
        epochs = 10
        batch_size = 3
        save_every = 5
        [frustration]
        method = "points"
        n_points = 12
        while_tuning = 8
        [compare]
        seeds = [0, 1]
        learners = [{ linear = {} }]
        n_bootstrap = 100
        n_permutations = 100
        "#,
    )
    .unwrap();
    let part = |name: &str| budget[name].clone();
    recipe.tune_seeds = part("tune_seeds").try_into().unwrap();
    (recipe.corpus.n, recipe.corpus.n_held_out) = (90, 20);
    recipe.samples = part("samples").try_into().unwrap();
    recipe.landscape.explore.basin_hopping.n_steps = 1;
    recipe.fill = part("fill").try_into().unwrap();
    recipe.tune = part("tune").try_into().unwrap();
    recipe.frustration = part("frustration").try_into().unwrap();
    recipe.compare = part("compare").try_into().unwrap();
    recipe.tasks.truncate(1);
    recipe.tasks[0].library.as_mut().unwrap().n = 60;
}

/// A copy of the bundled study that asks for little; nothing of it is made yet.
pub fn tiny_study() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/study"), folder.path());
    let mut study = Study::open(folder.path()).unwrap();
    study.edit("A tiny budget", |document| tiny(&mut document.recipe)).unwrap();
    folder
}

/// The window over a study of the test's own.
pub fn open(folder: &Path) -> Harness<'static, App> {
    let mut opening = Opening { size: eframe::egui::vec2(1600.0, 1100.0), ..Opening::default() };
    opening.start.open = Some(folder.to_owned());
    opening.open()
}

/// Steps until `done`, or fails with `what`.
pub fn wait(window: &mut Harness<'_, App>, what: &str, done: impl Fn(&Harness<'_, App>) -> bool) {
    let start = Instant::now();
    while !done(window) {
        window.run_steps(2);
        let waited = start.elapsed();
        assert!(
            waited < Duration::from_mins(4),
            "{what} did not happen; the window says {:?}",
            window.state().notice()
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    window.run_steps(4);
}

/// Steps until nothing runs, however long it takes.
pub fn rest(window: &mut Harness<'_, App>) {
    window.run_steps(2);
    wait(window, "rest", |window| window.state().is_idle());
    window.run_steps(6);
    wait(window, "rest", |window| window.state().is_idle());
    assert_eq!(window.state().notice(), None);
}

/// Artefacts of a study by name.
pub fn artefacts(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(folder.join("artefacts")).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// The folder of what a step shows.
pub fn result(folder: &Path, step: &str) -> PathBuf {
    let study = Study::open_read_only(folder).unwrap();
    let id = study.document().results.get(step).unwrap_or_else(|| panic!("the study shows no {step}"));
    folder.join("artefacts").join(id.to_string())
}

/// Every file below a folder with its bytes; moment and duration of the provenance are left out.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    collect(folder, folder, &mut found);
    found
}

fn collect(folder: &Path, root: &Path, to: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, root, to);
            continue;
        }
        let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        let mut bytes = std::fs::read(&path).unwrap();
        if name.ends_with("provenance.toml") {
            let text = String::from_utf8(bytes).unwrap();
            let times = |line: &&str| !line.starts_with("made = ") && !line.starts_with("seconds = ");
            assert_eq!(text.lines().count() - text.lines().filter(times).count(), 2, "two lines of times in {name}");
            bytes = text.lines().filter(times).collect::<Vec<_>>().join("\n").into_bytes();
        }
        to.insert(name, bytes);
    }
}
