//! Frustration and files against TopSearch 0.0.3 (`reference/landscape`, made by `generate/landscape_topsearch.py`
//! and `generate/local_roughness_128.py`).

use fillscape::landscape::files::{read_native, read_topsearch, write_native, write_topsearch};
use fillscape::landscape::{
    KineticTransitionNetwork, MinimumId, ParallelConvention, Support, contributions, frustration_by, read_npy,
};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const TOLERANCE: f64 = 1e-10;

/// The folders of reference cases in TopSearch's text format.
fn cases() -> Vec<PathBuf> {
    let Some(reference) = crate::common::shared("reference/landscape") else { return Vec::new() };
    let folders = fs::read_dir(reference).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = folders.filter(|path| path.join("min.data").exists()).collect();
    folders.sort();
    assert!(folders.len() >= 8, "expected the reference cases, found {folders:?}");
    folders
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn assert_close(found: f64, expected: f64, what: &str) {
    let scale = expected.abs().max(1.0);
    assert!((found - expected).abs() <= TOLERANCE * scale, "{what}: found {found:e}, expected {expected:e}");
}

#[test]
fn topsearch_files_are_written_back_byte_for_byte() {
    let out = tempfile::tempdir().unwrap();
    for folder in cases() {
        for suffix in ["", ".minima_only", ".roughness"] {
            let files = read_topsearch(&folder, suffix).unwrap();
            write_topsearch(out.path(), suffix, &files).unwrap();
            for name in ["min.data", "min.coords", "ts.data", "ts.coords", "pairlist"] {
                let name = format!("{name}{suffix}");
                let written = fs::read_to_string(out.path().join(&name)).unwrap();
                // An empty list is an empty file; those were removed from the reference.
                let given = fs::read_to_string(folder.join(&name)).unwrap_or_default();
                assert!(written == given, "{name} of {folder:?} differs");
            }
            assert_eq!(read_topsearch(out.path(), suffix).unwrap(), files);
            write_native(out.path(), &files).unwrap();
            assert_eq!(read_native(out.path()).unwrap(), files);
        }
    }
}

#[test]
fn topsearch_files_hold_the_numbers_of_the_json_beside_them() {
    for folder in cases() {
        let ktn = read_topsearch(&folder, "").unwrap().network;
        let reference = crate::common::json(folder.join("ktn.json"));
        let minima = reference["minima"].as_array().unwrap();
        assert_eq!(ktn.minima().len(), minima.len());
        for (m, expected) in ktn.minima().iter().zip(minima) {
            assert_eq!((m.energy, &m.x), (expected["energy"].as_f64().unwrap(), &numbers(&expected["coords"])));
        }
        let edges = reference["edges"].as_array().unwrap();
        assert_eq!(ktn.transition_states().len(), edges.len());
        for (t, expected) in ktn.transition_states().iter().zip(edges) {
            let ends = (expected["a"].as_u64().unwrap() as u32, expected["b"].as_u64().unwrap() as u32);
            assert_eq!((t.minima.0.0, t.minima.1.0), ends);
            assert_eq!((t.energy, &t.x), (expected["energy"].as_f64().unwrap(), &numbers(&expected["coords"])));
        }
    }
}

#[test]
fn frustration_is_that_of_topsearch() {
    for folder in cases() {
        let ktn = read_topsearch(&folder, "").unwrap().network;
        let case = crate::common::json(folder.join("case.json"));
        for (length_scale, expected) in case["roughness"].as_object().unwrap() {
            let l: f64 = length_scale.parse().unwrap();
            let found = frustration_by(&ktn, l, ParallelConvention::FirstRepeated);
            assert_close(found, expected.as_f64().unwrap(), &format!("metric of {folder:?} at {l}"));
        }
        for (length_scale, expected) in crate::common::json(folder.join("contributors.json")).as_object().unwrap() {
            let l: f64 = length_scale.parse().unwrap();
            let found = contributions(&ktn, l, ParallelConvention::FirstRepeated);
            let point = |c: &fillscape::landscape::FrustrationContribution| {
                let m = ktn.minimum(c.minimum).unwrap();
                let t = ktn.transition_state(c.transition_state).unwrap();
                (m.x.clone(), t.x.clone(), c.frustration)
            };
            let expected = expected
                .as_array()
                .unwrap()
                .iter()
                .map(|c| (numbers(&c["minimum"]), numbers(&c["ts"]), c["frustration"].as_f64().unwrap()));
            compare_contributions(found.iter().map(point).collect(), expected.collect(), &format!("{folder:?} at {l}"));
        }
    }
}

#[test]
fn frustration_of_the_published_network_is_that_of_topsearch() {
    let Some(folder) = crate::common::shared("reference/landscape/ted128_published") else { return };
    let (ktn, reference) = published_network(&folder);
    for (length_scale, expected) in reference["contributors"].as_object().unwrap() {
        let l: f64 = length_scale.parse().unwrap();
        let found = frustration_by(&ktn, l, ParallelConvention::FirstRepeated);
        assert_close(found, expected["metric"].as_f64().unwrap(), "metric");
        let found = contributions(&ktn, l, ParallelConvention::FirstRepeated);
        let found =
            found.iter().map(|c| (vec![f64::from(c.minimum.0)], vec![f64::from(c.transition_state.0)], c.frustration));
        let rows = numbers(&expected["minimum"])
            .into_iter()
            .zip(numbers(&expected["ts"]))
            .zip(numbers(&expected["frustration"]));
        let expected = rows.map(|((m, t), f)| (vec![m], vec![t], f));
        compare_contributions(found.collect(), expected.collect(), &format!("published at {l}"));
    }
}

/// IBM's published 128-d network. Ids are the rows of `minima.npy` and `ts.npy`.
fn published_network(folder: &Path) -> (KineticTransitionNetwork, Value) {
    let reference = crate::common::json(folder.join("network.json"));
    let (minima, states) = (read_npy(&folder.join("minima.npy")).unwrap(), read_npy(&folder.join("ts.npy")).unwrap());
    let n_dims = minima.shape[1];
    let mut ktn = KineticTransitionNetwork::in_unit_box(n_dims);
    for (x, energy) in minima.data.chunks(n_dims).zip(numbers(&reference["min_energy"])) {
        ktn.push_minimum(x.to_vec(), energy, Support::default()).unwrap();
    }
    let edges = reference["edges"].as_array().unwrap();
    for ((x, energy), ends) in states.data.chunks(n_dims).zip(numbers(&reference["ts_energy"])).zip(edges) {
        let end = |k: usize| MinimumId(ends[k].as_u64().unwrap() as u32);
        ktn.push_transition_state(x.to_vec(), energy, (end(0), end(1)), Support::default()).unwrap();
    }
    assert_eq!((ktn.minima().len(), ktn.transition_states().len()), (1178, 591));
    (ktn, reference)
}

type Contribution = (Vec<f64>, Vec<f64>, f64);

/// Both lists must be in falling order and hold the same contributions; equal ones may come in another order.
fn compare_contributions(mut found: Vec<Contribution>, mut expected: Vec<Contribution>, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    assert!(found.windows(2).all(|w| w[0].2 >= w[1].2), "{what}: most frustrated first");
    for (a, b) in found.iter().zip(&expected) {
        assert_close(a.2, b.2, what);
    }
    let key = |c: &Contribution| [c.0.clone(), c.1.clone()].concat();
    let order = |a: &Contribution, b: &Contribution| key(a).partial_cmp(&key(b)).unwrap();
    found.sort_by(order);
    expected.sort_by(order);
    for (a, b) in found.iter().zip(&expected) {
        assert_eq!((&a.0, &a.1), (&b.0, &b.1), "{what}: the same minima and transition states");
        assert_close(a.2, b.2, what);
    }
}
