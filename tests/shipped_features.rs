//! What the tests' own dependencies switch on, the shipped program must have as well: a test that passes only with a
//! feature of a test tool says nothing about the program.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Every crate with its features, as the shipped program is built, or as the tests are.
fn features(edges: &str) -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--edges", edges, "--prefix", "none", "--format", "{p}|{f}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut crates: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines() {
        let (name, features) = line.split_once('|').unwrap_or((line, ""));
        let features = features.trim_end_matches(" (*)").split(',').filter(|f| !f.is_empty()).map(str::to_owned);
        crates.entry(name.trim_end_matches(" (*)").to_owned()).or_default().extend(features);
    }
    crates
}

#[test]
fn the_window_ships_with_every_feature_that_its_tests_have() {
    if cfg!(not(feature = "gui")) {
        eprintln!("skipped: this build has no window");
        return;
    }
    let (shipped, tested) = (features("normal"), features("normal,dev"));
    // Copying needs a clipboard of the system; without it the window says “Copied” and nothing is.
    assert!(shipped.keys().any(|name| name.starts_with("arboard ")), "the shipped window has no clipboard");
    let of_the_window =
        ["eframe ", "egui ", "egui-winit ", "egui-wgpu ", "epaint ", "winit ", "wgpu ", "rfd ", "image "];
    for (name, tested) in tested.iter().filter(|(name, _)| of_the_window.iter().any(|of| name.starts_with(of))) {
        let Some(shipped) = shipped.get(name) else { panic!("only the tests have {name}") };
        let hidden: Vec<_> = tested.difference(shipped).collect();
        assert!(hidden.is_empty(), "only the tests have these features of {name}: {hidden:?}");
    }
}
