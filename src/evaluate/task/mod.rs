//! A downstream task: molecules with labels, and how they are split.

mod error;
mod known;
mod label;
mod notes;
mod open;
mod split;

use serde::{Deserialize, Serialize};

use super::metric::Metric;

pub use error::{BadTaskRow, RowFault, TaskError};
pub use split::{Fold, SplitParams};

/// What the labels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// 0 or 1.
    Classification,
    /// Numbers.
    Regression,
}

/// How to read a task; everything can be left to what the files say.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TaskParams {
    /// What to call it; default: the name of the folder or file.
    pub name: Option<String>,
    /// Column of SMILES; default: the one headed so.
    pub smiles: Option<String>,
    /// Columns of labels; default: those of MoleculeNet's task of this name, otherwise the only column of numbers.
    pub labels: Vec<String>,
    /// Default: classification when every label is 0 or 1.
    pub kind: Option<TaskKind>,
    /// Default: ROC-AUC for classification, RMSE for regression.
    pub metric: Option<Metric>,
    /// How molecules are split.
    pub split: SplitParams,
}

/// A molecule of a task.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskRow {
    /// As it stands in the file.
    pub smiles: String,
    /// The same as SELFIES.
    pub selfies: String,
    /// One for each label; none where nothing was measured.
    pub targets: Vec<Option<f64>>,
}

/// A downstream task, read and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// What to call it.
    pub name: String,
    /// What the labels are.
    pub kind: TaskKind,
    /// How predictions are scored; over several labels the mean.
    pub metric: Metric,
    /// Columns of labels.
    pub labels: Vec<String>,
    /// Usable molecules.
    pub rows: Vec<TaskRow>,
    /// The split as given or asked for.
    pub fold: Fold,
    /// What was left out, and why.
    pub bad_rows: Vec<BadTaskRow>,
    /// What a reader of the scores should know: how words were read, molecules in several parts, labels that contradict
    /// each other, parts of one class. One sentence each, without a full stop.
    pub notes: Vec<String>,
    /// SHA-256 over molecules, labels and split.
    pub digest: String,
}
