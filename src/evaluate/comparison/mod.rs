//! Models side by side: the same folds, the same learners, differences in pairs.

mod error;
mod fits;
mod params;
mod result;
mod run;

use std::path::Path;

use super::task::Task;
use crate::jobs::Observe;

pub use error::EvaluateError;
pub use params::{ComparisonParams, Folds, NamedModel, Pair, RoughnessParams};
pub use result::{
    Comparison, Difference, Interval, ModelFacts, PooledDifference, RoughnessScore, Score, SeedChange, TaskFacts,
    Verdict,
};

/// Scores every model on every task with every learner and seed, and compares them in pairs.
///
/// * `models` – the first is the base; several checkpoints of one arm differ in their seed, and seed s of the comparison
///   takes the checkpoint of seed s where an arm has one
/// * `cache` – a folder where embeddings are kept, by model and task
/// * `observe` – asked at every fit; when it breaks, what is complete is compared and the result says so
///
/// # Errors
/// A model cannot be opened or run; settings that cannot be; the cache cannot be written.
pub fn compare(
    models: &[NamedModel],
    tasks: &[Task],
    params: &ComparisonParams,
    cache: &Path,
    observe: Observe,
) -> Result<Comparison, EvaluateError> {
    run::run(models, tasks, params, cache, observe)
}
