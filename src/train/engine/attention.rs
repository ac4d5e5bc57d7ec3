//! Multi-head attention with its derivative. Heads are neighbouring columns of the projected rows.

use std::borrow::Cow;

use super::buffer::Buffer;
use super::dropout::{Drops, Site};
use super::kernels::{attention_softmax, linear_weight_gradient, scale, softmax_gradient};
use super::layout::LinearAt;
use super::product::{Onto, Transposed, View, product};
use super::weights::Weights;

/// The four projections of one attention.
#[derive(Debug, Clone)]
pub struct AttentionAt {
    pub q: LinearAt,
    pub k: LinearAt,
    pub v: LinearAt,
    pub out: LinearAt,
    pub n_heads: usize,
    /// Where dropout acts on its weights.
    pub site: Site,
}

/// How many rows of queries and keys a batch has, and which keys are seen.
#[derive(Debug, Clone, Copy)]
pub struct Span<'a> {
    pub batch: usize,
    pub queries: usize,
    pub keys: usize,
    /// `(batch, keys)`, true where a key is not attended to.
    pub hidden: Option<&'a [bool]>,
    pub causal: bool,
}

/// What the derivative needs.
#[derive(Debug)]
pub struct AttentionTape {
    /// Scaled by 1/√head width.
    q: Buffer,
    k: Buffer,
    v: Buffer,
    weights: Buffer,
    mixed: Buffer,
}

impl AttentionAt {
    fn head_width(&self) -> usize {
        self.q.n_out / self.n_heads
    }

    /// Attends from rows `x` to rows `source`; returns the projected result, `(batch · queries, d)`.
    pub fn forward(
        &self,
        p: &Weights,
        x: &[f32],
        source: &[f32],
        span: &Span,
        drops: &Drops,
    ) -> (Buffer, AttentionTape) {
        let (d, width) = (self.q.n_out, self.head_width());
        let mut q = self.q.forward(p, x);
        scale(&mut q, 1.0 / (width as f32).sqrt());
        let k = self.k.forward(p, source);
        let v = self.v.forward(p, source);
        let size = span.queries * span.keys;
        let mut weights = Buffer::stale(span.batch * self.n_heads * size);
        let mut mixed = Buffer::stale(q.len());
        for (b, weights) in weights.chunks_exact_mut(self.n_heads * size).enumerate() {
            let (q0, k0) = (b * span.queries * d, b * span.keys * d);
            let hidden = span.hidden.map(|h| &h[b * span.keys..(b + 1) * span.keys]);
            for (h, weights) in weights.chunks_exact_mut(size).enumerate() {
                let at = h * width;
                let q = View::strided(&q[q0 + at..], span.queries, width, d);
                let k = View::strided(&k[k0 + at..], span.keys, width, d);
                let v = View::strided(&v[k0 + at..], span.keys, width, d);
                product(weights, span.keys, false, q, k, Transposed::Second);
                attention_softmax(weights, span.keys, hidden, span.causal);
                let kept = self.kept(weights, b, h, drops);
                product(&mut mixed[q0 + at..], d, false, View::new(&kept, span.keys), v, Transposed::None);
            }
        }
        let y = self.out.forward(p, &mixed);
        (y, AttentionTape { q, k, v, weights, mixed })
    }

    /// The weights of a head that dropout leaves.
    fn kept<'a>(&self, weights: &'a [f32], row: usize, head: usize, drops: &Drops) -> Cow<'a, [f32]> {
        let mut kept = Cow::Borrowed(weights);
        if drops.drops_attention() {
            drops.attention(self.site, row, head, kept.to_mut());
        }
        kept
    }

    /// Adds the weight gradients to `g` and the input gradients to `dx` and, for attention to other rows, `dsource`.
    #[allow(clippy::too_many_arguments)]
    pub fn backward(
        &self,
        p: &Weights,
        g: &mut [f32],
        tape: &AttentionTape,
        (x, source): (&[f32], &[f32]),
        dy: &[f32],
        (span, drops): (&Span, &Drops),
        dx: &mut [f32],
        dsource: Option<&mut [f32]>,
    ) {
        let (d, width) = (self.q.n_out, self.head_width());
        let mut dmixed = Buffer::stale(tape.mixed.len());
        self.out.backward(p, g, &tape.mixed, dy, Some((&mut dmixed, false)));
        let mut dq = Buffer::stale(tape.q.len());
        let mut dk = Buffer::stale(tape.k.len());
        let mut dv = Buffer::stale(tape.v.len());
        let size = span.queries * span.keys;
        let mut dweights = Buffer::stale(size);
        for (b, weights) in tape.weights.chunks_exact(self.n_heads * size).enumerate() {
            let (q0, k0) = (b * span.queries * d, b * span.keys * d);
            for (h, weights) in weights.chunks_exact(size).enumerate() {
                let at = h * width;
                let q = View::strided(&tape.q[q0 + at..], span.queries, width, d);
                let k = View::strided(&tape.k[k0 + at..], span.keys, width, d);
                let v = View::strided(&tape.v[k0 + at..], span.keys, width, d);
                let dout = View::strided(&dmixed[q0 + at..], span.queries, width, d);
                let kept = self.kept(weights, b, h, drops);
                product(&mut dv[k0 + at..], d, false, View::new(&kept, span.keys), dout, Transposed::First);
                product(&mut dweights, span.keys, false, dout, v, Transposed::Second);
                if drops.drops_attention() {
                    drops.attention(self.site, b, h, &mut dweights);
                }
                softmax_gradient(weights, &mut dweights, span.keys);
                let dscores = View::new(&dweights, span.keys);
                product(&mut dq[q0 + at..], d, false, dscores, k, Transposed::None);
                product(&mut dk[k0 + at..], d, false, dscores, q, Transposed::First);
            }
        }
        scale(&mut dq, 1.0 / (width as f32).sqrt());
        self.q.backward(p, g, x, &dq, Some((dx, true)));
        let dsource = dsource.unwrap_or(dx);
        self.k.backward(p, g, source, &dk, Some((dsource, true)));
        self.v.backward(p, g, source, &dv, Some((dsource, true)));
    }
}

impl LinearAt {
    /// x Wᵀ + b.
    pub fn forward(&self, p: &Weights, x: &[f32]) -> Buffer {
        let mut y = Buffer::stale(x.len() / self.n_in * self.n_out);
        p.transposed(self).multiply(x, &mut y, Onto::Row(self.bias(p)));
        y
    }

    /// Adds the weight gradients to `g`; writes dy W to `dx`, or adds it where told so.
    pub fn backward(&self, p: &Weights, g: &mut [f32], x: &[f32], dy: &[f32], dx: Option<(&mut [f32], bool)>) {
        let (weight_grad, bias_grad) = self.both_mut(g);
        linear_weight_gradient(x, dy, weight_grad, bias_grad);
        if let Some((dx, add)) = dx {
            p.plain(self).multiply(dy, dx, if add { Onto::Output } else { Onto::Zero });
        }
    }
}
