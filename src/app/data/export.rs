//! Rows of a data set as files.

use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{DataSet, RowSet, Values};
use crate::atomic_file::{AtomicFile, AtomicFileError};
use crate::chem::Molecule;
use crate::chem::files::{FileError, SdfEntry, SdfVersion, SdfWriter, SmilesWriter, TableWriter};
use crate::jobs::{Observe, Progress};

/// The kind of file that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// Comma-separated values with every property.
    #[default]
    Csv,
    /// SMILES and names, one a line.
    Smiles,
    /// Structures with every property.
    Sdf,
}

/// What is written where.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    /// The kind of file.
    pub format: ExportFormat,
    /// The file.
    pub path: PathBuf,
}

/// Why rows could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file cannot be made or completed.
    #[error(transparent)]
    Place(#[from] AtomicFileError),
    /// A row cannot be written.
    #[error(transparent)]
    Row(#[from] FileError),
    /// The bytes cannot be written.
    #[error("could not write {path:?}: check the free space of the disk")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// There is nothing to write.
    #[error("nothing is selected: select molecules on the map or in the table, or export all of them")]
    Nothing,
}

impl ExportFormat {
    /// All of them, in the order of menus.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Smiles, Self::Sdf];

    /// The words on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Csv => "Table (CSV)",
            Self::Smiles => "SMILES",
            Self::Sdf => "Structures (SDF)",
        }
    }

    /// The ending of such files.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Smiles => "smi",
            Self::Sdf => "sdf",
        }
    }

    /// The format that a file's ending asks for.
    pub fn of_path(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_string_lossy().to_lowercase();
        Self::ALL.into_iter().find(|format| format.ending() == ending)
    }
}

/// Writes the given rows; returns how many, or none when `observe` broke and nothing was left on disk.
///
/// # Errors
/// Nothing to write; the file cannot be written.
pub fn export(data: &DataSet, rows: &RowSet, to: &Export, observe: Observe) -> Result<Option<usize>, ExportError> {
    let n = rows.len();
    if n == 0 {
        return Err(ExportError::Nothing);
    }
    let mut file = BufWriter::new(AtomicFile::create(&to.path)?);
    let mut continues = |done: usize| {
        !done.is_multiple_of(1000)
            || observe(Progress::new("export", done as u64, Some(n as u64))) == ControlFlow::Continue(())
    };
    match to.format {
        ExportFormat::Csv => {
            let mut headings = vec!["id".to_owned(), "smiles".to_owned()];
            headings.extend(data.columns.iter().map(|column| column.name.clone()));
            let mut table = TableWriter::new(&mut file, ',', &headings)?;
            for (done, row) in rows.iter().enumerate() {
                if !continues(done) {
                    return Ok(None);
                }
                let mut fields = vec![data.ids[row].clone(), data.smiles[row].clone()];
                fields.extend(data.columns.iter().map(|column| exact(&column.values, row)));
                table.write_row(&fields)?;
            }
        }
        ExportFormat::Smiles => {
            let mut lines = SmilesWriter::new(&mut file);
            for (done, row) in rows.iter().enumerate() {
                if !continues(done) {
                    return Ok(None);
                }
                lines.write(&data.smiles[row], Some(&data.ids[row]))?;
            }
        }
        ExportFormat::Sdf => {
            let mut records = SdfWriter::new(&mut file, SdfVersion::default());
            for (done, row) in rows.iter().enumerate() {
                if !continues(done) {
                    return Ok(None);
                }
                let Ok(molecule) = Molecule::from_smiles(&data.smiles[row]) else { continue };
                let properties: Vec<(String, String)> =
                    data.columns.iter().map(|column| (column.name.clone(), exact(&column.values, row))).collect();
                let entry = SdfEntry { name: &data.ids[row], coordinates: None, properties: &properties };
                records.write(&molecule, &entry)?;
            }
        }
    }
    let write = |source| ExportError::Write { path: to.path.clone(), source };
    file.flush().map_err(write)?;
    file.into_inner().map_err(|error| write(error.into_error()))?.commit()?;
    Ok(Some(n))
}

/// A value with all its digits.
fn exact(values: &Values, row: usize) -> String {
    match values {
        Values::Number(values) => {
            let value = values[row];
            if value.is_finite() { format!("{value}") } else { String::new() }
        }
        Values::Text(values) => values[row].clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::load_file;
    use super::*;
    use crate::jobs::silent;

    #[test]
    fn every_format_reads_back_as_the_rows_that_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("in.csv");
        std::fs::write(&source, "id,smiles,x\na,CCO,0.1\nb,c1ccccc1,\nc,\"C[C@H](N)O\",3\n").unwrap();
        let data = load_file(&source, &mut silent).unwrap();
        let rows = RowSet::of(3, [0, 2]);
        for format in ExportFormat::ALL {
            let path = folder.path().join(format!("out.{}", format.ending()));
            let written = export(&data, &rows, &Export { format, path: path.clone() }, &mut silent).unwrap();
            assert_eq!(written, Some(2), "{format:?}");
            let back = load_file(&path, &mut silent).unwrap();
            assert_eq!(back.ids, ["a", "c"], "{format:?}");
            assert_eq!(back.n_rows(), 2, "{format:?}");
            if format != ExportFormat::Smiles {
                assert_eq!(back.column("x").unwrap().range(), Some([0.1, 3.0]), "{format:?}");
            }
        }
    }

    #[test]
    fn nothing_selected_is_said_and_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let to = Export { format: ExportFormat::Csv, path: folder.path().join("out.csv") };
        let error = export(&DataSet::default(), &RowSet::empty(0), &to, &mut silent).unwrap_err();
        assert!(matches!(error, ExportError::Nothing));
        assert!(!to.path.exists());
    }
}
