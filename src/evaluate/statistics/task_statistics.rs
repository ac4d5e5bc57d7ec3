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
        let change_under = |draw: &Sample, scratch: &mut Vec<[f64; 2]>| -> Option<f64> {
            let mut sum = 0.0;
            for labels in &prepared {
                let [base, new] = mean_scores(labels, draw, scratch)?;
                sum += metric.relative_change(base, new);
            }
            Some(sum / prepared.len() as f64)
        };
        let change = changes.iter().map(|c| c.change).sum::<f64>() / changes.len() as f64;
        let mut generator = ChaCha8Rng::seed_from_u64(resampling.stream);
        let mut draw = Sample { weights: vec![1.0; n_rows], exchanged: vec![false; n_rows] };
        let by_molecules = (0..resampling.n_bootstrap)
            .map(|_| {
                let found = (0..ATTEMPTS).find_map(|_| {
                    draw.weights.iter_mut().for_each(|w| *w = poisson(generator.random()));
                    change_under(&draw, &mut scratch)
                });
                found.unwrap_or(change)
            })
            .collect();
        draw.weights.fill(1.0);
        let by_exchange = (0..resampling.n_permutations)
            .map(|_| {
                for chunk in draw.exchanged.chunks_mut(64) {
                    let bits: u64 = generator.random();
                    chunk.iter_mut().enumerate().for_each(|(k, e)| *e = bits >> k & 1 == 1);
                }
                change_under(&draw, &mut scratch).unwrap_or(0.0)
            })
            .collect();
        Some(Self { seeds: changes, change, by_molecules, by_exchange, n_molecules: n_molecules(metric, seeds) })
    }

    /// The interval of the mean relative change.
    pub fn interval(&self, confidence: f64) -> Interval {
        let changes: Vec<f64> = self.seeds.iter().map(|s| s.change).collect();
        interval(self.change, &self.by_molecules, &changes, self.n_molecules, confidence)
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

/// Percentiles of the bootstrap over molecules and seeds, widened for the uncertainty of the spread itself.
///
/// * `by_molecules` – the change in each sample of molecules; `by_seeds` – the change of each seed
/// * `n_molecules` – behind the spread over molecules
pub(super) fn interval(
    change: f64,
    by_molecules: &[f64],
    by_seeds: &[f64],
    n_molecules: f64,
    confidence: f64,
) -> Interval {
    let n_seeds = by_seeds.len();
    // What seeds add to each sample: the mean deviation of as many seeds, drawn with replacement.
    let mut generator = ChaCha8Rng::seed_from_u64(SEED_STREAM);
    let correction = if n_seeds > 1 { (n_seeds as f64 / (n_seeds as f64 - 1.0)).sqrt() } else { 0.0 };
    let mut samples: Vec<f64> = by_molecules
        .iter()
        .map(|sample| {
            let drawn = (0..n_seeds).map(|_| by_seeds[generator.random_range(0..n_seeds)] - change).sum::<f64>();
            sample + correction * drawn / n_seeds as f64
        })
        .collect();
    samples.sort_by(f64::total_cmp);
    let variance = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (values.len() as f64 - 1.0).max(1.0)
    };
    let of_molecules = variance(by_molecules);
    let of_seeds = if n_seeds > 1 { variance(by_seeds) / n_seeds as f64 } else { 0.0 };
    let (total, parts) = (
        of_molecules + of_seeds,
        of_molecules.powi(2) / (n_molecules - 1.0).max(1.0) + of_seeds.powi(2) / (n_seeds as f64 - 1.0).max(1.0),
    );
    let freedom = if parts > 0.0 { total * total / parts } else { f64::INFINITY };
    let widening =
        if freedom < 1e6 { student_quantile(confidence, freedom) / student_quantile(confidence, 1e9) } else { 1.0 };
    let tail = 0.5 * (1.0 - confidence);
    let at = |level: f64| change + widening * (quantile(&samples, level) - change);
    Interval { low: at(tail), high: at(1.0 - tail) }
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
