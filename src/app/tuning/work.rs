//! Work of steps 4 and 5 as jobs on the study: settings into the recipe, then the steps of the pipeline.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::draft::Draft;
use crate::app::event::told;
use crate::app::picture::Step;
use crate::app::study::{Told, inputs, run_names};
use crate::jobs::Observe;
use crate::train::tune::{Trial, TuneParams};
use crate::workspace::pipeline::{self, RunEnd};
use crate::workspace::recipe::{FrustrationMethod, Recipe};
use crate::workspace::{Access, Study};

/// What is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// The fill set.
    Generate,
    /// The checkpoints of a run: the first, or a further one by its name.
    Tune(Option<String>),
    /// The comparison, the frustration after tuning and the report.
    Compare,
}

impl Work {
    /// What the job is called.
    pub fn label(&self) -> String {
        match self {
            Self::Generate => "Generate molecules".into(),
            Self::Tune(None) => "Tune, first run".into(),
            Self::Tune(Some(name)) => format!("Tune, {name}"),
            Self::Compare => "Compare and report".into(),
        }
    }

    /// The step of the window that it belongs to.
    pub fn step(&self) -> Step {
        match self {
            Self::Generate | Self::Tune(_) => Step::FillTune,
            Self::Compare => Step::Compare,
        }
    }

    /// The steps of the pipeline that it asks for; those they follow are made as well.
    pub fn steps(&self, recipe: &Recipe) -> Vec<String> {
        match self {
            Self::Generate => vec!["fill".into()],
            Self::Tune(name) => recipe
                .arms()
                .iter()
                .filter(|arm| arm.run == *name)
                .flat_map(|arm| recipe.tune_seeds.iter().map(|seed| format!("tune-{}-{seed}", arm.name)))
                .collect(),
            Self::Compare => {
                let mut steps = Vec::new();
                if !recipe.tasks.is_empty() {
                    steps.push("comparison".to_owned());
                }
                if recipe.frustration.method != FrustrationMethod::None {
                    steps.push("frustration".to_owned());
                }
                steps.push("report".to_owned());
                steps
            }
        }
    }
}

/// A wish to make something of a study.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What.
    pub work: Work,
    /// Settings that come into the recipe first; none leaves it as it is.
    pub draft: Option<Arc<Draft>>,
}

/// Takes the settings over and makes what is asked for and missing. Stopped, it keeps its work and goes on next time.
///
/// # Errors
/// A sentence with the step and the reason.
pub fn run(
    folder: &Path,
    bundled_model: Option<&Path>,
    request: &Request,
    into: Told<'_>,
    observe: Observe,
) -> Result<RunEnd, String> {
    let mut study = Study::open(folder).map_err(|error| told(&error))?;
    if let Access::ReadOnly(reason) = study.access() {
        return Err(format!("the study can only be looked at: {reason}"));
    }
    if let Some(draft) = &request.draft {
        let changed = draft.applied(&study.document().recipe)?;
        study.edit("Settings of fill-tuning", |document| document.recipe = changed).map_err(|error| told(&error))?;
    }
    let names = request.work.steps(&study.document().recipe);
    run_names(&mut study, bundled_model, &names, into, observe)
}

/// A trial of a tuning, and what of the machine's memory it took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// What steps cost.
    pub trial: Trial,
    /// Growth of the program's memory during the trial, in bytes, where the system tells.
    pub peak_bytes: Option<u64>,
    /// Checkpoints that a run makes: arms times seeds.
    pub n_checkpoints: usize,
}

/// Takes a few steps with these settings on the set that the study shows. None when stopped before the first.
///
/// # Errors
/// A sentence with the reason.
pub fn estimate(
    folder: &Path,
    bundled_model: Option<&Path>,
    params: &TuneParams,
    n_checkpoints: usize,
    observe: Observe,
) -> Result<Option<Estimate>, String> {
    let study = Study::open_read_only(folder).map_err(|error| told(&error))?;
    let inputs = inputs(&study, bundled_model)?;
    let before = resident_bytes();
    let mut peak = before;
    let scratch = scratch_folder("trial");
    let mut watch = |progress| {
        peak = peak.max(resident_bytes());
        observe(progress)
    };
    let trial = pipeline::trial(&study, &inputs, params, &scratch, &mut watch).map_err(|error| told(&error))?;
    let peak = peak.max(resident_bytes());
    let peak_bytes = before.zip(peak).map(|(before, peak)| peak.saturating_sub(before));
    Ok(trial.map(|trial| Estimate { trial, peak_bytes, n_checkpoints }))
}

/// A folder of this process for what is thrown away.
pub fn scratch_folder(what: &str) -> PathBuf {
    std::env::temp_dir().join(format!("fillscape-{what}-{}", std::process::id()))
}

/// Bytes of memory that this process holds; none where the system does not tell in a file.
fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(1024 * kilobytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::recipe::TuneRun;

    #[test]
    fn each_run_asks_for_its_own_checkpoints() {
        let mut recipe: Recipe = toml::from_str("name = 'Test'\ntune_seeds = [0, 1]\n[corpus]\nn = 40\n").unwrap();
        let plain = TuneRun { name: "lora".into(), controls: false, tune: TuneParams::script() };
        recipe.runs.push(plain);
        let first = ["tune-fill-0", "tune-fill-1", "tune-random-0", "tune-random-1"];
        assert_eq!(Work::Tune(None).steps(&recipe), first);
        assert_eq!(Work::Tune(Some("lora".into())).steps(&recipe), ["tune-fill-lora-0", "tune-fill-lora-1"]);
        assert_eq!(Work::Compare.steps(&recipe), ["frustration", "report"]);
    }
}
