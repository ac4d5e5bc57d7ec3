//! From molecules to the batches of BART denoising and of the latent path.

use super::corpus::Corpus;
use super::engine::{DenoisingBatch, LatentBatch};
use super::random::Generator;
use crate::model::SpecialIds;

/// Token roles that a batch needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles {
    /// The special tokens.
    pub special: SpecialIds,
    /// What the decoder is given before its first token.
    pub start: u32,
}

/// Rows `[CLS] molecule [SEP]`, padded to `seq`, which defaults to the longest.
#[derive(Debug, Clone, PartialEq)]
pub struct PaddedRows {
    /// `(batch, seq)`.
    pub ids: Vec<u32>,
    /// Row length.
    pub seq: usize,
    /// Tokens of each row, the two special ones included.
    pub lengths: Vec<usize>,
}

impl PaddedRows {
    /// Pads the chosen molecules of a corpus.
    pub fn new(corpus: &Corpus, chosen: &[u32], roles: Roles, seq: Option<usize>) -> Self {
        let lengths: Vec<usize> = chosen.iter().map(|&k| corpus.row(k as usize).len() + 2).collect();
        let seq = seq.unwrap_or_else(|| lengths.iter().copied().max().unwrap_or(0));
        let mut ids = vec![roles.special.pad; chosen.len() * seq];
        for ((row, &k), &length) in ids.chunks_exact_mut(seq).zip(chosen).zip(&lengths) {
            assert!(length <= seq, "a row of {length} tokens in {seq} places");
            row[0] = roles.special.cls;
            for (slot, &id) in row[1..].iter_mut().zip(corpus.row(k as usize)) {
                *slot = u32::from(id);
            }
            row[length - 1] = roles.special.sep;
        }
        Self { ids, seq, lengths }
    }

    /// Places of the molecule's own tokens: neither special nor padding.
    fn inner(&self) -> impl Iterator<Item = usize> {
        let seq = self.seq;
        self.lengths.iter().enumerate().flat_map(move |(r, &length)| r * seq + 1..r * seq + length - 1)
    }

    fn weights(&self, of_padding: f32) -> Vec<f32> {
        let mut weights = vec![of_padding; self.ids.len()];
        for (row, &length) in weights.chunks_exact_mut(self.seq).zip(&self.lengths) {
            row[..length].fill(1.0);
        }
        weights
    }

    /// The first `seq` places of each row.
    fn cut(&self, seq: usize) -> Vec<u32> {
        self.ids.chunks_exact(self.seq).flat_map(|row| row[..seq].iter().copied()).collect()
    }
}

/// Replaces each of the places with probability `rate` by `mask`; returns which.
fn hide(
    ids: &mut [u32],
    places: impl Iterator<Item = usize>,
    mask: u32,
    rate: f64,
    generator: &mut Generator,
) -> Vec<bool> {
    let mut hidden = vec![false; ids.len()];
    for k in places {
        if generator.uniform() < rate {
            ids[k] = mask;
            hidden[k] = true;
        }
    }
    hidden
}

/// Start token, then the targets but the last; of the molecule's own tokens a part `rate` hidden.
fn decoder_inputs(targets: &PaddedRows, seq: usize, roles: Roles, rate: f64, generator: &mut Generator) -> Vec<u32> {
    let mut source = targets.clone();
    if rate > 0.0 {
        hide(&mut source.ids, targets.inner(), roles.special.mask, rate, generator);
    }
    let rows = source.ids.chunks_exact(source.seq);
    rows.flat_map(|row| std::iter::once(roles.start).chain(row[..seq - 1].iter().copied())).collect()
}

/// How a denoising batch is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DenoisingParams {
    /// Part of the molecule's own tokens that the encoder does not see; in [0, 1].
    pub mask_rate: f64,
    /// Part of the decoder's inputs that is hidden as well; in [0, 1].
    pub hide_rate: f64,
    /// Pad the encoder to so many positions and attend to padding, as the latent path does; none: to the longest row,
    /// padding not attended to.
    pub attended_positions: Option<usize>,
    /// Let the head read the original tokens off the encoder states as well.
    pub readout: bool,
    /// Weight of padding in that reading.
    pub padding_weight: f32,
}

impl DenoisingParams {
    /// BART's own denoising: padding is not attended to, nothing else is hidden or read off.
    pub fn plain(mask_rate: f64) -> Self {
        Self { mask_rate, hide_rate: 0.0, attended_positions: None, readout: false, padding_weight: 0.0 }
    }
}

/// A batch that asks for the whole original sequence; returns also which encoder places were masked.
pub fn denoising_batch(
    corpus: &Corpus,
    chosen: &[u32],
    roles: Roles,
    params: &DenoisingParams,
    generator: &mut Generator,
) -> (DenoisingBatch, Vec<bool>) {
    let rows = PaddedRows::new(corpus, chosen, roles, params.attended_positions);
    let decoder_seq = rows.lengths.iter().copied().max().unwrap_or(0);
    let mut ids = rows.ids.clone();
    let masked = hide(&mut ids, rows.inner(), roles.special.mask, params.mask_rate, generator);
    let hidden = params.attended_positions.is_none().then(|| rows.weights(0.0).iter().map(|&w| w == 0.0).collect());
    let of_padding = if params.attended_positions.is_some() { params.padding_weight } else { 0.0 };
    let decoder = PaddedRows { ids: rows.cut(decoder_seq), seq: decoder_seq, lengths: rows.lengths.clone() };
    let batch = DenoisingBatch {
        ids,
        encoder_seq: rows.seq,
        hidden,
        decoder_ids: decoder_inputs(&decoder, decoder_seq, roles, params.hide_rate, generator),
        decoder_seq,
        weights: decoder.weights(0.0),
        targets: decoder.ids,
        readout: params.readout.then(|| (rows.ids.clone(), rows.weights(of_padding))),
    };
    let masked = masked.chunks_exact(rows.seq).flat_map(|row| row[..decoder_seq].iter().copied()).collect();
    (batch, masked)
}

/// A batch for the projectors, with decoder inputs when `hide_rate` is given.
pub fn latent_batch(
    corpus: &Corpus,
    chosen: &[u32],
    roles: Roles,
    positions: usize,
    padding_weight: f32,
    hide_rate: Option<f64>,
    generator: &mut Generator,
) -> LatentBatch {
    let rows = PaddedRows::new(corpus, chosen, roles, Some(positions));
    let mut batch =
        LatentBatch { readout_weights: rows.weights(padding_weight), ids: rows.ids.clone(), ..LatentBatch::default() };
    if let Some(rate) = hide_rate {
        let seq = rows.lengths.iter().copied().max().unwrap_or(0);
        let decoder = PaddedRows { ids: rows.cut(seq), seq, lengths: rows.lengths };
        batch.decoder_ids = decoder_inputs(&decoder, seq, roles, rate, generator);
        batch.decoder_seq = seq;
        batch.weights = decoder.weights(0.0);
        batch.targets = decoder.ids;
    }
    batch
}
