//! The whole loop, killed at random moments: it goes on each time and ends in the same artefacts.

use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A loop of a few seconds: everything in it, little of each.
const RECIPE: &str = r#"
name = "Tiny"
seed = 5
controls = ["random", "corpus", { task = "logp" }, "combined"]
[corpus]
n = 150
n_held_out = 30
[samples]
n = 140
[samples.response]
n_neighbours = 3
radius = 0.05
seed = 0
fingerprint = { radius = 3, n_bits = 2048 }
[landscape]
[landscape.explore.basin_hopping]
n_steps = 1
[fill.set]
n = 6
[fill.region.given.box]
lower = [LOWER]
upper = [UPPER]
[fill.draw]
n = 60
[tune]
epochs = 2
batch_size = 3
save_every = 1
[frustration]
method = "points"
n_points = 20
[[task]]
name = "logp"
library = { n = 60, seed = 9, property = "MolLogP" }
[compare]
seeds = [0, 1]
learners = [{ linear = {} }]
n_bootstrap = 100
n_permutations = 100
"#;

fn recipe(folder: &Path) -> PathBuf {
    let bounds = |value: &str| [value; 128].join(", ");
    let path = folder.join("tiny.toml");
    fs::write(&path, RECIPE.replace("LOWER", &bounds("-0.6")).replace("UPPER", &bounds("0.6"))).unwrap();
    path
}

fn command(recipe: &Path, into: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fillscape"));
    command.args(["study", "run"]).arg(recipe).arg("--into").arg(into);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Hash and length of every file of every artefact, as its provenance has them, and the provenance without its times.
fn artefacts(study: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(study.join("artefacts")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(!name.starts_with('.'), "{name} was left behind");
        let text = fs::read_to_string(path.join("provenance.toml")).unwrap();
        let is_time = |line: &&str| line.starts_with("made = ") || line.starts_with("seconds = ");
        found.insert(name, text.lines().filter(|line| !is_time(line)).collect::<Vec<_>>().join("\n"));
    }
    found
}

#[test]
fn a_study_killed_at_twenty_random_moments_ends_in_the_same_artefacts() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = recipe(folder.path());
    let whole = folder.path().join("whole");
    let started = Instant::now();
    let out = command(&recipe, &whole).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let wall = started.elapsed();
    let expected = artefacts(&whole);
    assert!(expected.keys().any(|name| name.starts_with("report-")), "{:?}", expected.keys());

    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(17);
    let (mut n_kills, mut n_studies) = (0, 0);
    // Each study is killed until it gets through; the kills aim at every part of it.
    while n_kills < 20 {
        let broken = folder.path().join(format!("broken-{n_studies}"));
        n_studies += 1;
        loop {
            let mut child = command(&recipe, &broken).spawn().unwrap();
            let pause = wall.mul_f64(rng.random_range(0.02..0.5));
            let ended = wait(&mut child, pause);
            if ended {
                let out = child.wait_with_output().unwrap();
                assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
                break;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            n_kills += 1;
        }
        assert_eq!(artefacts(&broken), expected, "after {n_kills} kills");
        assert!(!broken.join("work").read_dir().is_ok_and(|mut work| work.next().is_some()), "work was left behind");
    }
    // The same recipe again does nothing.
    let out = command(&recipe, &whole).output().unwrap();
    assert!(out.status.success() && artefacts(&whole) == expected);
    check(&whole, true);
}

/// Whether the child ended within the time.
fn wait(child: &mut std::process::Child, time: Duration) -> bool {
    let started = Instant::now();
    while started.elapsed() < time {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    false
}

fn check(study: &Path, sound: bool) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fillscape"));
    let out = command.args(["study", "check"]).arg(study).output().unwrap();
    assert_eq!(out.status.success(), sound, "{}", String::from_utf8_lossy(&out.stdout));
}
