//! Frustration of the region before and after tuning.

use super::error::StepError;
use super::landscape::{StoredLandscape, explored, frustration_within, surface_of};
use super::plan::Step;
use super::run::{Made, Sitting, StepEnd, params, summary};
use super::samples::{Samples, respond};
use super::terrain::StoredTerrain;
use super::tune::divergence;
use crate::fill::Region;
use crate::fill::region::latent_from_box;
use crate::landscape::files::write_native;
use crate::landscape::{KineticTransitionNetwork, Normalisation};
use crate::model::{LatentVector, SelfiesTed};
use crate::workspace::recipe::{FrustrationMethod, FrustrationParams};
use crate::workspace::regions::resolve;
use crate::workspace::{Artefact, Staging, checkpoints};
use serde::{Deserialize, Serialize};

/// The file of the result.
pub const FRUSTRATION_FILE: &str = "frustration.json";

/// The folder of the networks under tuned checkpoints, one folder an arm; only where new landscapes were explored.
pub const NETWORKS_FOLDER: &str = "networks";

/// Frustration under each checkpoint, and how it was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrustrationReport {
    /// What was done, in words.
    pub method: String,
    /// The base model, then every arm.
    pub arms: Vec<ArmFrustration>,
}

/// Frustration under one checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmFrustration {
    /// “base” or the arm.
    pub arm: String,
    /// F of the region, ℓ = 0.8, in units of the base's normalised response; none when not measured, or with fewer than
    /// two minima in the region.
    pub frustration: Option<f64>,
    /// Minima in the region.
    pub n_minima: Option<usize>,
    /// Mean response at the measured points of the region, in [0, 1].
    pub mean_response: f64,
    /// Points measured.
    pub n_points: usize,
}

/// Measures the region under every checkpoint of the first tuning seed.
pub(super) fn frustration_step(sitting: &mut Sitting, staging: &Staging) -> StepEnd {
    let p: FrustrationParams = params(staging)?;
    let recipe = sitting.study.document().recipe.clone();
    let samples = Samples::read(&sitting.result("samples")?)?;
    let stored = StoredLandscape::read(&sitting.result("landscape")?)?;
    let scale = Normalisation::of(&samples.response, 1)?;
    let surface = surface_of(&samples, &scale, recipe.landscape.smoothing)?;
    let explore = &recipe.landscape.explore;
    let terrain = StoredTerrain::new(&samples, surface, &stored.files.network, explore);
    let region = match &recipe.fill.region {
        Some(definition) => resolve(definition, sitting.study)?,
        None => Region::Everywhere,
    };
    let whole = p.method == FrustrationMethod::Landscape;
    let all = samples.latents();
    let of_base = held(&region, &all, &terrain, sitting)?;
    // With the cheap method only the first points of the region are measured.
    let chosen: Vec<usize> = if whole {
        (0..samples.response.len()).collect()
    } else {
        (0..samples.response.len()).filter(|&k| of_base[k]).take(p.n_points).collect()
    };
    let latents: Vec<LatentVector> = chosen.iter().map(|&k| all[k].clone()).collect();
    let mean_in_region = |response: &[f64]| {
        let inside: Vec<f64> = chosen.iter().zip(response).filter(|(k, _)| of_base[**k]).map(|(_, r)| *r).collect();
        (inside.iter().sum::<f64>() / inside.len().max(1) as f64, inside.len())
    };
    let response_params = response_params(sitting)?;
    let before: Vec<f64> = if whole {
        samples.response.clone()
    } else {
        // Indices of the random directions count from 0 within this set, for every checkpoint alike.
        match respond(sitting, sitting.model()?, &latents, &response_params, &staging.work().join("base.f64"))? {
            Some(response) => response,
            None => return Ok(None),
        }
    };
    let (mean_response, n_points) = mean_in_region(&before);
    let mut arms =
        vec![ArmFrustration { arm: "base".to_owned(), frustration: None, n_minima: None, mean_response, n_points }];
    if whole {
        fill_in(&mut arms[0], &region, &terrain, &stored.files.network, sitting)?;
    }
    let mut diverged = Vec::new();
    for arm in recipe.arms().into_iter().map(|arm| arm.name) {
        let step = Step::Tune { arm: arm.clone(), seed: recipe.tune_seeds[0] };
        let artefact = sitting.result(&step.to_string())?;
        if divergence(&artefact).is_some() {
            diverged.push(arm);
            continue;
        }
        let folder = checkpoints::whole(sitting.study, &artefact, &sitting.inputs.model)?;
        let tuned = SelfiesTed::open(&folder, recipe.model.device)?;
        let partial = staging.work().join(format!("{arm}.f64"));
        let Some(response) = respond(sitting, &tuned, &latents, &response_params, &partial)? else { return Ok(None) };
        let (mean_response, n_points) = mean_in_region(&response);
        let mut found = ArmFrustration { arm: arm.clone(), frustration: None, n_minima: None, mean_response, n_points };
        if whole {
            let after = Samples { response, ..samples.clone() };
            // Scaled as the base's, so that a smaller F is a smoother landscape and not a wider range.
            let surface = surface_of(&after, &scale, recipe.landscape.smoothing)?;
            let saved = staging.work().join(format!("{arm}.json"));
            let landscape = params_of_landscape(sitting)?;
            let Some((files, _)) = explored(sitting, &surface, &after, &landscape, &saved)? else { return Ok(None) };
            let terrain = StoredTerrain::new(&after, surface, &files.network, explore);
            fill_in(&mut found, &region, &terrain, &files.network, sitting)?;
            let folder = staging.output().join(NETWORKS_FOLDER).join(&arm);
            crate::workspace::staging::create_folder(&folder)?;
            write_native(&folder, &files)?;
        }
        arms.push(found);
    }
    let mut method = match p.method {
        FrustrationMethod::Landscape => format!(
            "The similarity response was measured again at all {} sample points with each tuned checkpoint (first tuning \
             seed), scaled as the base model's, and a new surface was fitted and explored with the same settings. F \
             (ℓ = 0.8) is over the minima that lie in the region.",
            samples.response.len()
        ),
        FrustrationMethod::Points | FrustrationMethod::None => format!(
            "Only the similarity response was measured again, at {} sample points of the region; no new landscape was \
             explored, so there is no F after tuning.",
            chosen.len()
        ),
    };
    if !diverged.is_empty() {
        method += &format!(" Not measured, for the tuning diverged: {}.", diverged.join(", "));
    }
    let n = arms.len();
    staging.write_json(FRUSTRATION_FILE, &FrustrationReport { method, arms })?;
    Ok(Some(Made::finished(summary([("n_checkpoints", toml::Value::Integer(n as i64))]))))
}

/// Which points lie in the region, by the base's landscape.
pub(super) fn held(
    region: &Region,
    points: &[LatentVector],
    terrain: &StoredTerrain,
    sitting: &Sitting,
) -> Result<Vec<bool>, StepError> {
    let terrain = terrain.terrain(sitting.threads);
    let rows: Vec<&[f32]> = points.iter().map(|p| p.0.as_slice()).collect();
    Ok(region.contains_all(&rows, Some(&terrain))?)
}

fn fill_in(
    found: &mut ArmFrustration,
    region: &Region,
    terrain: &StoredTerrain,
    ktn: &KineticTransitionNetwork,
    sitting: &Sitting,
) -> Result<(), StepError> {
    let minima: Vec<LatentVector> = ktn.minima().iter().map(|m| LatentVector(latent_from_box(&m.x))).collect();
    let inside = held(region, &minima, terrain, sitting)?;
    found.frustration = frustration_within(ktn, &inside);
    found.n_minima = Some(inside.iter().filter(|inside| **inside).count());
    Ok(())
}

fn params_of_landscape(sitting: &Sitting) -> Result<crate::workspace::recipe::LandscapeParams, StepError> {
    from_provenance(&sitting.result("landscape")?)
}

pub(super) fn response_params(sitting: &Sitting) -> Result<crate::model::ResponseParams, StepError> {
    #[derive(Deserialize)]
    struct Parameters {
        samples: crate::workspace::recipe::SamplesParams,
    }
    Ok(from_provenance::<Parameters>(&sitting.result("samples")?)?.samples.response)
}

fn from_provenance<T: serde::de::DeserializeOwned>(artefact: &Artefact) -> Result<T, StepError> {
    let table = artefact.provenance.parameters.clone();
    table.try_into().map_err(|error: toml::de::Error| {
        crate::workspace::StudyError::Toml { what: "the parameters of a step", problem: error.to_string() }.into()
    })
}
