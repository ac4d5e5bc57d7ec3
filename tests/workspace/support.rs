//! Small studies for the tests.

use fillscape::workspace::{ArtefactKind, ArtefactRequest, Document, Recipe};
use std::collections::BTreeMap;

/// A recipe with nothing but the necessary.
pub fn recipe() -> Recipe {
    toml::from_str("name = 'Test'\nseed = 3\n[corpus]\nn = 40\n").unwrap()
}

pub fn document() -> Document {
    Document::new("Test", recipe())
}

/// A request for points whose name depends on `n`.
pub fn request(n: i64) -> ArtefactRequest {
    ArtefactRequest {
        kind: ArtefactKind::Points,
        step: "points".to_owned(),
        revision: 1,
        parents: Vec::new(),
        inputs: BTreeMap::from([("model".to_owned(), "abc".to_owned())]),
        parameters: toml::Table::from_iter([("n".to_owned(), toml::Value::Integer(n))]),
        seed: 3,
        device: "cpu".to_owned(),
    }
}
