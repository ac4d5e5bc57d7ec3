//! Long work: the plain [`Progress`] value that every core function reports, and (for the shells) threads around it.
//!
//! A [`Job`] is one named thread that can be watched, paused and cancelled; a [`Queue`] lets one CPU-heavy job run at a
//! time and shows who waits. This module knows nothing of what runs in it.

mod control;
mod job;
mod pace;
mod priority;
mod progress;
mod queue;

pub use control::{JobState, Wake, no_wake};
pub use job::{Job, Outcome};
pub use pace::Pace;
pub use progress::{Observe, Progress, silent};
pub use queue::{Queue, QueuedJob};
