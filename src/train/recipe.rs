//! What a pretraining run is to do, as a TOML file that is kept beside its result.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::PretrainError;
use super::engine::LatentWeights;
use super::optimiser::{AdamParams, Schedule};
use crate::model::{BartConfig, ProjectorConfig};

/// A whole run: corpus, architecture, stages. Together with the corpus it decides every bit of the result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// What to call the model.
    pub name: String,
    /// Seed of weights, masks and order.
    pub seed: u64,
    /// Molecules.
    pub corpus: CorpusParams,
    /// Sizes.
    pub model: ModelParams,
    /// How often to look and to save.
    #[serde(default)]
    pub watch: WatchParams,
    /// What is done, one after the other. A finished run goes on when stages are added at the end.
    #[serde(rename = "stage")]
    pub stages: Vec<Stage>,
}

/// Which molecules to train on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorpusParams {
    /// Files of one SMILES a line, relative to the data folder.
    pub train: Vec<PathBuf>,
    /// The same for validation.
    pub valid: Vec<PathBuf>,
    /// Longer molecules are left out, in SELFIES symbols; with `[CLS]` and `[SEP]` they fill the latent path's positions.
    pub max_symbols: usize,
    /// Rarer symbols are not in the vocabulary, and molecules that hold them are left out.
    pub min_count: u64,
}

/// Sizes of the network.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelParams {
    /// Width of the states.
    pub d_model: usize,
    /// Blocks of encoder and of decoder.
    pub layers: [usize; 2],
    /// Attention heads of both.
    pub heads: usize,
    /// Hidden width of their feed-forward parts.
    pub ffn: usize,
    /// Longest sequence.
    pub max_positions: usize,
    /// Positions that the latent vector carries.
    pub latent_positions: usize,
    /// Hidden width of the projectors: at least two for each latent coordinate.
    pub projector_hidden: usize,
    /// Coordinates of the latent vector.
    pub latent_dim: usize,
    /// Dropout on states in steps of denoising; in [0, 1).
    #[serde(default)]
    pub dropout: f32,
}

impl ModelParams {
    /// The settings of the two parts, for a vocabulary of `vocab_size` tokens in our order of special tokens.
    pub fn configs(&self, vocab_size: usize) -> (BartConfig, ProjectorConfig) {
        let bart = BartConfig {
            vocab_size,
            d_model: self.d_model,
            encoder_layers: self.layers[0],
            decoder_layers: self.layers[1],
            encoder_attention_heads: self.heads,
            decoder_attention_heads: self.heads,
            encoder_ffn_dim: self.ffn,
            decoder_ffn_dim: self.ffn,
            max_position_embeddings: self.max_positions,
            dropout: self.dropout,
            pad_token_id: 0,
            bos_token_id: 2,
            eos_token_id: 3,
            decoder_start_token_id: 3,
            forced_bos_token_id: Some(2),
            forced_eos_token_id: Some(3),
            ..BartConfig::default()
        };
        let projectors =
            ProjectorConfig::new(self.latent_positions, self.d_model, self.projector_hidden, self.latent_dim);
        (bart, projectors)
    }
}

/// How often a run looks at itself and saves itself.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WatchParams {
    /// Steps between lines of the log.
    pub log_every: u64,
    /// Steps between validations.
    pub validate_every: u64,
    /// Validation molecules for losses and reconstruction.
    pub n_valid: usize,
    /// Random latent points that are decoded at a validation.
    pub n_random: usize,
    /// Minutes between saved states.
    pub save_minutes: f64,
}

impl Default for WatchParams {
    fn default() -> Self {
        Self { log_every: 20, validate_every: 500, n_valid: 512, n_random: 128, save_minutes: 3.0 }
    }
}

/// What a stage trains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Objective {
    /// The transformer, by BART denoising.
    Denoising,
    /// The projectors, without the decoder.
    Projectors,
    /// Projectors and decoder together, the encoder and embeddings frozen.
    Joint,
}

/// One stage of a run. The optimiser starts afresh with each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// What is trained.
    pub objective: Objective,
    /// Optimiser steps.
    pub steps: u64,
    /// Molecules a step.
    pub batch_size: usize,
    /// Learning rate.
    pub schedule: Schedule,
    /// Optimiser.
    #[serde(default)]
    pub adam: AdamParams,
    /// Part of the encoder's tokens masked in denoising.
    #[serde(default = "mask_rate")]
    pub mask_rate: f64,
    /// Part of the decoder's inputs hidden.
    #[serde(default)]
    pub hide_rate: f64,
    /// Weights of the latent loss.
    #[serde(default)]
    pub terms: Terms,
    /// In a joint stage every so many steps is one of denoising, which keeps the decoder in touch with the encoder's
    /// own states; 0: none.
    #[serde(default)]
    pub denoise_every: u64,
    /// Stop the stage after so many validations without a better validation loss; 0: never.
    #[serde(default)]
    pub patience: u32,
}

fn mask_rate() -> f64 {
    0.15
}

/// Weights of the terms of the latent loss.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Terms {
    /// Mean squared error of the restored encoder states.
    pub states: f32,
    /// Tokens that the head reads off the restored states.
    pub readout: f32,
    /// Tokens of the decoder.
    pub decoder: f32,
    /// Latent coordinates beyond `limit`, squared, summed over a molecule.
    pub bounds: f32,
    /// Where latent coordinates should stay.
    pub limit: f32,
    /// Weight of padding in the reading.
    pub padding: f32,
}

impl Default for Terms {
    fn default() -> Self {
        Self { states: 0.3, readout: 1.0, decoder: 1.0, bounds: 0.1, limit: 0.9, padding: 0.1 }
    }
}

impl Terms {
    /// As the engine takes them.
    pub fn weights(&self) -> LatentWeights {
        let Self { states, readout, decoder, bounds, limit, .. } = *self;
        LatentWeights { states, readout, decoder, bounds, limit }
    }
}

impl Recipe {
    /// Reads and checks a recipe.
    ///
    /// # Errors
    /// The file cannot be read, is no recipe, or asks for something impossible.
    pub fn read(path: &Path) -> Result<Self, PretrainError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| PretrainError::Read { path: path.to_owned(), source })?;
        let recipe: Self = toml::from_str(&text)
            .map_err(|source| PretrainError::Recipe { what: source.to_string(), path: path.to_owned() })?;
        recipe.check().map_err(|what| PretrainError::Recipe { what, path: path.to_owned() })?;
        Ok(recipe)
    }

    /// Refuses what cannot be trained, with the first reason.
    ///
    /// # Errors
    /// A sentence that says what was found and what was expected.
    pub fn check(&self) -> Result<(), String> {
        let m = &self.model;
        if m.heads == 0 || !m.d_model.is_multiple_of(m.heads) || m.d_model == 0 {
            return Err(format!("{} heads do not divide d_model = {}", m.heads, m.d_model));
        }
        if !(0.0..1.0).contains(&m.dropout) {
            return Err(format!("dropout is {}, expected at least 0 and less than 1", m.dropout));
        }
        if m.projector_hidden < 2 * m.latent_dim {
            return Err(format!(
                "projector_hidden is {}, expected at least twice latent_dim = {}",
                m.projector_hidden, m.latent_dim
            ));
        }
        if m.latent_positions > m.max_positions {
            return Err(format!(
                "latent_positions = {} is over max_positions = {}",
                m.latent_positions, m.max_positions
            ));
        }
        if self.corpus.max_symbols + 2 > m.latent_positions {
            return Err(format!(
                "max_symbols is {}, but {} latent positions hold at most {} beside [CLS] and [SEP]",
                self.corpus.max_symbols,
                m.latent_positions,
                m.latent_positions.saturating_sub(2)
            ));
        }
        if self.watch.validate_every == 0 || self.watch.log_every == 0 {
            return Err("validate_every and log_every must be at least 1".to_owned());
        }
        for (k, stage) in self.stages.iter().enumerate() {
            let k = k + 1;
            let part = |x: f64| (0.0..=1.0).contains(&x);
            if stage.batch_size == 0 {
                return Err(format!("batch_size of stage {k} is 0, expected at least 1"));
            }
            if !part(stage.mask_rate) || !part(stage.hide_rate) || !part(stage.schedule.floor) {
                return Err(format!("mask_rate, hide_rate and floor of stage {k} must lie in [0, 1]"));
            }
            if !(stage.schedule.learning_rate > 0.0 && stage.schedule.learning_rate.is_finite()) {
                let found = stage.schedule.learning_rate;
                return Err(format!("learning_rate of stage {k} is {found}, expected a positive number"));
            }
            let adam = stage.adam;
            if !(0.0..1.0).contains(&adam.beta1) || !(0.0..1.0).contains(&adam.beta2) || adam.epsilon <= 0.0 {
                return Err(format!("adam of stage {k}: beta1 and beta2 must lie in [0, 1), epsilon above 0"));
            }
        }
        Ok(())
    }
}
