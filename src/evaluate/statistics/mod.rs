//! What can be said about a difference: bootstrap intervals, permutation tests, Holm's correction, and a pooled effect.
//!
//! **What varies.** A difference on a task would come out otherwise with other test molecules, and with other seeds
//! (of learners and of the checkpoints made with them). Test molecules are drawn by a Poisson bootstrap, the same draw
//! for both models, all labels and all seeds, so what they share cancels. Three seeds are too few to be drawn from
//! again: their part is drawn from Student's distribution with the variance between seeds, less what of it the draws
//! of molecules explain. Over tasks, seeds are averaged first, for a checkpoint that is lucky on one task may be so on
//! another.
//!
//! **Why percentiles.** Paired differences of means, areas and root mean squares are close to symmetric, so the bias
//! and skewness that BCa corrects for are small beside the width, while its acceleration needs a jackknife that is
//! unstable for labels with few positives. For small tests the percentiles are widened by Student's quantile. The
//! tests measure coverage, false alarms and power of the whole procedure by simulation.
//!
//! **Exchange.** If a change of the model does nothing, each molecule's two predictions could as well have changed
//! places (for metrics of ranks: their ranks; Bandos, Rockette and Gur, Stat. Med. 24, 2873 (2005)). A difference is
//! called detectable when the permutation test says so after Holm's correction and the interval excludes zero.

mod holm;
mod pooled;
mod scores;
mod student;
mod task_statistics;

pub use holm::holm;
pub use pooled::{Pooled, pool};
pub use scores::{LabelPredictions, score};
pub use student::student_quantile;
pub use task_statistics::{Resampling, SeedPredictions, TaskStatistics};
