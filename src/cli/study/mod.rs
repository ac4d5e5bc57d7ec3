//! `fillscape study`: the whole loop in a folder.

mod run;
mod show;
mod tuned;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{CliError, Output, ShowStudy, WindowError};
use crate::workspace::pipeline::{Inputs, Plan};
use crate::workspace::{Access, Document, Recipe, Study};

/// Studies: the whole loop from a checkpoint to a table of paired differences, in a folder that can be resumed
#[derive(Debug, Args)]
pub struct StudyCommand {
    #[command(subcommand)]
    command: StudySubcommand,
}

#[derive(Debug, Subcommand)]
enum StudySubcommand {
    /// Make a study from a recipe without running it
    #[command(after_help = "Example: fillscape study new my-study --recipe examples/quick.toml")]
    New(run::NewCommand),
    /// Open a study in the window; with --facts or without a display, say what it holds and whether it can be changed
    #[command(after_help = "Examples:\n  fillscape study open my-study\n  fillscape study open my-study --facts")]
    Open(show::OpenCommand),
    /// Run a recipe, or go on with a study; Ctrl-C pauses, the same command resumes
    #[command(after_help = "Example: fillscape study run examples/quick.toml --into my-study")]
    Run(run::RunCommand),
    /// Where every step stands: empty, ready, begun, done or stale
    #[command(after_help = "Example: fillscape study status my-study")]
    Status(show::StatusCommand),
    /// Find damaged and missing artefacts by their hashes and say what to recompute; exit code 1 when there are some
    #[command(after_help = "Example: fillscape study check my-study")]
    Check(show::CheckCommand),
    /// Remove artefacts that nothing refers to any more
    #[command(after_help = "Example: fillscape study prune my-study --dry-run")]
    Prune(show::PruneCommand),
    /// Copy report, tables, figures, sets and provenance into a new folder
    #[command(after_help = "Example: fillscape study export my-study --out results")]
    Export(show::ExportCommand),
    /// Copy a study, or the bundled one, into a new folder where it can be changed
    #[command(after_help = "Example: fillscape study copy bundled --into my-study")]
    Copy(show::CopyCommand),
    /// Search the runs of a study: every word must occur in step, artefact, parameters or figures
    #[command(after_help = "Example: fillscape study runs my-study tune fill")]
    Runs(show::RunsCommand),
    /// What a tuning of the recipe will take on this machine, by a trial of a few steps
    #[command(after_help = "Example: fillscape study estimate my-study")]
    Estimate(tuned::EstimateCommand),
    /// The parameters in which the tuned models differ, side by side
    #[command(after_help = "Example: fillscape study differences my-study")]
    Differences(tuned::DifferencesCommand),
    /// Where the molecules go under a tuned checkpoint, on the map of the base model
    #[command(after_help = "Example: fillscape study moved my-study --checkpoint tune-fill-0 --out moved.csv")]
    Moved(tuned::MovedCommand),
}

impl StudyCommand {
    /// Runs the command.
    ///
    /// # Errors
    /// When the study or an input cannot be read or written, or a step fails.
    pub fn run(&self, out: Output, window: Option<ShowStudy>) -> Result<(), CliError> {
        match &self.command {
            StudySubcommand::New(command) => command.run(out),
            StudySubcommand::Open(command) => command.run(out, window),
            StudySubcommand::Run(command) => command.run(out),
            StudySubcommand::Status(command) => command.run(out),
            StudySubcommand::Check(command) => command.run(out),
            StudySubcommand::Prune(command) => command.run(out),
            StudySubcommand::Export(command) => command.run(out),
            StudySubcommand::Copy(command) => command.run(out),
            StudySubcommand::Runs(command) => command.run(out),
            StudySubcommand::Estimate(command) => command.run(out),
            StudySubcommand::Differences(command) => command.run(out),
            StudySubcommand::Moved(command) => command.run(out),
        }
    }
}

/// A recipe with its paths made absolute, so that the study can lie anywhere.
fn read_recipe(path: &Path) -> Result<Recipe, CliError> {
    let mut recipe = Recipe::read(path)?;
    let base = path.parent().unwrap_or(Path::new(""));
    let absolute = |inside: &Path| std::path::absolute(base.join(inside));
    if let Some(file) = &mut recipe.corpus.file {
        *file = absolute(file)?;
    }
    for task in &mut recipe.tasks {
        if let Some(path) = &mut task.path {
            *path = absolute(path)?;
        }
    }
    if recipe.model.checkpoint != "bundled" {
        recipe.model.checkpoint = absolute(Path::new(&recipe.model.checkpoint))?.to_string_lossy().into_owned();
    }
    Ok(recipe)
}

/// The inputs of a study.
fn inputs_of(study: &Study) -> Result<Inputs, CliError> {
    let recipe = &study.document().recipe;
    // Only looked for when it is needed: a study of another model works where the bundled one is missing.
    let bundled = if recipe.model.checkpoint == "bundled" { super::model::bundled()? } else { PathBuf::new() };
    Ok(Inputs::read(recipe, &bundled, study.folder())?)
}

/// The plan of a study.
fn plan_of(study: &Study) -> Result<Plan, CliError> {
    Ok(Plan::new(study.document(), &inputs_of(study)?)?)
}

/// Says on standard error when a study can only be looked at.
fn say_access(study: &Study) {
    if let Access::ReadOnly(reason) = study.access() {
        tell!("read-only: {reason}");
    }
}

fn new_document(recipe: Recipe) -> Document {
    Document::new(&recipe.name.clone(), recipe)
}

/// The study beside the program or in the working folder.
pub(super) fn bundled_study() -> Result<PathBuf, CliError> {
    let beside = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned)).into_iter();
    let roots = beside.flat_map(|folder| folder.ancestors().take(4).map(Path::to_owned).collect::<Vec<_>>());
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let candidates = roots.chain([PathBuf::from("."), source]).map(|root| root.join("assets/study"));
    let found = candidates.into_iter().find(|folder| folder.join("study.toml").is_file());
    found.ok_or_else(|| "the bundled study is not beside this program: give the folder of a study".into())
}
