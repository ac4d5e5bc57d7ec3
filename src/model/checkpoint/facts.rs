//! What we know of a checkpoint beyond its architecture.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::tokens::Spacing;

/// Facts that other programs need not know, in `fillscape.json`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Version of this file's format.
    pub format_version: u32,
    /// Version of the program that wrote the checkpoint.
    pub program_version: String,
    /// What to call the model.
    pub name: Option<String>,
    /// The seed it was trained from.
    pub seed: Option<u64>,
    /// Optimiser steps it was trained for.
    pub step: Option<u64>,
    /// Where texts were cut into symbols in training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spacing: Option<Spacing>,
    /// Where the latent vectors of its training molecules lie.
    pub latent_quantiles: Option<LatentQuantiles>,
    /// Everything else, kept as found.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Current [`Facts::format_version`].
pub const FORMAT_VERSION: u32 = 1;

/// Quantiles of each latent coordinate over a corpus.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct LatentQuantiles {
    /// Levels in [0, 1], ascending.
    pub levels: Vec<f32>,
    /// One row for each level, one value for each coordinate.
    pub values: Vec<Vec<f32>>,
}
