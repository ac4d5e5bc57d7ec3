//! A run that is ready to start: the base model, its molecules, and which parameters learn.

use std::ops::{ControlFlow, Range};
use std::path::Path;

use candle_core::{Device, Tensor};

use super::adapters::Adapters;
use super::clusters::cluster;
use super::error::TuneError;
use super::folder::RunFolder;
use super::molecules::{Molecules, pooled_batch};
use super::params::{PrototypeParams, Strategy, TuneParams};
use super::run::Run;
use super::tuned::{Metrics, Tuned, Validation};
use crate::jobs::Progress;
use crate::model::{Checkpoint, CheckpointError, StoredTensor, digest};
use crate::train::denoising::Roles;
use crate::train::engine::Engine;
use crate::train::metrics::denoise;
use crate::train::random::Generator;

/// Told after every step, with the weights of the moment.
pub type Live<'a> = &'a mut dyn FnMut(&Metrics, &Snapshot<'_>);

/// The weights of a run between two steps.
pub struct Snapshot<'a> {
    pub(super) tuning: &'a Tuning,
    pub(super) p: &'a [f32],
}

impl Snapshot<'_> {
    /// The checkpoint that the run would end in now.
    ///
    /// # Errors
    /// A tensor cannot be made.
    pub fn checkpoint(&self) -> Result<Checkpoint, TuneError> {
        self.tuning.with_weights(self.p)
    }
}

/// Names of random streams; the seed and these decide every draw.
pub(super) mod stream {
    pub const ORDER: u64 = 101;
    pub const MASKS: u64 = 102;
    pub const REPLAY: u64 = 103;
    pub const REPLAY_MASKS: u64 = 104;
    pub const ADAPTERS: u64 = 105;
    pub const CLUSTERS: u64 = 106;
    pub const VALIDATION: u64 = 107;
}

/// Embeddings that prototypes are found among, at most.
const MAX_CLUSTERED: usize = 2048;

/// A base model with the molecules and settings of a run.
#[derive(Debug)]
pub struct Tuning {
    pub(super) params: TuneParams,
    pub(super) checkpoint: Checkpoint,
    pub(super) base_digest: String,
    pub(super) engine: Engine,
    /// The transformer's weights, laid out as the engine has them.
    pub(super) base: Vec<f32>,
    pub(super) roles: Roles,
    pub(super) fill: Molecules,
    pub(super) corpus: Molecules,
    pub(super) validation: Molecules,
    pub(super) learned: Learned,
    pub(super) prototypes: Option<Prototypes>,
}

/// What learns.
#[derive(Debug)]
pub(super) enum Learned {
    /// Weights of the network itself, in ascending ranges.
    Weights(Vec<Range<usize>>),
    /// Adapters beside them.
    Adapters(Adapters),
}

/// Where the embedding of each fill-set molecule is held.
#[derive(Debug)]
pub(super) struct Prototypes {
    pub params: PrototypeParams,
    /// `(molecules, d_model)`.
    pub targets: Vec<f32>,
    pub n: usize,
}

impl Tuning {
    /// Reads the base model and the molecules, and lays out what learns.
    ///
    /// # Errors
    /// The checkpoint cannot be read or trained; settings that cannot be; no usable molecule where some are needed.
    pub fn prepare(
        base: &Path,
        [fill, corpus, validation]: [&[String]; 3],
        params: &TuneParams,
    ) -> Result<Self, TuneError> {
        params.check().map_err(|what| TuneError::Params { what })?;
        let checkpoint = Checkpoint::open(base)?;
        let base_digest = digest(&checkpoint)?;
        let engine = Engine::new(&checkpoint.config, None)?;
        let mut base = Vec::with_capacity(engine.layout.len);
        for (name, ..) in &engine.layout.tensors {
            base.extend(checkpoint.values(name)?);
        }
        let max_symbols = checkpoint.config.max_position_embeddings.saturating_sub(2);
        let read = |texts: &[String]| Molecules::new(texts, &checkpoint.tokeniser, max_symbols);
        let fill = read(fill)?.needed("fill set")?;
        let mut corpus = read(corpus)?;
        if params.strategy.replay().is_some() {
            corpus = corpus.needed("corpus")?;
        }
        let mut validation = read(validation)?;
        if validation.sizes().n_used == 0 && validation.n_given() > 0 {
            validation = validation.needed("validation set")?;
        }
        let learned = match params.strategy.lora() {
            Some(lora) => Learned::Adapters(Adapters::new(&engine.layout, lora)?),
            None => Learned::Weights(trained_ranges(&engine, &checkpoint, &params.strategy)),
        };
        let roles = Roles { special: checkpoint.tokeniser.special(), start: checkpoint.config.decoder_start_token_id };
        let params = params.clone();
        let prototypes = None;
        let mut tuning = Self {
            params,
            checkpoint,
            base_digest,
            engine,
            base,
            roles,
            fill,
            corpus,
            validation,
            learned,
            prototypes,
        };
        if let Strategy::Prototypes(params) = tuning.params.strategy {
            tuning.prototypes = Some(tuning.find_prototypes(params));
        }
        Ok(tuning)
    }

    /// Runs, or goes on where the state saved in `folder` stands; a run that is done is read back.
    ///
    /// * `live` – told after every step, and once before the first
    ///
    /// # Errors
    /// Files cannot be read or written; the folder belongs to something else.
    pub fn run(
        &self,
        folder: &Path,
        observe: &mut dyn FnMut(Progress) -> ControlFlow<()>,
        live: &mut dyn FnMut(&Metrics),
    ) -> Result<Tuned, TuneError> {
        self.run_live(folder, observe, &mut |metrics, _| live(metrics))
    }

    /// As [`Tuning::run`]; `live` is also lent the weights of the moment, to look at what the model has become.
    ///
    /// # Errors
    /// As [`Tuning::run`].
    pub fn run_live(
        &self,
        folder: &Path,
        observe: &mut dyn FnMut(Progress) -> ControlFlow<()>,
        live: Live<'_>,
    ) -> Result<Tuned, TuneError> {
        let folder = RunFolder::open(folder)?;
        match folder.done(self)? {
            Some(tuned) => Ok(tuned),
            None => Run::start(self, folder)?.go(observe, live),
        }
    }

    /// Steps of all epochs, and how often held-out molecules are measured unless it stops early.
    pub fn n_steps_and_validations(&self) -> [u64; 2] {
        let epochs = self.params.epochs;
        let regular = epochs / self.params.validate_every;
        let last = u64::from(!epochs.is_multiple_of(self.params.validate_every));
        let n_validations =
            if self.params.n_validation == 0 || self.validation.corpus.is_empty() { 0 } else { 1 + regular + last };
        [self.n_batches() * epochs, n_validations]
    }

    /// The base with the tensors that learn taken from `p`, in f32; all others are the base's, byte for byte.
    pub(super) fn with_weights(&self, p: &[f32]) -> Result<Checkpoint, TuneError> {
        let mut checkpoint = self.checkpoint.clone();
        let merged: Vec<String> = match &self.learned {
            Learned::Weights(_) => Vec::new(),
            Learned::Adapters(adapters) => adapters.merged_tensors().collect(),
        };
        for (name, shape, place) in &self.engine.layout.tensors {
            let has_learned = match &self.learned {
                Learned::Weights(ranges) => ranges.contains(place),
                Learned::Adapters(_) => merged.contains(name),
            };
            if has_learned {
                let tensor = Tensor::from_slice(&p[place.clone()], shape.clone(), &Device::Cpu);
                let tensor = tensor.map_err(CheckpointError::from)?;
                checkpoint.tensors.insert(name.clone(), StoredTensor::from_tensor(&tensor)?);
            }
        }
        Ok(checkpoint)
    }

    /// Numbers that learn.
    pub fn n_trained(&self) -> usize {
        match &self.learned {
            Learned::Weights(ranges) => ranges.iter().map(ExactSizeIterator::len).sum(),
            Learned::Adapters(adapters) => adapters.len,
        }
    }

    /// Steps of an epoch.
    pub(super) fn n_batches(&self) -> u64 {
        self.fill.corpus.len().div_ceil(self.params.batch_size) as u64
    }

    /// The held-out molecules under the weights `p`, with the same masks every time; none without such molecules.
    pub(super) fn validate(&self, p: &[f32]) -> Option<Validation> {
        let n = self.validation.corpus.len().min(self.params.n_validation);
        if n == 0 {
            return None;
        }
        // The order is part of the set, not of the seed: runs of other seeds are measured on the same molecules.
        let mut chosen: Vec<u32> = (0..self.validation.corpus.len() as u32).collect();
        Generator::new(0, &[stream::VALIDATION]).shuffle(&mut chosen);
        chosen.truncate(n);
        let mut masks = Generator::new(0, &[stream::VALIDATION, 1]);
        let rate = self.params.mask_rate;
        let found = denoise(&self.engine, p, &self.validation.corpus, &chosen, self.roles, rate, &mut masks);
        Some(Validation { loss: found.loss, masked_loss: found.masked_loss, masked_accuracy: found.masked_accuracy })
    }

    /// Clusters the embeddings of corpus and fill set under the base model, and finds each fill-set molecule's centre.
    fn find_prototypes(&self, params: PrototypeParams) -> Prototypes {
        let dim = self.checkpoint.config.d_model;
        let embed = |molecules: &Molecules, chosen: &[u32]| -> Vec<f32> {
            let parts = chosen.chunks(256).map(|chosen| pooled_batch(&molecules.corpus, chosen, self.roles));
            parts.flat_map(|batch| self.engine.pooled(&self.base, &batch)).collect()
        };
        let mut generator = Generator::new(self.params.seed, &[stream::CLUSTERS]);
        let mut of_corpus: Vec<u32> = (0..self.corpus.corpus.len() as u32).collect();
        generator.shuffle(&mut of_corpus);
        let n_fill = self.fill.corpus.len();
        of_corpus.truncate(MAX_CLUSTERED.saturating_sub(n_fill));
        let of_fill: Vec<u32> = (0..n_fill as u32).collect();
        let fill = embed(&self.fill, &of_fill);
        let mut rows = embed(&self.corpus, &of_corpus);
        rows.extend(&fill[..n_fill.min(MAX_CLUSTERED) * dim]);
        let clusters = cluster(&rows, dim, params.clustering, params.max_clusters, &mut generator);
        let targets = fill.chunks_exact(dim).flat_map(|z| clusters.centre(clusters.of(z)).to_vec()).collect();
        Prototypes { params, targets, n: clusters.len() }
    }
}

/// The weights that a strategy without adapters trains, in ascending ranges. The bias of the logits is no parameter in
/// transformers, and stays.
fn trained_ranges(engine: &Engine, checkpoint: &Checkpoint, strategy: &Strategy) -> Vec<Range<usize>> {
    let last = format!("model.decoder.layers.{}.", checkpoint.config.decoder_layers.saturating_sub(1));
    let is_trained = |name: &str| match strategy {
        Strategy::FreezeEncoder => name.starts_with("model.decoder.layers."),
        Strategy::LastDecoderLayer => name.starts_with(&last),
        _ => name != "final_logits_bias",
    };
    let tensors = engine.layout.tensors.iter().filter(|(name, ..)| is_trained(name));
    tensors.map(|(.., place)| place.clone()).collect()
}
