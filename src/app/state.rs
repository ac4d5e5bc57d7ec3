//! What the window knows. Panels read it; only `App::apply` changes it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::action::{Action, Dialog, ModelAction, StudyAction, Tool, WindowAction};
use super::board::JobCard;
use super::data::{Column, DataSet, Values};
use super::history::History;
use super::landscape::{LandscapeFocus, Live};
use super::model_session::{ForeignModel, LoadedModel, SessionResults};
use super::picture::{Layer, Picture, Step, StepState};
use super::region::RegionCards;
use super::settings::Settings;
use super::study::{Field, OpenStudy, ROUGHNESS};
use super::teach::{Lesson, LessonRun, Screening};
use super::tuning::TuningState;
use crate::model::FoundationModel as _;
use crate::projection::ProjectionParams;
use crate::render::Positions;

/// Where the program finds what ships with it.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// The bundled study.
    pub study: Option<PathBuf>,
    /// The bundled model.
    pub model: Option<PathBuf>,
    /// The cache of fetched models.
    pub hub_cache: Option<PathBuf>,
}

/// How much a line of the log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Something happened.
    Note,
    /// Something should be looked at.
    Warning,
    /// Something failed.
    Failure,
}

/// A line of the log.
#[derive(Debug, Clone)]
pub struct LogLine {
    /// Since the start of the program.
    pub at: Duration,
    /// How much it matters.
    pub weight: Weight,
    /// What happened.
    pub text: String,
}

/// What the adapter is, for the status line.
#[derive(Debug, Clone, Default)]
pub struct AdapterLine {
    /// Short, for the status line.
    pub short: String,
    /// Everything known, for its tooltip.
    pub long: String,
}

/// Lines of the log that are kept.
const MAX_LOG: usize = 2000;

/// Everything the panels read.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct State {
    /// Preferences.
    pub settings: Settings,
    /// Where bundled things are.
    pub places: Places,
    /// The file of molecules that is shown, where it is no study.
    pub open_file: Option<PathBuf>,
    /// What is seen; undone and redone.
    pub picture: Picture,
    /// Undo and redo.
    pub history: History,
    /// The molecules.
    pub data: Option<Arc<DataSet>>,
    /// Counts the data sets shown; caches of panels compare it.
    pub data_serial: u64,
    /// The study.
    pub study: Option<OpenStudy>,
    /// The model of step 1.
    pub model: Option<Arc<LoadedModel>>,
    /// What was asked of the model last.
    pub session: SessionResults,
    /// Steps whose jobs run now.
    pub running: Vec<Step>,
    /// Jobs, running ones first.
    pub jobs: Vec<JobCard>,
    /// What happened.
    pub log: VecDeque<LogLine>,
    /// The row under the pointer, wherever it is shown.
    pub hovered: Option<usize>,
    /// The row with the greatest value of the column by which molecules rank.
    pub highest: Option<usize>,
    /// The tool of the map.
    pub tool: Tool,
    /// For an audience.
    pub presenter: bool,
    /// Whether the palette is open.
    pub palette: bool,
    /// The open dialog.
    pub dialog: Option<Dialog>,
    /// The path that the system's dialog gave last, until a dialog of ours takes it.
    pub chosen: Option<PathBuf>,
    /// Whether the search field is to take the cursor.
    pub focus_search: bool,
    /// The adapter.
    pub adapter: AdapterLine,
    /// Seconds of the last frame's work.
    pub frame_secs: f32,
    /// Minima that are marked.
    pub marked_minima: Vec<u64>,
    /// Points as the exploration finds them.
    pub live: Live,
    /// What is known of the regions.
    pub regions: RegionCards,
    /// What of the landscape is under the hand.
    pub focus: LandscapeFocus,
    /// What the minima of the landscape decode to with the open model, by id.
    pub decoded_minima: std::collections::BTreeMap<u64, String>,
    /// The energy up to which the landscape is flooded.
    pub flood: Option<f64>,
    /// The lessons that ship with the program.
    pub lessons: Vec<Arc<Lesson>>,
    /// The lesson under way.
    pub lesson: Option<LessonRun>,
    /// The search in slow motion on the map.
    pub screening: Option<Screening>,
    /// Where the molecules are while another map forms.
    pub forming: Option<Positions>,
    /// Whether the map still shows what to do first.
    pub coach: bool,
    /// A sentence that stays on screen until it is dismissed.
    pub notice: Option<(Weight, String)>,
    /// What steps 4 and 5 know beside the study.
    pub tuning: TuningState,
}

impl State {
    /// How many molecules are loaded.
    pub fn n_rows(&self) -> usize {
        self.data.as_ref().map_or(0, |data| data.n_rows())
    }

    /// Whether the map is seen in space; films are of the plane.
    pub fn sees_space(&self) -> bool {
        let space = || self.data.as_ref()?.map.as_ref().map(|map| map.is_space());
        self.picture.in_space && self.screening.is_none() && space() == Some(true)
    }

    /// What the map was fitted with.
    pub fn projection_params(&self) -> ProjectionParams {
        let of_study = || Some(self.study.as_ref()?.projection.as_ref()?.params().clone());
        self.picture.projection.clone().or_else(of_study).unwrap_or_default()
    }

    /// The row whose card stands in the Inspector: the hovered, the first selected, the first pinned one, or else the one
    /// with the highest value.
    pub fn card_row(&self) -> Option<usize> {
        let selected = || {
            let mut rows = self.picture.selection.iter();
            rows.next()
        };
        self.hovered
            .or_else(selected)
            .or_else(|| self.picture.pinned.first().copied())
            .or(self.highest)
            .filter(|&row| row < self.n_rows())
    }

    /// Why a row's card stands in the Inspector, where nobody asked for it.
    pub fn card_reason(&self, row: usize) -> Option<String> {
        let asked = self.hovered.is_some() || !self.picture.selection.is_empty() || !self.picture.pinned.is_empty();
        let column = self.ranking().filter(|_| !asked && self.highest == Some(row))?;
        Some(match column.name.as_str() {
            ROUGHNESS => "Where the map is roughest".to_owned(),
            name => {
                let molecule = self.data.as_ref().is_some_and(|data| !data.smiles[row].is_empty());
                format!("The {} with the highest {name}", if molecule { "molecule" } else { "point" })
            }
        })
    }

    /// The open model, for what belongs to the study: latent vectors of one model mean nothing to another.
    ///
    /// # Errors
    /// The open model is not that of the study.
    pub fn model_of_study(&self) -> Result<Option<Arc<LoadedModel>>, ForeignModel> {
        let digest = self.study.as_ref().and_then(|study| study.model_digest.as_ref());
        match (&self.model, digest) {
            (Some(model), Some(digest)) if model.model.provenance().digest != *digest => {
                Err(ForeignModel { open: model.model_name().to_owned() })
            }
            (model, _) => Ok(model.clone()),
        }
    }

    /// The column by which molecules rank: the one that colours the map, or else its roughness.
    pub fn ranking(&self) -> Option<&Column> {
        let data = self.data.as_ref()?;
        data.column(self.picture.colour_by.as_deref().unwrap_or(ROUGHNESS))
    }

    /// The row with the greatest value of the column by which molecules rank.
    pub fn highest_row(&self) -> Option<usize> {
        let Values::Number(values) = &self.ranking()?.values else { return None };
        let finite = values.iter().enumerate().filter(|(_, value)| value.is_finite());
        finite.max_by(|a, b| a.1.total_cmp(b.1)).map(|(row, _)| row)
    }

    /// Whether a layer of the map can be shown, or why not.
    ///
    /// # Errors
    /// A sentence for the tooltip.
    pub fn layer_available(&self, layer: Layer) -> Result<(), String> {
        let has_map = self.data.as_ref().is_some_and(|data| data.map.is_some());
        if !has_map {
            return Err("There is no map yet: open a study, or encode the molecules and draw one (Data menu)".into());
        }
        let study = self.study.as_ref();
        match layer {
            Layer::Points | Layer::Density => Ok(()),
            Layer::Heatmap => study
                .filter(|study| study.fields.get(self.picture.heatmap.field).is_some())
                .map(|_| ())
                .ok_or_else(|| match self.picture.heatmap.field {
                    Field::Exact => "Compute the field in the plane of the map first (the heatmap's menu)".into(),
                    Field::Difference => "Choose a second landscape to take the difference to first".into(),
                    Field::Similarity | Field::Support => "This field needs measured samples: run step 2 first".into(),
                    _ => "The heatmap needs an explored landscape: run step 2 first".into(),
                }),
            Layer::Network => study
                .filter(|study| study.network_on_map.is_some())
                .map(|_| ())
                .ok_or_else(|| "The network needs an explored landscape: run step 2 first".into()),
        }
    }

    /// Where a step stands.
    pub fn step_state(&self, step: Step) -> StepState {
        if self.running.contains(&step) {
            return StepState::Running;
        }
        if let Some(state) = self.study.as_ref().and_then(|study| study.step_state(step)) {
            return state;
        }
        let has_map = self.data.as_ref().is_some_and(|data| data.map.is_some());
        match step {
            Step::Model if self.model.is_some() => StepState::Done,
            Step::Model => StepState::Ready,
            Step::Landscape if self.model.is_some() && self.data.is_some() => StepState::Ready,
            Step::Region if !self.picture.regions.is_empty() => StepState::Done,
            Step::Region if has_map => StepState::Ready,
            _ => StepState::Empty,
        }
    }

    /// What Ctrl Enter does in this step.
    ///
    /// # Errors
    /// Why there is nothing to do yet.
    pub fn primary_action(&self) -> Result<Action, String> {
        match self.picture.step {
            Step::Model if self.model.is_none() => Ok(ModelAction::OpenBundled.into()),
            Step::Model => Ok(WindowAction::Show(Dialog::Open).into()),
            Step::Region => super::region::of_selection(self),
            Step::FillTune if self.study.is_some() => self.fill_tune_action(),
            Step::Compare if self.study.is_some() => self.compare_action(),
            step => self.run_action(step),
        }
    }

    fn run_action(&self, step: Step) -> Result<Action, String> {
        let has_rows = self.n_rows() > 0;
        match &self.study {
            Some(_) if self.running.contains(&step) => Err("The step is running: see the jobs".into()),
            Some(study) if study.step_state(step) == Some(StepState::Done) => {
                Err("Everything of this step is done".into())
            }
            Some(study) if study.can_run() => Ok(StudyAction::RunStep(step).into()),
            Some(study) => {
                Err(study.read_only.clone().unwrap_or_else(|| "Another step is running: see the jobs".into()))
            }
            None if step != Step::Landscape => {
                Err("This needs a study: make one with `fillscape study new`, then open it".into())
            }
            None if !has_rows => Ok(WindowAction::Show(Dialog::Open).into()),
            None if self.data.as_ref().is_some_and(|data| data.map.is_some()) => Err("The map is drawn".into()),
            None if self.model.is_none() => Err("Open a model in step 1 first".into()),
            None => Ok(StudyAction::MakeMap.into()),
        }
    }

    /// Adds a line to the log.
    pub fn say(&mut self, weight: Weight, at: Duration, text: impl Into<String>) {
        self.log.push_back(LogLine { at, weight, text: text.into() });
        if self.log.len() > MAX_LOG {
            self.log.pop_front();
        }
    }
}
