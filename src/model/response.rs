//! The similarity response: how alike the molecules around a latent point are to its own (METHOD section 2).

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::foundation::{Decoded, FoundationModel, LatentBox, LatentVector, ModelError};
use crate::chem::{Fingerprint, Molecule, MorganParams, morgan, tanimoto};
use crate::jobs::{Observe, Progress};

/// How the response is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResponseParams {
    /// Neighbours of a point, at least 1.
    pub n_neighbours: usize,
    /// Distance of the neighbours, in units of the latent box, > 0.
    pub radius: f32,
    /// What is compared.
    pub fingerprint: MorganParams,
    /// Seed of the directions; each point has its own stream, so that points can be computed in any portions.
    pub seed: u64,
}

impl Default for ResponseParams {
    /// The reference: 10 neighbours at 0.05, Morgan radius 3 on 2048 bits.
    fn default() -> Self {
        Self { n_neighbours: 10, radius: 0.05, fingerprint: MorganParams::default(), seed: 0 }
    }
}

/// Points that are decoded together with their neighbours.
const PORTION: usize = 256;

/// The response at `points`, the first of which has the index `first_index` in its set: for each the mean Tanimoto
/// similarity, in [0, 1], of its molecule to those of its neighbours on a sphere, clipped to the latent box.
///
/// A point without a readable molecule has response 0, and a neighbour without one counts 0. Cancelled, it returns the
/// leading points that were finished; more can follow later, with `first_index` telling where.
///
/// # Errors
/// Parameters out of range; what the model reports.
pub fn similarity_response(
    model: &dyn FoundationModel,
    points: &[LatentVector],
    first_index: usize,
    params: &ResponseParams,
    observe: Observe,
) -> Result<Vec<f64>, ModelError> {
    let latent_box = model.latent_box().ok_or(ModelError::NoProjectors)?;
    check(params)?;
    let mut responses = Vec::with_capacity(points.len());
    for portion in points.chunks(PORTION) {
        let first = first_index + responses.len();
        let latents: Vec<LatentVector> = portion
            .iter()
            .enumerate()
            .flat_map(|(k, point)| {
                let around = neighbours(point, latent_box, params, (first + k) as u64);
                std::iter::once(point.clone()).chain(around)
            })
            .collect();
        let (n_before, group) = (responses.len(), params.n_neighbours + 1);
        let mut is_stopped = false;
        let decoded = model.decode(&latents, &mut |progress| {
            let n_done = (n_before + progress.done as usize / group) as u64;
            let flow = observe(Progress::new("response", n_done, Some(points.len() as u64)));
            is_stopped |= flow.is_break();
            flow
        })?;
        // Stopped, the last group may lack neighbours: it is left for later.
        let groups = decoded.par_chunks_exact(group);
        responses.par_extend(groups.map(|group| group_response(group, params.fingerprint)));
        if is_stopped {
            break;
        }
    }
    Ok(responses)
}

fn check(params: &ResponseParams) -> Result<(), ModelError> {
    let fail = |what: String| Err(ModelError::Params { what });
    if params.n_neighbours == 0 {
        return fail("the response needs at least 1 neighbour, found 0".to_owned());
    }
    if !(params.radius.is_finite() && params.radius > 0.0) {
        return fail(format!("the radius of the sphere is {}, expected a number above 0", params.radius));
    }
    if params.fingerprint.radius > 3 || params.fingerprint.n_bits == 0 {
        return fail(format!(
            "Morgan fingerprints of radius {} on {} bits, expected radius 0 to 3 and at least 1 bit",
            params.fingerprint.radius, params.fingerprint.n_bits
        ));
    }
    Ok(())
}

/// Points uniform on the sphere around `point`, clipped to the box: directions are normal deviates, scaled.
pub fn neighbours(
    point: &LatentVector,
    latent_box: &LatentBox,
    params: &ResponseParams,
    index: u64,
) -> Vec<LatentVector> {
    let mut stream = Stream::new(params.seed, index);
    let place = |_| {
        let direction: Vec<f64> = point.0.iter().map(|_| stream.normal()).collect();
        let norm = direction.iter().map(|x| x * x).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
        let scale = f64::from(params.radius) / norm;
        let bounds = latent_box.lower.iter().zip(&latent_box.upper);
        let moved = point.0.iter().zip(&direction).zip(bounds);
        LatentVector(moved.map(|((x, u), (lo, hi))| ((f64::from(*x) + scale * u) as f32).clamp(*lo, *hi)).collect())
    };
    (0..params.n_neighbours).map(place).collect()
}

/// The response of a point, the first of `group`, to its neighbours, the others; at least one.
pub fn group_response(group: &[Decoded], params: MorganParams) -> f64 {
    let fingerprint = |decoded: &Decoded| -> Option<Fingerprint> {
        morgan(&Molecule::from_smiles(decoded.smiles.as_deref()?).ok()?, params).ok()
    };
    let Some(own) = fingerprint(&group[0]) else { return 0.0 };
    let similarity = |decoded: &Decoded| {
        // Most neighbours are the same molecule as the point, written the same.
        if decoded.smiles == group[0].smiles {
            1.0
        } else {
            fingerprint(decoded).map_or(0.0, |other| tanimoto(&own, &other))
        }
    };
    group[1..].iter().map(similarity).sum::<f64>() / (group.len() - 1) as f64
}

/// Random numbers of one point: splitmix64 (Steele, Lea & Flood 2014, doi:10.1145/2660193.2660195).
struct Stream {
    state: u64,
    spare: Option<f64>,
}

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Stream {
    fn new(seed: u64, index: u64) -> Self {
        Self { state: mix(mix(seed.wrapping_add(GOLDEN)) ^ index.wrapping_mul(GOLDEN)), spare: None }
    }

    /// Uniform in (0, 1].
    fn uniform(&mut self) -> f64 {
        self.state = self.state.wrapping_add(GOLDEN);
        ((mix(self.state) >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    /// Standard normal, by Box and Muller.
    fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * self.uniform()).sin_cos();
        self.spare = Some(radius * sin);
        radius * cos
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_lie_on_the_sphere_or_on_the_box() {
        let params = ResponseParams { n_neighbours: 200, seed: 7, ..ResponseParams::default() };
        let inside = LatentVector(vec![0.2; 128]);
        let around = neighbours(&inside, &LatentBox::unit(128), &params, 3);
        let mut mean = vec![0.0f64; 128];
        for point in &around {
            let moved: Vec<f64> = point.0.iter().map(|x| f64::from(*x) - f64::from(0.2f32)).collect();
            let distance = moved.iter().map(|x| x * x).sum::<f64>().sqrt();
            assert!((distance - 0.05).abs() < 1e-6, "distance {distance}");
            mean.iter_mut().zip(&moved).for_each(|(m, x)| *m += x / 200.0);
        }
        // Uniform directions: the mean of 200 has length about 0.05 / √200.
        let length = mean.iter().map(|x| x * x).sum::<f64>().sqrt();
        assert!(length < 0.006, "mean displacement {length}");
        let corner = neighbours(&LatentVector(vec![1.0; 8]), &LatentBox::unit(8), &params, 3);
        assert!(corner.iter().flat_map(|p| &p.0).all(|&x| x <= 1.0));
        assert_eq!(around, neighbours(&inside, &LatentBox::unit(128), &params, 3));
        assert_ne!(around, neighbours(&inside, &LatentBox::unit(128), &params, 4));
    }

    #[test]
    fn unreadable_molecules_count_nothing() {
        let params = MorganParams::default();
        let decoded = |smiles: Option<&str>| Decoded { smiles: smiles.map(str::to_owned), ..Decoded::default() };
        let (ethanol, none) = (decoded(Some("CCO")), decoded(None));
        assert_eq!(group_response(&[ethanol.clone(), ethanol.clone(), none.clone()], params), 0.5);
        assert_eq!(group_response(&[none.clone(), ethanol.clone(), ethanol.clone()], params), 0.0);
        assert_eq!(group_response(&[ethanol.clone(), ethanol.clone(), decoded(Some("OCC"))], params), 1.0);
    }
}
