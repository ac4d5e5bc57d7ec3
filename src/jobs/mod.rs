//! Long work: the plain [`Progress`] value that every core function reports, and (for the shells) threads around it.
//!
//! This module knows nothing of what runs in it.

mod progress;

pub use progress::{Observe, Progress, silent};
