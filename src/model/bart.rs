//! BART (Lewis et al., arXiv 1910.13461) as transformers' `BartForConditionalGeneration` computes it, in candle.
//!
//! Learned positions with offset 2, a layer norm after the embedding, layer norms after each residual sum, exact GELU,
//! a head tied to the token embedding plus `final_logits_bias`. Every operation has a gradient, so this is what trains
//! and what runs on a GPU; on the CPU, inference goes through [`super::engine`], which is tested against this file.

use candle_core::{D, DType, Device, IndexOp, Result, Tensor};
use candle_nn::{Embedding, Linear, Module, VarBuilder};

use super::config::{Activation, BartConfig};
use super::greedy::{GreedyParams, GreedyRows, Tokens};

/// Where dropout would act; training supplies the masks from its own seeded generator.
pub trait Dropout {
    /// Drops elements of `x` with probability `p` and scales the rest by 1/(1 - p).
    ///
    /// # Errors
    /// What candle reports.
    fn apply(&self, x: &Tensor, p: f32) -> Result<Tensor>;
}

/// Evaluation: nothing is dropped.
#[derive(Debug, Clone, Copy)]
pub struct NoDropout;

impl Dropout for NoDropout {
    fn apply(&self, x: &Tensor, _: f32) -> Result<Tensor> {
        Ok(x.clone())
    }
}

/// Layer norm over the last dimension with a backward pass (candle's fused one has none).
#[derive(Debug, Clone)]
struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
}

/// As `torch.nn.LayerNorm`.
const LAYER_NORM_EPS: f32 = 1e-5;
/// Rows of the position table before position 0, a heritage of fairseq.
const POSITION_OFFSET: usize = 2;

impl LayerNorm {
    fn new(d: usize, vb: &VarBuilder) -> Result<Self> {
        Ok(Self { weight: vb.get(d, "weight")?, bias: vb.get(d, "bias")? })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        candle_nn::ops::layer_norm_slow(x, &self.weight, &self.bias, LAYER_NORM_EPS)
    }
}

/// Keys and values of one attention, each `(batch, heads, positions, head_dim)`.
#[derive(Debug, Clone)]
struct KeyValue {
    k: Tensor,
    v: Tensor,
}

#[derive(Debug, Clone)]
struct Attention {
    k_proj: Linear,
    v_proj: Linear,
    q_proj: Linear,
    out_proj: Linear,
    n_heads: usize,
    dropout: f32,
}

impl Attention {
    fn new(config: &BartConfig, n_heads: usize, vb: &VarBuilder) -> Result<Self> {
        let d = config.d_model;
        let linear = |name: &str| candle_nn::linear(d, d, vb.pp(name));
        Ok(Self {
            k_proj: linear("k_proj")?,
            v_proj: linear("v_proj")?,
            q_proj: linear("q_proj")?,
            out_proj: linear("out_proj")?,
            n_heads,
            dropout: config.attention_dropout,
        })
    }

    fn split_heads(&self, x: &Tensor) -> Result<Tensor> {
        let (batch, seq, d) = x.dims3()?;
        x.reshape((batch, seq, self.n_heads, d / self.n_heads))?.transpose(1, 2)?.contiguous()
        // (batch, heads, seq, head_dim)
    }

    fn key_value(&self, source: &Tensor) -> Result<KeyValue> {
        Ok(KeyValue {
            k: self.split_heads(&self.k_proj.forward(source)?)?,
            v: self.split_heads(&self.v_proj.forward(source)?)?,
        })
    }

    /// Attends from `x` `(batch, seq, d)`; `mask` is added to the scores and broadcasts to `(batch, heads, seq, keys)`.
    fn forward(&self, x: &Tensor, kv: &KeyValue, mask: Option<&Tensor>, dropout: &dyn Dropout) -> Result<Tensor> {
        let (batch, seq, d) = x.dims3()?;
        let scale = 1.0 / ((d / self.n_heads) as f64).sqrt();
        let q = self.split_heads(&(self.q_proj.forward(x)? * scale)?)?;
        let scores = q.matmul(&kv.k.transpose(2, 3)?.contiguous()?)?; // (batch, heads, seq, keys)
        let scores = match mask {
            Some(mask) => scores.broadcast_add(mask)?,
            None => scores,
        };
        let weights = candle_nn::ops::softmax(&scores, D::Minus1)?;
        let weights = dropout.apply(&weights, self.dropout)?;
        let mixed = weights.matmul(&kv.v)?.transpose(1, 2)?.reshape((batch, seq, d))?;
        self.out_proj.forward(&mixed)
    }
}

#[derive(Debug, Clone)]
struct FeedForward {
    fc1: Linear,
    fc2: Linear,
    activation: Activation,
    dropout: f32,
}

impl FeedForward {
    fn new(config: &BartConfig, ffn: usize, vb: &VarBuilder) -> Result<Self> {
        Ok(Self {
            fc1: candle_nn::linear(config.d_model, ffn, vb.pp("fc1"))?,
            fc2: candle_nn::linear(ffn, config.d_model, vb.pp("fc2"))?,
            activation: config.activation_function,
            dropout: config.activation_dropout,
        })
    }

    fn forward(&self, x: &Tensor, dropout: &dyn Dropout) -> Result<Tensor> {
        let hidden = self.fc1.forward(x)?;
        let hidden = match self.activation {
            Activation::Gelu => hidden.gelu_erf()?,
            Activation::GeluTanh => hidden.gelu()?,
            Activation::Relu => hidden.relu()?,
            Activation::Silu => hidden.silu()?,
        };
        self.fc2.forward(&dropout.apply(&hidden, self.dropout)?)
    }
}

#[derive(Debug, Clone)]
struct EncoderLayer {
    self_attn: Attention,
    self_attn_layer_norm: LayerNorm,
    feed_forward: FeedForward,
    final_layer_norm: LayerNorm,
}

impl EncoderLayer {
    fn new(config: &BartConfig, vb: &VarBuilder) -> Result<Self> {
        Ok(Self {
            self_attn: Attention::new(config, config.encoder_attention_heads, &vb.pp("self_attn"))?,
            self_attn_layer_norm: LayerNorm::new(config.d_model, &vb.pp("self_attn_layer_norm"))?,
            feed_forward: FeedForward::new(config, config.encoder_ffn_dim, vb)?,
            final_layer_norm: LayerNorm::new(config.d_model, &vb.pp("final_layer_norm"))?,
        })
    }

    fn forward(&self, x: &Tensor, mask: Option<&Tensor>, p: f32, dropout: &dyn Dropout) -> Result<Tensor> {
        let attended = self.self_attn.forward(x, &self.self_attn.key_value(x)?, mask, dropout)?;
        let x = self.self_attn_layer_norm.forward(&(x + dropout.apply(&attended, p)?)?)?;
        let fed = self.feed_forward.forward(&x, dropout)?;
        self.final_layer_norm.forward(&(&x + dropout.apply(&fed, p)?)?)
    }
}

#[derive(Debug, Clone)]
struct DecoderLayer {
    self_attn: Attention,
    self_attn_layer_norm: LayerNorm,
    encoder_attn: Attention,
    encoder_attn_layer_norm: LayerNorm,
    feed_forward: FeedForward,
    final_layer_norm: LayerNorm,
}

/// What a decoder layer attends to besides its input.
struct Sources<'a> {
    own: &'a KeyValue,
    own_mask: Option<&'a Tensor>,
    encoder: &'a KeyValue,
    encoder_mask: Option<&'a Tensor>,
}

impl DecoderLayer {
    fn new(config: &BartConfig, vb: &VarBuilder) -> Result<Self> {
        let attention = |name: &str| Attention::new(config, config.decoder_attention_heads, &vb.pp(name));
        let norm = |name: &str| LayerNorm::new(config.d_model, &vb.pp(name));
        Ok(Self {
            self_attn: attention("self_attn")?,
            self_attn_layer_norm: norm("self_attn_layer_norm")?,
            encoder_attn: attention("encoder_attn")?,
            encoder_attn_layer_norm: norm("encoder_attn_layer_norm")?,
            feed_forward: FeedForward::new(config, config.decoder_ffn_dim, vb)?,
            final_layer_norm: norm("final_layer_norm")?,
        })
    }

    fn forward(&self, x: &Tensor, sources: &Sources, p: f32, dropout: &dyn Dropout) -> Result<Tensor> {
        let attended = self.self_attn.forward(x, sources.own, sources.own_mask, dropout)?;
        let x = self.self_attn_layer_norm.forward(&(x + dropout.apply(&attended, p)?)?)?;
        let attended = self.encoder_attn.forward(&x, sources.encoder, sources.encoder_mask, dropout)?;
        let x = self.encoder_attn_layer_norm.forward(&(&x + dropout.apply(&attended, p)?)?)?;
        let fed = self.feed_forward.forward(&x, dropout)?;
        self.final_layer_norm.forward(&(&x + dropout.apply(&fed, p)?)?)
    }
}

/// Positions and the layer norm that open an encoder or decoder.
#[derive(Debug, Clone)]
struct Opening {
    embed_positions: Tensor,
    layernorm_embedding: LayerNorm,
}

impl Opening {
    fn new(config: &BartConfig, vb: &VarBuilder) -> Result<Self> {
        let rows = config.max_position_embeddings + POSITION_OFFSET;
        Ok(Self {
            embed_positions: vb.pp("embed_positions").get((rows, config.d_model), "weight")?,
            layernorm_embedding: LayerNorm::new(config.d_model, &vb.pp("layernorm_embedding"))?,
        })
    }

    fn forward(&self, embedded: &Tensor, first: usize) -> Result<Tensor> {
        let positions = self.embed_positions.narrow(0, POSITION_OFFSET + first, embedded.dim(1)?)?;
        self.layernorm_embedding.forward(&embedded.broadcast_add(&positions)?)
    }
}

/// The whole network. Weights are those of the `VarBuilder`; variables in it receive gradients.
#[derive(Debug, Clone)]
pub struct Bart {
    shared: Embedding,
    encoder: Opening,
    encoder_layers: Vec<EncoderLayer>,
    decoder: Opening,
    decoder_layers: Vec<DecoderLayer>,
    lm_head: Linear,
    final_logits_bias: Tensor,
    config: BartConfig,
}

impl Bart {
    /// Builds the network from tensors named as in the checkpoint (`model.shared.weight`, …).
    ///
    /// # Errors
    /// A tensor is missing or has the wrong shape.
    pub fn new(config: &BartConfig, vb: &VarBuilder) -> Result<Self> {
        let (v, d) = (config.vocab_size, config.d_model);
        let model = vb.pp("model");
        let shared = model.pp("shared").get((v, d), "weight")?;
        let head = if config.tie_word_embeddings { shared.clone() } else { vb.pp("lm_head").get((v, d), "weight")? };
        let encoder_vb = model.pp("encoder");
        let decoder_vb = model.pp("decoder");
        Ok(Self {
            shared: Embedding::new(shared, d),
            encoder: Opening::new(config, &encoder_vb)?,
            encoder_layers: (0..config.encoder_layers)
                .map(|k| EncoderLayer::new(config, &encoder_vb.pp("layers").pp(k)))
                .collect::<Result<_>>()?,
            decoder: Opening::new(config, &decoder_vb)?,
            decoder_layers: (0..config.decoder_layers)
                .map(|k| DecoderLayer::new(config, &decoder_vb.pp("layers").pp(k)))
                .collect::<Result<_>>()?,
            lm_head: Linear::new(head, None),
            final_logits_bias: vb.get((1, v), "final_logits_bias")?,
            config: config.clone(),
        })
    }

    /// The architecture.
    pub fn config(&self) -> &BartConfig {
        &self.config
    }

    fn embed(&self, ids: &Tensor) -> Result<Tensor> {
        let embedded = self.shared.forward(ids)?;
        if self.config.scale_embedding { embedded * (self.config.d_model as f64).sqrt() } else { Ok(embedded) }
    }

    /// Encoder states `(batch, seq, d_model)` of token ids `(batch, seq)`, u32.
    ///
    /// * `mask` – `(batch, seq)`, 1 for tokens and 0 for padding, any number type; without it padding is attended to,
    ///   as in the latent path of SELFIES-TED
    ///
    /// # Errors
    /// What candle reports; ids beyond the vocabulary, sequences beyond the position table.
    pub fn encode(&self, ids: &Tensor, mask: Option<&Tensor>, dropout: &dyn Dropout) -> Result<Tensor> {
        let mask = mask.map(|mask| padding_mask(mask, self.shared.embeddings().dtype())).transpose()?;
        let x = self.encoder.forward(&self.embed(ids)?, 0)?;
        let mut x = dropout.apply(&x, self.config.dropout)?;
        for layer in &self.encoder_layers {
            x = layer.forward(&x, mask.as_ref(), self.config.dropout, dropout)?;
        }
        Ok(x)
    }

    /// Decoder states `(batch, seq, d_model)` of decoder input ids `(batch, seq)` over encoder states, teacher-forced.
    ///
    /// * `encoder_mask` – as `mask` of [`Bart::encode`], over the encoder states
    ///
    /// # Errors
    /// As [`Bart::encode`].
    pub fn decode(
        &self,
        ids: &Tensor,
        encoder_states: &Tensor,
        encoder_mask: Option<&Tensor>,
        dropout: &dyn Dropout,
    ) -> Result<Tensor> {
        let dtype = self.shared.embeddings().dtype();
        let encoder_mask = encoder_mask.map(|mask| padding_mask(mask, dtype)).transpose()?;
        let own_mask = causal_mask(ids.dim(1)?, dtype, ids.device())?;
        let x = self.decoder.forward(&self.embed(ids)?, 0)?;
        let mut x = dropout.apply(&x, self.config.dropout)?;
        for layer in &self.decoder_layers {
            let sources = Sources {
                own: &layer.self_attn.key_value(&x)?,
                own_mask: Some(&own_mask),
                encoder: &layer.encoder_attn.key_value(encoder_states)?,
                encoder_mask: encoder_mask.as_ref(),
            };
            x = layer.forward(&x, &sources, self.config.dropout, dropout)?;
        }
        Ok(x)
    }

    /// Logits `(…, vocab)` of decoder states `(…, d_model)`.
    ///
    /// # Errors
    /// What candle reports.
    pub fn logits(&self, decoder_states: &Tensor) -> Result<Tensor> {
        self.lm_head.forward(decoder_states)?.broadcast_add(&self.final_logits_bias.i(0)?)
    }

    /// Greedy decoding of encoder states `(batch, positions, d_model)` with a key/value cache; rows leave the batch as
    /// they end.
    ///
    /// # Errors
    /// What candle reports.
    pub fn greedy(&self, encoder_states: &Tensor, params: &GreedyParams) -> Result<Vec<Tokens>> {
        let device = encoder_states.device();
        let mut rows = GreedyRows::new(encoder_states.dim(0)?, params);
        let encoder: Vec<KeyValue> =
            self.decoder_layers.iter().map(|l| l.encoder_attn.key_value(encoder_states)).collect::<Result<_>>()?;
        let mut encoder = encoder;
        let mut own: Vec<Option<KeyValue>> = vec![None; self.decoder_layers.len()];
        while !rows.alive().is_empty() {
            let ids = Tensor::new(rows.last_ids(), device)?.unsqueeze(1)?;
            let mut x = self.decoder.forward(&self.embed(&ids)?, rows.step())?;
            for ((layer, own), encoder) in self.decoder_layers.iter().zip(&mut own).zip(&encoder) {
                let new = layer.self_attn.key_value(&x)?;
                let kv = match own.take() {
                    Some(old) => {
                        KeyValue { k: Tensor::cat(&[&old.k, &new.k], 2)?, v: Tensor::cat(&[&old.v, &new.v], 2)? }
                    }
                    None => new,
                };
                let sources = Sources { own: &kv, own_mask: None, encoder, encoder_mask: None };
                x = layer.forward(&x, &sources, 0.0, &NoDropout)?;
                *own = Some(kv);
            }
            let logits = self.logits(&x.squeeze(1)?)?;
            let best: Vec<u32> = if params.rules.narrows() {
                rows.choose(&mut logits.to_dtype(DType::F32)?.to_vec2()?)
            } else {
                logits.argmax(D::Minus1)?.to_vec1()?
            };
            if let Some(kept) = rows.push(&best) {
                let kept = Tensor::new(kept, device)?;
                let select = |kv: &KeyValue| -> Result<KeyValue> {
                    Ok(KeyValue { k: kv.k.index_select(&kept, 0)?, v: kv.v.index_select(&kept, 0)? })
                };
                encoder = encoder.iter().map(select).collect::<Result<_>>()?;
                own = own.iter().map(|kv| kv.as_ref().map(select).transpose()).collect::<Result<_>>()?;
            }
        }
        Ok(rows.into_tokens())
    }
}

/// `(batch, 1, 1, keys)`: 0 where attended, the lowest finite number where not.
fn padding_mask(mask: &Tensor, dtype: DType) -> Result<Tensor> {
    let mask = mask.to_dtype(dtype)?;
    let hidden = mask.affine(-1.0, 1.0)?;
    (hidden * lowest(dtype))?.unsqueeze(1)?.unsqueeze(1)
}

/// `(seq, seq)`: 0 on and below the diagonal, the lowest finite number above.
fn causal_mask(seq: usize, dtype: DType, device: &Device) -> Result<Tensor> {
    let low = lowest(dtype) as f32;
    let mask: Vec<f32> = (0..seq * seq).map(|k| if k % seq > k / seq { low } else { 0.0 }).collect();
    Tensor::from_vec(mask, (seq, seq), device)?.to_dtype(dtype)
}

fn lowest(dtype: DType) -> f64 {
    match dtype {
        DType::F16 => -65504.0,
        _ => f64::from(f32::MIN),
    }
}
