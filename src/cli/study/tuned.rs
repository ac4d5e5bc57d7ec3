//! `fillscape study estimate`, `differences` and `moved`: what a tuning will take, what tells runs apart, and where
//! molecules go under a tuned checkpoint.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{CliError, Output, inputs_of};
use crate::atomic_file;
use crate::cli::watch::Watch;
use crate::projection::{self, ProjectionMethod, ProjectionParams};
use crate::workspace::parameters::side_by_side;
use crate::workspace::pipeline::{moved, trial};
use crate::workspace::{Artefact, ArtefactKind, Points, Study};

/// Neighbours that count for the change of a neighbourhood.
const N_NEIGHBOURS: usize = 10;

/// A folder of this process for what is thrown away.
fn scratch(what: &str) -> PathBuf {
    std::env::temp_dir().join(format!("fillscape-{what}-{}", std::process::id()))
}

#[derive(Debug, Args)]
pub(super) struct EstimateCommand {
    /// The folder of the study
    folder: PathBuf,
    /// A further run of the recipe; the first one when left out
    #[arg(long, value_name = "NAME")]
    run: Option<String>,
}

impl EstimateCommand {
    pub(super) fn run(&self, out: Output) -> Result<(), CliError> {
        let study = Study::open_read_only(&self.folder)?;
        let recipe = &study.document().recipe;
        let arms: Vec<_> = recipe.arms().into_iter().filter(|arm| arm.run == self.run).collect();
        let Some(arm) = arms.first() else {
            return Err(format!("the recipe has no run {:?}", self.run.as_deref().unwrap_or_default()).into());
        };
        let n_checkpoints = arms.len() * recipe.tune_seeds.len();
        let mut watch = Watch::new(out)?;
        let mut observe = |progress| watch.observe(&progress);
        let found = trial(&study, &inputs_of(&study)?, &arm.tune, &scratch("trial"), &mut observe)?;
        watch.finish();
        let found = found.ok_or("stopped before the first step")?;
        let seconds = n_checkpoints as f64 * found.seconds();
        if out.json {
            say!(
                "{}",
                json!({
                    "seconds": seconds, "n_checkpoints": n_checkpoints, "n_steps": found.n_steps,
                    "n_validations": found.n_validations, "seconds_per_step": found.seconds_per_step,
                    "seconds_per_validation": found.seconds_per_validation, "state_bytes": found.state_bytes,
                })
            );
            return Ok(());
        }
        say!(
            "about {seconds:.1} s: {n_checkpoints} checkpoints of {} steps ({:.1} ms each) and {} validations ({:.1} ms each)",
            found.n_steps,
            1e3 * found.seconds_per_step,
            found.n_validations,
            1e3 * found.seconds_per_validation
        );
        say!("{:.1} MB of weights and optimiser", found.state_bytes as f64 / 1e6);
        Ok(())
    }
}

#[derive(Debug, Args)]
pub(super) struct DifferencesCommand {
    /// The folder of the study
    folder: PathBuf,
    /// Every parameter, not only those in which the runs differ
    #[arg(long)]
    all: bool,
}

impl DifferencesCommand {
    pub(super) fn run(&self, out: Output) -> Result<(), CliError> {
        let study = Study::open_read_only(&self.folder)?;
        let shown: Vec<Artefact> =
            study.document().results.values().map(|id| study.artefact(id)).collect::<Result<_, _>>()?;
        let steps: BTreeMap<String, String> =
            shown.iter().map(|artefact| (artefact.id().to_string(), artefact.provenance.step.clone())).collect();
        let runs: Vec<&Artefact> =
            shown.iter().filter(|artefact| artefact.id().kind() == ArtefactKind::Checkpoint).collect();
        let names: Vec<&str> = runs.iter().map(|run| run.provenance.step.as_str()).collect();
        let rows = side_by_side(&runs, &|id| steps.get(id).cloned());
        let mut writer = csv::Writer::from_writer(std::io::stdout());
        if !out.json {
            writer.write_record(std::iter::once("parameter").chain(names.iter().copied()))?;
        }
        for row in rows.iter().filter(|row| self.all || row.differs()) {
            if out.json {
                let values: serde_json::Map<String, serde_json::Value> =
                    names.iter().zip(&row.values).map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
                say!("{}", json!({ "parameter": row.name, "values": values }));
            } else {
                let values = row.values.iter().map(|value| value.as_deref().unwrap_or_default());
                writer.write_record(std::iter::once(row.name.as_str()).chain(values))?;
            }
        }
        writer.flush()?;
        Ok(())
    }
}

#[derive(Debug, Args)]
pub(super) struct MovedCommand {
    /// The folder of the study
    folder: PathBuf,
    /// The step that made the checkpoint, for example tune-fill-0
    #[arg(long, value_name = "STEP")]
    checkpoint: String,
    /// The table to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl MovedCommand {
    pub(super) fn run(&self, out: Output) -> Result<(), CliError> {
        let study = Study::open_read_only(&self.folder)?;
        let inputs = inputs_of(&study)?;
        let result = |step: &str| -> Result<Artefact, CliError> {
            study.result(step)?.ok_or_else(|| format!("the study shows no result of the step {step}").into())
        };
        let checkpoint = result(&self.checkpoint)?;
        let points = Points::read(&result("points")?)?;
        let mut watch = Watch::new(out)?;
        let mut observe = |progress| watch.observe(&progress);
        // The map that the window draws where no other was kept: principal axes of the base's latent vectors.
        let params = ProjectionParams::plane(ProjectionMethod::Pca, 0);
        let map = projection::fit(&params, &points.latents, points.dimension, &mut observe)?;
        let whole = scratch("whole");
        let device = study.document().recipe.model.device;
        let found = moved(&checkpoint, &whole, &inputs.model, device, &points, &map, N_NEIGHBOURS, &mut observe);
        if whole.exists() {
            std::fs::remove_dir_all(&whole)?;
        }
        watch.finish();
        let found = found?.ok_or("stopped before every molecule was encoded")?;
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record([
            "id",
            "x_before",
            "y_before",
            "x_after",
            "y_after",
            "latent_distance",
            "neighbours_changed",
        ])?;
        for (k, id) in points.molecules.ids.iter().enumerate() {
            let ([x, y, _], [u, v]) = (map.map()[k], found.places[k]);
            let numbers = [x, y, u, v, found.distance[k], found.change[k]].map(|value| value.to_string());
            writer.write_record(std::iter::once(id).chain(&numbers))?;
        }
        atomic_file::write(&self.out, writer.into_inner().map_err(|error| error.to_string())?)?;
        let mean = found.change.iter().sum::<f32>() / found.change.len().max(1) as f32;
        if out.json {
            say!("{}", json!({ "molecules": found.change.len(), "mean_change": mean, "file": self.out }));
        } else {
            say!(
                "{} molecules, {:.1} % of their {N_NEIGHBOURS} neighbours changed on average: {}",
                found.change.len(),
                100.0 * mean,
                self.out.display()
            );
        }
        Ok(())
    }
}
