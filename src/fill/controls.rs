//! Where candidates come from: the roughness field, a region, and the controls that a fill set is judged against.

use super::RoughnessField;
use super::fill_set::{Candidate, FillSetError};
use super::region::{Region, SampleParams, Terrain, box_from_latent, latent_from_box};
use super::sample::FillSample;
use crate::jobs::Observe;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// A set of the same size that a fill set is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlKind {
    /// Decoded from random latent points: the same decoder, no landscape.
    Random,
    /// Random molecules of the corpus.
    Corpus,
    /// Random training molecules of one downstream task, by its name.
    Task(String),
    /// Random training molecules of all downstream tasks together.
    Combined,
}

impl ControlKind {
    /// What to call it.
    pub fn name(&self) -> String {
        match self {
            Self::Random => "random".to_owned(),
            Self::Corpus => "corpus".to_owned(),
            Self::Task(task) => format!("task-{task}"),
            Self::Combined => "combined".to_owned(),
        }
    }
}

/// The sampled maxima of a field over the unit box, the roughest first; x becomes 2x − 1.
pub fn candidates_of_field(sample: &FillSample) -> Vec<Candidate> {
    let place =
        |point: &super::RoughPoint| Candidate { latent: latent_from_box(&point.x), roughness: Some(point.roughness) };
    sample.points.iter().map(place).collect()
}

/// Points of a region: first the sampled maxima of the field that lie in it, then points drawn from it; both the
/// roughest first where there is a field.
///
/// # Errors
/// When the region does not fit the space, or is a basin and there is no terrain.
pub fn candidates_of_region(
    region: &Region,
    dimension: usize,
    terrain: Option<&Terrain>,
    field: Option<(&RoughnessField, &FillSample)>,
    params: &SampleParams,
    observe: Observe<'_>,
) -> Result<Vec<Candidate>, FillSetError> {
    region.check(dimension)?;
    let mut candidates = field.map_or_else(Vec::new, |(_, sample)| candidates_of_field(sample));
    let rows: Vec<&[f32]> = candidates.iter().map(|c| c.latent.as_slice()).collect();
    let mut held = region.contains_all(&rows, terrain)?.into_iter();
    candidates.retain(|_| held.next().unwrap_or(false));
    let drawn = region.sample(dimension, terrain, params, observe)?;
    let mut drawn: Vec<Candidate> = drawn
        .points
        .into_iter()
        .map(|latent| {
            let roughness = field.map(|(field, _)| field.value(&box_from_latent(&latent)));
            Candidate { latent, roughness }
        })
        .collect();
    // Stable: equal ones, and all without a field, stay in the order they were drawn.
    drawn.sort_by(|a, b| b.roughness.unwrap_or(0.0).total_cmp(&a.roughness.unwrap_or(0.0)));
    candidates.extend(drawn);
    Ok(candidates)
}

/// `n` points uniform in the decoder's box [−1, 1]^`dimension`.
pub fn random_candidates(n: usize, dimension: usize, seed: u64) -> Vec<Candidate> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut point = || (0..dimension).map(|_| rng.random_range(-1.0..=1.0)).collect();
    (0..n).map(|_| Candidate { latent: point(), roughness: None }).collect()
}

/// The molecules in a random order.
pub fn shuffled(molecules: &[String], seed: u64) -> Vec<String> {
    let mut order = molecules.to_vec();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    order
}

#[cfg(test)]
mod tests {
    use super::super::region::Balls;
    use super::super::{AcrossVariance, RoughPoint, RoughnessFieldParams};
    use super::*;
    use crate::jobs::silent;
    use crate::landscape::search::lockstep::Evaluations;

    #[test]
    fn candidates_of_a_region_lie_in_it_the_roughest_first() {
        let params = RoughnessFieldParams { across: AcrossVariance::Fixed(0.1), ..RoughnessFieldParams::script() };
        let (m, t) = (vec![0.4; 6], vec![0.6; 6]);
        let field = RoughnessField::from_pairs(6, std::iter::once((&m[..], &t[..], 1.0)), &params).unwrap();
        let point = |x: f64| RoughPoint { x: vec![x; 6], roughness: field.value(&[x; 6]), start: 0 };
        let sample = FillSample {
            points: vec![point(0.55), point(0.95)],
            n_starts: 1,
            n_converged: 2,
            n_unconverged: 0,
            n_below: 0,
            cancelled: false,
            evaluations: Evaluations::default(),
        };
        let region = Region::Balls(Balls { centres: vec![vec![0.0; 6]], radii: vec![0.5] });
        let draw = SampleParams { n: 50, ..SampleParams::default() };
        let found = candidates_of_region(&region, 6, None, Some((&field, &sample)), &draw, &mut silent).unwrap();
        assert_eq!(found.len(), 51);
        assert!(found[0].latent.iter().all(|z| (z - 0.1).abs() < 1e-6), "the maximum comes first");
        assert!(found[1..].windows(2).all(|pair| pair[0].roughness >= pair[1].roughness));
        assert!(found.iter().all(|c| region.contains(&c.latent, None).unwrap()));
    }

    #[test]
    fn random_candidates_and_orders_depend_on_the_seed_alone() {
        let points = random_candidates(200, 5, 1);
        assert_eq!(points, random_candidates(200, 5, 1));
        assert_ne!(points, random_candidates(200, 5, 2));
        assert_eq!(points[..10], random_candidates(10, 5, 1));
        assert!(points.iter().flat_map(|c| &c.latent).all(|z| (-1.0..=1.0).contains(z)));
        let texts: Vec<String> = (0..50).map(|k| k.to_string()).collect();
        let mut back = shuffled(&texts, 3);
        assert_ne!(back, texts);
        back.sort_by_key(|text| text.parse::<u32>().unwrap());
        assert_eq!(back, texts);
    }
}
