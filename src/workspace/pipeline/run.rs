//! Making the artefacts that are missing, in order.

use super::error::{PipelineError, StepError};
use super::inputs::Inputs;
use super::plan::{Plan, PlannedStep, Step};
use super::probe::RegionProbe;
use super::{compare, corpus, fill_sets, frustration, landscape, report, samples, tasks, tune};
use crate::jobs::Progress;
use crate::landscape::explore::SightingKind;
use crate::model::{DeviceChoice, SelfiesTed};
use crate::train::tune::Metrics;
use crate::workspace::{Artefact, Staging, StopReason, Study};
use std::cell::OnceCell;
use std::ops::ControlFlow;
use std::path::Path;

/// What a run reports.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A step begins; `index` of `total`, from 0.
    Begun {
        /// Its name.
        step: String,
        /// Its place.
        index: usize,
        /// Steps in all.
        total: usize,
    },
    /// A step has come so far.
    Progress(Progress),
    /// A search has ended at a point, before repeats are sorted out and points validated: so that a map can fill.
    Sighted(Sighted),
    /// A tuning has taken a step: what its log says of it.
    Tuning {
        /// The name of the pipeline's step.
        step: String,
        /// The row of the log.
        metrics: Metrics,
    },
    /// The region was measured while a tuning runs.
    Region {
        /// The name of the pipeline's step.
        step: String,
        /// Steps of the optimiser behind the weights that were measured.
        at: u64,
        /// What was found.
        found: RegionProbe,
    },
    /// A step is done.
    Done {
        /// Its name.
        step: String,
        /// Wall-clock seconds; none when its artefact was there already.
        seconds: Option<f64>,
    },
}

/// Where a search ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighted {
    /// What it found.
    pub kind: SightingKind,
    /// Where, in the decoder's box, shape `(d,)`.
    pub latent: Vec<f32>,
    /// The energy there.
    pub energy: f64,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunEnd {
    /// Every artefact is there.
    Finished,
    /// It was asked to stop in this step; the same call goes on.
    Paused(String),
}

/// Makes every artefact of the study's recipe that is missing.
///
/// * `inputs` – as [`Inputs::read`] found them
/// * `base` – what relative paths of the recipe begin at
/// * `threads` – for searches; results do not depend on it
/// * `watch` – told of every step and asked at every unit; when it breaks, the work so far is kept
///
/// # Errors
/// The study is read-only; a step fails. What was made before is kept.
pub fn run(
    study: &mut Study,
    inputs: &Inputs,
    base: &Path,
    threads: usize,
    watch: &mut dyn FnMut(Event) -> ControlFlow<()>,
) -> Result<RunEnd, PipelineError> {
    let plan = Plan::new(study.document(), inputs)?;
    let wanted: Vec<&PlannedStep> = plan.steps.iter().collect();
    make(study, &plan, &wanted, inputs, base, threads, watch)
}

/// As [`run()`], for one step and those it follows.
///
/// # Errors
/// As [`run()`]; when there is no such step.
pub fn run_only(
    study: &mut Study,
    step: &str,
    inputs: &Inputs,
    base: &Path,
    threads: usize,
    watch: &mut dyn FnMut(Event) -> ControlFlow<()>,
) -> Result<RunEnd, PipelineError> {
    let plan = Plan::new(study.document(), inputs)?;
    let mut names = vec![step.to_owned()];
    let mut at = 0;
    while at < names.len() {
        let Some(step) = plan.step(&names[at]) else {
            return Err(PipelineError::Recipe { what: format!("the recipe has no step {:?}", names[at]) });
        };
        names.extend(step.parents.iter().cloned());
        at += 1;
    }
    let wanted: Vec<&PlannedStep> = plan.steps.iter().filter(|step| names.contains(&step.name)).collect();
    make(study, &plan, &wanted, inputs, base, threads, watch)
}

fn make(
    study: &mut Study,
    plan: &Plan,
    wanted: &[&PlannedStep],
    inputs: &Inputs,
    base: &Path,
    threads: usize,
    watch: &mut dyn FnMut(Event) -> ControlFlow<()>,
) -> Result<RunEnd, PipelineError> {
    study.check_writable("run the study")?;
    let model = OnceCell::new();
    for (index, step) in wanted.iter().enumerate() {
        let named = |source| PipelineError::Step { step: step.name.clone(), source: Box::new(source) };
        let mut seconds = None;
        if study.has(&step.id) {
            study.complete(&step.id)?;
        } else {
            if watch(Event::Begun { step: step.name.clone(), index, total: wanted.len() }).is_break() {
                return Ok(RunEnd::Paused(step.name.clone()));
            }
            let staging = study.begin(step.request.clone())?;
            let mut sitting =
                Sitting { study, plan, inputs, base, threads, model: &model, watch: &mut *watch, stopped: false };
            let ended = sitting.work(&step.step, &staging).map_err(named)?;
            let Some(Made { stop_reason, summary }) = ended else {
                staging.keep_seconds();
                return Ok(RunEnd::Paused(step.name.clone()));
            };
            let artefact = staging.finish(stop_reason, summary)?;
            seconds = Some(artefact.provenance.seconds);
            study.index(&artefact)?;
        }
        if study.document().results.get(&step.name) != Some(&step.id) {
            study.set_result(&step.name, &step.id)?;
        }
        if watch(Event::Done { step: step.name.clone(), seconds }).is_break() && index + 1 < wanted.len() {
            return Ok(RunEnd::Paused(wanted[index + 1].name.clone()));
        }
    }
    if wanted.iter().any(|step| step.step == Step::Report) {
        study.write_report_page()?;
    }
    if is_everything(plan, wanted) {
        study.clear_whole_checkpoints()?;
    }
    Ok(RunEnd::Finished)
}

/// Whether the whole plan is done, so that what steps share is no longer needed.
fn is_everything(plan: &Plan, wanted: &[&PlannedStep]) -> bool {
    wanted.len() == plan.steps.len()
}

/// What a step reports of its artefact.
pub(super) struct Made {
    pub stop_reason: StopReason,
    pub summary: toml::Table,
}

impl Made {
    /// Everything was done; with headline figures.
    pub fn finished(summary: toml::Table) -> Self {
        Self { stop_reason: StopReason::Finished, summary }
    }
}

/// What a step works with. `None` from a step means that it was asked to stop and has kept what it needs to go on.
pub(super) struct Sitting<'a> {
    pub study: &'a Study,
    pub plan: &'a Plan,
    pub inputs: &'a Inputs,
    pub base: &'a Path,
    pub threads: usize,
    model: &'a OnceCell<SelfiesTed>,
    watch: &'a mut dyn FnMut(Event) -> ControlFlow<()>,
    /// Whether the watcher has asked to stop.
    pub stopped: bool,
}

pub(super) type StepEnd = Result<Option<Made>, StepError>;

impl<'a> Sitting<'a> {
    fn work(&mut self, step: &Step, staging: &Staging) -> StepEnd {
        match step {
            Step::Corpus => corpus::corpus(self, staging),
            Step::Points => corpus::points(self, staging),
            Step::Samples => samples::samples(self, staging),
            Step::Landscape => landscape::landscape(self, staging),
            Step::Task(name) => tasks::library_task(self, staging, name),
            Step::Fill => fill_sets::fill(self, staging),
            Step::Control(kind) => fill_sets::control(self, staging, kind),
            Step::Tune { arm, .. } => tune::tune_arm(self, staging, arm),
            Step::Frustration => frustration::frustration_step(self, staging),
            Step::Comparison => compare::comparison(self, staging),
            Step::Report => report::report(self, staging),
        }
    }

    /// Passes a report on; remembers when the watcher asks to stop.
    pub fn observe(&mut self, progress: Progress) -> ControlFlow<()> {
        let flow = (self.watch)(Event::Progress(progress));
        self.stopped |= flow.is_break();
        flow
    }

    /// Passes on where a search ended.
    pub fn sighted(&mut self, sighted: Sighted) {
        self.stopped |= (self.watch)(Event::Sighted(sighted)).is_break();
    }

    /// Passes on what a tuning has to tell; remembers when the watcher asks to stop.
    pub fn tell(&mut self, event: Event) {
        self.stopped |= (self.watch)(event).is_break();
    }

    /// The base model, opened when it is first needed.
    pub fn model(&self) -> Result<&'a SelfiesTed, StepError> {
        if let Some(model) = self.model.get() {
            return Ok(model);
        }
        let device: DeviceChoice = self.study.document().recipe.model.device;
        let opened = SelfiesTed::open(&self.inputs.model, device)?;
        Ok(self.model.get_or_init(|| opened))
    }

    /// The artefact of a step that comes before.
    pub fn result(&self, step: &str) -> Result<Artefact, StepError> {
        let planned = self.plan.step(step).expect("a step follows planned ones");
        Ok(self.study.artefact(&planned.id)?)
    }
}

/// Headline figures as a table.
pub(super) fn summary<const N: usize>(figures: [(&str, toml::Value); N]) -> toml::Table {
    figures.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A count as a value.
pub(super) fn count(n: usize) -> toml::Value {
    toml::Value::Integer(n as i64)
}

/// A parameter of a staging, read back as its type.
pub(super) fn params<T: serde::de::DeserializeOwned>(staging: &Staging) -> Result<T, StepError> {
    let table = staging.request().parameters.clone();
    table.try_into().map_err(|error: toml::de::Error| {
        crate::workspace::StudyError::Toml { what: "the parameters of a step", problem: error.to_string() }.into()
    })
}
