//! Training: gradients, the optimiser, and the run that pretrains a model of our own.
//!
//! Nothing here reads a screen or a command line. The network's forward pass for use is `model`; the one for training,
//! with its derivative, is [`engine`]. A run is [`pretrain`], what it does a [`recipe`], and with the same recipe, corpus
//! and seed it gives the same bits, interrupted or not, on any number of threads.

pub mod corpus;
pub mod denoising;
pub mod divergence;
pub mod engine;
pub mod log;
pub mod metrics;
pub mod optimiser;
pub mod pretrain;
pub mod principal;
pub mod random;
pub mod recipe;
pub mod run_state;
pub mod state_file;
pub mod tune;
pub mod vocabulary;

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::model::{CheckpointError, TokensError};

pub use pretrain::{Outcome, Pretraining};
pub use recipe::Recipe;

/// Why a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// All stages are done.
    Finished,
    /// A stage stopped getting better.
    EarlyStop {
        /// Steps done in all.
        step: u64,
    },
    /// It was asked to stop; the state is saved.
    Cancelled,
    /// The loss grew or is no number; the state of the last save is kept.
    Diverged {
        /// Steps done in all.
        step: u64,
        /// What was seen.
        what: String,
    },
}

/// Why a pretraining run could not be made or go on.
#[derive(Debug, thiserror::Error)]
pub enum PretrainError {
    /// A file could not be read.
    #[error("could not read a file of the pretraining run ({path:?})")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file could not be written.
    #[error("could not write a file of the pretraining run ({path:?})")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No molecules.
    #[error("the corpus holds no molecule to train on: expected one SMILES a line within the length limit ({path:?})")]
    EmptyCorpus {
        /// The file, or the first of them.
        path: PathBuf,
    },
    /// The recipe.
    #[error("could not use the recipe: {what} ({path:?})")]
    Recipe {
        /// What is wrong and what was expected.
        what: String,
        /// The file.
        path: PathBuf,
    },
    /// The vocabulary.
    #[error("could not build the vocabulary: {what}")]
    Vocabulary {
        /// What the tokenizer library said.
        what: String,
    },
    /// A saved state that is broken.
    #[error("could not go on from the saved state: {what}; remove it to start again ({path:?})")]
    State {
        /// What is wrong.
        what: String,
        /// The file.
        path: PathBuf,
    },
    /// A saved state of another run.
    #[error(
        "the saved state belongs to another recipe: resuming may only add stages or change how often the run is \
         watched; choose another work folder to start again"
    )]
    OtherRecipe,
    /// No latent path.
    #[error("the model has no projectors yet, so nothing can go through its latent vector")]
    NoProjectors,
    /// The architecture.
    #[error(transparent)]
    Engine(#[from] engine::EngineError),
    /// Text to tokens.
    #[error(transparent)]
    Tokens(#[from] TokensError),
    /// The checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// candle.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}
