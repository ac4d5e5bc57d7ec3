//! The folder of a run: what lies in it before, during and after.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::TuneError;
use super::params::TuneParams;
use super::tuned::Tuned;
use super::tuning::Tuning;
use crate::atomic_file;
use crate::model::{Checkpoint, digest};
use crate::train::optimiser::{AdamParams, AdamW};
use crate::train::state_file::{self, StateFileError};

/// Where a run stands: the header of `state.bin`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Position {
    pub params: TuneParams,
    pub base_digest: String,
    pub data_digests: [String; 3],
    /// Steps done.
    pub step: u64,
    /// Seconds spent so far.
    pub seconds: f64,
    /// Numbers that learn, and those kept as the best.
    pub lengths: [usize; 2],
    pub optimiser_step: u64,
    pub watch: super::run::Watch,
}

/// A run between two steps.
#[derive(Debug)]
pub(super) struct State {
    pub position: Position,
    /// All weights of the transformer, or the adapters.
    pub values: Vec<f32>,
    pub optimiser: AdamW,
    /// The values of the best validation; empty when there is none, or nothing stops early.
    pub best: Vec<f32>,
}

/// The folder of a run.
#[derive(Debug)]
pub(super) struct RunFolder {
    path: PathBuf,
}

/// What a run may leave in its folder before it is done. The provenance of a study may stand there already.
const OWN: [&str; 6] = ["state.bin", "log.csv", "tuning.json", "timing.json", "provenance.toml", "adapter"];
/// The checkpoint before its files move into place.
const STAGED: &str = ".checkpoint";

impl RunFolder {
    /// Makes the folder, or accepts one that holds a run or nothing.
    pub fn open(path: &Path) -> Result<Self, TuneError> {
        fs::create_dir_all(path).map_err(|source| TuneError::Write { path: path.to_owned(), source })?;
        let folder = Self { path: path.to_owned() };
        let is_run = folder.file("state.bin").exists() || folder.file("tuning.json").exists();
        let is_other = |name: &String| !name.starts_with('.') && !OWN.contains(&name.as_str());
        if !is_run && folder.names()?.iter().any(is_other) {
            return Err(TuneError::OtherFolder { path: path.to_owned() });
        }
        Ok(folder)
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn names(&self) -> Result<Vec<String>, TuneError> {
        let fail = |source| TuneError::Read { path: self.path.clone(), source };
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(fail)? {
            names.push(entry.map_err(fail)?.file_name().to_string_lossy().into_owned());
        }
        Ok(names)
    }

    /// The result of a run that is done, after a look at its checkpoint.
    pub fn done(&self, tuning: &Tuning) -> Result<Option<Tuned>, TuneError> {
        let path = self.file("tuning.json");
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(TuneError::Read { path, source }),
        };
        let state = |what: String| TuneError::State { what, path: path.clone() };
        let tuned: Tuned = serde_json::from_slice(&text).map_err(|error| state(error.to_string()))?;
        self.check(tuning, &tuned.params, &tuned.base_digest, &tuned.data_digests)?;
        let found = digest(&Checkpoint::open(&self.path)?)?;
        if Some(&found) != tuned.digest.as_ref() {
            return Err(state("the checkpoint beside it is not the one it describes".to_owned()));
        }
        self.clear()?;
        Ok(Some(tuned))
    }

    /// The saved state, if there is one.
    pub fn load(&self, tuning: &Tuning) -> Result<Option<State>, TuneError> {
        let path = self.file("state.bin");
        let read = state_file::read(&path, |position: &Position| {
            let [n, n_best] = position.lengths;
            vec![n, n, n, n_best]
        });
        let found = read.map_err(|error| match error {
            StateFileError::Io(source) => TuneError::Read { path: path.clone(), source },
            StateFileError::Broken(what) => TuneError::State { what, path: path.clone() },
        })?;
        let Some((position, vectors)) = found else { return Ok(None) };
        self.check(tuning, &position.params, &position.base_digest, &position.data_digests)?;
        let [values, first, second, best] = <[Vec<f32>; 4]>::try_from(vectors).expect("four were asked for");
        if values.len() != tuning.n_values() || !(best.is_empty() || best.len() == values.len()) {
            return Err(TuneError::State { what: "it is of another size of model".to_owned(), path });
        }
        let optimiser = AdamW { params: tuning.params.adam, first, second, step: position.optimiser_step };
        Ok(Some(State { position, values, optimiser, best }))
    }

    fn check(&self, tuning: &Tuning, params: &TuneParams, base: &str, data: &[String; 3]) -> Result<(), TuneError> {
        // How often a run saves itself changes nothing that it computes.
        let asked = TuneParams { save_every: params.save_every, ..tuning.params.clone() };
        let wanted = tuning.data_digests();
        let difference = if *params != asked {
            "settings"
        } else if base != tuning.base_digest {
            "base model"
        } else if data[0] != wanted[0] {
            "fill set"
        } else if data[1] != wanted[1] {
            "corpus"
        } else if data[2] != wanted[2] {
            "validation set"
        } else {
            return Ok(());
        };
        Err(TuneError::OtherRun { difference, path: self.path.clone() })
    }

    pub fn save(&self, state: &mut State) -> Result<(), TuneError> {
        state.position.lengths = [state.values.len(), state.best.len()];
        state.position.optimiser_step = state.optimiser.step;
        let vectors = [&state.values[..], &state.optimiser.first, &state.optimiser.second, &state.best];
        let path = self.file("state.bin");
        state_file::write(&path, &state.position, &vectors).map_err(|source| TuneError::Write { path, source })
    }

    /// Puts the tuned checkpoint in its place, then `tuning.json`, which says that it is whole; the state goes.
    pub fn finish(&self, checkpoint: &Checkpoint, tuned: &Tuned, seconds: f64) -> Result<(), TuneError> {
        let staged = self.file(STAGED);
        let write = |source| TuneError::Write { path: self.path.clone(), source };
        if staged.exists() {
            fs::remove_dir_all(&staged).map_err(write)?;
        }
        checkpoint.save(&staged, None)?;
        for entry in fs::read_dir(&staged).map_err(write)? {
            let entry = entry.map_err(write)?;
            fs::rename(entry.path(), self.file(&entry.file_name().to_string_lossy())).map_err(write)?;
        }
        fs::remove_dir(&staged).map_err(write)?;
        self.write_json("timing.json", &serde_json::json!({ "seconds": seconds, "device": "cpu" }))?;
        self.write_json("tuning.json", tuned)?;
        self.clear()
    }

    /// Removes the state of a run that is done, and what a killed process left unfinished.
    fn clear(&self) -> Result<(), TuneError> {
        let is_left = |name: &String| name == "state.bin" || atomic_file::is_left_over(name);
        for name in self.names()?.iter().filter(|name| is_left(name)) {
            let path = self.file(name);
            fs::remove_file(&path).map_err(|source| TuneError::Write { path, source })?;
        }
        Ok(())
    }

    fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), TuneError> {
        let path = self.file(name);
        let text = serde_json::to_vec_pretty(value).expect("plain numbers and text");
        atomic_file::write(&path, text).map_err(|error| TuneError::Write { path, source: error.source })
    }
}

impl State {
    /// Before the first step.
    pub fn new(tuning: &Tuning, values: Vec<f32>) -> Self {
        let n = values.len();
        let adam: AdamParams = tuning.params.adam;
        let position = Position {
            params: tuning.params.clone(),
            base_digest: tuning.base_digest.clone(),
            data_digests: tuning.data_digests(),
            step: 0,
            seconds: 0.0,
            lengths: [n, 0],
            optimiser_step: 0,
            watch: super::run::Watch::default(),
        };
        Self { position, values, optimiser: AdamW::new(n, adam), best: Vec::new() }
    }
}
