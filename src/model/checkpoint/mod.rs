//! Checkpoints on disk: a Hugging Face directory with projectors beside it, read lazily, compared with the
//! architecture in both directions, and written so that transformers opens it.

mod error;
mod facts;
mod files;
mod save;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use candle_core::{DType, Device};
use candle_nn::VarBuilder;

pub use error::{CheckpointError, TensorDifference};
pub use facts::{FORMAT_VERSION, Facts, LatentQuantiles};
use files::{check_no_adapter, open_projectors, open_transformer, read_text};

use super::config::{BartConfig, ProjectorConfig};
use super::stored::{StoredTensor, StoredTensors};
use super::tokens::{Spacing, Tokeniser};

/// A checkpoint: settings, vocabulary, and tensors that are read when asked for.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// The transformer.
    pub config: BartConfig,
    /// The perceptrons, where the checkpoint has them.
    pub projectors: Option<ProjectorConfig>,
    /// The vocabulary.
    pub tokeniser: Tokeniser,
    /// What we know beyond the architecture.
    pub facts: Facts,
    /// Tensors by name: those of transformers, and `projector.…`, `invprojector.…`.
    pub tensors: StoredTensors,
    /// The folder it was opened from.
    pub path: Option<PathBuf>,
    /// Small files that are written back as they were (`tokenizer_config.json`, …).
    pub sidecars: BTreeMap<String, Vec<u8>>,
}

const SIDECARS: [&str; 4] = ["generation_config.json", "tokenizer_config.json", "special_tokens_map.json", "README.md"];
const TIED_COPIES: [&str; 3] =
    ["model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight", "lm_head.weight"];

impl Checkpoint {
    /// Opens a folder, reading settings and vocabulary, and the names and shapes of tensors but not their values.
    ///
    /// # Errors
    /// A file is missing or broken; the tensors are not those the settings describe (all differences at once).
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        if !path.is_dir() {
            return Err(CheckpointError::NoFolder { path: path.to_owned() });
        }
        check_no_adapter(path)?;
        let config_path = path.join("config.json");
        let config_text = read_text(&config_path)?
            .ok_or_else(|| CheckpointError::NoFile { wanted: "config.json", path: path.to_owned() })?;
        let mut sidecars = BTreeMap::new();
        for name in SIDECARS {
            if let Some(text) = read_text(&path.join(name))? {
                sidecars.insert(name.to_owned(), text.into_bytes());
            }
        }
        let generation =
            sidecars.get("generation_config.json").map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let config = BartConfig::from_json(&config_text, generation.as_deref(), &config_path)?;

        let tokenizer_path = path.join("tokenizer.json");
        let tokenizer = read_text(&tokenizer_path)?
            .ok_or_else(|| CheckpointError::NoFile { wanted: "tokenizer.json", path: path.to_owned() })?;
        let tokeniser = Tokeniser::from_json(tokenizer.as_bytes(), &tokenizer_path)?;
        if tokeniser.len() > config.vocab_size {
            return Err(CheckpointError::VocabularySize {
                found: tokeniser.len(),
                expected: config.vocab_size,
                path: path.to_owned(),
            });
        }
        let facts: Facts = match read_text(&path.join("fillscape.json"))? {
            Some(text) => serde_json::from_str(&text)
                .map_err(|source| CheckpointError::Json { path: path.join("fillscape.json"), source })?,
            None => Facts::default(),
        };
        // What our own pretraining made before it wrote the fact down has its seed; others were given to transformers.
        let own = if facts.seed.is_some() { Spacing::Symbols } else { Spacing::Brackets };
        let tokeniser = tokeniser.with_spacing(facts.spacing.unwrap_or(own));
        let mut tensors = open_transformer(path, &config)?;
        let projectors = open_projectors(path, &config, &mut tensors)?;
        let mut checkpoint =
            Self { config, projectors, tokeniser, facts, tensors, path: Some(path.to_owned()), sidecars };
        checkpoint.resolve_tied()?;
        checkpoint.compare()?;
        Ok(checkpoint)
    }

    /// Names and shapes of every tensor that the settings describe.
    pub fn tensor_shapes(&self) -> Vec<(String, Vec<usize>)> {
        let mut shapes = self.config.tensor_shapes();
        if let Some(projectors) = &self.projectors {
            shapes.extend(projectors.tensor_shapes());
        }
        shapes
    }

    /// Keeps one of the copies that tying allows, under the name `model.shared.weight`.
    fn resolve_tied(&mut self) -> Result<(), CheckpointError> {
        let copies = if self.config.tie_word_embeddings { &TIED_COPIES[..] } else { &TIED_COPIES[..2] };
        for &name in copies {
            let Some(copy) = self.tensors.remove(name) else { continue };
            match self.tensors.get("model.shared.weight") {
                Some(shared) if shared.shape() != copy.shape() || shared.bytes()? != copy.bytes()? => {
                    return Err(CheckpointError::Untied { name: name.to_owned() });
                }
                Some(_) => {}
                None => drop(self.tensors.insert("model.shared.weight".to_owned(), copy)),
            }
        }
        Ok(())
    }

    fn compare(&self) -> Result<(), CheckpointError> {
        let mut difference = TensorDifference::default();
        let expected: BTreeMap<String, Vec<usize>> = self.tensor_shapes().into_iter().collect();
        for (name, shape) in &expected {
            match self.tensors.get(name) {
                None => difference.missing.push(name.clone()),
                Some(found) if found.shape() != shape => {
                    difference.misshaped.push((name.clone(), found.shape().to_vec(), shape.clone()));
                }
                Some(_) => {}
            }
        }
        difference.extra.extend(self.tensors.keys().filter(|name| !expected.contains_key(*name)).cloned());
        if difference == TensorDifference::default() {
            return Ok(());
        }
        Err(CheckpointError::Tensors { difference, path: self.path.clone().unwrap_or_default() })
    }

    fn tensor(&self, name: &str) -> Result<&StoredTensor, CheckpointError> {
        self.tensors.get(name).ok_or_else(|| CheckpointError::Tensors {
            difference: TensorDifference { missing: vec![name.to_owned()], ..TensorDifference::default() },
            path: self.path.clone().unwrap_or_default(),
        })
    }

    /// The values of one tensor, row-major.
    ///
    /// # Errors
    /// The file cannot be read; a value is NaN or infinite.
    pub fn values(&self, name: &str) -> Result<Vec<f32>, CheckpointError> {
        let tensor = self.tensor(name)?;
        let mut values = vec![0.0; tensor.n_elements()];
        ValuesInOrder { name, tensor: Cow::Borrowed(tensor) }.read(0, &mut values)?;
        Ok(values)
    }

    /// The values of one tensor, to be read in portions: for weights that go into another layout without lying in
    /// memory twice.
    pub(super) fn values_in_order<'a>(&'a self, name: &'a str) -> Result<ValuesInOrder<'a>, CheckpointError> {
        Ok(ValuesInOrder { name, tensor: self.tensor(name)?.in_order()? })
    }

    /// All tensors as f32 on `device`, for [`super::Bart`] and [`super::Projectors`]. For training, wrap the values in
    /// `Var`s instead and keep those.
    ///
    /// # Errors
    /// As [`Checkpoint::values`].
    pub fn var_builder(&self, device: &Device) -> Result<VarBuilder<'static>, CheckpointError> {
        let mut tensors = HashMap::new();
        for (name, stored) in &self.tensors {
            let tensor = candle_core::Tensor::from_vec(self.values(name)?, stored.shape().to_vec(), device)?;
            tensors.insert(name.clone(), tensor);
        }
        Ok(VarBuilder::from_tensors(tensors, DType::F32, device))
    }

    /// Replaces the values of a tensor, for example by trained ones.
    ///
    /// # Errors
    /// What candle reports while copying it from its device.
    pub fn set(&mut self, name: &str, tensor: &candle_core::Tensor) -> Result<(), CheckpointError> {
        self.tensors.insert(name.to_owned(), StoredTensor::from_tensor(tensor)?);
        Ok(())
    }
}

/// A tensor under reading.
pub(super) struct ValuesInOrder<'a> {
    name: &'a str,
    tensor: Cow<'a, StoredTensor>,
}

impl ValuesInOrder<'_> {
    /// Shape, row-major.
    pub fn shape(&self) -> &[usize] {
        self.tensor.shape()
    }

    /// Writes the values from element `first` on into `out`.
    pub fn read(&self, first: usize, out: &mut [f32]) -> Result<(), CheckpointError> {
        self.tensor.read_into(first, out)?;
        match out.iter().position(|x| !x.is_finite()) {
            None => Ok(()),
            Some(k) => Err(CheckpointError::NotFinite { name: self.name.to_owned(), index: first + k, value: out[k] }),
        }
    }
}
