use std::io;
use std::path::PathBuf;

use crate::model::CheckpointError;
use crate::train::PretrainError;
use crate::train::engine::EngineError;

/// Why a model could not be tuned.
#[derive(Debug, thiserror::Error)]
pub enum TuneError {
    /// Settings that cannot be trained.
    #[error("could not use the settings of the tuning: {what}")]
    Params {
        /// What was found and what was expected.
        what: String,
    },
    /// Nothing to learn from.
    #[error(
        "the {role} holds no molecule that the model can read: of {n_given}, {n_unknown} have symbols outside its vocabulary and {n_long} over {max_symbols} symbols"
    )]
    NoMolecules {
        /// “fill set”, “corpus” or “validation set”.
        role: &'static str,
        /// Texts given.
        n_given: usize,
        /// With unknown symbols.
        n_unknown: usize,
        /// Too long.
        n_long: usize,
        /// The most symbols that fit.
        max_symbols: usize,
    },
    /// The base checkpoint, or writing the tuned one.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The architecture.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The vocabulary is too large, or the corpus cannot be read.
    #[error(transparent)]
    Corpus(#[from] PretrainError),
    /// A file could not be read.
    #[error("could not read a file of the tuning run ({path:?})")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file could not be written.
    #[error("could not write a file of the tuning run ({path:?})")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A saved state that is broken.
    #[error("could not go on from the saved state: {what}; remove the folder to start again ({path:?})")]
    State {
        /// What is wrong.
        what: String,
        /// The file.
        path: PathBuf,
    },
    /// The folder belongs to another run.
    #[error(
        "the folder holds another tuning run: its {difference} differs from what was asked for; choose another folder, or remove this one to start again ({path:?})"
    )]
    OtherRun {
        /// “base model”, “fill set”, “settings” and so on.
        difference: &'static str,
        /// The folder.
        path: PathBuf,
    },
    /// The folder holds something else.
    #[error("the folder is not empty and holds no tuning run: choose another ({path:?})")]
    OtherFolder {
        /// The folder.
        path: PathBuf,
    },
}
