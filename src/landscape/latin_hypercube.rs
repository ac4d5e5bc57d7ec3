//! Latin hypercube samples: every one of n equal strata of every coordinate holds exactly one point.

use rand::Rng;
use rand::seq::SliceRandom;

/// `n` points in the unit box of `dim` dimensions, shape (n, `dim`) row major.
///
/// For [−1, 1]^d take 2 x − 1.
pub fn latin_hypercube(n: usize, dim: usize, rng: &mut impl Rng) -> Vec<f64> {
    let mut points = vec![0.0; n * dim];
    let mut strata: Vec<usize> = (0..n).collect();
    for k in 0..dim {
        strata.shuffle(rng);
        for (i, &stratum) in strata.iter().enumerate() {
            // The largest sum below n would round up to 1.
            points[i * dim + k] = ((stratum as f64 + rng.random::<f64>()) / n as f64).min(1.0 - f64::EPSILON / 2.0);
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn every_stratum_of_every_coordinate_holds_one_point() {
        let (n, dim) = (100, 5);
        let points = latin_hypercube(n, dim, &mut ChaCha8Rng::seed_from_u64(9));
        for k in 0..dim {
            let mut seen = vec![0; n];
            points.iter().skip(k).step_by(dim).for_each(|x| seen[(x * n as f64) as usize] += 1);
            assert!(seen.iter().all(|&count| count == 1), "coordinate {k}: {seen:?}");
        }
    }

    #[test]
    fn coordinates_are_nearly_uncorrelated() {
        let (n, dim) = (1000, 16);
        let points = latin_hypercube(n, dim, &mut ChaCha8Rng::seed_from_u64(9));
        let mut sum2 = 0.0;
        for j in 0..dim {
            for k in 0..j {
                let product: f64 = points.chunks_exact(dim).map(|x| (x[j] - 0.5) * (x[k] - 0.5)).sum();
                sum2 += (12.0 * product / n as f64).powi(2);
            }
        }
        let rms = (sum2 / 120.0).sqrt();
        // scipy's sample of this size has 0.03; independent columns have 1/√n.
        assert!((0.02..0.045).contains(&rms), "root mean square correlation {rms}");
    }
}
