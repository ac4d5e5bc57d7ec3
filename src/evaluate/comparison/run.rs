//! The comparison itself: embeddings, fits, differences.

use std::ops::ControlFlow;
use std::path::Path;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::error::EvaluateError;
use super::fits::{FitKey, Fits, LabelFold, folds, in_pairs, of_arm, predict, scores, seed_of_fit};
use super::params::{ComparisonParams, NamedModel, Pair};
use super::result::{Comparison, Difference, ModelFacts, PooledDifference, RoughnessScore, TaskFacts, Verdict};
use crate::evaluate::embeddings::{Embedder, Features};
use crate::evaluate::roughness::roughness;
use crate::evaluate::statistics::{Resampling, TaskStatistics, holm, pool};
use crate::evaluate::task::{Fold, Task};
use crate::jobs::{Observe, Progress};

/// What one task brought.
struct TaskOutcome {
    facts: TaskFacts,
    scores: Vec<super::result::Score>,
    /// By pair and learner.
    statistics: Vec<Vec<Option<TaskStatistics>>>,
    roughness: Vec<RoughnessScore>,
}

/// A comparison under way.
struct Run<'a> {
    params: &'a ComparisonParams,
    models: &'a [NamedModel],
    facts: Vec<ModelFacts>,
    arms: Vec<String>,
    pairs: Vec<Pair>,
}

pub(super) fn run(
    models: &[NamedModel],
    tasks: &[Task],
    params: &ComparisonParams,
    cache: &Path,
    observe: Observe,
) -> Result<Comparison, EvaluateError> {
    params.check().map_err(|what| EvaluateError::Params { what })?;
    let arms = arms(models, tasks, params).map_err(|what| EvaluateError::Params { what })?;
    let pairs = if params.pairs.is_empty() { default_pairs(&arms) } else { params.pairs.clone() };
    let mut embedders = Vec::with_capacity(models.len());
    for model in models {
        let fail = |source| EvaluateError::Model { arm: model.arm.clone(), source: Box::new(source) };
        embedders.push(Embedder::open(&model.path).map_err(fail)?);
    }
    let facts = models
        .iter()
        .zip(&embedders)
        .map(|(model, embedder)| ModelFacts {
            arm: model.arm.clone(),
            seed: model.seed,
            name: embedder.name(),
            digest: embedder.digest().to_owned(),
        })
        .collect();
    let run = Run { params, models, facts, arms, pairs };
    let mut outcomes = Vec::new();
    for (k, task) in tasks.iter().enumerate() {
        match run.task(k, task, &mut embedders, cache, observe)? {
            Some(outcome) => outcomes.push(outcome),
            None => break,
        }
    }
    let is_complete = outcomes.len() == tasks.len();
    Ok(run.finish(outcomes, is_complete))
}

/// The arms in order of appearance; every arm has one model for all seeds, or one for each.
fn arms(models: &[NamedModel], tasks: &[Task], params: &ComparisonParams) -> Result<Vec<String>, String> {
    if models.is_empty() || tasks.is_empty() {
        return Err("it has no model or no task, expected at least one of each".to_owned());
    }
    let mut arms: Vec<String> = Vec::new();
    for model in models {
        if !arms.contains(&model.arm) {
            arms.push(model.arm.clone());
        }
    }
    for arm in &arms {
        let of_arm: Vec<Option<u64>> = models.iter().filter(|m| m.arm == *arm).map(|m| m.seed).collect();
        let each_once = |seed: &u64| of_arm.iter().filter(|s| **s == Some(*seed)).count() == 1;
        let is_one = of_arm == [None];
        if !is_one && (of_arm.len() != params.seeds.len() || !params.seeds.iter().all(each_once)) {
            return Err(format!(
                "the arm {arm:?} has checkpoints of the seeds {of_arm:?}, expected one without a seed, or one for each of {:?}",
                params.seeds
            ));
        }
    }
    for (k, task) in tasks.iter().enumerate() {
        if tasks[..k].iter().any(|other| other.name == task.name) {
            return Err(format!("two tasks are called {:?}: give one another name", task.name));
        }
    }
    for pair in &params.pairs {
        if let Some(arm) = [&pair.base, &pair.new].into_iter().find(|arm| !arms.contains(arm)) {
            return Err(format!("no model has the arm {arm:?}, which a pair names; there are {arms:?}"));
        }
    }
    Ok(arms)
}

/// Each later arm with the first, and the second with each later one.
fn default_pairs(arms: &[String]) -> Vec<Pair> {
    let pair = |base: &String, new: &String| Pair { base: base.clone(), new: new.clone() };
    let mut pairs: Vec<Pair> = arms.iter().skip(1).map(|arm| pair(&arms[0], arm)).collect();
    pairs.extend(arms.iter().skip(2).map(|control| pair(control, &arms[1])));
    pairs
}

/// Molecules that are drawn depend on the task and nothing else.
fn stream(task: &Task) -> u64 {
    let hash = Sha256::digest(task.digest.as_bytes());
    u64::from_le_bytes(hash[..8].try_into().expect("eight bytes"))
}

impl Run<'_> {
    /// The digest of the model that an arm has for each seed.
    fn digests(&self, arm: &str) -> Vec<&str> {
        let of_seed = |seed: &u64| {
            let model = self.facts.iter().find(|m| m.arm == arm && m.seed.is_none_or(|s| s == *seed));
            model.expect("every arm has a model for each seed").digest.as_str()
        };
        self.params.seeds.iter().map(of_seed).collect()
    }

    /// One task; none when `observe` breaks.
    fn task(
        &self,
        k: usize,
        task: &Task,
        embedders: &mut [Embedder],
        cache: &Path,
        observe: Observe,
    ) -> Result<Option<TaskOutcome>, EvaluateError> {
        let mut features: Vec<(String, Features)> = Vec::new();
        for (model, embedder) in self.models.iter().zip(embedders) {
            let digest = embedder.digest().to_owned();
            if features.iter().any(|(known, _)| *known == digest) {
                continue;
            }
            let mut observe_task = |mut progress: Progress| {
                progress.detail = format!("{} of {}", task.name, model.arm);
                observe(progress)
            };
            match embedder.features(&model.arm, task, cache, &mut observe_task)? {
                Some(found) => features.push((digest, found)),
                None => return Ok(None),
            }
        }
        let folds = folds(task, self.params);
        let Some(fits) = self.fits(task, &features, &folds, observe)? else { return Ok(None) };
        let n_labels: Vec<usize> = folds.iter().map(Vec::len).collect();
        let mut all_scores = Vec::new();
        for arm in &self.arms {
            for learner in 0..self.params.learners.len() {
                let predicted = of_arm(&fits, self.params, learner, &self.digests(arm), &n_labels);
                all_scores.extend(scores(task, self.params, arm, learner, &predicted));
            }
        }
        let resampling = Resampling {
            n_bootstrap: self.params.n_bootstrap,
            n_permutations: self.params.n_permutations,
            confidence: self.params.confidence,
            stream: stream(task),
        };
        if observe(Progress::new("resample", k as u64, None)).is_break() {
            return Ok(None);
        }
        let n_learners = self.params.learners.len();
        let found: Vec<Option<TaskStatistics>> = (0..self.pairs.len() * n_learners)
            .into_par_iter()
            .map(|place| {
                let (pair, learner) = (&self.pairs[place / n_learners], place % n_learners);
                let of = |arm: &str| of_arm(&fits, self.params, learner, &self.digests(arm), &n_labels);
                let predictions = in_pairs(task.metric, &self.params.seeds, &of(&pair.base), &of(&pair.new));
                TaskStatistics::new(task.metric, &predictions, &resampling)
            })
            .collect();
        let statistics = found.chunks(n_learners).map(<[_]>::to_vec).collect();
        let fold = &task.fold;
        let facts = TaskFacts {
            name: task.name.clone(),
            kind: task.kind,
            metric: task.metric,
            n_labels: task.labels.len(),
            n_molecules: [fold.train.len(), fold.valid.len(), fold.test.len()],
            n_bad: task.bad_rows.len(),
            notes: task.notes.clone(),
            digest: task.digest.clone(),
        };
        if observe(Progress::new("roughness", k as u64, None)).is_break() {
            return Ok(None);
        }
        let roughness = self.roughness(task, &features);
        Ok(Some(TaskOutcome { facts, scores: all_scores, statistics, roughness }))
    }

    /// Every fit of a task, side by side in portions; none when `observe` breaks.
    fn fits(
        &self,
        task: &Task,
        features: &[(String, Features)],
        folds: &[Vec<LabelFold>],
        observe: Observe,
    ) -> Result<Option<Fits>, EvaluateError> {
        let mut wanted: Vec<(FitKey, usize)> = Vec::new();
        for arm in &self.arms {
            for (k, digest) in self.digests(arm).into_iter().enumerate() {
                for (learner, kind) in self.params.learners.iter().enumerate() {
                    let seed = seed_of_fit(self.params, kind, k);
                    let features = features.iter().position(|(known, _)| known == digest).expect("embedded");
                    let key = |label| FitKey { digest: digest.to_owned(), learner, seed, label };
                    wanted.extend((0..folds[k].len()).map(|label| (key(label), features)));
                }
            }
        }
        wanted.sort();
        wanted.dedup();
        let total = wanted.len() as u64;
        let mut fits = Fits::new();
        for portion in wanted.chunks(2 * rayon::current_num_threads()) {
            let mut progress = Progress::new("fit", fits.len() as u64, Some(total));
            progress.detail.clone_from(&task.name);
            if observe(progress) == ControlFlow::Break(()) {
                return Ok(None);
            }
            let done: Vec<_> = portion
                .par_iter()
                .map(|(key, place)| {
                    let (learner, fold) = (&self.params.learners[key.learner], &folds[key.seed][key.label]);
                    predict(task, &features[*place].1, learner, fold, self.params.seeds[key.seed])
                })
                .collect::<Result<_, _>>()?;
            fits.extend(portion.iter().map(|(key, _)| key.clone()).zip(done));
        }
        Ok(Some(fits))
    }

    fn roughness(&self, task: &Task, features: &[(String, Features)]) -> Vec<RoughnessScore> {
        let Some(params) = self.params.roughness else { return Vec::new() };
        let n_all = task.rows.len();
        let mut rows = if n_all > params.max_molecules {
            Fold::random(n_all, params.max_molecules, 0, 0).train
        } else {
            (0..n_all).collect()
        };
        rows.sort_unstable();
        let found: Vec<(f64, f64)> = features
            .par_iter()
            .map(|(_, features)| {
                let of_label = |label: usize| {
                    let measured = || rows.iter().filter_map(|&row| Some((row, task.rows[row].targets[label]?)));
                    let y: Vec<f64> = measured().map(|(_, y)| y).collect();
                    let x: Vec<f32> = measured().flat_map(|(row, _)| features.row(row).iter().copied()).collect();
                    roughness(&x, features.dim, &y)
                };
                let values: Vec<_> = (0..task.labels.len()).filter_map(of_label).collect();
                let n = values.len().max(1) as f64;
                let mean = |of: &dyn Fn(usize) -> f64| (0..values.len()).map(of).sum::<f64>() / n;
                (mean(&|k| values[k].rogi), mean(&|k| values[k].rogi_xd))
            })
            .collect();
        let score = |model: &ModelFacts| {
            let place = features.iter().position(|(digest, _)| *digest == model.digest).expect("embedded");
            RoughnessScore {
                task: task.name.clone(),
                arm: model.arm.clone(),
                seed: model.seed,
                rogi: found[place].0,
                rogi_xd: found[place].1,
                n_molecules: rows.len(),
                n_all,
            }
        };
        self.facts.iter().map(score).collect()
    }

    /// Differences with their corrections, from the statistics of all tasks.
    fn finish(self, outcomes: Vec<TaskOutcome>, is_complete: bool) -> Comparison {
        let mut differences = Vec::new();
        let mut pooled = Vec::new();
        let confidence = self.params.confidence;
        for (p, pair) in self.pairs.iter().enumerate() {
            for (l, learner) in self.params.learners.iter().enumerate() {
                let found: Vec<(&TaskFacts, &TaskStatistics)> = outcomes
                    .iter()
                    .filter_map(|outcome| Some((&outcome.facts, outcome.statistics[p][l].as_ref()?)))
                    .collect();
                let corrected = holm(&found.iter().map(|(_, s)| s.p_value()).collect::<Vec<_>>());
                for ((facts, statistics), p_holm) in found.iter().zip(corrected) {
                    let interval = statistics.interval(confidence);
                    differences.push(Difference {
                        pair: pair.clone(),
                        learner: learner.name().to_owned(),
                        task: facts.name.clone(),
                        metric: facts.metric,
                        seeds: statistics.seeds.clone(),
                        change: statistics.change,
                        interval,
                        p_value: statistics.p_value(),
                        p_holm,
                        verdict: Verdict::of(statistics.change, interval, p_holm, confidence),
                    });
                }
                let statistics: Vec<TaskStatistics> = found.iter().map(|(_, s)| (*s).clone()).collect();
                if let Some(all) = pool(&statistics, confidence) {
                    pooled.push(PooledDifference {
                        pair: pair.clone(),
                        learner: learner.name().to_owned(),
                        n_tasks: statistics.len(),
                        n_better: statistics.iter().filter(|s| s.change > 0.0).count(),
                        change: all.change,
                        interval: all.interval,
                        interval_of_new_tasks: all.interval_of_new_tasks,
                        p_value: all.p_value,
                        p_holm: all.p_value,
                        verdict: Verdict::NoDetectableDifference,
                    });
                }
            }
        }
        let corrected = holm(&pooled.iter().map(|p| p.p_value).collect::<Vec<_>>());
        for (pooled, p_holm) in pooled.iter_mut().zip(corrected) {
            pooled.p_holm = p_holm;
            pooled.verdict = Verdict::of(pooled.change, pooled.interval, p_holm, confidence);
        }
        let mut comparison = Comparison {
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            params: ComparisonParams { pairs: self.pairs, ..self.params.clone() },
            is_complete,
            models: self.facts,
            tasks: Vec::new(),
            scores: Vec::new(),
            differences,
            pooled,
            roughness: Vec::new(),
        };
        for outcome in outcomes {
            comparison.tasks.push(outcome.facts);
            comparison.scores.extend(outcome.scores);
            comparison.roughness.extend(outcome.roughness);
        }
        comparison
    }
}
