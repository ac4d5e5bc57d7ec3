use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::evaluate::learner::Learner;

/// A checkpoint and the part it plays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedModel {
    /// What to call what was done: “base”, “fill”, “random”, …
    pub arm: String,
    /// The seed it was made with, where the arm has one checkpoint for each seed; none: it stands for all.
    pub seed: Option<u64>,
    /// Its folder.
    pub path: PathBuf,
}

/// Two arms to compare.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pair {
    /// Where the change starts from.
    pub base: String,
    /// What it leads to.
    pub new: String,
}

/// How folds follow from seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Folds {
    /// Every seed has the task's own split; seeds differ in learners and in checkpoints made with a seed.
    #[default]
    Given,
    /// The first seed has the task's own split, every other a new random one of the same sizes.
    Resampled,
}

/// ROGI and ROGI-XD of each labelled task under each model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoughnessParams {
    /// Molecules, at most: clustering needs all their distances. Larger tasks are sampled, and the result says how many
    /// were taken.
    pub max_molecules: usize,
}

impl Default for RoughnessParams {
    fn default() -> Self {
        Self { max_molecules: 2000 }
    }
}

/// Settings of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ComparisonParams {
    /// Seeds of folds, learners and checkpoints.
    pub seeds: Vec<u64>,
    /// What learns.
    pub learners: Vec<Learner>,
    /// How folds follow from seeds.
    pub folds: Folds,
    /// Which arms are compared; empty: each later arm with the first, and the second with each later one (a fill set
    /// with its controls).
    pub pairs: Vec<Pair>,
    /// Labels with fewer positives or negatives than this in the training or the test part are left out of the mean.
    pub min_per_class: usize,
    /// Bootstrap samples.
    pub n_bootstrap: usize,
    /// Permutations.
    pub n_permutations: usize,
    /// Confidence level of intervals, and one minus the level of tests.
    pub confidence: f64,
    /// Roughness of the labels over the embedding; none: not computed.
    pub roughness: Option<RoughnessParams>,
}

impl Default for ComparisonParams {
    fn default() -> Self {
        Self {
            seeds: vec![0, 1, 2],
            learners: Learner::all()[..2].to_vec(),
            folds: Folds::Given,
            pairs: Vec::new(),
            min_per_class: 5,
            n_bootstrap: 2000,
            n_permutations: 2000,
            confidence: 0.95,
            roughness: Some(RoughnessParams::default()),
        }
    }
}

impl ComparisonParams {
    /// Refuses settings that cannot be, with the first reason.
    ///
    /// # Errors
    /// A sentence that says what was found and what was expected.
    pub fn check(&self) -> Result<(), String> {
        if self.seeds.is_empty() || self.learners.is_empty() {
            return Err("it has no seed or no learner, expected at least one of each".to_owned());
        }
        let twice = self.seeds.iter().enumerate().find(|(k, seed)| self.seeds[..*k].contains(seed));
        if let Some((_, seed)) = twice {
            return Err(format!("seed {seed} is named twice"));
        }
        if self.n_bootstrap < 100 || self.n_permutations < 100 {
            return Err(format!(
                "{} bootstrap samples and {} permutations are too few for an interval, expected at least 100",
                self.n_bootstrap, self.n_permutations
            ));
        }
        if !(self.confidence > 0.5 && self.confidence < 1.0) {
            return Err(format!("the confidence level is {}, expected a number between 0.5 and 1", self.confidence));
        }
        if self.min_per_class == 0 {
            return Err("min_per_class is 0, expected at least 1".to_owned());
        }
        if self.roughness.is_some_and(|r| r.max_molecules < 3) {
            return Err("roughness needs at least 3 molecules".to_owned());
        }
        Ok(())
    }
}
