//! What a tuning tells while it runs, shared between the job and the window.

use std::sync::{Arc, Mutex};

use crate::train::tune::Metrics;
use crate::workspace::pipeline::RegionProbe;

/// A column of a log: its name, and its values by step.
pub type Curve = (String, Vec<[f64; 2]>);

/// A tuning under way, or just ended.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LiveRun {
    /// The step of the pipeline, for example “tune-fill-0”.
    pub step: String,
    /// Its log so far.
    pub series: Vec<Curve>,
    /// The region as it was measured last.
    pub region: Option<RegionProbe>,
}

impl LiveRun {
    /// The last value of a column.
    pub fn last(&self, column: &str) -> Option<f64> {
        let (_, points) = self.series.iter().find(|(name, _)| name == column)?;
        points.last().map(|[_, value]| *value)
    }

    fn push(&mut self, column: &str, step: u64, value: Option<f64>) {
        let Some(value) = value else { return };
        let at = self.series.iter().position(|(name, _)| name == column).unwrap_or_else(|| {
            self.series.push((column.to_owned(), Vec::new()));
            self.series.len() - 1
        });
        let points = &mut self.series[at].1;
        // A resumed run takes the steps after its last save again.
        points.retain(|[known, _]| *known < step as f64);
        points.push([step as f64, value]);
    }
}

/// All of them. The lock is held only to add a row or to copy.
#[derive(Debug, Clone, Default)]
pub struct Live(Arc<Mutex<Vec<LiveRun>>>);

impl Live {
    /// What is known now.
    pub fn runs(&self) -> Vec<LiveRun> {
        self.0.lock().map(|runs| runs.clone()).unwrap_or_default()
    }

    /// A run begins or goes on; `series` is what its log holds already.
    pub fn begin(&self, step: &str, series: Vec<Curve>) {
        self.with(|runs| {
            runs.retain(|run| run.step != step);
            runs.push(LiveRun { step: step.to_owned(), series, region: None });
        });
    }

    /// A row of the log of a run.
    pub fn row(&self, step: &str, metrics: &Metrics) {
        let n = metrics.step;
        self.of(step, |run| {
            for (column, value) in [
                ("loss", metrics.loss),
                ("fill_loss", metrics.fill_loss),
                ("second_loss", metrics.second_loss),
                ("token_accuracy", metrics.token_accuracy),
                ("gradient_norm", metrics.gradient_norm),
                ("learning_rate", metrics.learning_rate),
                ("validation_loss", metrics.validation.map(|v| v.loss)),
                ("validation_masked_loss", metrics.validation.map(|v| v.masked_loss)),
                ("validation_masked_accuracy", metrics.validation.map(|v| v.masked_accuracy)),
            ] {
                run.push(column, n, value);
            }
        });
    }

    /// The region under the weights of a step.
    pub fn region(&self, step: &str, at: u64, found: RegionProbe) {
        self.of(step, |run| {
            run.push("region_frustration", at, Some(found.frustration));
            run.push("region_response", at, Some(found.mean_response));
            run.region = Some(found);
        });
    }

    /// Forgets the runs whose results have been read.
    pub fn forget(&self, steps: &[String]) {
        self.with(|runs| runs.retain(|run| !steps.contains(&run.step)));
    }

    fn of(&self, step: &str, change: impl FnOnce(&mut LiveRun)) {
        self.with(|runs| {
            if let Some(run) = runs.iter_mut().find(|run| run.step == step) {
                change(run);
            }
        });
    }

    fn with(&self, change: impl FnOnce(&mut Vec<LiveRun>)) {
        if let Ok(mut runs) = self.0.lock() {
            change(&mut runs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resumed_run_replaces_the_steps_it_takes_again() {
        let live = Live::default();
        live.begin("tune-fill-0", vec![("loss".into(), vec![[1.0, 5.0], [2.0, 4.0], [3.0, 3.0]])]);
        let row = |step, loss| Metrics { step, loss: Some(loss), ..Metrics::default() };
        live.row("tune-fill-0", &row(2, 4.5));
        live.row("another", &row(1, 9.0));
        let runs = live.runs();
        assert_eq!(runs.len(), 1);
        assert_eq!(runs[0].series, [("loss".to_owned(), vec![[1.0, 5.0], [2.0, 4.5]])]);
        assert_eq!(runs[0].last("loss"), Some(4.5));
        live.forget(&["tune-fill-0".into()]);
        assert!(live.runs().is_empty());
    }
}
