//! Clusters of embeddings: k-means and mixtures of Gaussians, their number by the Bayesian information criterion.

use rayon::prelude::*;

use super::params::Clustering;
use crate::train::random::Generator;

/// Clusters of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Clusters {
    /// Means, `(k, d)`.
    pub centres: Vec<f32>,
    /// Coordinates.
    pub dim: usize,
    /// −2 ln L + m ln n, with m free parameters; less is better.
    pub bic: f64,
    /// Variances `(k, d)` and weights of a mixture; none for k-means.
    mixture: Option<(Vec<f32>, Vec<f64>)>,
}

/// Starts of k-means for each number of clusters; the best is kept.
const N_STARTS: u64 = 4;
/// Lloyd's and EM's steps, at most.
const N_STEPS: usize = 100;
/// EM has come to rest when the mean log-likelihood of a row grows by less, nats.
const EM_TOLERANCE: f64 = 1e-6;
/// Variances of a mixture are at least this part of the mean variance: a component may not shrink onto one point.
const VARIANCE_FLOOR: f64 = 1e-3;

/// The clustering of the lowest BIC among 1 ..= `max_clusters` clusters.
///
/// * `rows` – `(n, dim)`, n ≥ 1
/// * `generator` – draws the starts; the outcome does not depend on the number of threads
pub fn cluster(rows: &[f32], dim: usize, how: Clustering, max_clusters: usize, generator: &mut Generator) -> Clusters {
    let seed = generator.next_u64();
    let n = rows.len() / dim;
    let fitted: Vec<Clusters> = (1..=max_clusters.min(n))
        .into_par_iter()
        .map(|k| {
            let starts = (0..N_STARTS).map(|start| lloyd(rows, dim, k, &mut Generator::new(seed, &[k as u64, start])));
            let best = starts.min_by(|a, b| a.squares.total_cmp(&b.squares)).expect("several starts");
            match how {
                Clustering::KMeans => best.spherical(rows, dim),
                Clustering::GaussianMixture => expectation_maximisation(rows, dim, &best),
            }
        })
        .collect();
    fitted.into_iter().min_by(|a, b| a.bic.total_cmp(&b.bic)).expect("at least one cluster")
}

impl Clusters {
    /// Number of clusters.
    pub fn len(&self) -> usize {
        self.centres.len() / self.dim
    }

    /// No clusters; never true of a fit.
    pub fn is_empty(&self) -> bool {
        self.centres.is_empty()
    }

    /// The cluster of a row: the nearest centre, or the most probable component.
    pub fn of(&self, row: &[f32]) -> usize {
        let score = |k: usize| match &self.mixture {
            None => squared_distance(row, &self.centres[k * self.dim..(k + 1) * self.dim]),
            Some((variances, weights)) => -log_density(row, &self.centres, variances, weights, k),
        };
        (0..self.len()).min_by(|&a, &b| score(a).total_cmp(&score(b))).expect("at least one cluster")
    }

    /// The centre of a cluster.
    pub fn centre(&self, k: usize) -> &[f32] {
        &self.centres[k * self.dim..(k + 1) * self.dim]
    }
}

/// An outcome of Lloyd's algorithm.
struct Lloyd {
    centres: Vec<f32>,
    members: Vec<usize>,
    /// Sum of squared distances to the centres.
    squares: f64,
}

fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    f64::from(a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>())
}

/// k-means from a k-means++ start (Arthur and Vassilvitskii 2007).
fn lloyd(rows: &[f32], dim: usize, k: usize, generator: &mut Generator) -> Lloyd {
    let n = rows.len() / dim;
    let row = |i: usize| &rows[i * dim..(i + 1) * dim];
    let mut centres = row(generator.below(n as u64) as usize).to_vec();
    let mut nearest: Vec<f64> = (0..n).map(|i| squared_distance(row(i), &centres)).collect();
    while centres.len() < k * dim {
        let total: f64 = nearest.iter().sum();
        let mut left = generator.uniform() * total;
        let chosen = nearest.iter().position(|&d| {
            left -= d;
            left < 0.0
        });
        let centre = row(chosen.unwrap_or(n - 1)).to_vec();
        for (i, nearest) in nearest.iter_mut().enumerate() {
            *nearest = nearest.min(squared_distance(row(i), &centre));
        }
        centres.extend(centre);
    }
    let mut members = vec![usize::MAX; n];
    let mut squares = 0.0;
    for _ in 0..N_STEPS {
        let mut has_moved = false;
        squares = 0.0;
        let mut sums = vec![0.0_f64; k * dim];
        let mut counts = vec![0_usize; k];
        for (i, member) in members.iter_mut().enumerate() {
            let distances = centres.chunks_exact(dim).map(|centre| squared_distance(row(i), centre)).enumerate();
            let (best, distance) = distances.min_by(|a, b| a.1.total_cmp(&b.1)).expect("at least one centre");
            has_moved |= *member != best;
            *member = best;
            squares += distance;
            counts[best] += 1;
            sums[best * dim..(best + 1) * dim].iter_mut().zip(row(i)).for_each(|(sum, x)| *sum += f64::from(*x));
        }
        if !has_moved {
            break;
        }
        for (c, &count) in counts.iter().enumerate().filter(|&(_, &count)| count > 0) {
            let sums = &sums[c * dim..(c + 1) * dim];
            centres[c * dim..(c + 1) * dim].iter_mut().zip(sums).for_each(|(x, s)| *x = (s / count as f64) as f32);
        }
    }
    Lloyd { centres, members, squares }
}

impl Lloyd {
    /// BIC under Gaussians of one variance, the same in all directions and clusters (Pelleg and Moore, X-means, 2000).
    fn spherical(self, rows: &[f32], dim: usize) -> Clusters {
        let n = (rows.len() / dim) as f64;
        let k = self.centres.len() / dim;
        let d = dim as f64;
        let variance = (self.squares / (n * d)).max(f64::MIN_POSITIVE);
        let mut counts = vec![0_usize; k];
        self.members.iter().for_each(|&member| counts[member] += 1);
        let weights: f64 = counts.iter().filter(|&&c| c > 0).map(|&c| c as f64 * (c as f64 / n).ln()).sum();
        let log_likelihood = weights - 0.5 * n * d * ((std::f64::consts::TAU * variance).ln() + 1.0);
        let n_free = (k * dim + (k - 1) + 1) as f64;
        Clusters { centres: self.centres, dim, bic: n_free * n.ln() - 2.0 * log_likelihood, mixture: None }
    }
}

/// ln(weight) + ln N(row | centre, diagonal variances) of a component.
fn log_density(row: &[f32], centres: &[f32], variances: &[f32], weights: &[f64], k: usize) -> f64 {
    let dim = row.len();
    let (centre, variance) = (&centres[k * dim..(k + 1) * dim], &variances[k * dim..(k + 1) * dim]);
    let mut sum = 0.0;
    for ((x, c), v) in row.iter().zip(centre).zip(variance) {
        let (difference, v) = (f64::from(x - c), f64::from(*v));
        sum += difference * difference / v + v.ln();
    }
    weights[k].ln() - 0.5 * (sum + dim as f64 * std::f64::consts::TAU.ln())
}

/// EM for a mixture of Gaussians with diagonal covariances, from the clusters of k-means.
fn expectation_maximisation(rows: &[f32], dim: usize, start: &Lloyd) -> Clusters {
    let n = rows.len() / dim;
    let k = start.centres.len() / dim;
    let mut parts = vec![0.0_f64; n * k];
    start.members.iter().enumerate().for_each(|(i, &member)| parts[i * k + member] = 1.0);
    let (mut centres, mut variances, mut weights) = (start.centres.clone(), vec![1.0; k * dim], vec![0.0; k]);
    let floor = VARIANCE_FLOOR * mean_variance(rows, dim).max(f64::from(f32::MIN_POSITIVE) / VARIANCE_FLOOR);
    let mut before = f64::NEG_INFINITY;
    for _ in 0..N_STEPS {
        for c in 0..k {
            let total: f64 = (0..n).map(|i| parts[i * k + c]).sum();
            weights[c] = (total / n as f64).max(f64::MIN_POSITIVE);
            if total < 1e-9 {
                continue;
            }
            for a in 0..dim {
                let x = |i: usize| f64::from(rows[i * dim + a]);
                let mean = (0..n).map(|i| parts[i * k + c] * x(i)).sum::<f64>() / total;
                let variance = (0..n).map(|i| parts[i * k + c] * (x(i) - mean).powi(2)).sum::<f64>() / total;
                centres[c * dim + a] = mean as f32;
                variances[c * dim + a] = variance.max(floor) as f32;
            }
        }
        let mut sum = 0.0;
        for i in 0..n {
            let row = &rows[i * dim..(i + 1) * dim];
            let parts = &mut parts[i * k..(i + 1) * k];
            parts.iter_mut().enumerate().for_each(|(c, p)| *p = log_density(row, &centres, &variances, &weights, c));
            let max = parts.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = parts.iter().map(|p| (p - max).exp()).sum();
            parts.iter_mut().for_each(|p| *p = (*p - max).exp() / total);
            sum += max + total.ln();
        }
        let is_at_rest = sum - before < EM_TOLERANCE * n as f64;
        before = sum;
        if is_at_rest {
            break;
        }
    }
    let n_free = (2 * k * dim + k - 1) as f64;
    Clusters { centres, dim, bic: n_free * (n as f64).ln() - 2.0 * before, mixture: Some((variances, weights)) }
}

fn mean_variance(rows: &[f32], dim: usize) -> f64 {
    let n = (rows.len() / dim) as f64;
    let of_column = |a: usize| {
        let column = || rows.iter().skip(a).step_by(dim).map(|&x| f64::from(x));
        let mean = column().sum::<f64>() / n;
        column().map(|x| (x - mean).powi(2)).sum::<f64>() / n
    };
    (0..dim).map(of_column).sum::<f64>() / dim as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `k` clouds of `each` rows in eight dimensions, their centres far apart.
    fn planted(k: usize, each: usize) -> (Vec<f32>, Vec<Vec<f32>>) {
        let mut generator = Generator::new(11, &[k as u64]);
        let centres: Vec<Vec<f32>> =
            (0..k).map(|_| (0..8).map(|_| 4.0 * generator.normal() as f32).collect()).collect();
        let mut rows = Vec::new();
        for i in 0..k * each {
            rows.extend(centres[i % k].iter().map(|c| c + 0.5 * generator.normal() as f32));
        }
        (rows, centres)
    }

    #[test]
    fn planted_clusters_are_recovered_with_their_number() {
        for how in [Clustering::KMeans, Clustering::GaussianMixture] {
            for k in [1, 3, 5] {
                let (rows, centres) = planted(k, 60);
                let found = cluster(&rows, 8, how, 9, &mut Generator::new(3, &[]));
                assert_eq!(found.len(), k, "{how:?}");
                for (c, centre) in centres.iter().enumerate() {
                    let nearest = found.of(centre);
                    let error = squared_distance(found.centre(nearest), centre).sqrt();
                    // Sixty rows of deviation 0.5 in eight dimensions: their mean is off by about 0.18.
                    assert!(error < 0.4, "{how:?}, cluster {c} of {k}: off by {error}");
                    let members: Vec<usize> = (0..60).map(|j| found.of(&rows[(j * k + c) * 8..][..8])).collect();
                    assert!(members.iter().all(|&m| m == nearest), "{how:?}: a row is in another cluster");
                }
            }
        }
    }

    #[test]
    fn clusters_do_not_depend_on_the_number_of_threads_and_equal_rows_are_no_trouble() {
        let (rows, _) = planted(4, 30);
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| cluster(&rows, 8, Clustering::GaussianMixture, 6, &mut Generator::new(1, &[])))
        };
        assert_eq!(on(1), on(3));
        for how in [Clustering::KMeans, Clustering::GaussianMixture] {
            let same = cluster(&[0.5; 80], 8, how, 4, &mut Generator::new(1, &[]));
            assert!(same.centres.iter().all(|&x| (x - 0.5).abs() < 1e-6));
        }
    }
}
