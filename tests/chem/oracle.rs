//! Molecules against RDKit 2026.09.1: tables made by `reference/generate/chem_shared.py`.

use std::collections::BTreeMap;

use crate::common::{json, shared};
use fillscape::chem::{
    Descriptors, FingerprintSet, Molecule, MorganParams, canonical_smiles, fingerprint::morgan_counts, morgan, tanimoto,
};
use rayon::prelude::*;
use serde_json::Value;

fn molecules() -> Option<Vec<Value>> {
    let path = shared("reference/chem/molecules.json")?;
    Some(json(path).as_array().unwrap().clone())
}

/// Fails when more than `share` of the `n` cases are in `failures`.
fn assert_at_most(failures: &[String], share: f64, n: usize, what: &str) {
    eprintln!("{what}: {} of {n} differ", failures.len());
    let shown: Vec<_> = failures.iter().take(5).collect();
    assert!(failures.len() as f64 <= share * n as f64, "{what}: {} of {n} differ: {shown:#?}", failures.len());
}

#[test]
fn canonical_smiles_are_rdkits() {
    let Some(molecules) = molecules() else { return };
    let failures: Vec<String> = molecules
        .par_iter()
        .filter_map(|m| {
            let (smiles, expected) = (m["smiles"].as_str().unwrap(), m["canonical"].as_str().unwrap());
            let molecule = Molecule::from_smiles(smiles).map_err(|e| e.to_string());
            let found = molecule.and_then(|m| m.canonical_smiles().map_err(|e| e.to_string()));
            assert_eq!(canonical_smiles(smiles).map_err(|e| e.to_string()), found, "{smiles}: both ways agree");
            (found.as_deref() != Ok(expected)).then(|| format!("{smiles}: {found:?}, RDKit {expected}"))
        })
        .collect();
    assert_at_most(&failures, 0.001, molecules.len(), "canonical SMILES");

    let failures: Vec<String> = molecules
        .par_iter()
        .filter_map(|m| {
            let expected = m["canonical_nonisomeric"].as_str().unwrap();
            let molecule = Molecule::from_smiles(m["smiles"].as_str().unwrap()).ok()?;
            let found = molecule.canonical_smiles_without_stereo().map_err(|e| e.to_string());
            (found.as_deref() != Ok(expected)).then(|| format!("{found:?}, RDKit {expected}"))
        })
        .collect();
    assert_at_most(&failures, 0.001, molecules.len(), "canonical SMILES without stereo");
}

#[test]
fn canonical_smiles_do_not_depend_on_the_order_of_atoms() {
    let Some(molecules) = molecules() else { return };
    let failures: Vec<String> = molecules
        .par_iter()
        .filter_map(|m| {
            let molecule = Molecule::from_smiles(m["smiles"].as_str().unwrap()).ok()?;
            let canonical = molecule.canonical_smiles().ok()?;
            let written = molecule.random_smiles(20, 7).unwrap();
            let other = written.iter().find(|s| canonical_smiles(s).as_ref() != Ok(&canonical))?;
            Some(format!("{canonical} but {other} gives {:?}", canonical_smiles(other)))
        })
        .collect();
    // RDKit's own form depends on the order for a few symmetric stereo centres; the share is that of its own tests.
    assert_at_most(&failures, 0.001, molecules.len(), "invariance under 20 renumberings");
}

#[test]
fn different_spellings_have_one_canonical_form() {
    let Some(path) = shared("reference/chem/equivalents.json") else { return };
    let all = json(path);
    let all = all.as_array().unwrap();
    let failures: Vec<String> = all
        .iter()
        .flat_map(|m| {
            let expected = m["canonical"].as_str().unwrap().to_owned();
            m["variants"].as_array().unwrap().iter().filter_map(move |variant| {
                let found = canonical_smiles(variant.as_str().unwrap());
                (found.as_ref() != Ok(&expected)).then(|| format!("{variant}: {found:?}, RDKit {expected}"))
            })
        })
        .collect();
    assert_at_most(&failures, 0.001, all.len(), "spellings");
}

#[test]
fn malformed_smiles_are_refused_with_a_place_and_a_reason() {
    let Some(path) = shared("reference/chem/rejected_smiles.json") else { return };
    for case in json(path).as_array().unwrap() {
        let smiles = case["smiles"].as_str().unwrap();
        let error = match Molecule::from_smiles(smiles) {
            Ok(molecule) => panic!("{smiles:?} was read as {molecule:?}"),
            Err(error) => error,
        };
        assert_eq!(canonical_smiles(smiles), Err(error.clone()), "{smiles}: both ways refuse alike");
        let names_atoms = error.to_string().contains("atom");
        let has_place = error.character.is_some() || names_atoms || smiles.trim().is_empty();
        assert!(has_place, "{smiles:?}: “{error}” names no place");
        if let Some(character) = error.character {
            assert!((1..=smiles.chars().count() + 1).contains(&character), "{smiles:?}: {error}");
            assert!(error.caret().contains('^'));
        }
    }
}

#[test]
fn morgan_fingerprints_are_rdkits_bit_for_bit() {
    let (Some(molecules), Some(path)) = (molecules(), shared("reference/chem/morgan.json")) else { return };
    let expected = json(path);
    let list = |value: &Value| -> Vec<usize> {
        value.as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as usize).collect()
    };
    let pairs = |value: &Value| -> Vec<(u32, u32)> {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(|p| (p[0].as_u64().unwrap() as u32, p[1].as_u64().unwrap() as u32))
            .collect()
    };
    let mut failures = Vec::new();
    for (m, e) in molecules.iter().zip(expected.as_array().unwrap()) {
        let smiles = m["smiles"].as_str().unwrap();
        let Ok(molecule) = Molecule::from_smiles(smiles) else {
            failures.push(smiles.to_owned());
            continue;
        };
        for (radius, key) in [(2, "r2_2048"), (3, "r3_2048")] {
            let found =
                morgan(&molecule, MorganParams { radius, n_bits: 2048 }).map(|f| f.on_bits().collect::<Vec<_>>());
            if found != Ok(list(&e[key])) {
                failures.push(format!("{smiles} radius {radius}"));
            }
        }
        let mut sum: BTreeMap<u32, u32> = pairs(&e["r2_unfolded"]).into_iter().collect();
        if morgan_counts(&molecule, 2) != Ok(sum.clone().into_iter().collect()) {
            failures.push(format!("{smiles} unfolded"));
        }
        for (identifier, count) in pairs(&e["r3_extra_unfolded"]) {
            *sum.entry(identifier).or_insert(0) += count;
        }
        if morgan_counts(&molecule, 3) != Ok(sum.into_iter().collect()) {
            failures.push(format!("{smiles} unfolded, radius 3"));
        }
    }
    assert_at_most(&failures, 0.001, molecules.len(), "Morgan fingerprints");
}

#[test]
fn tanimoto_similarities_are_rdkits() {
    let (Some(molecules), Some(path)) = (molecules(), shared("reference/chem/tanimoto.csv")) else { return };
    let fingerprints = |radius| -> Vec<_> {
        molecules
            .par_iter()
            .map(|m| {
                let molecule = Molecule::from_smiles(m["smiles"].as_str().unwrap()).unwrap();
                morgan(&molecule, MorganParams { radius, n_bits: 2048 }).unwrap()
            })
            .collect()
    };
    let (r2, r3) = (fingerprints(2), fingerprints(3));
    let set = FingerprintSet::new(2048, &r3);
    let text = std::fs::read_to_string(path).unwrap();
    for line in text.lines().skip(1) {
        let field: Vec<f64> = line.split(',').map(|f| f.parse().unwrap()).collect();
        let (i, j) = (field[0] as usize, field[1] as usize);
        assert!((tanimoto(&r2[i], &r2[j]) - field[2]).abs() <= 1e-12, "{line}");
        assert!((tanimoto(&r3[i], &r3[j]) - field[3]).abs() <= 1e-12, "{line}");
        assert!((set.similarities(&r3[i])[j] - field[3]).abs() <= 1e-12, "{line}");
    }
}

#[test]
fn descriptors_are_rdkits() {
    let (Some(molecules), Some(path)) = (molecules(), shared("reference/chem/descriptors.csv")) else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let column = |name: &str| header.iter().position(|h| *h == name).unwrap();
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    let found: Vec<Descriptors> = molecules
        .par_iter()
        .map(|m| Descriptors::of(&Molecule::from_smiles(m["smiles"].as_str().unwrap()).unwrap()))
        .collect();
    for (k, name) in Descriptors::NAMES.iter().enumerate() {
        // Counts and TPSA exactly (TPSA is a sum of two decimals), logP and QED within 0.01, weight within 0.01 g/mol.
        let (tolerance, share) = match *name {
            "MolLogP" | "QED" | "MolWt" => (0.01, 0.01),
            "TPSA" | "FractionCSP3" => (1e-6, 0.005),
            _ => (0.0, 0.005),
        };
        let failures: Vec<String> = rows
            .iter()
            .zip(&found)
            .zip(&molecules)
            .filter_map(|((row, found), m)| {
                let expected: f64 = row[column(name)].parse().unwrap();
                let value = found.values()[k];
                let agrees = (value - expected).abs() <= tolerance;
                (!agrees).then(|| format!("{}: {value}, RDKit {expected}", m["smiles"]))
            })
            .collect();
        assert_at_most(&failures, share, rows.len(), name);
    }
}
