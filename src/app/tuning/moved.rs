//! Where the molecules of the map go under a tuned checkpoint: a job that encodes them again.

use std::path::Path;
use std::sync::Arc;

use super::work::scratch_folder;
use crate::app::event::told;
use crate::app::study::inputs;
use crate::jobs::Observe;
use crate::projection::Projection;
use crate::workspace::pipeline::{Moved, moved};
use crate::workspace::{Access, ArtefactId, Points, Study};

/// Neighbours that count for the change of a neighbourhood.
const N_NEIGHBOURS: usize = 10;

/// Molecules before and after, for the view.
#[derive(Debug, Clone)]
pub struct BeforeAfter {
    /// The step of the checkpoint.
    pub step: String,
    /// Its artefact.
    pub checkpoint: ArtefactId,
    /// Where the molecules have gone, in the order of the map.
    pub moved: Arc<Moved>,
}

/// Encodes the molecules of the study with a checkpoint and puts them on its map. None when stopped.
///
/// # Errors
/// A sentence with the reason.
pub fn before_after(
    folder: &Path,
    bundled_model: Option<&Path>,
    points: &ArtefactId,
    checkpoint: &ArtefactId,
    projection: &Projection,
    observe: Observe,
) -> Result<Option<BeforeAfter>, String> {
    let study = Study::open_read_only(folder).map_err(|error| told(&error))?;
    let inputs = inputs(&study, bundled_model)?;
    let artefact = study.artefact(checkpoint).map_err(|error| told(&error))?;
    let points = study
        .artefact(points)
        .map_err(|error| told(&error))
        .and_then(|artefact| Points::read(&artefact).map_err(|error| told(&error)))?;
    debug_assert!(*study.access() != Access::Write, "nothing of the study is touched");
    // Assembled outside of the study, which may be one that can only be looked at.
    let whole = scratch_folder(&format!("whole-{checkpoint}"));
    let device = study.document().recipe.model.device;
    let found = moved(&artefact, &whole, &inputs.model, device, &points, projection, N_NEIGHBOURS, observe);
    let emptied = if whole.exists() { std::fs::remove_dir_all(&whole) } else { Ok(()) };
    let found = found.map_err(|error| told(&error))?;
    emptied.map_err(|error| format!("the scratch folder could not be removed: {error} ({})", whole.display()))?;
    let step = artefact.provenance.step.clone();
    Ok(found.map(|moved| BeforeAfter { step, checkpoint: checkpoint.clone(), moved: Arc::new(moved) }))
}
