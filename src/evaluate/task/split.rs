use serde::{Deserialize, Serialize};

/// How the molecules of a single table are split. A folder with train, valid and test tables is split as given.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitParams {
    /// By the parts of the folder or the column `split`; a table without either at random, 80 : 10 : 10, seed 0.
    #[default]
    Given,
    /// Shuffled.
    Random {
        /// Part for training.
        train: f64,
        /// Part for validation.
        valid: f64,
        /// Seed of the shuffling.
        seed: u64,
    },
    /// By Bemis–Murcko scaffold: no scaffold is in two parts.
    Scaffold {
        /// Part for training.
        train: f64,
        /// Part for validation.
        valid: f64,
    },
}

/// Rows for learning, for choosing parameters, and for the score.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Fold {
    /// For learning.
    pub train: Vec<usize>,
    /// For choosing parameters.
    pub valid: Vec<usize>,
    /// For the score.
    pub test: Vec<usize>,
}
