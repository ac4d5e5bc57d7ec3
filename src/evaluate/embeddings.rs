//! Pooled embeddings of a task's molecules, kept on disk by model and molecules.

use std::fs;
use std::path::Path;

use candle_core::{Device, Tensor};
use sha2::{Digest, Sha256};

use super::comparison::EvaluateError;
use super::task::Task;
use crate::jobs::Observe;
use crate::model::stored::{open_safetensors, write_safetensors};
use crate::model::{Checkpoint, DeviceChoice, FoundationModel, ModelError, SelfiesTed, StoredTensor, Unknown, digest};

/// Features of molecules, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// `(n, dim)`.
    pub values: Vec<f32>,
    /// Coordinates.
    pub dim: usize,
}

impl Features {
    /// The features of a molecule.
    pub fn row(&self, k: usize) -> &[f32] {
        &self.values[k * self.dim..(k + 1) * self.dim]
    }

    /// Molecules.
    pub fn len(&self) -> usize {
        self.values.len() / self.dim.max(1)
    }

    /// No molecules.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// A checkpoint that is loaded only where an embedding is not in the cache.
pub struct Embedder {
    checkpoint: Checkpoint,
    model: Option<SelfiesTed>,
    digest: String,
}

impl Embedder {
    /// Opens a checkpoint and works out its digest.
    ///
    /// # Errors
    /// The checkpoint cannot be read.
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        let checkpoint = Checkpoint::open(path)?;
        let digest = digest(&checkpoint)?;
        Ok(Self { checkpoint, model: None, digest })
    }

    /// SHA-256 of settings, vocabulary and weights.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// What the model is called.
    pub fn name(&self) -> String {
        let folder = self.checkpoint.path.as_ref().and_then(|path| path.file_name());
        let name = self.checkpoint.facts.name.clone();
        name.or_else(|| folder.map(|name| name.to_string_lossy().into_owned())).unwrap_or_else(|| "unnamed".to_owned())
    }

    /// Embeddings of a task's molecules; none when `observe` breaks. Symbols outside the vocabulary become `[UNK]`.
    ///
    /// * `cache` – a folder for embeddings; a file there that is damaged is made again
    ///
    /// # Errors
    /// The model cannot be loaded; the cache cannot be written.
    pub fn features(
        &mut self,
        arm: &str,
        task: &Task,
        cache: &Path,
        observe: Observe,
    ) -> Result<Option<Features>, EvaluateError> {
        let texts = task.selfies();
        let path = cache.join(format!("pooled-{}-{}.safetensors", &self.digest[..16], &molecules(&texts)[..16]));
        if let Some(found) = read(&path, texts.len(), self.checkpoint.config.d_model) {
            return Ok(Some(found));
        }
        let fail = |source: ModelError| EvaluateError::Model { arm: arm.to_owned(), source: Box::new(source) };
        if self.model.is_none() {
            self.model = Some(SelfiesTed::load(&self.checkpoint, DeviceChoice::Cpu).map_err(fail)?);
        }
        let model = self.model.as_ref().expect("just loaded");
        let rows = model.encode_pooled(&texts, Unknown::Replace, observe).map_err(fail)?;
        if rows.len() < texts.len() {
            return Ok(None);
        }
        let dim = model.pooled_dim();
        let features = Features { values: rows.into_iter().flat_map(|row| row.0).collect(), dim };
        write(&path, cache, &features)?;
        Ok(Some(features))
    }
}

/// SHA-256 of the texts.
fn molecules(texts: &[String]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(path: &Path, n: usize, dim: usize) -> Option<Features> {
    let tensors = open_safetensors(path).ok()?;
    let tensor = tensors.get("pooled").filter(|tensor| tensor.shape() == [n, dim])?;
    let values = tensor.values().ok()?;
    let sound = tensors.get("sha256")?.bytes().ok()? == checksum(&values, dim);
    sound.then_some(Features { values, dim })
}

/// SHA-256 of the features: a flipped bit gives another molecule's scores, which nobody would notice.
fn checksum(values: &[f32], dim: usize) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update((dim as u64).to_le_bytes());
    for value in values {
        hash.update(value.to_le_bytes());
    }
    hash.finalize().to_vec()
}

fn write(path: &Path, cache: &Path, features: &Features) -> Result<(), EvaluateError> {
    let fail = |source| EvaluateError::Cache { path: path.to_owned(), source };
    fs::create_dir_all(cache).map_err(fail)?;
    let other = |error: &dyn std::fmt::Display| fail(std::io::Error::other(error.to_string()));
    let tensor = Tensor::from_slice(&features.values, (features.len(), features.dim), &Device::Cpu)
        .map_err(crate::model::CheckpointError::from)
        .and_then(|tensor| StoredTensor::from_tensor(&tensor))
        .map_err(|error| other(&error))?;
    let sum = checksum(&features.values, features.dim);
    let sum = Tensor::from_slice(&sum, sum.len(), &Device::Cpu)
        .map_err(crate::model::CheckpointError::from)
        .and_then(|tensor| StoredTensor::from_tensor(&tensor))
        .map_err(|error| other(&error))?;
    let fresh = path.with_extension(format!("{}.part", std::process::id()));
    write_safetensors(&fresh, &[("pooled", &tensor), ("sha256", &sum)]).map_err(|error| match error {
        crate::model::CheckpointError::Write { source, .. } => fail(source),
        error => other(&error),
    })?;
    fs::rename(&fresh, path).map_err(fail)
}
