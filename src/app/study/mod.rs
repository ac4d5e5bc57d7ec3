//! An open study as the window shows it: read once in a job, then immutable but for the picture kept with it.

mod keep;
mod molecules;
mod on_map;
mod open;
mod run;
mod toy;

use std::path::PathBuf;
use std::sync::Arc;

use super::data::DataSet;
use super::picture::{Step, StepState};
use crate::evaluate::Comparison;
use crate::landscape::{FrustrationContribution, KineticTransitionNetwork, Toy};
use crate::render::{FieldGrid, Shared};
use crate::workspace;

pub use molecules::make_map;
pub use on_map::NetworkOnMap;
pub use open::{is_study, open};
pub use run::run_step;
pub use toy::{TOYS, ToyName, open_toy};

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
    /// Minima and transition states on the map.
    pub network_on_map: Option<Arc<NetworkOnMap>>,
    /// Frustration on the map.
    pub roughness: Option<Shared<FieldGrid>>,
    /// Molecules generated for a region, the newest last.
    pub fill_sets: Vec<FillSet>,
    /// Losses of the tuned checkpoints.
    pub curves: Vec<Curves>,
    /// The newest comparison.
    pub comparison: Option<Arc<Comparison>>,
    /// Steps whose results are there.
    done: Vec<Step>,
    /// The surface itself, when it is a toy's.
    pub toy: Option<Arc<Toy>>,
    /// Where steps stand by the recipe.
    planned: Vec<(Step, StepState)>,
}

/// The log of a tuned checkpoint.
#[derive(Debug)]
pub struct Curves {
    /// The run.
    pub name: String,
    /// By column: (step, value).
    pub series: Vec<(String, Vec<[f64; 2]>)>,
}

/// A fill set of the study.
#[derive(Debug)]
pub struct FillSet {
    /// What it is called.
    pub name: String,
    /// Its molecules.
    pub data: DataSet,
}

impl OpenStudy {
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

/// The column that tells most at first sight: roughness or frustration where there is one, then drug-likeness, then the
/// first of numbers.
pub fn best_colour(data: &DataSet) -> Option<String> {
    let named = |word: &str| data.columns.iter().find(|column| column.name.to_lowercase().contains(word));
    let first = || data.columns.iter().find(|column| column.range().is_some_and(|[low, high]| high > low));
    let best = named("rough").or_else(|| named("frustration")).or_else(|| named("qed")).or_else(first);
    best.map(|column| column.name.clone())
}
