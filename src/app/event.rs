//! What jobs come to, and how it is taken in.

use eframe::egui;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::action::{Choose, Dialog, Found, ModelAction, PictureAction, WindowAction};
use super::app::App;
use super::board::Ending;
use super::data::{Column, DataSet, Export, Latents, MapPlaces, Query, RowSet, SetOperation, load_file};
use super::landscape::{DecodedImages, FoundPath, Ground, LayoutRequest};
use super::model_session::{
    FIRST_MOLECULE, LoadedModel, Reading, SessionResults, Trial, decode_minima, open_model, thousands,
};
use super::picture::{Filter, Picture, Step, StepState};
use super::project::MadeMap;
use super::region::RegionCard;
use super::state::Weight;
use super::study::{self, Field, Hold, OpenStudy};
use super::tuning::{TuningEvent, TuningState};
use crate::jobs::Observe;
use crate::landscape::NetworkLayout;
use crate::projection::{ProjectionParams, Trust};
use crate::render::FieldGrid;
use crate::workspace::NamedRegion;
use crate::workspace::pipeline::RunEnd;

/// Files larger than this are read only when the person says so again.
const LARGE_BYTES: u64 = 512 * 1024 * 1024;

/// What a path turned out to be.
#[derive(Debug)]
pub enum Opened {
    /// A file of molecules.
    Data(Box<DataSet>),
    /// A study with what it shows.
    Study(Box<OpenStudy>, Option<Box<DataSet>>, Option<Box<Picture>>),
    /// A model.
    Model(Box<LoadedModel>),
    /// A file that would take long, and its size in bytes.
    Large(u64),
}

/// The result of a job.
#[derive(Debug)]
pub enum Event {
    /// A path was opened.
    Opened(PathBuf, Result<Opened, String>),
    /// A search ended.
    Searched(u64, Query, Found, Result<RowSet, String>),
    /// Rows were written.
    Exported(Export, Result<Option<usize>, String>),
    /// Descriptors were computed for the data set of this serial number.
    Described(u64, Vec<Column>),
    /// Latent vectors and map of the data set of this serial number.
    Mapped(u64, Result<(Latents, MapPlaces), String>),
    /// A model was loaded; the flag tells that the person asked for it.
    Model(PathBuf, bool, Result<LoadedModel, String>),
    /// A step of the study in this folder was run.
    StudyRun(PathBuf, Step, Result<RunEnd, String>),
    /// Something of steps 4 and 5.
    Tuning(TuningEvent),
    /// Minima of the landscape were decoded: ids and SMILES.
    MinimaDecoded(u64, Result<Vec<(u64, String)>, String>),
    /// A region was measured, with this data set and model.
    RegionMeasured(u64, Arc<NamedRegion>, Result<RegionCard, String>),
    /// Where the steps of the study in this folder stand now.
    Planned(PathBuf, Vec<(Step, StepState)>),
    /// A field of the map of this data set was computed, and whether to show it.
    FieldMade(u64, Field, Result<FieldGrid, String>, bool),
    /// A path was looked for in the landscape of this data set.
    PathFound(u64, Result<FoundPath, String>),
    /// The surface was asked along a path.
    PathMeasured(Arc<FoundPath>, Result<Vec<f64>, String>),
    /// The images of a path were decoded.
    PathDecoded(Arc<FoundPath>, Result<DecodedImages, String>),
    /// The network was laid out.
    LaidOut(u64, LayoutRequest, Result<NetworkLayout, String>),
    /// A study was made in this folder.
    StudyMade(PathBuf, Result<(), String>),
    /// The study was copied into this folder, with so many files.
    Copied(PathBuf, Result<usize, String>),
    /// A view of the landscape was written.
    FigureExported(PathBuf, Result<(), String>),
    /// Another map of the molecules of this serial number; none when it was cancelled.
    Projected(u64, ProjectionParams, Result<Option<MadeMap>, String>),
    /// How far the map of the data set of this serial number can be trusted, where it could be measured.
    Measured(u64, Option<Trust>),
    /// The try box.
    Tried(Result<Trial, String>),
    /// The walk.
    Walked(String, String, Result<Vec<Reading>, String>),
    /// The neighbours.
    Around(String, f32, Result<Vec<Reading>, String>),
    /// The picture of the map was written.
    ViewExported(PathBuf, Result<(), String>),
    /// The system's file dialog was closed.
    Chosen(Choose, Option<PathBuf>),
}

/// An error with its causes in one sentence.
pub fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(" because {inner}"));
        cause = inner.source();
    }
    text
}

/// Opens whatever stands at `path`.
///
/// # Errors
/// A sentence with the reason.
pub fn open(
    path: &Path,
    allow_large: bool,
    hold: Hold,
    bundled_model: Option<&Path>,
    observe: Observe,
) -> Result<Opened, String> {
    if let Some(toy) = study::ToyName::of(path) {
        let (study, data, picture) = study::open_toy(toy, observe)?;
        return Ok(Opened::Study(Box::new(study), Some(Box::new(data)), Some(Box::new(picture))));
    }
    let found = std::fs::metadata(path).map_err(|error| format!("could not open {}: {error}", path.display()))?;
    if found.is_dir() {
        if study::is_study(path) {
            let (study, data, picture) = study::open(path, hold, bundled_model, observe)?;
            return Ok(Opened::Study(Box::new(study), data.map(Box::new), picture.map(Box::new)));
        }
        if path.join("config.json").exists() {
            return open_model(path, observe).map(|model| Opened::Model(Box::new(model))).map_err(|error| told(&error));
        }
        return Err(format!(
            "this folder is neither a study (study.toml) nor a model (config.json): open one of these, or a file of molecules ({})",
            path.display()
        ));
    }
    if path.file_name().is_some_and(|name| name == "study.toml" || name == "config.json")
        && let Some(folder) = path.parent()
    {
        return open(folder, allow_large, hold, bundled_model, observe);
    }
    if found.len() > LARGE_BYTES && !allow_large {
        return Ok(Opened::Large(found.len()));
    }
    load_file(path, observe).map(|data| Opened::Data(Box::new(data))).map_err(|error| told(&error))
}

impl App {
    /// Takes in the ending of a job.
    pub(super) fn take_ending(&mut self, name: &str, ending: Ending<Event>, ctx: &egui::Context) {
        match ending {
            Ending::Event(event, partial) => self.take_event(event, partial, ctx),
            Ending::Nothing => {
                self.state.focus.give_up(name);
                self.state.regions.give_up(name);
                self.say(Weight::Note, format!("“{name}” was cancelled"));
            }
            Ending::Panicked(message) => self.say(
                Weight::Failure,
                format!("“{name}” broke down ({message}). Nothing else was lost; please report it with these words."),
            ),
        }
    }

    fn take_event(&mut self, event: Event, partial: bool, ctx: &egui::Context) {
        match event {
            Event::Opened(path, Ok(opened)) => self.take_opened(&path, opened),
            Event::Opened(_, Err(problem)) => self.say(Weight::Failure, format!("Could not open: {problem}")),
            Event::Searched(serial, query, found, result) => self.take_found(serial, query, found, result, partial),
            Event::Exported(to, Ok(Some(n))) => {
                let text = format!("{} molecules written to {}", thousands(n), to.path.display());
                self.say(Weight::Note, text);
            }
            Event::Exported(to, Ok(None)) => {
                self.say(Weight::Note, format!("Export cancelled; {} was not written", to.path.display()));
            }
            Event::Exported(_, Err(problem)) => self.say(Weight::Failure, format!("Could not export: {problem}")),
            Event::Described(serial, columns) => self.take_columns(serial, columns, partial),
            Event::Mapped(serial, Ok((latents, map))) if serial == self.state.data_serial => {
                if let Some(data) = self.state.data.as_mut() {
                    let data = Arc::make_mut(data);
                    data.latents = Some(Arc::new(latents));
                    data.map = Some(Arc::new(map));
                    self.state.data_serial += 1;
                }
                self.begin_maps();
                self.say(Weight::Note, "The map is drawn");
            }
            Event::Mapped(_, Ok(_)) => {}
            Event::Mapped(_, Err(problem)) => self.say(Weight::Failure, format!("Could not draw the map: {problem}")),
            Event::Model(path, asked, Ok(model)) => self.take_model(&path, asked, model),
            Event::Model(_, _, Err(problem)) => {
                self.say(Weight::Failure, format!("Could not open the model: {problem}"));
            }
            Event::StudyRun(folder, step, result) => {
                self.state.live = super::landscape::Live::default();
                match result {
                    Ok(RunEnd::Finished) => self.say(Weight::Note, format!("Step {} is done", step.label())),
                    Ok(RunEnd::Paused(at)) => {
                        self.say(Weight::Note, format!("Stopped in “{at}”; running the step again goes on from there"));
                    }
                    Err(problem) => self.say(Weight::Failure, format!("Step {} failed: {problem}", step.label())),
                }
                // What was made is on disk: it is read anew, and the picture stays.
                self.open_path(folder, false);
            }
            Event::Tuning(event) => self.take_tuning(event),
            Event::MinimaDecoded(serial, Ok(decoded)) if serial == self.state.data_serial => {
                self.state.decoded_minima = decoded.into_iter().collect();
            }
            Event::MinimaDecoded(_, Ok(_)) => {}
            Event::MinimaDecoded(_, Err(problem)) => {
                self.say(Weight::Note, format!("The minima could not be decoded: {problem}"));
            }
            Event::RegionMeasured(serial, region, result) => self.take_region(serial, region, result),
            Event::Planned(folder, states) => {
                if let Some(study) = self.state.study.as_mut().filter(|study| study.folder == folder) {
                    study.replan(states);
                }
            }
            Event::FieldMade(serial, field, result, show) => self.take_field(serial, field, result, show),
            Event::PathFound(serial, result) => self.take_path(serial, result),
            Event::PathMeasured(path, result) => self.take_path_energies(&path, result),
            Event::PathDecoded(path, result) => self.take_path_molecules(&path, result),
            Event::LaidOut(serial, request, result) => self.take_layout(serial, request, result),
            Event::StudyMade(folder, Ok(())) => self.open_path(folder, false),
            Event::StudyMade(_, Err(problem)) => {
                self.say(Weight::Failure, format!("Could not make the study: {problem}"));
            }
            Event::Copied(to, Ok(_)) => self.open_path(to, false),
            Event::Copied(_, Err(problem)) => self.say(Weight::Failure, format!("Could not copy the study: {problem}")),
            Event::FigureExported(path, result) => self.take_figure(&path, result),
            Event::Projected(serial, params, result) => self.take_map(serial, params, result),
            Event::Measured(serial, trust) => self.take_trust(serial, trust),
            Event::Tried(result) => match result {
                Ok(trial) => {
                    self.state.session.trial = Some(Arc::new(trial));
                    self.state.session.problem = None;
                }
                Err(problem) => self.state.session.problem = Some(problem),
            },
            Event::Walked(from, to, Ok(molecules)) => {
                self.state.session.walk = Some((from, to, Arc::new(molecules)));
                self.state.session.problem = None;
            }
            Event::Around(smiles, radius, Ok(molecules)) => {
                self.state.session.neighbours = Some((smiles, radius, Arc::new(molecules)));
                self.state.session.problem = None;
            }
            Event::Walked(_, _, Err(problem)) | Event::Around(_, _, Err(problem)) => {
                self.state.session.problem = Some(problem);
            }
            Event::ViewExported(path, Ok(())) => {
                self.say(Weight::Note, format!("The map was written to {}", path.display()));
            }
            Event::ViewExported(_, Err(problem)) => {
                self.say(Weight::Failure, format!("Could not export the view: {problem}"));
            }
            Event::Chosen(what, Some(path)) => match what {
                Choose::Save => self.state.chosen = Some(path),
                Choose::OpenFile | Choose::OpenFolder => {
                    self.apply(ctx, WindowAction::CloseDialog.into());
                    self.open_path(path, false);
                }
            },
            Event::Chosen(_, None) => {}
        }
    }

    fn take_opened(&mut self, path: &Path, opened: Opened) {
        match opened {
            Opened::Data(data) => {
                let (n, rejected) = (data.n_rows(), data.rejected.len());
                self.say(Weight::Note, format!("{} molecules from {}", thousands(n), path.display()));
                if rejected > 0 {
                    let first = &data.rejected[0];
                    let text =
                        format!("{} rows are no molecules and are not shown; the first: {first}", thousands(rejected));
                    self.say(Weight::Warning, text);
                }
                self.save_picture();
                self.state.study = None;
                self.state.open_file = Some(path.to_owned());
                self.shown_path = Some(path.to_owned());
                let revived = self.revived.take();
                self.show_data(*data, revived);
                self.state.settings.remember(path);
            }
            Opened::Study(study, data, picture) => {
                self.save_picture();
                let again = self.state.study.as_ref().is_some_and(|open| open.folder == study.folder);
                let picture = if again { Some(Box::new(self.picture_after_run(&study))) } else { picture };
                let mut picture = self.revived.take().map(Box::new).or(picture);
                let explored =
                    study.landscape.is_some() && self.state.study.as_ref().is_some_and(|s| s.landscape.is_none());
                if let (Some(picture), Some(data), true) = (&mut picture, &data, again && explored) {
                    (picture.layers, picture.colour_by) = study::first_look(Some(&study), data);
                }
                self.shown_path = Some(path.to_owned());
                self.say(Weight::Note, format!("Study “{}” opened", study.name));
                if let Some(reason) = &study.read_only {
                    self.say(Weight::Note, reason.clone());
                }
                for fault in &study.faults {
                    self.say(Weight::Warning, fault.clone());
                }
                // Read again after a run, with the same molecules, the study keeps what can be undone.
                let n_before = self.state.n_rows();
                let history = again.then(|| std::mem::take(&mut self.state.history));
                if !again {
                    self.state.tuning = TuningState::default();
                }
                self.state.study = Some(*study);
                self.state.open_file = None;
                self.show_data(data.map_or_else(DataSet::default, |data| *data), picture.map(|picture| *picture));
                if let Some(history) = history.filter(|_| self.state.n_rows() == n_before) {
                    self.state.history = history;
                }
                if Some(path) != self.state.places.study.as_deref() {
                    self.state.settings.remember(path);
                }
                self.open_model_of_study(None);
            }
            Opened::Model(model) => self.take_model(path, true, *model),
            Opened::Large(bytes) => self.state.dialog = Some(Dialog::LargeFile(path.to_owned(), bytes)),
        }
    }

    /// Shows the molecules of a study while its first exploration goes on; the study is read anew when that has ended.
    pub(super) fn take_ground(&mut self, (study, data, _): Ground) {
        let same = self.state.study.as_ref().is_some_and(|open| open.folder == study.folder);
        if let Some(data) = data.filter(|_| same && self.state.n_rows() == 0) {
            let (layers, colour_by) = study::first_look(Some(&study), &data);
            let selection = RowSet::empty(data.n_rows()).into();
            let picture = Picture { colour_by, layers, selection, ..self.state.picture.clone() };
            self.state.study = Some(study);
            self.show_data(data, Some(picture));
        }
    }

    /// Puts a data set on screen with a fresh picture and history, or the picture that was kept with it.
    fn show_data(&mut self, data: DataSet, kept: Option<Picture>) {
        let n = data.n_rows();
        let has_map = data.map.is_some();
        let fits = |picture: &Picture| picture.selection.n_rows() == n && n > 0;
        let mut picture = kept.filter(fits).unwrap_or_else(|| {
            // Lessons show one thing after the other.
            let study = self.state.study.as_ref().filter(|study| study.toy.is_none() && self.state.lesson.is_none());
            let (layers, colour_by) = study::first_look(study, &data);
            let selection = RowSet::empty(n).into();
            let study = self.state.study.as_ref();
            Picture {
                step: Step::Landscape,
                layers,
                colour_by,
                selection,
                regions: study.map(OpenStudy::regions).unwrap_or_default(),
                fill_region: study.and_then(OpenStudy::fill_region),
                ..Picture::default()
            }
        });
        // The column's name before it said whose value it is; pictures of older studies have it.
        if picture.colour_by.as_deref() == Some("Roughness") && data.column("Roughness").is_none() {
            picture.colour_by = Some(study::ROUGHNESS.to_owned());
        }
        picture.step = if has_map || self.state.picture.step != Step::Model { picture.step } else { Step::Landscape };
        self.state.picture = picture;
        self.state.history = super::history::History::default();
        self.state.data = Some(Arc::new(data));
        self.state.data_serial += 1;
        self.state.hovered = None;
        self.state.highest = self.state.highest_row();
        self.state.screening = None;
        self.state.marked_minima.clear();
        self.state.decoded_minima.clear();
        self.state.flood = None;
        self.state.focus = super::landscape::LandscapeFocus::default();
        self.begin_maps();
        self.decode_minima();
    }

    /// Decodes the minima of the landscape with the open model, in a job; the lowest come first.
    pub(super) fn decode_minima(&mut self) {
        let landscape = self.state.study.as_ref().and_then(|study| study.landscape.clone());
        // A toy's coordinates are no latent vector.
        let toy = self.state.study.as_ref().is_some_and(|study| study.toy.is_some());
        let (Some(landscape), false) = (landscape, toy) else { return };
        let model = match self.state.model_of_study() {
            Ok(Some(model)) => model,
            Ok(None) => return,
            Err(foreign) => return self.say(Weight::Warning, format!("The minima are not decoded: {foreign}")),
        };
        let serial = self.state.data_serial;
        let started = self.board.queue(
            "Decode the minima",
            move |observe| decode_minima(&landscape, &model, observe).map_err(|error| told(&error)),
            move |result| Event::MinimaDecoded(serial, result),
        );
        if let Err(problem) = started {
            self.say(Weight::Failure, problem);
        }
    }

    fn take_found(&mut self, serial: u64, query: Query, found: Found, result: Result<RowSet, String>, partial: bool) {
        if serial != self.state.data_serial {
            return;
        }
        let rows = match result {
            Ok(rows) => Arc::new(rows),
            Err(problem) => return self.say(Weight::Warning, format!("Could not search: {problem}")),
        };
        let cut = if partial { " before you cancelled" } else { "" };
        self.say(Weight::Note, format!("{}: {} found{cut}", query.describe(), thousands(rows.len())));
        match found {
            Found::Select => {
                self.change(PictureAction::Select { rows, operation: SetOperation::Replace, by: "search" });
            }
            Found::ShowOnly => {
                self.state.history.note(&format!("Show {}", query.describe()), &self.state.picture, false);
                self.state.picture.filter = Some(Filter { query: Some(query), rows });
            }
        }
    }

    fn take_columns(&mut self, serial: u64, columns: Vec<Column>, partial: bool) {
        if serial != self.state.data_serial || partial {
            return self
                .say(Weight::Note, "The descriptors were dropped: the data set changed or the job was cancelled");
        }
        let Some(data) = self.state.data.as_mut() else { return };
        let data = Arc::make_mut(data);
        for column in columns {
            data.columns.retain(|known| known.name != column.name);
            data.columns.push(column);
        }
        self.state.data_serial += 1;
        if self.state.picture.colour_by.is_none() {
            self.state.picture.colour_by = study::best_colour(data);
        }
        self.say(Weight::Note, "Descriptors computed");
    }

    /// Opens the study's own model where another one is open that nobody asked for beside this study; `opened` has just
    /// been tried.
    fn open_model_of_study(&mut self, opened: Option<&Path>) {
        if self.state.model_of_study().is_ok() {
            return;
        }
        let own = self.state.study.as_ref().and_then(|study| study.model_folder.clone());
        if let Some(own) = own.filter(|own| Some(own.as_path()) != opened) {
            self.open_model(own, false);
        }
    }

    fn take_model(&mut self, path: &Path, asked: bool, model: LoadedModel) {
        let text = format!("Model “{}” loaded in {:.1} s", model.model_name(), model.loading.as_secs_f32());
        self.say(Weight::Note, text);
        self.state.model = Some(Arc::new(model));
        self.state.session = SessionResults::default();
        // The first look at step 1 is an answer, not an empty form.
        self.apply_model(ModelAction::Try(FIRST_MOLECULE.into()));
        self.decode_minima();
        self.decode_path();
        self.state.regions.forget();
        if !asked {
            self.open_model_of_study(Some(path));
        }
        if asked {
            self.change(PictureAction::GoTo(Step::Model));
            if Some(path) != self.state.places.model.as_deref() {
                self.state.settings.remember(path);
            }
        }
    }
}
