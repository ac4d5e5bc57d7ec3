//! Ctrl-C as a request to stop at the next unit of work.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use super::CliError;

/// Set by the first Ctrl-C (or a request to terminate); a second ends the process at once.
static IS_ASKED: AtomicBool = AtomicBool::new(false);

/// The watch over Ctrl-C, for a command that keeps what it has.
pub(super) struct Interrupt(&'static AtomicBool);

impl Interrupt {
    /// Begins to watch. Once a process.
    pub(super) fn watch() -> Result<Self, CliError> {
        let watched = ctrlc::try_set_handler(|| {
            if IS_ASKED.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
            tell!("\nstopping; again to stop at once");
        });
        match watched {
            Ok(()) | Err(ctrlc::Error::MultipleHandlers) => Ok(Self(&IS_ASKED)),
            Err(error) => Err(error.into()),
        }
    }

    /// What an observer answers.
    pub(super) fn flow(&self) -> ControlFlow<()> {
        if self.0.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
