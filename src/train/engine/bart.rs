//! The transformer: encoder, decoder and tied head over a batch that one thread works on.

use super::attention::Span;
use super::buffer::Buffer;
use super::dropout::{Drops, Site};
use super::kernels::cross_entropy;
use super::layers::{DecoderLayerAt, DecoderLayerTape, EncoderLayerAt, EncoderLayerTape, NormTape, OpeningAt};
use super::layout::{Layout, LinearAt, Places};
use super::product::{Onto, Transposed, View, product};
use super::weights::Weights;
use crate::model::{Activation, BartConfig};

use super::EngineError;

/// The places of all weights of a BART.
#[derive(Debug, Clone)]
pub struct BartAt {
    encoder: OpeningAt,
    encoder_layers: Vec<EncoderLayerAt>,
    decoder: OpeningAt,
    decoder_layers: Vec<DecoderLayerAt>,
    /// Tied to the embedding or not; its bias lies elsewhere.
    head: LinearAt,
    logits_bias: usize,
}

/// Token ids `(batch, seq)` and, where padding is not attended to, which positions are hidden.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// Row-major ids.
    pub ids: &'a [u32],
    /// Length of each row.
    pub seq: usize,
    /// True where a position is not attended to.
    pub hidden: Option<&'a [bool]>,
}

impl Rows<'_> {
    fn batch(&self) -> usize {
        self.ids.len() / self.seq
    }

    fn own_span(&self, causal: bool) -> Span<'_> {
        let hidden = if causal { None } else { self.hidden };
        Span { batch: self.batch(), queries: self.seq, keys: self.seq, hidden, causal }
    }
}

/// What the derivative of the encoder needs.
#[derive(Debug)]
pub struct EncoderTape {
    opening: NormTape,
    layers: Vec<EncoderLayerTape>,
}

/// What the derivative of the decoder needs.
#[derive(Debug)]
pub struct DecoderTape {
    opening: NormTape,
    layers: Vec<DecoderLayerTape>,
}

impl BartAt {
    /// Finds the weights of `config` in `layout`.
    ///
    /// # Errors
    /// An architecture that this engine does not compute.
    pub fn new(config: &BartConfig, layout: &Layout) -> Result<Self, EngineError> {
        if config.activation_function != Activation::Gelu {
            return Err(EngineError::Activation { found: config.activation_function });
        }
        let places = Places(layout.index());
        let embedding = places.tensor("model.shared.weight").start;
        let opening = |side: &str| OpeningAt {
            embedding,
            positions: places.tensor(&format!("model.{side}.embed_positions.weight")).start,
            norm: places.norm(&format!("model.{side}.layernorm_embedding")),
            embed_scale: if config.scale_embedding { (config.d_model as f32).sqrt() } else { 1.0 },
            padding: config.pad_token_id,
        };
        Ok(Self {
            encoder: opening("encoder"),
            encoder_layers: (0..config.encoder_layers)
                .map(|k| EncoderLayerAt::new(&places, k, config.encoder_attention_heads))
                .collect(),
            decoder: opening("decoder"),
            decoder_layers: (0..config.decoder_layers)
                .map(|k| DecoderLayerAt::new(&places, k, config.decoder_attention_heads))
                .collect(),
            head: LinearAt {
                start: if config.tie_word_embeddings { embedding } else { places.tensor("lm_head.weight").start },
                n_out: config.vocab_size,
                n_in: config.d_model,
            },
            logits_bias: places.tensor("final_logits_bias").start,
        })
    }

    /// Encoder states `(batch · seq, d_model)`.
    pub fn encode(&self, p: &Weights, rows: &Rows) -> (Buffer, EncoderTape) {
        self.encode_dropping(p, rows, &Drops::NONE)
    }

    /// As [`BartAt::encode`] with dropout.
    pub fn encode_dropping(&self, p: &Weights, rows: &Rows, drops: &Drops) -> (Buffer, EncoderTape) {
        let span = rows.own_span(false);
        let (mut x, opening) = self.encoder.forward(p, rows.ids, rows.seq);
        drops.states(Site::new(false, None), span.batch, &mut x);
        let mut layers = Vec::with_capacity(self.encoder_layers.len());
        for layer in &self.encoder_layers {
            let (y, tape) = layer.forward(p, x, &span, drops);
            layers.push(tape);
            x = y;
        }
        (x, EncoderTape { opening, layers })
    }

    /// Adds the encoder's weight gradients to `g`, from the gradient of its states.
    pub fn encode_backward(&self, p: &Weights, g: &mut [f32], tape: &EncoderTape, rows: &Rows, dstates: Buffer) {
        self.encode_backward_dropping(p, g, tape, rows, dstates, &Drops::NONE);
    }

    /// As [`BartAt::encode_backward`] with the dropout of the way there.
    pub fn encode_backward_dropping(
        &self,
        p: &Weights,
        g: &mut [f32],
        tape: &EncoderTape,
        rows: &Rows,
        dstates: Buffer,
        drops: &Drops,
    ) {
        let span = rows.own_span(false);
        let mut dx = dstates;
        for (layer, tape) in self.encoder_layers.iter().zip(&tape.layers).rev() {
            dx = layer.backward(p, g, tape, dx, &span, drops);
        }
        drops.states(Site::new(false, None), span.batch, &mut dx);
        self.encoder.backward(p, g, &tape.opening, rows.ids, rows.seq, dx);
    }

    fn cross_span<'a>(rows: &Rows, encoded: &Rows<'a>) -> Span<'a> {
        Span { batch: rows.batch(), queries: rows.seq, keys: encoded.seq, hidden: encoded.hidden, causal: false }
    }

    /// Decoder states `(batch · seq, d_model)` of decoder inputs over the states of the rows `encoded`.
    pub fn decode(&self, p: &Weights, rows: &Rows, states: &[f32], encoded: &Rows) -> (Buffer, DecoderTape) {
        self.decode_dropping(p, rows, states, encoded, &Drops::NONE)
    }

    /// As [`BartAt::decode`] with dropout.
    pub fn decode_dropping(
        &self,
        p: &Weights,
        rows: &Rows,
        states: &[f32],
        encoded: &Rows,
        drops: &Drops,
    ) -> (Buffer, DecoderTape) {
        let (own, cross) = (rows.own_span(true), Self::cross_span(rows, encoded));
        let (mut x, opening) = self.decoder.forward(p, rows.ids, rows.seq);
        drops.states(Site::new(true, None), own.batch, &mut x);
        let mut layers = Vec::with_capacity(self.decoder_layers.len());
        for layer in &self.decoder_layers {
            let (y, tape) = layer.forward(p, x, states, (&own, &cross), drops);
            layers.push(tape);
            x = y;
        }
        (x, DecoderTape { opening, layers })
    }

    /// Adds the decoder's weight gradients to `g` and the gradient of the encoder states to `dstates`.
    #[allow(clippy::too_many_arguments)]
    pub fn decode_backward(
        &self,
        p: &Weights,
        g: &mut [f32],
        tape: &DecoderTape,
        rows: &Rows,
        states: &[f32],
        encoded: &Rows,
        dy: Buffer,
        dstates: &mut [f32],
    ) {
        self.decode_backward_dropping(p, g, tape, rows, states, encoded, dy, dstates, &Drops::NONE);
    }

    /// As [`BartAt::decode_backward`] with the dropout of the way there.
    #[allow(clippy::too_many_arguments)]
    pub fn decode_backward_dropping(
        &self,
        p: &Weights,
        g: &mut [f32],
        tape: &DecoderTape,
        rows: &Rows,
        states: &[f32],
        encoded: &Rows,
        dy: Buffer,
        dstates: &mut [f32],
        drops: &Drops,
    ) {
        let (own, cross) = (rows.own_span(true), Self::cross_span(rows, encoded));
        let mut dx = dy;
        for (layer, tape) in self.decoder_layers.iter().zip(&tape.layers).rev() {
            dx = layer.backward(p, g, tape, states, dx, (&own, &cross), drops, dstates);
        }
        drops.states(Site::new(true, None), own.batch, &mut dx);
        self.decoder.backward(p, g, &tape.opening, rows.ids, rows.seq, dx);
    }

    /// Tokens that the head tells apart.
    pub fn vocab_size(&self) -> usize {
        self.head.n_out
    }

    /// Logits `(rows, vocab)` of states `(rows, d_model)`.
    pub fn logits(&self, p: &Weights, states: &[f32]) -> Buffer {
        let (d, v) = (self.head.n_in, self.head.n_out);
        let mut logits = Buffer::stale(states.len() / d * v);
        let bias = Onto::Row(&p[self.logits_bias..self.logits_bias + v]);
        p.transposed(&self.head).multiply(states, &mut logits, bias);
        logits
    }

    /// Weighted cross-entropy of the head's prediction from `states`.
    ///
    /// * returns the loss, its gradient by the states, and which targets were the most probable token;
    ///   adds the head's gradient to `g`
    pub fn head_loss(&self, p: &Weights, g: &mut [f32], states: &[f32], targets: &[u32], weights: &[f32]) -> HeadLoss {
        let mut logits = self.logits(p, states);
        let mut correct = vec![false; targets.len()];
        let loss = cross_entropy(&mut logits, targets, weights, &mut correct);
        HeadLoss { loss, dstates: self.head_backward(p, g, states, &logits), correct }
    }

    /// Gradient by the states, from that by the logits; adds the head's gradient to `g`.
    pub fn head_backward(&self, p: &Weights, g: &mut [f32], states: &[f32], dlogits: &[f32]) -> Buffer {
        let LinearAt { start, n_out, n_in } = self.head;
        let mut dstates = Buffer::stale(states.len());
        p.plain(&self.head).multiply(dlogits, &mut dstates, Onto::Zero);
        let (dlogits, states) = (View::new(dlogits, n_out), View::new(states, n_in));
        product(&mut g[start..start + n_out * n_in], n_in, true, dlogits, states, Transposed::First);
        dstates
    }
}

/// The loss of one batch at the head.
#[derive(Debug)]
pub struct HeadLoss {
    /// Σ weight · (−ln p(target)).
    pub loss: f64,
    /// Gradient by the states.
    pub dstates: Buffer,
    /// The target was the most probable token (false where the weight is 0).
    pub correct: Vec<bool>,
}
