//! Exploration: from a surface and starts to a kinetic transition network, in one resumable, observable call.
//!
//! An [`Exploration`] is a plain value that can be saved at any moment. Its work is cut into units that depend only on
//! themselves, so it can be stopped between any two and carried on later, on any number of threads, to the same network.
//! Failures are counted by their reason, never dropped.

mod pairs;
mod params;
mod sighting;
mod stages;
mod summary;
mod units;

pub use params::{ExploreParams, UnknownPreset};
pub use sighting::{Sighting, SightingKind};
pub use stages::{Exploration, ExploreError, Stage, StopReason, explore, explore_watching};
pub use summary::Summary;
