//! A run under way: step by step, watched, saved and resumed.

use std::ops::ControlFlow;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::error::TuneError;
use super::folder::{RunFolder, State};
use super::log::Log;
use super::molecules::pooled_batch;
use super::params::{ReplayParams, Strategy};
use super::tuned::{Metrics, Tuned, Validation};
use super::tuning::{Learned, Live, Snapshot, Tuning, stream};
use crate::jobs::Progress;
use crate::model::{Checkpoint, digest};
use crate::train::StopReason;
use crate::train::corpus::epoch_batches;
use crate::train::denoising::{DenoisingParams, denoising_batch};
use crate::train::divergence::Divergence;
use crate::train::engine::StepLoss;
use crate::train::random::Generator;

/// What a run remembers of its losses.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Watch {
    monitor: Divergence,
    /// Losses since the last validation, and their number.
    recent: (f64, u64),
    best_training: Option<f64>,
    best_validation: Option<f64>,
    /// Validations since each was the best.
    stale: [u32; 2],
    /// Step of the kept values.
    best_step: u64,
    /// Held-out molecules under the base, under the values at the last validation, and under the kept values.
    before: Option<Validation>,
    last: Option<Validation>,
    best: Option<Validation>,
}

/// A run under way.
pub(super) struct Run<'a> {
    tuning: &'a Tuning,
    folder: RunFolder,
    state: State,
    /// The transformer's weights as they stand: the values themselves, or base and adapters merged.
    p: Vec<f32>,
    gradient: Vec<f32>,
    /// Of the second loss term, before its weight; empty where there is none.
    second: Vec<f32>,
    log: Log,
    is_new: bool,
    clock: Instant,
}

impl Tuning {
    /// Numbers that the optimiser sees.
    pub(super) fn n_values(&self) -> usize {
        match &self.learned {
            Learned::Weights(_) => self.base.len(),
            Learned::Adapters(adapters) => adapters.len,
        }
    }

    pub(super) fn data_digests(&self) -> [String; 3] {
        [&self.fill, &self.corpus, &self.validation].map(|molecules| molecules.digest.clone())
    }
}

impl<'a> Run<'a> {
    pub fn start(tuning: &'a Tuning, folder: RunFolder) -> Result<Self, TuneError> {
        let saved = folder.load(tuning)?;
        let is_new = saved.is_none();
        let state = saved.unwrap_or_else(|| {
            let values = match &tuning.learned {
                Learned::Weights(_) => tuning.base.clone(),
                Learned::Adapters(adapters) => adapters.start(tuning.params.seed, stream::ADAPTERS),
            };
            State::new(tuning, values)
        });
        let log = Log::open(&folder.file("log.csv"), (!is_new).then_some(state.position.step))?;
        let n = tuning.base.len();
        let has_second = tuning.params.strategy.replay().is_some();
        let second = if has_second { vec![0.0; n] } else { Vec::new() };
        let (p, gradient, clock) = (tuning.base.clone(), vec![0.0; n], Instant::now());
        let mut run = Self { tuning, folder, state, p, gradient, second, log, is_new, clock };
        run.refresh();
        Ok(run)
    }

    /// Brings the weights up to the values that learn.
    fn refresh(&mut self) {
        match &self.tuning.learned {
            Learned::Weights(_) => self.p.copy_from_slice(&self.state.values),
            Learned::Adapters(adapters) => adapters.merge(&self.tuning.base, &self.state.values, &mut self.p),
        }
    }

    pub fn go(
        mut self,
        observe: &mut dyn FnMut(Progress) -> ControlFlow<()>,
        live: Live<'_>,
    ) -> Result<Tuned, TuneError> {
        let stop_reason = self.steps(observe, live)?;
        match stop_reason {
            StopReason::Diverged { .. } => Ok(self.tuned(stop_reason, None)),
            StopReason::Cancelled => {
                self.save()?;
                Ok(self.tuned(stop_reason, None))
            }
            _ => {
                self.save()?;
                self.finish(stop_reason)
            }
        }
    }

    fn steps(
        &mut self,
        observe: &mut dyn FnMut(Progress) -> ControlFlow<()>,
        live: Live<'_>,
    ) -> Result<StopReason, TuneError> {
        let tuning = self.tuning;
        let n_batches = tuning.n_batches();
        let n_steps = n_batches * tuning.params.epochs;
        if self.is_new {
            let before = tuning.validate(&self.p);
            let watch = &mut self.state.position.watch;
            (watch.before, watch.last) = (before, before);
            let metrics = Metrics { validation: before, ..Metrics::default() };
            self.log.write(&metrics)?;
            live(&metrics, &Snapshot { tuning, p: &self.p });
        }
        let mut epoch: Option<(u64, Vec<Vec<u32>>)> = None;
        let mut loss = None;
        // A state may have been saved after the step that stopped the run.
        if self.has_come_to_rest() {
            return Ok(StopReason::EarlyStop { step: self.state.position.step });
        }
        while self.state.position.step < n_steps {
            let step = self.state.position.step;
            if observe(self.progress(n_steps, loss)).is_break() {
                return Ok(StopReason::Cancelled);
            }
            let number = step / n_batches;
            if epoch.as_ref().is_none_or(|(n, _)| *n != number) {
                let (corpus, batch_size) = (&tuning.fill.corpus, tuning.params.batch_size);
                epoch = Some((number, epoch_batches(corpus, batch_size, tuning.params.seed, &[stream::ORDER, number])));
            }
            let chosen = &epoch.as_ref().expect("just made").1[(step % n_batches) as usize];
            let mut metrics = match self.step(step, n_steps, chosen) {
                Ok(metrics) => metrics,
                Err(what) => return Ok(StopReason::Diverged { step, what }),
            };
            loss = metrics.loss;
            let done = step + 1;
            metrics.epoch = done as f64 / n_batches as f64;
            self.state.position.step = done;
            let is_epoch = done.is_multiple_of(n_batches);
            let is_last = done == n_steps;
            if is_epoch && (is_last || (done / n_batches).is_multiple_of(tuning.params.validate_every)) {
                metrics.validation = self.validate();
            }
            self.log.write(&metrics)?;
            live(&metrics, &Snapshot { tuning, p: &self.p });
            // The last step has no loss of its own that would show what it did.
            if let Some(what) = self.damage(metrics.validation, is_last) {
                return Ok(StopReason::Diverged { step: done, what });
            }
            if is_epoch && self.has_come_to_rest() {
                return Ok(StopReason::EarlyStop { step: done });
            }
            if done.is_multiple_of(tuning.params.save_every) {
                self.save()?;
            }
        }
        Ok(StopReason::Finished)
    }

    /// One step of the optimiser; says what is wrong when the run diverges. Masks and replayed molecules depend on the
    /// step alone, so a resumed run draws the same.
    fn step(&mut self, step: u64, n_steps: u64, chosen: &[u32]) -> Result<Metrics, String> {
        let tuning = self.tuning;
        let params = &tuning.params;
        let masking = DenoisingParams::plain(params.mask_rate);
        let mut masks = Generator::new(params.seed, &[stream::MASKS, step]);
        let (batch, _) = denoising_batch(&tuning.fill.corpus, chosen, tuning.roles, &masking, &mut masks);
        self.gradient.fill(0.0);
        let fill = tuning.engine.denoising(&self.p, &batch, &mut self.gradient);
        let mut loss = fill.total;
        let second_loss = match &params.strategy {
            Strategy::Prototypes(_) => self.anchor(chosen),
            strategy => strategy.replay().map(|replay| (self.replay(replay, step, chosen.len()), replay.weight)),
        };
        if let Some((second, weight)) = second_loss {
            loss += f64::from(weight) * second;
        }
        let learning_rate = params.schedule.at(step, n_steps);
        let State { values, optimiser, .. } = &mut self.state;
        let norm = match &tuning.learned {
            Learned::Weights(ranges) => optimiser.step(values, &self.gradient, ranges, learning_rate),
            Learned::Adapters(adapters) => {
                let mut gradient = vec![0.0; adapters.len];
                adapters.gradient(values, &self.gradient, &mut gradient);
                optimiser.step(values, &gradient, std::slice::from_ref(&(0..adapters.len)), learning_rate)
            }
        };
        let watch = &mut self.state.position.watch;
        if let Some(what) = watch.monitor.trouble(loss, norm) {
            return Err(what);
        }
        watch.recent = (watch.recent.0 + loss, watch.recent.1 + 1);
        self.refresh();
        Ok(Metrics {
            step: step + 1,
            loss: Some(loss),
            fill_loss: Some(fill.total),
            second_loss: second_loss.map(|(second, _)| second),
            token_accuracy: Some(fill.n_correct as f64 / fill.n_targets.max(1) as f64),
            gradient_norm: Some(norm),
            learning_rate: Some(learning_rate),
            ..Metrics::default()
        })
    }

    /// The loss on replayed corpus molecules; adds `weight` times its gradient.
    fn replay(&mut self, replay: ReplayParams, step: u64, n_fill: usize) -> f64 {
        let tuning = self.tuning;
        let corpus = &tuning.corpus.corpus;
        let n = ((replay.ratio * n_fill as f64).round() as usize).clamp(1, corpus.len());
        let seed = tuning.params.seed;
        let chosen = draw(corpus.len(), n, &mut Generator::new(seed, &[stream::REPLAY, step]));
        let mut masks = Generator::new(seed, &[stream::REPLAY_MASKS, step]);
        let masking = DenoisingParams::plain(tuning.params.mask_rate);
        let (batch, _) = denoising_batch(corpus, &chosen, tuning.roles, &masking, &mut masks);
        self.second.fill(0.0);
        let found: StepLoss = match tuning.params.strategy {
            Strategy::Pseudolabels(_) => tuning.engine.pseudolabels(&self.p, &tuning.base, &batch, &mut self.second),
            _ => tuning.engine.denoising(&self.p, &batch, &mut self.second),
        };
        self.gradient.iter_mut().zip(&self.second).for_each(|(g, second)| *g += replay.weight * second);
        found.total
    }

    /// The mean squared distance to the prototypes, with λ; adds λ times its gradient.
    fn anchor(&mut self, chosen: &[u32]) -> Option<(f64, f32)> {
        let tuning = self.tuning;
        let prototypes = tuning.prototypes.as_ref()?;
        let batch = pooled_batch(&tuning.fill.corpus, chosen, tuning.roles);
        let d = tuning.checkpoint.config.d_model;
        let targets: Vec<f32> =
            chosen.iter().flat_map(|&k| prototypes.targets[k as usize * d..][..d].iter().copied()).collect();
        let lambda = prototypes.params.lambda;
        let distance = tuning.engine.anchor(&self.p, &batch, &targets, lambda, &mut self.gradient);
        Some((distance, lambda))
    }

    /// Measures the held-out molecules, and remembers the best.
    fn validate(&mut self) -> Option<Validation> {
        let found = self.tuning.validate(&self.p);
        let State { position, values, best, .. } = &mut self.state;
        let watch = &mut position.watch;
        let training = watch.recent.0 / watch.recent.1.max(1) as f64;
        watch.recent = (0.0, 0);
        watch.last = found;
        let Some(stop) = self.tuning.params.early_stop else { return found };
        let mut is_new_best = |best: &mut Option<f64>, stale: usize, value: f64| {
            let is_better = best.is_none_or(|best| value < best * (1.0 - stop.min_improvement));
            watch.stale[stale] = if is_better { 0 } else { watch.stale[stale] + 1 };
            let is_lowest = best.is_none_or(|best| value < best);
            if is_better {
                *best = Some(value);
            }
            is_lowest
        };
        let mut best_training = watch.best_training;
        let mut best_validation = watch.best_validation;
        let lower_training = is_new_best(&mut best_training, 0, training);
        let lower_validation = found.map(|found| is_new_best(&mut best_validation, 1, found.loss));
        (watch.best_training, watch.best_validation) = (best_training, best_validation);
        if lower_validation.unwrap_or(lower_training) {
            best.clone_from(values);
            watch.best_step = position.step;
            watch.best = found;
        }
        found
    }

    /// What is wrong after a step, if something is: weights or a loss on held-out molecules that are no numbers.
    fn damage(&self, validation: Option<Validation>, is_last: bool) -> Option<String> {
        if let Some(found) = validation.filter(|found| !found.loss.is_finite()) {
            return Some(format!("the loss on held-out molecules is {}", found.loss));
        }
        let n = if is_last { self.p.iter().filter(|weight| !weight.is_finite()).count() } else { 0 };
        (n > 0).then(|| format!("{n} weights are no numbers"))
    }

    /// One of the two losses has gone too long without a new best.
    fn has_come_to_rest(&self) -> bool {
        let stop = self.tuning.params.early_stop;
        stop.is_some_and(|stop| self.state.position.watch.stale.iter().any(|&stale| stale >= stop.patience))
    }

    fn progress(&self, n_steps: u64, loss: Option<f64>) -> Progress {
        let mut progress = Progress::new("tune", self.state.position.step, Some(n_steps));
        let mut parts: Vec<String> = loss.iter().map(|loss| format!("loss {loss:.4}")).collect();
        if let Some(last) = self.state.position.watch.last {
            parts.push(format!("held-out masked accuracy {:.2} %", 100.0 * last.masked_accuracy));
        }
        progress.detail = parts.join(", ");
        progress
    }

    fn save(&mut self) -> Result<(), TuneError> {
        self.state.position.seconds += self.clock.elapsed().as_secs_f64();
        self.clock = Instant::now();
        self.folder.save(&mut self.state)
    }

    fn tuned(&self, stop_reason: StopReason, digest: Option<String>) -> Tuned {
        let tuning = self.tuning;
        let position = &self.state.position;
        let watch = &position.watch;
        let keeps_best = !self.state.best.is_empty();
        Tuned {
            stop_reason,
            params: tuning.params.clone(),
            steps: position.step,
            kept_step: if keeps_best { watch.best_step } else { position.step },
            base_digest: tuning.base_digest.clone(),
            digest,
            data_digests: tuning.data_digests(),
            fill: tuning.fill.sizes(),
            corpus: tuning.corpus.sizes(),
            validation: tuning.validation.sizes(),
            n_trained: [tuning.n_trained(), tuning.base.len()],
            n_prototypes: tuning.prototypes.as_ref().map(|prototypes| prototypes.n),
            before: watch.before,
            after: if keeps_best { watch.best } else { watch.last },
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// Keeps the best values, merges adapters, and writes the checkpoint.
    fn finish(mut self, stop_reason: StopReason) -> Result<Tuned, TuneError> {
        if !self.state.best.is_empty() {
            self.state.values.clone_from(&self.state.best);
            self.refresh();
        }
        if let Learned::Adapters(adapters) = &self.tuning.learned {
            adapters.save(&self.state.values, &self.folder.file("adapter"))?;
        }
        let mut tuned = self.tuned(stop_reason, None);
        let checkpoint = self.checkpoint(&tuned)?;
        tuned.digest = Some(digest(&checkpoint)?);
        self.folder.finish(&checkpoint, &tuned, self.state.position.seconds)?;
        Ok(tuned)
    }

    /// The base with the tensors that learned in f32; all others are the base's, byte for byte.
    fn checkpoint(&self, tuned: &Tuned) -> Result<Checkpoint, TuneError> {
        let tuning = self.tuning;
        let mut checkpoint = tuning.with_weights(&self.p)?;
        checkpoint.config.rest.remove("torch_dtype");
        checkpoint.config.rest.insert("dtype".to_owned(), "float32".into());
        // The card describes the base.
        checkpoint.sidecars.remove("README.md");
        let facts = &mut checkpoint.facts;
        let name = facts.name.clone().unwrap_or_else(|| "model".to_owned());
        facts.name = Some(format!("{name}, tuned ({})", tuned.params.strategy.name()));
        facts.seed = Some(tuned.params.seed);
        facts.step = Some(facts.step.unwrap_or(0) + tuned.kept_step);
        // Where latent vectors lie was measured with the base's encoder.
        facts.latent_quantiles = None;
        facts.rest.insert("tuned_from".to_owned(), tuning.base_digest.clone().into());
        Ok(checkpoint)
    }
}

/// `n` different numbers below `len`, in random order.
fn draw(len: usize, n: usize, generator: &mut Generator) -> Vec<u32> {
    // Floyd's sampling: each subset is equally likely, and nothing of length `len` is made.
    let mut seen = std::collections::BTreeSet::new();
    let mut drawn = Vec::with_capacity(n);
    for last in len - n..len {
        let k = generator.below(last as u64 + 1) as u32;
        let k = if seen.contains(&k) { last as u32 } else { k };
        seen.insert(k);
        drawn.push(k);
    }
    generator.shuffle(&mut drawn);
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_molecules_are_different_and_all_are_drawn() {
        let mut counts = [0; 10];
        for k in 0..2000 {
            let drawn = draw(10, 4, &mut Generator::new(1, &[k]));
            let different: std::collections::BTreeSet<_> = drawn.iter().collect();
            assert_eq!((drawn.len(), different.len()), (4, 4));
            drawn.iter().for_each(|&d| counts[d as usize] += 1);
        }
        // 800 expected each, deviation 22.
        assert!(counts.iter().all(|&c| (690..910).contains(&c)), "{counts:?}");
        assert_eq!(draw(3, 3, &mut Generator::new(1, &[])).len(), 3);
    }
}
