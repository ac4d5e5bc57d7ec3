//! Carrying actions out: the only place that changes what the window shows.

use eframe::egui;
use std::path::PathBuf;
use std::sync::Arc;

use super::action::{
    Action, Choose, Dialog, Found, JobAction, ModelAction, PictureAction, StudyAction, Tool, WindowAction,
};
use super::app::App;
use super::data::{Column, DataSet, Export, Query, RowSet, SetOperation, Values, export, search};
use super::event::{Event, open, told};
use super::map::{PAGE, camera_around};
use super::model_session::{around, open_model, try_molecule, walk};
use super::picture::{Filter, Layer, NamedSelection, Step};
use super::state::Weight;
use super::study::Hold;
use super::{study, theme};
use crate::chem::{Descriptors, Molecule};
use crate::jobs::Progress;
use crate::model::hub::{self, HubParams};
use crate::render::{Camera3d, corners_of};
use crate::workspace::Study;

impl App {
    /// Carries an action out.
    pub fn apply(&mut self, ctx: &egui::Context, action: Action) {
        let through_history = matches!(action, Action::Undo | Action::Redo | Action::GoToChange(_));
        match action {
            Action::Undo => match self.state.history.undo(&mut self.state.picture) {
                Some(label) => self.say(Weight::Note, format!("Undone: {label}")),
                None => self.say(Weight::Note, "There is nothing to take back"),
            },
            Action::Redo => match self.state.history.redo(&mut self.state.picture) {
                Some(label) => self.say(Weight::Note, format!("Made again: {label}")),
                None => self.say(Weight::Note, "There is nothing to make again"),
            },
            Action::GoToChange(wanted) => {
                while self.state.history.labels().0.len() > wanted {
                    self.state.history.undo(&mut self.state.picture);
                }
                while self.state.history.labels().0.len() < wanted {
                    if self.state.history.redo(&mut self.state.picture).is_none() {
                        break;
                    }
                }
            }
            Action::Picture(action) => self.change(action),
            Action::Study(action) => self.apply_study(action),
            Action::Model(action) => self.apply_model(action),
            Action::Landscape(action) => self.apply_landscape(action),
            Action::Lesson(action) => self.apply_lesson(ctx, action),
            Action::Film(action) => self.apply_film(action),
            Action::Tuning(action) => self.apply_tuning(action),
            Action::Job(action) => match action {
                JobAction::Cancel(id) => self.board.cancel(id),
                JobAction::Pause(id) => self.board.pause(id),
                JobAction::Resume(id) => self.board.resume(id),
                JobAction::Dismiss(id) => self.board.dismiss(id),
            },
            Action::Window(action) => self.apply_window(ctx, action),
        }
        if through_history {
            self.follow_picture();
        }
        self.keep_fill_region();
    }

    /// Changes the picture and notes it for undo. A change that changes nothing leaves no trace.
    pub(super) fn change(&mut self, action: PictureAction) {
        let before = self.state.picture.clone();
        let (label, joins) = (action.label(), action.joins());
        let n = self.state.n_rows();
        let picture = &mut self.state.picture;
        match action {
            PictureAction::GoTo(step) => picture.step = step,
            PictureAction::ColourBy(column) => picture.colour_by = column,
            PictureAction::Gradient(gradient) => picture.gradient = gradient,
            PictureAction::ToggleLayer(layer) => match picture.layers.iter().position(|shown| *shown == layer) {
                Some(at) => {
                    picture.layers.remove(at);
                }
                None => {
                    picture.layers.push(layer);
                    picture.layers.sort_by_key(|shown| Layer::ALL.iter().position(|layer| layer == shown));
                }
            },
            PictureAction::PointSize(size) => picture.point_size = size.clamp(1.0, 20.0),
            PictureAction::Camera(camera) => picture.camera = camera,
            PictureAction::InSpace(on) => picture.in_space = on,
            PictureAction::Orbit(orbit) => picture.orbit = orbit,
            PictureAction::Select { rows, operation, .. } => {
                self.state.coach = false;
                picture.selection = match operation {
                    SetOperation::Replace => rows,
                    _ => Arc::new(picture.selection.combined(&rows, operation)),
                };
            }
            PictureAction::Invert => {
                let shown = picture.filter.as_ref().map_or_else(|| RowSet::full(n), |filter| (*filter.rows).clone());
                picture.selection = Arc::new(shown.combined(&picture.selection, SetOperation::Subtract));
            }
            PictureAction::Name(name) => {
                let taken = picture.named.iter().any(|named| named.name == name);
                let name = if name.trim().is_empty() || taken { picture.free_name() } else { name.trim().to_owned() };
                picture.named.push(NamedSelection { name, rows: picture.selection.clone() });
            }
            PictureAction::Rename(at, name) => {
                let taken = picture.named.iter().any(|named| named.name == name);
                if let Some(named) = picture.named.get_mut(at).filter(|_| !taken && !name.trim().is_empty()) {
                    name.trim().clone_into(&mut named.name);
                }
            }
            PictureAction::RemoveNamed(at) => {
                if at < picture.named.len() {
                    picture.named.remove(at);
                }
            }
            PictureAction::UseNamed(at, operation) => {
                if let Some(named) = picture.named.get(at) {
                    picture.selection = Arc::new(picture.selection.combined(&named.rows, operation));
                }
            }
            PictureAction::ShowOnlySelection => {
                picture.filter = Some(Filter { query: None, rows: picture.selection.clone() });
            }
            PictureAction::ShowAll => picture.filter = None,
            PictureAction::TogglePin(row) => match picture.pinned.iter().position(|pinned| *pinned == row) {
                Some(at) => {
                    picture.pinned.remove(at);
                }
                None => picture.pinned.push(row),
            },
            PictureAction::Sort(sort) => picture.sort = sort,
            PictureAction::Heatmap(heatmap) => picture.heatmap = heatmap,
            PictureAction::Region(edit) => super::region::edit(picture, edit),
            PictureAction::Draft { draft, .. } => picture.draft = Some(draft),
        }
        if self.state.picture != before {
            self.state.history.note(&label, &before, joins);
        }
    }

    /// Opens a path in a job.
    pub(super) fn open_path(&mut self, path: PathBuf, allow_large: bool) {
        let name = format!("Open {}", path.file_name().map_or_else(|| path.to_string_lossy(), |n| n.to_string_lossy()));
        let shown = path.clone();
        // What ships with the program stays as it was made, and what a waiting job will write is not held here.
        let hold = match () {
            () if self.state.places.study.as_ref() == Some(&path) => Hold::LookOnly,
            () if self.step_jobs.is_empty() => Hold::Write,
            () => Hold::WhileRunning,
        };
        let model = self.state.places.model.clone();
        let started = self.board.start(
            &name,
            move |observe| open(&path, allow_large, hold, model.as_deref(), observe),
            move |result| Event::Opened(shown, result),
        );
        self.told_start(started);
    }

    /// Loads a model in a job; `asked` when the person wanted it.
    pub(super) fn open_model(&mut self, folder: PathBuf, asked: bool) {
        let shown = folder.clone();
        let started = self.board.start(
            "Open the model",
            move |observe| open_model(&folder, observe).map_err(|error| told(&error)),
            move |result| Event::Model(shown, asked, result),
        );
        self.told_start(started);
    }

    pub(super) fn told_start(&mut self, started: Result<u64, String>) {
        if let Err(problem) = started {
            self.say(Weight::Failure, problem);
        }
    }

    fn apply_study(&mut self, action: StudyAction) {
        let serial = self.state.data_serial;
        match action {
            StudyAction::Open(path) => self.open_path(path, false),
            StudyAction::OpenLarge(path) => self.open_path(path, true),
            StudyAction::OpenBundled => match self.state.places.study.clone() {
                Some(path) => self.open_path(path, false),
                None => self.say(Weight::Warning, "This copy of the program ships without a study"),
            },
            StudyAction::New(new) => {
                let folder = new.folder.clone();
                let started = self.board.start(
                    "Make a study",
                    move |observe| new.make(observe),
                    move |result| Event::StudyMade(folder, result),
                );
                self.told_start(started);
            }
            StudyAction::Copy(to) => {
                self.state.dialog = None;
                self.save_picture();
                let Some(folder) = self.state.study.as_ref().map(|study| study.folder.clone()) else { return };
                let target = to.clone();
                let started = self.board.start(
                    "Copy the study",
                    move |_| {
                        let study = Study::open_read_only(&folder).map_err(|error| told(&error))?;
                        study.copy_to(&target).map_err(|error| told(&error))
                    },
                    move |result| Event::Copied(to, result),
                );
                self.told_start(started);
            }
            StudyAction::Search(query, found) => self.search(serial, query, found),
            StudyAction::Export { to, selection_only } => self.export(to, selection_only),
            StudyAction::Describe => {
                let Some(data) = self.state.data.clone() else { return };
                let started = self.board.queue(
                    "Compute descriptors",
                    move |observe| describe(&data, observe),
                    move |columns| Event::Described(serial, columns),
                );
                self.told_start(started);
            }
            StudyAction::RunStep(step) => self.run_step(step),
            StudyAction::SetExploration(params) => self.set_exploration(*params),
            StudyAction::Project(params) => self.start_map(params),
            StudyAction::MakeMap => {
                let (Some(data), Some(model)) = (self.state.data.clone(), self.state.model.clone()) else {
                    return self.say(Weight::Warning, "A map needs molecules and a model: open both first");
                };
                let started = self.board.queue(
                    "Encode and draw the map",
                    move |observe| study::make_map(&data, &model.model, observe),
                    move |result| Event::Mapped(serial, result),
                );
                if let Ok(id) = started {
                    self.step_jobs.push((id, Step::Landscape));
                }
                self.told_start(started);
            }
        }
    }

    fn run_step(&mut self, step: Step) {
        self.save_picture();
        let Some(study) = self.state.study.as_mut().filter(|study| study.can_run()) else {
            return self
                .say(Weight::Warning, "The study can only be looked at: copy it to a folder of yours to run it");
        };
        study.let_go();
        let folder = study.folder.clone();
        let (shown, model) = (folder.clone(), self.state.places.model.clone());
        let (searches, tunings) = (self.begin_live(step), self.state.tuning.live.clone());
        let started = self.board.queue(
            &format!("Step {}: {}", step.number(), step.label()),
            move |observe| {
                let told = study::Told { searches: &searches, tunings: &tunings };
                study::run_step(&folder, model.as_deref(), step, told, observe)
            },
            move |result| Event::StudyRun(shown, step, result),
        );
        if let Ok(id) = started {
            self.step_jobs.push((id, step));
        }
        self.told_start(started);
    }

    fn search(&mut self, serial: u64, query: Query, found: Found) {
        let Some(data) = self.state.data.clone() else { return };
        let asked = query.clone();
        let started = self.board.start(
            &format!("Search {}", query.describe()),
            move |observe| search(&data, &query, observe).map_err(|error| told(&error)),
            move |result| Event::Searched(serial, asked, found, result),
        );
        self.told_start(started);
    }

    fn export(&mut self, to: Export, selection_only: bool) {
        let Some(data) = self.state.data.clone() else { return };
        let all = || Arc::new(RowSet::full(data.n_rows()));
        let rows = if selection_only {
            self.state.picture.selection.clone()
        } else {
            self.state.picture.filter.as_ref().map_or_else(all, |filter| filter.rows.clone())
        };
        self.state.dialog = None;
        let target = to.clone();
        let data = data.clone();
        let started = self.board.start(
            "Export molecules",
            move |observe| export(&data, &rows, &target, observe).map_err(|error| told(&error)),
            move |result| Event::Exported(to, result),
        );
        self.told_start(started);
    }

    pub(super) fn apply_model(&mut self, action: ModelAction) {
        match action {
            ModelAction::OpenBundled => match self.state.places.model.clone() {
                Some(folder) => self.open_model(folder, true),
                None => self.say(
                    Weight::Warning,
                    "The bundled model is not beside the program: put it into assets/model, or open a folder",
                ),
            },
            ModelAction::OpenFolder(folder) => self.open_model(folder, true),
            ModelAction::OpenHub(id) => self.open_hub(id),
            ModelAction::Try(smiles) => {
                let Some(model) = self.state.model.clone() else { return };
                let started = self.board.start(
                    "Try a molecule",
                    move |_| try_molecule(&model, &smiles).map_err(|error| told(&error)),
                    Event::Tried,
                );
                self.told_start(started);
            }
            ModelAction::Walk { from, to, n } => {
                let Some(model) = self.state.model.clone() else { return };
                let ends = (from.clone(), to.clone());
                let started = self.board.start(
                    "Walk through latent space",
                    move |observe| walk(&model, &from, &to, n, observe).map_err(|error| told(&error)),
                    move |result| Event::Walked(ends.0, ends.1, result),
                );
                self.told_start(started);
            }
            ModelAction::Neighbours { smiles, radius, seed } => {
                let Some(model) = self.state.model.clone() else { return };
                let centre = smiles.clone();
                let started = self.board.start(
                    "Decode neighbours",
                    move |observe| around(&model, &smiles, radius, seed, observe).map_err(|error| told(&error)),
                    move |result| Event::Around(centre, radius, result),
                );
                self.told_start(started);
            }
        }
    }

    fn open_hub(&mut self, id: String) {
        let Some(cache) = self.state.places.hub_cache.clone() else {
            return self.say(Weight::Warning, "There is no folder for fetched models: set HF_HOME and start again");
        };
        if !hub::is_repository_id(&id) {
            let text =
                format!("“{id}” is no hub id: expected owner/name, for example ibm-research/materials.selfies-ted2m");
            return self.say(Weight::Warning, text);
        }
        let shown = PathBuf::from(&id);
        let started = self.board.start(
            &format!("Open {id}"),
            move |observe| {
                let params = HubParams::new(cache);
                let folder = match hub::cached(&id, &params) {
                    Some(folder) => folder,
                    None => hub::fetch(&id, &params, observe).map_err(|error| told(&error))?.path,
                };
                open_model(&folder, observe).map_err(|error| told(&error))
            },
            move |result| Event::Model(shown, true, result),
        );
        self.told_start(started);
    }

    /// Looks at the selection; at everything when there is none.
    fn frame_selection(&mut self) {
        let Some(map) = self.state.data.as_ref().and_then(|data| data.map.clone()) else { return };
        let rows = &self.state.picture.selection;
        let action = if self.state.sees_space() {
            let places: Vec<[f32; 3]> = rows.iter().filter_map(|row| map.in_space(row)).collect();
            let framing = |corners: [[f32; 3]; 2]| Camera3d::framing(corners.map(|corner| corner.map(f64::from)), PAGE);
            PictureAction::Orbit(corners_of(&places).map(framing))
        } else {
            PictureAction::Camera(camera_around(&map.places, rows))
        };
        self.change(action);
    }

    fn apply_window(&mut self, ctx: &egui::Context, action: WindowAction) {
        let settings = &mut self.state.settings;
        match action {
            WindowAction::Tool(tool) => {
                self.state.coach &= tool != Tool::Pan;
                self.state.tool = tool;
            }
            WindowAction::Hover(row) => self.state.hovered = row,
            WindowAction::FrameSelection => self.frame_selection(),
            WindowAction::ResetLayout => self.panels.reset_layout(self.state.picture.step),
            WindowAction::ToggleExplorer => settings.explorer = !settings.explorer,
            WindowAction::ToggleInspector => settings.inspector = !settings.inspector,
            WindowAction::ToggleBottom => settings.bottom = !settings.bottom,
            WindowAction::Theme(choice) => {
                settings.theme = choice;
                self.apply_theme(ctx);
            }
            WindowAction::Scale(scale) => {
                settings.scale = scale;
                self.apply_theme(ctx);
            }
            WindowAction::TogglePresenter => {
                self.state.presenter = !self.state.presenter;
                self.apply_theme(ctx);
            }
            WindowAction::TogglePalette => self.state.palette = !self.state.palette,
            WindowAction::FocusSearch => {
                settings.explorer = true;
                self.state.focus_search = true;
            }
            WindowAction::Show(dialog) => {
                self.state.chosen = None;
                self.state.dialog = Some(dialog);
            }
            WindowAction::CloseDialog => {
                self.state.dialog = None;
                self.state.focus_search = false;
            }
            WindowAction::Choose(what) => self.choose(what),
            WindowAction::Welcomed => settings.welcomed = true,
            WindowAction::Copy(text) => ctx.copy_text(text),
            WindowAction::Say(text) => self.say(Weight::Note, text),
            WindowAction::Dismiss => self.state.notice = None,
            WindowAction::SearchFocused => self.state.focus_search = false,
            WindowAction::ReducedMotion(on) => {
                settings.reduced_motion = on;
                self.apply_theme(ctx);
            }
            WindowAction::ExportView(to) => self.export_view(to),
            WindowAction::Quit if self.board.is_idle() => self.close(ctx),
            WindowAction::Quit => self.state.dialog = Some(Dialog::Quit),
            WindowAction::QuitNow => self.close(ctx),
        }
    }

    fn close(&mut self, ctx: &egui::Context) {
        self.quit_now = true;
        self.board.cancel_all();
        ctx.send_viewport_cmd(egui::ViewportCommand::Close);
    }

    pub(super) fn apply_theme(&self, ctx: &egui::Context) {
        let settings = &self.state.settings;
        let larger = if self.state.presenter { 1.3 } else { 1.0 };
        theme::apply(ctx, settings.theme, settings.scale * larger, settings.reduced_motion);
    }

    /// Asks the system's file dialog, away from the thread that draws. Where there is none, it answers nothing, and the
    /// path field beside the button remains.
    fn choose(&mut self, what: Choose) {
        let started = self.board.start(
            "File dialog",
            move |_| match what {
                Choose::OpenFolder => rfd::FileDialog::new().pick_folder(),
                Choose::OpenFile => rfd::FileDialog::new().pick_file(),
                Choose::Save => rfd::FileDialog::new().save_file(),
            },
            move |path| Event::Chosen(what, path),
        );
        self.told_start(started);
    }
}

/// The usual descriptors of every molecule, as columns under RDKit's names.
fn describe(data: &DataSet, observe: crate::jobs::Observe) -> Vec<Column> {
    use rayon::prelude::*;
    const PORTION: usize = 256;
    let n = data.n_rows();
    let mut columns = vec![Vec::with_capacity(n); Descriptors::NAMES.len()];
    for rows in data.smiles.chunks(PORTION) {
        let values: Vec<[f64; 11]> = rows
            .par_iter()
            .map(|smiles| Molecule::from_smiles(smiles).map_or([f64::NAN; 11], |m| Descriptors::of(&m).values()))
            .collect();
        for row in values {
            columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
        }
        let done = columns[0].len() as u64;
        if observe(Progress::new("descriptors", done, Some(n as u64))).is_break() {
            break;
        }
    }
    let named = Descriptors::NAMES.into_iter().zip(columns);
    named
        .map(|(name, values)| Column {
            name: name.to_owned(),
            unit: DataSet::usual_unit(name).to_owned(),
            values: Values::Number(values),
        })
        .collect()
}
