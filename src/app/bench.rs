//! The window under load, measured: exploration, generation and tuning run while a script moves what is seen.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use eframe::egui;

use super::action::{Action, PictureAction, StudyAction, WindowAction};
use super::app::{App, Start};
use super::launch::{check_screen, run_window, start};
use super::map::home;
use super::picture::{Camera, Layer, Step};
use super::tuning::Work;
use crate::render::{FRAME_LIMIT, FrameTimes, UiBench, UiPhase};
use crate::workspace::Study;

/// Width and height of the window.
const SIZE: [f32; 2] = [1280.0, 800.0];
/// Before the first job.
const REST: Duration = Duration::from_secs(4);
/// No job of the script may take longer.
const PATIENCE: Duration = Duration::from_mins(6);
/// Tuning is stopped after so long: enough frames to be measured.
const TUNED_FOR: Duration = Duration::from_secs(45);
/// More epochs than it comes to.
const EPOCHS: u64 = 1000;
/// Points of the exploration.
const SAMPLES: usize = 500;
/// Molecules of the corpus.
const MOLECULES: usize = 1000;

/// Opens the window on a copy of a study, lets the loop run while the map moves, and tells how long frames took.
///
/// # Errors
/// There is no display or adapter; the study cannot be copied.
pub fn bench_ui(study: Option<PathBuf>) -> Result<UiBench, Box<dyn std::error::Error + Send + Sync>> {
    let folder = super::tuning::scratch_folder("bench");
    let found = measured(study, &folder);
    let emptied = std::fs::remove_dir_all(&folder);
    let found = found?;
    emptied?;
    Ok(found)
}

fn measured(study: Option<PathBuf>, folder: &Path) -> Result<UiBench, Box<dyn std::error::Error + Send + Sync>> {
    check_screen()?;
    let usual = start();
    let study = study.or(usual.bundled_study).ok_or("this copy of the program ships without a study: name one")?;
    Study::open_read_only(&study)?.copy_to(folder)?;
    ask_for_work(folder)?;
    let found = Arc::new(Mutex::new(None));
    let handed = found.clone();
    let open = Start { config: None, bundled_study: None, open: Some(folder.to_owned()), ..usual };
    run_window(
        open,
        SIZE,
        Box::new(move |ctx, start| {
            let adapter = start.adapter.clone();
            Box::new(Bench::new(App::new(ctx, start), adapter, handed))
        }),
    )?;
    let found = found.lock().map_err(|_| "the window broke down")?.take();
    found.ok_or_else(|| "the window was closed before the measurement was done".into())
}

/// Changes the recipe so that every step has something to do.
fn ask_for_work(folder: &Path) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut study = Study::open(folder)?;
    study.edit("Work for the measurement", |document| {
        let recipe = &mut document.recipe;
        recipe.seed += 1;
        recipe.corpus.n = MOLECULES.min(recipe.corpus.n);
        recipe.samples.n = SAMPLES.min(recipe.samples.n);
        recipe.tune.epochs = EPOCHS;
        recipe.runs.clear();
    })?;
    Ok(())
}

/// What runs, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Opening,
    Rest,
    Exploration,
    Generation,
    Tuning,
    Done,
}

impl Phase {
    fn name(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Rest => "nothing runs",
            Self::Exploration => "exploration",
            Self::Generation => "generation",
            Self::Tuning => "tuning",
            Self::Done => "done",
        }
    }

    fn next(self) -> Self {
        match self {
            Self::Opening => Self::Rest,
            Self::Rest => Self::Exploration,
            Self::Exploration => Self::Generation,
            Self::Generation => Self::Tuning,
            Self::Tuning | Self::Done => Self::Done,
        }
    }
}

#[derive(Debug, Default)]
struct Times {
    work: FrameTimes,
    on_cpu: FrameTimes,
    interval: FrameTimes,
}

struct Bench {
    app: App,
    adapter: String,
    phase: Phase,
    since: Instant,
    /// Whether the job of the phase has been asked for.
    asked: bool,
    frames: u64,
    times: Times,
    phases: Vec<UiPhase>,
    last_start: Option<Instant>,
    frame: Option<(Instant, Option<u64>)>,
    out: Arc<Mutex<Option<UiBench>>>,
}

impl Bench {
    fn new(app: App, adapter: String, out: Arc<Mutex<Option<UiBench>>>) -> Self {
        Self {
            app,
            adapter,
            phase: Phase::Opening,
            since: Instant::now(),
            asked: false,
            frames: 0,
            times: Times::default(),
            phases: Vec::new(),
            last_start: None,
            frame: None,
            out,
        }
    }

    /// What a person would do meanwhile: move the map, change layers, look at other steps.
    fn play(&mut self, ctx: &egui::Context) {
        self.frames += 1;
        let k = self.frames;
        let mut actions: Vec<Action> = Vec::new();
        let home = self.app.state.data.as_ref().and_then(|data| data.map.as_ref()).map(|map| home(&map.places));
        if let Some(home) = home {
            let turn = k as f32 * 0.05;
            let centre = [home.centre[0] + 0.2 * home.span * turn.cos(), home.centre[1] + 0.2 * home.span * turn.sin()];
            let span = home.span * (0.75 + 0.35 * (0.7 * turn).sin());
            actions.push(PictureAction::Camera(Some(Camera { centre, span })).into());
            let n = self.app.state.n_rows().max(1);
            actions.push(WindowAction::Hover(Some((k as usize * 7) % n)).into());
        }
        if k.is_multiple_of(90) {
            let layers = [Layer::Heatmap, Layer::Network, Layer::Density];
            let layer = layers[(k / 90) as usize % layers.len()];
            if self.app.state.layer_available(layer).is_ok() {
                actions.push(PictureAction::ToggleLayer(layer).into());
            }
        }
        if k.is_multiple_of(120) {
            let steps = [Step::Landscape, Step::Region, Step::FillTune, Step::Compare];
            actions.push(PictureAction::GoTo(steps[(k / 120) as usize % steps.len()]).into());
        }
        for action in actions {
            self.app.apply(ctx, action);
        }
    }

    /// Asks for the job of the phase, and goes on when it has ended.
    fn advance(&mut self, ctx: &egui::Context) {
        let idle = self.app.is_idle();
        let over = match self.phase {
            Phase::Opening => idle && self.app.n_molecules() > 0,
            Phase::Rest => self.since.elapsed() > REST,
            Phase::Done => false,
            Phase::Exploration | Phase::Generation | Phase::Tuning => self.asked && idle,
        };
        if self.phase == Phase::Tuning && self.since.elapsed() > TUNED_FOR {
            self.app.board.cancel_all();
        }
        let failed = self.app.notice().map(str::to_owned);
        let late = self.since.elapsed() > PATIENCE && self.phase != Phase::Done;
        if failed.is_some() || late {
            let problem = failed.unwrap_or_else(|| format!("{} took too long", self.phase.name()));
            return self.hand_over(ctx, Some(problem));
        }
        if over {
            self.end_phase();
            self.phase = self.phase.next();
            (self.since, self.asked) = (Instant::now(), false);
            if self.phase == Phase::Done {
                return self.hand_over(ctx, None);
            }
        }
        let work = match self.phase {
            Phase::Exploration => Some(Ok(StudyAction::RunStep(Step::Landscape).into())),
            Phase::Generation => Some(self.app.state.make(Work::Generate)),
            Phase::Tuning => Some(self.app.state.make(Work::Tune(None))),
            Phase::Opening | Phase::Rest | Phase::Done => None,
        };
        // What was made before is read anew first.
        if let Some(Ok(action)) = work.filter(|_| !self.asked && idle) {
            self.app.apply(ctx, action);
            self.asked = true;
        }
    }

    fn end_phase(&mut self) {
        let times = std::mem::take(&mut self.times);
        if self.phase == Phase::Opening || times.work.is_empty() {
            return;
        }
        self.phases.push(UiPhase {
            name: self.phase.name().into(),
            seconds: self.since.elapsed().as_secs_f32(),
            work: times.work.summary(FRAME_LIMIT),
            on_cpu: (!times.on_cpu.is_empty()).then(|| times.on_cpu.summary(FRAME_LIMIT)),
            interval: times.interval.summary(FRAME_LIMIT),
        });
    }

    fn hand_over(&mut self, ctx: &egui::Context, problem: Option<String>) {
        if problem.is_some() {
            self.end_phase();
        }
        let found = UiBench {
            adapter: self.adapter.clone(),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            size: SIZE,
            n_molecules: self.app.n_molecules(),
            phases: std::mem::take(&mut self.phases),
            problem,
        };
        if let Ok(mut out) = self.out.lock() {
            *out = Some(found);
        }
        self.phase = Phase::Done;
        self.app.apply(ctx, WindowAction::QuitNow.into());
    }
}

impl eframe::App for Bench {
    fn logic(&mut self, ctx: &egui::Context, frame: &mut eframe::Frame) {
        let now = Instant::now();
        if let Some(last) = self.last_start.replace(now) {
            self.times.interval.push((now - last).as_secs_f32());
        }
        self.frame = Some((now, on_cpu_nanos()));
        self.app.logic(ctx, frame);
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        self.app.ui(ui, frame);
        if self.phase == Phase::Done {
            return;
        }
        self.play(&ctx);
        if let Some((begun, cpu)) = self.frame.take() {
            self.times.work.push(begun.elapsed().as_secs_f32());
            if let (Some(before), Some(after)) = (cpu, on_cpu_nanos()) {
                self.times.on_cpu.push(after.saturating_sub(before) as f32 * 1e-9);
            }
        }
        self.advance(&ctx);
        ctx.request_repaint();
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        self.app.clear_color(visuals)
    }

    fn on_exit(&mut self) {
        self.app.board.cancel_all();
    }
}

/// Nanoseconds that this thread has been on a processor, where the system tells in a file.
fn on_cpu_nanos() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok()
}
