//! Why a checkpoint could not be opened or saved.

use std::io;
use std::path::PathBuf;

use crate::model::tokens::TokensError;

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
    /// Nothing, or a file, where a folder should be.
    #[error("this is no folder: open a folder as saved by transformers' save_pretrained ({path:?})")]
    NoFolder {
        /// What was to be opened.
        path: PathBuf,
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
    /// Something else where the weights should be.
    #[error("the weights are missing: this is {found}; {remedy} ({path:?})")]
    NotWeights {
        /// What stands there.
        found: &'static str,
        /// What to do.
        remedy: &'static str,
        /// The file or folder.
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
