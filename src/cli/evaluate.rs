//! `fillscape evaluate` and `fillscape compare`: what simple learners make of the embeddings of models.

use std::path::{Path, PathBuf};

use clap::Args;

use super::model::resolve;
use super::watch::Watch;
use super::{CliError, Output};
use crate::atomic_file;
use crate::evaluate::comparison::{Folds, RoughnessParams};
use crate::evaluate::task::SplitParams;
use crate::evaluate::{
    Comparison, ComparisonParams, Learner, NamedModel, Task, TaskError, TaskParams, compare, report,
};

/// Tasks and learners, shared by both commands.
#[derive(Debug, Args)]
struct EvaluateFlags {
    /// Tasks: folders with train, valid and test tables, single tables, or a folder of such folders
    #[arg(long, required = true, num_args = 1.., value_name = "PATH")]
    tasks: Vec<PathBuf>,
    /// Label columns, where neither the files nor the names of MoleculeNet tell them (one task only)
    #[arg(long, value_delimiter = ',')]
    labels: Vec<String>,
    /// How single tables are split: given (a column split, else at random), random or scaffold
    #[arg(long, default_value = "given")]
    split: String,
    /// Learners: trees, linear, neighbours, svr
    #[arg(long, value_delimiter = ',', default_value = "trees,linear")]
    learners: Vec<String>,
    /// Seeds of learners, and of folds with --resample
    #[arg(long, value_delimiter = ',', default_value = "0,1,2")]
    seeds: Vec<u64>,
    /// Draw new splits of the same sizes for every seed but the first
    #[arg(long)]
    resample: bool,
    /// Do not compute ROGI and ROGI-XD
    #[arg(long)]
    no_roughness: bool,
    /// Folder where embeddings are kept
    #[arg(long, default_value = "embeddings")]
    cache: PathBuf,
    /// Folder for scores.csv, scores.parquet, comparison.json, table.tex and report.html
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Step 5, scores: score a model on labelled tasks
///
/// Features are the model's pooled embeddings. Rows that hold no molecule or no label are left out and counted.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fillscape evaluate assets/model --tasks moleculenet/bace moleculenet/esol
  fillscape evaluate assets/model --tasks my.csv --labels activity --split scaffold --learners svr")]
pub struct EvaluateCommand {
    /// A folder, a hub id (owner/name), or “bundled”
    model: String,
    #[command(flatten)]
    flags: EvaluateFlags,
}

/// Step 5, comparison: score models on the same folds and say what can be told apart
///
/// Each arm is compared with the base, and the first arm with each of the others. Differences are relative, positive is
/// better, with bootstrap intervals over test molecules and seeds and a permutation test, corrected by Holm.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fillscape compare assets/model --with fill=tuned --with random=control --tasks moleculenet --out comparison
  fillscape compare assets/model --with fill@0=tuned-0 --with fill@1=tuned-1 --seeds 0,1 --tasks moleculenet/bace")]
pub struct CompareCommand {
    /// The base model: a folder, a hub id (owner/name), or “bundled”
    base: String,
    /// A model and what was done to it, NAME=FOLDER, or NAME@SEED=FOLDER for one checkpoint a seed (repeatable)
    #[arg(long = "with", required = true, value_name = "NAME[@SEED]=FOLDER")]
    with: Vec<String>,
    #[command(flatten)]
    flags: EvaluateFlags,
}

impl EvaluateCommand {
    /// Runs the command.
    ///
    /// # Errors
    /// Models or tasks that cannot be used; files that cannot be written.
    pub fn run(&self, out: Output) -> Result<(), CliError> {
        let path = resolve(&self.model, &out)?;
        self.flags.run(&[NamedModel { arm: "base".to_owned(), seed: None, path }], out)
    }
}

impl CompareCommand {
    /// Runs the command.
    ///
    /// # Errors
    /// As [`EvaluateCommand::run`].
    pub fn run(&self, out: Output) -> Result<(), CliError> {
        let mut models = vec![NamedModel { arm: "base".to_owned(), seed: None, path: resolve(&self.base, &out)? }];
        for text in &self.with {
            models.push(named_model(text, &out)?);
        }
        self.flags.run(&models, out)
    }
}

fn named_model(text: &str, out: &Output) -> Result<NamedModel, CliError> {
    let wrong = || format!("could not read {text:?}, expected NAME=FOLDER or NAME@SEED=FOLDER");
    let (name, path) = text.split_once('=').ok_or_else(wrong)?;
    let (arm, seed) = match name.split_once('@') {
        Some((arm, seed)) => (arm, Some(seed.parse().map_err(|_| wrong())?)),
        None => (name, None),
    };
    if arm.is_empty() || arm == "base" || path.is_empty() {
        return Err(format!("{}; the name may not be empty or “base”", wrong()).into());
    }
    Ok(NamedModel { arm: arm.to_owned(), seed, path: resolve(path, out)? })
}

impl EvaluateFlags {
    fn run(&self, models: &[NamedModel], out: Output) -> Result<(), CliError> {
        let params = self.params()?;
        let tasks = self.open_tasks(out)?;
        let mut watch = Watch::new(out)?;
        let comparison = compare(models, &tasks, &params, &self.cache, &mut |progress| watch.observe(&progress))?;
        watch.finish();
        if let Some(folder) = &self.out {
            write(&comparison, folder)?;
        }
        if out.json {
            say!("{}", serde_json::to_string_pretty(&comparison)?);
        } else {
            print(&comparison);
        }
        Ok(())
    }

    fn params(&self) -> Result<ComparisonParams, CliError> {
        let learner = |name: &String| {
            Learner::named(name.trim()).ok_or_else(|| {
                let names: Vec<&str> = Learner::all().iter().map(Learner::name).collect();
                format!("there is no learner {name:?}, expected one of {}", names.join(", "))
            })
        };
        Ok(ComparisonParams {
            seeds: self.seeds.clone(),
            learners: self.learners.iter().map(learner).collect::<Result<_, _>>()?,
            folds: if self.resample { Folds::Resampled } else { Folds::Given },
            roughness: (!self.no_roughness).then(RoughnessParams::default),
            ..ComparisonParams::default()
        })
    }

    fn open_tasks(&self, out: Output) -> Result<Vec<Task>, CliError> {
        let split = match self.split.as_str() {
            "given" => SplitParams::Given,
            "random" => SplitParams::Random { train: 0.8, valid: 0.1, seed: 0 },
            "scaffold" => SplitParams::Scaffold { train: 0.8, valid: 0.1 },
            other => return Err(format!("there is no split {other:?}, expected given, random or scaffold").into()),
        };
        let params = TaskParams { labels: self.labels.clone(), split, ..TaskParams::default() };
        let mut tasks = Vec::new();
        for path in &self.tasks {
            match Task::open_with(path, &params) {
                Ok(task) => tasks.push(task),
                Err(TaskError::NoFiles { .. }) if path.is_dir() => {
                    let found = open_each(path, &params)?;
                    if found.is_empty() {
                        return Err(TaskError::NoFiles { path: path.clone() }.into());
                    }
                    tasks.extend(found);
                }
                Err(error) => return Err(error.into()),
            }
        }
        for task in &tasks {
            for note in &task.notes {
                tell!("{}: {note}", task.name);
            }
        }
        if !out.json {
            for task in &tasks {
                let [train, valid, test] = task.fold.parts().map(|(_, rows)| rows.len());
                let (name, n_bad) = (&task.name, task.bad_rows.len());
                tell!("{name}: {train} + {valid} + {test} molecules, {n_bad} rows left out");
                for row in task.bad_rows.iter().take(3) {
                    tell!("  {row}");
                }
            }
        }
        Ok(tasks)
    }
}

/// The tasks below a folder, by name; those that cannot be opened are named on standard error.
fn open_each(path: &Path, params: &TaskParams) -> Result<Vec<Task>, CliError> {
    let list = || -> std::io::Result<Vec<PathBuf>> {
        let mut folders = Vec::new();
        for entry in std::fs::read_dir(path)? {
            let entry = entry?.path();
            if entry.is_dir() {
                folders.push(entry);
            }
        }
        folders.sort();
        Ok(folders)
    };
    let folders = list().map_err(|e| format!("could not look into {}: {e}", path.display()))?;
    let mut tasks = Vec::new();
    for folder in folders {
        match Task::open_with(&folder, params) {
            Ok(task) => tasks.push(task),
            Err(error) => tell!("passed over: {error}"),
        }
    }
    Ok(tasks)
}

fn write(comparison: &Comparison, folder: &Path) -> Result<(), CliError> {
    std::fs::create_dir_all(folder).map_err(|e| format!("could not make {}: {e}", folder.display()))?;
    atomic_file::write(folder.join("scores.csv"), report::csv(comparison))?;
    atomic_file::write(folder.join("scores.parquet"), report::parquet(comparison)?)?;
    atomic_file::write(folder.join("comparison.json"), serde_json::to_string_pretty(comparison)?)?;
    atomic_file::write(folder.join("table.tex"), report::latex(comparison))?;
    atomic_file::write(folder.join("report.html"), report::html(comparison))?;
    Ok(())
}

fn print(comparison: &Comparison) {
    let arms = comparison.arms();
    say!("task\tmetric\tlearner\t{}", arms.join("\t"));
    for task in &comparison.tasks {
        for learner in &comparison.params.learners {
            let value = |arm: &&str| comparison.mean_score(arm, learner.name(), &task.name);
            let values = arms.iter().map(|arm| value(arm).map_or("no value".to_owned(), |v| format!("{v:.4}")));
            let values = values.collect::<Vec<_>>().join("\t");
            say!("{}\t{}\t{}\t{values}", task.name, task.metric, learner.name());
        }
    }
    for difference in &comparison.differences {
        say!("{}", difference.sentence());
    }
    for pooled in &comparison.pooled {
        say!("{}", pooled.sentence());
    }
    if !comparison.is_complete {
        say!("stopped before its end; embeddings are kept, and the same command begins with them");
    }
}
