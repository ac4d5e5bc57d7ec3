//! From samples to surface, network, field and its maxima.

use super::error::StepError;
use super::run::{Made, Sighted, Sitting, StepEnd, count, params, summary};
use super::samples::Samples;
use crate::atomic_file;
use crate::fill::region::latent_from_box;
use crate::fill::{FillSample, RoughnessField, sample_field};
use crate::landscape::explore::explore_watching;
use crate::landscape::files::{NetworkFiles, read_native, write_native};
use crate::landscape::{
    Exploration, KineticTransitionNetwork, METRIC_LENGTH_SCALE, Normalisation, ParallelConvention, Summary, ThinPlate,
    contributions, frustration, frustration_of_minima,
};
use crate::workspace::recipe::LandscapeParams;
use crate::workspace::{Artefact, Staging, StudyError};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::fmt::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

/// An exploration is saved after this time, then after twice as long, and so on: a killed one loses half at most, and as
/// saving drops the searches under way, a slow machine does not spend its time on beginning them again.
const FIRST_SAVE: Duration = Duration::from_mins(1);
/// The file of maxima of the field.
const FIELD_FILE: &str = "field.json";
/// The file of headline figures.
pub(super) const SUMMARY_FILE: &str = "summary.json";

/// Headline figures of a landscape; it holds no times, so that the same inputs give the same file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LandscapeSummary {
    /// Smallest and largest response, which became 0 and 1.
    pub response_range: [f64; 2],
    /// F with ℓ = 0.8.
    pub frustration: f64,
    /// Minima.
    pub n_minima: usize,
    /// Transition states.
    pub n_transition_states: usize,
    /// Counts, failures and settings of the exploration.
    pub exploration: serde_json::Value,
}

/// Fits, explores, and samples the field.
pub(super) fn landscape(sitting: &mut Sitting, staging: &Staging) -> StepEnd {
    let p: LandscapeParams = params(staging)?;
    let samples = Samples::read(&sitting.result("samples")?)?;
    let scale = Normalisation::of(&samples.response, 1)?;
    let surface = surface_of(&samples, &scale, p.smoothing)?;
    let Some((files, found)) = explored(sitting, &surface, &samples, &p, &staging.work().join("exploration.json"))?
    else {
        return Ok(None);
    };
    let ktn = &files.network;
    let d = samples.dimension;
    let field = RoughnessField::new(ktn, &p.field)?;
    let (lower, upper) = (vec![0.0; d], vec![1.0; d]);
    let sampled = sample_field(&field, &lower, &upper, &p.sample, sitting.threads, &mut |x| sitting.observe(x))?;
    if sitting.stopped {
        return Ok(None);
    }
    write_native(staging.output(), &files)?;
    staging.write("contributions.csv", contributions_csv(ktn))?;
    staging.write_json(FIELD_FILE, &sampled)?;
    let mut exploration = serde_json::to_value(Summary::of(&found, 1)).unwrap_or_default();
    if let Some(map) = exploration.as_object_mut() {
        // Times belong to the provenance, and threads decide nothing.
        for key in ["seconds", "gflops", "threads"] {
            map.shift_remove(key);
        }
    }
    let figures = LandscapeSummary {
        response_range: [scale.lower[0], scale.upper[0]],
        frustration: frustration(ktn, METRIC_LENGTH_SCALE),
        n_minima: ktn.minima().len(),
        n_transition_states: ktn.transition_states().len(),
        exploration,
    };
    staging.write_json(SUMMARY_FILE, &figures)?;
    Ok(Some(Made::finished(summary([
        ("n_minima", count(figures.n_minima)),
        ("n_transition_states", count(figures.n_transition_states)),
        ("frustration", toml::Value::Float(figures.frustration)),
        ("n_field_maxima", count(sampled.points.len())),
    ]))))
}

/// The surface of samples whose responses are scaled by `scale`. Coordinates stay as they are: a Latin hypercube
/// reaches every face of the box to within 1/n, so that scaling them as the reference does would change nothing that
/// matters, and encodings keep their place in the decoder's box.
pub(super) fn surface_of(samples: &Samples, scale: &Normalisation, smoothing: f64) -> Result<ThinPlate, StepError> {
    let response = scale.apply(&samples.response);
    let (dimension, points) = samples.fitted();
    Ok(ThinPlate::fit_in_unit_box(points, dimension, &response, smoothing)?)
}

/// The network of a surface; saved now and then, and none when stopped.
pub(super) fn explored(
    sitting: &mut Sitting,
    surface: &ThinPlate,
    samples: &Samples,
    p: &LandscapeParams,
    saved: &Path,
) -> Result<Option<(NetworkFiles, Exploration)>, StepError> {
    let kept = std::fs::read(saved).ok().and_then(|bytes| serde_json::from_slice::<Exploration>(&bytes).ok());
    let mut exploration = match kept {
        Some(kept) if kept.params() == &p.explore && kept.starts() == samples.fitted().1 => kept,
        _ => Exploration::new(surface, samples.fitted().1, p.explore.clone())?,
    };
    let mut save_after = FIRST_SAVE;
    while !exploration.is_finished() {
        let begun = Instant::now();
        let threads = sitting.threads;
        let shared = RefCell::new(&mut *sitting);
        let lift = |x: &[f64]| match &samples.within {
            Some((frame, _)) => latent_from_box(&frame.lift(x)),
            None => latent_from_box(x),
        };
        explore_watching(
            surface,
            &mut exploration,
            threads,
            &mut |progress| {
                shared.borrow_mut().observe(progress)?;
                if begun.elapsed() >= save_after { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
            &mut |found| {
                let sighted = Sighted { kind: found.kind, latent: lift(found.x), energy: found.energy };
                shared.borrow_mut().sighted(sighted);
            },
        )?;
        if !exploration.is_finished() {
            let text = serde_json::to_vec(&exploration)
                .map_err(|error| StepError::Report { what: "the saved exploration", problem: error.to_string() })?;
            atomic_file::write(saved, text)?;
            save_after *= 2;
        }
        if sitting.stopped {
            return Ok(None);
        }
    }
    let held = |id| exploration.network().minimum(id).is_some();
    let pairs = exploration.pairs().filter(|&(a, b)| held(a) && held(b)).collect();
    let files = NetworkFiles { network: exploration.network().clone(), pairs };
    let files = match &samples.within {
        Some((frame, _)) => frame.lift_network(&files)?,
        None => files,
    };
    Ok(Some((files, exploration)))
}

/// Every contribution to the frustration with ℓ = 0.8, the most frustrated first.
fn contributions_csv(ktn: &KineticTransitionNetwork) -> String {
    let mut text = String::from("minimum,transition_state,barrier,distance,frustration\n");
    for c in contributions(ktn, METRIC_LENGTH_SCALE, ParallelConvention::Each) {
        let _ =
            writeln!(text, "{},{},{:?},{:?},{:?}", c.minimum, c.transition_state, c.barrier, c.distance, c.frustration);
    }
    text
}

/// Frustration of the minima that a mask admits: Σ over these of Σ_t f(m, t), by their number; none for fewer than two.
pub(super) fn frustration_within(ktn: &KineticTransitionNetwork, within: &[bool]) -> Option<f64> {
    let of_minima = frustration_of_minima(ktn, METRIC_LENGTH_SCALE);
    let chosen: Vec<f64> = of_minima.into_iter().zip(within).filter(|(_, inside)| **inside).map(|(f, _)| f).collect();
    (chosen.len() >= 2).then(|| chosen.iter().sum::<f64>() / chosen.len() as f64)
}

/// A landscape on disk.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredLandscape {
    /// The network.
    pub files: NetworkFiles,
    /// Maxima of the field.
    pub field: FillSample,
    /// Headline figures.
    pub summary: LandscapeSummary,
}

impl StoredLandscape {
    /// Reads the landscape of an artefact, after a check of its files.
    ///
    /// # Errors
    /// When a file is missing, damaged or not what it should be.
    pub fn read(artefact: &Artefact) -> Result<Self, StepError> {
        artefact.verify()?;
        let files = read_native(&artefact.folder)?;
        let json = |name: &str| -> Result<serde_json::Value, StepError> {
            let fail = |problem: String| StudyError::Format {
                what: "a file of the landscape",
                problem,
                path: artefact.path(name),
            };
            Ok(serde_json::from_slice(&artefact.read(name)?).map_err(|error| fail(error.to_string()))?)
        };
        let bad = |name: &str, error: serde_json::Error| StudyError::Format {
            what: "a file of the landscape",
            problem: error.to_string(),
            path: artefact.path(name),
        };
        let field = serde_json::from_value(json(FIELD_FILE)?).map_err(|error| bad(FIELD_FILE, error))?;
        let summary = serde_json::from_value(json(SUMMARY_FILE)?).map_err(|error| bad(SUMMARY_FILE, error))?;
        Ok(Self { files, field, summary })
    }
}
