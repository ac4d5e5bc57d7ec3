//! Sample points and the similarity response there.

use super::error::StepError;
use super::frame::{FRAME_FILE, Frame};
use super::run::{Made, Sitting, StepEnd, count, params, summary};
use crate::atomic_file;
use crate::fill::region::{box_from_latent, latent_from_box, normal};
use crate::jobs::{Progress, silent};
use crate::landscape::{latin_hypercube, read_npy, write_npy};
use crate::model::{FoundationModel, LatentVector, ResponseParams, SelfiesTed, similarity_response};
use crate::workspace::recipe::{SampleSource, SamplesParams};
use crate::workspace::{Artefact, Points, Staging, StudyError};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use std::path::Path;

/// The file of sample points, in the unit box.
pub(super) const POINTS_FILE: &str = "points.npy";
/// The file of responses.
pub(super) const RESPONSE_FILE: &str = "response.npy";
/// The file of coordinates in a frame, where there is one.
const COORDINATES_FILE: &str = "coordinates.npy";
/// Points between two saves.
const PORTION: usize = 256;

#[derive(Deserialize)]
struct Parameters {
    seed: u64,
    samples: SamplesParams,
}

/// Sample points, as asked for, and the response at each; kept every few points.
pub(super) fn samples(sitting: &mut Sitting, staging: &Staging) -> StepEnd {
    let Parameters { seed, samples } = params(staging)?;
    let SamplesParams { source, n, response } = samples;
    let model = sitting.model()?;
    let dimension = sitting.inputs.dimension;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut coordinates = None;
    let points = match source {
        SampleSource::Principal { components, reach } => {
            let frame = Frame::of(&Points::read(&sitting.result("points")?)?, components, reach)?;
            let c = latin_hypercube(n, components, &mut rng);
            let lifted = c.chunks_exact(components).flat_map(|c| frame.lift(c)).collect();
            coordinates = Some((frame, c));
            lifted
        }
        SampleSource::Hypercube => latin_hypercube(n, dimension, &mut rng),
        SampleSource::Posterior { jitter } => {
            posterior(&Points::read(&sitting.result("points")?)?, n, jitter, &mut rng)
        }
    };
    let n = points.len() / dimension;
    let latents: Vec<LatentVector> = points.chunks_exact(dimension).map(|x| LatentVector(latent_from_box(x))).collect();
    let Some(responses) = respond(sitting, model, &latents, &response, &staging.work().join("response.f64"))? else {
        return Ok(None);
    };
    write_npy(&staging.output().join(POINTS_FILE), &[n, dimension], &points)?;
    if let Some((frame, c)) = coordinates {
        write_npy(&staging.output().join(COORDINATES_FILE), &[n, frame.axes.len()], &c)?;
        staging.write_json(FRAME_FILE, &frame)?;
    }
    write_npy(&staging.output().join(RESPONSE_FILE), &[n], &responses)?;
    let mean = responses.iter().sum::<f64>() / n.max(1) as f64;
    let n_zero = responses.iter().filter(|r| **r == 0.0).count();
    Ok(Some(Made::finished(summary([
        ("n", count(n)),
        ("dimension", count(dimension)),
        ("mean_response", toml::Value::Float(mean)),
        ("n_zero", count(n_zero)),
    ]))))
}

/// The response at points, kept in `partial` after every portion so that a killed run goes on; none when stopped.
pub(super) fn respond(
    sitting: &mut Sitting,
    model: &SelfiesTed,
    latents: &[LatentVector],
    params: &ResponseParams,
    partial: &Path,
) -> Result<Option<Vec<f64>>, StepError> {
    let mut responses = kept(partial, latents.len());
    let total = Some(latents.len() as u64);
    while responses.len() < latents.len() {
        if sitting.observe(Progress::new("response", responses.len() as u64, total)).is_break() {
            return Ok(None);
        }
        let first = responses.len();
        let portion = &latents[first..(first + PORTION).min(latents.len())];
        responses.extend(similarity_response(model as &dyn FoundationModel, portion, first, params, &mut silent)?);
        let bytes: Vec<u8> = responses.iter().flat_map(|r| r.to_le_bytes()).collect();
        atomic_file::write(partial, bytes)?;
    }
    Ok(Some(responses))
}

/// Responses that an earlier sitting kept. The work folder belongs to one artefact, so they are of the same points.
fn kept(partial: &Path, n: usize) -> Vec<f64> {
    let bytes = std::fs::read(partial).unwrap_or_default();
    let numbers = bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().expect("eight bytes")));
    let kept: Vec<f64> = numbers.collect();
    if kept.len() <= n && kept.iter().all(|r| (0.0..=1.0).contains(r)) { kept } else { Vec::new() }
}

/// Encodings of molecules in random order, each moved by normal deviates and kept in the box; once round only.
fn posterior(points: &Points, n: usize, jitter: f64, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let mut order: Vec<&[f32]> = points.rows().collect();
    order.shuffle(rng);
    let mut moved = |z: f64| {
        let deviate = if jitter > 0.0 { jitter * normal(rng) } else { 0.0 };
        // The jitter is in latent units, the unit box half as wide.
        (z + 0.5 * deviate).clamp(0.0, 1.0)
    };
    order
        .into_iter()
        .take(n)
        .flat_map(|row| box_from_latent(row).into_iter().map(&mut moved).collect::<Vec<_>>())
        .collect()
}

/// Where the response of a study was measured, and what it was.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSamples {
    /// Coordinates of a point.
    pub dimension: usize,
    /// The points in the decoder's box, shape (n, d).
    pub latents: Vec<f32>,
    /// The similarity response at each, in [0, 1].
    pub response: Vec<f64>,
}

impl StoredSamples {
    /// Reads and checks the samples of an artefact.
    ///
    /// # Errors
    /// When a file is missing, damaged or not what it should be.
    pub fn read(artefact: &Artefact) -> Result<Self, StepError> {
        let samples = Samples::read(artefact)?;
        let latents = latent_from_box(&samples.points);
        Ok(Self { dimension: samples.dimension, latents, response: samples.response })
    }
}

/// Sample points (shape (n, d), unit box) and responses of an artefact.
#[derive(Clone)]
pub(super) struct Samples {
    pub dimension: usize,
    pub points: Vec<f64>,
    pub response: Vec<f64>,
    /// Where the surface is fitted: the frame and the coordinates in it, shape (n, k). The whole box when there is none.
    pub within: Option<(Frame, Vec<f64>)>,
}

impl Samples {
    /// Reads and checks them.
    pub fn read(artefact: &Artefact) -> Result<Self, StepError> {
        artefact.verify_file(POINTS_FILE)?;
        artefact.verify_file(RESPONSE_FILE)?;
        let points = read_npy(&artefact.path(POINTS_FILE))?;
        let response = read_npy(&artefact.path(RESPONSE_FILE))?.data;
        match points.shape[..] {
            [n, dimension] if n == response.len() => {
                let within = match Frame::read(artefact)? {
                    Some(frame) => {
                        artefact.verify_file(COORDINATES_FILE)?;
                        Some((frame, read_npy(&artefact.path(COORDINATES_FILE))?.data))
                    }
                    None => None,
                };
                Ok(Self { dimension, points: points.data, response, within })
            }
            _ => Err(StudyError::Format {
                what: "sample points",
                problem: format!("shape {:?} for {} responses", points.shape, response.len()),
                path: artefact.path(POINTS_FILE),
            }
            .into()),
        }
    }

    /// Dimension and coordinates in which the surface is fitted, over a unit box.
    pub fn fitted(&self) -> (usize, &[f64]) {
        match &self.within {
            Some((frame, c)) => (frame.axes.len(), c),
            None => (self.dimension, &self.points),
        }
    }

    /// The points in latent space.
    pub fn latents(&self) -> Vec<LatentVector> {
        self.points.chunks_exact(self.dimension).map(|x| LatentVector(latent_from_box(x))).collect()
    }
}
