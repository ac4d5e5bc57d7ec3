//! The blocks of BART with their derivatives: an opening, encoder layers, decoder layers.
//!
//! `forward` returns what comes out and a tape; `backward` turns the gradient of what came out into that of what went
//! in, and adds the gradients of the weights to `g`, which is laid out like the parameters `p`.

use super::attention::{AttentionAt, AttentionTape, Span};
use super::buffer::Buffer;
use super::dropout::{Drops, Site};
use super::kernels::{add_to, gelu, gelu_gradient, layer_norm, layer_norm_gradient};
use super::layout::{LinearAt, NormAt, Places};
use super::weights::Weights;

/// What the derivative of a layer norm needs.
#[derive(Debug)]
pub struct NormTape {
    normalised: Buffer,
    inverse_deviation: Buffer,
}

impl NormAt {
    /// Consumes the rows and returns the normed ones.
    pub fn forward(&self, p: &Weights, mut x: Buffer) -> (Buffer, NormTape) {
        let mut y = Buffer::stale(x.len());
        let mut inverse_deviation = Buffer::stale(x.len() / self.width);
        layer_norm(&mut x, self.weight(p), self.bias(p), &mut y, &mut inverse_deviation);
        (y, NormTape { normalised: x, inverse_deviation })
    }

    /// Turns dy into dx in place.
    pub fn backward(&self, p: &Weights, g: &mut [f32], tape: &NormTape, dy: &mut [f32]) {
        let (weight_grad, bias_grad) = self.both_mut(g);
        let NormTape { normalised, inverse_deviation } = tape;
        layer_norm_gradient(normalised, inverse_deviation, self.weight(p), dy, weight_grad, bias_grad);
    }
}

/// Two linear layers with a GELU between.
#[derive(Debug, Clone)]
struct FeedForwardAt {
    fc1: LinearAt,
    fc2: LinearAt,
    /// Where dropout acts behind its activation.
    site: Site,
}

#[derive(Debug)]
struct FeedForwardTape {
    before: Buffer,
    after: Buffer,
}

impl FeedForwardAt {
    fn new(places: &Places, name: &str, site: Site) -> Self {
        Self { fc1: places.linear(&format!("{name}.fc1")), fc2: places.linear(&format!("{name}.fc2")), site }
    }

    fn forward(&self, p: &Weights, x: &[f32], n_rows: usize, drops: &Drops) -> (Buffer, FeedForwardTape) {
        let before = self.fc1.forward(p, x);
        let mut after = Buffer::stale(before.len());
        gelu(&before, &mut after);
        drops.activations(self.site, n_rows, &mut after);
        (self.fc2.forward(p, &after), FeedForwardTape { before, after })
    }

    /// Adds to `dx`.
    #[allow(clippy::too_many_arguments)]
    fn backward(
        &self,
        p: &Weights,
        g: &mut [f32],
        tape: &FeedForwardTape,
        x: &[f32],
        dy: &[f32],
        dx: &mut [f32],
        (n_rows, drops): (usize, &Drops),
    ) {
        let mut dhidden = Buffer::stale(tape.after.len());
        self.fc2.backward(p, g, &tape.after, dy, Some((&mut dhidden, false)));
        drops.activations(self.site, n_rows, &mut dhidden);
        gelu_gradient(&tape.before, &mut dhidden);
        self.fc1.backward(p, g, x, &dhidden, Some((dx, true)));
    }
}

/// What dropout acts on in a block.
const ATTENTION_WEIGHTS: u64 = 1;
const ATTENTION: u64 = 2;
const CROSS_WEIGHTS: u64 = 3;
const CROSS: u64 = 4;
const ACTIVATION: u64 = 5;
const FEED_FORWARD: u64 = 6;

fn attention_at(places: &Places, name: &str, n_heads: usize, site: Site) -> AttentionAt {
    let linear = |part: &str| places.linear(&format!("{name}.{part}"));
    let [q, k, v, out] = ["q_proj", "k_proj", "v_proj", "out_proj"].map(linear);
    AttentionAt { q, k, v, out, n_heads, site }
}

/// One block of the encoder.
#[derive(Debug, Clone)]
pub struct EncoderLayerAt {
    site: Site,
    attention: AttentionAt,
    attention_norm: NormAt,
    feed_forward: FeedForwardAt,
    final_norm: NormAt,
}

#[derive(Debug)]
pub struct EncoderLayerTape {
    x: Buffer,
    attention: AttentionTape,
    attention_norm: NormTape,
    middle: Buffer,
    feed_forward: FeedForwardTape,
    final_norm: NormTape,
}

impl EncoderLayerAt {
    pub(super) fn new(places: &Places, k: usize, n_heads: usize) -> Self {
        let (name, site) = (&format!("model.encoder.layers.{k}"), Site::new(false, Some(k)));
        Self {
            site,
            attention: attention_at(places, &format!("{name}.self_attn"), n_heads, site.part(ATTENTION_WEIGHTS)),
            attention_norm: places.norm(&format!("{name}.self_attn_layer_norm")),
            feed_forward: FeedForwardAt::new(places, name, site.part(ACTIVATION)),
            final_norm: places.norm(&format!("{name}.final_layer_norm")),
        }
    }

    pub fn forward(&self, p: &Weights, x: Buffer, span: &Span, drops: &Drops) -> (Buffer, EncoderLayerTape) {
        let (mut sum, attention) = self.attention.forward(p, &x, &x, span, drops);
        drops.states(self.site.part(ATTENTION), span.batch, &mut sum);
        add_to(&mut sum, &x);
        let (middle, attention_norm) = self.attention_norm.forward(p, sum);
        let (mut sum, feed_forward) = self.feed_forward.forward(p, &middle, span.batch, drops);
        drops.states(self.site.part(FEED_FORWARD), span.batch, &mut sum);
        add_to(&mut sum, &middle);
        let (y, final_norm) = self.final_norm.forward(p, sum);
        (y, EncoderLayerTape { x, attention, attention_norm, middle, feed_forward, final_norm })
    }

    pub fn backward(
        &self,
        p: &Weights,
        g: &mut [f32],
        tape: &EncoderLayerTape,
        mut dy: Buffer,
        span: &Span,
        drops: &Drops,
    ) -> Buffer {
        self.final_norm.backward(p, g, &tape.final_norm, &mut dy);
        let mut dmiddle = dy.clone();
        drops.states(self.site.part(FEED_FORWARD), span.batch, &mut dy);
        let rows = (span.batch, drops);
        self.feed_forward.backward(p, g, &tape.feed_forward, &tape.middle, &dy, &mut dmiddle, rows);
        self.attention_norm.backward(p, g, &tape.attention_norm, &mut dmiddle);
        let mut dx = dmiddle.clone();
        drops.states(self.site.part(ATTENTION), span.batch, &mut dmiddle);
        self.attention.backward(p, g, &tape.attention, (&tape.x, &tape.x), &dmiddle, (span, drops), &mut dx, None);
        dx
    }
}

/// One block of the decoder.
#[derive(Debug, Clone)]
pub struct DecoderLayerAt {
    site: Site,
    attention: AttentionAt,
    attention_norm: NormAt,
    cross: AttentionAt,
    cross_norm: NormAt,
    feed_forward: FeedForwardAt,
    final_norm: NormAt,
}

#[derive(Debug)]
pub struct DecoderLayerTape {
    x: Buffer,
    attention: AttentionTape,
    attention_norm: NormTape,
    asked: Buffer,
    cross: AttentionTape,
    cross_norm: NormTape,
    middle: Buffer,
    feed_forward: FeedForwardTape,
    final_norm: NormTape,
}

impl DecoderLayerAt {
    pub(super) fn new(places: &Places, k: usize, n_heads: usize) -> Self {
        let (name, site) = (&format!("model.decoder.layers.{k}"), Site::new(true, Some(k)));
        Self {
            site,
            attention: attention_at(places, &format!("{name}.self_attn"), n_heads, site.part(ATTENTION_WEIGHTS)),
            attention_norm: places.norm(&format!("{name}.self_attn_layer_norm")),
            cross: attention_at(places, &format!("{name}.encoder_attn"), n_heads, site.part(CROSS_WEIGHTS)),
            cross_norm: places.norm(&format!("{name}.encoder_attn_layer_norm")),
            feed_forward: FeedForwardAt::new(places, name, site.part(ACTIVATION)),
            final_norm: places.norm(&format!("{name}.final_layer_norm")),
        }
    }

    pub fn forward(
        &self,
        p: &Weights,
        x: Buffer,
        states: &[f32],
        (own, cross): (&Span, &Span),
        drops: &Drops,
    ) -> (Buffer, DecoderLayerTape) {
        let n_rows = own.batch;
        let (mut sum, attention) = self.attention.forward(p, &x, &x, own, drops);
        drops.states(self.site.part(ATTENTION), n_rows, &mut sum);
        add_to(&mut sum, &x);
        let (asked, attention_norm) = self.attention_norm.forward(p, sum);
        let (mut sum, cross) = self.cross.forward(p, &asked, states, cross, drops);
        drops.states(self.site.part(CROSS), n_rows, &mut sum);
        add_to(&mut sum, &asked);
        let (middle, cross_norm) = self.cross_norm.forward(p, sum);
        let (mut sum, feed_forward) = self.feed_forward.forward(p, &middle, n_rows, drops);
        drops.states(self.site.part(FEED_FORWARD), n_rows, &mut sum);
        add_to(&mut sum, &middle);
        let (y, final_norm) = self.final_norm.forward(p, sum);
        let tape = DecoderLayerTape {
            x,
            attention,
            attention_norm,
            asked,
            cross,
            cross_norm,
            middle,
            feed_forward,
            final_norm,
        };
        (y, tape)
    }

    /// Adds the gradient of the encoder states to `dstates`.
    #[allow(clippy::too_many_arguments)]
    pub fn backward(
        &self,
        p: &Weights,
        g: &mut [f32],
        tape: &DecoderLayerTape,
        states: &[f32],
        mut dy: Buffer,
        (own, cross): (&Span, &Span),
        drops: &Drops,
        dstates: &mut [f32],
    ) -> Buffer {
        let n_rows = own.batch;
        self.final_norm.backward(p, g, &tape.final_norm, &mut dy);
        let mut dmiddle = dy.clone();
        drops.states(self.site.part(FEED_FORWARD), n_rows, &mut dy);
        self.feed_forward.backward(p, g, &tape.feed_forward, &tape.middle, &dy, &mut dmiddle, (n_rows, drops));
        self.cross_norm.backward(p, g, &tape.cross_norm, &mut dmiddle);
        let mut dasked = dmiddle.clone();
        let rows = (&*tape.asked, states);
        drops.states(self.site.part(CROSS), n_rows, &mut dmiddle);
        self.cross.backward(p, g, &tape.cross, rows, &dmiddle, (cross, drops), &mut dasked, Some(dstates));
        self.attention_norm.backward(p, g, &tape.attention_norm, &mut dasked);
        let mut dx = dasked.clone();
        drops.states(self.site.part(ATTENTION), n_rows, &mut dasked);
        self.attention.backward(p, g, &tape.attention, (&tape.x, &tape.x), &dasked, (own, drops), &mut dx, None);
        dx
    }
}

/// Token embedding plus positions, then a layer norm.
#[derive(Debug, Clone)]
pub struct OpeningAt {
    pub embedding: usize,
    pub positions: usize,
    pub norm: NormAt,
    pub embed_scale: f32,
    /// As in `PyTorch`, looking this token up gives its embedding no gradient (the tied head still does).
    pub padding: u32,
}

/// Rows of the position table before position 0.
const POSITION_OFFSET: usize = 2;

impl OpeningAt {
    pub fn forward(&self, p: &Weights, ids: &[u32], seq: usize) -> (Buffer, NormTape) {
        let d = self.norm.width;
        let mut x = Buffer::stale(ids.len() * d);
        for (r, (row, &id)) in x.chunks_exact_mut(d).zip(ids).enumerate() {
            let token = &p[self.embedding + id as usize * d..][..d];
            let position = &p[self.positions + (POSITION_OFFSET + r % seq) * d..][..d];
            for k in 0..d {
                row[k] = token[k] * self.embed_scale + position[k];
            }
        }
        self.norm.forward(p, x)
    }

    pub fn backward(&self, p: &Weights, g: &mut [f32], tape: &NormTape, ids: &[u32], seq: usize, mut dy: Buffer) {
        self.norm.backward(p, g, tape, &mut dy);
        let d = self.norm.width;
        for (r, (row, &id)) in dy.chunks_exact(d).zip(ids).enumerate() {
            if id != self.padding {
                let token = &mut g[self.embedding + id as usize * d..][..d];
                for k in 0..d {
                    token[k] += row[k] * self.embed_scale;
                }
            }
            add_to(&mut g[self.positions + (POSITION_OFFSET + r % seq) * d..][..d], row);
        }
    }
}
