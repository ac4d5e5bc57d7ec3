//! Settings of the architecture: `config.json` and the widths of the projectors.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::CheckpointError;
use super::decoding_rules::DecodingRules;

/// The activation between the two layers of a feed-forward block, by its name in `config.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Activation {
    /// x Φ(x) with the exact error function.
    #[default]
    #[serde(rename = "gelu")]
    Gelu,
    /// The tanh approximation of GELU.
    #[serde(rename = "gelu_new", alias = "gelu_pytorch_tanh", alias = "gelu_fast")]
    GeluTanh,
    /// max(x, 0).
    #[serde(rename = "relu")]
    Relu,
    /// x σ(x).
    #[serde(rename = "silu", alias = "swish")]
    Silu,
}

/// Architecture and token roles of a BART checkpoint: the fields of `config.json` that decide what is computed.
///
/// Absent fields take the defaults of transformers' `BartConfig`. Fields we do not know are kept in `rest` and written
/// back, so that a saved checkpoint tells other programs what the opened one did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BartConfig {
    /// Rows of the token embedding and columns of the head.
    pub vocab_size: usize,
    /// Width of every state vector.
    pub d_model: usize,
    /// Blocks of the encoder.
    pub encoder_layers: usize,
    /// Attention heads of the encoder; divides `d_model`.
    pub encoder_attention_heads: usize,
    /// Hidden width of the encoder's feed-forward blocks.
    pub encoder_ffn_dim: usize,
    /// Blocks of the decoder.
    pub decoder_layers: usize,
    /// Attention heads of the decoder; divides `d_model`.
    pub decoder_attention_heads: usize,
    /// Hidden width of the decoder's feed-forward blocks.
    pub decoder_ffn_dim: usize,
    /// Longest sequence; the position tables hold two rows more.
    pub max_position_embeddings: usize,
    /// Activation of the feed-forward blocks.
    pub activation_function: Activation,
    /// Multiply token embeddings by √d_model.
    pub scale_embedding: bool,
    /// The head shares the token embedding.
    pub tie_word_embeddings: bool,
    /// Dropout on embeddings and block outputs, in training only.
    pub dropout: f32,
    /// Dropout on attention weights, in training only.
    pub attention_dropout: f32,
    /// Dropout inside feed-forward blocks, in training only.
    pub activation_dropout: f32,
    /// Standard deviation of fresh weights.
    pub init_std: f32,
    /// Padding.
    pub pad_token_id: u32,
    /// First token of a text.
    pub bos_token_id: u32,
    /// Last token of a text.
    pub eos_token_id: u32,
    /// What the decoder is given before its first token.
    pub decoder_start_token_id: u32,
    /// The first new token, when the checkpoint prescribes it.
    pub forced_bos_token_id: Option<u32>,
    /// The token at the length limit, when the checkpoint prescribes it.
    pub forced_eos_token_id: Option<u32>,
    /// What else is prescribed about decoding, in `generation_config.json`.
    #[serde(skip)]
    pub decoding: DecodingRules,
    /// Every other field, kept as found.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Default for BartConfig {
    fn default() -> Self {
        Self {
            vocab_size: 50265,
            d_model: 1024,
            encoder_layers: 12,
            encoder_attention_heads: 16,
            encoder_ffn_dim: 4096,
            decoder_layers: 12,
            decoder_attention_heads: 16,
            decoder_ffn_dim: 4096,
            max_position_embeddings: 1024,
            activation_function: Activation::Gelu,
            scale_embedding: false,
            tie_word_embeddings: true,
            dropout: 0.1,
            attention_dropout: 0.0,
            activation_dropout: 0.0,
            init_std: 0.02,
            pad_token_id: 1,
            bos_token_id: 0,
            eos_token_id: 2,
            decoder_start_token_id: 2,
            forced_bos_token_id: None,
            forced_eos_token_id: Some(2),
            decoding: DecodingRules::default(),
            rest: Map::new(),
        }
    }
}

impl BartConfig {
    /// Reads `config.json` text; `generation`, the text of `generation_config.json`, overrides the token roles and alone
    /// prescribes decoding where it exists.
    ///
    /// # Errors
    /// Text that is not JSON, a field of the wrong type or a value out of range; `path` is named in the message.
    pub fn from_json(text: &str, generation: Option<&str>, path: &Path) -> Result<Self, CheckpointError> {
        let wrong = |source| CheckpointError::Json { path: path.to_owned(), source };
        let mut json: Map<String, Value> = serde_json::from_str(text).map_err(wrong)?;
        if let Some(kind) = json.get("model_type").and_then(Value::as_str)
            && kind != "bart"
        {
            return Err(CheckpointError::Family { found: kind.to_owned(), path: path.to_owned() });
        }
        let mut rules_of = (DecodingRules::from_fields(&json), path.to_owned());
        if let Some(generation) = generation {
            let path = path.with_file_name("generation_config.json");
            let generation: Map<String, Value> = serde_json::from_str(generation)
                .map_err(|source| CheckpointError::Json { path: path.clone(), source })?;
            rules_of = (DecodingRules::from_fields(&generation), path);
            for role in TOKEN_ROLES {
                match generation.get(role) {
                    Some(value) => drop(json.insert(role.to_owned(), value.clone())),
                    // As in transformers, where this file exists it alone prescribes tokens.
                    None if role.starts_with("forced") => drop(json.insert(role.to_owned(), Value::Null)),
                    None => {}
                }
            }
        }
        for role in TOKEN_ROLES {
            // transformers allows a list of end tokens; null means the default of the family.
            match json.get(role) {
                Some(Value::Array(ids)) => match ids.first().cloned() {
                    Some(first) => drop(json.insert(role.to_owned(), first)),
                    None => drop(json.remove(role)),
                },
                Some(Value::Null) if !role.starts_with("forced") => drop(json.remove(role)),
                _ => {}
            }
        }
        let mut config: Self = serde_json::from_value(Value::Object(json)).map_err(wrong)?;
        let (rules, rules_path) = rules_of;
        config.decoding = rules.map_err(|what| CheckpointError::Config { what, path: rules_path })?;
        config.check(path)?;
        Ok(config)
    }

    /// Refuses sizes and token ids that no model can have.
    ///
    /// # Errors
    /// The first field that is out of range.
    pub fn check(&self, path: &Path) -> Result<(), CheckpointError> {
        let fail = |what: String| Err(CheckpointError::Config { what, path: path.to_owned() });
        let sizes = [
            ("vocab_size", self.vocab_size),
            ("d_model", self.d_model),
            ("encoder_layers", self.encoder_layers),
            ("decoder_layers", self.decoder_layers),
            ("encoder_attention_heads", self.encoder_attention_heads),
            ("decoder_attention_heads", self.decoder_attention_heads),
            ("encoder_ffn_dim", self.encoder_ffn_dim),
            ("decoder_ffn_dim", self.decoder_ffn_dim),
            ("max_position_embeddings", self.max_position_embeddings),
        ];
        for (name, size) in sizes {
            if size == 0 || size > MAX_SIZE {
                return fail(format!("{name} is {size}, expected 1 to {MAX_SIZE}"));
            }
        }
        for (name, layers) in [("encoder_layers", self.encoder_layers), ("decoder_layers", self.decoder_layers)] {
            if layers > MAX_LAYERS {
                return fail(format!("{name} is {layers}, expected 1 to {MAX_LAYERS}"));
            }
        }
        for (name, heads) in [
            ("encoder_attention_heads", self.encoder_attention_heads),
            ("decoder_attention_heads", self.decoder_attention_heads),
        ] {
            if !self.d_model.is_multiple_of(heads) {
                return fail(format!("{name} is {heads}, which does not divide d_model = {}", self.d_model));
            }
        }
        let ids = [
            ("pad_token_id", Some(self.pad_token_id)),
            ("bos_token_id", Some(self.bos_token_id)),
            ("eos_token_id", Some(self.eos_token_id)),
            ("decoder_start_token_id", Some(self.decoder_start_token_id)),
            ("forced_bos_token_id", self.forced_bos_token_id),
            ("forced_eos_token_id", self.forced_eos_token_id),
        ];
        for (name, id) in ids {
            if let Some(id) = id
                && id as usize >= self.vocab_size
            {
                return fail(format!("{name} is {id}, but vocab_size is {}", self.vocab_size));
            }
        }
        Ok(())
    }

    /// Names and shapes of every BART tensor of this architecture, as transformers names them.
    ///
    /// The copies that tying allows (`lm_head.weight`, `embed_tokens.weight`) are not among them.
    pub fn tensor_shapes(&self) -> Vec<(String, Vec<usize>)> {
        let d = self.d_model;
        let mut shapes = vec![
            ("final_logits_bias".to_owned(), vec![1, self.vocab_size]),
            ("model.shared.weight".to_owned(), vec![self.vocab_size, d]),
        ];
        if !self.tie_word_embeddings {
            shapes.push(("lm_head.weight".to_owned(), vec![self.vocab_size, d]));
        }
        for (side, n_layers, ffn) in [
            ("encoder", self.encoder_layers, self.encoder_ffn_dim),
            ("decoder", self.decoder_layers, self.decoder_ffn_dim),
        ] {
            let base = format!("model.{side}");
            shapes.push((format!("{base}.embed_positions.weight"), vec![self.max_position_embeddings + 2, d]));
            push_norm(&mut shapes, &format!("{base}.layernorm_embedding"), d);
            for layer in 0..n_layers {
                let block = format!("{base}.layers.{layer}");
                let attentions: &[&str] =
                    if side == "decoder" { &["self_attn", "encoder_attn"] } else { &["self_attn"] };
                for attention in attentions {
                    for part in ["k_proj", "v_proj", "q_proj", "out_proj"] {
                        push_linear(&mut shapes, &format!("{block}.{attention}.{part}"), d, d);
                    }
                    push_norm(&mut shapes, &format!("{block}.{attention}_layer_norm"), d);
                }
                push_linear(&mut shapes, &format!("{block}.fc1"), ffn, d);
                push_linear(&mut shapes, &format!("{block}.fc2"), d, ffn);
                push_norm(&mut shapes, &format!("{block}.final_layer_norm"), d);
            }
        }
        shapes
    }
}

/// Layers of an encoder or decoder; the largest models that were published have a tenth.
const MAX_LAYERS: usize = 1_000;
/// Larger sizes than any checkpoint has; keeps products of sizes far from overflow.
const MAX_SIZE: usize = 1 << 24;

const TOKEN_ROLES: [&str; 6] = [
    "pad_token_id",
    "bos_token_id",
    "eos_token_id",
    "decoder_start_token_id",
    "forced_bos_token_id",
    "forced_eos_token_id",
];

/// The two perceptrons between encoder states and the latent vector, each of four layers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProjectorConfig {
    /// From flattened encoder states to the latent vector.
    pub projector: ProjectorShape<[usize; 2], usize>,
    /// From the latent vector back to encoder states.
    pub invprojector: ProjectorShape<usize, [usize; 2]>,
    /// Slope of the leaky rectifier below zero.
    #[serde(default = "rrelu_eval_slope")]
    pub rrelu_eval_slope: f64,
}

/// Widths of one perceptron. State widths are `[positions, d_model]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProjectorShape<I, O> {
    /// Input width.
    pub input_dim: I,
    /// Width of the three hidden layers.
    pub hidden_dim: usize,
    /// Output width.
    pub output_dim: O,
}

/// The randomised leaky rectifier in evaluation: the mean of its bounds 1/8 and 1/3.
pub fn rrelu_eval_slope() -> f64 {
    f64::midpoint(1.0 / 8.0, 1.0 / 3.0)
}

impl ProjectorConfig {
    /// A projector pair for `positions` encoder states of width `d_model`.
    pub fn new(positions: usize, d_model: usize, hidden_dim: usize, latent_dim: usize) -> Self {
        Self {
            projector: ProjectorShape { input_dim: [positions, d_model], hidden_dim, output_dim: latent_dim },
            invprojector: ProjectorShape { input_dim: latent_dim, hidden_dim, output_dim: [positions, d_model] },
            rrelu_eval_slope: rrelu_eval_slope(),
        }
    }

    /// Encoder positions that a latent vector carries.
    pub fn positions(&self) -> usize {
        self.projector.input_dim[0]
    }

    /// Coordinates of the latent vector.
    pub fn latent_dim(&self) -> usize {
        self.projector.output_dim
    }

    /// Names and shapes of the projector tensors, under `projector.` and `invprojector.`.
    pub fn tensor_shapes(&self) -> Vec<(String, Vec<usize>)> {
        let states: usize = self.projector.input_dim.iter().product();
        let latent = self.latent_dim();
        let (down, up) = (self.projector.hidden_dim, self.invprojector.hidden_dim);
        let widths = [
            ("projector", [states, down, down, down, latent]),
            ("invprojector", [latent, up, up, up, self.invprojector.output_dim.iter().product()]),
        ];
        let mut shapes = Vec::new();
        for (name, widths) in widths {
            for (k, pair) in widths.windows(2).enumerate() {
                push_linear(&mut shapes, &format!("{name}.layer{}", k + 1), pair[1], pair[0]);
            }
        }
        shapes
    }

    /// Refuses a pair that does not fit `bart` or each other.
    ///
    /// # Errors
    /// The first width that does not fit.
    pub fn check(&self, bart: &BartConfig, path: &Path) -> Result<(), CheckpointError> {
        let fail = |what: String| Err(CheckpointError::Config { what, path: path.to_owned() });
        let [positions, width] = self.projector.input_dim;
        if width != bart.d_model {
            return fail(format!("the projector reads states of width {width}, but d_model is {}", bart.d_model));
        }
        if positions == 0 || positions > bart.max_position_embeddings {
            return fail(format!(
                "the projector reads {positions} positions, expected 1 to max_position_embeddings = {}",
                bart.max_position_embeddings
            ));
        }
        if self.invprojector.output_dim != self.projector.input_dim {
            return fail(format!(
                "the inverse projector writes {:?} states, but the projector reads {:?}",
                self.invprojector.output_dim, self.projector.input_dim
            ));
        }
        if self.invprojector.input_dim != self.projector.output_dim {
            return fail(format!(
                "the inverse projector reads {} coordinates, but the projector writes {}",
                self.invprojector.input_dim, self.projector.output_dim
            ));
        }
        for (name, size) in [
            ("latent dimension", self.latent_dim()),
            ("projector hidden_dim", self.projector.hidden_dim),
            ("invprojector hidden_dim", self.invprojector.hidden_dim),
        ] {
            if size == 0 || size > MAX_SIZE {
                return fail(format!("the {name} is {size}, expected 1 to {MAX_SIZE}"));
            }
        }
        if !self.rrelu_eval_slope.is_finite() {
            return fail(format!("rrelu_eval_slope is {}, expected a number", self.rrelu_eval_slope));
        }
        Ok(())
    }
}

fn push_linear(shapes: &mut Vec<(String, Vec<usize>)>, name: &str, out: usize, input: usize) {
    shapes.push((format!("{name}.weight"), vec![out, input]));
    shapes.push((format!("{name}.bias"), vec![out]));
}

fn push_norm(shapes: &mut Vec<(String, Vec<usize>)>, name: &str, d: usize) {
    shapes.push((format!("{name}.weight"), vec![d]));
    shapes.push((format!("{name}.bias"), vec![d]));
}
