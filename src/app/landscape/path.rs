//! The lowest-barrier path between two minima, with images along it that can be decoded and shown on the map.

use crate::app::event::told;
use crate::app::model_session::LoadedModel;
use crate::app::study::{Landscape, toy_height};
use crate::jobs::Observe;
use crate::landscape::disconnectivity::{
    LowestPath, MergeTree, PointId, hardest_to_reach, lowest_barrier_path, lowest_joined,
};
use crate::landscape::{KineticTransitionNetwork, MinimumId, Support, Surface, Toy};
use crate::model::{FoundationModel, LatentVector};
use crate::projection::{MapPoint, Projection};
use crate::render::GlyphShape;
use crate::render::figure::ProfilePoint;
use crate::workspace::pipeline::StoredTerrain;
use crate::workspace::{ArtefactId, Study};
use std::path::Path;

/// Images for a unit of length in the box, as many as the reference lays along a band.
const IMAGES_PER_LENGTH: f64 = 10.0;
/// Steps between two stationary points, at least and at most.
const STEPS: [usize; 2] = [2, 12];
/// Images of a whole path at most; longer paths have fewer steps.
const MAX_IMAGES: usize = 400;

/// A point of latent space along a path.
#[derive(Debug, Clone, PartialEq)]
pub struct PathImage {
    /// Where it is, in the decoder's box.
    pub latent: Vec<f32>,
    /// Length of the path up to here, in units of the box.
    pub length: f64,
    /// Where it stands on the map, if there is one; the third coordinate is 0 on a plane, and the height of the energy on a
    /// toy.
    pub place: Option<MapPoint>,
    /// The stationary point it is, counted along the path; none between two of them.
    pub stop: Option<usize>,
}

/// A path and its images.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundPath {
    /// The first and the last minimum.
    pub ends: [u64; 2],
    /// Energies and lengths of its stationary points.
    pub lowest: LowestPath,
    /// The same as a profile draws them.
    pub profile: Vec<ProfilePoint>,
    /// Images from the first to the last minimum, on the straight lines between stationary points.
    pub images: Vec<PathImage>,
}

impl FoundPath {
    /// The image that stands nearest to a length of the path.
    pub fn nearest_image(&self, length: f64) -> usize {
        let off = |k: &usize| (self.images[*k].length - length).abs();
        (0..self.images.len()).min_by(|a, b| off(a).total_cmp(&off(b))).unwrap_or(0)
    }

    /// What an image is, in words.
    pub fn describe(&self, image: usize) -> String {
        let Some(found) = self.images.get(image) else { return String::new() };
        match found.stop.map(|stop| self.lowest.points[stop].point) {
            Some(PointId::Minimum(id)) => format!("Minimum {id}"),
            Some(PointId::TransitionState(id)) if self.lowest.bottleneck == Some(id) => {
                format!("Transition state {id}, the highest")
            }
            Some(PointId::TransitionState(id)) => format!("Transition state {id}"),
            None => format!("Image {} of {}", image + 1, self.images.len()),
        }
    }
}

/// The lowest-barrier path from one minimum to another; to the one that is hardest to reach where none is given.
/// The coordinates of a `toy` are those of the map.
///
/// # Errors
/// A sentence: a minimum is unknown, or no path joins the two.
pub fn find_path(
    landscape: &Landscape,
    projection: Option<&Projection>,
    toy: Option<&Toy>,
    from: Option<u64>,
    to: Option<u64>,
) -> Result<FoundPath, String> {
    let ktn = &landscape.network;
    let id = |id: u64| u32::try_from(id).map(MinimumId).map_err(|_| format!("the network holds no minimum {id}"));
    let tree = MergeTree::new(ktn);
    let from = match from {
        Some(from) => id(from)?,
        None => lowest_joined(ktn).ok_or("the network has no minima")?,
    };
    let to = match to {
        Some(to) => id(to)?,
        None => hardest_to_reach(ktn, &tree, from),
    };
    if from == to {
        return Err(format!("a path needs two minima, and both ends are minimum {from}: choose another one"));
    }
    let lowest = lowest_barrier_path(ktn, &tree, from, to).map_err(|error| told(&error))?;
    let mut images = images(ktn, &lowest);
    if let Some(toy) = toy {
        let height = toy_height(toy, ktn);
        for image in &mut images {
            let at: Vec<f64> = image.latent.iter().map(|z| f64::midpoint(f64::from(*z), 1.0)).collect();
            if let [x, y] = at[..] {
                image.place = Some([x as f32, y as f32, height(toy.energy(&at))]);
            }
        }
    } else if let Some(projection) = projection {
        let rows: Vec<f32> = images.iter().flat_map(|image| image.latent.iter().copied()).collect();
        let places = projection.transform(&rows).map_err(|error| told(&error))?;
        for (image, place) in images.iter_mut().zip(places) {
            image.place = Some(place);
        }
    }
    let profile = lowest.points.iter().map(|point| profile_point(ktn, point)).collect();
    Ok(FoundPath { ends: [u64::from(from.0), u64::from(to.0)], lowest, profile, images })
}

fn profile_point(ktn: &KineticTransitionNetwork, point: &crate::landscape::disconnectivity::PathPoint) -> ProfilePoint {
    let bound = |support: Support| support.n_bound.is_some_and(|n| n > 0);
    let (shape, label) = match point.point {
        PointId::Minimum(id) => {
            (GlyphShape::of_minimum(ktn.minimum(id).is_some_and(|m| bound(m.support))), id.to_string())
        }
        PointId::TransitionState(id) => {
            let of = |t: &crate::landscape::TransitionState| {
                GlyphShape::of_transition_state(bound(t.support), t.is_degenerate())
            };
            (ktn.transition_state(id).map_or(GlyphShape::Diamond, of), format!("t{id}"))
        }
    };
    ProfilePoint { length: point.length, energy: point.energy, shape, label }
}

/// Images on the straight lines between successive stationary points, ends included.
fn images(ktn: &KineticTransitionNetwork, path: &LowestPath) -> Vec<PathImage> {
    let place = |point: PointId| match point {
        PointId::Minimum(id) => ktn.minimum(id).map(|m| m.x.as_slice()),
        PointId::TransitionState(id) => ktn.transition_state(id).map(|t| t.x.as_slice()),
    };
    let latent = |x: &[f64]| -> Vec<f32> { x.iter().map(|x| (2.0 * x - 1.0) as f32).collect() };
    let most = (MAX_IMAGES / path.points.len().max(1)).clamp(1, STEPS[1]);
    let mut images = Vec::new();
    for (stop, point) in path.points.iter().enumerate() {
        let Some(x) = place(point.point) else { continue };
        if let Some(before) = stop.checked_sub(1).map(|k| &path.points[k])
            && let Some(from) = place(before.point)
        {
            let length = point.length - before.length;
            let n = ((length * IMAGES_PER_LENGTH).ceil() as usize).clamp(STEPS[0].min(most), most);
            for k in 1..n {
                let t = k as f64 / n as f64;
                let between: Vec<f64> = from.iter().zip(x).map(|(a, b)| a + t * (b - a)).collect();
                let length = before.length + t * length;
                images.push(PathImage { latent: latent(&between), length, place: None, stop: None });
            }
        }
        images.push(PathImage { latent: latent(x), length: point.length, place: None, stop: Some(stop) });
    }
    images
}

/// What the images of a path decode to; why not, where the model writes no molecule.
///
/// # Errors
/// A sentence: the path is of another latent space, or the model fails.
pub fn decode_images(
    path: &FoundPath,
    loaded: &LoadedModel,
    observe: Observe,
) -> Result<Vec<Result<String, String>>, String> {
    let latents: Vec<LatentVector> = path.images.iter().map(|image| LatentVector(image.latent.clone())).collect();
    let decoded = loaded.model.decode(&latents, observe).map_err(|error| told(&error))?;
    let molecule = |decoded: crate::model::Decoded| decoded.smiles.ok_or_else(|| "the text is no molecule".to_owned());
    Ok(decoded.into_iter().map(molecule).collect())
}

/// The energy of a toy at the images of a path.
pub fn measure_toy(toy: &Toy, path: &FoundPath) -> Vec<f64> {
    let place = |z: &[f32]| z.iter().map(|z| f64::midpoint(f64::from(*z), 1.0)).collect::<Vec<f64>>();
    path.images.iter().map(|image| toy.energy(&place(&image.latent))).collect()
}

/// The energy of a landscape's surface at the images of a path, in units of E; the surface is fitted anew.
///
/// # Errors
/// A sentence: the samples that the landscape was made from are not there.
pub fn measure_images(folder: &Path, landscape: &ArtefactId, path: &FoundPath) -> Result<Vec<f64>, String> {
    let study = Study::open_read_only(folder).map_err(|error| told(&error))?;
    let artefact = study.artefact(landscape).map_err(|error| told(&error))?;
    let terrain = StoredTerrain::read(&study, &artefact).map_err(|error| told(&error))?;
    Ok(path.images.iter().map(|image| terrain.energy(&image.latent)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::landscape::{METRIC_LENGTH_SCALE, ParallelConvention, contributions};

    /// A chain 0 – 1 – 2 on a line, and a minimum 3 that nothing joins.
    fn landscape() -> Landscape {
        let mut network = KineticTransitionNetwork::in_unit_box(2);
        let at = |x: f64| vec![x, 0.5];
        let minima: Vec<MinimumId> = [(0.1, 0.0), (0.5, 0.2), (0.9, 0.1), (0.3, 0.9)]
            .iter()
            .map(|&(x, e)| network.push_minimum(at(x), e, Support::default()).unwrap())
            .collect();
        network.push_transition_state(at(0.3), 0.6, (minima[0], minima[1]), Support::default()).unwrap();
        network.push_transition_state(at(0.7), 0.8, (minima[1], minima[2]), Support::default()).unwrap();
        let all = contributions(&network, METRIC_LENGTH_SCALE, ParallelConvention::Each);
        Landscape { contributions: [all.clone(), all], frustration: [0.0; 2], network }
    }

    #[test]
    fn images_run_evenly_from_end_to_end_and_stop_at_every_stationary_point() {
        let path = find_path(&landscape(), None, None, Some(0), Some(2)).unwrap();
        let stops: Vec<usize> = path.images.iter().filter_map(|image| image.stop).collect();
        assert_eq!(stops, [0, 1, 2, 3, 4]);
        assert!(path.images.windows(2).all(|pair| pair[0].length < pair[1].length));
        let ends = [&path.images[0].latent, &path.images[path.images.len() - 1].latent];
        assert!((ends[0][0] + 0.8).abs() < 1e-6 && (ends[1][0] - 0.8).abs() < 1e-6, "{ends:?}");
        for image in &path.images {
            let x = f64::midpoint(f64::from(image.latent[0]), 1.0);
            assert!((x - 0.1 - image.length).abs() < 1e-6, "the image at {} stands at {x}", image.length);
        }
        assert_eq!(path.describe(path.nearest_image(0.61)), "Transition state 1, the highest");
        assert_eq!(path.describe(0), "Minimum 0");
    }

    #[test]
    fn the_far_end_is_found_when_it_is_left_open() {
        let path = find_path(&landscape(), None, None, None, None).unwrap();
        assert_eq!(path.ends, [0, 2]);
        assert!((path.lowest.barrier_forward - 0.8).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_joined_is_said() {
        let words = |from, to| find_path(&landscape(), None, None, Some(from), Some(to)).unwrap_err();
        assert!(words(0, 3).contains("different components"), "{}", words(0, 3));
        assert!(words(0, 0).contains("two minima"));
        assert!(words(0, 77).contains("no minimum 77"), "{}", words(0, 77));
    }
}
