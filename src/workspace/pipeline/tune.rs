//! Continued pretraining of an arm.

use super::corpus::Corpus;
use super::error::StepError;
use super::fill_sets::FillMolecules;
use super::probe::{Probe, RegionProbe};
use super::run::{Event, Made, Sitting, StepEnd, params};
use crate::model::{DeviceChoice, SelfiesTed};
use crate::train::StopReason as TrainStop;
use crate::train::tune::{Snapshot, TuneParams, Tuned, Tuning};
use crate::workspace::{Artefact, Staging, StopReason, StudyError, checkpoints};
use std::cell::RefCell;
use std::fs;
use std::path::Path;

/// Files of a tuning folder that are not part of the result: times, and the state to go on from.
const NOT_KEPT: [&str; 2] = ["timing.json", "state.bin"];

/// The figure that says why a run diverged.
const REASON: &str = "reason";

/// The region under the weights of the moment.
fn measure(probe: &Probe, snapshot: &Snapshot, device: DeviceChoice) -> Result<RegionProbe, StepError> {
    let model = SelfiesTed::load(&snapshot.checkpoint()?, device)?;
    Ok(probe.measure(&model)?)
}

/// Tunes the base model on the set of an arm.
pub(super) fn tune_arm(sitting: &mut Sitting, staging: &Staging, arm: &str) -> StepEnd {
    let p: TuneParams = params(staging)?;
    let corpus = Corpus::read(&sitting.result("corpus")?)?;
    let arms = sitting.study.document().recipe.arms();
    let of_arm = arms.iter().find(|known| known.name == arm).expect("a planned arm is one of the recipe");
    let set = FillMolecules::read(&sitting.result(&of_arm.set)?)?;
    if set.selfies.is_empty() {
        return Err(StepError::EmptySet { arm: arm.to_owned(), why: set.report.shortfall().unwrap_or_default() });
    }
    let folder = staging.work().join("tuning");
    let base = sitting.inputs.model.clone();
    let probe = match sitting.study.document().recipe.frustration.while_tuning {
        0 => None,
        n_points => Probe::of(sitting, n_points)?,
    };
    let device = sitting.study.document().recipe.model.device;
    let step = staging.request().step.clone();
    let tuning = Tuning::prepare(&base, [&set.selfies, &corpus.selfies, &corpus.held_out_selfies], &p)?;
    let mut fault = None;
    let watched = RefCell::new(&mut *sitting);
    let tuned = tuning.run_live(&folder, &mut |x| watched.borrow_mut().observe(x), &mut |metrics, snapshot| {
        watched.borrow_mut().tell(Event::Tuning { step: step.clone(), metrics: *metrics });
        let Some(probe) = probe.as_ref().filter(|_| metrics.validation.is_some() && fault.is_none()) else { return };
        match measure(probe, snapshot, device) {
            Ok(found) => watched.borrow_mut().tell(Event::Region { step: step.clone(), at: metrics.step, found }),
            Err(error) => fault = Some(error),
        }
    })?;
    if let Some(fault) = fault {
        return Err(fault);
    }
    let mut figures = toml::Table::new();
    figures.insert("steps".to_owned(), toml::Value::Integer(tuned.steps as i64));
    figures.insert("strategy".to_owned(), toml::Value::String(p.strategy.name().to_owned()));
    match &tuned.stop_reason {
        TrainStop::Finished | TrainStop::EarlyStop { .. } => {}
        // Where it was asked to stop, it has kept what it needs to go on.
        TrainStop::Cancelled => return Ok(None),
        TrainStop::Diverged { step, what } => {
            figures.insert(REASON.to_owned(), toml::Value::String(format!("{what} (step {step})")));
            return without_checkpoint(staging, &folder, &tuned, figures);
        }
    }
    checkpoints::store(staging, &folder, &base, &NOT_KEPT)?;
    let stop_reason =
        if matches!(tuned.stop_reason, TrainStop::Finished) { StopReason::Finished } else { StopReason::Limit };
    figures.extend(tuned.forgetting().map(|lost| ("forgetting".to_owned(), toml::Value::Float(lost))));
    figures.extend(tuned.digest.map(|digest| ("digest".to_owned(), toml::Value::String(digest))));
    Ok(Some(Made { stop_reason, summary: figures }))
}

/// A run that diverged is a result, too: its losses and the reason, but no checkpoint. The study goes on without it.
fn without_checkpoint(staging: &Staging, folder: &Path, tuned: &Tuned, figures: toml::Table) -> StepEnd {
    let path = folder.join("log.csv");
    let log = fs::read(&path).map_err(|source| StudyError::Read { path, source })?;
    staging.write("log.csv", log)?;
    staging.write_json("tuning.json", tuned)?;
    Ok(Some(Made { stop_reason: StopReason::Diverged, summary: figures }))
}

/// Why the tuning run of an artefact diverged and has no checkpoint; none when it did not.
pub fn divergence(artefact: &Artefact) -> Option<String> {
    if artefact.provenance.stop_reason != StopReason::Diverged {
        return None;
    }
    let reason = artefact.provenance.summary.get(REASON).and_then(toml::Value::as_str);
    Some(reason.unwrap_or("no reason was recorded").to_owned())
}
