//! Downstream evaluation: tasks, learners, paired differences with their intervals, reports.
//!
//! A model is judged by what simple learners make of its pooled embeddings (METHOD section 9). Models are compared on
//! the same molecules, folds and seeds, and what the data cannot tell apart is said not to differ. Training is not
//! here, nor is anything that chooses molecules.

pub mod comparison;
pub mod embeddings;
pub mod learner;
pub mod metric;
mod percent;
pub mod report;
pub mod roughness;
pub mod statistics;
pub mod task;

pub use comparison::{Comparison, ComparisonParams, EvaluateError, NamedModel, Pair, Verdict, compare};
pub use learner::Learner;
pub use metric::Metric;
pub use percent::percent;
pub use task::{Task, TaskError, TaskKind, TaskParams};
