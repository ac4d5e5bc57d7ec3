//! What learns a task from embeddings.

mod linear;
mod neighbours;
mod scaling;
mod svr;
mod trees;

use serde::{Deserialize, Serialize};

use super::embeddings::Features;
use super::task::TaskKind;

/// One label of a task over one fold.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// Of all molecules of the task.
    pub features: &'a Features,
    /// The label of all molecules; numbers where it was measured, which the rows below are.
    pub targets: &'a [f64],
    /// For learning.
    pub train: &'a [usize],
    /// For choosing parameters; may be empty.
    pub valid: &'a [usize],
    /// To be predicted.
    pub test: &'a [usize],
    /// What the label is.
    pub kind: TaskKind,
}

impl Problem<'_> {
    fn targets_of(&self, rows: &[usize]) -> Vec<f64> {
        rows.iter().map(|&row| self.targets[row]).collect()
    }
}

/// A learner with its settings (METHOD section 9). For several labels one is fitted for each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Learner {
    /// Gradient-boosted trees: logistic or squared loss.
    Trees(TreeParams),
    /// Logistic regression for classes, ridge regression for numbers, on standardised features: smooth in the
    /// embedding, so it reacts to small changes.
    Linear(LinearParams),
    /// The mean over the nearest training molecules, weighted by inverse distance, on standardised features.
    Neighbours(NeighbourParams),
    /// Support vector regression with a Gaussian kernel; classes are regressed as 0 and 1.
    Svr(SvrParams),
}

impl Learner {
    /// Its name in tables.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Trees(_) => "trees",
            Self::Linear(_) => "linear",
            Self::Neighbours(_) => "neighbours",
            Self::Svr(_) => "svr",
        }
    }

    /// The learner of a name with its default settings.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|learner| learner.name() == name)
    }

    /// Every learner with its default settings; the first is the default.
    pub fn all() -> [Self; 4] {
        [
            Self::Trees(TreeParams::default()),
            Self::Linear(LinearParams::default()),
            Self::Neighbours(NeighbourParams::default()),
            Self::Svr(SvrParams::default()),
        ]
    }

    /// Learns and predicts the test rows: more is more likely a 1, or a number in the units of the label. The same on
    /// any number of threads.
    ///
    /// * `seed` – for learners that draw rows and columns
    ///
    /// # Errors
    /// What the learner reports.
    pub fn predict(&self, problem: &Problem, seed: u64) -> Result<Vec<f64>, String> {
        let predictions = match self {
            Self::Trees(params) => trees::predict(params, problem, seed)?,
            Self::Linear(params) => linear::predict(params, problem)?,
            Self::Neighbours(params) => neighbours::predict(params, problem),
            Self::Svr(params) => svr::predict(params, problem)?,
        };
        match predictions.iter().find(|value| !value.is_finite()) {
            None => Ok(predictions),
            Some(value) => Err(format!("it predicted {value}")),
        }
    }

    /// True when its result depends on a seed.
    pub fn is_random(&self) -> bool {
        matches!(self, Self::Trees(params) if params.subsample < 1.0 || params.colsample < 1.0)
    }
}

/// Settings of the boosted trees, in the words of xgboost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TreeParams {
    /// Trees, at most.
    pub n_trees: usize,
    /// Step of each tree.
    pub learning_rate: f32,
    /// Deepest tree.
    pub max_depth: usize,
    /// L2 penalty of leaf weights.
    pub l2: f32,
    /// Smallest sum of Hessians in a leaf.
    pub min_leaf_weight: f32,
    /// Part of the rows for each tree.
    pub subsample: f32,
    /// Part of the columns for each tree.
    pub colsample: f64,
    /// Stop after so many trees without a better validation score.
    pub patience: usize,
}

impl Default for TreeParams {
    fn default() -> Self {
        Self {
            n_trees: 500,
            learning_rate: 0.05,
            max_depth: 5,
            l2: 1.0,
            min_leaf_weight: 1.0,
            subsample: 0.8,
            colsample: 0.8,
            patience: 30,
        }
    }
}

/// Settings of the linear learners.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinearParams {
    /// L2 penalty, per training molecule; none: the best of 10⁻⁴ … 10¹ on the validation part.
    pub penalty: Option<f64>,
}

/// Settings of the nearest neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NeighbourParams {
    /// How many; none: the best of 1, 3, 5, 10, 20 on the validation part.
    pub k: Option<usize>,
}

/// Settings of the support vector regression.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SvrParams {
    /// Penalty of errors beyond ε.
    pub c: f64,
    /// Errors that cost nothing, in units of the label's range in training.
    pub epsilon: f64,
    /// exp(−γ |x − x'|²) on standardised features; none: 1 / (number of features).
    pub gamma: Option<f64>,
}

impl Default for SvrParams {
    fn default() -> Self {
        Self { c: 5.0, epsilon: 0.01, gamma: None }
    }
}
