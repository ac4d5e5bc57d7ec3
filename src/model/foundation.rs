use serde::{Deserialize, Serialize};

use super::checkpoint::CheckpointError;
use super::device::DeviceError;
use super::tokens::{Tokeniser, TokensError, Unknown};
use crate::jobs::Observe;

/// A point of the latent space: what carries the landscape and can be decoded.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LatentVector(pub Vec<f32>);

/// The mean of the encoder's states over a molecule's tokens: what feeds downstream tasks. It cannot be decoded.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PooledEmbedding(pub Vec<f32>);

/// The part of latent space that is sampled and drawn, coordinate by coordinate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LatentBox {
    /// Lower bounds, one for each coordinate.
    pub lower: Vec<f32>,
    /// Upper bounds, one for each coordinate.
    pub upper: Vec<f32>,
}

impl LatentBox {
    /// [−1, 1] in each of `dim` coordinates, as in the reference.
    pub fn unit(dim: usize) -> Self {
        Self { lower: vec![-1.0; dim], upper: vec![1.0; dim] }
    }

    /// Coordinates.
    pub fn dim(&self) -> usize {
        self.lower.len()
    }
}

/// What a latent vector decodes to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Decoded {
    /// SELFIES symbols without spaces.
    pub selfies: String,
    /// The molecule as SMILES, not canonical; none if the symbols are no SELFIES.
    pub smiles: Option<String>,
    /// New tokens, the end token not counted.
    pub n_tokens: usize,
    /// Cut at the token limit before the model ended it.
    pub capped: bool,
}

/// Where a model's numbers come from; kept with every artefact made by it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// What to call the model.
    pub name: String,
    /// The folder it was opened from.
    pub path: Option<String>,
    /// The architecture in a few words.
    pub architecture: String,
    /// Weights of the transformer and of the projectors.
    pub n_weights: [usize; 2],
    /// Digest of settings, vocabulary, tensor names and values (SHA-256, hexadecimal).
    pub digest: String,
    /// How latent vectors are decoded, and what the checkpoint asks for that is not done.
    #[serde(default)]
    pub decoding: String,
    /// The device it runs on.
    pub device: String,
    /// Version of this program.
    pub program_version: String,
}

/// Why a model could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The device.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// A text that cannot become tokens.
    #[error("molecule {row} cannot be encoded")]
    Tokens {
        /// Its index, from 0.
        row: usize,
        /// Why.
        #[source]
        source: TokensError,
    },
    /// The checkpoint has no projectors.
    #[error(
        "this checkpoint has no projectors, so it has no latent vectors: ask for pooled embeddings, or open one with projector files"
    )]
    NoProjectors,
    /// Vectors of another model.
    #[error("latent vector {row} has {found} coordinates, but this model has {expected}")]
    LatentDim {
        /// Its index, from 0.
        row: usize,
        /// Coordinates found.
        found: usize,
        /// Coordinates expected.
        expected: usize,
    },
    /// A coordinate that is no number.
    #[error("latent vector {row} has {value} at coordinate {coordinate}, expected a number")]
    NotFinite {
        /// Its index, from 0.
        row: usize,
        /// The coordinate, from 0.
        coordinate: usize,
        /// The value.
        value: f32,
    },
    /// Settings of a computation that cannot be.
    #[error("{what}")]
    Params {
        /// The value and what was expected.
        what: String,
    },
    /// What candle reports.
    #[error("the computation failed on {device}")]
    Compute {
        /// The device.
        device: String,
        /// Why.
        #[source]
        source: candle_core::Error,
    },
}

/// The two embeddings of a molecule, not to be confused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Embedding {
    /// What carries the landscape and can be decoded.
    Latent,
    /// What feeds downstream tasks.
    Pooled,
}

/// What the workbench asks of a foundation model; a second family joins by implementing it.
///
/// Long calls report to `observe` and, when it breaks, return the leading rows that were finished: fewer than asked.
/// Results do not depend on how rows are batched, nor on the number of threads.
pub trait FoundationModel: Send + Sync {
    /// What it is and where it comes from.
    fn provenance(&self) -> &Provenance;

    /// Its tokens.
    fn vocabulary(&self) -> &Tokeniser;

    /// The sampled part of its latent space; none if it cannot decode.
    fn latent_box(&self) -> Option<&LatentBox>;

    /// Tokens of a text that an embedding sees, `[CLS]` and `[SEP]` counted: a longer text loses its end.
    fn max_tokens(&self, embedding: Embedding) -> usize;

    /// The texts that an embedding sees only the beginning of: two that begin alike have the same vector.
    fn cut_rows(&self, embedding: Embedding, selfies: &[String]) -> Vec<usize> {
        let most = self.max_tokens(embedding);
        (0..selfies.len()).filter(|&row| self.vocabulary().n_tokens(&selfies[row]) > most).collect()
    }

    /// Latent vectors of SELFIES texts, one each.
    ///
    /// # Errors
    /// No projectors; an unknown symbol, when these are refused.
    fn encode_latent(
        &self,
        selfies: &[String],
        unknown: Unknown,
        observe: Observe,
    ) -> Result<Vec<LatentVector>, ModelError>;

    /// Pooled embeddings of SELFIES texts, one each.
    ///
    /// # Errors
    /// An unknown symbol, when these are refused.
    fn encode_pooled(
        &self,
        selfies: &[String],
        unknown: Unknown,
        observe: Observe,
    ) -> Result<Vec<PooledEmbedding>, ModelError>;

    /// What latent vectors decode to, greedily, one each.
    ///
    /// # Errors
    /// No projectors; vectors of another dimension, or with coordinates that are no numbers.
    fn decode(&self, latents: &[LatentVector], observe: Observe) -> Result<Vec<Decoded>, ModelError>;
}
