//! What a long command shows while it works: a bar on a terminal, a line now and then elsewhere; Ctrl-C asks it to stop
//! at the next unit.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::{CliError, Output};
use crate::jobs::Progress;

/// Between lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Watches a long computation.
pub(super) struct Watch {
    bar: Option<ProgressBar>,
    is_quiet: bool,
    last_line: Instant,
    stage: String,
    is_asked_to_stop: Arc<AtomicBool>,
}

impl Watch {
    pub fn new(out: Output) -> Result<Self, CliError> {
        let is_asked_to_stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&is_asked_to_stop);
        ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))
            .map_err(|error| format!("could not listen for Ctrl-C: {error}"))?;
        let bar = if std::io::stderr().is_terminal() && !out.json {
            let bar = ProgressBar::new(0);
            bar.set_style(ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} [{elapsed} < {eta}]")?);
            Some(bar)
        } else {
            None
        };
        Ok(Self { bar, is_quiet: out.json, last_line: Instant::now(), stage: String::new(), is_asked_to_stop })
    }

    /// Shows progress and says whether to go on.
    pub fn observe(&mut self, progress: &Progress) -> ControlFlow<()> {
        let message = format!("{} {}", progress.stage, progress.detail);
        if let Some(bar) = &self.bar {
            bar.set_length(progress.total.unwrap_or(0));
            bar.set_position(progress.done);
            bar.set_message(message);
        } else if !self.is_quiet && (self.stage != progress.stage || self.last_line.elapsed() > LINE_EVERY) {
            let total = progress.total.map_or(String::new(), |total| format!(" of {total}"));
            tell!("{message}: {}{total}", progress.done);
            self.last_line = Instant::now();
            progress.stage.clone_into(&mut self.stage);
        }
        if self.is_asked_to_stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
