use super::student::student_quantile;
use super::task_statistics::{TaskStatistics, interval, p_value};
use crate::evaluate::comparison::Interval;

/// The mean effect over tasks.
#[derive(Debug, Clone, PartialEq)]
pub struct Pooled {
    /// Mean over tasks of the mean relative change over seeds.
    pub change: f64,
    /// For these tasks.
    pub interval: Interval,
    /// For tasks like these; none for a single task.
    pub interval_of_new_tasks: Option<Interval>,
    /// Two-sided, by exchange.
    pub p_value: f64,
}

/// Pools the statistics of a pair and learner over tasks; none without tasks.
///
/// Every task weighs the same, as in the paper's mean. Samples of molecules and permutations are independent between
/// tasks; seeds are drawn jointly.
pub fn pool(tasks: &[TaskStatistics], confidence: f64) -> Option<Pooled> {
    let n = tasks.len() as f64;
    let first = tasks.first()?;
    let mean_of = |of: &dyn Fn(&TaskStatistics) -> f64| tasks.iter().map(of).sum::<f64>() / n;
    let change = mean_of(&|task| task.change);
    let by_molecules: Vec<f64> = (0..first.by_molecules.len()).map(|k| mean_of(&|task| task.by_molecules[k])).collect();
    let by_exchange: Vec<f64> = (0..first.by_exchange.len()).map(|k| mean_of(&|task| task.by_exchange[k])).collect();
    let by_seeds: Vec<f64> = (0..first.seeds.len()).map(|k| mean_of(&|task| task.seeds[k].change)).collect();
    // Molecules of different tasks are independent.
    let within = mean_of(&|task| task.within_seeds) / n;
    let n_molecules = tasks.iter().map(|task| task.n_molecules).sum();
    let interval_of_new_tasks = (tasks.len() > 1).then(|| {
        let variance = tasks.iter().map(|task| (task.change - change).powi(2)).sum::<f64>() / (n - 1.0);
        let half = student_quantile(confidence, n - 1.0) * (variance / n).sqrt();
        Interval { low: change - half, high: change + half }
    });
    Some(Pooled {
        change,
        interval: interval(change, &by_molecules, (&by_seeds, within), n_molecules, confidence),
        interval_of_new_tasks,
        p_value: p_value(change, &by_exchange),
    })
}
