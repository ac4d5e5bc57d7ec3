//! A checkpoint that we save opens in transformers with the same weights and logits (`tests/interop`). Runs where
//! `FILLSCAPE_PYTHON` names a Python with torch and transformers.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use crate::support::fixture;
use candle_core::DType;
use fillscape::model::{DecodingRules, DeviceChoice, LatentVector, SelfiesTed};

/// What a script of `tests/interop` prints; it must succeed.
fn script(name: &str, arguments: &[&OsStr]) -> Option<String> {
    let Some(python) = std::env::var_os("FILLSCAPE_PYTHON") else {
        eprintln!("skipped: FILLSCAPE_PYTHON is not set");
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop").join(name);
    let output = Command::new(python).arg(script).args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    Some(text)
}

fn compare(original: &Path, saved: &Path, tolerance: &str) -> Option<String> {
    script("open_in_transformers.py", &[original.as_ref(), saved.as_ref(), tolerance.as_ref()])
}

#[test]
fn the_bundled_model_converted_by_the_program_opens_in_transformers() {
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/model");
    let folder = tempfile::tempdir().unwrap();
    for precision in ["keep", "f32"] {
        let out = folder.path().join(precision);
        let mut command = Command::new(env!("CARGO_BIN_EXE_fillscape"));
        command.args(["model", "convert", "bundled", "--precision", precision, "--out"]).arg(&out);
        assert!(command.status().unwrap().success());
        if let Some(said) = compare(&bundled, &out, "0") {
            assert!(said.starts_with("same:"), "{said}");
        }
    }
}

#[test]
fn rules_of_decoding_are_those_of_transformers() {
    let Some(reference) = fixture() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules");
    let mut checkpoint = reference.checkpoint.clone();
    checkpoint.sidecars.clear();
    for (forced_bos, rules) in [
        (Some(2), DecodingRules { begin_suppress_tokens: vec![0, 1, 2, 3, 4], ..Default::default() }),
        (None, DecodingRules { suppress_tokens: vec![7], min_new_tokens: 20, ..Default::default() }),
        (None, DecodingRules { no_repeat_ngram_size: 3, begin_suppress_tokens: vec![9], ..Default::default() }),
        (None, DecodingRules { no_repeat_ngram_size: 2, ..Default::default() }),
    ] {
        checkpoint.config.forced_bos_token_id = forced_bos;
        checkpoint.config.decoding = rules;
        checkpoint.save(&path, None).unwrap();
        let latents = folder.path().join("latents.json");
        let samples = reference.tensor("latent_samples").to_vec2::<f32>().unwrap();
        std::fs::write(&latents, serde_json::to_vec(&samples).unwrap()).unwrap();
        let Some(said) = script("greedy_ids.py", &[path.as_ref(), latents.as_ref()]) else { return };
        let expected: Vec<Vec<u32>> = serde_json::from_str(said.trim().lines().last().unwrap()).unwrap();
        let model = SelfiesTed::open(&path, DeviceChoice::Cpu).unwrap();
        let latents: Vec<LatentVector> = samples.into_iter().map(LatentVector).collect();
        let found: Vec<Vec<u32>> = model.decode_tokens(&latents).unwrap().into_iter().map(|t| t.ids).collect();
        assert_eq!(found, expected, "{}", model.greedy_params());
    }
}

#[test]
fn a_saved_checkpoint_opens_in_transformers() {
    let Some(reference) = fixture() else { return };
    let folder = tempfile::tempdir().unwrap();
    let original = reference.checkpoint.path.clone().unwrap();
    for (name, dtype, tolerance) in [("keep", None, "0"), ("half", Some(DType::F16), "5e-4")] {
        let saved = folder.path().join(name);
        reference.checkpoint.save(&saved, dtype).unwrap();
        if let Some(said) = compare(&original, &saved, tolerance) {
            assert!(said.starts_with("same:"), "{said}");
        }
    }
}
