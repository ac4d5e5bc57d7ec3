//! What several tests need.
#![allow(dead_code)]

use std::path::{Path, PathBuf};

/// The folder with oracles and data, or `None` (and a line that says so) where it is not at hand.
pub fn shared(below: &str) -> Option<PathBuf> {
    let root = std::env::var_os("FILLSCAPE_SHARED");
    if root.is_none() {
        eprintln!("skipped: FILLSCAPE_SHARED is not set");
    }
    root.map(|root| PathBuf::from(root).join(below))
}

/// A JSON file of the oracles.
pub fn json(path: impl AsRef<Path>) -> serde_json::Value {
    let path = path.as_ref();
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
