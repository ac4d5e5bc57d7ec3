use pulp::Arch;

use super::first_block::NewRows;
use super::gemm::{Line, Onto, PANEL, Product, Rows};
use super::kernels;
use super::weights::{EncoderBlock, Engine, FeedForward};

/// Buffers of one thread; they grow to the longest sequence met.
#[derive(Debug, Default)]
pub struct EncoderScratch {
    qkv: Vec<f32>,
    new: NewRows,
    mixed: Vec<f32>,
    hidden: Vec<f32>,
    residual: Vec<f32>,
    key_panels: Vec<Line>,
    value_panels: Vec<Line>,
    scores: Vec<f32>,
}

/// The first `n` values of a buffer that grows when needed.
pub(super) fn sized<T: Copy + Default>(buffer: &mut Vec<T>, n: usize) -> &mut [T] {
    if buffer.len() < n {
        buffer.resize(n, T::default());
    }
    &mut buffer[..n]
}

impl Engine {
    /// Encoder states `(ids.len(), d_model)` of one sequence, every position attended to, into `states`.
    ///
    /// # Panics
    /// More ids than positions, or an id outside the vocabulary.
    pub fn encode(&self, ids: &[u32], scratch: &mut EncoderScratch, states: &mut [f32]) {
        let d = self.config.d_model;
        assert!(ids.len() <= self.config.max_position_embeddings, "a sequence within the position table");
        for (k, (&id, state)) in ids.iter().zip(states.chunks_exact_mut(d)).enumerate() {
            self.embed(id, &self.encoder.positions[k * d..(k + 1) * d], state);
        }
        kernels::layer_norm(states, &self.encoder.norm.weight, &self.encoder.norm.bias);
        for (k, block) in self.encoder_blocks.iter().enumerate() {
            let qkv = sized(&mut scratch.qkv, ids.len() * 3 * d);
            if k == 0 {
                let tokens = ids.iter().copied().zip(0..);
                self.encoder.first_block.apply(&block.qkv, tokens, states, &mut scratch.new, qkv);
            } else {
                block.qkv.apply(states, qkv);
            }
            self.encoder_block(block, states, scratch);
        }
    }

    /// The sum of a token's embedding and a position.
    pub(super) fn embed(&self, id: u32, position: &[f32], out: &mut [f32]) {
        let d = self.config.d_model;
        let token = &self.embedding[id as usize * d..(id as usize + 1) * d];
        for ((out, token), position) in out.iter_mut().zip(token).zip(position) {
            *out = token + position;
        }
    }

    /// The rest of a block, behind query, key and value.
    fn encoder_block(&self, block: &EncoderBlock, states: &mut [f32], scratch: &mut EncoderScratch) {
        let d = self.config.d_model;
        let n = states.len() / d;
        self.self_attention(n, scratch);
        let residual = sized(&mut scratch.residual, n * d);
        block.out.apply(&scratch.mixed[..n * d], residual);
        kernels::add_layer_norm(states, residual, &block.norm.weight, &block.norm.bias);
        self.feed_forward(&block.feed_forward, states, &mut scratch.hidden, residual);
    }

    /// x ← layer norm(x + fc2(activation(fc1 x))).
    pub(super) fn feed_forward(
        &self,
        weights: &FeedForward,
        x: &mut [f32],
        hidden: &mut Vec<f32>,
        residual: &mut [f32],
    ) {
        let n = x.len() / self.config.d_model;
        let hidden = sized(hidden, n * weights.fc1.n_out());
        weights.fc1.apply(x, hidden);
        kernels::activate(hidden, self.config.activation_function);
        weights.fc2.apply(hidden, residual);
        kernels::add_layer_norm(x, residual, &weights.norm.weight, &weights.norm.bias);
    }

    /// From `qkv` `(n, 3 d)` to `mixed` `(n, d)`, head by head: both products run on tiles, as the linear layers do.
    fn self_attention(&self, n: usize, scratch: &mut EncoderScratch) {
        let d = self.config.d_model;
        let head_dim = d / self.config.encoder_attention_heads;
        let n_columns = n.next_multiple_of(PANEL);
        let n_value_panels = head_dim.div_ceil(PANEL);
        let qkv = &scratch.qkv[..n * 3 * d];
        let keys = sized(&mut scratch.key_panels, n_columns / PANEL * head_dim);
        let values = sized(&mut scratch.value_panels, n_value_panels * n);
        let scores = sized(&mut scratch.scores, n * n_columns);
        let mixed = sized(&mut scratch.mixed, n * d);
        // What the last head of a longer sequence left in the padding must not meet the products.
        keys.fill(Line::default());
        values.fill(Line::default());
        for head in 0..self.config.encoder_attention_heads {
            let offset = head * head_dim;
            for (t, row) in qkv.chunks_exact(3 * d).enumerate() {
                let panel = &mut keys[t / PANEL * head_dim..];
                for (line, &k) in panel.iter_mut().zip(&row[d + offset..d + offset + head_dim]) {
                    line.0[t % PANEL] = k;
                }
                let row = &row[2 * d + offset..2 * d + offset + head_dim];
                for (p, part) in row.chunks(PANEL).enumerate() {
                    values[p * n + t].0[..part.len()].copy_from_slice(part);
                }
            }
            Arch::new().dispatch(Product {
                x: Rows { data: &qkv[offset..], stride: 3 * d },
                panels: keys,
                n_in: head_dim,
                out: scores,
                out_stride: n_columns,
                n_rows: n,
                n_out: n_columns,
                onto: Onto::Zero,
            });
            kernels::softmax_rows(scores, n_columns, n);
            Arch::new().dispatch(Product {
                x: Rows { data: scores, stride: n_columns },
                panels: values,
                n_in: n,
                out: &mut mixed[offset..],
                out_stride: d,
                n_rows: n,
                n_out: head_dim,
                onto: Onto::Zero,
            });
        }
    }
}
