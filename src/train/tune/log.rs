//! `log.csv`: a row a step, for people and their plotting programs.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::error::TuneError;
use super::tuned::Metrics;
use crate::atomic_file;

const HEADING: &str = "step,epoch,loss,fill_loss,second_loss,token_accuracy,gradient_norm,learning_rate,\
                       validation_loss,validation_masked_loss,validation_masked_accuracy";

/// A log that is appended to. It holds no times: the same run writes the same rows.
#[derive(Debug)]
pub(super) struct Log {
    file: File,
    path: PathBuf,
}

impl Log {
    /// Opens the log to go on after `step`; none: from the beginning. Rows of later steps, written after the state was
    /// saved, are dropped, for they will be written again.
    pub fn open(path: &Path, step: Option<u64>) -> Result<Self, TuneError> {
        let fail = |source| TuneError::Write { path: path.to_owned(), source };
        let mut kept = format!("{HEADING}\n");
        if let Some(step) = step
            && path.exists()
        {
            let text = std::fs::read_to_string(path).map_err(fail)?;
            let is_past =
                |row: &&str| row.split(',').next().and_then(|s| s.parse().ok()).is_some_and(|s: u64| s <= step);
            text.lines().skip(1).filter(is_past).for_each(|row| kept += &format!("{row}\n"));
        }
        atomic_file::write(path, kept).map_err(|error| fail(error.source))?;
        let file = OpenOptions::new().append(true).open(path).map_err(fail)?;
        Ok(Self { file, path: path.to_owned() })
    }

    pub fn write(&mut self, metrics: &Metrics) -> Result<(), TuneError> {
        let validation = metrics.validation;
        let mut row = format!("{},{}", metrics.step, metrics.epoch);
        for value in [
            metrics.loss,
            metrics.fill_loss,
            metrics.second_loss,
            metrics.token_accuracy,
            metrics.gradient_norm,
            metrics.learning_rate,
            validation.map(|v| v.loss),
            validation.map(|v| v.masked_loss),
            validation.map(|v| v.masked_accuracy),
        ] {
            row.push(',');
            if let Some(value) = value {
                write!(row, "{value}").expect("writing to a string");
            }
        }
        row.push('\n');
        self.file.write_all(row.as_bytes()).map_err(|source| TuneError::Write { path: self.path.clone(), source })
    }
}
