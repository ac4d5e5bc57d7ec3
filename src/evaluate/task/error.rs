use std::path::PathBuf;

use crate::chem::files::FileError;

/// Why a task cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// Neither a table nor a folder with parts of one.
    #[error(
        "found no task: expected a table, or a folder with train, valid and test tables or a single table ({path:?})"
    )]
    NoFiles {
        /// The folder.
        path: PathBuf,
    },
    /// A folder with several tables that are not parts of one.
    #[error("the folder has several tables, {found}: name one of them, or call them train, valid and test ({path:?})")]
    ManyFiles {
        /// Their names.
        found: String,
        /// The folder.
        path: PathBuf,
    },
    /// The folder cannot be listed.
    #[error("could not look into the folder of the task ({path:?})")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A table cannot be read.
    #[error("could not read the table of a task")]
    File(#[from] FileError),
    /// The label columns cannot be guessed.
    #[error("could not tell which columns are labels among {found}: name them ({path:?})")]
    Labels {
        /// The columns that could be.
        found: String,
        /// The table.
        path: PathBuf,
    },
    /// A label column does not exist.
    #[error("no label column “{wanted}”; the table has {found} ({path:?})")]
    NoLabel {
        /// What was asked for.
        wanted: String,
        /// The columns there are.
        found: String,
        /// The table.
        path: PathBuf,
    },
    /// Numbers that can be read in two ways.
    #[error(
        "the label {label} holds {found:?}, which is a number with a decimal comma or one with a comma between thousands: \
         write decimals with a point ({path:?})"
    )]
    Ambiguous {
        /// The column.
        label: String,
        /// A field.
        found: String,
        /// The table.
        path: PathBuf,
    },
    /// A table breaks off.
    #[error("the table cannot be read to its end, so that its scores would be those of a part: {place}")]
    PartOfATable {
        /// Where and why.
        place: String,
    },
    /// A scaffold split of molecules that have none.
    #[error(
        "all {n} molecules share one scaffold, {scaffold}: a scaffold split cannot part them, split at random ({path:?})"
    )]
    OneScaffold {
        /// Molecules.
        n: usize,
        /// It, or “none” for molecules without rings.
        scaffold: String,
        /// The task.
        path: PathBuf,
    },
    /// A metric that the labels do not allow.
    #[error("{metric} needs labels of 0 and 1, but the task is regression ({path:?})")]
    Metric {
        /// The metric.
        metric: &'static str,
        /// The table.
        path: PathBuf,
    },
    /// A part of the split without molecules.
    #[error(
        "the {part} part of the task has no usable molecule; {n_bad} rows were left out, the first because {first} ({path:?})"
    )]
    EmptyPart {
        /// train, valid or test.
        part: &'static str,
        /// Rows left out in all.
        n_bad: usize,
        /// Why the first was.
        first: String,
        /// The task.
        path: PathBuf,
    },
    /// Fractions that are no parts of one.
    #[error(
        "the split leaves no test molecules: train is {train} and valid {valid}, expected parts above 0 that leave something"
    )]
    Fractions {
        /// Part for training.
        train: f64,
        /// Part for validation.
        valid: f64,
    },
}

/// A row of a task that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadTaskRow {
    /// The file.
    pub file: String,
    /// Its line, from 1.
    pub line: u64,
    /// Why.
    pub fault: RowFault,
}

impl std::fmt::Display for BadTaskRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.fault)
    }
}

/// Why a row cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    /// The table's row itself.
    #[error("{0}")]
    Row(String),
    /// The SMILES.
    #[error("“{smiles}” is no molecule: {reason}")]
    Smiles {
        /// As found, shortened.
        smiles: String,
        /// Why.
        reason: String,
    },
    /// SELFIES cannot write it.
    #[error("“{smiles}” cannot be written as SELFIES: {reason}")]
    Selfies {
        /// As found, shortened.
        smiles: String,
        /// Why.
        reason: String,
    },
    /// A label that is no number.
    #[error("the label {label} is “{found}”, expected {expected}")]
    Label {
        /// The column.
        label: String,
        /// As found, shortened.
        found: String,
        /// “a number”, or “0 or 1”.
        expected: &'static str,
    },
    /// No label at all.
    #[error("it has no label")]
    NoLabel,
    /// A word in the split column that is none of train, valid, test.
    #[error("the split is “{found}”, expected train, valid or test")]
    Split {
        /// As found.
        found: String,
    },
}
