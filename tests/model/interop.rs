//! A checkpoint that we save opens in transformers with the same weights and logits (`tests/interop`). Runs where
//! `FILLSCAPE_PYTHON` names a Python with torch and transformers.

use std::path::Path;
use std::process::Command;

use crate::support::fixture;
use candle_core::DType;

fn compare(original: &Path, saved: &Path, tolerance: &str) -> Option<String> {
    let Some(python) = std::env::var_os("FILLSCAPE_PYTHON") else {
        eprintln!("skipped: FILLSCAPE_PYTHON is not set");
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/open_in_transformers.py");
    let output = Command::new(python).arg(script).args([original, saved]).arg(tolerance).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    Some(text)
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
