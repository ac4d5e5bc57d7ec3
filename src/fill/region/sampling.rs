//! Points drawn from a region.

use super::{Coordinates, Region, RegionError, Terrain};
use crate::jobs::{Observe, Progress};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// How many points to draw and how hard to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SampleParams {
    /// Points wanted.
    pub n: usize,
    /// Proposals at most, for each point wanted.
    pub tries_per_point: usize,
    /// Decides the points.
    pub seed: u64,
}

impl Default for SampleParams {
    fn default() -> Self {
        Self { n: 1000, tries_per_point: 100, seed: 0 }
    }
}

/// Points of a region.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RegionSample {
    /// The points, shape `(n, d)`; fewer than wanted when the proposals ran out.
    pub points: Vec<Vec<f32>>,
    /// Proposals made.
    pub n_tried: usize,
    /// Whether `observe` stopped it.
    pub cancelled: bool,
}

/// Proposals tested at once.
const BATCH: usize = 256;

impl Region {
    /// Draws points that lie in the region and in the decoder's box [−1, 1]^`dimension`.
    ///
    /// A simple part proposes, the whole region decides: boxes and half-spaces propose uniformly in their bounds, balls
    /// propose uniformly in a ball chosen with equal chance (in many dimensions volumes differ by powers of ten, and the
    /// largest ball alone would speak), a basin proposes around its minimum up to its transition states, along the
    /// coordinates of its landscape where these are not all. Of a union
    /// every part proposes with equal chance; of an intersection the first part that bounds anything.
    ///
    /// # Errors
    /// When the region does not fit the space, or is a basin and there is no terrain.
    pub fn sample(
        &self,
        dimension: usize,
        terrain: Option<&Terrain>,
        params: &SampleParams,
        observe: Observe<'_>,
    ) -> Result<RegionSample, RegionError> {
        self.check(dimension)?;
        let mut rng = ChaCha8Rng::seed_from_u64(params.seed);
        let mut sample = RegionSample::default();
        let most = params.n.saturating_mul(params.tries_per_point);
        while sample.points.len() < params.n && sample.n_tried < most {
            let batch: Vec<Vec<f32>> =
                (0..BATCH.min(most - sample.n_tried)).map(|_| self.propose(dimension, terrain, &mut rng)).collect();
            let rows: Vec<&[f32]> = batch.iter().map(Vec::as_slice).collect();
            let held = self.contains_all(&rows, terrain)?;
            for (point, held) in batch.into_iter().zip(held) {
                if sample.points.len() == params.n {
                    break;
                }
                sample.n_tried += 1;
                if held && point.iter().all(|x| (-1.0..=1.0).contains(x)) {
                    sample.points.push(point);
                }
            }
            let done = sample.points.len() as u64;
            if observe(Progress::new("drawing from the region", done, Some(params.n as u64))).is_break() {
                sample.cancelled = true;
                break;
            }
        }
        Ok(sample)
    }

    fn propose(&self, dimension: usize, terrain: Option<&Terrain>, rng: &mut ChaCha8Rng) -> Vec<f32> {
        match self {
            Self::Everywhere | Self::HalfSpaces(_) => (0..dimension).map(|_| rng.random_range(-1.0..=1.0)).collect(),
            Self::Balls(balls) if !balls.centres.is_empty() => {
                let k = rng.random_range(0..balls.centres.len());
                in_ball(&balls.centres[k], balls.radii[k], rng)
            }
            Self::Box { lower, upper } => {
                // Within the decoder's box where the two overlap.
                let bounds = lower.iter().zip(upper).map(|(l, u)| (l.max(-1.0), u.min(1.0)));
                bounds.map(|(l, u)| if l < u { rng.random_range(l..=u) } else { l }).collect()
            }
            Self::Basin { minimum, reach } => {
                // Distances even up to the transition states: uniform in the ball would nearly all lie at its surface.
                let radius = reach * rng.random::<f32>();
                match terrain.and_then(|terrain| terrain.coordinates) {
                    Some(coordinates) => along(coordinates, minimum, radius, rng),
                    None => on_sphere(minimum, radius, rng),
                }
            }
            Self::Union(parts) if !parts.is_empty() => {
                let k = rng.random_range(0..parts.len());
                parts[k].propose(dimension, terrain, rng)
            }
            Self::Intersection(parts) => {
                let bounding = parts.iter().find(|part| !matches!(part, Self::Everywhere | Self::HalfSpaces(_)));
                bounding.unwrap_or(&Self::Everywhere).propose(dimension, terrain, rng)
            }
            Self::Difference(parts) => parts[0].propose(dimension, terrain, rng),
            Self::Balls(_) | Self::Union(_) => vec![f32::NAN; dimension],
        }
    }
}

/// A point uniform in a ball.
fn in_ball(centre: &[f32], radius: f32, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let share = rng.random::<f64>().powf(1.0 / centre.len().max(1) as f64);
    // A hair inside, so that rounding cannot put it outside.
    on_sphere(centre, radius * share as f32 * (1.0 - 1e-6), rng)
}

/// A point uniform on a sphere: normal deviates, scaled.
fn on_sphere(centre: &[f32], radius: f32, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let direction: Vec<f64> = centre.iter().map(|_| normal(rng)).collect();
    let norm = direction.iter().map(|x| x * x).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    let scale = f64::from(radius) / norm;
    centre.iter().zip(direction).map(|(c, u)| (f64::from(*c) + scale * u) as f32).collect()
}

/// A point at a distance of `radius` latent units from a centre, along the coordinates of a landscape; what would leave
/// their box comes back from its face.
fn along(coordinates: &dyn Coordinates, centre: &[f32], radius: f32, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let mut x = coordinates.of_latent(centre);
    let direction: Vec<f64> = x.iter().map(|_| normal(rng)).collect();
    let norm = direction.iter().map(|u| u * u).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    for (k, (x, u)) in x.iter_mut().zip(direction).enumerate() {
        let moved = *x + 0.5 * f64::from(radius) * u / (norm * coordinates.half_width(k));
        *x = reflected(moved);
    }
    coordinates.lift(&x)
}

/// A coordinate thrown back at the faces of the unit box; clamped where once is not enough.
fn reflected(x: f64) -> f64 {
    let x = if x < 0.0 { -x } else { x };
    let x = if x > 1.0 { 2.0 - x } else { x };
    x.clamp(0.0, 1.0)
}

/// A standard normal deviate, by Box and Muller.
pub(crate) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

#[cfg(test)]
mod tests {
    use super::super::Balls;
    use super::*;
    use crate::jobs::silent;

    #[test]
    fn what_is_drawn_lies_in_the_region_and_is_the_same_again() {
        let balls = Region::Balls(Balls { centres: vec![vec![0.6; 8], vec![-0.5; 8]], radii: vec![0.6, 0.1] });
        let cut = balls.clone().without(Region::Box { lower: vec![0.7; 8], upper: vec![2.0; 8] });
        let params = SampleParams { n: 200, ..SampleParams::default() };
        let sample = cut.sample(8, None, &params, &mut silent).unwrap();
        assert_eq!(sample.points.len(), 200);
        assert!(sample.points.iter().all(|p| cut.contains(p, None).unwrap() && p.iter().all(|x| x.abs() <= 1.0)));
        assert_eq!(sample, cut.sample(8, None, &params, &mut silent).unwrap());
        let near = |c: f32| sample.points.iter().filter(|p| (p[0] - c).abs() < 0.5).count();
        assert!(near(0.6) > 20 && near(-0.5) > 20, "both balls speak: {} and {}", near(0.6), near(-0.5));
    }

    #[test]
    fn a_region_that_cannot_be_met_gives_up_and_says_how_often_it_tried() {
        let nowhere = Region::Union(vec![]);
        let params = SampleParams { n: 10, tries_per_point: 3, seed: 0 };
        let sample = nowhere.sample(4, None, &params, &mut silent).unwrap();
        assert_eq!((sample.points.len(), sample.n_tried), (0, 30));
    }
}
