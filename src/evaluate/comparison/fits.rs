//! The fits of a comparison: every model, task, learner and seed.

use std::collections::BTreeMap;

use super::error::EvaluateError;
use super::params::{ComparisonParams, Folds};
use super::result::Score;
use crate::evaluate::embeddings::Features;
use crate::evaluate::learner::{Learner, Problem};
use crate::evaluate::metric::Metric;
use crate::evaluate::statistics::{LabelPredictions, SeedPredictions, score};
use crate::evaluate::task::{Fold, Task, TaskKind};

/// A label of a task in one fold: the rows of each part where it was measured.
#[derive(Debug, Clone)]
pub(super) struct LabelFold {
    pub label: usize,
    pub train: Vec<usize>,
    pub valid: Vec<usize>,
    pub test: Vec<usize>,
}

/// The folds of a task, one for each seed, with the labels that are scored.
pub(super) fn folds(task: &Task, params: &ComparisonParams) -> Vec<Vec<LabelFold>> {
    let of_seed = |(k, &seed): (usize, &u64)| {
        let fold = match params.folds {
            Folds::Resampled if k > 0 => task.fold.resampled(seed),
            _ => task.fold.clone(),
        };
        let labels = (0..task.labels.len()).map(|label| label_fold(task, &fold, label));
        labels.filter(|fold| is_scored(task, fold, params.min_per_class)).collect()
    };
    params.seeds.iter().enumerate().map(of_seed).collect()
}

fn label_fold(task: &Task, fold: &Fold, label: usize) -> LabelFold {
    let measured =
        |rows: &[usize]| rows.iter().copied().filter(|&row| task.rows[row].targets[label].is_some()).collect();
    LabelFold { label, train: measured(&fold.train), valid: measured(&fold.valid), test: measured(&fold.test) }
}

/// Enough of both classes, or any spread of numbers, where it is learned and where it is scored. An error needs no spread
/// where it is scored.
fn is_scored(task: &Task, fold: &LabelFold, min_per_class: usize) -> bool {
    [(&fold.train, false), (&fold.test, matches!(task.metric, Metric::Rmse | Metric::Mae))].into_iter().all(
        |(rows, error)| {
            let targets = || rows.iter().filter_map(|&row| task.rows[row].targets[fold.label]);
            match task.kind {
                TaskKind::Classification => {
                    let n_positive = targets().filter(|&y| y > 0.5).count();
                    n_positive >= min_per_class && rows.len() - n_positive >= min_per_class
                }
                TaskKind::Regression if error => !rows.is_empty(),
                TaskKind::Regression => rows.len() > 1 && targets().any(|y| Some(y) != targets().next()),
            }
        },
    )
}

/// Predictions for the test rows of a label.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Predicted {
    pub rows: Vec<usize>,
    pub y: Vec<f64>,
    pub values: Vec<f64>,
}

/// Fits one label and predicts its test rows.
pub(super) fn predict(
    task: &Task,
    features: &Features,
    learner: &Learner,
    fold: &LabelFold,
    seed: u64,
) -> Result<Predicted, EvaluateError> {
    let targets: Vec<f64> = task.rows.iter().map(|row| row.targets[fold.label].unwrap_or(f64::NAN)).collect();
    let (train, valid, test) = (&fold.train, &fold.valid, &fold.test);
    let problem = Problem { features, targets: &targets, train, valid, test, kind: task.kind };
    let values = learner.predict(&problem, seed).map_err(|what| EvaluateError::Learner {
        learner: learner.name(),
        task: task.name.clone(),
        label: task.labels[fold.label].clone(),
        what,
    })?;
    Ok(Predicted { rows: test.clone(), y: test.iter().map(|&row| targets[row]).collect(), values })
}

/// A fit: what it needs, and where its result belongs. Equal keys give equal results, so each is done once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FitKey {
    /// Of the model, not of its arm: the base as its own control is fitted once.
    pub digest: String,
    pub learner: usize,
    /// The place of the seed; of the first one where neither fold nor learner depend on it.
    pub seed: usize,
    /// Of the labels that are scored.
    pub label: usize,
}

pub(super) type Fits = BTreeMap<FitKey, Predicted>;

/// The place of the seed that stands for seed `k` in a fit.
pub(super) fn seed_of_fit(params: &ComparisonParams, learner: &Learner, k: usize) -> usize {
    if params.folds == Folds::Resampled || learner.is_random() { k } else { 0 }
}

/// The predictions of an arm's models, seed by seed: `[seed][label]`.
pub(super) fn of_arm<'a>(
    fits: &'a Fits,
    params: &ComparisonParams,
    learner: usize,
    digests: &[&str],
    n_labels: &[usize],
) -> Vec<Vec<&'a Predicted>> {
    let fit = |k: usize, label: usize| {
        let seed = seed_of_fit(params, &params.learners[learner], k);
        &fits[&FitKey { digest: digests[k].to_owned(), learner, seed, label }]
    };
    (0..params.seeds.len()).map(|k| (0..n_labels[k]).map(|label| fit(k, label)).collect()).collect()
}

/// The scores of an arm.
pub(super) fn scores(
    task: &Task,
    params: &ComparisonParams,
    arm: &str,
    learner: usize,
    predicted: &[Vec<&Predicted>],
) -> Vec<Score> {
    let mut scores = Vec::new();
    for (labels, &seed) in predicted.iter().zip(&params.seeds) {
        let values: Vec<f64> = labels.iter().filter_map(|p| score(task.metric, &p.y, &p.values)).collect();
        if values.is_empty() {
            continue;
        }
        scores.push(Score {
            task: task.name.clone(),
            arm: arm.to_owned(),
            learner: params.learners[learner].name().to_owned(),
            seed,
            metric: task.metric,
            value: values.iter().sum::<f64>() / values.len() as f64,
            n_labels: values.len(),
            n_left_out: task.labels.len() - values.len(),
        });
    }
    scores
}

/// Two arms' predictions in pairs. Predictions of classes are compared where both stand in their own order, so a
/// metric of ranks needs no common scale.
pub(super) fn in_pairs(
    metric: Metric,
    seeds: &[u64],
    base: &[Vec<&Predicted>],
    new: &[Vec<&Predicted>],
) -> Vec<SeedPredictions> {
    let label = |(a, b): (&&Predicted, &&Predicted)| LabelPredictions {
        rows: a.rows.clone(),
        y: a.y.clone(),
        base: a.values.clone(),
        new: b.values.clone(),
    };
    let has_value = |label: &LabelPredictions| score(metric, &label.y, &label.base).is_some();
    let seed = |((&seed, a), b): ((&u64, &Vec<&Predicted>), &Vec<&Predicted>)| SeedPredictions {
        seed,
        labels: a.iter().zip(b).map(label).filter(has_value).collect(),
    };
    seeds.iter().zip(base).zip(new).map(seed).collect()
}
