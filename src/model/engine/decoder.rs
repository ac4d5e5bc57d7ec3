use super::super::greedy::{GreedyParams, Tokens};
use super::attention::Cache;
use super::encoder::sized;
use super::first_block::NewRows;
use super::gemm;
use super::kernels;
use super::weights::{DecoderBlock, Engine};

/// A row that is growing.
struct Growing {
    slot: usize,
    row: usize,
}

/// Buffers of a step.
#[derive(Default)]
struct StepScratch {
    x: Vec<f32>,
    qkv: Vec<f32>,
    new: NewRows,
    mixed: Vec<f32>,
    residual: Vec<f32>,
    hidden: Vec<f32>,
    scores: Vec<f32>,
    logits: Vec<f32>,
    cross_kv: Vec<f32>,
}

/// Weights up to this size stay in the last-level cache, and so should the keys and values beside them: as few rows then as
/// fill a tile. Larger ones come from memory, and more rows share each pass over them. Measured with benches/model.rs.
const SMALL_WEIGHTS_BYTES: usize = 16 << 20;

impl Engine {
    /// Rows that are decoded side by side.
    fn n_slots(&self) -> usize {
        let bytes: usize = self.decoder_blocks.iter().map(DecoderBlock::n_bytes).sum::<usize>() + self.head.n_bytes();
        if bytes <= SMALL_WEIGHTS_BYTES { gemm::tile_rows() } else { 64 }
    }

    fn cache(&self, n_slots: usize, n_positions: usize) -> Cache {
        Cache::new(n_slots, n_positions, self.config.d_model, self.config.decoder_attention_heads)
    }

    /// Greedy decoding of encoder states `(n, positions, d_model)`, on the calling thread.
    pub fn greedy(&self, states: &[f32], positions: usize, params: &GreedyParams) -> Vec<Tokens> {
        let d = self.config.d_model;
        let n = states.len() / (positions * d);
        let n_slots = self.n_slots().min(n);
        let mut tokens: Vec<Tokens> = (0..n).map(|_| Tokens::with_room(params)).collect();
        if params.max_new_tokens == 0 {
            return tokens;
        }
        let caches = |n_positions| self.decoder_blocks.iter().map(|_| self.cache(n_slots, n_positions)).collect();
        let mut own: Vec<Cache> = caches(params.max_new_tokens);
        let mut cross: Vec<Cache> = caches(positions);
        let mut scratch = StepScratch::default();
        let mut growing: Vec<Growing> = Vec::with_capacity(n_slots);
        let mut free: Vec<usize> = (0..n_slots).rev().collect();
        let mut next_row = 0;
        loop {
            while next_row < n
                && let Some(slot) = free.pop()
            {
                let states = &states[next_row * positions * d..(next_row + 1) * positions * d];
                self.attend_to(states, slot, &mut cross, &mut scratch);
                growing.push(Growing { slot, row: next_row });
                next_row += 1;
            }
            if growing.is_empty() {
                return tokens;
            }
            self.step(&growing, &tokens, params, positions, &mut own, &cross, &mut scratch);
            let mut logits = scratch.logits.chunks_exact_mut(self.config.vocab_size);
            growing.retain(|row| {
                let logits = logits.next().expect("logits of each growing row");
                let best = params.choose(&tokens[row.row].ids, logits);
                let goes_on = params.push(&mut tokens[row.row], best);
                if !goes_on {
                    free.push(row.slot);
                }
                goes_on
            });
        }
    }

    /// Logits `(ids.len(), vocab)` behind each of the decoder's inputs `ids`, over the encoder states
    /// `(positions, d_model)` of one row, all of them attended to.
    ///
    /// # Panics
    /// More ids than positions in the table, or an id outside the vocabulary.
    pub fn logits(&self, states: &[f32], ids: &[u32]) -> Vec<f32> {
        let (d, v) = (self.config.d_model, self.config.vocab_size);
        assert!(ids.len() <= self.config.max_position_embeddings, "a sequence within the position table");
        let Some((&start, rest)) = ids.split_first() else { return Vec::new() };
        let positions = states.len() / d;
        let params = GreedyParams { start, max_new_tokens: ids.len(), ..GreedyParams::of(&self.config) };
        let caches = |n_positions| self.decoder_blocks.iter().map(|_| self.cache(1, n_positions)).collect();
        let (mut own, mut cross): (Vec<Cache>, Vec<Cache>) = (caches(ids.len()), caches(positions));
        let mut scratch = StepScratch::default();
        self.attend_to(states, 0, &mut cross, &mut scratch);
        let row = [Growing { slot: 0, row: 0 }];
        let mut logits = Vec::with_capacity(ids.len() * v);
        for n in 0..ids.len() {
            let given = [Tokens { ids: rest[..n].to_vec(), capped: false }];
            self.step(&row, &given, &params, positions, &mut own, &cross, &mut scratch);
            logits.extend_from_slice(&scratch.logits[..v]);
        }
        logits
    }

    /// Computes what the decoder attends to in the encoder states `(positions, d)` of one row.
    fn attend_to(&self, states: &[f32], slot: usize, cross: &mut [Cache], scratch: &mut StepScratch) {
        let d = self.config.d_model;
        for (block, cache) in self.decoder_blocks.iter().zip(cross) {
            let kv = sized(&mut scratch.cross_kv, states.len() * 2);
            block.cross_kv.apply(states, kv);
            for (t, row) in kv.chunks_exact(2 * d).enumerate() {
                cache.write(slot, t, &row[..d], &row[d..]);
            }
        }
    }

    /// One token further: logits of each growing row, in order, into the scratch.
    #[allow(clippy::too_many_arguments)] // one step of one loop; a struct of references would only rename them
    fn step(
        &self,
        growing: &[Growing],
        tokens: &[Tokens],
        params: &GreedyParams,
        positions: usize,
        own: &mut [Cache],
        cross: &[Cache],
        scratch: &mut StepScratch,
    ) {
        let d = self.config.d_model;
        let n = growing.len();
        let x = sized(&mut scratch.x, n * d);
        let inputs = growing.iter().map(|row| {
            let ids = &tokens[row.row].ids;
            (ids.last().copied().unwrap_or(params.start), ids.len())
        });
        for ((id, t), x) in inputs.clone().zip(x.chunks_exact_mut(d)) {
            self.embed(id, &self.decoder.positions[t * d..(t + 1) * d], x);
        }
        kernels::layer_norm(x, &self.decoder.norm.weight, &self.decoder.norm.bias);
        let mixed = sized(&mut scratch.mixed, n * d);
        let residual = sized(&mut scratch.residual, n * d);
        let longest = own.iter().chain(cross).map(Cache::n_scores).max().unwrap_or(0);
        let scores = sized(&mut scratch.scores, longest);
        for (k, ((block, own), cross)) in self.decoder_blocks.iter().zip(own).zip(cross).enumerate() {
            let qkv = sized(&mut scratch.qkv, n * 3 * d);
            if k == 0 {
                self.decoder.first_block.apply(&block.qkv, inputs.clone(), x, &mut scratch.new, qkv);
            } else {
                block.qkv.apply(x, qkv);
            }
            for ((row, qkv), mixed) in growing.iter().zip(qkv.chunks_exact(3 * d)).zip(mixed.chunks_exact_mut(d)) {
                let t = tokens[row.row].ids.len();
                own.write(row.slot, t, &qkv[d..2 * d], &qkv[2 * d..]);
                own.attend(row.slot, t + 1, &qkv[..d], scores, mixed);
            }
            block.out.apply(mixed, residual);
            kernels::add_layer_norm(x, residual, &block.norm.weight, &block.norm.bias);

            let queries = sized(&mut scratch.qkv, n * d);
            block.cross_q.apply(x, queries);
            for ((row, query), mixed) in growing.iter().zip(queries.chunks_exact(d)).zip(mixed.chunks_exact_mut(d)) {
                cross.attend(row.slot, positions, query, scores, mixed);
            }
            block.cross_out.apply(mixed, residual);
            kernels::add_layer_norm(x, residual, &block.cross_norm.weight, &block.cross_norm.bias);
            self.feed_forward(&block.feed_forward, x, &mut scratch.hidden, residual);
        }
        self.head.apply(x, sized(&mut scratch.logits, n * self.config.vocab_size));
    }
}

impl DecoderBlock {
    fn n_bytes(&self) -> usize {
        let layers = [&self.qkv, &self.out, &self.cross_q, &self.cross_kv, &self.cross_out];
        let feed_forward = [&self.feed_forward.fc1, &self.feed_forward.fc2];
        layers.iter().chain(&feed_forward).map(|layer| layer.n_bytes()).sum()
    }
}
