//! An opened SELFIES-TED model: the [`FoundationModel`] that the workbench uses.

use std::ops::ControlFlow;
use std::path::Path;

use candle_core::{Device, Tensor};
use sha2::{Digest, Sha256};

use super::NoDropout;
use super::checkpoint::{Checkpoint, CheckpointError};
use super::config::BartConfig;
use super::device::DeviceChoice;
use super::engine::{EncoderScratch, Engine};
use super::foundation::{
    Decoded, Embedding, FoundationModel, LatentBox, LatentVector, ModelError, PooledEmbedding, Provenance,
};
use super::greedy::{GreedyParams, Tokens};
use super::parallel::in_order;
use super::selfies_ted::SelfiesTedNet;
use super::tokens::{Tokeniser, Unknown};
use crate::chem;
use crate::jobs::{Observe, Progress};

/// Tokens of a text at most when it is pooled, as in the reference.
const POOLED_LEN: usize = 128;
/// Molecules of a chunk of encoding: the projector reads its weights once for all of them.
const ENCODE_CHUNK: usize = 64;
/// Latent vectors of a chunk of decoding: the inverse projector reads its weights once for all of them.
const DECODE_CHUNK: usize = 128;
/// Rows of a batch on an accelerator.
const DEVICE_BATCH: usize = 512;

/// A SELFIES-TED checkpoint, loaded.
#[derive(Debug)]
pub struct SelfiesTed {
    config: BartConfig,
    positions: usize,
    latent_dim: usize,
    tokeniser: Tokeniser,
    latent_box: Option<LatentBox>,
    greedy: GreedyParams,
    provenance: Provenance,
    backend: Backend,
}

/// What computes.
#[derive(Debug)]
enum Backend {
    Cpu(Engine),
    Candle(SelfiesTedNet, Device),
}

impl SelfiesTed {
    /// Opens a folder and loads its weights onto a device.
    ///
    /// # Errors
    /// The checkpoint is broken; the device is missing.
    pub fn open(path: &Path, device: DeviceChoice) -> Result<Self, ModelError> {
        Self::load(&Checkpoint::open(path)?, device)
    }

    /// Loads the weights of a checkpoint onto a device. On the CPU the engine computes, elsewhere candle.
    ///
    /// # Errors
    /// A tensor cannot be read or holds something that is no number; the device is missing.
    pub fn load(checkpoint: &Checkpoint, choice: DeviceChoice) -> Result<Self, ModelError> {
        let backend = match choice {
            DeviceChoice::Cpu => Backend::Cpu(Engine::load(checkpoint)?),
            _ => {
                let device = choice.open()?;
                Backend::Candle(SelfiesTedNet::load(checkpoint, &device)?, device)
            }
        };
        Self::with_backend(checkpoint, choice, backend)
    }

    /// As [`SelfiesTed::load`] on the CPU, computed by candle instead of the engine: slow, for comparisons.
    ///
    /// # Errors
    /// As [`SelfiesTed::load`].
    pub fn load_in_candle(checkpoint: &Checkpoint) -> Result<Self, ModelError> {
        let net = SelfiesTedNet::load(checkpoint, &Device::Cpu)?;
        Self::with_backend(checkpoint, DeviceChoice::Cpu, Backend::Candle(net, Device::Cpu))
    }

    fn with_backend(checkpoint: &Checkpoint, device: DeviceChoice, backend: Backend) -> Result<Self, ModelError> {
        let projectors = checkpoint.projectors.as_ref();
        let latent_dim = projectors.map_or(0, |p| p.latent_dim());
        Ok(Self {
            config: checkpoint.config.clone(),
            positions: projectors.map_or(0, |p| p.positions()),
            latent_dim,
            tokeniser: checkpoint.tokeniser.clone(),
            latent_box: projectors.map(|_| LatentBox::unit(latent_dim)),
            greedy: GreedyParams::of(&checkpoint.config),
            provenance: provenance(checkpoint, device)?,
            backend,
        })
    }

    /// How rows are decoded.
    pub fn greedy_params(&self) -> &GreedyParams {
        &self.greedy
    }

    /// Width of pooled embeddings.
    pub fn pooled_dim(&self) -> usize {
        self.config.d_model
    }

    fn tokens(&self, selfies: &[String], max_len: usize, unknown: Unknown) -> Result<Vec<Vec<u32>>, ModelError> {
        let max_len = max_len.min(self.config.max_position_embeddings);
        let encode = |(row, text): (usize, &String)| {
            self.tokeniser.encode(text, max_len, unknown).map_err(|source| ModelError::Tokens { row, source })
        };
        selfies.iter().enumerate().map(encode).collect()
    }

    fn compute_error(&self, source: candle_core::Error) -> ModelError {
        ModelError::Compute { device: self.provenance.device.clone(), source }
    }

    fn check_latents(&self, latents: &[LatentVector]) -> Result<(), ModelError> {
        if self.latent_box.is_none() {
            return Err(ModelError::NoProjectors);
        }
        for (row, latent) in latents.iter().enumerate() {
            if latent.0.len() != self.latent_dim {
                return Err(ModelError::LatentDim { row, found: latent.0.len(), expected: self.latent_dim });
            }
            if let Some(coordinate) = latent.0.iter().position(|x| !x.is_finite()) {
                return Err(ModelError::NotFinite { row, coordinate, value: latent.0[coordinate] });
            }
        }
        Ok(())
    }

    /// Token rows of latent vectors; the decoded text is made by [`SelfiesTed::text`].
    ///
    /// # Errors
    /// As [`FoundationModel::decode`].
    pub fn decode_tokens(&self, latents: &[LatentVector]) -> Result<Vec<Tokens>, ModelError> {
        self.check_latents(latents)?;
        let flat: Vec<f32> = latents.iter().flat_map(|l| &l.0).copied().collect();
        match &self.backend {
            Backend::Cpu(engine) => Ok(engine.greedy(&engine.unproject(&flat), self.positions, &self.greedy)),
            Backend::Candle(net, device) => {
                let projectors = net.projectors.as_ref().ok_or(ModelError::NoProjectors)?;
                Tensor::from_vec(flat, (latents.len(), self.latent_dim), device)
                    .and_then(|latents| net.bart.greedy(&projectors.states(&latents)?, &self.greedy))
                    .map_err(|source| self.compute_error(source))
            }
        }
    }

    /// The SELFIES text and molecule of a token row.
    pub fn text(&self, tokens: &Tokens) -> Decoded {
        let body = match tokens.ids.split_last() {
            Some((&last, body)) if last == self.greedy.eos => body,
            _ => &tokens.ids,
        };
        // Ids of the model beyond the vocabulary (padding rows of the embedding) have no symbol: the text ends there.
        let selfies = self.tokeniser.decode(body).unwrap_or_default().replace(' ', "");
        let smiles = chem::selfies::decode(&selfies).ok();
        Decoded { selfies, smiles, n_tokens: body.len(), capped: tokens.capped }
    }

    fn latents_on_cpu(&self, engine: &Engine, ids: &[Vec<u32>]) -> Vec<LatentVector> {
        let d = engine.d_model();
        let mut scratch = EncoderScratch::default();
        let mut states = vec![0.0; ids.len() * self.positions * d];
        for (ids, states) in ids.iter().zip(states.chunks_exact_mut(self.positions * d)) {
            engine.encode(ids, &mut scratch, states);
        }
        engine.project(&states).chunks_exact(self.latent_dim).map(|row| LatentVector(row.to_vec())).collect()
    }

    fn latents_in_candle(
        &self,
        net: &SelfiesTedNet,
        device: &Device,
        ids: &[Vec<u32>],
    ) -> Result<Vec<LatentVector>, ModelError> {
        let projectors = net.projectors.as_ref().ok_or(ModelError::NoProjectors)?;
        let rows = || -> candle_core::Result<Vec<Vec<f32>>> {
            let ids = Tensor::new(ids.to_vec(), device)?;
            projectors.latent(&net.bart.encode(&ids, None, &NoDropout)?)?.to_vec2()
        };
        Ok(rows().map_err(|source| self.compute_error(source))?.into_iter().map(LatentVector).collect())
    }

    fn pooled_in_candle(
        &self,
        net: &SelfiesTedNet,
        device: &Device,
        ids: &[&Vec<u32>],
    ) -> Result<Vec<PooledEmbedding>, ModelError> {
        let longest = ids.iter().map(|row| row.len()).max().unwrap_or(0);
        let pad = self.tokeniser.special().pad;
        let rows = || -> candle_core::Result<Vec<Vec<f32>>> {
            let padded = |value: &dyn Fn(&Vec<u32>, usize) -> u32| {
                let flat: Vec<u32> = ids.iter().flat_map(|row| (0..longest).map(|k| value(row, k))).collect();
                Tensor::from_vec(flat, (ids.len(), longest), device)
            };
            let mask = padded(&|row, k| u32::from(k < row.len()))?;
            net.pooled(&padded(&|row, k| row.get(k).copied().unwrap_or(pad))?, &mask)?.to_vec2()
        };
        Ok(rows().map_err(|source| self.compute_error(source))?.into_iter().map(PooledEmbedding).collect())
    }
}

/// The mean over positions of states `(positions, d)`.
fn mean_state(states: &[f32], d: usize) -> PooledEmbedding {
    let mut mean = vec![0.0f32; d];
    for state in states.chunks_exact(d) {
        for (mean, x) in mean.iter_mut().zip(state) {
            *mean += x;
        }
    }
    let n = (states.len() / d) as f32;
    mean.iter_mut().for_each(|x| *x /= n);
    PooledEmbedding(mean)
}

/// Gathers the outcomes of chunks into `rows` and reports; the first error ends the work.
fn gather<T: Send>(
    stage: &'static str,
    n_rows: usize,
    chunk_len: usize,
    work: impl Fn(std::ops::Range<usize>) -> Result<Vec<T>, ModelError> + Sync,
    observe: Observe,
) -> Result<Vec<T>, ModelError> {
    let mut rows = Vec::with_capacity(n_rows);
    let mut failed = None;
    in_order(
        n_rows.div_ceil(chunk_len),
        |k| work(k * chunk_len..((k + 1) * chunk_len).min(n_rows)),
        |outcome| match outcome {
            Ok(part) => {
                rows.extend(part);
                observe(Progress::new(stage, rows.len() as u64, Some(n_rows as u64)))
            }
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        },
    );
    failed.map_or(Ok(rows), Err)
}

/// A chunk length that leaves no core idle over `n_rows` rows.
fn chunk_len(n_rows: usize, most: usize) -> usize {
    n_rows.div_ceil(rayon::current_num_threads()).clamp(1, most)
}

impl FoundationModel for SelfiesTed {
    fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    fn vocabulary(&self) -> &Tokeniser {
        &self.tokeniser
    }

    fn latent_box(&self) -> Option<&LatentBox> {
        self.latent_box.as_ref()
    }

    fn max_tokens(&self, embedding: Embedding) -> usize {
        let most = match embedding {
            Embedding::Latent => self.positions,
            Embedding::Pooled => POOLED_LEN,
        };
        most.min(self.config.max_position_embeddings)
    }

    fn encode_latent(
        &self,
        selfies: &[String],
        unknown: Unknown,
        observe: Observe,
    ) -> Result<Vec<LatentVector>, ModelError> {
        if self.latent_box.is_none() {
            return Err(ModelError::NoProjectors);
        }
        let mut ids = self.tokens(selfies, self.positions, unknown)?;
        for row in &mut ids {
            row.resize(self.positions, self.tokeniser.special().pad);
        }
        match &self.backend {
            Backend::Cpu(engine) => {
                let work = |rows| Ok(self.latents_on_cpu(engine, &ids[rows]));
                gather("encode", ids.len(), chunk_len(ids.len(), ENCODE_CHUNK), work, observe)
            }
            Backend::Candle(net, device) => {
                in_batches("encode", &ids, observe, |ids| self.latents_in_candle(net, device, ids))
            }
        }
    }

    fn encode_pooled(
        &self,
        selfies: &[String],
        unknown: Unknown,
        observe: Observe,
    ) -> Result<Vec<PooledEmbedding>, ModelError> {
        let ids = self.tokens(selfies, POOLED_LEN, unknown)?;
        match &self.backend {
            Backend::Cpu(engine) => {
                // Padding would be masked out: a sequence alone needs none.
                let d = engine.d_model();
                let work = |rows: std::ops::Range<usize>| {
                    let mut scratch = EncoderScratch::default();
                    let pool = |ids: &Vec<u32>| {
                        let mut states = vec![0.0; ids.len() * d];
                        engine.encode(ids, &mut scratch, &mut states);
                        mean_state(&states, d)
                    };
                    Ok(ids[rows].iter().map(pool).collect())
                };
                gather("encode", ids.len(), chunk_len(ids.len(), ENCODE_CHUNK), work, observe)
            }
            Backend::Candle(net, device) => {
                // Rows of like length share a batch; the outcome goes back to the order of the molecules.
                let mut order: Vec<usize> = (0..ids.len()).collect();
                order.sort_by_key(|&row| ids[row].len());
                let sorted: Vec<&Vec<u32>> = order.iter().map(|&row| &ids[row]).collect();
                let pooled = in_batches("encode", &sorted, observe, |ids| self.pooled_in_candle(net, device, ids))?;
                let mut rows = vec![None; ids.len()];
                for (&row, embedding) in order.iter().zip(pooled) {
                    rows[row] = Some(embedding);
                }
                Ok(rows.into_iter().map_while(|row| row).collect())
            }
        }
    }

    fn decode(&self, latents: &[LatentVector], observe: Observe) -> Result<Vec<Decoded>, ModelError> {
        self.check_latents(latents)?;
        let work = |rows: &[LatentVector]| -> Result<Vec<Decoded>, ModelError> {
            Ok(self.decode_tokens(rows)?.iter().map(|tokens| self.text(tokens)).collect())
        };
        match &self.backend {
            Backend::Cpu(_) => {
                let chunk_len = chunk_len(latents.len(), DECODE_CHUNK);
                gather("decode", latents.len(), chunk_len, |rows| work(&latents[rows]), observe)
            }
            Backend::Candle(..) => in_batches("decode", latents, observe, work),
        }
    }
}

/// One batch after the other, for a device that fills itself.
fn in_batches<I, T>(
    stage: &'static str,
    rows: &[I],
    observe: Observe,
    work: impl Fn(&[I]) -> Result<Vec<T>, ModelError>,
) -> Result<Vec<T>, ModelError> {
    let mut done = Vec::with_capacity(rows.len());
    for batch in rows.chunks(DEVICE_BATCH) {
        done.extend(work(batch)?);
        if observe(Progress::new(stage, done.len() as u64, Some(rows.len() as u64))).is_break() {
            break;
        }
    }
    Ok(done)
}

fn provenance(checkpoint: &Checkpoint, device: DeviceChoice) -> Result<Provenance, CheckpointError> {
    let count = |ours: bool| {
        let is_projector = |name: &str| name.starts_with("projector.") || name.starts_with("invprojector.");
        checkpoint.tensors.iter().filter(|(name, _)| is_projector(name) == ours).map(|(_, t)| t.n_elements()).sum()
    };
    let config = &checkpoint.config;
    let folder = checkpoint.path.as_ref();
    let name = checkpoint.facts.name.clone();
    let folder_name = || folder.and_then(|p| p.file_name()).map(|n| n.to_string_lossy().into_owned());
    Ok(Provenance {
        name: name.or_else(folder_name).unwrap_or_else(|| "unnamed".to_owned()),
        path: folder.map(|p| p.to_string_lossy().into_owned()),
        architecture: format!(
            "SELFIES-TED, width {}, {} + {} layers, {} + {} heads, {} tokens, {}",
            config.d_model,
            config.encoder_layers,
            config.decoder_layers,
            config.encoder_attention_heads,
            config.decoder_attention_heads,
            config.vocab_size,
            checkpoint.projectors.as_ref().map_or("no latent".to_owned(), |p| format!("latent {}", p.latent_dim())),
        ),
        n_weights: [count(false), count(true)],
        digest: digest(checkpoint)?,
        decoding: GreedyParams::of(config).to_string(),
        device: device.to_string(),
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// SHA-256 over the settings, the vocabulary and every tensor by name: the same for every file format of the same model.
///
/// # Errors
/// A tensor cannot be read.
pub fn digest(checkpoint: &Checkpoint) -> Result<String, CheckpointError> {
    use std::fmt::Write;
    let mut hash = Sha256::new();
    let config = BartConfig { rest: serde_json::Map::new(), ..checkpoint.config.clone() };
    let decoding = config.decoding.fields();
    hash.update(serde_json::to_vec(&(config, &checkpoint.projectors)).expect("plain numbers and text"));
    if !decoding.is_empty() {
        hash.update(serde_json::to_vec(&decoding).expect("plain numbers and text"));
    }
    for (id, token) in checkpoint.tokeniser.tokens() {
        hash.update(id.to_le_bytes());
        hash.update(token.as_bytes());
    }
    for (name, tensor) in &checkpoint.tensors {
        hash.update(name.as_bytes());
        hash.update([0]);
        tensor.for_each_piece(|bytes| hash.update(bytes))?;
    }
    Ok(hash.finalize().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string");
        text
    }))
}
