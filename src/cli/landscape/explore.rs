//! `fillscape landscape explore` and `fillscape landscape toy`.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;

use super::{CliError, Output, write_file};
use crate::cli::surface::{SurfaceKind, fit, read_rows};
use crate::jobs::Progress;
use crate::landscape::files::{NetworkFiles, write_native, write_topsearch};
use crate::landscape::{
    Exploration, ExploreParams, Normalisation, NormaliseError, Summary, Surface, Toy, explore, latin_hypercube,
};

/// How to explore, shared by both commands.
#[derive(Debug, Args)]
struct SearchFlags {
    /// Settings: reference (the reference's budgets) or thorough (until new points stop appearing)
    #[arg(long, default_value = "reference")]
    preset: String,
    /// Seed of all random numbers
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Threads; all cores when left out
    #[arg(long)]
    threads: Option<usize>,
    /// Stop after so many seconds; the same command carries on later
    #[arg(long, value_name = "SECONDS")]
    pause_after: Option<u64>,
    /// Folder for the network, summary.json and, when paused, exploration.json
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct ExploreCommand {
    /// Points, an array of shape (n, d)
    #[arg(long, value_name = "NPY")]
    points: PathBuf,
    /// Responses, an array of shape (n,)
    #[arg(long, value_name = "NPY")]
    response: PathBuf,
    /// Smoothing of the fit, at least 0
    #[arg(long, default_value_t = 1e-4)]
    smoothing: f64,
    /// Kind of surface
    #[arg(long, value_enum, default_value = "spline")]
    surface: SurfaceKind,
    /// Take points and responses as they are, in the unit box, instead of normalising each column to [0, 1]
    #[arg(long)]
    normalised: bool,
    #[command(flatten)]
    search: SearchFlags,
}

#[derive(Debug, Args)]
pub(super) struct ToyCommand {
    /// muller-brown, camelback, schwefel, double-well or well-cluster
    name: String,
    /// Random starts, a Latin hypercube of the box
    #[arg(long, default_value_t = 100)]
    starts: usize,
    #[command(flatten)]
    search: SearchFlags,
}

impl ExploreCommand {
    pub(super) fn run(&self, out: Output) -> Result<(), CliError> {
        let (mut points, dim) = read_rows(&self.points)?;
        let (mut response, _) = read_rows(&self.response)?;
        leave_out_gaps(&mut points, dim, &mut response);
        if !self.normalised && response.len() * dim == points.len() {
            points = Normalisation::of(&points, dim)?.apply(&points);
            let scale = Normalisation::of(&response, 1).map_err(|error| match error {
                NormaliseError::Constant { value, .. } => format!(
                    "the response is {value} at every point, expected one that varies: there is no landscape to explore"
                )
                .into(),
                other => CliError::from(other),
            })?;
            response = scale.apply(&response);
        }
        let started = Instant::now();
        let surface = fit(self.surface, &points, dim, &response, self.smoothing)?;
        self.search.run(surface.as_ref(), &points, started.elapsed(), out)
    }
}

/// Removes points without a place or a response, which stand for molecules that could not be encoded, and says so.
fn leave_out_gaps(points: &mut Vec<f64>, dim: usize, response: &mut Vec<f64>) {
    if dim == 0 || response.len() * dim != points.len() {
        return; // the fit tells what is wrong
    }
    let rows = || points.chunks_exact(dim).zip(response.iter());
    // An infinite number is a fault of whoever made it; NaN is how a gap is written.
    let kept: Vec<bool> = rows().map(|(row, y)| !(y.is_nan() || row.iter().any(|x| x.is_nan()))).collect();
    let gaps: Vec<usize> = (0..kept.len()).filter(|&row| !kept[row]).collect();
    if gaps.is_empty() {
        return;
    }
    tracing::warn!(
        "{} of {} points have no place or no response (NaN) and are left out (rows, from 0: {})",
        gaps.len(),
        kept.len(),
        crate::cli::rows::list_rows(&gaps)
    );
    *points =
        points.chunks_exact(dim).zip(&kept).filter(|(_, kept)| **kept).flat_map(|(row, _)| row.to_vec()).collect();
    *response = response.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(y, _)| *y).collect();
}

impl ToyCommand {
    pub(super) fn run(&self, out: Output) -> Result<(), CliError> {
        let toy = Toy::by_name(&self.name)?;
        let mut rng = <rand_chacha::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(self.search.seed);
        let unit = latin_hypercube(self.starts, toy.dim(), &mut rng);
        let map = Normalisation { lower: toy.lower().to_vec(), upper: toy.upper().to_vec() };
        self.search.run(&toy, &map.undo(&unit), Duration::ZERO, out)
    }
}

impl SearchFlags {
    fn run(&self, surface: &dyn Surface, starts: &[f64], fit: Duration, out: Output) -> Result<(), CliError> {
        let params = ExploreParams { seed: self.seed, ..ExploreParams::by_name(&self.preset)? };
        let threads = self.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
        let saved = self.out.join("exploration.json");
        let mut exploration = Self::resume_or_begin(&saved, surface, starts, params)?;
        exploration.add_seconds("fit", fit.as_secs_f64());
        explore(surface, &mut exploration, threads, &mut self.watch())?;

        std::fs::create_dir_all(&self.out).map_err(|e| format!("could not make {}: {e}", self.out.display()))?;
        if exploration.is_finished() {
            // What a pause left behind is no longer true.
            let _ = std::fs::remove_file(&saved);
        } else {
            write_file(&saved, &serde_json::to_string(&exploration)?)?;
        }
        let network = exploration.network_so_far(surface);
        let held = |id| network.minimum(id).is_some();
        let pairs = exploration.pairs().filter(|&(a, b)| held(a) && held(b)).collect();
        let files = NetworkFiles { network, pairs };
        write_native(&self.out, &files)?;
        write_topsearch(&self.out, "", &files)?;
        let mut summary = Summary::of(&exploration, threads);
        summary.n_minima = files.network.minima().len();
        summary.n_transition_states = files.network.transition_states().len();
        write_file(&self.out.join("summary.json"), &serde_json::to_string_pretty(&summary)?)?;
        if out.json {
            say!("{}", serde_json::to_string(&summary)?);
        } else {
            let (minima, saddles) = (summary.n_minima, summary.n_transition_states);
            let end = if exploration.is_finished() { "found" } else { "paused with" };
            say!("{end} {minima} minima and {saddles} transition states: {}", self.out.display());
        }
        Ok(())
    }

    /// The exploration saved by a pause when it has these settings and starts, or a new one.
    fn resume_or_begin(
        saved: &Path,
        surface: &dyn Surface,
        starts: &[f64],
        params: ExploreParams,
    ) -> Result<Exploration, CliError> {
        if saved.exists() {
            let text =
                std::fs::read_to_string(saved).map_err(|e| format!("could not read {}: {e}", saved.display()))?;
            let exploration: Exploration = serde_json::from_str(&text)
                .map_err(|e| format!("could not resume from {}: {e}; remove it to start over", saved.display()))?;
            if exploration.params() != &params || exploration.starts() != starts {
                let path = saved.display();
                return Err(format!(
                    "could not resume: other settings or points were paused here; remove {path} to start over"
                )
                .into());
            }
            return Ok(exploration);
        }
        Ok(Exploration::new(surface, starts, params)?)
    }

    /// Shows a line of progress twice a second and stops in time.
    fn watch(&self) -> impl FnMut(Progress) -> ControlFlow<()> {
        let (started, limit) = (Instant::now(), self.pause_after.map(Duration::from_secs));
        let mut shown = Instant::now();
        move |progress| {
            if shown.elapsed() >= Duration::from_millis(500) {
                shown = Instant::now();
                let total = progress.total.map_or(String::new(), |t| format!("/{t}"));
                tell_in_place!("\r\x1b[K{} {}{total}: {}", progress.stage, progress.done, progress.detail);
            }
            if limit.is_some_and(|l| started.elapsed() >= l) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        }
    }
}
