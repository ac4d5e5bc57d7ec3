//! `fillscape tune`: continued pretraining on a fill set.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::model::resolve;
use super::rows::Reading;
use super::watch::Watch;
use super::{CliError, Output, WrongUsage};
use crate::chem::files::map_in_order;
use crate::chem::selfies;
use crate::train::StopReason;
use crate::train::tune::{
    Clustering, EarlyStop, LoraParams, PrototypeParams, ReplayParams, Strategy, TuneParams, Tuned, Tuning,
};

/// Step 4, tuning: continue the pretraining of a model on a fill set
///
/// The result is a folder that opens like any other model, with log.csv (a row a step) and tuning.json. Ctrl-C saves
/// the run; the same command goes on from there, bit for bit as if it had never stopped.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fillscape tune assets/model --fill fill_set.csv --validation held_out.smi --out tuned
  fillscape tune assets/model --fill fill_set.csv --preset paper --seed 1 --out tuned-1
  fillscape tune assets/model --fill fill_set.csv --strategy replay --corpus zinc.smi.gz --ratio 2 --out replayed
  fillscape tune assets/model --fill fill_set.csv --strategy lora --rank 16 --learning-rate 1e-3 --out adapted")]
pub struct TuneCommand {
    /// The model to start from: a folder, a hub id (owner/name), or “bundled”
    model: String,
    /// The fill set: a table with a column selfies or SMILES, a .smi file, or with --selfies a SELFIES a line
    #[arg(long)]
    fill: PathBuf,
    /// Molecules of the pretraining corpus, for replay, pseudolabels and prototypes (repeatable)
    #[arg(long)]
    corpus: Vec<PathBuf>,
    /// Held-out molecules of the corpus: what the model forgets is measured on them
    #[arg(long)]
    validation: Option<PathBuf>,
    /// The files hold a SELFIES a line instead of SMILES
    #[arg(long)]
    selfies: bool,
    /// Folder for the tuned model; a run that was stopped there goes on
    #[arg(long)]
    out: PathBuf,
    /// Published settings to start from
    #[arg(long, value_enum, default_value = "script")]
    preset: Preset,
    /// Settings from a TOML file instead of a preset
    #[arg(long, conflicts_with = "preset")]
    params: Option<PathBuf>,
    /// What learns
    #[arg(long, value_enum)]
    strategy: Option<StrategyName>,
    /// Seed of masks, order, replay and adapters
    #[arg(long)]
    seed: Option<u64>,
    /// Passes over the fill set, at most
    #[arg(long)]
    epochs: Option<u64>,
    /// Molecules a step
    #[arg(long)]
    batch_size: Option<usize>,
    /// Highest learning rate
    #[arg(long)]
    learning_rate: Option<f64>,
    /// Stop after so many validations without a better loss
    #[arg(long)]
    patience: Option<u32>,
    /// Rank of the adapters
    #[arg(long)]
    rank: Option<usize>,
    /// Scale of the adapters times their rank
    #[arg(long)]
    alpha: Option<f32>,
    /// Corpus molecules for each fill-set molecule
    #[arg(long)]
    ratio: Option<f64>,
    /// Weight of the second loss term
    #[arg(long)]
    weight: Option<f32>,
    /// Weight of the distance to the prototypes
    #[arg(long)]
    lambda: Option<f32>,
    /// Prototypes by a mixture of Gaussians instead of k-means
    #[arg(long)]
    mixture: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Preset {
    /// One epoch, as the published script
    Script,
    /// Up to 50 epochs with early stopping, as the paper
    Paper,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum StrategyName {
    Full,
    FreezeEncoder,
    LastDecoderLayer,
    Lora,
    Replay,
    Pseudolabels,
    ReplayLora,
    Prototypes,
}

impl TuneCommand {
    /// Runs the command.
    ///
    /// # Errors
    /// Files that cannot be read; what the tuning reports.
    pub fn run(&self, out: Output) -> Result<(), CliError> {
        let params = self.params()?;
        let fill = self.texts(&self.fill)?;
        let mut corpus = Vec::new();
        for path in &self.corpus {
            corpus.extend(self.texts(path)?);
        }
        let validation = self.validation.as_deref().map_or(Ok(Vec::new()), |path| self.texts(path))?;
        let tuning = Tuning::prepare(&resolve(&self.model, &out)?, [&fill, &corpus, &validation], &params)?;
        let mut watch = Watch::new(out)?;
        let tuned = tuning.run(&self.out, &mut |progress| watch.observe(&progress), &mut |_| {})?;
        watch.finish();
        if out.json {
            say!("{}", serde_json::to_string_pretty(&tuned)?);
        } else {
            self.report(&tuned);
        }
        match &tuned.stop_reason {
            StopReason::Diverged { step, what } => {
                Err(format!("the run diverged at step {step}: {what}; try a lower learning rate").into())
            }
            _ => Ok(()),
        }
    }

    fn report(&self, tuned: &Tuned) {
        let folder = self.out.display();
        let left_out = tuned.fill.n_long + tuned.fill.n_unknown;
        say!("{} fill-set molecules, {left_out} left out", tuned.fill.n_used);
        say!("{} of {} parameters learned", tuned.n_trained[0], tuned.n_trained[1]);
        if let (Some(before), Some(after)) = (tuned.before, tuned.after) {
            say!(
                "held-out molecules: loss {:.4} -> {:.4}, masked tokens predicted {:.2} % -> {:.2} %",
                before.loss,
                after.loss,
                100.0 * before.masked_accuracy,
                100.0 * after.masked_accuracy
            );
        }
        match tuned.stop_reason {
            StopReason::Finished => say!("{} steps; saved: {folder}", tuned.steps),
            StopReason::EarlyStop { step } => {
                say!("stopped early at step {step}, kept step {}; saved: {folder}", tuned.kept_step);
            }
            StopReason::Cancelled => {
                say!("paused at step {}; the same command goes on: {folder}", tuned.steps);
            }
            StopReason::Diverged { .. } => {}
        }
    }

    fn params(&self) -> Result<TuneParams, CliError> {
        let mut params = match (&self.params, self.preset) {
            (Some(path), _) => {
                let text =
                    std::fs::read_to_string(path).map_err(|e| format!("could not read {}: {e}", path.display()))?;
                toml::from_str(&text).map_err(|e| format!("could not understand {}: {e}", path.display()))?
            }
            (None, Preset::Script) => TuneParams::script(),
            (None, Preset::Paper) => TuneParams::paper(),
        };
        if let Some(name) = self.strategy {
            params.strategy = self.named(name);
        }
        let needs_corpus = !matches!(
            params.strategy,
            Strategy::Full | Strategy::FreezeEncoder | Strategy::LastDecoderLayer | Strategy::Lora(_)
        );
        if !self.corpus.is_empty() && !needs_corpus {
            let what = "--corpus would be ignored: it acts only with a strategy of replay, pseudolabels or prototypes";
            return Err(WrongUsage(what.to_owned()).into());
        }
        params.seed = self.seed.unwrap_or(params.seed);
        params.epochs = self.epochs.unwrap_or(params.epochs);
        params.batch_size = self.batch_size.unwrap_or(params.batch_size);
        params.schedule.learning_rate = self.learning_rate.unwrap_or(params.schedule.learning_rate);
        if let Some(patience) = self.patience {
            params.early_stop = Some(EarlyStop { patience, ..params.early_stop.unwrap_or_default() });
        }
        Ok(params)
    }

    fn named(&self, name: StrategyName) -> Strategy {
        let lora = LoraParams {
            rank: self.rank.unwrap_or(LoraParams::default().rank),
            alpha: self.alpha.unwrap_or(LoraParams::default().alpha),
        };
        let replay = ReplayParams {
            ratio: self.ratio.unwrap_or(ReplayParams::default().ratio),
            weight: self.weight.unwrap_or(ReplayParams::default().weight),
        };
        let prototypes = PrototypeParams {
            clustering: if self.mixture { Clustering::GaussianMixture } else { Clustering::KMeans },
            lambda: self.lambda.unwrap_or(PrototypeParams::default().lambda),
            ..PrototypeParams::default()
        };
        match name {
            StrategyName::Full => Strategy::Full,
            StrategyName::FreezeEncoder => Strategy::FreezeEncoder,
            StrategyName::LastDecoderLayer => Strategy::LastDecoderLayer,
            StrategyName::Lora => Strategy::Lora(lora),
            StrategyName::Replay => Strategy::Replay(replay),
            StrategyName::Pseudolabels => Strategy::Pseudolabels(replay),
            StrategyName::ReplayLora => Strategy::ReplayLora { replay, lora },
            StrategyName::Prototypes => Strategy::Prototypes(prototypes),
        }
    }

    /// Molecules of a file as SELFIES; rows that are none are counted on standard error.
    fn texts(&self, path: &Path) -> Result<Vec<String>, CliError> {
        if self.selfies {
            let text = std::fs::read_to_string(path).map_err(|e| format!("could not read {}: {e}", path.display()))?;
            return Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect());
        }
        let how = Reading::default();
        let reader = how.open(path)?;
        let notes = reader.notes();
        let column = reader.columns().iter().position(|head| head.trim().eq_ignore_ascii_case("selfies"));
        let rows = map_in_order(reader, |row| {
            let record = row.ok()?;
            match column.and_then(|column| record.fields.get(column)).filter(|text| !text.trim().is_empty()) {
                Some(text) => Some(text.clone()),
                None => selfies::encode(&record.text).ok(),
            }
        });
        let rows: Vec<Option<String>> = rows.collect();
        how.close(&notes, path)?;
        let n_bad = rows.iter().filter(|row| row.is_none()).count();
        if n_bad > 0 {
            tell!("left out {n_bad} of {} rows that are no molecule: {}", rows.len(), path.display());
        }
        Ok(rows.into_iter().flatten().collect())
    }
}
