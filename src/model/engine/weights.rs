use super::super::checkpoint::{Checkpoint, CheckpointError};
use super::super::config::BartConfig;
use super::first_block::FirstBlock;
use super::gemm::PackedLinear;
use super::kernels;

/// A layer norm.
#[derive(Debug)]
pub(super) struct Norm {
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

#[derive(Debug)]
pub(super) struct FeedForward {
    pub fc1: PackedLinear,
    pub fc2: PackedLinear,
    pub norm: Norm,
}

#[derive(Debug)]
pub(super) struct EncoderBlock {
    /// Query (scaled), key and value, one after the other.
    pub qkv: PackedLinear,
    pub out: PackedLinear,
    pub norm: Norm,
    pub feed_forward: FeedForward,
}

#[derive(Debug)]
pub(super) struct DecoderBlock {
    pub qkv: PackedLinear,
    pub out: PackedLinear,
    pub norm: Norm,
    pub cross_q: PackedLinear,
    pub cross_kv: PackedLinear,
    pub cross_out: PackedLinear,
    pub cross_norm: Norm,
    pub feed_forward: FeedForward,
}

/// Positions (without their offset rows) and the layer norm that open an encoder or decoder, and what was kept of its first
/// block.
#[derive(Debug)]
pub(super) struct Opening {
    pub positions: Vec<f32>,
    pub norm: Norm,
    pub first_block: FirstBlock,
}

/// Four linear layers with leaky rectifiers between them.
#[derive(Debug)]
pub(super) struct Perceptron {
    layers: [PackedLinear; 4],
    slope: f32,
}

/// All weights, packed.
#[derive(Debug)]
pub struct Engine {
    pub(super) config: BartConfig,
    /// Token embeddings `(vocab, d)`, scaled where the checkpoint says so.
    pub(super) embedding: Vec<f32>,
    pub(super) encoder: Opening,
    pub(super) encoder_blocks: Vec<EncoderBlock>,
    pub(super) decoder: Opening,
    pub(super) decoder_blocks: Vec<DecoderBlock>,
    pub(super) head: PackedLinear,
    pub(super) projector: Option<Perceptron>,
    pub(super) invprojector: Option<Perceptron>,
}

impl Engine {
    /// Packs the weights of a checkpoint, reading one tensor at a time.
    ///
    /// # Errors
    /// A tensor cannot be read, or holds something that is no number.
    pub fn load(checkpoint: &Checkpoint) -> Result<Self, CheckpointError> {
        let reader = Reader { checkpoint };
        let config = checkpoint.config.clone();
        let d = config.d_model;
        let embedding = checkpoint.values("model.shared.weight")?;
        let head_bias = checkpoint.values("final_logits_bias")?;
        let head = if config.tie_word_embeddings {
            PackedLinear::new(&embedding, head_bias, d)
        } else {
            PackedLinear::new(&checkpoint.values("lm_head.weight")?, head_bias, d)
        };
        let scale = if config.scale_embedding { (d as f32).sqrt() } else { 1.0 };
        let encoder_block =
            |k| reader.encoder_block(&format!("model.encoder.layers.{k}"), config.encoder_attention_heads);
        let decoder_block =
            |k| reader.decoder_block(&format!("model.decoder.layers.{k}"), config.decoder_attention_heads);
        Ok(Self {
            head,
            embedding: embedding.into_iter().map(|x| x * scale).collect(),
            encoder: reader.opening("model.encoder")?,
            encoder_blocks: (0..config.encoder_layers).map(encoder_block).collect::<Result<_, _>>()?,
            decoder: reader.opening("model.decoder")?,
            decoder_blocks: (0..config.decoder_layers).map(decoder_block).collect::<Result<_, _>>()?,
            projector: reader.perceptron("projector")?,
            invprojector: reader.perceptron("invprojector")?,
            config,
        })
    }

    /// Width of the states.
    pub fn d_model(&self) -> usize {
        self.config.d_model
    }

    /// Latent vectors `(n, latent_dim)` of encoder states `(n, positions · d_model)`.
    ///
    /// # Panics
    /// The checkpoint has no projectors.
    pub fn project(&self, states: &[f32]) -> Vec<f32> {
        self.projector.as_ref().expect("a checkpoint with projectors").forward(states)
    }

    /// Encoder states `(n, positions · d_model)` of latent vectors `(n, latent_dim)`.
    ///
    /// # Panics
    /// The checkpoint has no projectors.
    pub fn unproject(&self, latents: &[f32]) -> Vec<f32> {
        self.invprojector.as_ref().expect("a checkpoint with projectors").forward(latents)
    }
}

impl Perceptron {
    fn forward(&self, x: &[f32]) -> Vec<f32> {
        let n_rows = x.len() / self.layers[0].n_in();
        let mut x = std::borrow::Cow::Borrowed(x);
        for (k, layer) in self.layers.iter().enumerate() {
            let mut out = vec![0.0; n_rows * layer.n_out()];
            layer.apply(&x, &mut out);
            if k < 3 {
                kernels::leaky_relu(&mut out, self.slope);
            }
            x = out.into();
        }
        x.into_owned()
    }
}

struct Reader<'a> {
    checkpoint: &'a Checkpoint,
}

type Read<T> = Result<T, CheckpointError>;

impl Reader<'_> {
    fn norm(&self, name: &str) -> Read<Norm> {
        Ok(Norm {
            weight: self.checkpoint.values(&format!("{name}.weight"))?,
            bias: self.checkpoint.values(&format!("{name}.bias"))?,
        })
    }

    /// Several linear layers of the same shape and input as one; the first is multiplied by `scale`.
    fn linear(&self, names: &[String], scale: f32) -> Read<PackedLinear> {
        let (mut parts, mut bias) = (Vec::new(), Vec::new());
        let weight_names: Vec<String> = names.iter().map(|name| format!("{name}.weight")).collect();
        for (k, (name, weight_name)) in names.iter().zip(&weight_names).enumerate() {
            let scale = if k == 0 { scale } else { 1.0 };
            bias.extend(self.checkpoint.values(&format!("{name}.bias"))?.into_iter().map(|b| b * scale));
            parts.push((self.checkpoint.values_in_order(weight_name)?, scale));
        }
        let part_rows = bias.len() / parts.len();
        let n_in = parts[0].0.shape().iter().product::<usize>() / part_rows;
        PackedLinear::from_rows(bias, n_in, |first, rows| {
            let (mut at, mut rest) = (first, rows);
            while !rest.is_empty() {
                let (part, scale) = &parts[at / part_rows];
                let n = (rest.len() / n_in).min(part_rows - at % part_rows);
                let (own, others) = rest.split_at_mut(n * n_in);
                part.read(at % part_rows * n_in, own)?;
                own.iter_mut().for_each(|w| *w *= scale);
                (at, rest) = (at + n, others);
            }
            Ok(())
        })
    }

    fn one(&self, name: String) -> Read<PackedLinear> {
        self.linear(&[name], 1.0)
    }

    fn query_scale(&self, n_heads: usize) -> f32 {
        1.0 / ((self.checkpoint.config.d_model / n_heads) as f32).sqrt()
    }

    fn feed_forward(&self, block: &str) -> Read<FeedForward> {
        Ok(FeedForward {
            fc1: self.one(format!("{block}.fc1"))?,
            fc2: self.one(format!("{block}.fc2"))?,
            norm: self.norm(&format!("{block}.final_layer_norm"))?,
        })
    }

    fn qkv(&self, attention: &str, n_heads: usize) -> Read<PackedLinear> {
        let names = ["q_proj", "k_proj", "v_proj"].map(|part| format!("{attention}.{part}"));
        self.linear(&names, self.query_scale(n_heads))
    }

    fn encoder_block(&self, block: &str, n_heads: usize) -> Read<EncoderBlock> {
        Ok(EncoderBlock {
            qkv: self.qkv(&format!("{block}.self_attn"), n_heads)?,
            out: self.one(format!("{block}.self_attn.out_proj"))?,
            norm: self.norm(&format!("{block}.self_attn_layer_norm"))?,
            feed_forward: self.feed_forward(block)?,
        })
    }

    fn decoder_block(&self, block: &str, n_heads: usize) -> Read<DecoderBlock> {
        let cross = format!("{block}.encoder_attn");
        Ok(DecoderBlock {
            qkv: self.qkv(&format!("{block}.self_attn"), n_heads)?,
            out: self.one(format!("{block}.self_attn.out_proj"))?,
            norm: self.norm(&format!("{block}.self_attn_layer_norm"))?,
            cross_q: self.linear(&[format!("{cross}.q_proj")], self.query_scale(n_heads))?,
            cross_kv: self.linear(&["k_proj", "v_proj"].map(|part| format!("{cross}.{part}")), 1.0)?,
            cross_out: self.one(format!("{cross}.out_proj"))?,
            cross_norm: self.norm(&format!("{block}.encoder_attn_layer_norm"))?,
            feed_forward: self.feed_forward(block)?,
        })
    }

    fn opening(&self, side: &str) -> Read<Opening> {
        let d = self.checkpoint.config.d_model;
        let mut positions = self.checkpoint.values(&format!("{side}.embed_positions.weight"))?;
        positions.drain(..2 * d);
        let norm = self.norm(&format!("{side}.layernorm_embedding"))?;
        Ok(Opening { positions, norm, first_block: FirstBlock::new(3 * d) })
    }

    fn perceptron(&self, name: &str) -> Read<Option<Perceptron>> {
        let Some(config) = &self.checkpoint.projectors else { return Ok(None) };
        let layer = |k: usize| self.one(format!("{name}.layer{k}"));
        let layers = [layer(1)?, layer(2)?, layer(3)?, layer(4)?];
        Ok(Some(Perceptron { layers, slope: config.rrelu_eval_slope as f32 }))
    }
}
