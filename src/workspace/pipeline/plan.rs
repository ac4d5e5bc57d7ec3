//! Steps and the names of their artefacts, from the recipe alone.

use super::error::PipelineError;
use super::inputs::Inputs;
use crate::fill::ControlKind;
use crate::workspace::document::{Document, RegionDefinition};
use crate::workspace::recipe::{FrustrationMethod, FrustrationParams, Recipe, SampleSource};
use crate::workspace::{ArtefactId, ArtefactKind, ArtefactRequest, Study};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;

/// A step of the loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Molecules of the corpus.
    Corpus,
    /// Corpus molecules in latent space.
    Points,
    /// The response at sample points.
    Samples,
    /// Surface, network, field and its maxima.
    Landscape,
    /// A task of library molecules.
    Task(String),
    /// The fill set.
    Fill,
    /// A control set.
    Control(ControlKind),
    /// A tuned checkpoint of an arm, by its seed.
    Tune {
        /// The name of an arm, see [`Recipe::arms`].
        arm: String,
        /// Its seed.
        seed: u64,
    },
    /// Frustration before and after.
    Frustration,
    /// All checkpoints on all tasks.
    Comparison,
    /// Tables and figures.
    Report,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Corpus => f.write_str("corpus"),
            Self::Points => f.write_str("points"),
            Self::Samples => f.write_str("samples"),
            Self::Landscape => f.write_str("landscape"),
            Self::Task(name) => write!(f, "task-{name}"),
            Self::Fill => f.write_str("fill"),
            Self::Control(kind) => write!(f, "control-{}", kind.name()),
            Self::Tune { arm, seed } => write!(f, "tune-{arm}-{seed}"),
            Self::Frustration => f.write_str("frustration"),
            Self::Comparison => f.write_str("comparison"),
            Self::Report => f.write_str("report"),
        }
    }
}

impl Step {
    /// What its artefact holds, and how often its method has changed.
    fn kind(&self) -> (ArtefactKind, u32) {
        match self {
            Self::Corpus => (ArtefactKind::Corpus, 1),
            Self::Points => (ArtefactKind::Points, 1),
            Self::Samples => (ArtefactKind::Samples, 1),
            Self::Landscape => (ArtefactKind::Landscape, 1),
            Self::Task(_) => (ArtefactKind::Task, 1),
            Self::Fill | Self::Control(_) => (ArtefactKind::FillSet, 1),
            Self::Tune { .. } => (ArtefactKind::Checkpoint, 1),
            Self::Frustration => (ArtefactKind::Frustration, 1),
            Self::Comparison => (ArtefactKind::Comparison, 1),
            Self::Report => (ArtefactKind::Report, 2),
        }
    }
}

/// A step with everything that decides its result.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedStep {
    /// The step.
    pub step: Step,
    /// Its name.
    pub name: String,
    /// What its artefact is made from.
    pub request: ArtefactRequest,
    /// The artefact it ends in.
    pub id: ArtefactId,
    /// Names of the steps it follows, in the order of the request's parents.
    pub parents: Vec<String>,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Nothing has been made.
    Empty,
    /// What it is made from is there.
    Ready,
    /// Work has begun and can go on.
    Begun,
    /// Its artefact is there.
    Done,
    /// There is an artefact, but of other inputs or parameters.
    Stale,
}

/// All steps of a recipe, each after those it follows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<PlannedStep>,
}

impl Plan {
    /// The steps that the recipe of a document asks for.
    ///
    /// # Errors
    /// When the recipe contradicts itself.
    pub fn new(document: &Document, inputs: &Inputs) -> Result<Self, PipelineError> {
        let recipe = &document.recipe;
        recipe.check().map_err(|what| PipelineError::Recipe { what })?;
        let mut planner = Planner { recipe, inputs, plan: Self::default() };
        planner.molecules_and_landscape()?;
        planner.sets(document)?;
        planner.results()?;
        Ok(planner.plan)
    }

    /// The step of this name.
    pub fn step(&self, name: &str) -> Option<&PlannedStep> {
        self.steps.iter().find(|step| step.name == name)
    }

    /// Where a step stands in a study.
    pub fn state(&self, study: &Study, step: &PlannedStep) -> StepState {
        if study.has(&step.id) {
            return StepState::Done;
        }
        let shown = study.document().results.get(&step.name);
        if shown.is_some_and(|id| study.has(id)) {
            return StepState::Stale;
        }
        if study.work_folder().join(step.id.to_string()).exists() {
            return StepState::Begun;
        }
        let ready = step.parents.iter().all(|parent| self.step(parent).is_some_and(|parent| study.has(&parent.id)));
        if ready { StepState::Ready } else { StepState::Empty }
    }
}

/// The seed of a part of the study, from the study's seed and the part's name; below 2⁶³.
pub(super) fn derived_seed(seed: u64, role: &str) -> u64 {
    let digest = Sha256::digest(format!("{role}/{seed}").as_bytes());
    u64::from_be_bytes(digest[..8].try_into().expect("a digest has 32 bytes")) >> 1
}

struct Planner<'a> {
    recipe: &'a Recipe,
    inputs: &'a Inputs,
    plan: Plan,
}

/// Parameters as a table; keys without a value are left out.
fn table(value: &impl Serialize) -> Result<toml::Table, PipelineError> {
    toml::Table::try_from(value).map_err(|error| PipelineError::Recipe { what: error.to_string() })
}

impl Planner<'_> {
    fn add(&mut self, step: Step, parents: &[&str], roles: &[&str], parameters: toml::Table, seed: u64) {
        let (kind, revision) = step.kind();
        let name = step.to_string();
        let parents: Vec<String> = parents.iter().map(|parent| (*parent).to_owned()).collect();
        let id_of = |name: &String| self.plan.step(name).expect("steps are planned in order").id.clone();
        let mut inputs = BTreeMap::new();
        for role in roles {
            match *role {
                "model" => {
                    inputs.insert("model".to_owned(), self.inputs.model_digest.clone());
                    inputs.insert("device".to_owned(), self.recipe.model.device.to_string());
                }
                "corpus" => inputs.extend(self.inputs.corpus_digest.clone().map(|d| ("corpus".to_owned(), d))),
                _ => inputs.extend(self.inputs.task_digests.iter().map(|(n, d)| (format!("task-{n}"), d.clone()))),
            }
        }
        let device = match step {
            Step::Tune { .. } => "cpu".to_owned(),
            _ => self.recipe.model.device.to_string(),
        };
        let parent_ids = parents.iter().map(id_of).collect();
        let request = ArtefactRequest {
            kind,
            step: name.clone(),
            revision,
            parents: parent_ids,
            inputs,
            parameters,
            seed,
            device,
        };
        self.plan.steps.push(PlannedStep { step, name, id: request.id(), request, parents });
    }

    fn seeded(&self, role: &str, given: u64) -> u64 {
        if given == 0 { derived_seed(self.recipe.seed, role) } else { given }
    }

    fn molecules_and_landscape(&mut self) -> Result<(), PipelineError> {
        let recipe = self.recipe;
        let mut corpus = table(&recipe.corpus)?;
        // The file counts by its digest, wherever it lies; the library only where it is used.
        if corpus.remove("file").is_some() {
            corpus.remove("library");
        }
        self.add(Step::Corpus, &[], &["corpus"], corpus, recipe.seed);
        self.add(Step::Points, &["corpus"], &["model"], toml::Table::new(), recipe.seed);

        let mut samples = recipe.samples.clone();
        samples.response.seed = self.seeded("response", samples.response.seed);
        let mut parameters = toml::Table::from_iter([("samples".to_owned(), toml::Value::Table(table(&samples)?))]);
        parameters.insert("seed".to_owned(), toml_seed(derived_seed(recipe.seed, "samples")));
        let parents: &[&str] = match samples.source {
            SampleSource::Hypercube => &[],
            SampleSource::Posterior { .. } | SampleSource::Principal { .. } => &["points"],
        };
        self.add(Step::Samples, parents, &["model"], parameters, samples.response.seed);

        let mut landscape = recipe.landscape.clone();
        landscape.explore.seed = self.seeded("explore", landscape.explore.seed);
        landscape.sample.seed = self.seeded("field", landscape.sample.seed);
        self.add(Step::Landscape, &["samples"], &[], table(&landscape)?, landscape.explore.seed);
        for task in &recipe.tasks {
            if let Some(library) = &task.library {
                self.add(Step::Task(task.name.clone()), &[], &[], table(library)?, library.seed);
            }
        }
        Ok(())
    }

    fn sets(&mut self, document: &Document) -> Result<(), PipelineError> {
        let recipe = self.recipe;
        let mut fill = recipe.fill.clone();
        fill.region = fill.region.map(|region| expand(&region, document, 0)).transpose()?;
        fill.draw.seed = self.seeded("region", fill.draw.seed);
        self.add(Step::Fill, &["corpus", "samples", "landscape"], &["model"], table(&fill)?, fill.draw.seed);
        let own: Vec<String> =
            recipe.tasks.iter().filter(|t| t.library.is_some()).map(|t| format!("task-{}", t.name)).collect();
        for control in &recipe.controls {
            let set = toml::Value::Table(table(&fill.set)?);
            let mut parameters = toml::Table::from_iter([("set".to_owned(), set)]);
            let seed = derived_seed(recipe.seed, &control.name());
            parameters.insert("control".to_owned(), toml::Value::String(control.name()));
            parameters.insert("seed".to_owned(), toml_seed(seed));
            let mut parents = vec!["corpus", "fill"];
            let mut roles = Vec::new();
            match control {
                ControlKind::Random => roles.push("model"),
                ControlKind::Corpus => {}
                ControlKind::Task(_) | ControlKind::Combined => {
                    parents.extend(own.iter().map(String::as_str));
                    roles.push("tasks");
                    let reads: Vec<_> = recipe.tasks.iter().map(|t| (&t.name, &t.read)).collect();
                    parameters.insert("tasks".to_owned(), toml::Value::try_from(&reads).map_err(|e| recipe_error(&e))?);
                }
            }
            self.add(Step::Control(control.clone()), &parents, &roles, parameters, seed);
        }
        Ok(())
    }

    fn results(&mut self) -> Result<(), PipelineError> {
        let recipe = self.recipe;
        let mut tuned = Vec::new();
        for arm in recipe.arms() {
            for &seed in &recipe.tune_seeds {
                let mut params = arm.tune.clone();
                params.seed = derived_seed(recipe.seed, &format!("tune/{seed}"));
                let step = Step::Tune { arm: arm.name.clone(), seed };
                tuned.push(step.to_string());
                self.add(step, &["corpus", &arm.set], &["model"], table(&params)?, params.seed);
            }
        }
        let of_first_seed: Vec<&String> =
            tuned.iter().filter(|name| name.ends_with(&format!("-{}", recipe.tune_seeds[0]))).collect();
        if recipe.frustration.method != FrustrationMethod::None {
            let mut parents = vec!["samples", "landscape", "fill"];
            parents.extend(of_first_seed.iter().map(|name| name.as_str()));
            // What is only watched decides nothing.
            let parameters = FrustrationParams { while_tuning: 0, ..recipe.frustration.clone() };
            self.add(Step::Frustration, &parents, &["model"], table(&parameters)?, recipe.seed);
        }
        let own: Vec<String> =
            recipe.tasks.iter().filter(|t| t.library.is_some()).map(|t| format!("task-{}", t.name)).collect();
        if !recipe.tasks.is_empty() {
            let mut compare = recipe.compare.clone();
            compare.pairs = super::compare::pairs(recipe);
            let mut parameters = table(&compare)?;
            let reads: Vec<_> = recipe.tasks.iter().map(|t| (&t.name, &t.read)).collect();
            parameters.insert("tasks".to_owned(), toml::Value::try_from(&reads).map_err(|e| recipe_error(&e))?);
            let parents: Vec<&str> = tuned.iter().chain(&own).map(String::as_str).collect();
            let seed = recipe.compare.seeds[0];
            self.add(Step::Comparison, &parents, &["model", "tasks"], parameters, seed);
        }
        let all: Vec<String> = self.plan.steps.iter().map(|step| step.name.clone()).collect();
        let parents: Vec<&str> = all.iter().map(String::as_str).collect();
        let parameters = toml::Table::from_iter([("name".to_owned(), toml::Value::String(recipe.name.clone()))]);
        self.add(Step::Report, &parents, &["model"], parameters, recipe.seed);
        Ok(())
    }
}

fn recipe_error(error: &toml::ser::Error) -> PipelineError {
    PipelineError::Recipe { what: error.to_string() }
}

fn toml_seed(seed: u64) -> toml::Value {
    toml::Value::Integer(seed as i64)
}

/// Nested names at most; more is a circle.
const MAX_DEPTH: usize = 32;

/// A definition without names of other regions, so that it says by itself what it is.
fn expand(definition: &RegionDefinition, document: &Document, depth: usize) -> Result<RegionDefinition, PipelineError> {
    if depth > MAX_DEPTH {
        return Err(PipelineError::Recipe { what: "the regions are defined by each other in a circle".to_owned() });
    }
    let each = |parts: &[RegionDefinition]| -> Result<Vec<RegionDefinition>, PipelineError> {
        parts.iter().map(|part| expand(part, document, depth + 1)).collect()
    };
    Ok(match definition {
        RegionDefinition::Named(name) => match document.region(name) {
            Some(region) => expand(&region.definition, document, depth + 1)?,
            None => return Err(PipelineError::Recipe { what: format!("the study has no region {name:?}") }),
        },
        RegionDefinition::Union(parts) => RegionDefinition::Union(each(parts)?),
        RegionDefinition::Intersection(parts) => RegionDefinition::Intersection(each(parts)?),
        RegionDefinition::Difference(parts) => {
            let [a, b] = &**parts;
            let both = [expand(a, document, depth + 1)?, expand(b, document, depth + 1)?];
            RegionDefinition::Difference(Box::new(both))
        }
        plain => plain.clone(),
    })
}
