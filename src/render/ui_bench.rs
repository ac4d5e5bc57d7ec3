//! What a measurement of the window under load found: plain values, filled in by the window and printed by the command.

use super::frame_times::FrameSummary;
use serde::Serialize;
use std::path::PathBuf;

/// The longest frame that is good, in seconds.
pub const FRAME_LIMIT: f32 = 0.033;

/// Frames while something ran.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UiPhase {
    /// What ran.
    pub name: String,
    /// How long it was measured, in seconds.
    pub seconds: f32,
    /// Work of the thread that draws, from the start of a frame to its last shape.
    pub work: FrameSummary,
    /// The part of it that the thread was on a processor; none where the system does not tell.
    pub on_cpu: Option<FrameSummary>,
    /// From the start of a frame to the start of the next: what a person sees, waiting for screen and processor included.
    pub interval: FrameSummary,
}

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UiBench {
    /// The adapter that drew.
    pub adapter: String,
    /// Threads of the machine.
    pub threads: usize,
    /// Width and height of the window, in points.
    pub size: [f32; 2],
    /// Molecules on the map.
    pub n_molecules: usize,
    /// In the order they ran.
    pub phases: Vec<UiPhase>,
    /// What went wrong, if something did.
    pub problem: Option<String>,
}

/// Measures the window on a copy of the study in this folder; the bundled one when left out.
pub type RunUiBench = fn(Option<PathBuf>) -> Result<UiBench, Box<dyn std::error::Error + Send + Sync>>;
