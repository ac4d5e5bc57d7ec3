//! The commands, end to end.

use super::scenes::noise;
use fillscape::landscape::write_npy;
use std::path::Path;
use std::process::{Command, Output};

fn fillscape(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fillscape")).args(arguments).output().unwrap()
}

fn ok(arguments: &[&str]) -> String {
    let output = fillscape(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn failure(arguments: &[&str]) -> String {
    let output = fillscape(arguments);
    assert!(!output.status.success(), "{arguments:?} should fail");
    String::from_utf8(output.stderr).unwrap()
}

fn write_rows(path: &Path, n: usize, d: usize) {
    let mut next = noise(3);
    let data: Vec<f64> = (0..n * d).map(|k| f64::from(next()) + (k / d % 3) as f64).collect();
    write_npy(path, &[n, d], &data).unwrap();
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn project_and_render_work_together() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (rows, projection, map) = (at("rows.npy"), at("projection.json"), at("map.npy"));
    write_rows(&rows, 200, 12);
    let report = ok(&[
        "--json",
        "project",
        "fit",
        text(&rows),
        "--method",
        "pca",
        "--out",
        text(&projection),
        "--map",
        text(&map),
    ]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["rows"], 200);
    assert!(report["trust"]["trustworthiness"].as_f64().unwrap() > 0.6, "{report}");
    let again = at("again.npy");
    ok(&["project", "apply", text(&projection), text(&rows), "--map", text(&again)]);
    assert_eq!(std::fs::read(&map).unwrap(), std::fs::read(&again).unwrap());
    let values = at("values.npy");
    write_npy(&values, &[200], &(0..200).map(|k| f64::from(k % 17)).collect::<Vec<f64>>()).unwrap();
    for name in ["map.png", "map.svg"] {
        let out = at(name);
        let arguments =
            ["--json", "render", "--points", text(&rows), "--projection", text(&projection), "--values", text(&values)];
        let more = [
            "--label",
            "score",
            "--size",
            "400x300",
            "--theme",
            "dark",
            "--layers",
            "density,points",
            "--out",
            text(&out),
        ];
        let report: serde_json::Value = serde_json::from_str(&ok(&[&arguments[..], &more[..]].concat())).unwrap();
        assert_eq!((&report["shown"], &report["loaded"]), (&200.into(), &200.into()));
        assert!(std::fs::metadata(&out).unwrap().len() > 5000);
    }
    let png = std::fs::read(at("map.png")).unwrap();
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!((&png[16..20], &png[20..24]), (&400_u32.to_be_bytes()[..], &300_u32.to_be_bytes()[..]));
}

#[test]
fn trees_networks_and_paths_of_a_landscape() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let network = at("camelback");
    ok(&["landscape", "toy", "camelback", "--out", text(&network)]);
    for view in ["tree", "network", "path"] {
        for ending in ["png", "svg"] {
            let out = at(&format!("{view}.{ending}"));
            ok(&["render", "--landscape", text(&network), "--view", view, "--out", text(&out)]);
            assert!(std::fs::metadata(&out).unwrap().len() > 2000, "{view}.{ending}");
        }
    }
}

#[test]
fn faults_are_answered_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let rows = at("rows.npy");
    write_rows(&rows, 30, 4);
    let out = at("x.png");
    for (arguments, expected) in [
        (vec!["--points", text(&rows), "--out", "x.gif"], ".png or .svg"),
        (vec!["--view", "tree", "--out", text(&out)], "needs a network"),
        (vec!["--out", text(&out)], "needs points"),
        (vec!["--study", "/no/such/study", "--out", text(&out)], "/no/such/study"),
        (vec!["--points", "/no/rows.npy", "--out", text(&out)], "/no/rows.npy"),
        (vec!["--points", text(&rows), "--scale", "900", "--out", text(&out)], "0.1 to 20"),
        (vec!["--points", text(&rows), "--out", "/no/such/folder/x.png"], "/no/such/folder"),
    ] {
        let error = failure(&[&["render"], &arguments[..]].concat());
        assert!(error.contains(expected), "{arguments:?}: {error}");
        assert!(!out.exists());
    }
}

#[test]
fn doctor_says_what_will_be_used() {
    let words = ok(&["doctor"]);
    for expected in ["memory", "DISPLAY", "graphics adapters", "will be used"] {
        assert!(words.contains(expected), "{expected} is missing: {words}");
    }
    let report: serde_json::Value = serde_json::from_str(&ok(&["--json", "doctor"])).unwrap();
    assert!(report["adapters"].is_array() && report["device"].is_string());
}

#[test]
fn bench_render_prints_a_table() {
    if super::twins::gpu().is_none() {
        return;
    }
    let report = ok(&["--json", "bench", "render", "--points", "1000,5000", "--seconds", "0.05"]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["lines"].as_array().unwrap().len(), 2);
    assert!(report["lines"][1]["frame_ms"].as_f64().unwrap() > 0.0);
}
