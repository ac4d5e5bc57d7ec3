//! An open study as the window shows it: read once in a job, then immutable but for the picture kept with it.

mod change;
mod exact;
mod fields;
mod keep;
mod molecules;
mod new;
mod on_map;
mod open;
mod roughness;
mod run;
mod toy;
mod tuned;

use std::path::PathBuf;
use std::sync::Arc;

use super::data::{Column, DataSet};
use super::picture::{Layer, Step, StepState};
use super::tuning::Draft;
use crate::evaluate::Comparison;
use crate::fill::{FillMolecule, FillReport};
use crate::landscape::{FrustrationContribution, KineticTransitionNetwork, Toy};
use crate::projection::Projection;
use crate::render::{FieldGrid, Shared};
use crate::workspace::pipeline::{FrustrationReport, StoredSamples};
use crate::workspace::{self, ArtefactId, Recipe};

pub use exact::exact_field;
pub use fields::{Field, Fields, difference, fields};
pub use molecules::{make_map, places};
pub use new::{NewStudy, StudySize};
pub use on_map::{MinimumOnMap, NetworkOnMap, network_on_map};
pub use open::{Hold, is_study, open, read_difference};
pub use roughness::{ROUGHNESS, add_roughness};
pub use run::{Told, inputs, plan_states, run_names, run_step};
pub use toy::{TOYS, ToyName, height as toy_height, open_toy};
pub use tuned::TunedRun;

/// A line of the Explorer.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What it is called.
    pub name: String,
    /// What it is.
    pub detail: String,
    /// The step that shows it.
    pub step: Step,
}

/// A landscape with what the views need of it.
#[derive(Debug)]
pub struct Landscape {
    /// Minima and transition states.
    pub network: KineticTransitionNetwork,
    /// Every contribution for ℓ of the metric (0.8) and of the sampling (80), the most frustrated first.
    pub contributions: [Vec<FrustrationContribution>; 2],
    /// F for the same two length scales, in units of E.
    pub frustration: [f64; 2],
}

/// An open study.
#[derive(Debug)]
pub struct OpenStudy {
    /// The study on disk; none while a job writes it.
    study: Option<workspace::Study>,
    /// What it is called.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Why it cannot be changed, if it cannot.
    pub read_only: Option<String>,
    /// What is wrong with parts of it.
    pub faults: Vec<String>,
    /// Its artefacts.
    pub items: Vec<Item>,
    /// Name and value, for the Inspector.
    pub facts: Vec<(String, String)>,
    /// The explored landscape.
    pub landscape: Option<Arc<Landscape>>,
    /// The artefacts that regions are chosen on.
    pub ids: StudyIds,
    /// Digest of the model that its artefacts were made with; none before there are any, and for a toy.
    pub model_digest: Option<String>,
    /// The folder of its model; none for a toy.
    pub model_folder: Option<PathBuf>,
    /// The seed of the points that a fill set is drawn from.
    pub draw_seed: u64,
    /// The points that were measured, with their response.
    pub samples: Option<Arc<StoredSamples>>,
    /// From latent space to the map.
    pub projection: Option<Arc<Projection>>,
    /// Minima and transition states on the map.
    pub network_on_map: Option<Arc<NetworkOnMap>>,
    /// What the heatmap can show.
    pub fields: Fields,
    /// Landscapes of the study that are not the one shown.
    pub other_landscapes: Vec<ArtefactId>,
    /// Molecules generated for a region, the newest last.
    pub fill_sets: Vec<FillSet>,
    /// Tuned checkpoints, those of earlier settings too.
    pub runs: Vec<TunedRun>,
    /// The newest comparison.
    pub comparison: Option<Arc<Comparison>>,
    /// Frustration before and after tuning.
    pub frustration: Option<FrustrationReport>,
    /// How frustration on the map has changed, by arm; only where tuned landscapes were explored.
    pub frustration_changes: Vec<(String, Shared<FieldGrid>)>,
    /// The report.
    pub report: Option<ArtefactId>,
    /// What the study is to do; none for a toy.
    pub asked: Option<Asked>,
    /// Steps of the pipeline that have the artefact the recipe asks for.
    pub steps_done: Vec<String>,
    /// Steps whose results are there.
    done: Vec<Step>,
    /// The surface itself, when it is a toy's.
    pub toy: Option<Arc<Toy>>,
    /// Where steps stand by the recipe.
    planned: Vec<(Step, StepState)>,
}

/// The artefacts that regions are chosen on.
#[derive(Debug, Clone, Default)]
pub struct StudyIds {
    /// The molecules.
    pub points: Option<ArtefactId>,
    /// The landscape.
    pub landscape: Option<ArtefactId>,
}

/// What a study is to do.
#[derive(Debug)]
pub struct Asked {
    /// All of it.
    pub recipe: Recipe,
    /// The same without the region, which may name thousands of molecules.
    pub light: Recipe,
    /// Its settings of steps 4 and 5.
    pub settings: Arc<Draft>,
}

/// A fill set of the study.
#[derive(Debug)]
pub struct FillSet {
    /// The step that made it: “fill” or a control.
    pub name: String,
    /// Its artefact.
    pub id: ArtefactId,
    /// Its molecules with their numbers.
    pub data: DataSet,
    /// What the generator noted of each.
    pub molecules: Vec<FillMolecule>,
    /// What became of the candidates.
    pub report: FillReport,
}

impl OpenStudy {
    /// The recipe, while no job has the study.
    pub fn recipe(&self) -> Option<&workspace::Recipe> {
        self.study.as_ref().map(|study| &study.document().recipe)
    }

    /// Changes the recipe as one step of the study's own history.
    ///
    /// # Errors
    /// A sentence when the study cannot be changed.
    pub fn edit_recipe(&mut self, label: &str, change: impl FnOnce(&mut workspace::Recipe)) -> Result<(), String> {
        let study = self.study.as_mut().ok_or("a job works on the study: wait for it, or cancel it")?;
        study.edit(label, |document| change(&mut document.recipe)).map_err(|error| super::event::told(&error))
    }

    /// Takes in where the steps stand now.
    pub fn replan(&mut self, states: Vec<(Step, StepState)>) {
        self.planned = states;
    }

    /// Where a step stands, as far as the study knows.
    pub fn step_state(&self, step: Step) -> Option<StepState> {
        let planned = self.planned.iter().find(|(of, _)| *of == step).map(|(_, state)| *state);
        match planned {
            Some(StepState::Stale) => Some(StepState::Stale),
            _ if self.done.contains(&step) => Some(StepState::Done),
            planned => planned,
        }
    }
}

/// The column that tells most at first sight: drug-likeness where there is one, else the first of numbers.
pub fn best_colour(data: &DataSet) -> Option<String> {
    let named = |word: &str| data.columns.iter().find(|column| column.name.to_lowercase().contains(word));
    let tells = |column: &&Column| column.name != ROUGHNESS && column.range().is_some_and(|[low, high]| high > low);
    let first = || data.columns.iter().find(tells);
    named("qed").or_else(first).map(|column| column.name.clone())
}

/// Layers and colours that show most at first sight: the heatmap with the network and plain points where a landscape
/// was explored, else points in the colours of the best column.
pub fn first_look(study: Option<&OpenStudy>, data: &DataSet) -> (Vec<Layer>, Option<String>) {
    let mut layers = vec![Layer::Points];
    if study.is_some_and(|study| study.fields.get(Field::Roughness).is_some()) {
        layers.push(Layer::Heatmap);
    }
    if study.is_some_and(|study| study.network_on_map.is_some()) {
        layers.push(Layer::Network);
    }
    let colour = if layers.contains(&Layer::Heatmap) { None } else { best_colour(data) };
    (layers, colour)
}
