use serde::{Deserialize, Serialize};

use super::params::{ComparisonParams, Pair};
use crate::evaluate::metric::Metric;
use crate::evaluate::percent;
use crate::evaluate::task::TaskKind;

/// Everything that a comparison found. It holds no times, so that the same inputs give the same file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Version of the program.
    pub program_version: String,
    /// Settings.
    pub params: ComparisonParams,
    /// False when it was asked to stop; what is here is complete for the tasks it names.
    pub is_complete: bool,
    /// The checkpoints; the first is the base.
    pub models: Vec<ModelFacts>,
    /// The tasks.
    pub tasks: Vec<TaskFacts>,
    /// Every score.
    pub scores: Vec<Score>,
    /// Differences by pair, learner and task.
    pub differences: Vec<Difference>,
    /// Differences by pair and learner over all tasks.
    pub pooled: Vec<PooledDifference>,
    /// Roughness by task and model.
    pub roughness: Vec<RoughnessScore>,
}

/// A checkpoint of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelFacts {
    /// The part it plays.
    pub arm: String,
    /// The seed it was made with.
    pub seed: Option<u64>,
    /// What it is called.
    pub name: String,
    /// Its digest.
    pub digest: String,
}

/// A task of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskFacts {
    /// Its name.
    pub name: String,
    /// What its labels are.
    pub kind: TaskKind,
    /// How it is scored.
    pub metric: Metric,
    /// Its labels.
    pub n_labels: usize,
    /// Molecules for learning, for choosing, for the score.
    pub n_molecules: [usize; 3],
    /// Rows left out because they hold no molecule or no label.
    pub n_bad: usize,
    /// What a reader of its scores should know, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Its digest.
    pub digest: String,
}

/// One score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The task.
    pub task: String,
    /// The arm.
    pub arm: String,
    /// The learner.
    pub learner: String,
    /// The seed.
    pub seed: u64,
    /// The metric.
    pub metric: Metric,
    /// Its value, a mean over labels.
    pub value: f64,
    /// Labels in the mean.
    pub n_labels: usize,
    /// Labels left out for lack of one of the classes.
    pub n_left_out: usize,
}

/// A range that a number lies in with the comparison's confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Zero lies outside.
    pub fn excludes_zero(self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// What can be said about a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The new one is better.
    Better,
    /// The new one is worse.
    Worse,
    /// The data do not tell them apart.
    NoDetectableDifference,
}

impl Verdict {
    /// A difference is detectable when the corrected test and the interval both say so.
    pub fn of(change: f64, interval: Interval, p_holm: f64, confidence: f64) -> Self {
        if p_holm >= 1.0 - confidence || !interval.excludes_zero() {
            Self::NoDetectableDifference
        } else if change > 0.0 {
            Self::Better
        } else {
            Self::Worse
        }
    }
}

/// Scores of one seed in a pair.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SeedChange {
    /// The seed.
    pub seed: u64,
    /// Score of the base.
    pub base: f64,
    /// Score of the new one.
    pub new: f64,
    /// Relative change, positive is better; 0.01 is one percent.
    pub change: f64,
}

/// The difference of a pair on one task with one learner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The arms.
    pub pair: Pair,
    /// The learner.
    pub learner: String,
    /// The task.
    pub task: String,
    /// The metric.
    pub metric: Metric,
    /// Each seed.
    pub seeds: Vec<SeedChange>,
    /// Mean relative change over seeds, positive is better.
    pub change: f64,
    /// Bootstrap over test molecules and seeds.
    pub interval: Interval,
    /// Two-sided, by exchanging the two models' predictions.
    pub p_value: f64,
    /// The same after Holm's correction over all tasks of the pair and learner.
    pub p_holm: f64,
    /// What can be said.
    pub verdict: Verdict,
}

/// The difference of a pair with one learner, a mean over tasks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PooledDifference {
    /// The arms.
    pub pair: Pair,
    /// The learner.
    pub learner: String,
    /// Tasks in the mean.
    pub n_tasks: usize,
    /// Tasks with a change above zero.
    pub n_better: usize,
    /// Mean over tasks of the mean relative change over seeds.
    pub change: f64,
    /// For these tasks: bootstrap over test molecules and seeds.
    pub interval: Interval,
    /// For tasks like these: Student's interval over task means; none for a single task.
    pub interval_of_new_tasks: Option<Interval>,
    /// Two-sided, by exchanging the two models' predictions.
    pub p_value: f64,
    /// The same after Holm's correction over all pairs and learners.
    pub p_holm: f64,
    /// What can be said about these tasks.
    pub verdict: Verdict,
}

/// Roughness of a task's labels over a model's embedding, a mean over labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoughnessScore {
    /// The task.
    pub task: String,
    /// The arm.
    pub arm: String,
    /// The seed the checkpoint was made with.
    pub seed: Option<u64>,
    /// ROGI (Aldeghi et al., doi:10.1021/acs.jcim.2c00903); smooth is 0.
    pub rogi: f64,
    /// ROGI-XD (Graff et al., doi:10.1039/D3DD00088E), comparable across representations.
    pub rogi_xd: f64,
    /// Molecules used.
    pub n_molecules: usize,
    /// Molecules of the task.
    pub n_all: usize,
}

impl Comparison {
    /// The difference of a pair with a learner on a task.
    pub fn difference(&self, pair: &Pair, learner: &str, task: &str) -> Option<&Difference> {
        self.differences.iter().find(|d| d.pair == *pair && d.learner == learner && d.task == task)
    }

    /// The difference of a pair with a learner over all tasks.
    pub fn pooled_difference(&self, pair: &Pair, learner: &str) -> Option<&PooledDifference> {
        self.pooled.iter().find(|d| d.pair == *pair && d.learner == learner)
    }

    /// Mean score over seeds of an arm with a learner on a task.
    pub fn mean_score(&self, arm: &str, learner: &str, task: &str) -> Option<f64> {
        let of = |s: &&Score| s.arm == arm && s.learner == learner && s.task == task;
        let values: Vec<f64> = self.scores.iter().filter(of).map(|s| s.value).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }

    /// The arms in the order of the models.
    pub fn arms(&self) -> Vec<&str> {
        let mut arms: Vec<&str> = Vec::new();
        for model in &self.models {
            if !arms.contains(&model.arm.as_str()) {
                arms.push(&model.arm);
            }
        }
        arms
    }
}

impl Difference {
    /// The finding in words.
    pub fn sentence(&self) -> String {
        sentence(&self.pair, &self.task, &self.learner, self.change, self.interval, self.p_holm, self.verdict)
    }
}

impl PooledDifference {
    /// The finding in words.
    pub fn sentence(&self) -> String {
        let place = if self.n_tasks == 1 { "1 task".to_owned() } else { format!("{} tasks", self.n_tasks) };
        sentence(&self.pair, &place, &self.learner, self.change, self.interval, self.p_holm, self.verdict)
    }
}

fn sentence(
    pair: &Pair,
    place: &str,
    learner: &str,
    change: f64,
    within: Interval,
    p: f64,
    verdict: Verdict,
) -> String {
    let Pair { base, new } = pair;
    let [change, low, high] = [change, within.low, within.high].map(percent);
    let numbers = format!("{change} %, interval {low} to {high} %, p = {p:.3}");
    match verdict {
        Verdict::Better => format!("{new} is better than {base} on {place} with {learner}: {numbers}"),
        Verdict::Worse => format!("{new} is worse than {base} on {place} with {learner}: {numbers}"),
        Verdict::NoDetectableDifference => {
            format!("no detectable difference between {new} and {base} on {place} with {learner}: {numbers}")
        }
    }
}
