//! The commands `landscape` and `fill` from outside.

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn fillscape(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fillscape")).args(arguments).output().unwrap()
}

fn json(arguments: &[&str]) -> Value {
    let output = fillscape(&[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn failure(arguments: &[&str]) -> String {
    let output = fillscape(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.starts_with("fillscape: ") && !text.contains("panicked"), "{text}");
    text
}

/// Three minima in a row and an island, as TopSearch writes them.
fn network(folder: &Path) -> String {
    for (name, text) in [
        ("min.data", "0 0.0\n1 1.0\n2 0.5\n3 2.0\n"),
        ("min.coords", "0.0 0.0\n0.5 0.0\n1.0 0.0\n1.0 1.0\n"),
        ("ts.data", "0 1 3.0\n1 2 2.0\n"),
        ("ts.coords", "0.25 0.0\n0.75 0.0\n"),
        ("pairlist", "0 1\n1 2\n"),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
    folder.to_str().unwrap().to_owned()
}

#[test]
fn commands_answer_in_json_and_tables() {
    let folder = tempfile::tempdir().unwrap();
    let dir = &network(folder.path());
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();

    let csv = file("contributions.csv");
    let value = json(&["landscape", "frustration", dir, "--length-scale", "inf", "--csv", &csv]);
    assert_eq!(value["frustration"], (3.0 + 2.0 + 1.0 + 1.5) / 4.0);
    assert_eq!(fs::read_to_string(&csv).unwrap().lines().nth(1), Some("0,0,3.0,0.25,3.0"));

    let (drawing, csv) = (file("tree.svg"), file("persistence.csv"));
    let value = json(&["landscape", "tree", dir, "--svg", &drawing, "--csv", &csv, "--colour", "frustration"]);
    assert_eq!((&value["n_components"], &value["n_drawn"]), (&Value::from(2), &Value::from(3)));
    let text = fs::read_to_string(&drawing).unwrap();
    assert!(text.starts_with("<svg") && text.contains("lowest minimum") && text.contains("3 of 4 minima drawn"));
    assert_eq!(fs::read_to_string(&csv).unwrap().lines().count(), 5);

    let value = json(&["landscape", "path", dir, "--from", "0", "--to", "2"]);
    let energies: Vec<f64> =
        value["points"].as_array().unwrap().iter().map(|p| p["energy"].as_f64().unwrap()).collect();
    assert_eq!(energies, [0.0, 3.0, 1.0, 2.0, 0.5]);
    assert_eq!(value["length"], 1.0);

    let points = file("x.npy");
    let value = json(&["fill", "sample", dir, "--preset", "script", "-n", "2", "--out", &points]);
    let n = value["n_points"].as_u64().unwrap() as usize;
    let array = fillscape::landscape::read_npy(Path::new(&points)).unwrap();
    assert_eq!(array.shape, [n, 2]);
    assert!(n > 0 && array.data.iter().all(|v| (-1.0..=1.0).contains(v)));
    let value = json(&["fill", "field", dir, "--at", &points, "--gradient", &file("g.npy")]);
    assert_eq!(value["values"].as_array().unwrap().len(), n);

    let own = file("own");
    assert_eq!(json(&["landscape", "convert", dir, &own, "--format", "fillscape"])["n_pairs"], 2);
    let back = file("back");
    json(&["landscape", "convert", &own, &back, "--format", "topsearch"]);
    assert_eq!(
        fs::read_to_string(Path::new(&back).join("ts.data")).unwrap(),
        "0 1 3.0000000000000000e+00\n1 2 2.0000000000000000e+00\n"
    );
    assert_eq!(json(&["landscape", "layout", &own])["places"].as_array().unwrap().len(), 4);
}

#[test]
fn bad_input_is_one_line_and_exit_code_one() {
    let folder = tempfile::tempdir().unwrap();
    let dir = &network(folder.path());
    assert!(failure(&["landscape", "frustration", "no/such/folder"]).contains("found no network"));
    assert!(failure(&["landscape", "frustration", dir, "--length-scale", "0"]).contains("length scale"));
    assert!(failure(&["landscape", "path", dir, "--from", "0", "--to", "9"]).contains("no minimum 9"));
    assert!(failure(&["landscape", "path", dir, "--from", "0", "--to", "3"]).contains("different components"));
    let svg = folder.path().join("tree.svg");
    let drawn = ["landscape", "tree", dir, "--levels", "0", "--svg", svg.to_str().unwrap()];
    assert!(failure(&drawn).contains("at least one level"));
    assert!(failure(&["landscape", "tree", dir, "--svg", "no/such/folder/tree.svg"]).contains("could not write"));
    let out = folder.path().join("x.npy");
    let out = out.to_str().unwrap();
    assert!(
        failure(&["fill", "sample", dir, "--out", out, "--lower", "0.1", "--upper", "1"]).contains("outside the box")
    );
    assert!(failure(&["fill", "sample", dir, "--out", out, "--lower", "0,0,0", "--upper", "1"]).contains("bounds"));
    fillscape::landscape::write_npy(Path::new(out), &[2, 3], &[0.0; 6]).unwrap();
    assert!(failure(&["fill", "field", dir, "--at", out]).contains("[2, 3]"));
    fillscape::landscape::write_npy(Path::new(out), &[1, 2], &[0.0, f64::NAN]).unwrap();
    assert!(failure(&["fill", "field", dir, "--at", out]).contains("coordinate 1 of point 0"));
    fs::write(folder.path().join("ts.data"), "0 1 nan\n1 2 2.0\n").unwrap();
    assert!(failure(&["landscape", "frustration", dir]).contains("line 1, column 5"));
}

#[test]
fn field_of_a_reference_case_is_that_of_topsearch() {
    let Some(folder) = crate::common::shared("reference/landscape/synth4d120tight") else { return };
    let reference = crate::common::json(folder.join("local_roughness.json"));
    let points: Vec<f64> = reference["points"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|p| p.as_array().unwrap())
        .map(|v| v.as_f64().unwrap())
        .collect();
    let scratch = tempfile::tempdir().unwrap();
    let at = scratch.path().join("q.npy");
    fillscape::landscape::write_npy(&at, &[points.len() / 4, 4], &points).unwrap();
    let value = json(&[
        "fill",
        "field",
        folder.to_str().unwrap(),
        "--preset",
        "script",
        "--at",
        at.to_str().unwrap(),
        "--parallel",
        "first",
    ]);
    for (found, expected) in value["values"].as_array().unwrap().iter().zip(reference["values"].as_array().unwrap()) {
        let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
        assert!((found + expected).abs() <= 1e-10 * expected.abs().max(1.0), "{found} {expected}");
    }
}

/// Runs `surface eval` and `landscape explore` on one set of data; the messages of both.
fn both_fail(points: (&[usize], &[f64]), response: (&[usize], &[f64]), more: &[&str]) -> [String; 2] {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (p, r, q, out) = (file("p.npy"), file("r.npy"), file("q.npy"), file("out"));
    fillscape::landscape::write_npy(Path::new(&p), points.0, points.1).unwrap();
    fillscape::landscape::write_npy(Path::new(&r), response.0, response.1).unwrap();
    let dim = points.0.last().copied().unwrap_or(1).max(1);
    fillscape::landscape::write_npy(Path::new(&q), &[1, dim], &vec![0.5; dim]).unwrap();
    let data = ["--points", &p, "--response", &r];
    let eval = failure(&[&["surface", "eval"], &data[..], &["--at", &q, "--out", &out], more].concat());
    let explore = failure(&[&["landscape", "explore"], &data[..], &["--out", &out], more].concat());
    assert!(!Path::new(&out).exists(), "a failed command left something behind");
    [eval, explore]
}

#[test]
fn data_that_no_surface_fits_are_named() {
    let square = [0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0];
    let response = [0.0, 1.0, 2.0, 4.0];
    for (points, values, more, expected) in [
        ((&[4, 2][..], &square[..]), &[0.0, f64::INFINITY, 2.0, 4.0][..], &[][..], ["response of point 1", "row 1"]),
        ((&[4, 2], &square), &[0.0, 1.0, 2.0], &[], ["3 responses", "3 responses"]),
        ((&[1, 2], &[0.5, 0.5]), &[1.0], &[], ["at least 3", "in every row"]),
        ((&[2, 4], &[0.0, 0.1, 1.0, 0.0, 1.0, 1.0, 0.5, 1.0]), &[0.0, 1.0], &[], ["at least 5", "at least 5"]),
        ((&[0, 2], &[]), &[], &[], ["at least 3", "at least one whole row"]),
        ((&[4, 0], &[]), &response, &[], ["at least one column", "at least one column"]),
        ((&[4, 2], &[0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0]), &response, &["--smoothing", "0"], ["same place"; 2]),
        ((&[4, 2], &square), &response, &["--smoothing=-1"], ["at least 0", "at least 0"]),
        ((&[4, 2], &[0.0, 0.0, 1.0, 1.0, 0.5, 0.5, 0.2, 0.2]), &response, &[], ["hyperplane", "hyperplane"]),
    ] {
        let found = both_fail(points, (&[values.len()], values), more);
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "expected “{expected}” in: {found}");
        }
    }
}

#[test]
fn a_point_that_is_no_number_is_named_where_there_are_no_gaps() {
    // `landscape explore` takes it for a gap.
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (p, r, q, v) = (file("p.npy"), file("r.npy"), file("q.npy"), file("v.npy"));
    let points = [0.0, 0.0, f64::NAN, 0.0, 0.0, 1.0, 1.0, 1.0];
    fillscape::landscape::write_npy(Path::new(&p), &[4, 2], &points).unwrap();
    fillscape::landscape::write_npy(Path::new(&q), &[1, 2], &[0.5, 0.5]).unwrap();
    fillscape::landscape::write_npy(Path::new(&r), &[4], &[0.0, 1.0, 2.0, 4.0]).unwrap();
    let refused = failure(&["surface", "eval", "--points", &p, "--response", &r, "--at", &q, "--out", &v]);
    assert!(refused.contains("NaN"), "{refused}");
}

#[test]
fn constant_response_is_flat_for_eval_and_refused_by_explore() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (p, r, out, v) = (file("p.npy"), file("r.npy"), file("out"), file("v.npy"));
    let square = [0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0];
    fillscape::landscape::write_npy(Path::new(&p), &[4, 2], &square).unwrap();
    fillscape::landscape::write_npy(Path::new(&r), &[4], &[0.25; 4]).unwrap();
    json(&["surface", "eval", "--points", &p, "--response", &r, "--at", &p, "--out", &v]);
    let values = fillscape::landscape::read_npy(Path::new(&v)).unwrap().data;
    assert!(values.iter().all(|v| (v - 0.25).abs() < 1e-12), "{values:?}");
    let refused = failure(&["landscape", "explore", "--points", &p, "--response", &r, "--out", &out]);
    assert!(refused.contains("the response is 0.25 at every point"), "{refused}");
    let refused = failure(&["landscape", "explore", "--normalised", "--points", &p, "--response", &r, "--out", &out]);
    assert!(refused.contains("flat"), "{refused}");
}

#[test]
fn repeated_points_are_smoothed_over_and_the_manifold_is_an_option() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (p, r, out) = (file("p.npy"), file("r.npy"), file("out"));
    let grid: Vec<f64> = (0..25).flat_map(|i| [f64::from(i % 5) / 4.0, f64::from(i / 5) / 4.0]).collect();
    let twice = [grid.clone(), grid[..4].to_vec()].concat();
    let response: Vec<f64> = twice.chunks(2).map(|x| (6.0 * x[0]).sin() + (5.0 * x[1]).cos()).collect();
    fillscape::landscape::write_npy(Path::new(&p), &[27, 2], &twice).unwrap();
    fillscape::landscape::write_npy(Path::new(&r), &[27], &response).unwrap();
    for kind in ["spline", "manifold"] {
        let found = json(&["landscape", "explore", "--points", &p, "--response", &r, "--surface", kind, "--out", &out]);
        assert!(found["n_minima"].as_u64().unwrap() > 0, "{kind}: {found}");
    }
}

#[test]
fn paused_exploration_carries_on_to_the_same_network() {
    let folder = tempfile::tempdir().unwrap();
    let dir = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (whole, paused) = (dir("whole"), dir("paused"));
    json(&["landscape", "toy", "mueller-brown", "--out", &whole]);
    let first = json(&["landscape", "toy", "muller-brown", "--out", &paused, "--pause-after", "0"]);
    assert_eq!(first["stop_reason"], "cancelled");
    assert!(Path::new(&paused).join("exploration.json").exists());
    let last = json(&["landscape", "toy", "muller-brown", "--out", &paused]);
    assert_eq!(last["stop_reason"], "converged");
    assert!(!Path::new(&paused).join("exploration.json").exists());
    for name in ["min.data", "min.coords", "ts.data", "ts.coords", "pairlist"] {
        let read = |dir: &str| fs::read(Path::new(dir).join(name)).unwrap();
        assert_eq!(read(&whole), read(&paused), "{name}");
    }
}
