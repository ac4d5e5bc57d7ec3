//! The whole loop: which steps a recipe asks for, what each is made from, and the work itself.
//!
//! [`Plan`] turns a recipe into steps whose artefacts have names before anything is computed; [`run()`] makes those that
//! are missing, in order. A run can be stopped at any unit, or killed, and goes on from what is on disk; the same recipe
//! and seed end in the same artefacts, bit for bit (times stand in the provenance alone).

mod compare;
mod corpus;
mod error;
mod figures;
mod fill_sets;
mod frame;
mod frustration;
mod inputs;
mod landscape;
mod moved;
mod plan;
mod probe;
mod report;
mod run;
mod samples;
mod tasks;
mod terrain;
mod trial;
mod tune;

pub use compare::LeftOut;
pub use corpus::corpus_size;
pub use error::{PipelineError, StepError};
pub use frustration::{ArmFrustration, FRUSTRATION_FILE, FrustrationReport, NETWORKS_FOLDER};
pub use inputs::Inputs;
pub use landscape::{LandscapeSummary, StoredLandscape};
pub use moved::{Moved, moved};
pub use plan::{Plan, PlannedStep, Step, StepState};
pub use probe::RegionProbe;
pub use run::{Event, RunEnd, Sighted, run, run_only};
pub use samples::StoredSamples;
pub use terrain::StoredTerrain;
pub use trial::trial;
pub use tune::divergence;
