//! The recipe of a study: inputs and parameters of every step, as a TOML file that decides every bit of the results.

use super::StudyError;
use super::files::{parse_toml, read_text};
use crate::chem::library::LibraryParams;
use crate::fill::{FillSampleParams, RoughnessFieldParams};
use crate::landscape::ExploreParams;
use crate::model::{DeviceChoice, ResponseParams};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What a study is to do. Paths are relative to the folder of the recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// What the study is called.
    pub name: String,
    /// Seed of all random numbers, below 2⁶³.
    #[serde(default)]
    pub seed: u64,
    /// The foundation model.
    #[serde(default)]
    pub model: ModelParams,
    /// Molecules of the kind the model was trained on.
    pub corpus: CorpusParams,
    /// Where the response is measured.
    #[serde(default)]
    pub samples: SamplesParams,
    /// The surface and its exploration.
    #[serde(default)]
    pub landscape: LandscapeParams,
}

/// The foundation model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelParams {
    /// A checkpoint folder, or “bundled” for the one that ships with the program.
    pub checkpoint: String,
    /// What encodes, decodes and measures; tuning is on the CPU.
    #[serde(with = "device_name")]
    pub device: DeviceChoice,
}

/// A device as its name.
mod device_name {
    use super::DeviceChoice;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(device: &DeviceChoice, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(device)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<DeviceChoice, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

impl Default for ModelParams {
    fn default() -> Self {
        Self { checkpoint: "bundled".to_owned(), device: DeviceChoice::Cpu }
    }
}

/// Molecules of the kind the model was trained on: for the map, novelty, replay, the corpus control and validation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorpusParams {
    /// Molecules to take; the first of a file.
    pub n: usize,
    /// Of these, how many are held out from training, novelty and controls, and only measure forgetting.
    #[serde(default)]
    pub n_held_out: usize,
    /// A file of molecules (any format that `fillscape mol` reads); our own library when left out.
    #[serde(default)]
    pub file: Option<PathBuf>,
    /// Which library, when there is no file.
    #[serde(default)]
    pub library: LibraryParams,
}

/// Where the similarity response is measured (METHOD section 2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SamplesParams {
    /// How points are chosen.
    pub source: SampleSource,
    /// How many.
    pub n: usize,
    /// How the response is measured; its seed is the study's when left at 0.
    pub response: ResponseParams,
}

impl Default for SamplesParams {
    /// The reference: 5000 points of a Latin hypercube.
    fn default() -> Self {
        Self { source: SampleSource::Hypercube, n: 5000, response: ResponseParams::default() }
    }
}

/// How sample points are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SampleSource {
    /// A Latin hypercube of the whole box, as the reference.
    #[default]
    Hypercube,
    /// Encodings of corpus molecules, each moved by normal deviates.
    Posterior {
        /// Standard deviation of the deviates, in units of the latent box; 0 for none.
        jitter: f64,
    },
}

/// The surface and its exploration (METHOD sections 3 and 4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LandscapeParams {
    /// λ of the spline.
    pub smoothing: f64,
    /// The searches.
    pub explore: ExploreParams,
    /// How frustration becomes a field.
    pub field: RoughnessFieldParams,
    /// How the field is sampled.
    pub sample: FillSampleParams,
}

impl Default for LandscapeParams {
    fn default() -> Self {
        Self {
            smoothing: 1e-4,
            explore: ExploreParams::reference(),
            field: RoughnessFieldParams::script(),
            sample: FillSampleParams::default(),
        }
    }
}

impl Recipe {
    /// Reads and checks a recipe.
    ///
    /// # Errors
    /// When it cannot be read, is no recipe, or asks for something impossible.
    pub fn read(path: &Path) -> Result<Self, StudyError> {
        let recipe: Self = parse_toml("the recipe", path, &read_text(path)?)?;
        let fail = |problem| StudyError::Format { what: "the recipe", problem, path: path.to_owned() };
        recipe.check().map_err(fail)?;
        Ok(recipe)
    }

    /// Refuses what cannot be done, with the first reason.
    ///
    /// # Errors
    /// A sentence that says what was found and what was expected.
    pub fn check(&self) -> Result<(), String> {
        if self.name.trim().is_empty() {
            return Err("name is empty, expected a few words".to_owned());
        }
        if i64::try_from(self.seed).is_err() {
            return Err(format!("seed is {}, expected a number below 2^63", self.seed));
        }
        if self.corpus.n_held_out >= self.corpus.n {
            let (held, n) = (self.corpus.n_held_out, self.corpus.n);
            return Err(format!("corpus.n_held_out is {held}, expected less than corpus.n = {n}"));
        }
        if let SampleSource::Posterior { jitter } = self.samples.source
            && !(jitter.is_finite() && jitter >= 0.0)
        {
            return Err(format!("the jitter of samples.source is {jitter}, expected a number from 0"));
        }
        if !(self.landscape.smoothing.is_finite() && self.landscape.smoothing >= 0.0) {
            return Err(format!("landscape.smoothing is {}, expected a number from 0", self.landscape.smoothing));
        }
        self.corpus.library.check().map_err(|error| format!("corpus.library: {error}"))
    }
}
