//! Checkpoints on disk: a Hugging Face directory with projectors beside it, read lazily, compared with the
//! architecture in both directions, and written so that transformers opens it.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device};
use candle_nn::VarBuilder;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::config::{BartConfig, ProjectorConfig};
use super::stored::{StoredTensor, StoredTensors, open_safetensors, write_safetensors};
use super::tokens::{Tokeniser, TokensError};
use super::torch_zip::open_torch_zip;

/// Why a checkpoint could not be opened or saved.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// A file or folder could not be read.
    #[error("could not read the checkpoint ({path:?})")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file or folder could not be written.
    #[error("could not write the checkpoint ({path:?})")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The folder lacks a file that every checkpoint has.
    #[error("the folder holds no {wanted}: open a folder as saved by transformers' save_pretrained ({path:?})")]
    NoFile {
        /// What was looked for.
        wanted: &'static str,
        /// The folder.
        path: PathBuf,
    },
    /// Text that should be JSON.
    #[error("could not understand the settings of the checkpoint ({path:?})")]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
    /// A value in the settings that no model can have.
    #[error("the settings of the checkpoint do not fit together: {what} ({path:?})")]
    Config {
        /// The value, and what was expected.
        what: String,
        /// The file.
        path: PathBuf,
    },
    /// Another family of models.
    #[error("the checkpoint is of the family {found:?}, but SELFIES-TED is \"bart\" ({path:?})")]
    Family {
        /// Its `model_type`.
        found: String,
        /// The file.
        path: PathBuf,
    },
    /// The vocabulary.
    #[error(transparent)]
    Tokens(#[from] TokensError),
    /// The vocabulary has ids beyond the embedding.
    #[error(
        "the vocabulary has {found} ids, but the model embeds {expected}: they belong to different models ({path:?})"
    )]
    VocabularySize {
        /// Ids of the vocabulary.
        found: usize,
        /// `vocab_size`.
        expected: usize,
        /// The folder.
        path: PathBuf,
    },
    /// A file shorter than its own description.
    #[error(
        "the file is cut short: it has {found} bytes, at least {expected} are described: fetch it again ({path:?})"
    )]
    Truncated {
        /// Bytes in the file.
        found: u64,
        /// Bytes that its header describes.
        expected: u64,
        /// The file.
        path: PathBuf,
    },
    /// A safetensors file that contradicts itself.
    #[error("could not read the safetensors file: {what} ({path:?})")]
    Safetensors {
        /// What is wrong.
        what: String,
        /// The file.
        path: PathBuf,
    },
    /// A torch archive that contradicts itself or holds no state dict.
    #[error("could not read the torch archive: {what} ({path:?})")]
    TorchZip {
        /// What is wrong.
        what: String,
        /// The file.
        path: PathBuf,
    },
    /// Elements of a type we do not compute with.
    #[error("the tensor {name:?} has elements of type {found}: save it as float32, float16 or bfloat16")]
    Dtype {
        /// The type.
        found: String,
        /// The tensor.
        name: String,
    },
    /// The tensors are not those of the architecture.
    #[error("the tensors of the checkpoint are not those its settings describe: {0} ({path:?})", .difference)]
    Tensors {
        /// Every difference.
        difference: TensorDifference,
        /// The folder.
        path: PathBuf,
    },
    /// A weight that is no number.
    #[error("the tensor {name:?} holds {value} at index {index}: the checkpoint is damaged or its training diverged")]
    NotFinite {
        /// The tensor.
        name: String,
        /// First such index, row-major.
        index: usize,
        /// The value.
        value: f32,
    },
    /// Copies that tying says are one.
    #[error(
        "the tensor {name:?} differs from \"model.shared.weight\", although the settings tie them: set tie_word_embeddings to false if that is meant"
    )]
    Untied {
        /// The copy.
        name: String,
    },
    /// What candle reports.
    #[error("could not build a tensor of the checkpoint")]
    Candle(#[from] candle_core::Error),
}

/// How the tensors of a checkpoint differ from those of its architecture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TensorDifference {
    /// Described but absent.
    pub missing: Vec<String>,
    /// Present but not described.
    pub extra: Vec<String>,
    /// Name, shape found, shape expected.
    pub misshaped: Vec<(String, Vec<usize>, Vec<usize>)>,
}

impl std::fmt::Display for TensorDifference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut parts = Vec::new();
        if !self.missing.is_empty() {
            parts.push(format!("{} missing: {}", self.missing.len(), self.missing.join(", ")));
        }
        if !self.extra.is_empty() {
            parts.push(format!("{} extra: {}", self.extra.len(), self.extra.join(", ")));
        }
        if !self.misshaped.is_empty() {
            let each =
                self.misshaped.iter().map(|(name, found, expected)| format!("{name} {found:?}, expected {expected:?}"));
            parts.push(format!("{} of another shape: {}", self.misshaped.len(), each.collect::<Vec<_>>().join(", ")));
        }
        f.write_str(&parts.join("; "))
    }
}

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
/// Settings and vocabularies are smaller than this.
const MAX_TEXT: u64 = 64 << 20;

impl Checkpoint {
    /// Opens a folder, reading settings and vocabulary, and the names and shapes of tensors but not their values.
    ///
    /// # Errors
    /// A file is missing or broken; the tensors are not those the settings describe (all differences at once).
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
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
        let facts = match read_text(&path.join("fillscape.json"))? {
            Some(text) => serde_json::from_str(&text)
                .map_err(|source| CheckpointError::Json { path: path.join("fillscape.json"), source })?,
            None => Facts::default(),
        };
        let mut tensors = open_transformer(path)?;
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

    /// The values of one tensor, row-major.
    ///
    /// # Errors
    /// The file cannot be read; a value is NaN or infinite.
    pub fn values(&self, name: &str) -> Result<Vec<f32>, CheckpointError> {
        let tensor = self.tensors.get(name).ok_or_else(|| CheckpointError::Tensors {
            difference: TensorDifference { missing: vec![name.to_owned()], ..TensorDifference::default() },
            path: self.path.clone().unwrap_or_default(),
        })?;
        let values = tensor.values()?;
        match values.iter().position(|x| !x.is_finite()) {
            None => Ok(values),
            Some(index) => Err(CheckpointError::NotFinite { name: name.to_owned(), index, value: values[index] }),
        }
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

    /// Saves to a folder that transformers opens: written beside it first, then moved into place. An older checkpoint
    /// there is replaced; a folder that holds anything else is refused.
    ///
    /// * `dtype` – element type on disk (f32, f16, bf16); `None` keeps what each tensor has, bit for bit
    ///
    /// # Errors
    /// A tensor cannot be read, or the folder cannot be written.
    pub fn save(&self, path: &Path, dtype: Option<DType>) -> Result<(), CheckpointError> {
        self.compare()?;
        let write = |source| CheckpointError::Write { path: path.to_owned(), source };
        if path.exists() && !path.join("config.json").exists() {
            let is_empty = fs::read_dir(path).map_err(write)?.next().is_none();
            if !is_empty {
                let what = "the folder is not empty and holds no checkpoint: choose another";
                return Err(write(io::Error::new(io::ErrorKind::AlreadyExists, what)));
            }
        }
        let name = path.file_name().ok_or_else(|| write(io::ErrorKind::InvalidInput.into()))?.to_string_lossy();
        let beside = |what: &str| path.with_file_name(format!(".{name}.{what}-{}", std::process::id()));
        let fresh = beside("new");
        fs::create_dir_all(&fresh).map_err(write)?;
        let written = self.write_files(&fresh, dtype);
        if let Err(error) = written {
            // Best effort: the error that led here is the one to report.
            fs::remove_dir_all(&fresh).ok();
            return Err(error);
        }
        if path.exists() {
            let old = beside("old");
            fs::rename(path, &old).map_err(write)?;
            fs::rename(&fresh, path).map_err(write)?;
            fs::remove_dir_all(&old).map_err(write)?;
        } else {
            fs::rename(&fresh, path).map_err(write)?;
        }
        Ok(())
    }

    fn write_files(&self, path: &Path, dtype: Option<DType>) -> Result<(), CheckpointError> {
        let text = |name: &str, bytes: &[u8]| write_file(&path.join(name), bytes);
        for (name, bytes) in &self.sidecars {
            text(name, bytes)?;
        }
        let mut config = self.config.clone();
        config.rest.insert("model_type".to_owned(), "bart".into());
        config.rest.insert("is_encoder_decoder".to_owned(), true.into());
        config.rest.entry("architectures").or_insert_with(|| serde_json::json!(["BartForConditionalGeneration"]));
        if let Some(dtype) = dtype {
            config.rest.remove("torch_dtype");
            config.rest.insert("dtype".to_owned(), torch_name(dtype).into());
        }
        text("config.json", &pretty(&config))?;
        text("tokenizer.json", self.tokeniser.json())?;
        if !self.sidecars.contains_key("tokenizer_config.json") {
            text("tokenizer_config.json", &pretty(&tokenizer_config()))?;
        }
        if !self.sidecars.contains_key("generation_config.json") {
            text("generation_config.json", &pretty(&generation_config(&self.config)))?;
        }
        let facts = Facts {
            format_version: FORMAT_VERSION,
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            ..self.facts.clone()
        };
        text("fillscape.json", &pretty(&facts))?;
        self.write_tensors(&path.join("model.safetensors"), dtype, |name| {
            (!name.starts_with("projector.") && !name.starts_with("invprojector.")).then_some(name)
        })?;
        if let Some(projectors) = &self.projectors {
            text("projector_config.json", &pretty(projectors))?;
            for which in ["projector", "invprojector"] {
                let file = path.join(format!("{which}.safetensors"));
                self.write_tensors(&file, dtype, |name| name.strip_prefix(which)?.strip_prefix('.'))?;
            }
        }
        Ok(())
    }

    /// Writes the tensors for which `file_name` gives their name in the file.
    fn write_tensors(
        &self,
        path: &Path,
        dtype: Option<DType>,
        file_name: impl Fn(&str) -> Option<&str>,
    ) -> Result<(), CheckpointError> {
        let chosen = self.tensors.iter().filter_map(|(name, tensor)| Some((file_name(name)?, tensor)));
        match dtype {
            None => write_safetensors(path, &chosen.collect::<Vec<_>>()),
            Some(dtype) => {
                let converted = chosen
                    .map(|(name, tensor)| Ok((name, tensor.to_dtype(dtype)?)))
                    .collect::<Result<Vec<_>, CheckpointError>>()?;
                let by_reference: Vec<_> = converted.iter().map(|(name, tensor)| (*name, tensor)).collect();
                write_safetensors(path, &by_reference)
            }
        }
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

/// Finds and lists the transformer's tensors: safetensors (one file or several with an index) before torch archives.
fn open_transformer(path: &Path) -> Result<StoredTensors, CheckpointError> {
    for (single, index, is_safe) in [
        ("model.safetensors", "model.safetensors.index.json", true),
        ("pytorch_model.bin", "pytorch_model.bin.index.json", false),
    ] {
        let open = |file: &Path| if is_safe { open_safetensors(file) } else { open_torch_zip(file) };
        if path.join(single).exists() {
            return open(&path.join(single));
        }
        if let Some(text) = read_text(&path.join(index))? {
            let mut tensors = StoredTensors::new();
            for file in shard_names(&text, &path.join(index))? {
                tensors.extend(open(&path.join(file))?);
            }
            return Ok(tensors);
        }
    }
    Err(CheckpointError::NoFile { wanted: "model.safetensors or pytorch_model.bin", path: path.to_owned() })
}

fn shard_names(text: &str, path: &Path) -> Result<Vec<String>, CheckpointError> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let index: Index =
        serde_json::from_str(text).map_err(|source| CheckpointError::Json { path: path.to_owned(), source })?;
    let mut names: Vec<String> = index.weight_map.into_values().collect();
    names.sort();
    names.dedup();
    match names.iter().find(|name| Path::new(name).components().count() != 1 || name.starts_with("..")) {
        None => Ok(names),
        Some(name) => Err(CheckpointError::Config {
            what: format!("the index names the file {name:?}, expected a file of the same folder"),
            path: path.to_owned(),
        }),
    }
}

/// Finds the perceptrons, adds their tensors under their prefixes, and returns their widths.
fn open_projectors(
    path: &Path,
    config: &BartConfig,
    tensors: &mut StoredTensors,
) -> Result<Option<ProjectorConfig>, CheckpointError> {
    let files = [find_projector(path, "projector")?, find_projector(path, "invprojector")?];
    let [Some(projector), Some(inverse)] = files else {
        return match files {
            [None, None] => Ok(None),
            [None, _] => {
                Err(CheckpointError::NoFile { wanted: "projector file beside the invprojector", path: path.to_owned() })
            }
            _ => {
                Err(CheckpointError::NoFile { wanted: "invprojector file beside the projector", path: path.to_owned() })
            }
        };
    };
    for (prefix, file) in [("projector", projector), ("invprojector", inverse)] {
        let is_safe = file.extension().is_some_and(|e| e == "safetensors");
        let listed = if is_safe { open_safetensors(&file)? } else { open_torch_zip(&file)? };
        for (name, tensor) in listed {
            tensors.insert(format!("{prefix}.{name}"), tensor);
        }
    }
    let config_path = path.join("projector_config.json");
    let projectors = match read_text(&config_path)? {
        Some(text) => {
            serde_json::from_str(&text).map_err(|source| CheckpointError::Json { path: config_path.clone(), source })?
        }
        None => projector_widths(config, tensors),
    };
    projectors.check(config, &config_path)?;
    Ok(Some(projectors))
}

/// The widths that the tensors themselves show; zero where a tensor is missing, which the comparison then reports.
fn projector_widths(config: &BartConfig, tensors: &StoredTensors) -> ProjectorConfig {
    let width = |name: &str, axis: usize| tensors.get(name).and_then(|t| t.shape().get(axis).copied()).unwrap_or(1);
    let positions = width("projector.layer1.weight", 1) / config.d_model;
    let mut projectors = ProjectorConfig::new(
        positions,
        config.d_model,
        width("projector.layer1.weight", 0),
        width("projector.layer4.weight", 0),
    );
    projectors.invprojector.hidden_dim = width("invprojector.layer1.weight", 0);
    projectors
}

/// `which.safetensors`, `which_….safetensors`, then the same with `.pth`; of several the last by name, which is the
/// newest where names carry dates.
fn find_projector(path: &Path, which: &str) -> Result<Option<PathBuf>, CheckpointError> {
    let read = |source| CheckpointError::Read { path: path.to_owned(), source };
    let mut found: Vec<(bool, PathBuf)> = Vec::new();
    for entry in fs::read_dir(path).map_err(read)? {
        let file = entry.map_err(read)?.path();
        let (Some(stem), Some(extension)) = (file.file_stem().and_then(|s| s.to_str()), file.extension()) else {
            continue;
        };
        let is_named = stem == which || stem.strip_prefix(which).is_some_and(|rest| rest.starts_with(['_', '-']));
        let is_safe = extension == "safetensors";
        if is_named && (is_safe || extension == "pth" || extension == "pt" || extension == "bin") {
            found.push((is_safe, file));
        }
    }
    Ok(found.into_iter().max().map(|(_, file)| file))
}

/// The text of a small file; none if it does not exist.
fn read_text(path: &Path) -> Result<Option<String>, CheckpointError> {
    let read = |source| CheckpointError::Read { path: path.to_owned(), source };
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(read(error)),
        Ok(facts) if facts.len() > MAX_TEXT => {
            return Err(CheckpointError::Config {
                what: format!("a text of {} bytes, at most {MAX_TEXT} are read", facts.len()),
                path: path.to_owned(),
            });
        }
        Ok(_) => {}
    }
    fs::read_to_string(path).map(Some).map_err(read)
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), CheckpointError> {
    let write = |source| CheckpointError::Write { path: path.to_owned(), source };
    let mut file = fs::File::create(path).map_err(write)?;
    io::Write::write_all(&mut file, bytes).map_err(write)?;
    file.sync_all().map_err(write)
}

fn pretty(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec_pretty(value).expect("plain numbers and text")
}

fn torch_name(dtype: DType) -> &'static str {
    match dtype {
        DType::F16 => "float16",
        DType::BF16 => "bfloat16",
        DType::F64 => "float64",
        _ => "float32",
    }
}

fn tokenizer_config() -> Value {
    serde_json::json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "cls_token": "[CLS]", "mask_token": "[MASK]", "pad_token": "[PAD]", "sep_token": "[SEP]", "unk_token": "[UNK]",
    })
}

fn generation_config(config: &BartConfig) -> Value {
    serde_json::json!({
        "_from_model_config": true,
        "bos_token_id": config.bos_token_id,
        "decoder_start_token_id": config.decoder_start_token_id,
        "eos_token_id": config.eos_token_id,
        "forced_bos_token_id": config.forced_bos_token_id,
        "forced_eos_token_id": config.forced_eos_token_id,
        "pad_token_id": config.pad_token_id,
    })
}
