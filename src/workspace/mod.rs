//! The study: a folder that holds one document, the immutable artefacts made from it, and the scores of its runs.
//!
//! ```text
//! study.toml                 the document: recipe, regions, selections, layout
//! study.lock                 held by the instance that may write
//! history.jsonl              undo and redo
//! scores.sqlite              runs and scores, searchable
//! artefacts/<kind>-<hash>/   provenance.toml and the files it lists; never changed once there
//! work/<kind>-<hash>/        what a step under way needs to go on after an interruption
//! report.html                the report with the times of its stages, for people to open
//! ```
//!
//! An artefact is named by the hash of its kind, its parents' names, its inputs' digests and its parameters. So the name
//! that a step *should* have follows from the document alone; where the document shows another one, it is stale.
//!
//! Nothing here knows a screen, starts a thread or reads the environment.

pub mod artefact;
mod bounds;
pub mod checkpoints;
mod copy;
pub mod document;
mod error;
pub mod files;
mod history;
mod lock;
mod migrations;
pub mod molecules;
mod npy;
pub mod parameters;
pub mod pipeline;
pub mod recipe;
pub mod regions;
pub mod scores;
mod staging;
mod study;
pub mod times;
mod upkeep;

pub use artefact::{Artefact, ArtefactId, ArtefactKind, FileRecord, Provenance, StopReason};
pub use document::{Document, NamedRegion, RegionDefinition, Selection};
pub use error::{Damage, StudyError, is_disk_full};
pub use history::History;
pub use molecules::{MoleculeTable, NumericColumn, Points};
pub use npy::write_npy_f32;
pub use recipe::Recipe;
pub use scores::{RunRow, ScoreQuery, ScoreRow, Scores};
pub use staging::{ArtefactRequest, Staging};
pub use study::{Access, Listing, ReadOnlyReason, Study};
pub use upkeep::{CheckReport, Fault, Pruned};
