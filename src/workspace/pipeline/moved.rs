//! The molecules of a study under a tuned checkpoint, on the map of the base model.

use super::error::StepError;
use crate::jobs::Observe;
use crate::model::{DeviceChoice, FoundationModel, SelfiesTed, Unknown};
use crate::projection::{Projection, neighbourhood_change};
use crate::workspace::{Artefact, Points, checkpoints};
use std::path::Path;

/// Where molecules have gone.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    /// Their places by the base's projection, applied unchanged to the tuned latent vectors.
    pub places: Vec<[f32; 2]>,
    /// Euclidean distance between the latent vectors before and after.
    pub distance: Vec<f32>,
    /// Share of the nearest neighbours in latent space that are others afterwards, in [0, 1].
    pub change: Vec<f32>,
    /// How many neighbours count.
    pub n_neighbours: usize,
}

/// Encodes the molecules of `points` with a tuned checkpoint and puts them on the map that was fitted to the base model.
///
/// * `whole` – the folder where the whole checkpoint is assembled, or already stands
/// * `base` – the folder of the base model
/// * returns none when stopped
///
/// # Errors
/// The checkpoint is damaged or of another base model; it does not fit the projection.
#[expect(clippy::too_many_arguments, reason = "each is one plain thing, and a struct would be used once")]
pub fn moved(
    artefact: &Artefact,
    whole: &Path,
    base: &Path,
    device: DeviceChoice,
    points: &Points,
    projection: &Projection,
    n_neighbours: usize,
    observe: Observe<'_>,
) -> Result<Option<Moved>, StepError> {
    let folder = checkpoints::whole_in(whole, artefact, base)?;
    let model = SelfiesTed::open(&folder, device)?;
    let latents = model.encode_latent(&points.molecules.selfies, Unknown::Refuse, observe)?;
    if latents.len() < points.molecules.len() {
        return Ok(None);
    }
    let after: Vec<f32> = latents.into_iter().flat_map(|latent| latent.0).collect();
    let d = points.dimension;
    let Some(change) = neighbourhood_change(&points.latents, &after, d, n_neighbours, observe)? else {
        return Ok(None);
    };
    let rows = points.latents.chunks_exact(d).zip(after.chunks_exact(d));
    let distance = rows.map(|(a, b)| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()).collect();
    let places = projection.transform(&after)?.into_iter().map(|[x, y, _]| [x, y]).collect();
    Ok(Some(Moved { places, distance, change, n_neighbours }))
}
