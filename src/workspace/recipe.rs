//! The recipe of a study: inputs and parameters of every step, as a TOML file that decides every bit of the results.

use super::StudyError;
use super::document::RegionDefinition;
use super::files::{parse_toml, read_text};
use crate::chem::Descriptors;
use crate::chem::library::LibraryParams;
use crate::evaluate::{ComparisonParams, TaskParams};
use crate::fill::region::SampleParams;
use crate::fill::{ControlKind, FillSampleParams, FillSetParams, RoughnessFieldParams};
use crate::landscape::ExploreParams;
use crate::model::{DeviceChoice, ResponseParams};
use crate::train::tune::TuneParams;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What a study is to do. Paths are relative to the folder of the recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// What the study is called.
    pub name: String,
    /// Seed of all random numbers, below 2⁶³.
    #[serde(default)]
    pub seed: u64,
    /// The foundation model.
    #[serde(default)]
    pub model: ModelParams,
    /// Molecules of the kind the model was trained on.
    pub corpus: CorpusParams,
    /// Where the response is measured.
    #[serde(default)]
    pub samples: SamplesParams,
    /// The surface and its exploration.
    #[serde(default)]
    pub landscape: LandscapeParams,
    /// The fill set.
    #[serde(default)]
    pub fill: FillParams,
    /// Control sets, each as large as the fill set came out.
    #[serde(default = "default_controls")]
    pub controls: Vec<ControlKind>,
    /// Continued pretraining, the same for the fill set and every control.
    #[serde(default)]
    pub tune: TuneParams,
    /// Seeds of tuning: each arm has a checkpoint of each.
    #[serde(default = "default_tune_seeds")]
    pub tune_seeds: Vec<u64>,
    /// Further tunings of the same sets, for a comparison of strategies.
    #[serde(rename = "run", default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<TuneRun>,
    /// Downstream tasks.
    #[serde(rename = "task", default)]
    pub tasks: Vec<TaskSource>,
    /// The comparison.
    #[serde(default)]
    pub compare: ComparisonParams,
    /// Frustration before and after.
    #[serde(default)]
    pub frustration: FrustrationParams,
}

fn default_controls() -> Vec<ControlKind> {
    vec![ControlKind::Random]
}

fn default_tune_seeds() -> Vec<u64> {
    vec![0]
}

/// The fill set: where, how many, and what they must be like.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FillParams {
    /// Molecules and screening.
    pub set: FillSetParams,
    /// Where; the whole landscape when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<RegionDefinition>,
    /// With a region: points drawn from it beside the field's maxima.
    pub draw: SampleParams,
}

/// A further tuning of the fill set, and of the controls unless these are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TuneRun {
    /// What its arms are called: “fill-NAME”, “random-NAME”, …
    pub name: String,
    /// Whether the controls are tuned in the same way beside it.
    #[serde(default = "default_true")]
    pub controls: bool,
    /// How it is tuned; its seed is derived from the study's.
    #[serde(default)]
    pub tune: TuneParams,
}

fn default_true() -> bool {
    true
}

/// A downstream task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskSource {
    /// What to call it, unique in the study.
    pub name: String,
    /// A folder or table as [`crate::evaluate::Task`] reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// How to read it.
    #[serde(default)]
    pub read: TaskParams,
    /// Instead of a path: molecules of our own library, labelled with a computed property.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub library: Option<LibraryTask>,
}

/// A task made of library molecules and one of their computed properties, to try the loop without outside data. What it
/// measures is how well the embedding holds that property, no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LibraryTask {
    /// Molecules; split at random 80 : 10 : 10.
    pub n: usize,
    /// Which library; another than the corpus' to share no molecules with it on purpose.
    pub seed: u64,
    /// The property: a name of [`crate::chem::Descriptors::NAMES`].
    pub property: String,
    /// Label 1 above the median and 0 elsewhere, instead of the number.
    #[serde(default)]
    pub above_median: bool,
}

/// Frustration before and after tuning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FrustrationParams {
    /// How it is measured.
    pub method: FrustrationMethod,
    /// With `points`: sample points of the region, the first ones, whose response is measured again.
    pub n_points: usize,
    /// Stationary points of the region, the most frustrated ones, whose response is measured at every validation of a
    /// tuning, to be watched; 0 for none. It changes no result.
    #[serde(skip_serializing_if = "is_zero")]
    pub while_tuning: usize,
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}

impl Default for FrustrationParams {
    fn default() -> Self {
        Self { method: FrustrationMethod::Landscape, n_points: 256, while_tuning: 0 }
    }
}

/// How frustration under a tuned checkpoint is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FrustrationMethod {
    /// The response at all samples, a new surface and a new exploration: F itself, at the price of another landscape for
    /// every arm (first tuning seed).
    #[default]
    Landscape,
    /// Only the mean response at points of the region: cheap, and not F.
    Points,
    /// Not at all.
    None,
}

/// The foundation model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelParams {
    /// A checkpoint folder, or “bundled” for the one that ships with the program.
    pub checkpoint: String,
    /// What encodes, decodes and measures; tuning is on the CPU.
    #[serde(with = "device_name")]
    pub device: DeviceChoice,
}

/// A device as its name.
mod device_name {
    use super::DeviceChoice;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(device: &DeviceChoice, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(device)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<DeviceChoice, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

impl Default for ModelParams {
    fn default() -> Self {
        Self { checkpoint: "bundled".to_owned(), device: DeviceChoice::Cpu }
    }
}

/// Molecules of the kind the model was trained on: for the map, novelty, replay, the corpus control and validation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorpusParams {
    /// Molecules to take; the first of a file.
    pub n: usize,
    /// Of these, how many are held out from training, novelty and controls, and only measure forgetting.
    #[serde(default)]
    pub n_held_out: usize,
    /// A file of molecules (any format that `fillscape mol` reads); our own library when left out.
    #[serde(default)]
    pub file: Option<PathBuf>,
    /// Which library, when there is no file.
    #[serde(default)]
    pub library: LibraryParams,
}

/// Where the similarity response is measured (METHOD section 2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SamplesParams {
    /// How points are chosen.
    pub source: SampleSource,
    /// How many.
    pub n: usize,
    /// How the response is measured; its seed is the study's when left at 0.
    pub response: ResponseParams,
}

impl Default for SamplesParams {
    /// The reference: 5000 points of a Latin hypercube.
    fn default() -> Self {
        Self { source: SampleSource::Hypercube, n: 5000, response: ResponseParams::default() }
    }
}

/// How sample points are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SampleSource {
    /// A Latin hypercube of the whole box, as the reference.
    #[default]
    Hypercube,
    /// Encodings of corpus molecules, each moved by normal deviates.
    Posterior {
        /// Standard deviation of the deviates, in units of the latent box; 0 for none.
        jitter: f64,
    },
    /// A Latin hypercube of the box that the corpus spans along its leading principal axes, `reach` standard deviations
    /// to either side: the landscape is fitted and explored in these coordinates, and its points are then lifted to the
    /// whole space. Few coordinates, so that a small landscape has structure; what lies off the axes is not seen.
    Principal {
        /// Axes, from 1 to the dimension.
        components: usize,
        /// Standard deviations to either side, above 0.
        reach: f64,
    },
}

/// The surface and its exploration (METHOD sections 3 and 4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LandscapeParams {
    /// λ of the spline.
    pub smoothing: f64,
    /// The searches.
    pub explore: ExploreParams,
    /// How frustration becomes a field.
    pub field: RoughnessFieldParams,
    /// How the field is sampled.
    pub sample: FillSampleParams,
}

impl Default for LandscapeParams {
    fn default() -> Self {
        Self {
            smoothing: 1e-4,
            explore: ExploreParams::reference(),
            field: RoughnessFieldParams::script(),
            sample: FillSampleParams::default(),
        }
    }
}

/// What is tuned and compared: a set under settings of a tuning.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// What it is called: “fill” or a control, and the name of the run behind a hyphen.
    pub name: String,
    /// The step whose molecules it is tuned on.
    pub set: String,
    /// The run, none for the first.
    pub run: Option<String>,
    /// How it is tuned.
    pub tune: TuneParams,
}

impl Recipe {
    /// The arms: the fill set and its controls, then those of further runs.
    pub fn arms(&self) -> Vec<Arm> {
        let fill = || std::iter::once(("fill".to_owned(), "fill".to_owned()));
        let controls = || self.controls.iter().map(|control| (control.name(), format!("control-{}", control.name())));
        let first = fill().chain(controls()).map(|(name, set)| Arm { name, set, run: None, tune: self.tune.clone() });
        let further = self.runs.iter().flat_map(|run| {
            let sets = fill().chain(controls().filter(|_| run.controls));
            sets.map(|(name, set)| Arm {
                name: format!("{name}-{}", run.name),
                set,
                run: Some(run.name.clone()),
                tune: run.tune.clone(),
            })
        });
        first.chain(further).collect()
    }

    /// The steps that make the sets: the fill set, then its controls.
    pub fn sets(&self) -> Vec<String> {
        let controls = self.controls.iter().map(|control| format!("control-{}", control.name()));
        std::iter::once("fill".to_owned()).chain(controls).collect()
    }

    /// Reads and checks a recipe.
    ///
    /// # Errors
    /// When it cannot be read, is no recipe, or asks for something impossible.
    pub fn read(path: &Path) -> Result<Self, StudyError> {
        let recipe: Self = parse_toml("the recipe", path, &read_text(path)?)?;
        let fail = |problem| StudyError::Format { what: "the recipe", problem, path: path.to_owned() };
        recipe.check().map_err(fail)?;
        Ok(recipe)
    }

    /// Refuses what cannot be done, with the first reason.
    ///
    /// # Errors
    /// A sentence that says what was found and what was expected.
    pub fn check(&self) -> Result<(), String> {
        let table = toml::Table::try_from(self).map_err(|error| error.to_string())?;
        super::bounds::check(&table)?;
        if self.name.trim().is_empty() {
            return Err("name is empty, expected a few words".to_owned());
        }
        if i64::try_from(self.seed).is_err() {
            return Err(format!("seed is {}, expected a number below 2^63", self.seed));
        }
        if self.corpus.n_held_out >= self.corpus.n {
            let (held, n) = (self.corpus.n_held_out, self.corpus.n);
            return Err(format!("corpus.n_held_out is {held}, expected less than corpus.n = {n}"));
        }
        if let SampleSource::Posterior { jitter } = self.samples.source
            && !(jitter.is_finite() && jitter >= 0.0)
        {
            return Err(format!("the jitter of samples.source is {jitter}, expected a number from 0"));
        }
        if let SampleSource::Principal { components, reach } = self.samples.source
            && !(components > 0 && reach.is_finite() && reach > 0.0)
        {
            return Err(format!(
                "samples.source has {components} components and the reach {reach}, expected both above 0"
            ));
        }
        if !(self.landscape.smoothing.is_finite() && self.landscape.smoothing >= 0.0) {
            return Err(format!("landscape.smoothing is {}, expected a number from 0", self.landscape.smoothing));
        }
        self.corpus.library.check().map_err(|error| format!("corpus.library: {error}"))?;
        self.fill.set.screening.check()?;
        self.tune.check().map_err(|what| format!("tune: {what}"))?;
        self.check_runs()?;
        self.compare.check().map_err(|what| format!("compare: {what}"))?;
        if self.tune_seeds.is_empty() || twice(&self.tune_seeds).is_some() {
            return Err(format!("tune_seeds is {:?}, expected at least one, none of them twice", self.tune_seeds));
        }
        let sorted = |seeds: &[u64]| {
            let mut seeds = seeds.to_vec();
            seeds.sort_unstable();
            seeds
        };
        // A single checkpoint stands for all seeds of the comparison; several are its seeds.
        if self.tune_seeds.len() > 1
            && sorted(&self.tune_seeds) != sorted(&self.compare.seeds)
            && !self.tasks.is_empty()
        {
            let (tuned, compared) = (&self.tune_seeds, &self.compare.seeds);
            return Err(format!("tune_seeds is {tuned:?} and compare.seeds {compared:?}, expected the same seeds"));
        }
        self.check_tasks()
    }

    fn check_runs(&self) -> Result<(), String> {
        for run in &self.runs {
            let name = &run.name;
            if !is_plain(name) {
                return Err(format!("a run is called {name:?}, expected letters, digits, - and _"));
            }
            run.tune.check().map_err(|what| format!("run {name}: {what}"))?;
        }
        let arms: Vec<String> = self.arms().into_iter().map(|arm| arm.name).collect();
        match twice(&arms) {
            Some(arm) => Err(format!("the arm {arm:?} is asked for twice, expected another name for each")),
            None => Ok(()),
        }
    }

    fn check_tasks(&self) -> Result<(), String> {
        let names: Vec<&str> = self.tasks.iter().map(|task| task.name.as_str()).collect();
        if let Some(name) = twice(&names) {
            return Err(format!("two tasks are called {name:?}, expected different names"));
        }
        for task in &self.tasks {
            let name = &task.name;
            if !is_plain(name) {
                return Err(format!("a task is called {name:?}, expected letters, digits, - and _"));
            }
            match (&task.path, &task.library) {
                (Some(_), None) => {}
                (None, Some(library)) => library.check(name)?,
                _ => return Err(format!("task {name} must have either a path or a library")),
            }
        }
        let controls: Vec<String> = self.controls.iter().map(ControlKind::name).collect();
        if let Some(control) = twice(&controls) {
            return Err(format!("the control {control} is asked for twice"));
        }
        for control in &self.controls {
            match control {
                ControlKind::Task(task) if !names.contains(&task.as_str()) => {
                    return Err(format!("a control is made of the task {task:?}, but the tasks are {names:?}"));
                }
                ControlKind::Combined if names.is_empty() => {
                    return Err("the control “combined” needs tasks, but there are none".to_owned());
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Whether a name can stand in the names of steps and files.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

impl LibraryTask {
    fn check(&self, name: &str) -> Result<(), String> {
        if self.n < 30 {
            return Err(format!("task {name} has {} molecules, expected at least 30", self.n));
        }
        if !Descriptors::NAMES.contains(&self.property.as_str()) {
            let (property, known) = (&self.property, Descriptors::NAMES.join(", "));
            return Err(format!("task {name} asks for the property {property:?}, expected one of {known}"));
        }
        Ok(())
    }
}

/// The first value that comes twice.
fn twice<T: PartialEq>(values: &[T]) -> Option<&T> {
    values.iter().enumerate().find(|(k, value)| values[..*k].contains(value)).map(|(_, value)| value)
}
