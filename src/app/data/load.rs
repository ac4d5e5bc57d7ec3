//! Files into data sets.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::{Column, DataSet, Values};
use crate::chem::Molecule;
use crate::chem::files::{BadRow, FileError, MoleculeReader, ReadParams, Record, map_in_order};
use crate::jobs::{Observe, Progress};

/// Why a file could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// No row is a molecule.
    #[error("none of the {n_rows} rows is a molecule; the first problem: {first} ({path:?})")]
    NoMolecule {
        /// Rows read.
        n_rows: usize,
        /// The first rejected row.
        first: String,
        /// The file.
        path: PathBuf,
    },
}

/// Rejected rows that are kept word for word; the others are counted.
const MAX_REASONS: usize = 1000;

/// Reads the molecules of a file of any format that `chem::files` knows.
///
/// Rows that are no molecules are listed in [`DataSet::rejected`]. When `observe` breaks, the rows read so far are
/// returned, and the provenance says so.
///
/// # Errors
/// The file cannot be read, or holds no molecule.
pub fn load_file(path: &Path, observe: Observe) -> Result<DataSet, LoadError> {
    let reader = MoleculeReader::open(path, &ReadParams::default())?;
    let headings = reader.columns().to_vec();
    let mut rows = Rows::new(&headings);
    let mut stopped = false;
    let checked = map_in_order(reader, |row: Result<Record, BadRow>| {
        let record = row.map_err(|bad| bad.to_string())?;
        match Molecule::from_smiles(&record.text) {
            Ok(_) => Ok(record),
            Err(error) => Err(format!("line {}: {error}", record.line)),
        }
    });
    for (n, row) in checked.enumerate() {
        match row {
            Ok(record) => rows.push(record),
            Err(reason) => rows.reject(reason),
        }
        if n % 1000 == 999 {
            let mut progress = Progress::new("molecules", n as u64 + 1, None);
            progress.detail = format!("{} rejected", rows.n_rejected);
            if let ControlFlow::Break(()) = observe(progress) {
                stopped = true;
                break;
            }
        }
    }
    if rows.ids.is_empty() {
        let first = rows.reasons.first().cloned().unwrap_or_else(|| "there are no rows".into());
        return Err(LoadError::NoMolecule { n_rows: rows.n_rejected, first, path: path.to_owned() });
    }
    Ok(rows.into_data_set(path, stopped))
}

/// What has been read so far.
struct Rows {
    headings: Vec<String>,
    id_column: Option<usize>,
    ids: Vec<String>,
    smiles: Vec<String>,
    fields: Vec<Vec<String>>,
    reasons: Vec<String>,
    n_rejected: usize,
}

impl Rows {
    fn new(headings: &[String]) -> Self {
        let is_id = |heading: &String| matches!(heading.to_lowercase().as_str(), "id" | "name" | "mol_id" | "molecule");
        Self {
            headings: headings.to_vec(),
            id_column: headings.iter().position(is_id),
            ids: Vec::new(),
            smiles: Vec::new(),
            fields: vec![Vec::new(); headings.len()],
            reasons: Vec::new(),
            n_rejected: 0,
        }
    }

    fn push(&mut self, record: Record) {
        let properties = record.structure.map(|structure| structure.properties).unwrap_or_default();
        for (heading, _) in &properties {
            if !self.headings.contains(heading) {
                self.headings.push(heading.clone());
                self.fields.push(vec![String::new(); self.ids.len()]);
            }
        }
        for (at, heading) in self.headings.iter().enumerate() {
            let named = || properties.iter().find(|(name, _)| name == heading).map(|(_, value)| value.clone());
            let value = record.fields.get(at).cloned().or_else(named).unwrap_or_default();
            self.fields[at].push(value);
        }
        let from_column = self.id_column.and_then(|at| record.fields.get(at).cloned());
        let id = from_column.or(record.name).filter(|id| !id.is_empty());
        self.ids.push(id.unwrap_or_else(|| format!("line {}", record.line)));
        self.smiles.push(record.text);
    }

    fn reject(&mut self, reason: String) {
        self.n_rejected += 1;
        if self.reasons.len() < MAX_REASONS {
            self.reasons.push(reason);
        }
    }

    fn into_data_set(self, path: &Path, stopped: bool) -> DataSet {
        let smiles = &self.smiles;
        let id_column = self.id_column;
        let columns = self.headings.iter().zip(self.fields).enumerate();
        let columns = columns
            .filter(|(at, (_, fields))| Some(*at) != id_column && fields != smiles)
            .map(|(_, (heading, fields))| column(heading, fields))
            .collect();
        let mut provenance = vec![
            ("File".to_owned(), path.display().to_string()),
            ("Rows that are no molecules".to_owned(), self.n_rejected.to_string()),
        ];
        if stopped {
            provenance.push(("Reading".to_owned(), "stopped by you before the end of the file".to_owned()));
        }
        DataSet {
            name: path.file_stem().map_or_else(|| "molecules".into(), |stem| stem.to_string_lossy().into_owned()),
            ids: self.ids,
            columns,
            rejected: self.reasons,
            provenance,
            smiles: self.smiles,
            ..DataSet::default()
        }
    }
}

/// A column is numeric when every field that is not empty is a number.
fn column(heading: &str, fields: Vec<String>) -> Column {
    let parse = |field: &String| if field.is_empty() { Some(f64::NAN) } else { field.parse::<f64>().ok() };
    let numbers: Option<Vec<f64>> = fields.iter().map(parse).collect();
    let values = match numbers {
        Some(numbers) if numbers.iter().any(|value| value.is_finite()) => Values::Number(numbers),
        _ => Values::Text(fields),
    };
    Column { name: heading.to_owned(), unit: DataSet::usual_unit(heading).to_owned(), values }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::silent;

    fn file(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn a_table_becomes_typed_columns_and_bad_rows_are_told() {
        let (_folder, path) =
            file("set.csv", "id,smiles,MolWt,kind\na,CCO,46.07,alcohol\nb,CC(,1,x\nc,c1ccccc1,,ring\n");
        let data = load_file(&path, &mut silent).unwrap();
        assert_eq!(data.ids, ["a", "c"]);
        assert_eq!(data.smiles, ["CCO", "c1ccccc1"]);
        assert_eq!(data.columns.len(), 2);
        assert_eq!(data.columns[0].title(), "MolWt (g/mol)");
        assert_eq!(data.columns[0].range(), Some([46.07, 46.07]));
        assert_eq!(data.columns[1].words(), [("alcohol".to_owned(), 1), ("ring".to_owned(), 1)]);
        assert_eq!(data.rejected.len(), 1);
        assert!(data.rejected[0].contains("line 3"), "{}", data.rejected[0]);
    }

    #[test]
    fn a_file_without_molecules_says_so() {
        let (_folder, path) = file("set.smi", "C(\nN1\n");
        let error = load_file(&path, &mut silent).unwrap_err();
        assert!(matches!(error, LoadError::NoMolecule { n_rows: 2, .. }), "{error}");
    }

    #[test]
    fn a_stopped_reading_keeps_what_it_has() {
        let (_folder, path) = file("set.smi", &"CCO\n".repeat(5000));
        let data = load_file(&path, &mut |_| ControlFlow::Break(())).unwrap();
        assert_eq!(data.n_rows(), 1000);
        assert!(data.provenance.iter().any(|(_, value)| value.contains("stopped by you")));
    }
}
