//! A short trial of a tuning: what a step and a look at the held-out molecules cost on this machine.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use super::error::TuneError;
use super::tuning::{Learned, Tuning};
use crate::jobs::{Observe, Progress};

/// What a few steps cost, and what follows for the whole run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trial {
    /// Steps that were taken.
    pub n_tried: u64,
    /// Wall-clock seconds of a step, a mean over those tried.
    pub seconds_per_step: f64,
    /// Wall-clock seconds of measuring the held-out molecules once.
    pub seconds_per_validation: f64,
    /// Steps of the whole run; early stopping may take fewer.
    pub n_steps: u64,
    /// Measurements of the held-out molecules in the whole run.
    pub n_validations: u64,
    /// Bytes of weights, gradients and optimiser; what a step needs beside them is not in it.
    pub state_bytes: u64,
}

impl Trial {
    /// Seconds of the whole run.
    pub fn seconds(&self) -> f64 {
        self.n_steps as f64 * self.seconds_per_step + self.n_validations as f64 * self.seconds_per_validation
    }
}

impl Tuning {
    /// Takes up to `n` steps in `folder`, which is emptied afterwards; none when stopped before the first.
    ///
    /// # Errors
    /// As [`Tuning::run`].
    pub fn trial(&self, n: u64, folder: &Path, observe: Observe<'_>) -> Result<Option<Trial>, TuneError> {
        let mut clock = Clock::default();
        let mut last = Instant::now();
        let mut stopped = false;
        let mut watch = |progress: Progress| {
            let done = progress.done;
            let shown = Progress { stage: "trial", total: Some(n), ..progress };
            stopped |= observe(shown).is_break();
            if stopped || done >= n { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let run = self.run_live(folder, &mut watch, &mut |metrics, _| {
            let seconds = last.elapsed().as_secs_f64();
            match (metrics.step, metrics.validation) {
                (0, Some(_)) => clock.validation = seconds,
                (0, None) => {}
                (_, Some(_)) => clock.with_validation.push(seconds),
                (_, None) => clock.plain.push(seconds),
            }
            last = Instant::now();
        });
        let emptied = fs::remove_dir_all(folder);
        run?;
        emptied.map_err(|source| TuneError::Write { path: folder.to_owned(), source })?;
        let [n_steps, n_validations] = self.n_steps_and_validations();
        Ok(clock.seconds_per_step().map(|seconds_per_step| Trial {
            n_tried: (clock.plain.len() + clock.with_validation.len()) as u64,
            seconds_per_step,
            seconds_per_validation: clock.validation,
            n_steps,
            n_validations,
            state_bytes: self.state_bytes(),
        }))
    }

    fn state_bytes(&self) -> u64 {
        let n = self.base.len();
        // The base, the weights of the moment, their gradient and, with replay, that of the second loss term.
        let of_weights = 3 + usize::from(self.params.strategy.replay().is_some());
        // The values that learn, two moments, the best so far, and the gradient of adapters.
        let of_values = 3
            + usize::from(self.params.early_stop.is_some())
            + usize::from(matches!(self.learned, Learned::Adapters(_)));
        4 * (of_weights * n + of_values * self.n_values()) as u64
    }
}

#[derive(Debug, Default)]
struct Clock {
    validation: f64,
    plain: Vec<f64>,
    with_validation: Vec<f64>,
}

impl Clock {
    /// From steps without a validation where there are any.
    fn seconds_per_step(&self) -> Option<f64> {
        let mean = |seconds: &[f64]| seconds.iter().sum::<f64>() / seconds.len() as f64;
        if !self.plain.is_empty() {
            return Some(mean(&self.plain));
        }
        (!self.with_validation.is_empty()).then(|| (mean(&self.with_validation) - self.validation).max(0.0))
    }
}
