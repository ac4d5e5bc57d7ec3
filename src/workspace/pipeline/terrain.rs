//! The landscape that basins belong to: its surface and how its minima were told apart.

use super::error::StepError;
use super::frame::Frame;
use super::landscape::surface_of;
use super::samples::Samples;
use crate::fill::region::{Coordinates, Terrain, box_from_latent};
use crate::landscape::search::minimise::MinimiseParams;
use crate::landscape::{ExploreParams, KineticTransitionNetwork, Normalisation, SamePoint, Surface, ThinPlate};
use crate::workspace::recipe::LandscapeParams;
use crate::workspace::{Artefact, ArtefactKind, Study, StudyError};

/// A surface with what decides into which basin a point falls.
#[derive(Debug)]
pub struct StoredTerrain {
    surface: ThinPlate,
    frame: Option<Frame>,
    same_point: SamePoint,
    descent: MinimiseParams,
}

impl StoredTerrain {
    /// The terrain of a surface fitted to samples, whose network was explored with these settings.
    pub(super) fn new(
        samples: &Samples,
        surface: ThinPlate,
        ktn: &KineticTransitionNetwork,
        explore: &ExploreParams,
    ) -> Self {
        let frame = samples.within.as_ref().map(|(frame, _)| frame.clone());
        // A lifted network no longer knows how its points were told apart.
        let same_point = match &frame {
            Some(frame) => {
                SamePoint { scale: vec![explore.same_distance; frame.axes.len()], energy: explore.same_energy }
            }
            None => ktn.same_point().clone(),
        };
        Self { surface, frame, same_point, descent: explore.basin_hopping.minimise.clone() }
    }

    /// Fits the surface of a stored landscape anew, from the samples it was made from; the same to the last bit.
    ///
    /// # Errors
    /// When the landscape was not made from samples of this study, or these cannot be read.
    pub fn read(study: &Study, landscape: &Artefact) -> Result<Self, StepError> {
        let provenance = &landscape.provenance;
        let from = provenance.parents.iter().find(|id| id.kind() == ArtefactKind::Samples);
        let from = from.ok_or_else(|| StepError::RegionOf {
            what: format!("needs the surface of {}, which was not made from samples of this study", provenance.id),
        })?;
        let params: LandscapeParams = provenance.parameters.clone().try_into().map_err(|error: toml::de::Error| {
            StudyError::Toml { what: "the parameters of a landscape", problem: error.to_string() }
        })?;
        let samples = Samples::read(&study.artefact(from)?)?;
        let surface = surface_of(&samples, &Normalisation::of(&samples.response, 1)?, params.smoothing)?;
        let files = crate::landscape::files::read_native(&landscape.folder)?;
        Ok(Self::new(&samples, surface, &files.network, &params.explore))
    }

    /// What regions ask.
    pub fn terrain(&self, threads: usize) -> Terrain<'_> {
        let coordinates = self.frame.as_ref().map(|frame| frame as &dyn Coordinates);
        let Self { surface, same_point, descent, .. } = self;
        Terrain { surface, coordinates, same_point, descent, threads }
    }

    /// The energy at a latent point, shape `(d,)`; of its place along the coordinates where these are not all.
    pub fn energy(&self, latent: &[f32]) -> f64 {
        let place = match &self.frame {
            Some(frame) => frame.of_latent(latent),
            None => box_from_latent(latent),
        };
        self.surface.energy(&place)
    }
}
