//! Why a step could not be done.

use crate::chem::files::FileError;
use crate::chem::library::LibraryError;
use crate::evaluate::{EvaluateError, TaskError};
use crate::fill::{FieldError, FillSetError, RegionError};
use crate::landscape::files::FilesError;
use crate::landscape::{ExploreError, FitError, NormaliseError, NpyError};
use crate::model::ModelError;
use crate::projection::ProjectionError;
use crate::train::tune::TuneError;
use crate::workspace::StudyError;

/// Why a step could not be done. What earlier steps made is kept; once the cause is gone, the same command goes on.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The study.
    #[error(transparent)]
    Study(#[from] StudyError),
    /// The recipe asks for something impossible.
    #[error("could not follow the recipe: {what}")]
    Recipe {
        /// What was found and what was expected.
        what: String,
    },
    /// A step ended in an error.
    #[error("could not finish the step {step}")]
    Step {
        /// Its name.
        step: String,
        /// Why.
        #[source]
        source: Box<StepError>,
    },
}

/// What went wrong inside a step.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The study.
    #[error(transparent)]
    Study(#[from] StudyError),
    /// The model.
    #[error(transparent)]
    Model(#[from] Box<ModelError>),
    /// A file of molecules.
    #[error(transparent)]
    File(#[from] FileError),
    /// The library.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// The corpus is too small.
    #[error("the corpus has {found} usable molecules, expected {expected} (of {n_rows} rows)")]
    Corpus {
        /// Usable ones.
        found: usize,
        /// Asked for.
        expected: usize,
        /// Rows read.
        n_rows: usize,
    },
    /// The samples have responses that all are the same.
    #[error(transparent)]
    Normalise(#[from] NormaliseError),
    /// The surface.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The exploration.
    #[error(transparent)]
    Explore(#[from] ExploreError),
    /// Files of the network.
    #[error(transparent)]
    Network(#[from] FilesError),
    /// An array.
    #[error(transparent)]
    Npy(#[from] NpyError),
    /// The field.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The region.
    #[error(transparent)]
    Region(#[from] RegionError),
    /// The region names something that the study does not have.
    #[error("the region {what}")]
    RegionOf {
        /// What is missing.
        what: String,
    },
    /// The fill set.
    #[error(transparent)]
    FillSet(#[from] FillSetError),
    /// A fill set without molecules.
    #[error("the {arm} set is empty, so there is nothing to train on: {why}; take more samples or choose a region")]
    EmptySet {
        /// Which set.
        arm: String,
        /// The shortfall.
        why: String,
    },
    /// The map.
    #[error(transparent)]
    Projection(#[from] ProjectionError),
    /// The tuning.
    #[error(transparent)]
    Tune(#[from] TuneError),
    /// A task.
    #[error(transparent)]
    Task(#[from] Box<TaskError>),
    /// The comparison.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// A table or figure of the report.
    #[error("could not make {what}: {problem}")]
    Report {
        /// Which part.
        what: &'static str,
        /// Why.
        problem: String,
    },
}

impl From<ModelError> for StepError {
    fn from(error: ModelError) -> Self {
        Self::Model(Box::new(error))
    }
}

impl From<TaskError> for StepError {
    fn from(error: TaskError) -> Self {
        Self::Task(Box::new(error))
    }
}

impl From<crate::atomic_file::AtomicFileError> for StepError {
    fn from(error: crate::atomic_file::AtomicFileError) -> Self {
        Self::Study(error.into())
    }
}
