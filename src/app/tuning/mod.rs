//! Steps 4 and 5 without their drawing: settings, jobs, what runs tell, and what comes of them.

mod apply;
mod draft;
mod live;
mod moved;
mod work;

use std::path::PathBuf;

pub use draft::{Draft, WATCHED_POINTS, region_of, region_words};
pub use live::{Curve, Live, LiveRun};
pub use moved::BeforeAfter;
pub use work::{Estimate, Request, Work, scratch_folder};

use crate::train::tune::TuneParams;
use crate::workspace::ArtefactId;
use crate::workspace::pipeline::RunEnd;

/// Wishes of steps 4 and 5.
#[derive(Debug, Clone, PartialEq)]
pub enum TuningAction {
    /// Make something of the study; it waits for its turn when something runs.
    Run(Request),
    /// Try a few steps with these settings.
    Estimate(Box<TuneParams>),
    /// Encode the molecules of the map with a tuned checkpoint.
    Compare(ArtefactId),
    /// Write the report, its tables and figures into a new folder.
    ExportReport(PathBuf),
}

/// What the jobs of steps 4 and 5 come to.
#[derive(Debug)]
pub enum TuningEvent {
    /// Something of the study in this folder was made.
    Made(PathBuf, Work, Result<RunEnd, String>),
    /// A trial was made with these settings; none when it was stopped.
    Estimated(Box<TuneParams>, Result<Option<Estimate>, String>),
    /// Molecules were encoded with a tuned checkpoint; none when it was stopped.
    Moved(u64, Result<Option<BeforeAfter>, String>),
    /// The report was written, with so many files.
    ReportExported(PathBuf, Result<usize, String>),
}

/// What steps 4 and 5 know beside the study.
#[derive(Debug, Default)]
pub struct TuningState {
    /// What tunings tell while they run.
    pub live: Live,
    /// The latest trial, with the settings it was made with.
    pub estimate: Option<(TuneParams, Estimate)>,
    /// The molecules before and after.
    pub moved: Option<BeforeAfter>,
    /// Why there is no such thing.
    pub problem: Option<String>,
}
