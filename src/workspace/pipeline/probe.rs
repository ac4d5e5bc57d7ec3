//! Frustration of the region while a model is being tuned: cheap enough to be measured at every validation.

use super::error::StepError;
use super::frustration::{held, response_params};
use super::landscape::{StoredLandscape, surface_of};
use super::run::Sitting;
use super::samples::Samples;
use super::terrain::StoredTerrain;
use crate::fill::region::latent_from_box;
use crate::jobs::silent;
use crate::landscape::{METRIC_LENGTH_SCALE, MinimumId, Normalisation, ParallelConvention, contributions};
use crate::model::{FoundationModel, LatentVector, ModelError, ResponseParams, similarity_response};
use crate::workspace::regions::resolve;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The most frustrated pairs of minimum and transition state that the base's landscape has in the region, their energies
/// measured again with the weights of the moment. It is no new exploration: pairs that tuning has made are not seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RegionProbe {
    /// (1/N) Σ exp(−‖x_t − x_m‖² / 2ℓ²) · max(E_t − E_m, 0) over these pairs, N their minima, ℓ = 0.8, E the response
    /// scaled as the base's.
    pub frustration: f64,
    /// Mean response at their points, in [0, 1].
    pub mean_response: f64,
    /// Pairs.
    pub n_pairs: usize,
    /// Different minima and transition states.
    pub n_points: usize,
}

/// What is measured.
pub(super) struct Probe {
    latents: Vec<LatentVector>,
    /// Minimum and transition state as rows of `latents`, and exp(−‖x_t − x_m‖² / 2ℓ²).
    pairs: Vec<(usize, usize, f64)>,
    n_minima: usize,
    scale: Normalisation,
    params: ResponseParams,
}

impl Probe {
    /// The most frustrated pairs of the region with `n_points` different points at most; none when it holds no pair.
    pub fn of(sitting: &Sitting, n_points: usize) -> Result<Option<Self>, StepError> {
        let recipe = &sitting.study.document().recipe;
        let samples = Samples::read(&sitting.result("samples")?)?;
        let stored = StoredLandscape::read(&sitting.result("landscape")?)?;
        let ktn = &stored.files.network;
        let scale = Normalisation::of(&samples.response, 1)?;
        let latent = |x: &[f64]| LatentVector(latent_from_box(x));
        let inside: BTreeSet<MinimumId> = match &recipe.fill.region {
            None => ktn.minima().iter().map(|m| m.id).collect(),
            Some(definition) => {
                let region = resolve(definition, sitting.study)?;
                let surface = surface_of(&samples, &scale, recipe.landscape.smoothing)?;
                let terrain = StoredTerrain::new(&samples, surface, ktn, &recipe.landscape.explore);
                let minima: Vec<LatentVector> = ktn.minima().iter().map(|m| latent(&m.x)).collect();
                let inside = held(&region, &minima, &terrain, sitting)?;
                ktn.minima().iter().zip(inside).filter(|(_, inside)| *inside).map(|(m, _)| m.id).collect()
            }
        };
        let mut probe =
            Self { latents: Vec::new(), pairs: Vec::new(), n_minima: 0, scale, params: response_params(sitting)? };
        // Minima and transition states count apart: their ids may be the same.
        let mut rows: BTreeMap<(bool, u32), usize> = BTreeMap::new();
        for c in contributions(ktn, METRIC_LENGTH_SCALE, ParallelConvention::Each) {
            let (Some(m), Some(t)) = (ktn.minimum(c.minimum), ktn.transition_state(c.transition_state)) else {
                continue;
            };
            if !inside.contains(&c.minimum) || probe.latents.len() + 2 > n_points.max(2) {
                continue;
            }
            let mut row = |key: (bool, u32), x: &[f64]| {
                *rows.entry(key).or_insert_with(|| {
                    probe.latents.push(latent(x));
                    probe.latents.len() - 1
                })
            };
            let (m, t) = (row((false, c.minimum.0), &m.x), row((true, c.transition_state.0), &t.x));
            let weight = (-c.distance * c.distance / (2.0 * METRIC_LENGTH_SCALE * METRIC_LENGTH_SCALE)).exp();
            probe.pairs.push((m, t, weight));
        }
        probe.n_minima = rows.keys().filter(|(is_state, _)| !is_state).count();
        Ok((!probe.pairs.is_empty()).then_some(probe))
    }

    /// Measures the pairs with a model.
    pub fn measure(&self, model: &dyn FoundationModel) -> Result<RegionProbe, ModelError> {
        let response = similarity_response(model, &self.latents, 0, &self.params, &mut silent)?;
        let energy = self.scale.apply(&response);
        let sum: f64 = self.pairs.iter().map(|&(m, t, weight)| weight * (energy[t] - energy[m]).max(0.0)).sum();
        Ok(RegionProbe {
            frustration: sum / self.n_minima.max(1) as f64,
            mean_response: response.iter().sum::<f64>() / response.len().max(1) as f64,
            n_pairs: self.pairs.len(),
            n_points: self.latents.len(),
        })
    }
}
