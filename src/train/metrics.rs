//! How good a model is: masked tokens, reconstruction through the latent vector, and what random latent points decode to.

use std::collections::HashSet;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::PretrainError;
use super::corpus::{Corpus, spaced};
use super::denoising::{DenoisingParams, PaddedRows, Roles, denoising_batch};
use super::engine::{Engine, TokenLoss};
use super::random::Generator;
use crate::chem::{canonical_smiles, selfies};
use crate::model::engine::{EncoderScratch, Engine as Inference};
use crate::model::{Checkpoint, GreedyParams, Tokens};

/// Reconstruction through the latent vector by greedy decoding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Reconstruction {
    /// Molecules.
    pub n: usize,
    /// Part of the tokens, `[SEP]` included, that stand in their place in the decoded row.
    pub token_accuracy: f64,
    /// Part of the molecules of which every token does.
    pub exact: f64,
}

/// What random points of the latent box decode to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct RandomDecoding {
    /// Points, uniform in [−1, 1] in each coordinate.
    pub n: usize,
    /// Part that decodes to a molecule that the chemistry module reads.
    pub valid: f64,
    /// Different canonical molecules, as a part of the valid ones.
    pub unique: f64,
    /// Part of these whose SELFIES text, written from the canonical SMILES, is not in the training corpus.
    pub novel: f64,
    /// Part of the rows cut at the token limit.
    pub capped: f64,
}

/// How well masked molecules are restored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Denoised {
    /// Cross-entropy over all tokens, nats a token.
    pub loss: f64,
    /// Cross-entropy over the masked tokens, nats a token.
    pub masked_loss: f64,
    /// Part of the masked tokens predicted.
    pub masked_accuracy: f64,
}

/// Molecules of a batch whose masked tokens are measured.
const DENOISED_ROWS: usize = 128;

/// Masks molecules of a corpus and measures what the decoder makes of them, given the right tokens before.
pub fn denoise(
    engine: &Engine,
    p: &[f32],
    corpus: &Corpus,
    chosen: &[u32],
    roles: Roles,
    mask_rate: f64,
    generator: &mut Generator,
) -> Denoised {
    let params = DenoisingParams::plain(mask_rate);
    let mut sum = TokenLoss::default();
    for chosen in chosen.chunks(DENOISED_ROWS) {
        let (batch, masked) = denoising_batch(corpus, chosen, roles, &params, generator);
        sum.add(&engine.measure(p, &batch, &masked));
    }
    let mean = |sum: f64, n: usize| sum / n.max(1) as f64;
    Denoised {
        loss: mean(sum.loss, sum.n_tokens),
        masked_loss: mean(sum.masked_loss, sum.n_masked),
        masked_accuracy: mean(sum.n_right as f64, sum.n_masked),
    }
}

/// Rows that one task encodes or decodes.
const ROWS: usize = 32;

/// Encodes molecules to latent vectors, `(n, latent_dim)`.
pub fn encode_latents(
    inference: &Inference,
    corpus: &Corpus,
    chosen: &[u32],
    roles: Roles,
    [positions, d_model]: [usize; 2],
) -> Vec<f32> {
    let parts: Vec<Vec<f32>> = chosen
        .par_chunks(ROWS)
        .map(|chosen| {
            let rows = PaddedRows::new(corpus, chosen, roles, Some(positions));
            let mut scratch = EncoderScratch::default();
            let mut states = vec![0.0; chosen.len() * positions * d_model];
            for (ids, states) in rows.ids.chunks_exact(positions).zip(states.chunks_exact_mut(positions * d_model)) {
                inference.encode(ids, &mut scratch, states);
            }
            inference.project(&states)
        })
        .collect();
    parts.concat()
}

/// Decodes latent vectors `(n, latent_dim)` greedily.
pub fn decode_latents(
    inference: &Inference,
    latents: &[f32],
    latent_dim: usize,
    positions: usize,
    params: &GreedyParams,
) -> Vec<Tokens> {
    let parts: Vec<Vec<Tokens>> = latents
        .par_chunks(ROWS * latent_dim)
        .map(|latents| inference.greedy(&inference.unproject(latents), positions, params))
        .collect();
    parts.into_iter().flatten().collect()
}

/// Encodes and decodes molecules of a corpus, and counts what came back.
///
/// # Errors
/// The checkpoint's weights are not numbers, or it has no projectors.
pub fn reconstruction(
    checkpoint: &Checkpoint,
    corpus: &Corpus,
    chosen: &[u32],
) -> Result<Reconstruction, PretrainError> {
    let projectors = checkpoint.projectors.as_ref().ok_or(PretrainError::NoProjectors)?;
    let inference = Inference::load(checkpoint)?;
    let roles = Roles { special: checkpoint.tokeniser.special(), start: checkpoint.config.decoder_start_token_id };
    let (positions, latent_dim) = (projectors.positions(), projectors.latent_dim());
    let latents = encode_latents(&inference, corpus, chosen, roles, [positions, checkpoint.config.d_model]);
    let decoded = decode_latents(&inference, &latents, latent_dim, positions, &GreedyParams::of(&checkpoint.config));
    let (mut n_tokens, mut n_right, mut n_exact) = (0, 0, 0);
    for (&k, tokens) in chosen.iter().zip(&decoded) {
        let row = corpus.row(k as usize);
        // The decoder writes the text from [CLS] to [SEP]; [CLS] is the same in every row and not counted.
        let expected = row.iter().map(|&id| u32::from(id)).chain([roles.special.sep]);
        let found = tokens.ids.iter().skip(1).copied();
        let right = expected.zip(found).filter(|(a, b)| a == b).count();
        n_tokens += row.len() + 1;
        n_right += right;
        n_exact += usize::from(right == row.len() + 1);
    }
    Ok(Reconstruction {
        n: chosen.len(),
        token_accuracy: n_right as f64 / n_tokens.max(1) as f64,
        exact: n_exact as f64 / chosen.len().max(1) as f64,
    })
}

/// Decodes `n` uniform points of the latent box.
///
/// * `known` – SELFIES texts of the training corpus, symbols separated by spaces
///
/// # Errors
/// As [`reconstruction`].
pub fn random_decoding(
    checkpoint: &Checkpoint,
    known: &HashSet<&str, impl std::hash::BuildHasher>,
    n: usize,
    generator: &mut Generator,
) -> Result<RandomDecoding, PretrainError> {
    let projectors = checkpoint.projectors.as_ref().ok_or(PretrainError::NoProjectors)?;
    let inference = Inference::load(checkpoint)?;
    let latent_dim = projectors.latent_dim();
    let latents: Vec<f32> = (0..n * latent_dim).map(|_| (2.0 * generator.uniform() - 1.0) as f32).collect();
    let params = GreedyParams::of(&checkpoint.config);
    let decoded = decode_latents(&inference, &latents, latent_dim, projectors.positions(), &params);
    let molecules: Vec<Option<String>> = decoded.par_iter().map(|tokens| canonical(checkpoint, tokens)).collect();
    let n_valid = molecules.iter().flatten().count();
    let unique: HashSet<&String> = molecules.iter().flatten().collect();
    let is_novel = |smiles: &str| match selfies::encode(smiles) {
        Ok(text) => !known.contains(spaced(&text).as_str()),
        Err(_) => true,
    };
    let n_novel = unique.iter().filter(|smiles| is_novel(smiles)).count();
    let part = |count: usize, of: usize| count as f64 / of.max(1) as f64;
    Ok(RandomDecoding {
        n,
        valid: part(n_valid, n),
        unique: part(unique.len(), n_valid),
        novel: part(n_novel, unique.len()),
        capped: part(decoded.iter().filter(|tokens| tokens.capped).count(), n),
    })
}

/// The canonical SMILES of a decoded row; none where the text is empty or the chemistry module refuses it.
fn canonical(checkpoint: &Checkpoint, tokens: &Tokens) -> Option<String> {
    let text = checkpoint.tokeniser.decode(&tokens.ids).ok()?.replace(' ', "");
    let smiles = selfies::decode(&text).ok().filter(|smiles| !smiles.is_empty())?;
    canonical_smiles(&smiles).ok()
}
