//! The pretraining run: stages of a recipe, step by step, watched, saved and resumed.

use std::collections::HashSet;
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use candle_core::{Device, Tensor};

use super::corpus::{Corpus, epoch_batches, read_smiles};
use super::denoising::{DenoisingParams, Roles, denoising_batch, latent_batch};
use super::divergence::Divergence;
use super::engine::{Dropout, Engine, StepLoss};
use super::log::{Log, Record};
use super::metrics::{denoise, encode_latents, random_decoding, reconstruction};
use super::optimiser::AdamW;
use super::principal::{fit_box, principal_axes, start_from_axes};
use super::random::Generator;
use super::recipe::{Objective, Recipe, Stage};
use super::run_state::{Position, RunState};
use super::vocabulary::{count_symbols, frequent_symbols, tokeniser};
use super::{PretrainError, StopReason};
use crate::chem::selfies;
use crate::jobs::Progress;
use crate::model::engine::Engine as Inference;
use crate::model::{Checkpoint, Facts, LatentQuantiles, Spacing, StoredTensor, StoredTensors, Tokeniser};

/// Names of random streams; the seed and these decide every draw.
mod stream {
    pub const WEIGHTS: u64 = 1;
    pub const ORDER: u64 = 2;
    pub const MASKS: u64 = 3;
    pub const AXES: u64 = 4;
    pub const VALIDATION: u64 = 5;
    pub const SAMPLE: u64 = 6;
    pub const DROPOUT: u64 = 7;
}

/// Corpora, vocabulary and network of a recipe.
#[derive(Debug)]
pub struct Pretraining {
    recipe: Recipe,
    tokeniser: Tokeniser,
    roles: Roles,
    train: Corpus,
    valid: Corpus,
    train_texts: Vec<String>,
    engine: Engine,
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// Why it ended.
    pub stop_reason: StopReason,
    /// The run as it was then.
    pub state: RunState,
}

impl Pretraining {
    /// Reads the corpora below `data`, builds the vocabulary and lays out the network.
    ///
    /// # Errors
    /// A corpus cannot be read or holds no usable molecule; a recipe that cannot be trained.
    pub fn prepare(recipe: Recipe, data: &Path) -> Result<Self, PretrainError> {
        recipe.check().map_err(|what| PretrainError::Recipe { what, path: PathBuf::new() })?;
        let below = |files: &[PathBuf]| files.iter().map(|file| data.join(file)).collect::<Vec<_>>();
        let train_texts = read_smiles(&below(&recipe.corpus.train))?.texts;
        let valid_texts = read_smiles(&below(&recipe.corpus.valid))?.texts;
        let symbols = frequent_symbols(&count_symbols(train_texts.iter().map(String::as_str)), recipe.corpus.min_count);
        let tokeniser = tokeniser(&symbols)?.with_spacing(Spacing::Symbols);
        let max_symbols = recipe.corpus.max_symbols;
        let train = Corpus::new(&train_texts, &tokeniser, max_symbols)?;
        let valid = Corpus::new(&valid_texts, &tokeniser, max_symbols)?;
        for (corpus, files) in [(&train, &recipe.corpus.train), (&valid, &recipe.corpus.valid)] {
            if corpus.is_empty() {
                return Err(PretrainError::EmptyCorpus { path: files.first().cloned().unwrap_or_default() });
            }
        }
        let (bart, projectors) = recipe.model.configs(tokeniser.len());
        let engine = Engine::new(&bart, Some(&projectors))?;
        let roles = Roles { special: tokeniser.special(), start: bart.decoder_start_token_id };
        Ok(Self { recipe, tokeniser, roles, train, valid, train_texts, engine })
    }

    /// Molecules to train on and to validate on, and the size of the vocabulary.
    pub fn sizes(&self) -> (&Corpus, &Corpus, usize) {
        (&self.train, &self.valid, self.tokeniser.len())
    }

    /// Runs the recipe, or goes on where the state saved in `work` stands.
    ///
    /// * `work` – a folder for `state.bin`, `log.jsonl` and the model after each stage (`stage_1`, …)
    /// * `observe` – asked at every step; when it breaks, the state is saved and the run ends
    ///
    /// # Errors
    /// Files cannot be read or written; the saved state belongs to another recipe.
    pub fn run(
        &self,
        work: &Path,
        observe: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Outcome, PretrainError> {
        std::fs::create_dir_all(work).map_err(|source| PretrainError::Write { path: work.to_owned(), source })?;
        let path = work.join("state.bin");
        let state = match RunState::load(&path)? {
            Some(state) => self.accept(state)?,
            None => self.start(),
        };
        let log = Log::open(&work.join("log.jsonl"), state.position.total_steps)?;
        let clock = Instant::now();
        let mut run = Run { setup: self, state, work, log, last_save: clock, clock };
        let stop_reason = run.stages(observe)?;
        if !matches!(stop_reason, StopReason::Diverged { .. }) {
            run.save()?;
        }
        Ok(Outcome { stop_reason, state: run.state })
    }

    /// The state that a run in `work` saved last.
    ///
    /// # Errors
    /// There is none, it cannot be read, or it belongs to another recipe.
    pub fn saved(&self, work: &Path) -> Result<RunState, PretrainError> {
        let path = work.join("state.bin");
        let state = RunState::load(&path)?
            .ok_or_else(|| PretrainError::State { what: "there is no such file".to_owned(), path })?;
        self.accept(state)
    }

    /// A saved state, if the recipe it was made with is this one, or this one without its last stages.
    fn accept(&self, mut state: RunState) -> Result<RunState, PretrainError> {
        let saved = &state.position.recipe;
        let done = state.position.stage;
        let same_rest = Recipe { stages: Vec::new(), watch: self.recipe.watch, ..saved.clone() }
            == Recipe { stages: Vec::new(), ..self.recipe.clone() };
        let started = (done + usize::from(state.position.step > 0)).min(saved.stages.len());
        let same_past = self.recipe.stages.len() >= started && saved.stages[..started] == self.recipe.stages[..started];
        if !same_rest || !same_past || state.parameters.len() != self.engine.layout.len {
            return Err(PretrainError::OtherRecipe);
        }
        state.position.recipe = self.recipe.clone();
        Ok(state)
    }

    fn start(&self) -> RunState {
        let n = self.engine.layout.len;
        let adam = self.recipe.stages.first().map(|stage| stage.adam).unwrap_or_default();
        let position = Position {
            recipe: self.recipe.clone(),
            stage: 0,
            step: 0,
            total_steps: 0,
            seconds: 0.0,
            projectors_started: false,
            best: None,
            since_best: 0,
            n_parameters: n,
            optimiser_step: 0,
            adam,
        };
        RunState { position, parameters: self.initial_weights(), optimiser: AdamW::new(n, adam) }
    }

    /// Normal weights of variance 1/fan-in, so that the head reads a token off its own embedding from the start;
    /// positions half as large; biases zero, norms one. The projectors wait at zero.
    fn initial_weights(&self) -> Vec<f32> {
        let mut p = vec![0.0; self.engine.layout.len];
        for (k, (name, shape, place)) in self.engine.layout.tensors.iter().enumerate() {
            let p = &mut p[place.clone()];
            if name.contains("projector.") {
                continue;
            }
            if name.contains("layer_norm.weight") || name.contains("layernorm_embedding.weight") {
                p.fill(1.0);
            } else if let [_, fan_in] = shape[..]
                && name != "final_logits_bias"
            {
                let gain = if name.contains("embed_positions") { 0.5 } else { 1.0 };
                let mut generator = Generator::new(self.recipe.seed, &[stream::WEIGHTS, k as u64]);
                for w in p.iter_mut() {
                    *w = gain / (fan_in as f32).sqrt() * generator.normal() as f32;
                }
            }
        }
        p
    }

    /// The model as a checkpoint, f32.
    ///
    /// # Errors
    /// What candle reports.
    pub fn checkpoint(&self, state: &RunState) -> Result<Checkpoint, PretrainError> {
        let (mut config, projectors) = self.recipe.model.configs(self.tokeniser.len());
        // A text begins with [CLS], which is prescribed, and then an atom: so every latent point gives a molecule.
        let tokens = self.tokeniser.tokens();
        let begins_none = |symbol: &str| !selfies::decode(symbol).is_ok_and(|smiles| !smiles.is_empty());
        config.decoding.begin_suppress_tokens =
            tokens.into_iter().filter(|(_, symbol)| begins_none(symbol)).map(|(id, _)| id).collect();
        let mut tensors = StoredTensors::new();
        let mut projectors = Some(projectors);
        if !state.position.projectors_started {
            projectors = None;
        }
        for (name, shape, place) in &self.engine.layout.tensors {
            if projectors.is_none() && name.contains("projector.") {
                continue;
            }
            let tensor = Tensor::from_slice(&state.parameters[place.clone()], shape.clone(), &Device::Cpu)?;
            tensors.insert(name.clone(), StoredTensor::from_tensor(&tensor)?);
        }
        let facts = Facts {
            name: Some(self.recipe.name.clone()),
            seed: Some(self.recipe.seed),
            step: Some(state.position.total_steps),
            ..Facts::default()
        };
        Ok(Checkpoint {
            config,
            projectors,
            tokeniser: self.tokeniser.clone(),
            facts,
            tensors,
            path: None,
            sidecars: std::collections::BTreeMap::default(),
        })
    }

    /// Fits the latent box to the training molecules and records where their latent vectors lie: each coordinate is
    /// moved and stretched so that all but one molecule in a thousand lies within ±0.95. What the model computes from
    /// end to end stays the same.
    ///
    /// # Errors
    /// The model is not that of this recipe.
    pub fn finish(&self, state: &mut RunState) -> Result<Checkpoint, PretrainError> {
        let Some([down, up]) = &self.engine.projectors else { return Err(PretrainError::NoProjectors) };
        let columns = self.latent_columns(&self.checkpoint(state)?)?;
        let at = |level: f64| columns.iter().map(|column| quantile(column, level)).collect::<Vec<f32>>();
        let tail = BOX_TAIL / 2.0;
        fit_box(&mut state.parameters, [down, up], &at(tail), &at(1.0 - tail), BOX_EDGE);
        let mut checkpoint = self.checkpoint(state)?;
        let columns = self.latent_columns(&checkpoint)?;
        let values = LEVELS.iter().map(|&level| columns.iter().map(|c| quantile(c, f64::from(level))).collect());
        checkpoint.facts.latent_quantiles = Some(LatentQuantiles { levels: LEVELS.to_vec(), values: values.collect() });
        Ok(checkpoint)
    }

    /// The values of each latent coordinate over a sample of the training molecules, ascending.
    fn latent_columns(&self, checkpoint: &Checkpoint) -> Result<Vec<Vec<f32>>, PretrainError> {
        let chosen = self.sample(&self.train, 20_000, stream::SAMPLE);
        let model = &self.recipe.model;
        let shape = [model.latent_positions, model.d_model];
        let latents = encode_latents(&Inference::load(checkpoint)?, &self.train, &chosen, self.roles, shape);
        Ok((0..model.latent_dim)
            .map(|a| {
                let mut column: Vec<f32> = latents.iter().skip(a).step_by(model.latent_dim).copied().collect();
                column.sort_by(f32::total_cmp);
                column
            })
            .collect())
    }

    /// At most `n` molecules, the same at every call.
    fn sample(&self, corpus: &Corpus, n: usize, stream: u64) -> Vec<u32> {
        let mut order: Vec<u32> = (0..corpus.len() as u32).collect();
        Generator::new(self.recipe.seed, &[stream]).shuffle(&mut order);
        order.truncate(n);
        order
    }

    /// Measures a checkpoint on the validation molecules; all of them when `n` is none.
    ///
    /// # Errors
    /// The checkpoint has no projectors, or weights that are no numbers.
    pub fn evaluate(
        &self,
        checkpoint: &Checkpoint,
        n: Option<usize>,
        n_random: usize,
    ) -> Result<Record, PretrainError> {
        let chosen = self.sample(&self.valid, n.unwrap_or(usize::MAX), stream::VALIDATION);
        let known: HashSet<&str> = self.train_texts.iter().map(String::as_str).collect();
        let mut generator = Generator::new(self.recipe.seed, &[stream::VALIDATION, 1]);
        Ok(Record {
            reconstruction: Some(reconstruction(checkpoint, &self.valid, &chosen)?),
            random: Some(random_decoding(checkpoint, &known, n_random, &mut generator)?),
            ..Record::default()
        })
    }

    /// Cross-entropy and accuracy of masked tokens over validation molecules.
    fn masked(&self, p: &[f32], chosen: &[u32], mask_rate: f64) -> (f64, f64) {
        let mut generator = Generator::new(self.recipe.seed, &[stream::VALIDATION, 2]);
        let found = denoise(&self.engine, p, &self.valid, chosen, self.roles, mask_rate, &mut generator);
        (found.masked_loss, found.masked_accuracy)
    }
}

/// Molecules outside the fitted box, both sides together.
const BOX_TAIL: f64 = 1e-3;
/// Where the box's molecules end.
const BOX_EDGE: f32 = 0.95;
/// Quantiles that a checkpoint records.
const LEVELS: [f32; 9] = [0.0, 0.005, 0.05, 0.25, 0.5, 0.75, 0.95, 0.995, 1.0];

/// The value below which a part `level` of the ascending values lies.
fn quantile(ascending: &[f32], level: f64) -> f32 {
    let place = level * (ascending.len() - 1) as f64;
    let (low, part) = (place.floor() as usize, place.fract() as f32);
    let high = (low + 1).min(ascending.len() - 1);
    ascending[low] + part * (ascending[high] - ascending[low])
}

/// A run under way.
struct Run<'a> {
    setup: &'a Pretraining,
    state: RunState,
    work: &'a Path,
    log: Log,
    last_save: Instant,
    clock: Instant,
}

impl Run<'_> {
    fn stages(&mut self, observe: &mut dyn FnMut(Progress) -> ControlFlow<()>) -> Result<StopReason, PretrainError> {
        let mut reason = StopReason::Finished;
        while let Some(stage) = self.setup.recipe.stages.get(self.state.position.stage).copied() {
            match self.stage(&stage, observe)? {
                StopReason::Finished => {}
                StopReason::EarlyStop { step } => reason = StopReason::EarlyStop { step },
                stopped => return Ok(stopped),
            }
            let number = self.state.position.stage + 1;
            let folder = self.work.join(format!("stage_{number}"));
            self.setup.checkpoint(&self.state)?.save(&folder, None)?;
            self.next_stage(number);
            self.save()?;
        }
        Ok(reason)
    }

    fn next_stage(&mut self, stage: usize) {
        let position = &mut self.state.position;
        position.stage = stage;
        position.step = 0;
        position.best = None;
        position.since_best = 0;
        let adam = self.setup.recipe.stages.get(stage).map(|stage| stage.adam).unwrap_or_default();
        self.state.optimiser = AdamW::new(self.state.parameters.len(), adam);
    }

    fn stage(
        &mut self,
        stage: &Stage,
        observe: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<StopReason, PretrainError> {
        let setup = self.setup;
        let watch = setup.recipe.watch;
        if stage.objective != Objective::Denoising && !self.state.position.projectors_started {
            self.start_projectors();
        }
        let trained = self.trained(stage.objective);
        let mut gradient = vec![0.0; setup.engine.layout.len];
        let mut epoch: Option<(u64, Vec<Vec<u32>>)> = None;
        let n_batches = setup.train.len().div_ceil(stage.batch_size) as u64;
        let mut recent = Recent::default();
        while self.state.position.step < stage.steps {
            let step = self.state.position.step;
            if observe(self.progress(stage, recent.last)).is_break() {
                return Ok(StopReason::Cancelled);
            }
            let number = step / n_batches;
            if epoch.as_ref().is_none_or(|(n, _)| *n != number) {
                let names = [stream::ORDER, self.state.position.stage as u64, number];
                epoch = Some((number, epoch_batches(&setup.train, stage.batch_size, setup.recipe.seed, &names)));
            }
            let batches = &epoch.as_ref().expect("just made").1;
            let chosen = &batches[(step % n_batches) as usize];
            gradient.fill(0.0);
            let loss = self.step(stage, step, chosen, &mut gradient);
            let learning_rate = stage.schedule.at(step, stage.steps);
            let optimiser = &mut self.state.optimiser;
            let norm = optimiser.step(&mut self.state.parameters, &gradient, &trained, learning_rate);
            if let Some(what) = recent.monitor.trouble(loss.total, norm) {
                return Ok(StopReason::Diverged { step: self.state.position.total_steps, what });
            }
            self.state.position.step += 1;
            self.state.position.total_steps += 1;
            recent.add(&loss, norm, chosen.len());
            let done = self.state.position.step;
            if done.is_multiple_of(watch.log_every) {
                let record = recent.take(learning_rate);
                self.write(stage, record)?;
            }
            if done.is_multiple_of(watch.validate_every) || done == stage.steps {
                let is_stale = self.validate(stage)?;
                if is_stale && stage.patience > 0 {
                    return Ok(StopReason::EarlyStop { step: self.state.position.total_steps });
                }
            }
            if self.last_save.elapsed() > Duration::from_secs_f64(60.0 * watch.save_minutes) {
                self.save()?;
            }
        }
        Ok(StopReason::Finished)
    }

    /// One loss with its gradient. Masks depend on the step alone, so a resumed run draws the same.
    fn step(&self, stage: &Stage, step: u64, chosen: &[u32], gradient: &mut [f32]) -> StepLoss {
        let Pretraining { recipe, train, engine, roles, .. } = self.setup;
        let names = [stream::MASKS, self.state.position.stage as u64, step];
        let mut generator = Generator::new(recipe.seed, &names);
        let p = &self.state.parameters;
        let positions = recipe.model.latent_positions;
        let denoises = match stage.objective {
            Objective::Denoising => true,
            Objective::Projectors => false,
            Objective::Joint => stage.denoise_every > 0 && step % stage.denoise_every == stage.denoise_every - 1,
        };
        if denoises {
            // Half of the batches show padding as the latent path does, half hide it as pooling does.
            let attended_positions = step.is_multiple_of(2).then_some(positions);
            let params = DenoisingParams {
                mask_rate: stage.mask_rate,
                hide_rate: stage.hide_rate,
                attended_positions,
                readout: stage.objective == Objective::Denoising,
                padding_weight: stage.terms.padding,
            };
            let (batch, _) = denoising_batch(train, chosen, *roles, &params, &mut generator);
            let names = [stream::DROPOUT, self.state.position.stage as u64, step];
            let seed = Generator::new(recipe.seed, &names).next_u64();
            let dropout = Dropout { seed, states: recipe.model.dropout, ..Dropout::NONE };
            return engine.denoising_dropping(p, &batch, &dropout, gradient);
        }
        let hide = (stage.objective == Objective::Joint).then_some(stage.hide_rate);
        let batch = latent_batch(train, chosen, *roles, positions, stage.terms.padding, hide, &mut generator);
        engine.latent(p, &batch, &stage.terms.weights(), gradient)
    }

    /// The parts of the parameter vector that an objective trains.
    fn trained(&self, objective: Objective) -> Vec<Range<usize>> {
        let is_trained = |name: &str| match objective {
            Objective::Denoising => name.starts_with("model."),
            Objective::Projectors => name.contains("projector."),
            Objective::Joint => name.contains("projector.") || name.starts_with("model.decoder."),
        };
        let tensors = &self.setup.engine.layout.tensors;
        tensors.iter().filter(|(name, ..)| is_trained(name)).map(|(.., place)| place.clone()).collect()
    }

    /// Starts the projectors from the principal axes of the encoder states of a sample of the training molecules.
    fn start_projectors(&mut self) {
        let setup = self.setup;
        let model = &setup.recipe.model;
        let width = model.latent_positions * model.d_model;
        let chosen = setup.sample(&setup.train, AXES_SAMPLE.max(2 * model.latent_dim), stream::AXES);
        let mut generator = Generator::new(setup.recipe.seed, &[stream::AXES, 1]);
        let batch = latent_batch(&setup.train, &chosen, setup.roles, model.latent_positions, 0.0, None, &mut generator);
        let p = &mut self.state.parameters;
        let mut states = setup.engine.encode(p, &batch.ids, model.latent_positions, None);
        let axes = principal_axes(&mut states, width, model.latent_dim, &mut generator);
        tracing::info!(explained = axes.explained, "principal axes of the encoder states");
        let [down, up] = setup.engine.projectors.as_ref().expect("every recipe has projectors");
        start_from_axes(p, [down, up], &axes, 3.0, &mut generator);
        self.state.position.projectors_started = true;
    }

    /// Measures, writes a line of the log, and says whether the stage has stopped getting better.
    fn validate(&mut self, stage: &Stage) -> Result<bool, PretrainError> {
        let setup = self.setup;
        let watch = setup.recipe.watch;
        let chosen = setup.sample(&setup.valid, watch.n_valid, stream::VALIDATION);
        let mut record = Record { validation: true, ..Record::default() };
        let (masked_loss, masked_accuracy) = setup.masked(&self.state.parameters, &chosen, stage.mask_rate);
        record.masked_loss = Some(masked_loss);
        record.masked_accuracy = Some(masked_accuracy);
        let mut judged = masked_loss;
        if self.state.position.projectors_started {
            let measured = setup.evaluate(&setup.checkpoint(&self.state)?, Some(watch.n_valid), watch.n_random)?;
            record.reconstruction = measured.reconstruction;
            record.random = measured.random;
            if stage.objective != Objective::Denoising {
                judged = 1.0 - record.reconstruction.map_or(0.0, |r| r.token_accuracy);
            }
        }
        self.write(stage, record)?;
        let position = &mut self.state.position;
        if position.best.is_none_or(|best| judged < best) {
            position.best = Some(judged);
            position.since_best = 0;
        } else {
            position.since_best += 1;
        }
        Ok(position.since_best >= stage.patience)
    }

    fn write(&mut self, stage: &Stage, mut record: Record) -> Result<(), PretrainError> {
        let position = &self.state.position;
        record.step = position.total_steps;
        record.stage = position.stage + 1;
        record.objective = Some(stage.objective);
        record.seconds = position.seconds + self.clock.elapsed().as_secs_f64();
        self.log.write(&record)
    }

    fn progress(&self, stage: &Stage, loss: Option<f64>) -> Progress {
        let name = match stage.objective {
            Objective::Denoising => "denoising",
            Objective::Projectors => "projectors",
            Objective::Joint => "projectors and decoder",
        };
        let mut progress = Progress::new(name, self.state.position.step, Some(stage.steps));
        if let Some(loss) = loss {
            progress.detail = format!("loss {loss:.4}");
        }
        progress
    }

    fn save(&mut self) -> Result<(), PretrainError> {
        self.state.position.seconds += self.clock.elapsed().as_secs_f64();
        self.clock = Instant::now();
        self.last_save = self.clock;
        self.state.save(&self.work.join("state.bin"))
    }
}

/// Molecules whose encoder states give the principal axes.
const AXES_SAMPLE: usize = 8192;

/// Sums since the last line of the log, and what notices a diverging loss.
#[derive(Debug, Default)]
struct Recent {
    sum: StepLoss,
    norm: f64,
    n_steps: u64,
    n_molecules: usize,
    monitor: Divergence,
    last: Option<f64>,
}

impl Recent {
    fn add(&mut self, loss: &StepLoss, norm: f64, n_molecules: usize) {
        self.last = Some(loss.total);
        self.sum.total += loss.total;
        self.sum.decoder += loss.decoder;
        self.sum.readout += loss.readout;
        self.sum.states += loss.states;
        self.sum.n_correct += loss.n_correct;
        self.sum.n_targets += loss.n_targets;
        self.norm += norm;
        self.n_steps += 1;
        self.n_molecules += n_molecules;
    }

    fn take(&mut self, learning_rate: f64) -> Record {
        let n = self.n_steps.max(1) as f64;
        let accuracy = self.sum.n_correct as f64 / self.sum.n_targets.max(1) as f64;
        let record = Record {
            loss: Some(self.sum.total / n),
            decoder_loss: Some(self.sum.decoder / n),
            readout_loss: Some(self.sum.readout / n),
            states_error: Some(self.sum.states / n),
            token_accuracy: (self.sum.n_targets > 0).then_some(accuracy),
            gradient_norm: Some(self.norm / n),
            learning_rate: Some(learning_rate),
            molecules: Some(self.n_molecules),
            ..Record::default()
        };
        *self = Self { monitor: self.monitor, last: self.last, ..Self::default() };
        record
    }
}
