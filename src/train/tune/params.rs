//! What a continued pretraining is to do: presets, strategies and their settings.

use serde::{Deserialize, Serialize};

use crate::train::optimiser::{AdamParams, Schedule};

/// Settings of a continued pretraining. Together with the base checkpoint and the molecules they decide every bit of
/// the result. METHOD section 7; published variants are [`TuneParams::script`] and [`TuneParams::paper`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TuneParams {
    /// What learns, and what holds the rest in place.
    pub strategy: Strategy,
    /// Seed of masks, order, replay and adapters.
    pub seed: u64,
    /// Passes over the fill set, at most.
    pub epochs: u64,
    /// Fill-set molecules a step.
    pub batch_size: usize,
    /// Part of a molecule's own tokens that the encoder does not see; in [0, 1].
    pub mask_rate: f64,
    /// Learning rate over the steps of all epochs.
    pub schedule: Schedule,
    /// Optimiser. Its weight decay pulls to zero, not to the pretrained weights: 0 unless set.
    pub adam: AdamParams,
    /// Stop before the last epoch; none: never.
    pub early_stop: Option<EarlyStop>,
    /// Held-out molecules that are measured, at most.
    pub n_validation: usize,
    /// Epochs between validations, at least 1; there is one before the first and one after the last.
    pub validate_every: u64,
    /// Steps between saved states, at least 1.
    pub save_every: u64,
}

impl Default for TuneParams {
    fn default() -> Self {
        Self::script()
    }
}

impl TuneParams {
    /// As the published script: one epoch of batches of 256 at 5e-5, which is one step for 100 molecules.
    pub fn script() -> Self {
        Self {
            strategy: Strategy::Full,
            seed: 0,
            epochs: 1,
            batch_size: 256,
            mask_rate: 0.15,
            schedule: Schedule::default(),
            adam: AdamParams::default(),
            early_stop: None,
            n_validation: 512,
            validate_every: 1,
            save_every: 50,
        }
    }

    /// As the paper's text: up to 50 epochs, stopped early on training and validation loss.
    pub fn paper() -> Self {
        Self { epochs: 50, early_stop: Some(EarlyStop::default()), ..Self::script() }
    }

    /// Refuses what cannot be trained, with the first reason.
    ///
    /// # Errors
    /// A sentence that says what was found and what was expected.
    pub fn check(&self) -> Result<(), String> {
        let positive = |name: &str, value: f64| {
            if value > 0.0 && value.is_finite() {
                return Ok(());
            }
            Err(format!("{name} is {value}, expected a number above 0"))
        };
        let from_zero = |name: &str, value: f64| {
            if value >= 0.0 && value.is_finite() {
                return Ok(());
            }
            Err(format!("{name} is {value}, expected 0 or a number above"))
        };
        for (name, value) in [
            ("epochs", self.epochs),
            ("batch_size", self.batch_size as u64),
            ("validate_every", self.validate_every),
            ("save_every", self.save_every),
        ] {
            if value == 0 {
                return Err(format!("{name} is 0, expected at least 1"));
            }
        }
        if !(0.0..=1.0).contains(&self.mask_rate) || !(0.0..=1.0).contains(&self.schedule.floor) {
            return Err(format!(
                "mask_rate is {} and the floor of the schedule {}, expected numbers from 0 to 1",
                self.mask_rate, self.schedule.floor
            ));
        }
        positive("learning_rate", self.schedule.learning_rate)?;
        from_zero("weight_decay", self.adam.weight_decay)?;
        from_zero("clip", self.adam.clip)?;
        positive("epsilon", self.adam.epsilon)?;
        if !(0.0..1.0).contains(&self.adam.beta1) || !(0.0..1.0).contains(&self.adam.beta2) {
            let AdamParams { beta1, beta2, .. } = self.adam;
            return Err(format!("beta1 is {beta1} and beta2 {beta2}, expected numbers from 0 to below 1"));
        }
        if let Some(stop) = self.early_stop {
            from_zero("min_improvement", stop.min_improvement)?;
            if stop.patience == 0 {
                return Err("patience is 0, expected at least 1 validation".to_owned());
            }
        }
        if let Some(lora) = self.strategy.lora() {
            positive("alpha", f64::from(lora.alpha))?;
            if lora.rank == 0 {
                return Err("the rank of the adapters is 0, expected at least 1".to_owned());
            }
        }
        if let Some(replay) = self.strategy.replay() {
            positive("the replay ratio", replay.ratio)?;
            from_zero("the replay weight", f64::from(replay.weight))?;
        }
        if let Strategy::Prototypes(anchor) = &self.strategy {
            from_zero("lambda", f64::from(anchor.lambda))?;
            if anchor.max_clusters == 0 {
                return Err("max_clusters is 0, expected at least 1".to_owned());
            }
        }
        Ok(())
    }
}

/// When to stop before the last epoch: once the training loss or the validation loss has gone `patience` validations
/// without a new best. The weights kept are those of the best validation loss seen after training began.
///
/// The paper says “early stopping on training and validation loss” and no more; stopping as soon as either of the two
/// has come to rest is our reading.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EarlyStop {
    /// Validations without a new best.
    pub patience: u32,
    /// A loss is a new best when it is lower by this part of the old one.
    pub min_improvement: f64,
}

impl Default for EarlyStop {
    fn default() -> Self {
        Self { patience: 3, min_improvement: 1e-4 }
    }
}

/// What learns, and what holds the rest in place. The projectors never learn.
///
/// The pooled embedding comes out of the encoder: strategies that freeze the encoder leave it, and with it every
/// downstream score, exactly as it was, and change only what is decoded.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// All of the transformer.
    #[default]
    Full,
    /// The decoder's blocks; embeddings (tokens, positions and their norms) and encoder stay.
    FreezeEncoder,
    /// The decoder's last block alone.
    LastDecoderLayer,
    /// Low-rank adapters.
    Lora(LoraParams),
    /// Full, with molecules of the pretraining corpus as a second loss term.
    Replay(ReplayParams),
    /// Full, with the frozen original's predictions on corpus molecules as soft targets of a second loss term.
    Pseudolabels(ReplayParams),
    /// Adapters, with replay.
    ReplayLora {
        /// Molecules of the corpus.
        replay: ReplayParams,
        /// Adapters.
        lora: LoraParams,
    },
    /// Full, with the embeddings held near the prototypes of the clusters they came from.
    Prototypes(PrototypeParams),
}

impl Strategy {
    /// Its name in tables.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::FreezeEncoder => "freeze_encoder",
            Self::LastDecoderLayer => "last_decoder_layer",
            Self::Lora(_) => "lora",
            Self::Replay(_) => "replay",
            Self::Pseudolabels(_) => "pseudolabels",
            Self::ReplayLora { .. } => "replay_lora",
            Self::Prototypes(_) => "prototypes",
        }
    }

    /// The adapters, if it has some.
    pub fn lora(&self) -> Option<LoraParams> {
        match self {
            Self::Lora(lora) | Self::ReplayLora { lora, .. } => Some(*lora),
            _ => None,
        }
    }

    /// The replay of corpus molecules, if it has one.
    pub fn replay(&self) -> Option<ReplayParams> {
        match self {
            Self::Replay(replay) | Self::Pseudolabels(replay) | Self::ReplayLora { replay, .. } => Some(*replay),
            _ => None,
        }
    }

    /// Every strategy with its default settings, in the order of METHOD section 7.
    pub fn all() -> [Self; 8] {
        [
            Self::Full,
            Self::FreezeEncoder,
            Self::LastDecoderLayer,
            Self::Lora(LoraParams::default()),
            Self::Replay(ReplayParams::default()),
            Self::Pseudolabels(ReplayParams::default()),
            Self::ReplayLora { replay: ReplayParams::default(), lora: LoraParams::default() },
            Self::Prototypes(PrototypeParams::default()),
        ]
    }
}

/// Low-rank adapters (Hu et al., arXiv 2106.09685): W + (alpha / r) B A with A ~ N(0, 1e-3²) of shape (r, n_in) and
/// B = 0 of shape (n_out, r).
///
/// All linear layers of the blocks get one (query, key, value and output of every attention, both of every
/// feed-forward): in a network this small, adapting queries and values alone leaves half of its weights out of reach,
/// and adapting every layer is what matched full tuning in Dettmers et al. (arXiv 2305.14314). Biases, norms and
/// embeddings stay.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoraParams {
    /// r ≥ 1; at most the smaller width of the layer it adapts. Published trials: 4, 16, 64.
    pub rank: usize,
    /// The adapter is scaled by alpha / r.
    pub alpha: f32,
}

impl Default for LoraParams {
    fn default() -> Self {
        Self { rank: 16, alpha: 32.0 }
    }
}

/// Molecules of the pretraining corpus beside the fill set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReplayParams {
    /// Corpus molecules for each fill-set molecule of a step, above 0.
    pub ratio: f64,
    /// Weight of the second loss term, at least 0.
    pub weight: f32,
}

impl Default for ReplayParams {
    fn default() -> Self {
        Self { ratio: 1.0, weight: 1.0 }
    }
}

/// How the embeddings of the original are clustered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clustering {
    /// Lloyd's algorithm from k-means++ starts.
    #[default]
    KMeans,
    /// A mixture of Gaussians with diagonal covariances, by expectation-maximisation from k-means.
    GaussianMixture,
}

/// Adds λ · mean_j |z_j − prototype(z_j)|², where z is the pooled embedding of an unmasked fill-set molecule under the
/// tuned model, and its prototype the mean of the cluster that its embedding under the original belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrototypeParams {
    /// How prototypes are found among the embeddings of corpus and fill set under the original.
    pub clustering: Clustering,
    /// The number of clusters is that of the lowest BIC in 1 ..= this.
    pub max_clusters: usize,
    /// λ ≥ 0, in nats for a squared distance of 1.
    pub lambda: f32,
}

impl Default for PrototypeParams {
    fn default() -> Self {
        Self { clustering: Clustering::KMeans, max_clusters: 16, lambda: 0.1 }
    }
}
