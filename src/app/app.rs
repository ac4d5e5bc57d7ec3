//! The window as a whole: polls jobs, applies actions, draws.

use eframe::egui;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::action::{Action, Tool, WindowAction};
use super::board::Board;
use super::command;
use super::drawings::Drawings;
use super::event::Event;
use super::history::History;
use super::picture::{Picture, Step};
use super::project::{Forming, MadeMap};
use super::settings::{LAYOUT_FILE, SETTINGS_FILE, Settings, Store};
use super::shell::Panels;
use super::state::{AdapterLine, Places, State, Weight};
use super::teach::{Lesson, read_lessons};
use super::theme;
use super::widgets::View;
use crate::jobs::Wake;
use crate::projection::ProjectionParams;
use crate::render::{DeviceWatch, Shared};

/// What the window is started with.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// The folder of preferences; none keeps nothing.
    pub config: Option<PathBuf>,
    /// The bundled study, if this copy of the program has one.
    pub bundled_study: Option<PathBuf>,
    /// The bundled model, if this copy of the program has one.
    pub bundled_model: Option<PathBuf>,
    /// The cache of models fetched from the hub.
    pub hub_cache: Option<PathBuf>,
    /// The folder of lessons, if this copy of the program has one.
    pub lessons: Option<PathBuf>,
    /// What to open at once; the bundled study otherwise.
    pub open: Option<PathBuf>,
    /// The adapter, for the status line.
    pub adapter: String,
    /// All that is known of the adapter.
    pub adapter_details: String,
    /// Tells when the device that draws is lost.
    pub device: DeviceWatch,
    /// What was seen before the device was lost, and where to leave it the next time.
    pub revival: Revival,
}

/// What outlives a window whose graphics device was lost.
#[derive(Debug, Clone, Default)]
pub struct Revival(Arc<Mutex<Option<Revived>>>);

/// What a window takes over from the one before.
#[derive(Debug, Clone, PartialEq)]
pub struct Revived {
    /// The study or file that was open.
    pub open: Option<PathBuf>,
    /// What was seen of it.
    pub picture: Picture,
}

impl Revival {
    /// Takes what a window has left, if its device was lost.
    pub fn take(&self) -> Option<Revived> {
        self.0.lock().ok()?.take()
    }

    /// Whether something was left.
    pub fn is_waiting(&self) -> bool {
        self.0.lock().is_ok_and(|place| place.is_some())
    }

    fn leave(&self, revived: Revived) {
        if let Ok(mut place) = self.0.lock() {
            *place = Some(revived);
        }
    }
}

/// The window.
pub struct App {
    pub(super) state: State,
    pub(super) store: Store,
    pub(super) board: Board<Event>,
    pub(super) drawings: Drawings,
    pub(super) panels: Panels,
    pub(super) started: Instant,
    pub(super) saved_settings: Settings,
    pub(super) saved_layout: String,
    pub(super) save_problem_told: bool,
    pub(super) frame_started: Instant,
    pub(super) quit_now: bool,
    device: DeviceWatch,
    revival: Revival,
    /// What was seen before the device was lost, until its molecules are open again.
    pub(super) revived: Option<Picture>,
    /// The study or file on screen.
    pub(super) shown_path: Option<PathBuf>,
    /// The map that came with the molecules.
    pub(super) first_map: Option<MadeMap>,
    /// How the map on screen was fitted; none for the one that came with the molecules.
    pub(super) projection: Option<ProjectionParams>,
    /// The map that is being fitted.
    pub(super) forming: Forming,
    /// Jobs that do the work of a step.
    pub(super) step_jobs: Vec<(u64, Step)>,
}

impl App {
    /// The window over a context; opens what `start` asks for in a job.
    pub fn new(ctx: &egui::Context, start: Start) -> Self {
        let repaint = ctx.clone();
        let wake: Wake = Arc::new(move || repaint.request_repaint());
        let store = Store::new(start.config);
        let (settings, settings_problem) = store.settings();
        let (layout, layout_problem) = store.load::<serde_json::Value>(LAYOUT_FILE);
        let (panels, tiles_problem) = Panels::new(layout);
        let (lessons, lessons_problem) = lessons_of(start.lessons.as_deref());
        let state = State {
            settings: settings.clone(),
            open_file: None,
            places: Places { study: start.bundled_study, model: start.bundled_model, hub_cache: start.hub_cache },
            picture: Picture::default(),
            history: History::default(),
            data: None,
            data_serial: 0,
            study: None,
            model: None,
            session: super::model_session::SessionResults::default(),
            running: Vec::new(),
            jobs: Vec::new(),
            log: std::collections::VecDeque::new(),
            hovered: None,
            highest: None,
            tool: if settings.welcomed { Tool::Pan } else { Tool::Lasso },
            coach: !settings.welcomed,
            presenter: false,
            palette: false,
            dialog: None,
            chosen: None,
            focus_search: false,
            adapter: AdapterLine { short: start.adapter, long: start.adapter_details },
            frame_secs: 0.0,
            marked_minima: Vec::new(),
            live: super::landscape::Live::default(),
            regions: super::region::RegionCards::default(),
            focus: super::landscape::LandscapeFocus::default(),
            decoded_minima: std::collections::BTreeMap::new(),
            flood: None,
            lessons,
            lesson: None,
            screening: None,
            forming: None,
            notice: None,
            tuning: super::tuning::TuningState::default(),
        };
        let mut app = Self {
            saved_settings: settings,
            saved_layout: panels.layout_text(),
            state,
            store,
            board: Board::new(wake.clone()),
            drawings: Drawings::new(wake),
            panels,
            started: Instant::now(),
            save_problem_told: false,
            frame_started: Instant::now(),
            quit_now: false,
            device: start.device,
            revived: None,
            shown_path: None,
            first_map: None,
            projection: None,
            forming: Forming::default(),
            revival: start.revival,
            step_jobs: Vec::new(),
        };
        theme::apply(ctx, app.state.settings.theme, app.state.settings.scale, app.state.settings.reduced_motion);
        for problem in [settings_problem, layout_problem, tiles_problem, lessons_problem].into_iter().flatten() {
            app.say(Weight::Warning, problem);
        }
        let revived = app.revival.take();
        if revived.is_some() {
            let text = "The graphics device was lost (its driver was reset, or the adapter removed). The window was opened anew with what it showed; jobs that ran were stopped and keep what they had.";
            app.say(Weight::Warning, text);
        }
        let before = revived.as_ref().and_then(|revived| revived.open.clone());
        app.revived = revived.map(|revived| revived.picture);
        match (before.or(start.open), app.state.places.study.clone()) {
            (Some(path), _) | (None, Some(path)) => {
                app.state.picture.step = Step::Landscape;
                app.open_path(path, false);
            }
            (None, None) => {}
        }
        if let Some(model) = app.state.places.model.clone() {
            app.open_model(model, false);
        }
        app
    }

    /// How many molecules are on screen or hidden by a filter.
    pub fn n_molecules(&self) -> usize {
        self.state.n_rows()
    }

    /// How many molecules are shown.
    pub fn n_shown(&self) -> usize {
        self.state.picture.n_shown(self.state.n_rows())
    }

    /// How many molecules are selected.
    pub fn n_selected(&self) -> usize {
        self.state.picture.selection.len()
    }

    /// The name of the step that is shown.
    pub fn step_name(&self) -> &'static str {
        self.state.picture.step.label()
    }

    /// The sentence that waits to be dismissed.
    pub fn notice(&self) -> Option<&str> {
        self.state.notice.as_ref().map(|(_, text)| text.as_str())
    }

    /// Everything that is seen and kept, as text that can be compared.
    pub fn picture_text(&self) -> String {
        serde_json::to_string(&self.state.picture).unwrap_or_default()
    }

    /// Keeps what is seen with the study, as closing the window does.
    pub fn keep(&mut self) {
        self.save_preferences();
        self.save_picture();
    }

    /// Whether no job runs and every drawing is made.
    pub fn is_idle(&self) -> bool {
        self.board.is_idle() && self.drawings.is_idle()
    }

    /// Adds a line to the log; warnings and failures also stay on screen until they are dismissed.
    pub(super) fn say(&mut self, weight: Weight, text: impl Into<String>) {
        let text = text.into();
        if weight != Weight::Note {
            self.state.notice = Some((weight, text.clone()));
        }
        self.state.say(weight, self.started.elapsed(), text);
    }

    /// Saves preferences and layout when they have changed; a failure is told once.
    pub(super) fn save_preferences(&mut self) {
        let layout = self.panels.layout_text();
        let mut problem = None;
        if self.state.settings != self.saved_settings {
            problem = self.store.save(SETTINGS_FILE, &self.state.settings).err();
            self.saved_settings = self.state.settings.clone();
        }
        if layout != self.saved_layout {
            problem = self.store.save(LAYOUT_FILE, &self.panels.layout()).err().or(problem);
            self.saved_layout = layout;
        }
        if let Some(problem) = problem.filter(|_| !self.save_problem_told) {
            self.save_problem_told = true;
            self.say(Weight::Warning, problem);
        }
    }

    /// Keeps what there is and closes the window, so that the program can open it anew on another device.
    fn leave_lost_device(&mut self, ctx: &egui::Context) {
        self.keep();
        self.revival.leave(Revived { open: self.shown_path.clone(), picture: self.state.picture.clone() });
        self.quit_now = true;
        ctx.send_viewport_cmd(egui::ViewportCommand::Close);
    }

    /// Which jobs there are, and which steps they work on.
    fn note_jobs(&mut self) {
        self.state.jobs = self.board.cards();
        let active = |id: u64| self.state.jobs.iter().any(|job| job.id == id && job.is_active());
        self.step_jobs.retain(|(id, _)| active(*id));
        self.state.running = self.step_jobs.iter().map(|(_, step)| *step).collect();
    }

    /// Takes in what has happened since the last frame.
    pub(super) fn poll(&mut self, ctx: &egui::Context) {
        if self.device.is_lost() && !self.quit_now {
            return self.leave_lost_device(ctx);
        }
        self.drawings.poll();
        if let Some(places) = self.forming.take() {
            self.state.forming = Some(Shared::new(places));
        }
        if let Some(ground) = self.state.live.take_ground() {
            self.take_ground(*ground);
        }
        let endings = self.board.poll();
        // What has ended no longer writes the study, which is read anew when its ending is taken in.
        self.note_jobs();
        for (name, ending) in endings {
            self.take_ending(&name, ending, ctx);
        }
        self.note_jobs();
        self.measure_region();
        let dropped: Vec<PathBuf> =
            ctx.input(|input| input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect());
        for path in dropped {
            self.open_path(path, false);
        }
        self.go_on_teaching(ctx);
        if ctx.input(|input| input.viewport().close_requested()) && !self.quit_now && !self.board.is_idle() {
            ctx.send_viewport_cmd(egui::ViewportCommand::CancelClose);
            self.apply(ctx, WindowAction::Quit.into());
        }
    }

    /// Draws one frame and returns what was asked for.
    fn draw(&mut self, ui: &mut egui::Ui) -> Vec<Action> {
        let mut view = View::new(&self.state, &mut self.drawings);
        self.panels.ui(ui, &mut view);
        view.into_actions()
    }
}

/// The lessons of a folder, or a sentence why there are none.
fn lessons_of(folder: Option<&Path>) -> (Vec<Arc<Lesson>>, Option<String>) {
    match folder.map(read_lessons) {
        None => (Vec::new(), None),
        Some(Ok(lessons)) => (lessons.into_iter().map(|(_, lesson)| Arc::new(lesson)).collect(), None),
        Some(Err(error)) => (Vec::new(), Some(error.to_string())),
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.frame_started = Instant::now();
        self.poll(ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        let mut actions = if self.state.dialog.is_none() && !self.state.palette {
            command::pressed(&ctx, &self.state)
        } else {
            command::pressed_in_dialog(&ctx, &self.state)
        };
        actions.extend(self.draw(ui));
        if self.state.hovered.is_some() && ctx.input(|input| input.pointer.hover_pos().is_none()) {
            actions.push(WindowAction::Hover(None).into());
        }
        let any = !actions.is_empty();
        for action in actions {
            self.apply(&ctx, action);
        }
        if any {
            self.state.highest = self.state.highest_row();
        }
        // While a button is held the layout may be half way through a drag.
        if !ctx.input(|input| input.pointer.any_down()) {
            self.save_preferences();
        }
        if any {
            ctx.request_repaint();
        }
        self.state.frame_secs = 0.9 * self.state.frame_secs + 0.1 * self.frame_started.elapsed().as_secs_f32();
    }

    fn clear_color(&self, _visuals: &egui::Visuals) -> [f32; 4] {
        self.state.settings.theme.palette().base.to_normalized_gamma_f32()
    }

    fn on_exit(&mut self) {
        self.board.cancel_all();
        self.keep();
    }
}
