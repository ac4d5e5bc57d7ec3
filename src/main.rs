//! The `fillscape` program: a thin shell over the library. Without an argument it opens the window.

#[cfg(feature = "gui")]
use std::path::Path;
use std::process::ExitCode;

use fillscape::cli::Shell;
#[cfg(feature = "gui")]
use fillscape::cli::WindowError;

/// Molecules are many small allocations: this allocator makes reading them a fifth faster than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    #[cfg(feature = "gui")]
    if std::env::args_os().len() == 1 {
        return open_window();
    }
    #[cfg(feature = "gui")]
    let shell = Shell { show_study: Some(show_study), bench_ui: fillscape::app::bench_ui };
    #[cfg(not(feature = "gui"))]
    let shell = Shell { show_study: None };
    fillscape::cli::main(&shell)
}

/// Opens the window; where there can be none, says why and what to do instead.
#[cfg(feature = "gui")]
fn open_window() -> ExitCode {
    match fillscape::app::launch(None) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write;
            let _ = writeln!(std::io::stderr(), "fillscape: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Shows a study in the window until it is closed.
#[cfg(feature = "gui")]
fn show_study(folder: &Path) -> Result<(), WindowError> {
    use fillscape::app::LaunchError;
    fillscape::app::launch(Some(folder)).map_err(|error| match error {
        LaunchError::NoDisplay | LaunchError::NoAdapter => WindowError::Impossible(error.to_string()),
        LaunchError::Window { .. } => WindowError::Failed(error.to_string()),
    })
}
