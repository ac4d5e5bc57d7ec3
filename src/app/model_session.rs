//! Step 1: an open model, and what is asked of it. Everything here runs inside jobs.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::study::Landscape;
use crate::chem::{Molecule, MorganParams, morgan, selfies, tanimoto};
use crate::jobs::{Observe, Progress, silent};
use crate::model::{
    Decoded, DeviceChoice, FoundationModel, LatentVector, ModelError, ResponseParams, SelfiesTed, Unknown, neighbours,
};

/// The molecule that a model is tried on first: aspirin.
pub const FIRST_MOLECULE: &str = "CC(=O)Oc1ccccc1C(=O)O";

/// A model that was loaded.
#[derive(Debug)]
pub struct LoadedModel {
    /// The model.
    pub model: SelfiesTed,
    /// How long loading took.
    pub loading: Duration,
    /// Rows of its card: name and value.
    pub card: Vec<(String, String)>,
}

impl LoadedModel {
    /// What to call it.
    pub fn model_name(&self) -> &str {
        &self.model.provenance().name
    }
}

/// A molecule that came back from a latent vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// What the model wrote.
    pub decoded: Decoded,
    /// Canonical SMILES, when what it wrote is a molecule.
    pub canonical: Option<String>,
    /// Tanimoto similarity (Morgan, radius 3, 2048 bits) to the molecule it is compared with, 0 to 1.
    pub similarity: Option<f64>,
}

/// One molecule through the model and back.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// As it was typed.
    pub smiles: String,
    /// The same, canonical.
    pub canonical: String,
    /// The tokens of its SELFIES text with their ids.
    pub tokens: Vec<(String, u32)>,
    /// Its latent vector.
    pub latent: Vec<f32>,
    /// What the vector decodes to.
    pub back: Reading,
}

/// Why the model gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The text is no SMILES.
    #[error("{0}")]
    Smiles(String),
    /// The molecule has no SELFIES.
    #[error(transparent)]
    Selfies(#[from] crate::chem::selfies::SelfiesError),
    /// The vocabulary lacks a symbol.
    #[error(transparent)]
    Tokens(#[from] crate::model::tokens::TokensError),
    /// The model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// It was stopped.
    #[error("cancelled before there was a result")]
    Cancelled,
}

/// Loads a checkpoint.
///
/// # Errors
/// The folder holds none, or a broken one.
pub fn open_model(folder: &Path, observe: Observe) -> Result<LoadedModel, ModelError> {
    let start = Instant::now();
    let _ = observe(Progress::new("weights", 0, None));
    let model = SelfiesTed::open(folder, DeviceChoice::Cpu)?;
    let provenance = model.provenance();
    let [bart, projectors] = provenance.n_weights;
    let latent = model.latent_box().map_or("none: it has no projectors".into(), |b| format!("{} coordinates", b.dim()));
    let card = [
        ("Name", provenance.name.clone()),
        ("Architecture", provenance.architecture.clone()),
        ("Weights", format!("{} in the transformer, {} in the projectors", thousands(bart), thousands(projectors))),
        ("Memory", format!("{:.0} MiB as 32-bit numbers", (bart + projectors) as f64 * 4.0 / 1_048_576.0)),
        ("Vocabulary", format!("{} tokens", model.vocabulary().len())),
        ("Latent vector", latent),
        ("Pooled embedding", format!("{} coordinates", model.pooled_dim())),
        ("New tokens", format!("{} at most", model.greedy_params().max_new_tokens)),
        ("Device", provenance.device.clone()),
        ("Digest", provenance.digest.clone()),
        ("Folder", folder.display().to_string()),
    ];
    let card = card.map(|(name, value)| (name.to_owned(), value)).to_vec();
    Ok(LoadedModel { model, loading: start.elapsed(), card })
}

/// A number with commas between thousands.
pub fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (k, digit) in digits.chars().enumerate() {
        if k > 0 && (digits.len() - k).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn molecule(smiles: &str) -> Result<Molecule, SessionError> {
    Molecule::from_smiles(smiles.trim()).map_err(|error| SessionError::Smiles(error.to_string()))
}

fn canonical(molecule: &Molecule) -> Result<String, SessionError> {
    molecule.canonical_smiles().map_err(|error| SessionError::Smiles(error.to_string()))
}

fn read(decoded: Decoded, like: &Molecule) -> Reading {
    let found = decoded.smiles.as_deref().and_then(|smiles| Molecule::from_smiles(smiles).ok());
    let params = MorganParams { radius: 3, n_bits: 2048 };
    let similarity =
        found.as_ref().and_then(|found| Some(tanimoto(&morgan(found, params).ok()?, &morgan(like, params).ok()?)));
    let canonical = found.and_then(|found| found.canonical_smiles().ok());
    Reading { decoded, canonical, similarity }
}

fn latent_of(model: &SelfiesTed, smiles: &str) -> Result<LatentVector, SessionError> {
    let text = selfies::encode(smiles.trim())?;
    let mut latents = model.encode_latent(&[text], Unknown::Refuse, &mut silent)?;
    latents.pop().ok_or(SessionError::Cancelled)
}

/// Encodes and decodes a SMILES.
///
/// # Errors
/// It is no molecule, has a symbol that the model does not know, or the model fails.
pub fn try_molecule(loaded: &LoadedModel, smiles: &str) -> Result<Trial, SessionError> {
    let model = &loaded.model;
    let typed = molecule(smiles)?;
    let text = selfies::encode(smiles.trim())?;
    let ids = model.vocabulary().encode(&text, usize::MAX, Unknown::Refuse)?;
    let tokens = ids.iter().map(|&id| (model.vocabulary().token(id).unwrap_or_default(), id)).collect();
    let latent = latent_of(model, smiles)?;
    let decoded = model.decode(std::slice::from_ref(&latent), &mut silent)?.pop().ok_or(SessionError::Cancelled)?;
    Ok(Trial {
        smiles: smiles.trim().to_owned(),
        canonical: canonical(&typed)?,
        tokens,
        latent: latent.0,
        back: read(decoded, &typed),
    })
}

/// Molecules at `n` equal steps on the straight line between two latent vectors, both ends included; each is compared
/// with the start.
///
/// # Errors
/// As [`try_molecule`].
pub fn walk(
    loaded: &LoadedModel,
    from: &str,
    to: &str,
    n: usize,
    observe: Observe,
) -> Result<Vec<Reading>, SessionError> {
    let model = &loaded.model;
    let start = molecule(from)?;
    molecule(to)?;
    let (a, b) = (latent_of(model, from)?, latent_of(model, to)?);
    let n = n.clamp(2, 64);
    let at = |k: usize| {
        let t = k as f32 / (n - 1) as f32;
        LatentVector(a.0.iter().zip(&b.0).map(|(a, b)| a + t * (b - a)).collect())
    };
    let latents: Vec<LatentVector> = (0..n).map(at).collect();
    let decoded = model.decode(&latents, observe)?;
    Ok(decoded.into_iter().map(|decoded| read(decoded, &start)).collect())
}

/// Molecules at random points on the sphere of `radius` around a molecule's latent vector, clipped to the latent box.
///
/// # Errors
/// As [`try_molecule`].
pub fn around(
    loaded: &LoadedModel,
    smiles: &str,
    radius: f32,
    seed: u64,
    observe: Observe,
) -> Result<Vec<Reading>, SessionError> {
    let model = &loaded.model;
    let centre = molecule(smiles)?;
    let latent = latent_of(model, smiles)?;
    let latent_box = model.latent_box().ok_or(ModelError::NoProjectors)?;
    let params = ResponseParams { n_neighbours: 12, radius, seed, ..ResponseParams::default() };
    let points = neighbours(&latent, latent_box, &params, 0);
    let decoded = model.decode(&points, observe)?;
    Ok(decoded.into_iter().map(|decoded| read(decoded, &centre)).collect())
}

/// Minima that are decoded at most, the lowest ones.
const MAX_DECODED: usize = 5000;

/// What the minima of a landscape decode to: ids and SMILES. Those that are no molecule are left out.
///
/// # Errors
/// The landscape is of another latent space, or the model fails.
pub fn decode_minima(
    landscape: &Landscape,
    loaded: &LoadedModel,
    observe: Observe,
) -> Result<Vec<(u64, String)>, ModelError> {
    let mut minima: Vec<_> = landscape.network.minima().iter().collect();
    minima.sort_by(|a, b| a.energy.total_cmp(&b.energy));
    minima.truncate(MAX_DECODED);
    let latent = |x: &[f64]| LatentVector(x.iter().map(|x| (2.0 * x - 1.0) as f32).collect());
    let latents: Vec<LatentVector> = minima.iter().map(|minimum| latent(&minimum.x)).collect();
    let decoded = loaded.model.decode(&latents, observe)?;
    let named = minima.iter().zip(decoded);
    Ok(named.filter_map(|(minimum, decoded)| Some((u64::from(minimum.id.0), decoded.smiles?))).collect())
}

/// The open model is another one than that of the study.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the open model “{open}” is not the one that this study was made with: its latent vectors mean other molecules there; \
     open the study's own model (or the study again)"
)]
pub struct ForeignModel {
    /// What the open model is called.
    pub open: String,
}

/// What the model step holds besides the model: the last results.
#[derive(Debug, Clone, Default)]
pub struct SessionResults {
    /// The try box.
    pub trial: Option<Arc<Trial>>,
    /// The walk: ends and molecules.
    pub walk: Option<(String, String, Arc<Vec<Reading>>)>,
    /// The neighbours: centre, radius and molecules.
    pub neighbours: Option<(String, f32, Arc<Vec<Reading>>)>,
    /// Why the last request failed.
    pub problem: Option<String>,
}
