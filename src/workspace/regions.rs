//! From what a region was chosen on to the region itself.

use super::document::RegionDefinition;
use super::molecules::Points;
use super::pipeline::StepError;
use super::{ArtefactId, Study};
use crate::fill::Region;
use crate::landscape::files::read_native;
use crate::landscape::{METRIC_LENGTH_SCALE, MinimumId, ParallelConvention, contributions};
use std::collections::HashSet;

/// The region in latent space that a definition stands for.
///
/// # Errors
/// When an artefact, molecule, minimum or region it names is not there.
pub fn resolve(definition: &RegionDefinition, study: &Study) -> Result<Region, StepError> {
    let missing = |what: String| StepError::RegionOf { what };
    let landscape = |id: &ArtefactId| -> Result<_, StepError> {
        let artefact = study.artefact(id)?;
        artefact.verify()?;
        Ok(read_native(&artefact.folder)?.network)
    };
    let each =
        |parts: &[RegionDefinition]| parts.iter().map(|part| resolve(part, study)).collect::<Result<Vec<_>, _>>();
    match definition {
        RegionDefinition::Around { points, molecules } => {
            let points = Points::read(&study.artefact(points)?)?;
            let chosen: HashSet<&String> = molecules.iter().collect();
            let enclosed: Vec<bool> = points.molecules.ids.iter().map(|id| chosen.contains(id)).collect();
            let n_found = enclosed.iter().filter(|inside| **inside).count();
            if n_found < chosen.len() {
                let what = format!("is made around {} molecules, but only {n_found} are on the map", chosen.len());
                return Err(missing(what));
            }
            let rows: Vec<&[f32]> = points.rows().collect();
            Ok(Region::around(&rows, &enclosed)?)
        }
        RegionDefinition::Basin { landscape: id, minimum } => Ok(Region::basin(&landscape(id)?, MinimumId(*minimum))?),
        RegionDefinition::TopContributions { landscape: id, percent } => {
            let ktn = landscape(id)?;
            let all = contributions(&ktn, METRIC_LENGTH_SCALE, ParallelConvention::Each);
            Ok(Region::top_contributions(&ktn, &all, *percent)?)
        }
        RegionDefinition::Given(region) => Ok(region.clone()),
        RegionDefinition::Union(parts) => Ok(Region::Union(each(parts)?)),
        RegionDefinition::Intersection(parts) => Ok(Region::Intersection(each(parts)?)),
        RegionDefinition::Difference(parts) => {
            let [a, b] = &**parts;
            Ok(resolve(a, study)?.without(resolve(b, study)?))
        }
        RegionDefinition::Named(name) => match study.document().region(name) {
            // Names in a circle end at the planner, which every recipe passes.
            Some(region) if region.definition != *definition => resolve(&region.definition, study),
            _ => Err(missing(format!("is called {name:?}, which the study does not have"))),
        },
    }
}
