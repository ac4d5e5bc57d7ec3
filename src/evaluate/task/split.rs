use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
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

impl Fold {
    /// `n` rows in parts of these sizes, at random; the rest is the test part.
    pub fn random(n: usize, n_train: usize, n_valid: usize, seed: u64) -> Self {
        let mut order: Vec<usize> = (0..n).collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let mut fold = Self {
            train: order[..n_train.min(n)].to_vec(),
            valid: order[n_train.min(n)..(n_train + n_valid).min(n)].to_vec(),
            test: order[(n_train + n_valid).min(n)..].to_vec(),
        };
        for part in [&mut fold.train, &mut fold.valid, &mut fold.test] {
            part.sort_unstable();
        }
        fold
    }

    /// Another random split of the same sizes.
    #[must_use]
    pub fn resampled(&self, seed: u64) -> Self {
        let sizes = [self.train.len(), self.valid.len(), self.test.len()];
        Self::random(sizes.iter().sum(), sizes[0], sizes[1], seed)
    }

    /// The parts with their names.
    pub fn parts(&self) -> [(&'static str, &[usize]); 3] {
        [("train", &self.train), ("valid", &self.valid), ("test", &self.test)]
    }
}
