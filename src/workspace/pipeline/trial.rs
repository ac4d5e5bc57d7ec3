//! A short trial of a tuning on the study's own sets.

use super::corpus::Corpus;
use super::error::{PipelineError, StepError};
use super::fill_sets::FillMolecules;
use super::inputs::Inputs;
use crate::jobs::Observe;
use crate::train::tune::{Trial, TuneParams, Tuning};
use crate::workspace::{Artefact, Study};
use std::path::Path;

/// Steps of a trial at most.
const N_STEPS: u64 = 4;

/// Takes a few steps on the fill set that the study shows, in `folder`, which is emptied afterwards, and tells what the
/// whole run would take. The study is only read. None when stopped before the first step.
///
/// # Errors
/// The study shows no corpus or no fill set; the tuning cannot be done.
pub fn trial(
    study: &Study,
    inputs: &Inputs,
    params: &TuneParams,
    folder: &Path,
    observe: Observe<'_>,
) -> Result<Option<Trial>, PipelineError> {
    let fail = |source: StepError| PipelineError::Step { step: "trial".to_owned(), source: Box::new(source) };
    let corpus = Corpus::read(&shown(study, "corpus")?).map_err(fail)?;
    let set = FillMolecules::read(&shown(study, "fill")?).map_err(fail)?;
    let sets = [set.selfies.as_slice(), &corpus.selfies, &corpus.held_out_selfies];
    let tuning = Tuning::prepare(&inputs.model, sets, params).map_err(|error| fail(error.into()))?;
    tuning.trial(N_STEPS, folder, observe).map_err(|error| fail(error.into()))
}

fn shown(study: &Study, step: &str) -> Result<Artefact, PipelineError> {
    study.result(step)?.ok_or_else(|| PipelineError::Recipe {
        what: format!("the study has no result of the step {step} yet: generate molecules first"),
    })
}
