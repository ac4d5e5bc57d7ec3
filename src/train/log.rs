//! The log of a run: one JSON object a line.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::PretrainError;
use super::metrics::{RandomDecoding, Reconstruction};
use super::recipe::Objective;

/// One line: means over the steps since the last line, or a validation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// Steps done in all.
    pub step: u64,
    /// Stage, from 1.
    pub stage: usize,
    /// What it trains.
    pub objective: Option<Objective>,
    /// Seconds of training so far.
    pub seconds: f64,
    /// A validation.
    #[serde(skip_serializing_if = "is_false")]
    pub validation: bool,
    /// What was minimised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// Cross-entropy of the decoder, nats a token, times its weight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decoder_loss: Option<f64>,
    /// Cross-entropy of the head's reading of states, times its weight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readout_loss: Option<f64>,
    /// Mean squared error of restored states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub states_error: Option<f64>,
    /// Part of the decoder's targets predicted with the right tokens before (some hidden).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_accuracy: Option<f64>,
    /// Norm of the gradient before clipping.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gradient_norm: Option<f64>,
    /// Learning rate of the last step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// Molecules in these steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub molecules: Option<usize>,
    /// Validation: cross-entropy of masked tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub masked_loss: Option<f64>,
    /// Validation: part of the masked tokens predicted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub masked_accuracy: Option<f64>,
    /// Validation: greedy reconstruction through the latent vector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconstruction: Option<Reconstruction>,
    /// Validation: random latent points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub random: Option<RandomDecoding>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde asks for it
fn is_false(value: &bool) -> bool {
    !value
}

/// A log file that is appended to.
#[derive(Debug)]
pub struct Log {
    file: File,
    path: PathBuf,
}

impl Log {
    /// Opens a log to go on after `step`: lines of later steps, written after the state was saved, are dropped, for they
    /// will be written again.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn open(path: &Path, step: u64) -> Result<Self, PretrainError> {
        let fail = |source| PretrainError::Write { path: path.to_owned(), source };
        if path.exists() {
            let text = std::fs::read_to_string(path).map_err(fail)?;
            let is_past = |line: &&str| serde_json::from_str::<Record>(line).is_ok_and(|record| record.step <= step);
            let kept: String = text.lines().filter(is_past).flat_map(|line| [line, "\n"]).collect();
            let fresh = path.with_extension("new");
            std::fs::write(&fresh, kept).and_then(|()| std::fs::rename(&fresh, path)).map_err(fail)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(fail)?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Adds a line.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&mut self, record: &Record) -> Result<(), PretrainError> {
        let fail = |source| PretrainError::Write { path: self.path.clone(), source };
        let mut line = serde_json::to_vec(record).map_err(|error| fail(error.into()))?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(fail)
    }
}
