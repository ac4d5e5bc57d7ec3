use std::path::PathBuf;

use crate::model::ModelError;

/// Why models could not be evaluated or compared.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// Settings that cannot be.
    #[error("could not use the settings of the comparison: {what}")]
    Params {
        /// What was found and what was expected.
        what: String,
    },
    /// A model.
    #[error("could not embed molecules with the model {arm:?}")]
    Model {
        /// The arm it belongs to.
        arm: String,
        /// Why.
        #[source]
        source: Box<ModelError>,
    },
    /// Embeddings could not be kept.
    #[error("could not write embeddings to the cache ({path:?})")]
    Cache {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A learner failed.
    #[error("could not fit {learner} to {task}, label {label}: {what}")]
    Learner {
        /// The learner.
        learner: &'static str,
        /// The task.
        task: String,
        /// The label.
        label: String,
        /// What it reported.
        what: String,
    },
}
