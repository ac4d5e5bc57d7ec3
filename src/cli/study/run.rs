//! `fillscape study new` and `run`.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::json;

use super::{CliError, Output, inputs_of, new_document, read_recipe, say_access};
use crate::jobs::{Pace, Progress};
use crate::workspace::pipeline::{Event, PipelineError, RunEnd, run, run_only};
use crate::workspace::times::REPORT_FILE;
use crate::workspace::{Study, is_disk_full};

/// Lines of progress come so often when there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

#[derive(Debug, Args)]
pub(super) struct NewCommand {
    /// The folder to make
    folder: PathBuf,
    /// The recipe
    #[arg(long, value_name = "FILE")]
    recipe: PathBuf,
}

impl NewCommand {
    pub(super) fn run(&self, out: Output) -> Result<(), CliError> {
        let study = Study::create(&self.folder, new_document(read_recipe(&self.recipe)?))?;
        if out.json {
            say!("{}", json!({ "study": study.folder(), "name": study.document().name }));
        } else {
            say!("made the study “{}” in {}", study.document().name, study.folder().display());
        }
        Ok(())
    }
}

#[derive(Debug, Args)]
pub(super) struct RunCommand {
    /// A recipe, or the folder of a study
    recipe: PathBuf,
    /// With a recipe: the folder of the study; the recipe's name without its ending when left out
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// Only this step and those it follows
    #[arg(long, value_name = "STEP")]
    only: Option<String>,
    /// Threads; all cores when left out
    #[arg(long)]
    threads: Option<usize>,
}

impl RunCommand {
    pub(super) fn run(&self, out: Output) -> Result<(), CliError> {
        let mut study = self.open()?;
        say_access(&study);
        study.check_writable("run the study")?;
        let inputs = inputs_of(&study)?;
        let threads = self.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
        let stop = stop_on_interrupt();
        let mut screen = Screen::new(out);
        let base = study.folder().to_owned();
        let mut watch = |event: Event| {
            screen.show(event);
            if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let started = Instant::now();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
        // A pool that is there already has all cores; results do not depend on it.
        drop(pool);
        let end = match &self.only {
            None => run(&mut study, &inputs, &base, threads, &mut watch),
            Some(step) => run_only(&mut study, step, &inputs, &base, threads, &mut watch),
        };
        screen.end();
        let end = end.map_err(|error| -> CliError {
            if is_disk_full(&error) { Box::new(DiskFull { source: error }) } else { Box::new(error) }
        })?;
        let seconds = started.elapsed().as_secs_f64();
        let report = Some(study.folder().join(REPORT_FILE)).filter(|page| page.exists());
        let mut shortfalls = Vec::new();
        for (step, id) in &study.document().results {
            if let Some([found, wanted]) = study.artefact(id).ok().and_then(|artefact| artefact.shortfall()) {
                shortfalls.push(json!({ "step": step, "found": found, "wanted": wanted }));
                tell!("{step}: only {found} of the {wanted} molecules asked for were found");
            }
        }
        match (&end, out.json) {
            (RunEnd::Finished, true) => {
                say!(
                    "{}",
                    json!({
                        "end": "finished", "seconds": seconds, "study": study.folder(), "report": report,
                        "shortfalls": shortfalls,
                    })
                );
            }
            (RunEnd::Paused(step), true) => {
                say!("{}", json!({ "end": "paused", "step": step, "seconds": seconds, "study": study.folder() }));
            }
            (RunEnd::Finished, false) => {
                say!("finished in {seconds:.1} s: {}", study.folder().display());
                if let Some(report) = report.filter(|_| self.only.is_none()) {
                    say!("report: {}", report.display());
                }
            }
            (RunEnd::Paused(step), false) => {
                say!("paused in the step {step}; the same command resumes: {}", study.folder().display());
            }
        }
        Ok(())
    }

    /// The study: the folder that was given, or the one of the recipe, made when it is not there. A recipe that has
    /// changed since is taken over; what follows from the change becomes stale.
    fn open(&self) -> Result<Study, CliError> {
        if self.recipe.is_dir() {
            return Ok(Study::open(&self.recipe)?);
        }
        let recipe = read_recipe(&self.recipe)?;
        let folder = match &self.into {
            Some(folder) => folder.clone(),
            None => PathBuf::from(self.recipe.file_stem().unwrap_or_default()),
        };
        if !folder.join("study.toml").exists() {
            return Ok(Study::create(&folder, new_document(recipe))?);
        }
        let mut study = Study::open(&folder)?;
        if study.document().recipe != recipe {
            say_access(&study);
            study.edit("Take over the recipe", |document| document.recipe = recipe)?;
            tell!("the recipe has changed: steps that depend on the change are made again");
        }
        Ok(study)
    }
}

/// There is no room left.
#[derive(Debug, thiserror::Error)]
#[error(
    "the disk is full, or a limit on the size of files is reached; what was made is kept: make room, then the same command goes on"
)]
struct DiskFull {
    #[source]
    source: PipelineError,
}

/// Set by the first Ctrl-C (or a polite request to end); the second one ends the program at once, which loses nothing
/// but the unit of work under way.
fn stop_on_interrupt() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = stop.clone();
    let set = ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        tell!("\npausing at the next unit of work; press Ctrl-C again to stop at once");
    });
    if let Err(error) = set {
        tracing::warn!("Ctrl-C will stop at once instead of pausing: {error}");
    }
    stop
}

/// Bars on a terminal, plain lines elsewhere, nothing with `--json`.
struct Screen {
    bars: Option<(ProgressBar, ProgressBar)>,
    lines: bool,
    step: String,
    place: String,
    pace: Pace,
    begun: Instant,
    last_line: Instant,
    stage: &'static str,
}

impl Screen {
    fn new(out: Output) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bars = (terminal && !out.json).then(|| {
            let all = MultiProgress::new();
            let style = |template: &str| {
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
            };
            let steps = all.add(ProgressBar::new(0));
            steps.set_style(style("{prefix:>12} [{bar:24}] {pos}/{len} {msg}"));
            steps.set_prefix("study");
            let units = all.add(ProgressBar::new(0));
            units.set_style(style("{prefix:>12} [{bar:24}] {pos}/{len} {msg}"));
            (steps, units)
        });
        let now = Instant::now();
        Self {
            lines: bars.is_none() && !out.json,
            bars,
            step: String::new(),
            place: String::new(),
            pace: Pace::default(),
            begun: now,
            last_line: now,
            stage: "",
        }
    }

    fn show(&mut self, event: Event) {
        match event {
            Event::Begun { step, index, total } => {
                self.place = format!("{}/{total}", index + 1);
                if let Some((steps, units)) = &self.bars {
                    steps.set_length(total as u64);
                    steps.set_position(index as u64);
                    steps.set_message(step.clone());
                    units.reset();
                    units.set_length(0);
                    units.set_prefix("");
                    units.set_message("");
                }
                if self.lines {
                    tell!("[{}] {step}", self.place);
                }
                self.step = step;
                self.pace = Pace::default();
                self.begun = Instant::now();
                self.last_line = Instant::now();
            }
            Event::Progress(progress) => self.progress(&progress),
            Event::Done { step, seconds: Some(seconds) } => {
                if let Some((steps, _)) = &self.bars {
                    steps.inc(1);
                    steps.println(format!("{step}: {seconds:.1} s"));
                }
                if self.lines {
                    tell!("[{}] {step} done in {seconds:.1} s", self.place);
                }
            }
            Event::Sighted(_) | Event::Tuning { .. } | Event::Region { .. } | Event::Done { seconds: None, .. } => {}
        }
    }

    fn progress(&mut self, progress: &Progress) {
        self.pace.note(progress, self.begun.elapsed());
        let left = self.pace.remaining_secs().map_or(String::new(), |s| format!(", {} left", in_words(s)));
        let rate = self.pace.rate().map_or(String::new(), |rate| format!("{rate:.1}/s"));
        if let Some((_, units)) = &self.bars {
            units.set_length(progress.total.unwrap_or(progress.done));
            units.set_position(progress.done);
            units.set_prefix(progress.stage);
            units.set_message(format!("{rate}{left} {}", progress.detail));
        }
        let due = self.last_line.elapsed() >= LINE_EVERY
            || (progress.stage != self.stage && self.begun.elapsed() >= LINE_EVERY);
        if self.lines && due {
            self.last_line = Instant::now();
            let total = progress.total.map_or(String::new(), |total| format!("/{total}"));
            tell!(
                "[{}] {}: {} {}{total} {rate}{left} {}",
                self.place,
                self.step,
                progress.stage,
                progress.done,
                progress.detail
            );
        }
        self.stage = progress.stage;
    }

    fn end(&self) {
        if let Some((steps, units)) = &self.bars {
            units.finish_and_clear();
            steps.finish_and_clear();
        }
    }
}

fn in_words(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}
