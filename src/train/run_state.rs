//! The saved state of a pretraining run: everything that the next step depends on.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::PretrainError;
use super::optimiser::{AdamParams, AdamW};
use super::recipe::Recipe;

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

/// First bytes of the file, with the version of its layout.
const MAGIC: &[u8; 8] = b"FSRUN\0\0\x01";
/// No position is longer than this.
const MAX_HEADER: u64 = 1 << 24;

impl RunState {
    /// Writes the state: to a file beside it first, then moved into place.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&mut self, path: &Path) -> Result<(), PretrainError> {
        self.position.optimiser_step = self.optimiser.step;
        self.position.adam = self.optimiser.params;
        self.position.n_parameters = self.parameters.len();
        let fresh = path.with_extension("new");
        let written = self.write(&fresh).and_then(|()| fs::rename(&fresh, path));
        written.map_err(|source| PretrainError::Write { path: path.to_owned(), source })
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        let header = serde_json::to_vec(&self.position).map_err(io::Error::other)?;
        file.write_all(MAGIC)?;
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(&header)?;
        for values in [&self.parameters, &self.optimiser.first, &self.optimiser.second] {
            for value in values {
                file.write_all(&value.to_le_bytes())?;
            }
        }
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    }

    /// Reads a saved state; none if there is no such file.
    ///
    /// # Errors
    /// The file cannot be read or is not a whole state.
    pub fn load(path: &Path) -> Result<Option<Self>, PretrainError> {
        let fail = |source| PretrainError::Read { path: path.to_owned(), source };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(fail(error)),
        };
        let len = file.metadata().map_err(fail)?.len();
        let broken = |what: String| PretrainError::State { what, path: path.to_owned() };
        let mut file = BufReader::new(file);
        let mut start = [0; 16];
        file.read_exact(&mut start).map_err(fail)?;
        if &start[..8] != MAGIC {
            return Err(broken("it does not begin like one".to_owned()));
        }
        let header_len = u64::from_le_bytes(start[8..].try_into().expect("eight bytes"));
        if header_len > MAX_HEADER.min(len) {
            return Err(broken(format!("its header claims {header_len} bytes")));
        }
        let mut header = vec![0; header_len as usize];
        file.read_exact(&mut header).map_err(fail)?;
        let position: Position = serde_json::from_slice(&header).map_err(|error| broken(error.to_string()))?;
        let n = position.n_parameters;
        let expected = 16 + header_len + 12 * n as u64;
        if len != expected {
            return Err(broken(format!("it holds {len} bytes, expected {expected}")));
        }
        let mut values = || -> Result<Vec<f32>, PretrainError> {
            let mut bytes = vec![0; 4 * n];
            file.read_exact(&mut bytes).map_err(fail)?;
            Ok(bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().expect("four bytes"))).collect())
        };
        let parameters = values()?;
        let (first, second) = (values()?, values()?);
        let optimiser = AdamW { params: position.adam, first, second, step: position.optimiser_step };
        Ok(Some(Self { position, parameters, optimiser }))
    }
}
