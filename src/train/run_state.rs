//! The saved state of a pretraining run: everything that the next step depends on.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::PretrainError;
use super::optimiser::{AdamParams, AdamW};
use super::recipe::Recipe;
use super::state_file::{self, StateFileError};

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// The recipe so far; a resumed run may add stages, nothing else.
    pub recipe: Recipe,
    /// Stage under way, from 0.
    pub stage: usize,
    /// Steps done in this stage.
    pub step: u64,
    /// Steps done in all.
    pub total_steps: u64,
    /// Seconds of training in all.
    pub seconds: f64,
    /// The projectors have left zero.
    pub projectors_started: bool,
    /// Best validation loss of the stage.
    pub best: Option<f64>,
    /// Validations since.
    pub since_best: u32,
    /// Number of parameters.
    pub n_parameters: usize,
    /// Steps of the optimiser.
    pub optimiser_step: u64,
    /// Settings of the optimiser.
    pub adam: AdamParams,
}

/// A run between two steps.
#[derive(Debug, Clone, PartialEq)]
pub struct RunState {
    /// Where it stands.
    pub position: Position,
    /// All parameters.
    pub parameters: Vec<f32>,
    /// The optimiser.
    pub optimiser: AdamW,
}

impl RunState {
    /// Writes the state: the file is the old one or the new one.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&mut self, path: &Path) -> Result<(), PretrainError> {
        self.position.optimiser_step = self.optimiser.step;
        self.position.adam = self.optimiser.params;
        self.position.n_parameters = self.parameters.len();
        let vectors = [&self.parameters[..], &self.optimiser.first, &self.optimiser.second];
        state_file::write(path, &self.position, &vectors)
            .map_err(|source| PretrainError::Write { path: path.to_owned(), source })
    }

    /// Reads a saved state; none if there is no such file.
    ///
    /// # Errors
    /// The file cannot be read or is not a whole state.
    pub fn load(path: &Path) -> Result<Option<Self>, PretrainError> {
        let found = state_file::read(path, |position: &Position| vec![position.n_parameters; 3]);
        let found = found.map_err(|error| match error {
            StateFileError::Io(source) => PretrainError::Read { path: path.to_owned(), source },
            StateFileError::Broken(what) => PretrainError::State { what, path: path.to_owned() },
        })?;
        let Some((position, vectors)) = found else { return Ok(None) };
        let [parameters, first, second] = <[Vec<f32>; 3]>::try_from(vectors).expect("three were asked for");
        let optimiser = AdamW { params: position.adam, first, second, step: position.optimiser_step };
        Ok(Some(Self { position, parameters, optimiser }))
    }
}
