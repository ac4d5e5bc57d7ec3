//! The foundation model: checkpoints, vocabulary, encoding, decoding, and the similarity response at latent points.
//!
//! One file per architecture ([`bart`], [`selfies_ted`]) computes in candle, with gradients and on any device. Training
//! is not here (`train`), nor is anything that knows where a latent point came from.

pub mod bart;
pub mod checkpoint;
pub mod config;
pub mod decoding_rules;
pub mod device;
pub mod engine;
mod foundation;
pub mod greedy;
pub mod hub;
mod inference;
mod parallel;
mod response;
pub mod selfies_ted;
pub mod stored;
pub mod tokens;
mod torch_zip;

pub use bart::{Bart, Dropout, NoDropout};
pub use checkpoint::{Checkpoint, CheckpointError, Facts, LatentQuantiles};
pub use config::{Activation, BartConfig, ProjectorConfig};
pub use decoding_rules::DecodingRules;
pub use device::{DeviceChoice, DeviceError};
pub use foundation::{
    Decoded, Embedding, FoundationModel, LatentBox, LatentVector, ModelError, PooledEmbedding, Provenance,
};
pub use greedy::{GreedyParams, Tokens};
pub use inference::{SelfiesTed, digest};
pub use response::{ResponseParams, group_response, neighbours, similarity_response};
pub use selfies_ted::{Projector, Projectors, SelfiesTedNet};
pub use stored::{StoredTensor, StoredTensors};
pub use tokens::{Spacing, SpecialIds, Tokeniser, TokensError, Unknown};
pub use torch_zip::open_torch_zip;
