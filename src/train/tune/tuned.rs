use serde::{Deserialize, Serialize};

use super::params::TuneParams;
use crate::train::StopReason;

/// How a tuning ended, and where it came from: `tuning.json` beside the checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tuned {
    /// Why it ended. The checkpoint is in the folder when the run finished or stopped early; after a cancellation the
    /// same call goes on from the saved state, and after a divergence the state of the last save is kept.
    pub stop_reason: StopReason,
    /// What it was asked to do.
    pub params: TuneParams,
    /// Optimiser steps taken.
    pub steps: u64,
    /// Optimiser steps that the kept weights have behind them: fewer than `steps` where early stopping went back to
    /// the best.
    pub kept_step: u64,
    /// Digest of the base model, as in its provenance.
    pub base_digest: String,
    /// Digest of the tuned model; none before the run is done.
    pub digest: Option<String>,
    /// Digests of the molecules: fill set, replayed corpus, held-out set.
    pub data_digests: [String; 3],
    /// Fill-set molecules.
    pub fill: Sizes,
    /// Corpus molecules for replay or clustering.
    pub corpus: Sizes,
    /// Held-out molecules.
    pub validation: Sizes,
    /// Parameters that learned, and all of the transformer's.
    pub n_trained: [usize; 2],
    /// Prototypes, where the strategy has them.
    pub n_prototypes: Option<usize>,
    /// The held-out corpus molecules under the base model; none without such molecules.
    pub before: Option<Validation>,
    /// The same under the kept weights.
    pub after: Option<Validation>,
    /// Version of the program.
    pub program_version: String,
}

impl Tuned {
    /// True when the folder holds the tuned checkpoint.
    pub fn is_done(&self) -> bool {
        matches!(self.stop_reason, StopReason::Finished | StopReason::EarlyStop { .. })
    }

    /// Masked accuracy lost on held-out corpus molecules, as a part of 1: positive is forgetting.
    pub fn forgetting(&self) -> Option<f64> {
        Some(self.before?.masked_accuracy - self.after?.masked_accuracy)
    }
}

/// How many molecules a set brought, and how many of them were left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sizes {
    /// Used.
    pub n_used: usize,
    /// Left out: longer than the model's positions.
    pub n_long: usize,
    /// Left out: a symbol is not in the vocabulary.
    pub n_unknown: usize,
}

/// The denoising of held-out corpus molecules, with the same masks every time.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Validation {
    /// Cross-entropy over all tokens, nats a token: the loss that training lowers.
    pub loss: f64,
    /// Cross-entropy over the masked tokens, nats a token.
    pub masked_loss: f64,
    /// Part of the masked tokens predicted, in [0, 1].
    pub masked_accuracy: f64,
}

/// What is known after a step: one row of `log.csv`, and what the live view shows.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Metrics {
    /// Steps done; 0 for the validation before training.
    pub step: u64,
    /// Epochs done, with the part of the running one.
    pub epoch: f64,
    /// What was minimised in this step.
    pub loss: Option<f64>,
    /// Cross-entropy on the fill set, nats a token.
    pub fill_loss: Option<f64>,
    /// The second loss term before its weight: replay in nats a token, pseudolabels as a divergence in nats a token, or
    /// the mean squared distance to the prototypes.
    pub second_loss: Option<f64>,
    /// Part of the fill set's tokens predicted, in [0, 1].
    pub token_accuracy: Option<f64>,
    /// Norm of the gradient before clipping.
    pub gradient_norm: Option<f64>,
    /// Learning rate of the step.
    pub learning_rate: Option<f64>,
    /// Held-out molecules, where they were measured.
    pub validation: Option<Validation>,
}
