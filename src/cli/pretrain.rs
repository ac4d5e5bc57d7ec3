//! `fillscape model pretrain`: train a model of our own from a recipe.

use std::ops::ControlFlow;
use std::path::PathBuf;

use candle_core::DType;
use indicatif::{ProgressBar, ProgressStyle};

use super::{CliError, Output};
use crate::jobs::Progress;
use crate::train::run_state::RunState;
use crate::train::{Pretraining, Recipe, StopReason};

/// Train a SELFIES-TED model of your own from a recipe
///
/// The run saves itself in the work folder every few minutes. Started again with the same recipe it goes on from there,
/// bit for bit as if it had never stopped; a finished run goes on when stages are added to the end of its recipe.
#[derive(Debug, clap::Args)]
pub struct PretrainCommand {
    /// What to train: corpus, sizes, stages (TOML)
    recipe: PathBuf,
    /// Folder that the recipe's corpus files are in
    #[arg(long, default_value = ".")]
    data: PathBuf,
    /// Folder for the state and the log of the run
    #[arg(long)]
    work: PathBuf,
    /// Folder for the finished model
    #[arg(long)]
    out: PathBuf,
    /// Save the model in full precision instead of half
    #[arg(long)]
    full: bool,
    /// Do not train on: save and measure the model as the state in the work folder has it
    #[arg(long)]
    no_training: bool,
}

impl PretrainCommand {
    /// Runs the command.
    ///
    /// # Errors
    /// What the run, or saving its model, reports.
    pub fn run(&self, out: &Output) -> Result<(), CliError> {
        let recipe = Recipe::read(&self.recipe)?;
        let pretraining = Pretraining::prepare(recipe, &self.data)?;
        let (train, valid, n_tokens) = pretraining.sizes();
        if !out.json {
            tell!("{} molecules to train on, {} to validate on, {n_tokens} tokens", train.len(), valid.len());
            for (name, corpus) in [("training", train), ("validation", valid)] {
                let (long, unknown) = (corpus.n_long, corpus.n_unknown);
                tell!("left out of {name}: {long} too long, {unknown} with rare symbols");
            }
        }
        let mut state = if self.no_training { pretraining.saved(&self.work)? } else { self.train(&pretraining)? };
        if !state.position.projectors_started {
            pretraining.checkpoint(&state)?.save(&self.out, None)?;
            tell!("saved a model without projectors, as no stage trained them yet: {}", self.out.display());
            return Ok(());
        }
        let checkpoint = pretraining.finish(&mut state)?;
        checkpoint.save(&self.out, (!self.full).then_some(DType::F16))?;
        let saved = crate::model::Checkpoint::open(&self.out)?;
        let record = pretraining.evaluate(&saved, None, 1000)?;
        let text = serde_json::to_string_pretty(&record)?;
        say!("{text}");
        Ok(())
    }

    fn train(&self, pretraining: &Pretraining) -> Result<RunState, CliError> {
        let bar = ProgressBar::new(0);
        bar.set_style(ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} [{elapsed} < {eta}]")?);
        let mut observe = |progress: Progress| {
            bar.set_length(progress.total.unwrap_or(0));
            bar.set_position(progress.done);
            bar.set_message(format!("{} {}", progress.stage, progress.detail));
            ControlFlow::Continue(())
        };
        let outcome = pretraining.run(&self.work, &mut observe)?;
        bar.finish_and_clear();
        match outcome.stop_reason {
            StopReason::Diverged { step, what } => Err(format!(
                "the run diverged at step {step}: {what}; the state of the last save is kept, try a lower learning rate"
            )
            .into()),
            _ => Ok(outcome.state),
        }
    }
}
