//! Losses and their gradients on the CPU, written out by hand.
//!
//! candle's autograd allocates and adds for every node on one thread; here a batch is cut into pieces that fit a
//! core's cache, and each piece goes forward and back in one go. [`crate::model::Bart`] is the same network in candle,
//! which trains on a GPU and against which this engine is tested. All sums are taken in an order that depends on the
//! batch alone: a step gives the same bits on any number of threads.

mod anchor;
mod attention;
mod bart;
mod buffer;
mod dropout;
mod kernels;
mod layers;
mod layout;
mod measure;
mod perceptron;
mod product;
mod pseudolabels;
mod weights;

use std::sync::Arc;

use rayon::prelude::*;

use crate::model::{Activation, BartConfig, ProjectorConfig};

pub use anchor::PooledBatch;
pub use bart::{BartAt, HeadLoss, Rows};
pub use dropout::{Dropout, Drops};
pub use layout::Layout;
pub use measure::TokenLoss;
pub use perceptron::{PerceptronAt, PerceptronTape};

use buffer::{Buffer, Stores};
use weights::Weights;

pub(super) use kernels::vectorised;
pub(super) use product::{Transposed, View, product};

/// Why the engine cannot train an architecture.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// An activation without a derivative here.
    #[error("training on the CPU knows the activation gelu, but the model has {found:?}: train it on another device")]
    Activation {
        /// The activation of the model.
        found: Activation,
    },
}

/// Token rows that one piece of a batch holds at most: about what stays in a core's cache.
const PIECE: usize = 512;
/// A network of more weights than this keeps fewer gradients side by side.
const MANY_WEIGHTS: usize = 1 << 24;
/// Elements of the gradient that one task sums.
const SUMMED: usize = 1 << 16;

/// The network over a flat vector of parameters.
#[derive(Debug, Clone)]
pub struct Engine {
    /// Where each tensor lies.
    pub layout: Layout,
    /// The transformer.
    pub bart: BartAt,
    /// Projector and inverse projector, where the architecture has them.
    pub projectors: Option<[PerceptronAt; 2]>,
    d_model: usize,
    /// What its buffers rest in.
    stores: Arc<Stores>,
}

/// A batch for BART denoising. All rows have the same length, encoder and decoder each their own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DenoisingBatch {
    /// Encoder input, `(batch, encoder_seq)`.
    pub ids: Vec<u32>,
    /// Its row length.
    pub encoder_seq: usize,
    /// `(batch, encoder_seq)`, true where padding is not attended to; none: padding is attended to.
    pub hidden: Option<Vec<bool>>,
    /// Decoder input, `(batch, decoder_seq)`.
    pub decoder_ids: Vec<u32>,
    /// Its row length.
    pub decoder_seq: usize,
    /// What the decoder should predict, `(batch, decoder_seq)`.
    pub targets: Vec<u32>,
    /// Weight of each target; the loss is the weighted mean.
    pub weights: Vec<f32>,
    /// What the head should read off the encoder states themselves, with weights; none: no such term.
    pub readout: Option<(Vec<u32>, Vec<f32>)>,
}

impl DenoisingBatch {
    /// Some rows, without the places at their ends that none of them uses: padding that is not attended to and not read,
    /// and decoder targets of no weight, which nothing before them sees.
    fn piece(&self, rows: std::ops::Range<usize>) -> Self {
        let (enc, dec) = (self.encoder_seq, self.decoder_seq);
        let (encoder, decoder) = (rows.start * enc..rows.end * enc, rows.start * dec..rows.end * dec);
        let attended = self.hidden.as_ref().map(|hidden| &hidden[encoder.clone()]);
        let read = self.readout.as_ref().map(|(_, weights)| &weights[encoder.clone()]);
        let is_used = |k: usize| attended.is_none_or(|hidden| !hidden[k]) || read.is_some_and(|read| read[k] > 0.0);
        let encoder_seq = used_places(encoder.len(), enc, is_used);
        let weights = &self.weights[decoder.clone()];
        let decoder_seq = used_places(decoder.len(), dec, |k| weights[k] > 0.0);
        Self {
            ids: cut(&self.ids[encoder.clone()], enc, encoder_seq),
            encoder_seq,
            hidden: attended.map(|hidden| cut(hidden, enc, encoder_seq)),
            decoder_ids: cut(&self.decoder_ids[decoder.clone()], dec, decoder_seq),
            decoder_seq,
            targets: cut(&self.targets[decoder.clone()], dec, decoder_seq),
            weights: cut(weights, dec, decoder_seq),
            readout: self.readout.as_ref().map(|(targets, weights)| {
                (cut(&targets[encoder.clone()], enc, encoder_seq), cut(&weights[encoder.clone()], enc, encoder_seq))
            }),
        }
    }
}

/// Places up to the last one that any of the rows uses, at least one; `n` values in rows of `seq`.
fn used_places(n: usize, seq: usize, is_used: impl Fn(usize) -> bool) -> usize {
    (0..n).filter(|&k| is_used(k)).map(|k| k % seq + 1).max().unwrap_or(1)
}

/// The first `len` places of each row of `seq`.
fn cut<T: Copy>(x: &[T], seq: usize, len: usize) -> Vec<T> {
    x.chunks_exact(seq).flat_map(|row| &row[..len]).copied().collect()
}

/// A batch for the projectors: encoder rows, and what should come out behind the latent vector.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LatentBatch {
    /// Encoder input, `(batch, positions)`, padding attended to.
    pub ids: Vec<u32>,
    /// Weight of each position when the head reads the restored states.
    pub readout_weights: Vec<f32>,
    /// Decoder input, `(batch, decoder_seq)`; empty: the decoder takes no part.
    pub decoder_ids: Vec<u32>,
    /// Its row length.
    pub decoder_seq: usize,
    /// What the decoder should predict, `(batch, decoder_seq)`.
    pub targets: Vec<u32>,
    /// Weight of each target.
    pub weights: Vec<f32>,
}

/// How the terms of the latent loss are weighed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatentWeights {
    /// Mean squared error of the restored states.
    pub states: f32,
    /// Cross-entropy of the tokens that the head reads off the restored states, position by position.
    pub readout: f32,
    /// Cross-entropy of the decoder.
    pub decoder: f32,
    /// Σ max(0, |z| − limit)² per molecule.
    pub bounds: f32,
    /// The limit above.
    pub limit: f32,
}

/// Loss and counts of one step; the gradient is beside it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct StepLoss {
    /// What was minimised.
    pub total: f64,
    /// The decoder's cross-entropy, a weighted mean over tokens, nats.
    pub decoder: f64,
    /// That of the head on encoder states or restored states.
    pub readout: f64,
    /// Mean squared error of the restored states.
    pub states: f64,
    /// Decoder targets of positive weight that were predicted.
    pub n_correct: usize,
    /// Decoder targets of positive weight.
    pub n_targets: usize,
}

/// One share of a batch: a gradient of the transformer and the sums that go with it.
struct Share {
    gradient: Vec<f32>,
    loss: StepLoss,
}

impl Engine {
    /// The engine for an architecture.
    ///
    /// # Errors
    /// The architecture has a part without a derivative here.
    pub fn new(bart: &BartConfig, projectors: Option<&ProjectorConfig>) -> Result<Self, EngineError> {
        let layout = Layout::new(bart, projectors);
        let places = layout::Places(layout.index());
        let pair = projectors.map(|config| {
            let slope = config.rrelu_eval_slope as f32;
            ["projector", "invprojector"].map(|name| PerceptronAt::new(&places, name, slope))
        });
        Ok(Self {
            bart: BartAt::new(bart, &layout)?,
            projectors: pair,
            d_model: bart.d_model,
            layout,
            stores: Arc::default(),
        })
    }

    /// Cross-entropy of the denoising decoder; adds its gradient to `g`, which is laid out like the parameters `p`.
    pub fn denoising(&self, p: &[f32], batch: &DenoisingBatch, g: &mut [f32]) -> StepLoss {
        self.denoising_dropping(p, batch, &Dropout::NONE, g)
    }

    /// As [`Engine::denoising`] with dropout, as a training step of transformers has it.
    pub fn denoising_dropping(&self, p: &[f32], batch: &DenoisingBatch, dropout: &Dropout, g: &mut [f32]) -> StepLoss {
        let n_rows = batch.ids.len() / batch.encoder_seq;
        let p = &Weights::new(p);
        let scale = inverse_sum(&batch.weights);
        let readout_scale = batch.readout.as_ref().map_or(0.0, |(_, weights)| inverse_sum(weights));
        let shares = self.shares(n_rows, batch.encoder_seq.max(batch.decoder_seq), |rows, share| {
            let piece = batch.piece(rows.clone());
            let (e, d) = (piece.encoder_seq, piece.decoder_seq);
            let encoded = Rows { ids: &piece.ids, seq: e, hidden: piece.hidden.as_deref() };
            let decoded = Rows { ids: &piece.decoder_ids, seq: d, hidden: None };
            let drops = Drops::new(dropout, rows.start);
            let (states, encoder_tape) = self.bart.encode_dropping(p, &encoded, &drops);
            let (out, decoder_tape) = self.bart.decode_dropping(p, &decoded, &states, &encoded, &drops);
            let g = &mut share.gradient;
            let weights = scaled(&piece.weights, scale);
            let head = self.bart.head_loss(p, g, &out, &piece.targets, &weights);
            share.loss.decoder += head.loss;
            share.loss.count(&head.correct, &weights);
            let mut dstates = Buffer::zeros(states.len());
            if let Some((targets, weights)) = &piece.readout {
                let weights = scaled(weights, readout_scale);
                let head = self.bart.head_loss(p, g, &states, targets, &weights);
                share.loss.readout += head.loss;
                dstates = head.dstates;
            }
            let (tape, dy) = (&decoder_tape, head.dstates);
            self.bart.decode_backward_dropping(p, g, tape, &decoded, &states, &encoded, dy, &mut dstates, &drops);
            self.bart.encode_backward_dropping(p, g, &encoder_tape, &encoded, dstates, &drops);
        });
        let mut loss = sum_shares(shares, g);
        loss.total = loss.decoder + loss.readout;
        loss
    }

    /// Encoder states `(rows, seq · d_model)` of ids `(rows, seq)`, on all threads.
    pub fn encode(&self, p: &[f32], ids: &[u32], seq: usize, hidden: Option<&[bool]>) -> Vec<f32> {
        let p = &Weights::new(p);
        let piece = piece_rows(seq) * seq;
        let mut states = vec![0.0; ids.len() * self.d_model];
        states.par_chunks_mut(piece * self.d_model).enumerate().for_each(|(k, out)| {
            let places = k * piece..(k * piece + out.len() / self.d_model);
            let hidden = hidden.map(|h| &h[places.clone()]);
            let rows = Rows { ids: &ids[places], seq, hidden };
            self.stores.lend(|| out.copy_from_slice(&self.bart.encode(p, &rows).0));
        });
        states
    }

    /// Loss of the way through the latent vector; adds the gradients of projectors and decoder to `g`. The encoder and
    /// the embeddings are taken as they are: their gradients are left at what the decoder and head add, to be ignored.
    ///
    /// # Panics
    /// If the architecture has no projectors.
    pub fn latent(&self, p: &[f32], batch: &LatentBatch, terms: &LatentWeights, g: &mut [f32]) -> StepLoss {
        let [down, up] = self.projectors.as_ref().expect("the latent path needs projectors");
        let positions = down.layers[0].n_in / self.d_model;
        let n_rows = batch.ids.len() / positions;
        let states = self.encode(p, &batch.ids, positions, None);
        let latent = down.forward(p, &states);
        let restored = up.forward(p, latent.result());

        let packed = &Weights::new(p);
        let mut drestored = vec![0.0; states.len()];
        let (scale, readout_scale) = (inverse_sum(&batch.weights), inverse_sum(&batch.readout_weights));
        let states_scale = terms.states / states.len() as f32;
        let width = positions * self.d_model;
        let share_rows = n_rows.div_ceil(self.n_shares()).max(1);
        let shares: Vec<Share> = drestored
            .par_chunks_mut(share_rows * width)
            .enumerate()
            .map(|(k, drestored)| {
                self.stores.lend(|| {
                    let mut share = Share { gradient: vec![0.0; self.layout.n_bart], loss: StepLoss::default() };
                    let piece = piece_rows(positions);
                    for (j, drestored) in drestored.chunks_mut(piece * width).enumerate() {
                        let first = k * share_rows + j * piece;
                        let rows = first..first + drestored.len() / width;
                        let (token, state) =
                            (rows.start * positions..rows.end * positions, rows.start * width..rows.end * width);
                        let (wanted, found) = (&states[state.clone()], &restored.result()[state]);
                        let weights = scaled(&batch.readout_weights[token.clone()], readout_scale * terms.readout);
                        let head = self.bart.head_loss(
                            packed,
                            &mut share.gradient,
                            found,
                            &batch.ids[token.clone()],
                            &weights,
                        );
                        share.loss.readout += head.loss;
                        drestored.copy_from_slice(&head.dstates);
                        let mut squares = 0.0_f32;
                        for ((d, &found), &wanted) in drestored.iter_mut().zip(found).zip(wanted) {
                            let difference = found - wanted;
                            squares += difference * difference;
                            *d += 2.0 * states_scale * difference;
                        }
                        share.loss.states += f64::from(squares);
                        if !batch.decoder_ids.is_empty() {
                            let at = rows.start * batch.decoder_seq..rows.end * batch.decoder_seq;
                            let encoded = Rows { ids: &batch.ids[token], seq: positions, hidden: None };
                            let decoded =
                                Rows { ids: &batch.decoder_ids[at.clone()], seq: batch.decoder_seq, hidden: None };
                            let (out, tape) = self.bart.decode(packed, &decoded, found, &encoded);
                            let weights = scaled(&batch.weights[at.clone()], scale * terms.decoder);
                            let head =
                                self.bart.head_loss(packed, &mut share.gradient, &out, &batch.targets[at], &weights);
                            share.loss.decoder += head.loss;
                            share.loss.count(&head.correct, &weights);
                            let (g, dy) = (&mut share.gradient, head.dstates);
                            self.bart.decode_backward(packed, g, &tape, &decoded, found, &encoded, dy, drestored);
                        }
                    }
                    share
                })
            })
            .collect();
        let mut loss = sum_shares(shares, g);
        loss.total = loss.decoder + loss.readout + f64::from(states_scale) * loss.states;
        loss.states /= states.len() as f64;

        let mut dlatent = up.backward(p, g, &restored, latent.result(), drestored, true).expect("it was asked for");
        let bounds = terms.bounds / n_rows as f32;
        for (d, &z) in dlatent.iter_mut().zip(latent.result()) {
            let beyond = (z.abs() - terms.limit).max(0.0);
            loss.total += f64::from(bounds * beyond * beyond);
            *d += 2.0 * bounds * beyond * z.signum();
        }
        down.backward(p, g, &latent, &states, dlatent, false);
        loss
    }

    /// Gradients are summed in so many shares, whatever the number of threads: enough to keep them all busy when one of
    /// them is slower.
    fn n_shares(&self) -> usize {
        if self.layout.n_bart > MANY_WEIGHTS { 4 } else { 8 }
    }

    /// Works on `n_rows` rows piece by piece, in shares side by side.
    fn shares(
        &self,
        n_rows: usize,
        seq: usize,
        work: impl Fn(std::ops::Range<usize>, &mut Share) + Sync,
    ) -> Vec<Share> {
        let share_rows = n_rows.div_ceil(self.n_shares()).max(1);
        let piece = piece_rows(seq);
        let share_of = |k: usize| {
            let mut share = Share { gradient: vec![0.0; self.layout.n_bart], loss: StepLoss::default() };
            let end = ((k + 1) * share_rows).min(n_rows);
            let mut first = k * share_rows;
            while first < end {
                let last = (first + piece).min(end);
                work(first..last, &mut share);
                first = last;
            }
            share
        };
        (0..n_rows.div_ceil(share_rows)).into_par_iter().map(|k| self.stores.lend(|| share_of(k))).collect()
    }

    /// Works on `n_rows` rows piece by piece on all threads; the results are in order.
    fn pieces<T: Send>(&self, n_rows: usize, seq: usize, work: impl Fn(std::ops::Range<usize>) -> T + Sync) -> Vec<T> {
        let piece = piece_rows(seq);
        let rows = |k: usize| k * piece..((k + 1) * piece).min(n_rows);
        (0..n_rows.div_ceil(piece)).into_par_iter().map(|k| self.stores.lend(|| work(rows(k)))).collect()
    }
}

impl StepLoss {
    fn count(&mut self, correct: &[bool], weights: &[f32]) {
        self.n_correct += correct.iter().filter(|&&c| c).count();
        self.n_targets += weights.iter().filter(|&&w| w > 0.0).count();
    }
}

fn piece_rows(seq: usize) -> usize {
    (PIECE / seq).max(1)
}

fn inverse_sum(weights: &[f32]) -> f32 {
    let sum: f64 = weights.iter().map(|&w| f64::from(w)).sum();
    if sum > 0.0 { (1.0 / sum) as f32 } else { 0.0 }
}

fn scaled(weights: &[f32], factor: f32) -> Vec<f32> {
    weights.iter().map(|w| w * factor).collect()
}

/// Adds the gradients of the shares to `g` in their order.
fn sum_shares(shares: Vec<Share>, g: &mut [f32]) -> StepLoss {
    let n = shares.iter().map(|share| share.gradient.len()).max().unwrap_or(0);
    g[..n].par_chunks_mut(SUMMED).enumerate().for_each(|(k, g)| {
        for share in &shares {
            kernels::add_to(g, &share.gradient[k * SUMMED..][..g.len()]);
        }
    });
    let mut loss = StepLoss::default();
    for share in shares {
        loss.decoder += share.loss.decoder;
        loss.readout += share.loss.readout;
        loss.states += share.loss.states;
        loss.n_correct += share.loss.n_correct;
        loss.n_targets += share.loss.n_targets;
    }
    loss
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(hidden: Option<Vec<bool>>, readout: Option<(Vec<u32>, Vec<f32>)>) -> DenoisingBatch {
        DenoisingBatch {
            ids: vec![1, 2, 3, 0, 4, 5, 0, 0, 6, 7, 8, 9],
            encoder_seq: 4,
            hidden,
            decoder_ids: vec![1, 2, 0, 1, 0, 0, 1, 2, 3],
            decoder_seq: 3,
            targets: vec![2, 3, 0, 4, 0, 0, 5, 6, 7],
            weights: vec![1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0],
            readout,
        }
    }

    #[test]
    fn a_piece_leaves_out_what_none_of_its_rows_uses() {
        let hidden: Vec<bool> = [0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 0].iter().map(|&h| h == 1).collect();
        let piece = batch(Some(hidden.clone()), None).piece(0..2);
        assert_eq!((piece.encoder_seq, piece.decoder_seq), (3, 2));
        assert_eq!(piece.ids, [1, 2, 3, 4, 5, 0]);
        assert_eq!(piece.hidden, Some(vec![false, false, false, false, false, true]));
        assert_eq!((piece.decoder_ids, piece.targets), (vec![1, 2, 1, 0], vec![2, 3, 4, 0]));
        assert_eq!(piece.weights, [1.0, 1.0, 1.0, 0.0]);
        let whole = batch(Some(hidden.clone()), None);
        assert_eq!(whole.piece(2..3).ids, [6, 7, 8, 9]);
        assert_eq!(whole.piece(2..3).decoder_seq, 3, "a target without weight between others stays");
        // What is attended to or read off stays, padding or not.
        assert_eq!(batch(None, None).piece(0..2).encoder_seq, 4);
        let mut weights = vec![0.0; 12];
        weights[3] = 0.5;
        assert_eq!(batch(Some(hidden), Some((vec![0; 12], weights))).piece(0..2).encoder_seq, 4);
    }
}
