//! The statistics of a comparison, measured by simulation: false alarms, power, coverage.
//!
//! A simulated study has tasks, seeds and test molecules. Each molecule is hard or easy for both models alike (which is
//! what makes pairs worth having), each model errs on its own as well, and each seed of a model is a little better or
//! worse as a whole.

use fillscape::evaluate::Metric;
use fillscape::evaluate::statistics::{
    LabelPredictions, Pooled, Resampling, SeedPredictions, TaskStatistics, holm, pool,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

struct Study {
    n_tasks: usize,
    n_seeds: usize,
    n_molecules: usize,
    metric: Metric,
    /// Standard deviation of the errors that both models share, and of those of each seed of each model.
    shared: f64,
    own: f64,
    /// Standard deviation of the size of a seed's own errors, as a part of it.
    between_seeds: f64,
    /// By how much the new model's errors are smaller.
    gain: f64,
}

const LEVEL: f64 = 0.05;

fn normal(generator: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - generator.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * generator.random::<f64>()).cos()
}

impl Study {
    fn simulate(&self, seed: u64) -> Vec<TaskStatistics> {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        (0..self.n_tasks).map(|task| self.task(task, seed, &mut generator)).collect()
    }

    fn task(&self, task: usize, study: u64, generator: &mut ChaCha8Rng) -> TaskStatistics {
        let rows: Vec<usize> = (0..self.n_molecules).collect();
        let truth: Vec<f64> = rows.iter().map(|_| normal(generator)).collect();
        let shared: Vec<f64> = rows.iter().map(|_| self.shared * normal(generator)).collect();
        let seeds: Vec<SeedPredictions> = (0..self.n_seeds)
            .map(|seed| {
                let mut predict = |gain: f64| -> Vec<f64> {
                    let size = 1.0 + self.between_seeds * normal(generator);
                    let errors = shared.iter().map(|s| (1.0 - gain) * (s + self.own * size * normal(generator)));
                    errors.zip(&truth).map(|(error, truth)| truth + error).collect()
                };
                let (base, new) = (predict(0.0), predict(self.gain));
                let y = match self.metric {
                    Metric::RocAuc => truth.iter().map(|&t| f64::from(t > 0.5)).collect(),
                    _ => truth.clone(),
                };
                SeedPredictions {
                    seed: seed as u64,
                    labels: vec![LabelPredictions { rows: rows.clone(), y, base, new }],
                }
            })
            .collect();
        let resampling = Resampling {
            n_bootstrap: 300,
            n_permutations: 300,
            confidence: 1.0 - LEVEL,
            stream: study.wrapping_mul(1_000_003) + task as u64,
        };
        TaskStatistics::new(self.metric, &seeds, &resampling).unwrap()
    }

    /// Of `n` studies: the part that reports a difference on some task, the part that reports a pooled one, and the
    /// part whose pooled interval holds the truth.
    fn rates(&self, n: u64) -> [f64; 3] {
        let counts: Vec<[u64; 3]> = (0..n)
            .into_par_iter()
            .map(|k| {
                let tasks = self.simulate(k);
                let Pooled { interval, p_value, .. } = pool(&tasks, 1.0 - LEVEL).unwrap();
                let p = holm(&tasks.iter().map(TaskStatistics::p_value).collect::<Vec<_>>());
                let any = tasks.iter().zip(p).any(|(t, p)| p < LEVEL && t.interval(1.0 - LEVEL).excludes_zero());
                let covers = interval.low <= self.gain && self.gain <= interval.high;
                [u64::from(any), u64::from(p_value < LEVEL && interval.excludes_zero()), u64::from(covers)]
            })
            .collect();
        [0, 1, 2].map(|k| counts.iter().map(|c| c[k]).sum::<u64>() as f64 / n as f64)
    }
}

fn regression() -> Study {
    Study {
        n_tasks: 4,
        n_seeds: 3,
        n_molecules: 60,
        metric: Metric::Rmse,
        shared: 0.5,
        own: 0.15,
        between_seeds: 0.05,
        gain: 0.0,
    }
}

#[test]
fn a_against_a_rarely_reports_a_difference() {
    for study in [regression(), Study { metric: Metric::RocAuc, ..regression() }] {
        let metric = study.metric;
        let [on_a_task, pooled, covered] = study.rates(2000);
        println!("{metric}: on a task {on_a_task}, pooled {pooled}, zero inside the interval {covered}");
        assert!(on_a_task <= 0.06, "{metric}: {on_a_task} of the studies report a difference on a task");
        assert!(pooled <= 0.06, "{metric}: {pooled} of the studies report a pooled difference");
        // 2,000 trials: three standard errors of a rate of 95 % are 1.5 points.
        assert!((0.935..=0.985).contains(&covered), "{metric}: zero is inside {covered} of the intervals");
    }
}

#[test]
fn planted_gain_of_one_percent_is_found() {
    // Nine tasks of 200 test molecules, three seeds: the size of the paper's study. Errors that the models do not share
    // are a tenth of those that they do.
    let study = Study { n_tasks: 9, n_molecules: 200, own: 0.05, between_seeds: 0.02, gain: 0.01, ..regression() };
    let [_, pooled, covered] = study.rates(200);
    println!("power {pooled}, the truth inside the interval {covered}");
    // Stated power: 80 %, the usual demand of a design; 85 % were found when this was written.
    assert!(pooled >= 0.8, "found in {pooled} of the studies");
    // 200 trials: three standard errors are 4.6 points.
    assert!(covered >= 0.90, "the truth is inside {covered} of the intervals");
    let smaller = Study { gain: 0.001, ..study }.rates(100)[1];
    assert!(smaller < 0.7, "a tenth of it cannot be found as well: {smaller}");
}

#[test]
fn intervals_cover_at_their_rate_when_seeds_differ_much() {
    // Seeds matter as much as molecules here: what three of them say about their own spread is little.
    let study = Study { n_tasks: 1, between_seeds: 0.1, own: 0.4, shared: 0.3, ..regression() };
    let [_, found, covered] = study.rates(2000);
    println!("false alarms {found}, coverage {covered}");
    assert!(found <= 0.06, "{found}");
    assert!((0.93..=0.99).contains(&covered), "{covered}");
}

#[test]
fn equal_predictions_differ_by_exactly_nothing() {
    let y: Vec<f64> = (0..50).map(|k| f64::from(k % 7)).collect();
    let p: Vec<f64> = y.iter().enumerate().map(|(k, y)| y + (k as f64 * 0.7).sin()).collect();
    let label = LabelPredictions { rows: (0..50).collect(), y, base: p.clone(), new: p };
    let seeds: Vec<SeedPredictions> =
        (0..3).map(|seed| SeedPredictions { seed, labels: vec![label.clone()] }).collect();
    let resampling = Resampling { n_bootstrap: 200, n_permutations: 200, confidence: 0.95, stream: 1 };
    for metric in [Metric::Rmse, Metric::Mae, Metric::R2, Metric::Spearman] {
        let found = TaskStatistics::new(metric, &seeds, &resampling).unwrap();
        assert_eq!((found.change, found.p_value()), (0.0, 1.0));
        let interval = found.interval(0.95);
        assert_eq!((interval.low, interval.high), (0.0, 0.0));
    }
}

#[test]
fn permutation_test_is_exact_on_a_small_case() {
    // Five molecules: all 32 exchanges of squared errors can be listed.
    let y = vec![0.0; 5];
    let base = vec![1.0, 2.0, 1.5, 0.5, 1.2];
    let new = vec![0.9, 1.1, 1.6, 0.2, 1.0];
    let change = |mask: u32| {
        let rmse = |a: &[f64], b: &[f64]| {
            let pick = |k: usize| if mask >> k & 1 == 1 { b[k] } else { a[k] };
            ((0..5).map(|k| pick(k).powi(2)).sum::<f64>() / 5.0).sqrt()
        };
        let (a, b) = (rmse(&base, &new), rmse(&new, &base));
        (a - b) / a
    };
    let observed = change(0).abs();
    let exact = (0..32).filter(|&mask| change(mask).abs() >= observed - 1e-12).count() as f64 / 32.0;
    let label = LabelPredictions { rows: (0..5).collect(), y, base: base.clone(), new: new.clone() };
    let seeds = [SeedPredictions { seed: 0, labels: vec![label] }];
    let resampling = Resampling { n_bootstrap: 100, n_permutations: 20_000, confidence: 0.95, stream: 3 };
    let found = TaskStatistics::new(Metric::Rmse, &seeds, &resampling).unwrap();
    assert!((found.p_value() - exact).abs() < 0.015, "{}, exact {exact}", found.p_value());
    assert!((found.change - change(0)).abs() < 1e-12);
}
