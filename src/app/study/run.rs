//! Running steps of a study from the window.

use std::ops::ControlFlow;
use std::path::Path;

use super::OpenStudy;
use crate::app::event::told;
use crate::app::landscape::Live;
use crate::app::picture::{Step, StepState};
use crate::jobs::{Observe, Progress};
use crate::workspace::Study;
use crate::workspace::pipeline::{self, Event, Inputs, Plan, RunEnd};

/// Makes what a step of the window needs and has not: the artefacts of its steps of the recipe and those they follow.
/// The study must not be open elsewhere. `live` is told where searches end. Stopped, it keeps its work and goes on next time.
///
/// # Errors
/// A sentence with the step and the reason.
pub fn run_step(
    folder: &Path,
    bundled_model: Option<&Path>,
    step: Step,
    live: &Live,
    observe: Observe,
) -> Result<RunEnd, String> {
    let mut study = Study::open(folder).map_err(|error| told(&error))?;
    let inputs = inputs(&study, bundled_model)?;
    let plan = Plan::new(study.document(), &inputs).map_err(|error| told(&error))?;
    let names: Vec<String> = plan
        .steps
        .iter()
        .filter(|planned| step_of(&planned.step) == step)
        .map(|planned| planned.name.clone())
        .collect();
    let threads = rayon::current_num_threads();
    for (k, name) in names.iter().enumerate() {
        let mut of_step = String::new();
        let mut watch = |event: Event| match event {
            Event::Begun { step, index, total } => {
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
                live.note(&sighted);
                ControlFlow::Continue(())
            }
            Event::Done { .. } => observe(Progress::new("step", k as u64, Some(names.len() as u64))),
        };
        let end = pipeline::run_only(&mut study, name, &inputs, folder, threads, &mut watch);
        match end.map_err(|error| told(&error))? {
            RunEnd::Finished => {}
            RunEnd::Paused(step) => return Ok(RunEnd::Paused(step)),
        }
    }
    Ok(RunEnd::Finished)
}

fn inputs(study: &Study, bundled_model: Option<&Path>) -> Result<Inputs, String> {
    let recipe = &study.document().recipe;
    let bundled = match (recipe.model.checkpoint.as_str(), bundled_model) {
        ("bundled", None) => {
            return Err(
                "the study uses the bundled model, which is not beside the program: put it into assets/model".into()
            );
        }
        (_, bundled) => bundled.unwrap_or_else(|| Path::new("")),
    };
    Inputs::read(recipe, bundled, study.folder()).map_err(|error| told(&error))
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

/// As [`states`], of the study in a folder.
pub fn plan_states(folder: &Path, bundled_model: Option<&Path>) -> Vec<(Step, StepState)> {
    Study::open_read_only(folder).map_or_else(|_| Vec::new(), |study| states(&study, bundled_model))
}

/// The seed of the points that the study's recipe draws a fill set from; that of the recipe when there is no plan.
pub fn draw_seed(study: &Study, bundled_model: Option<&Path>) -> u64 {
    let planned = || {
        let plan = Plan::new(study.document(), &inputs(study, bundled_model).ok()?).ok()?;
        plan.step("fill").map(|fill| fill.request.seed)
    };
    planned().unwrap_or(study.document().recipe.fill.draw.seed)
}

/// Where every step of the window stands by the study's plan; empty when the plan cannot be made.
pub fn states(study: &Study, bundled_model: Option<&Path>) -> Vec<(Step, StepState)> {
    use pipeline::StepState as Planned;
    let Ok(inputs) = inputs(study, bundled_model) else { return Vec::new() };
    let Ok(plan) = Plan::new(study.document(), &inputs) else { return Vec::new() };
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
