//! What comes from outside the study, and its digests.

use super::error::PipelineError;
use crate::model::{Checkpoint, digest};
use crate::workspace::files::digest_of_input;
use crate::workspace::{Recipe, StudyError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where the inputs of a recipe are and what they hold, by digest.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inputs {
    /// The base checkpoint.
    pub model: PathBuf,
    /// Its digest.
    pub model_digest: String,
    /// Coordinates of its latent vectors; 0 when it has none.
    pub dimension: usize,
    /// Digest of the corpus file, when there is one.
    pub corpus_digest: Option<String>,
    /// Digests of the tasks that have a path, by name.
    pub task_digests: BTreeMap<String, String>,
}

impl Inputs {
    /// Looks at the inputs; `bundled` is the folder of the bundled model, `base` what relative paths begin at.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn read(recipe: &Recipe, bundled: &Path, base: &Path) -> Result<Self, PipelineError> {
        let checkpoint = &recipe.model.checkpoint;
        let model = if checkpoint == "bundled" { bundled.to_owned() } else { base.join(checkpoint) };
        let wrong = |error: &dyn std::fmt::Display| PipelineError::Recipe { what: format!("the model: {error}") };
        let opened = Checkpoint::open(&model).map_err(|error| wrong(&error))?;
        let model_digest = digest(&opened).map_err(|error| wrong(&error))?;
        let dimension = opened.projectors.as_ref().map_or(0, |p| p.latent_dim());
        if dimension == 0 {
            let what = format!("the model has no projectors, so it has no latent space (in {model:?})");
            return Err(PipelineError::Recipe { what });
        }
        let of_path = |path: &PathBuf| digest_of_input(&base.join(path));
        let corpus_digest = recipe.corpus.file.as_ref().map(of_path).transpose()?;
        let with_path = recipe.tasks.iter().filter_map(|task| Some((task.name.clone(), task.path.as_ref()?)));
        let task_digests =
            with_path.map(|(name, path)| Ok((name, of_path(path)?))).collect::<Result<_, StudyError>>()?;
        Ok(Self { model, model_digest, dimension, corpus_digest, task_digests })
    }
}
