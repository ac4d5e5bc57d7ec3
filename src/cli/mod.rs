//! The commands: flags into parameters, progress bars, tables out. One file a command group.

#[macro_use]
mod stdout;

#[cfg(feature = "gui")]
mod bench;
#[cfg(feature = "gui")]
mod bench_network;
mod depict;
mod doctor;
mod encode;
mod evaluate;
mod fill;
mod fill_set;
mod inert;
mod interrupt;
mod landscape;
#[cfg(feature = "gui")]
mod lesson;
mod library;
mod model;
mod mol;
mod npy_rows;
mod pretrain;
mod project;
#[cfg(feature = "gui")]
mod render;
mod response_file;
mod rows;
mod study;
mod surface;
mod tune;
mod watch;

use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// How results are printed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Output {
    /// Machine-readable results on standard output.
    pub json: bool,
}

/// Shows the study in a folder in a window and returns when it is closed. The commands know no window: whoever starts
/// them hands one in, if there is one.
pub type ShowStudy = fn(&Path) -> Result<(), WindowError>;

/// Why a study was not shown in a window.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// There can be none here: no display, no adapter.
    #[error("{0}")]
    Impossible(String),
    /// There should be one, but it failed.
    #[error("{0}")]
    Failed(String),
}

/// Why a command failed; becomes one line on standard error and exit code 1.
pub type CliError = Box<dyn std::error::Error + Send + Sync>;

/// Flags that contradict what a file says, found when it is read; exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WrongUsage(pub String);

/// Fill-tuning of molecular foundation models: see where a latent space is rough, generate molecules there, tune, compare.
#[derive(Debug, Parser)]
#[command(name = "fillscape", version, arg_required_else_help = true)]
struct Arguments {
    /// Print results as JSON
    #[arg(long, global = true)]
    json: bool,
    /// Say more on standard error (-v, -vv, -vvv)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

// In the order of the steps: `--help` lists them so.
#[derive(Debug, Subcommand)]
enum Command {
    /// Molecules: canonical forms, SELFIES, fingerprints, descriptors, similarity, depiction, library
    Mol(mol::MolCommand),
    /// Step 1, models: open, encode, decode, measure, fetch, convert and train foundation models
    Model(model::ModelCommand),
    Surface(surface::SurfaceCommand),
    Landscape(landscape::LandscapeCommand),
    Fill(fill::FillCommand),
    Tune(tune::TuneCommand),
    Evaluate(evaluate::EvaluateCommand),
    Compare(evaluate::CompareCommand),
    Study(study::StudyCommand),
    Project(project::ProjectCommand),
    #[cfg(feature = "gui")]
    Render(render::RenderCommand),
    #[cfg(feature = "gui")]
    Bench(bench::BenchCommand),
    #[cfg(feature = "gui")]
    Lesson(lesson::LessonCommand),
    Doctor(doctor::DoctorCommand),
}

/// What commands borrow from the window, which they do not know.
#[derive(Debug, Clone, Copy)]
pub struct Shell {
    /// Shows a study; none where the program was built without a window.
    pub show_study: Option<ShowStudy>,
    /// Measures the window under load.
    #[cfg(feature = "gui")]
    pub bench_ui: crate::render::RunUiBench,
}

/// Runs the command line of this process.
///
/// Exit codes: 0 done, 1 failed, 2 wrong usage.
pub fn main(shell: &Shell) -> ExitCode {
    let arguments = match parse() {
        Ok(arguments) => arguments,
        Err(usage) => return say_usage(&usage),
    };
    start_log(arguments.verbose);
    let out = Output { json: arguments.json };
    let result = match arguments.command {
        Command::Mol(command) => command.run(out),
        Command::Model(command) => command.run(out),
        Command::Surface(command) => command.run(out),
        Command::Landscape(command) => command.run(out),
        Command::Fill(command) => command.run(out),
        Command::Tune(command) => command.run(out),
        Command::Evaluate(command) => command.run(out),
        Command::Compare(command) => command.run(out),
        Command::Study(command) => command.run(out, shell.show_study),
        Command::Project(command) => command.run(out),
        #[cfg(feature = "gui")]
        Command::Render(command) => command.run(out),
        #[cfg(feature = "gui")]
        Command::Bench(command) => command.run(out, shell.bench_ui),
        #[cfg(feature = "gui")]
        Command::Lesson(command) => command.run(out),
        Command::Doctor(command) => command.run(out),
    };
    match result {
        Ok(()) => close_stdout(ExitCode::SUCCESS),
        // The reader of our output, `head` for example, has seen enough.
        Err(error) if is_broken_pipe(error.as_ref()) => ExitCode::SUCCESS,
        Err(error) => {
            report(error.as_ref());
            let _ = stdout::close();
            if error.is::<WrongUsage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

/// The arguments of this process, none of which would be ignored.
fn parse() -> Result<Arguments, clap::Error> {
    let matches = command().try_get_matches()?;
    inert::check(&matches).map_err(|what| command().error(clap::error::ErrorKind::ArgumentConflict, what))?;
    <Arguments as clap::FromArgMatches>::from_arg_matches(&matches)
}

/// Help, the version, or what is wrong with the usage.
fn say_usage(usage: &clap::Error) -> ExitCode {
    let written = usage.print();
    if usage.use_stderr() {
        return ExitCode::from(2);
    }
    match written {
        Ok(()) => close_stdout(ExitCode::SUCCESS),
        Err(error) => could_not_write(&error, ExitCode::SUCCESS),
    }
}

/// `code`, unless something could not be written to standard output.
fn close_stdout(code: ExitCode) -> ExitCode {
    stdout::close().map_or_else(|error| could_not_write(&error, code), |()| code)
}

fn could_not_write(error: &std::io::Error, code: ExitCode) -> ExitCode {
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        return code;
    }
    tell!("fillscape: could not write to standard output: {error}");
    ExitCode::FAILURE
}

fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let io = error.downcast_ref::<std::io::Error>();
        if io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Writes an error and its causes to standard error.
fn report(error: &(dyn std::error::Error + 'static)) {
    tell!("fillscape: {error}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        tell!("  because {}", inner as &dyn Display);
        cause = inner.source();
    }
}

fn start_log(verbose: u8) {
    let level = match verbose {
        0 => tracing::Level::WARN,
        1 => tracing::Level::INFO,
        2 => tracing::Level::DEBUG,
        _ => tracing::Level::TRACE,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .without_time()
        .log_internal_errors(false)
        .init();
}

/// The commands and their flags, for whoever documents or tests them.
pub fn command() -> clap::Command {
    <Arguments as clap::CommandFactory>::command()
}
