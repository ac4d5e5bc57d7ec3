//! A whole loop of a few seconds, run by the program.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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

/// Writes the recipe into a folder.
pub fn recipe(folder: &Path) -> PathBuf {
    let bounds = |value: &str| [value; 128].join(", ");
    let path = folder.join("tiny.toml");
    fs::write(&path, RECIPE.replace("LOWER", &bounds("-0.6")).replace("UPPER", &bounds("0.6"))).unwrap();
    path
}

/// `study run` of a recipe.
pub fn command(recipe: &Path, into: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fillscape"));
    command.args(["study", "run"]).arg(recipe).arg("--into").arg(into);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Hash and length of every file of every artefact, as its provenance has them, and the provenance without its times.
pub fn artefacts(study: &Path) -> BTreeMap<String, String> {
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

/// The program with these arguments.
pub fn fillscape(arguments: &[&str], study: &Path) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_fillscape")).args(arguments).arg(study).stdin(Stdio::null()).output().unwrap()
}

/// What it said on both streams.
pub fn said(out: &std::process::Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}
