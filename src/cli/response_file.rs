//! A response computed in portions, each of them kept, so that an interrupted run goes on where it stopped.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::interrupt::Interrupt;
use super::model::{Meter, without_gaps};
use super::npy_rows::{NpyReader, NpyWriter};
use super::{CliError, Output};
use crate::jobs::Progress;
use crate::model::{FoundationModel, ResponseParams, similarity_response};

/// Points between two saves.
const PORTION: usize = 256;

/// The work of `fillscape model respond`.
pub(super) struct ResponseFile<'a> {
    model: &'a dyn FoundationModel,
    input: &'a Path,
    target: &'a Path,
    params: ResponseParams,
}

/// What is kept beside the target until it is complete.
#[derive(Serialize, Deserialize)]
struct Partial {
    /// The same model, points and parameters give the same key.
    key: String,
    /// Nothing where the latent vector is no number.
    responses: Vec<Option<f64>>,
}

impl<'a> ResponseFile<'a> {
    pub(super) fn new(
        model: &'a dyn FoundationModel,
        input: &'a Path,
        target: &'a Path,
        params: ResponseParams,
    ) -> Self {
        Self { model, input, target, params }
    }

    pub(super) fn run(&self, out: &Output) -> Result<(), CliError> {
        let mut reader = NpyReader::open(self.input)?;
        let n_rows = reader.n_rows();
        let partial_path = self.partial_path();
        let mut partial = self.resume(&partial_path)?;
        if !partial.responses.is_empty() {
            tracing::info!("going on after {} points that {} holds", partial.responses.len(), partial_path.display());
        }
        reader.skip(partial.responses.len())?;
        let mut meter = Meter::new(out);
        let interrupt = Interrupt::watch()?;
        loop {
            let (points, gaps) = without_gaps(reader.read(PORTION)?);
            if points.is_empty() {
                break;
            }
            let first = partial.responses.len();
            let found = similarity_response(self.model, &points, first, &self.params, &mut |progress| {
                let _ = meter.show(&Progress::new("response", first as u64 + progress.done, Some(n_rows as u64)));
                interrupt.flow()
            })?;
            let is_cut = found.len() < points.len();
            partial.responses.extend(found.into_iter().map(Some));
            for (k, why) in gaps {
                if let Some(response) = partial.responses.get_mut(first + k) {
                    tell!("row {}: {why}", first + k);
                    *response = None;
                }
            }
            crate::atomic_file::write(&partial_path, serde_json::to_vec(&partial)?)?;
            if is_cut || (interrupt.flow().is_break() && partial.responses.len() < n_rows) {
                meter.end();
                let n = partial.responses.len();
                return Err(format!(
                    "stopped after {n} of {n_rows} points, which are kept: the same command goes on from there ({})",
                    partial_path.display()
                )
                .into());
            }
        }
        meter.end();
        let mut writer = NpyWriter::create(self.target, None)?;
        for &response in &partial.responses {
            writer.write_number(response.unwrap_or(f64::NAN))?;
        }
        writer.finish()?;
        if partial_path.exists() {
            std::fs::remove_file(&partial_path)?;
        }
        let known: Vec<f64> = partial.responses.iter().flatten().copied().collect();
        if known.len() < n_rows {
            tracing::warn!(
                "{} of {n_rows} latent vectors are no numbers: their responses are NaN",
                n_rows - known.len()
            );
        }
        if out.json {
            let provenance = self.model.provenance();
            let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
            let facts = serde_json::json!({
                "points": n_rows, "mean": mean, "params": self.params, "model": provenance,
            });
            say!("{facts}");
        }
        Ok(())
    }

    fn partial_path(&self) -> PathBuf {
        let name = self.target.file_name().unwrap_or_default().to_string_lossy();
        self.target.with_file_name(format!("{name}.partial.json"))
    }

    /// What an earlier run left, if it was about the same.
    fn resume(&self, path: &Path) -> Result<Partial, CliError> {
        let mut hash = Sha256::new();
        std::io::copy(&mut std::fs::File::open(self.input)?, &mut hash)?;
        let key = format!(
            "{:x} {} {}",
            hash.finalize(),
            self.model.provenance().digest,
            serde_json::to_string(&self.params)?
        );
        let left = std::fs::read(path).ok().and_then(|bytes| serde_json::from_slice::<Partial>(&bytes).ok());
        Ok(match left {
            Some(partial) if partial.key == key => partial,
            _ => Partial { key, responses: Vec::new() },
        })
    }
}
