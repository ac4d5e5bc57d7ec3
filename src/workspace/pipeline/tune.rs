//! Continued pretraining of an arm.

use super::corpus::Corpus;
use super::error::StepError;
use super::fill_sets::FillMolecules;
use super::run::{Made, Sitting, StepEnd, params};
use crate::train::StopReason as TrainStop;
use crate::train::tune::{TuneParams, tune};
use crate::workspace::{Staging, StopReason, checkpoints};

/// Files of a tuning folder that are not part of the result: times, and the state to go on from.
const NOT_KEPT: [&str; 2] = ["timing.json", "state.bin"];

/// Tunes the base model on the set of an arm.
pub(super) fn tune_arm(sitting: &mut Sitting, staging: &Staging, arm: &str) -> StepEnd {
    let p: TuneParams = params(staging)?;
    let corpus = Corpus::read(&sitting.result("corpus")?)?;
    let set = if arm == "fill" { "fill".to_owned() } else { format!("control-{arm}") };
    let set = FillMolecules::read(&sitting.result(&set)?)?;
    if set.selfies.is_empty() {
        return Err(StepError::EmptySet { arm: arm.to_owned(), why: set.report.shortfall().unwrap_or_default() });
    }
    let folder = staging.work().join("tuning");
    let base = sitting.inputs.model.clone();
    let tuned =
        tune(&base, &set.selfies, &corpus.selfies, &corpus.held_out_selfies, &p, &folder, &mut |x| sitting.observe(x))?;
    if !tuned.is_done() {
        if sitting.stopped {
            return Ok(None);
        }
        let why = format!("{:?}", tuned.stop_reason);
        return Err(StepError::NoCheckpoint { arm: arm.to_owned(), why });
    }
    checkpoints::store(staging, &folder, &base, &NOT_KEPT)?;
    let stop_reason =
        if matches!(tuned.stop_reason, TrainStop::Finished) { StopReason::Finished } else { StopReason::Limit };
    let mut figures = toml::Table::new();
    figures.insert("steps".to_owned(), toml::Value::Integer(tuned.steps as i64));
    figures.insert("strategy".to_owned(), toml::Value::String(p.strategy.name().to_owned()));
    figures.extend(tuned.forgetting().map(|lost| ("forgetting".to_owned(), toml::Value::Float(lost))));
    figures.extend(tuned.digest.map(|digest| ("digest".to_owned(), toml::Value::String(digest))));
    Ok(Some(Made { stop_reason, summary: figures }))
}
