use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::scores::{Draw, LabelPredictions, Plain, Prepared};
use super::student::student_quantile;
use crate::evaluate::comparison::{Interval, SeedChange};
use crate::evaluate::metric::Metric;

/// The predictions of one seed.
#[derive(Debug, Clone, PartialEq)]
pub struct SeedPredictions {
    /// The seed.
    pub seed: u64,
    /// Each label that is scored.
    pub labels: Vec<LabelPredictions>,
}

/// How much is drawn, and from which stream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resampling {
    /// Bootstrap samples.
    pub n_bootstrap: usize,
    /// Permutations.
    pub n_permutations: usize,
    /// Confidence level of intervals.
    pub confidence: f64,
    /// Names the draws of molecules: the same for all pairs of a task, different for each task.
    pub stream: u64,
}

/// What resampling says about a pair on a task.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskStatistics {
    /// Scores and relative changes of each seed.
    pub seeds: Vec<SeedChange>,
    /// Mean relative change over seeds.
    pub change: f64,
    /// The same in each bootstrap sample of molecules.
    pub(super) by_molecules: Vec<f64>,
    /// What of the variance between seeds is due to test molecules.
    pub(super) within_seeds: f64,
    /// The same in each permutation.
    pub(super) by_exchange: Vec<f64>,
    /// Test molecules that the score rests on: of classes, those of the smaller one.
    pub(super) n_molecules: f64,
}

/// Streams of seeds and molecules do not meet.
const SEED_STREAM: u64 = 0x5eed;
/// A permuted difference counts as large as the observed one within rounding.
const ROUNDING: f64 = 1e-12;
/// Draws of molecules for one sample, at most, until every label has a value.
const ATTEMPTS: usize = 20;

impl TaskStatistics {
    /// Resamples a pair's predictions on a task; none where a score has no value.
    pub fn new(metric: Metric, seeds: &[SeedPredictions], resampling: &Resampling) -> Option<Self> {
        let prepared: Vec<Vec<Prepared>> =
            seeds.iter().map(|s| s.labels.iter().map(|label| Prepared::new(metric, label)).collect()).collect();
        let mut scratch = Vec::new();
        let mut changes = Vec::with_capacity(seeds.len());
        for (seed, labels) in seeds.iter().zip(&prepared) {
            let [base, new] = mean_scores(labels, &Plain, &mut scratch)?;
            changes.push(SeedChange { seed: seed.seed, base, new, change: metric.relative_change(base, new) });
        }
        let rows = seeds.iter().flat_map(|s| &s.labels).flat_map(|l| &l.rows);
        let n_rows = rows.max().map_or(0, |&row| row + 1);
        let n_seeds = prepared.len() as f64;
        // The change of each seed, and their mean.
        let changes_under = |draw: &Sample, scratch: &mut Vec<[f64; 2]>| -> Option<(f64, Vec<f64>)> {
            let change = |labels: &Vec<Prepared>| {
                let [base, new] = mean_scores(labels, draw, scratch)?;
                Some(metric.relative_change(base, new))
            };
            let changes = prepared.iter().map(change).collect::<Option<Vec<f64>>>()?;
            Some((changes.iter().sum::<f64>() / n_seeds, changes))
        };
        let change = changes.iter().map(|c| c.change).sum::<f64>() / changes.len() as f64;
        let mut generator = ChaCha8Rng::seed_from_u64(resampling.stream);
        let mut draw = Sample { weights: vec![1.0; n_rows], exchanged: vec![false; n_rows] };
        let mut by_molecules = Vec::with_capacity(resampling.n_bootstrap);
        // Of each seed's distance to the mean of all: sum and sum of squares over samples.
        let mut sums = vec![[0.0; 2]; prepared.len()];
        for _ in 0..resampling.n_bootstrap {
            let found = (0..ATTEMPTS).find_map(|_| {
                draw.weights.iter_mut().for_each(|w| *w = poisson(generator.random()));
                changes_under(&draw, &mut scratch)
            });
            let (mean, of_seeds) = found.unwrap_or_else(|| (change, changes.iter().map(|c| c.change).collect()));
            by_molecules.push(mean);
            for (sum, of_seed) in sums.iter_mut().zip(of_seeds) {
                sum[0] += of_seed - mean;
                sum[1] += (of_seed - mean).powi(2);
            }
        }
        let n = resampling.n_bootstrap as f64;
        let within: f64 = sums.iter().map(|[sum, squares]| (squares / n - (sum / n).powi(2)).max(0.0)).sum();
        let within_seeds = if n_seeds > 1.0 { within / (n_seeds - 1.0) } else { 0.0 };
        draw.weights.fill(1.0);
        let by_exchange = (0..resampling.n_permutations)
            .map(|_| {
                for chunk in draw.exchanged.chunks_mut(64) {
                    let bits: u64 = generator.random();
                    chunk.iter_mut().enumerate().for_each(|(k, e)| *e = bits >> k & 1 == 1);
                }
                changes_under(&draw, &mut scratch).map_or(0.0, |(mean, _)| mean)
            })
            .collect();
        let n_molecules = n_molecules(metric, seeds);
        Some(Self { seeds: changes, change, by_molecules, within_seeds, by_exchange, n_molecules })
    }

    /// The interval of the mean relative change.
    pub fn interval(&self, confidence: f64) -> Interval {
        let changes: Vec<f64> = self.seeds.iter().map(|s| s.change).collect();
        interval(self.change, &self.by_molecules, (&changes, self.within_seeds), self.n_molecules, confidence)
    }

    /// Two-sided p-value of the mean relative change, by exchange.
    pub fn p_value(&self) -> f64 {
        p_value(self.change, &self.by_exchange)
    }
}

/// One sample: how often each molecule was drawn, and which predictions changed places.
struct Sample {
    weights: Vec<f64>,
    exchanged: Vec<bool>,
}

impl Draw for Sample {
    fn weight(&self, row: usize) -> f64 {
        self.weights[row]
    }

    fn is_exchanged(&self, row: usize) -> bool {
        self.exchanged[row]
    }
}

/// Mean over labels of both models' scores; labels without a value in this draw are left out.
fn mean_scores(labels: &[Prepared], draw: &impl Draw, scratch: &mut Vec<[f64; 2]>) -> Option<[f64; 2]> {
    let (mut sum, mut n) = ([0.0; 2], 0.0);
    for label in labels {
        if let Some([base, new]) = label.scores(draw, scratch) {
            sum[0] += base;
            sum[1] += new;
            n += 1.0;
        }
    }
    (n > 0.0).then(|| sum.map(|sum| sum / n))
}

/// A Poisson variable of mean 1 from a uniform one.
fn poisson(uniform: f64) -> f64 {
    let (mut k, mut term) = (0.0, (-1.0_f64).exp());
    let mut below = term;
    while uniform > below && k < 30.0 {
        k += 1.0;
        term /= k;
        below += term;
    }
    k
}

/// Molecules that a score rests on, in the smallest of the seeds; over labels the sum.
fn n_molecules(metric: Metric, seeds: &[SeedPredictions]) -> f64 {
    let of_label = |label: &LabelPredictions| {
        let n_positive = label.y.iter().filter(|&&y| y > 0.5).count();
        if metric.is_of_classes() { n_positive.min(label.y.len() - n_positive) } else { label.y.len() }
    };
    let of_seed = |seed: &SeedPredictions| seed.labels.iter().map(of_label).sum::<usize>();
    seeds.iter().map(of_seed).min().unwrap_or(0) as f64
}

/// Percentiles of the bootstrap over molecules and seeds.
///
/// * `by_molecules` – the change in each sample of molecules
/// * `of_seeds` – the change of each seed, and what of their variance is due to molecules
/// * `n_molecules` – behind the spread over molecules
pub(super) fn interval(
    change: f64,
    by_molecules: &[f64],
    of_seeds: (&[f64], f64),
    n_molecules: f64,
    confidence: f64,
) -> Interval {
    let (by_seeds, within) = of_seeds;
    let n_seeds = by_seeds.len();
    let between = by_seeds.iter().map(|seed| (seed - change).powi(2)).sum::<f64>() / (n_seeds as f64 - 1.0).max(1.0);
    let error_of_seeds = ((between - within).max(0.0) / n_seeds as f64).sqrt();
    // A spread known from few molecules is itself uncertain.
    let freedom = (n_molecules - 1.0).max(1.0);
    let widening = student_quantile(confidence, freedom) / student_quantile(confidence, 1e9);
    let mut generator = ChaCha8Rng::seed_from_u64(SEED_STREAM);
    let mut samples: Vec<f64> = by_molecules
        .iter()
        .map(|sample| {
            let drawn = if error_of_seeds > 0.0 { student(&mut generator, n_seeds - 1) } else { 0.0 };
            change + widening * (sample - change) + error_of_seeds * drawn
        })
        .collect();
    samples.sort_by(f64::total_cmp);
    let tail = 0.5 * (1.0 - confidence);
    Interval { low: quantile(&samples, tail), high: quantile(&samples, 1.0 - tail) }
}

/// A variable of Student's distribution.
fn student(generator: &mut ChaCha8Rng, freedom: usize) -> f64 {
    let mut normal = || {
        let radius = (-2.0 * (1.0 - generator.random::<f64>()).ln()).sqrt();
        radius * (std::f64::consts::TAU * generator.random::<f64>()).cos()
    };
    let top = normal();
    let squares: f64 = (0..freedom).map(|_| normal().powi(2)).sum();
    top / (squares / freedom as f64).sqrt()
}

/// The value below which a part `level` of the ascending values lies.
fn quantile(ascending: &[f64], level: f64) -> f64 {
    let place = level * (ascending.len() - 1) as f64;
    let (low, part) = (place.floor() as usize, place.fract());
    let high = (low + 1).min(ascending.len() - 1);
    // Equal neighbours stay exactly themselves.
    ascending[low] + part * (ascending[high] - ascending[low])
}

/// Part of the permutations, the observed one included, that differ at least as much.
pub(super) fn p_value(change: f64, by_exchange: &[f64]) -> f64 {
    let least = change.abs() * (1.0 - ROUNDING);
    let n = by_exchange.iter().filter(|permuted| permuted.abs() >= least).count();
    (n + 1) as f64 / (by_exchange.len() + 1) as f64
}
