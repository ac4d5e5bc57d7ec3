//! Dropout whose masks depend on the seed, the place in the network and the row of the batch (those of attention also on
//! how long the rows of its piece are): not on threads. They are drawn again for the way back instead of being kept.

use crate::model::BartConfig;
use crate::train::random::Generator;

/// How much is dropped in one step, and the seed of its masks. Probabilities in [0, 1), rounded to 1/65536.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dropout {
    /// Seed; each step needs its own.
    pub seed: u64,
    /// Of what an opening, an attention or a feed-forward part gives.
    pub states: f32,
    /// Of attention weights.
    pub attention: f32,
    /// Behind the activation of a feed-forward part.
    pub activation: f32,
}

impl Dropout {
    /// Nothing is dropped.
    pub const NONE: Self = Self { seed: 0, states: 0.0, attention: 0.0, activation: 0.0 };

    /// The probabilities of an architecture, as transformers trains it.
    pub fn of(config: &BartConfig, seed: u64) -> Self {
        Self {
            seed,
            states: config.dropout,
            attention: config.attention_dropout,
            activation: config.activation_dropout,
        }
    }
}

/// Where in the network: a part of a block (0: the opening), and what of that part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Site {
    block: u64,
    what: u64,
}

impl Site {
    /// Blocks of the decoder are numbered from here.
    const DECODER: u64 = 1 << 20;

    /// Block `k` of the encoder or decoder, or its opening.
    pub fn new(is_decoder: bool, k: Option<usize>) -> Self {
        Self { block: u64::from(is_decoder) * Self::DECODER + k.map_or(0, |k| k as u64 + 1), what: 0 }
    }

    /// Another thing in the same block.
    pub const fn part(self, what: u64) -> Self {
        Self { block: self.block, what }
    }
}

/// Dropout in a piece of a batch.
#[derive(Debug, Clone, Copy)]
pub struct Drops {
    dropout: Dropout,
    /// The row of the batch that the piece begins with.
    first_row: usize,
}

impl Drops {
    /// Nothing is dropped.
    pub const NONE: Self = Self { dropout: Dropout::NONE, first_row: 0 };

    /// In the piece that begins with `first_row` of the batch.
    pub fn new(dropout: &Dropout, first_row: usize) -> Self {
        Self { dropout: *dropout, first_row }
    }

    /// On what a part gives, or on its gradient; `x` holds `n_rows` rows of the batch.
    pub(super) fn states(&self, site: Site, n_rows: usize, x: &mut [f32]) {
        self.each_row(site, n_rows, self.dropout.states, x);
    }

    /// Behind an activation, or on its gradient.
    pub(super) fn activations(&self, site: Site, n_rows: usize, x: &mut [f32]) {
        self.each_row(site, n_rows, self.dropout.activation, x);
    }

    /// Whether attention weights are dropped.
    pub(super) fn drops_attention(&self) -> bool {
        self.dropout.attention > 0.0
    }

    /// On the attention weights of one head of row `row` of the piece, or on their gradient.
    pub(super) fn attention(&self, site: Site, row: usize, head: usize, x: &mut [f32]) {
        self.apply(&[site.block, site.what, (self.first_row + row) as u64, head as u64], self.dropout.attention, x);
    }

    fn each_row(&self, site: Site, n_rows: usize, rate: f32, x: &mut [f32]) {
        if rate > 0.0 {
            for (row, x) in x.chunks_exact_mut(x.len() / n_rows).enumerate() {
                self.apply(&[site.block, site.what, (self.first_row + row) as u64], rate, x);
            }
        }
    }

    /// Sets elements to zero with probability `rate` and multiplies the others by 1/(1 − rate).
    fn apply(&self, path: &[u64], rate: f32, x: &mut [f32]) {
        let limit = (rate * 65536.0).round() as u16;
        let factor = 1.0 / (1.0 - f32::from(limit) / 65536.0);
        let mut generator = Generator::new(self.dropout.seed, path);
        for x in x.chunks_mut(4) {
            let mut bits = generator.next_u64();
            for x in x {
                *x = if bits as u16 >= limit { *x * factor } else { 0.0 };
                bits >>= 16;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::{HashMap, VecDeque};

    use candle_core::{DType, Device, Tensor, Var};
    use candle_nn::VarBuilder;

    use super::*;
    use crate::model::Bart;
    use crate::train::engine::{DenoisingBatch, Engine};

    const THIRD: Dropout = Dropout { seed: 5, states: 0.3, attention: 0.0, activation: 0.0 };

    #[test]
    fn the_mean_is_kept_and_a_share_dropped() {
        let mut x = vec![1.0; 80_000];
        Drops::new(&THIRD, 0).states(Site::new(true, Some(1)), 8, &mut x);
        let n_dropped = x.iter().filter(|&&x| x == 0.0).count();
        let mean = x.iter().sum::<f32>() / 80_000.0;
        // Five standard deviations of a share of 0.3 among 80,000.
        assert!((n_dropped as f32 / 80_000.0 - 0.3).abs() < 0.008, "{n_dropped} dropped");
        assert!((mean - 1.0).abs() < 0.012, "mean {mean}");
    }

    #[test]
    fn masks_do_not_depend_on_how_a_batch_is_cut() {
        let site = Site::new(false, None);
        let mut whole = vec![1.0; 60];
        Drops::new(&THIRD, 0).states(site, 6, &mut whole);
        let mut tail = vec![1.0; 20];
        Drops::new(&THIRD, 4).states(site, 2, &mut tail);
        assert_eq!(tail, whole[40..]);
        let mut other = vec![1.0; 60];
        Drops::new(&THIRD, 0).states(site.part(1), 6, &mut other);
        assert_ne!(other, whole);
    }

    /// The same masks for the network in candle, which asks for them in the order of its parts.
    struct InOrder {
        drops: Drops,
        sites: RefCell<VecDeque<(Site, bool)>>,
    }

    impl crate::model::Dropout for InOrder {
        fn apply(&self, x: &Tensor, _: f32) -> candle_core::Result<Tensor> {
            let (site, is_attention) = self.sites.borrow_mut().pop_front().expect("a site for each part");
            let mut mask = vec![1.0; x.elem_count()];
            match *x.dims() {
                [batch, heads, queries, keys] if is_attention => {
                    for (k, mask) in mask.chunks_exact_mut(queries * keys).enumerate() {
                        assert!(k < batch * heads);
                        self.drops.attention(site, k / heads, k % heads, mask);
                    }
                }
                _ if site.what == 5 => self.drops.activations(site, x.dim(0)?, &mut mask),
                _ => self.drops.states(site, x.dim(0)?, &mut mask),
            }
            x * Tensor::from_vec(mask, x.shape(), x.device())?
        }
    }

    #[test]
    fn loss_and_gradients_with_dropout_meet_candle() {
        let config = BartConfig {
            vocab_size: 19,
            d_model: 24,
            encoder_layers: 2,
            decoder_layers: 2,
            encoder_attention_heads: 4,
            decoder_attention_heads: 2,
            encoder_ffn_dim: 32,
            decoder_ffn_dim: 20,
            max_position_embeddings: 16,
            pad_token_id: 0,
            bos_token_id: 2,
            eos_token_id: 3,
            decoder_start_token_id: 3,
            ..BartConfig::default()
        };
        let engine = Engine::new(&config, None).unwrap();
        let mut generator = Generator::new(11, &[]);
        let mut p: Vec<f32> = (0..engine.layout.len).map(|_| 0.2 * generator.normal() as f32).collect();
        let (mut variables, mut tensors) = (HashMap::new(), HashMap::new());
        for (name, shape, place) in &engine.layout.tensors {
            if name.contains("norm") && name.ends_with(".weight") {
                p[place.clone()].iter_mut().for_each(|w| *w += 1.0);
            }
            let tensor = Tensor::from_slice(&p[place.clone()], shape.clone(), &Device::Cpu).unwrap();
            let variable = Var::from_tensor(&tensor).unwrap();
            tensors.insert(name.clone(), variable.as_tensor().clone());
            variables.insert(name.clone(), variable);
        }
        let net = Bart::new(&config, &VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu)).unwrap();
        let (n, e, d) = (6, 9, 7);
        let mut ids = |n: usize| (0..n).map(|_| 1 + generator.below(18) as u32).collect::<Vec<_>>();
        let batch = DenoisingBatch {
            ids: ids(n * e),
            encoder_seq: e,
            decoder_ids: ids(n * d),
            decoder_seq: d,
            targets: ids(n * d),
            weights: vec![1.0; n * d],
            ..DenoisingBatch::default()
        };
        let dropout = Dropout { seed: 3, states: 0.1, attention: 0.2, activation: 0.3 };
        let mut g = vec![0.0; p.len()];
        let found = engine.denoising_dropping(&p, &batch, &dropout, &mut g).total;

        let mut sites = VecDeque::new();
        for (is_decoder, parts) in [(false, &[1, 2, 5, 6][..]), (true, &[1, 2, 3, 4, 5, 6])] {
            sites.push_back((Site::new(is_decoder, None), false));
            for k in 0..2 {
                let part = |&what: &u64| (Site::new(is_decoder, Some(k)).part(what), what == 1 || what == 3);
                sites.extend(parts.iter().map(part));
            }
        }
        let masks = InOrder { drops: Drops::new(&dropout, 0), sites: RefCell::new(sites) };
        let tensor = |ids: &[u32], seq: usize| Tensor::from_slice(ids, (n, seq), &Device::Cpu).unwrap();
        let states = net.encode(&tensor(&batch.ids, e), None, &masks).unwrap();
        let out = net.decode(&tensor(&batch.decoder_ids, d), &states, None, &masks).unwrap();
        assert!(masks.sites.borrow().is_empty());
        let log_p = candle_nn::ops::log_softmax(&net.logits(&out).unwrap().flatten_to(1).unwrap(), 1).unwrap();
        let targets = Tensor::from_slice(&batch.targets, (n * d, 1), &Device::Cpu).unwrap();
        let loss = log_p.gather(&targets, 1).unwrap().mean_all().unwrap().neg().unwrap();
        let expected = f64::from(loss.to_scalar::<f32>().unwrap());
        assert!((found / expected - 1.0).abs() < 1e-5, "loss {found}, candle {expected}");
        let store = loss.backward().unwrap();
        for (name, _, place) in &engine.layout.tensors {
            if name == "final_logits_bias" || name.ends_with("k_proj.bias") {
                continue;
            }
            let expected: Vec<f32> = store.get(&variables[name]).unwrap().flatten_all().unwrap().to_vec1().unwrap();
            let norm = |x: &mut dyn Iterator<Item = f32>| x.map(|x| x * x).sum::<f32>().sqrt();
            let error = norm(&mut g[place.clone()].iter().zip(&expected).map(|(a, b)| a - b));
            let scale = norm(&mut expected.iter().copied());
            assert!(error < 1e-3 * scale, "{name}: error {error:e} of {scale:e}");
        }
    }
}
