//! Running steps of a study from the window.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::tuned::curves;
use super::{Hold, OpenStudy};
use crate::app::event::told as words_of;
use crate::app::landscape;
use crate::app::picture::{Step, StepState};
use crate::app::tuning::{Curve, Live};
use crate::jobs::{Observe, Progress, silent};
use crate::workspace::Study;
use crate::workspace::pipeline::{self, Event, Inputs, Plan, RunEnd};

/// Where a run leaves what it tells while it works.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// Where searches end.
    pub searches: &'a landscape::Live,
    /// What tunings tell.
    pub tunings: &'a Live,
}

/// The step of the pipeline that encodes the molecules.
const POINTS: &str = "points";

/// Makes what a step of the window needs and has not: the artefacts of its steps of the recipe and those they follow.
/// The study must not be open elsewhere. Stopped, it keeps its work and goes on next time.
///
/// # Errors
/// A sentence with the step and the reason.
pub fn run_step(
    folder: &Path,
    bundled_model: Option<&Path>,
    step: Step,
    told: Told<'_>,
    observe: Observe,
) -> Result<RunEnd, String> {
    let mut study = Study::open(folder).map_err(|error| words_of(&error))?;
    let inputs = inputs(&study, bundled_model)?;
    let plan = Plan::new(study.document(), &inputs).map_err(|error| words_of(&error))?;
    let own = plan.steps.iter().filter(|planned| step_of(&planned.step) == step);
    let names: Vec<String> = own.map(|planned| planned.name.clone()).collect();
    run_names(&mut study, bundled_model, &names, told, observe)
}

/// Makes what is missing of steps of the pipeline and of those they follow. `told` takes what searches and tunings tell.
///
/// # Errors
/// A sentence with the step and the reason.
pub fn run_names(
    study: &mut Study,
    bundled_model: Option<&Path>,
    names: &[String],
    told: Told<'_>,
    observe: Observe,
) -> Result<RunEnd, String> {
    let inputs = inputs(study, bundled_model)?;
    let plan = Plan::new(study.document(), &inputs).map_err(|error| words_of(&error))?;
    let threads = rayon::current_num_threads();
    let folder = study.folder().to_owned();
    let logs = LogsOfWork { work: study.work_folder(), plan };
    for (k, name) in names.iter().enumerate() {
        let mut of_step = String::new();
        let mut watch = |event: Event| match event {
            Event::Begun { step, index, total } => {
                if step.starts_with("tune-") {
                    told.tunings.begin(&step, logs.so_far(&step));
                }
                of_step.clone_from(&step);
                let mut progress = Progress::new("step", index as u64, Some(total as u64));
                progress.detail = step;
                observe(progress)
            }
            Event::Progress(progress) => {
                let detail = format!("{of_step} ({} of {}) {}", k + 1, names.len(), progress.detail);
                observe(Progress { detail: detail.trim_end().to_owned(), ..progress })
            }
            Event::Sighted(sighted) => {
                told.searches.note(&sighted);
                ControlFlow::Continue(())
            }
            Event::Tuning { step, metrics } => {
                told.tunings.row(&step, &metrics);
                ControlFlow::Continue(())
            }
            Event::Region { step, at, found } => {
                told.tunings.region(&step, at, found);
                ControlFlow::Continue(())
            }
            Event::Done { step, .. } => {
                if step == POINTS && told.searches.awaits_ground() {
                    // What cannot be read now is told when the step is over and the study is read again.
                    let read = super::open(&folder, Hold::WhileRunning, bundled_model, &mut silent);
                    read.into_iter().for_each(|ground| told.searches.show_on(ground));
                }
                observe(Progress::new("step", k as u64, Some(names.len() as u64)))
            }
        };
        let end = pipeline::run_only(study, name, &inputs, &folder, threads, &mut watch);
        match end.map_err(|error| words_of(&error))? {
            RunEnd::Finished => {}
            RunEnd::Paused(step) => return Ok(RunEnd::Paused(step)),
        }
    }
    Ok(RunEnd::Finished)
}

/// Logs of tunings that were stopped and go on.
struct LogsOfWork {
    work: PathBuf,
    plan: Plan,
}

impl LogsOfWork {
    /// What the log of a step holds already; nothing for one that begins.
    fn so_far(&self, step: &str) -> Vec<Curve> {
        let Some(planned) = self.plan.step(step) else { return Vec::new() };
        let path = self.work.join(planned.id.to_string()).join("tuning/log.csv");
        std::fs::read(path).ok().and_then(|bytes| curves(&bytes).ok()).unwrap_or_default()
    }
}

/// The inputs of a study's recipe.
///
/// # Errors
/// A sentence when the bundled model is wanted and not there, or an input cannot be read.
pub fn inputs(study: &Study, bundled_model: Option<&Path>) -> Result<Inputs, String> {
    let recipe = &study.document().recipe;
    let bundled = match (recipe.model.checkpoint.as_str(), bundled_model) {
        ("bundled", None) => {
            return Err(
                "the study uses the bundled model, which is not beside the program: put it into assets/model".into()
            );
        }
        (_, bundled) => bundled.unwrap_or_else(|| Path::new("")),
    };
    Inputs::read(recipe, bundled, study.folder()).map_err(|error| words_of(&error))
}

/// The step of the window that shows a step of the pipeline.
fn step_of(step: &pipeline::Step) -> Step {
    use pipeline::Step as Planned;
    match step {
        Planned::Corpus | Planned::Points | Planned::Samples | Planned::Landscape => Step::Landscape,
        Planned::Fill | Planned::Control(_) | Planned::Tune { .. } => Step::FillTune,
        Planned::Task(_) | Planned::Frustration | Planned::Comparison | Planned::Report => Step::Compare,
    }
}

/// As [`standing`], of the study in a folder: where the steps of the window stand.
pub fn plan_states(folder: &Path, bundled_model: Option<&Path>) -> Vec<(Step, StepState)> {
    Study::open_read_only(folder).map_or_else(|_| Vec::new(), |study| standing(&study, bundled_model).0)
}

/// The seed of the points that the study's recipe draws a fill set from; that of the recipe when there is no plan.
pub fn draw_seed(study: &Study, bundled_model: Option<&Path>) -> u64 {
    let planned = || {
        let plan = Plan::new(study.document(), &inputs(study, bundled_model).ok()?).ok()?;
        plan.step("fill").map(|fill| fill.request.seed)
    };
    planned().unwrap_or(study.document().recipe.fill.draw.seed)
}

/// Where every step of the window stands by the study's plan, and the steps of the pipeline whose artefacts are those
/// that the recipe asks for; both empty when the plan cannot be made.
pub fn standing(study: &Study, bundled_model: Option<&Path>) -> (Vec<(Step, StepState)>, Vec<String>) {
    let plan = inputs(study, bundled_model).ok().and_then(|inputs| Plan::new(study.document(), &inputs).ok());
    let Some(plan) = plan else { return (Vec::new(), Vec::new()) };
    let done = plan.steps.iter().filter(|planned| study.has(&planned.id)).map(|planned| planned.name.clone());
    (states(study, &plan), done.collect())
}

fn states(study: &Study, plan: &Plan) -> Vec<(Step, StepState)> {
    use pipeline::StepState as Planned;
    let of = |step: Step| {
        let own = plan.steps.iter().filter(|planned| step_of(&planned.step) == step);
        let states: Vec<Planned> = own.map(|planned| plan.state(study, planned)).collect();
        let any = |wanted: Planned| states.contains(&wanted);
        let state = match () {
            () if states.is_empty() => return None,
            () if any(Planned::Stale) => StepState::Stale,
            () if states.iter().all(|state| *state == Planned::Done) => StepState::Done,
            () if any(Planned::Begun) || any(Planned::Ready) || any(Planned::Done) => StepState::Ready,
            () => StepState::Empty,
        };
        Some((step, state))
    };
    [Step::Landscape, Step::FillTune, Step::Compare].into_iter().filter_map(of).collect()
}

impl OpenStudy {
    /// Lets go of the study on disk, so that a job can write it. The views stay; the study is read anew afterwards.
    pub fn let_go(&mut self) {
        self.study = None;
    }

    /// Whether steps can be run from here.
    pub fn can_run(&self) -> bool {
        self.read_only.is_none() && self.study.is_some()
    }
}
