//! SELFIES-TED (IBM): a BART over SELFIES symbols, and two perceptrons that squeeze its encoder states into one latent
//! vector and back. Here in candle, for training and for GPUs; [`super::engine`] is its fast twin on the CPU.

use candle_core::{Device, Result, Tensor};
use candle_nn::{Linear, Module, VarBuilder};

use super::bart::{Bart, NoDropout};
use super::checkpoint::{Checkpoint, CheckpointError};
use super::config::{BartConfig, ProjectorConfig};

/// Four linear layers with leaky rectifiers between them.
#[derive(Debug, Clone)]
pub struct Projector {
    layers: [Linear; 4],
    slope: f64,
}

impl Projector {
    /// `widths` are those of input, hidden layers and output; tensors are `layer1.weight` to `layer4.bias`.
    ///
    /// # Errors
    /// A tensor is missing or has the wrong shape.
    pub fn new(widths: [usize; 3], slope: f64, vb: &VarBuilder) -> Result<Self> {
        let [input, hidden, output] = widths;
        let linear = |k: usize, i, o| candle_nn::linear(i, o, vb.pp(format!("layer{k}")));
        let layers = [
            linear(1, input, hidden)?,
            linear(2, hidden, hidden)?,
            linear(3, hidden, hidden)?,
            linear(4, hidden, output)?,
        ];
        Ok(Self { layers, slope })
    }

    /// `(batch, input)` to `(batch, output)`.
    ///
    /// # Errors
    /// What candle reports.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut x = x.clone();
        for layer in &self.layers[..3] {
            x = candle_nn::ops::leaky_relu(&layer.forward(&x)?, self.slope)?;
        }
        self.layers[3].forward(&x)
    }
}

/// The projector and its inverse.
#[derive(Debug, Clone)]
pub struct Projectors {
    projector: Projector,
    invprojector: Projector,
    config: ProjectorConfig,
}

impl Projectors {
    /// Tensors are named `projector.layer1.weight`, …, `invprojector.layer4.bias`.
    ///
    /// # Errors
    /// A tensor is missing or has the wrong shape.
    pub fn new(config: &ProjectorConfig, vb: &VarBuilder) -> Result<Self> {
        let states: usize = config.projector.input_dim.iter().product();
        let (latent, slope) = (config.latent_dim(), config.rrelu_eval_slope);
        let down = [states, config.projector.hidden_dim, latent];
        let up = [latent, config.invprojector.hidden_dim, states];
        Ok(Self {
            projector: Projector::new(down, slope, &vb.pp("projector"))?,
            invprojector: Projector::new(up, slope, &vb.pp("invprojector"))?,
            config: config.clone(),
        })
    }

    /// Latent vectors `(batch, latent_dim)` of encoder states `(batch, positions, d_model)`.
    ///
    /// # Errors
    /// What candle reports.
    pub fn latent(&self, states: &Tensor) -> Result<Tensor> {
        self.projector.forward(&states.flatten_from(1)?)
    }

    /// Encoder states `(batch, positions, d_model)` of latent vectors `(batch, latent_dim)`.
    ///
    /// # Errors
    /// What candle reports.
    pub fn states(&self, latent: &Tensor) -> Result<Tensor> {
        let [positions, d_model] = self.config.invprojector.output_dim;
        self.invprojector.forward(latent)?.reshape((latent.dim(0)?, positions, d_model))
    }

    /// Widths and slope.
    pub fn config(&self) -> &ProjectorConfig {
        &self.config
    }
}

/// Transformer and projectors in candle.
#[derive(Debug, Clone)]
pub struct SelfiesTedNet {
    /// The transformer.
    pub bart: Bart,
    /// The perceptrons, where the checkpoint has them.
    pub projectors: Option<Projectors>,
}

impl SelfiesTedNet {
    /// Builds the network over the tensors of `vb`.
    ///
    /// # Errors
    /// A tensor is missing or has the wrong shape.
    pub fn new(bart: &BartConfig, projectors: Option<&ProjectorConfig>, vb: &VarBuilder) -> Result<Self> {
        Ok(Self { bart: Bart::new(bart, vb)?, projectors: projectors.map(|p| Projectors::new(p, vb)).transpose()? })
    }

    /// Loads the weights of a checkpoint.
    ///
    /// # Errors
    /// A tensor cannot be read, or holds something that is no number.
    pub fn load(checkpoint: &Checkpoint, device: &Device) -> std::result::Result<Self, CheckpointError> {
        let vb = checkpoint.var_builder(device)?;
        Ok(Self::new(&checkpoint.config, checkpoint.projectors.as_ref(), &vb)?)
    }

    /// Pooled embeddings `(batch, d_model)`: the mean of the encoder states over the tokens that `mask` marks.
    ///
    /// * `ids`, `mask` – `(batch, seq)`
    ///
    /// # Errors
    /// What candle reports.
    pub fn pooled(&self, ids: &Tensor, mask: &Tensor) -> Result<Tensor> {
        let states = self.bart.encode(ids, Some(mask), &NoDropout)?;
        let mask = mask.to_dtype(states.dtype())?.unsqueeze(2)?; // (batch, seq, 1)
        let sums = states.broadcast_mul(&mask)?.sum(1)?; // (batch, d_model)
        let counts = mask.sum(1)?.clamp(1e-9, f64::MAX)?;
        sums.broadcast_div(&counts)
    }
}
