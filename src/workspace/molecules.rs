//! Tables of molecules: what `molecules.csv` and `latents.npy` of an artefact hold.

use super::{Artefact, StudyError, write_npy_f32};
use crate::atomic_file;
use crate::landscape::read_npy;
use std::path::Path;

/// The file of a table of molecules.
pub const MOLECULES_FILE: &str = "molecules.csv";
/// The file of latent vectors.
pub const LATENTS_FILE: &str = "latents.npy";

/// A column of numbers beside the molecules; NaN where a value is missing.
#[derive(Debug, Clone, PartialEq)]
pub struct NumericColumn {
    /// Its name.
    pub name: String,
    /// One value a molecule.
    pub values: Vec<f64>,
}

/// Molecules with ids that stay the same for the whole study.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MoleculeTable {
    /// Unique ids.
    pub ids: Vec<String>,
    /// Canonical SMILES.
    pub smiles: Vec<String>,
    /// SELFIES, without spaces.
    pub selfies: Vec<String>,
    /// Numbers.
    pub numbers: Vec<NumericColumn>,
}

/// Molecules and where they lie in latent space.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Points {
    /// The molecules.
    pub molecules: MoleculeTable,
    /// Coordinates d of a latent vector.
    pub dimension: usize,
    /// Latent vectors, shape (n, d), in the decoder's box [−1, 1].
    pub latents: Vec<f32>,
}

impl MoleculeTable {
    /// Number of molecules.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The numbers of this name.
    pub fn number(&self, name: &str) -> Option<&[f64]> {
        self.numbers.iter().find(|column| column.name == name).map(|column| column.values.as_slice())
    }

    /// The table as CSV with a header; missing numbers are empty words.
    pub fn to_csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let header = ["id", "smiles", "selfies"].into_iter().chain(self.numbers.iter().map(|c| c.name.as_str()));
        let mut write = |row: Vec<String>| writer.write_record(row).expect("a vector takes every row of one length");
        write(header.map(str::to_owned).collect());
        for row in 0..self.len() {
            let texts = [&self.ids, &self.smiles, &self.selfies].map(|column| column[row].clone());
            let number = |column: &NumericColumn| match column.values[row] {
                value if value.is_nan() => String::new(),
                value => format!("{value:?}"),
            };
            write(texts.into_iter().chain(self.numbers.iter().map(number)).collect());
        }
        String::from_utf8(writer.into_inner().expect("a vector cannot fail")).expect("texts and numbers are UTF-8")
    }

    /// Reads a table; columns other than `id`, `smiles` and `selfies` are numbers.
    ///
    /// # Errors
    /// When it is no such table; the message has the line.
    pub fn from_csv(path: &Path, bytes: &[u8]) -> Result<Self, StudyError> {
        let fail =
            |problem: String| StudyError::Format { what: "a table of molecules", problem, path: path.to_owned() };
        let mut reader = csv::Reader::from_reader(bytes);
        let header = reader.headers().map_err(|error| fail(error.to_string()))?.clone();
        let texts = ["id", "smiles", "selfies"];
        if header.iter().take(3).ne(texts) {
            return Err(fail(format!(
                "its first columns are {:?}, expected {texts:?}",
                header.iter().take(3).collect::<Vec<_>>()
            )));
        }
        let numbers = header.iter().skip(3).map(|name| NumericColumn { name: name.to_owned(), values: Vec::new() });
        let mut table = Self { numbers: numbers.collect(), ..Self::default() };
        for record in reader.records() {
            let record = record.map_err(|error| fail(error.to_string()))?;
            let line = record.position().map_or(0, csv::Position::line);
            let mut words = record.iter();
            for column in [&mut table.ids, &mut table.smiles, &mut table.selfies] {
                column.push(words.next().unwrap_or_default().to_owned());
            }
            for (column, word) in table.numbers.iter_mut().zip(words) {
                let value = if word.is_empty() { Ok(f64::NAN) } else { word.parse() };
                column.values.push(
                    value.map_err(|_| fail(format!("line {line}: {} is {word:?}, expected a number", column.name)))?,
                );
            }
        }
        Ok(table)
    }
}

impl Points {
    /// Reads the points of an artefact, after a check of its files.
    ///
    /// # Errors
    /// When a file is missing, damaged or no such table, or the two do not belong together.
    pub fn read(artefact: &Artefact) -> Result<Self, StudyError> {
        let molecules = artefact.read(MOLECULES_FILE)?;
        artefact.verify_file(LATENTS_FILE)?;
        Self::parse(&artefact.folder, &molecules)
    }

    fn parse(folder: &Path, molecules: &[u8]) -> Result<Self, StudyError> {
        let molecules = MoleculeTable::from_csv(&folder.join(MOLECULES_FILE), molecules)?;
        let (dimension, latents) = read_latents(&folder.join(LATENTS_FILE))?;
        let rows = latents.len() / dimension.max(1);
        if rows != molecules.len() {
            let problem = format!("it has {rows} rows, expected {} as {MOLECULES_FILE} beside it", molecules.len());
            return Err(StudyError::Format { what: "latent vectors", problem, path: folder.join(LATENTS_FILE) });
        }
        Ok(Self { molecules, dimension, latents })
    }

    /// Writes both files into a folder.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), StudyError> {
        atomic_file::write(folder.join(MOLECULES_FILE), self.molecules.to_csv())?;
        write_npy_f32(&folder.join(LATENTS_FILE), self.dimension, &self.latents)
    }

    /// Latent vectors, one slice of d coordinates a molecule.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.latents.chunks_exact(self.dimension.max(1))
    }
}

/// Reads rows of latent vectors: their dimension and all coordinates.
///
/// # Errors
/// When it is no array of rows.
pub fn read_latents(path: &Path) -> Result<(usize, Vec<f32>), StudyError> {
    let fail = |problem: String| StudyError::Format { what: "latent vectors", problem, path: path.to_owned() };
    let array = read_npy(path).map_err(|error| fail(error.to_string()))?;
    match array.shape[..] {
        [_, dimension] if dimension > 0 => Ok((dimension, array.data.iter().map(|&value| value as f32).collect())),
        _ => Err(fail(format!("its shape is {:?}, expected (n, d)", array.shape))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points() -> Points {
        Points {
            molecules: MoleculeTable {
                ids: vec!["a".into(), "b, \"2\"".into()],
                smiles: vec!["CCO".into(), "c1ccccc1".into()],
                selfies: vec!["[C][C][O]".into(), "[C][=C]".into()],
                numbers: vec![NumericColumn { name: "QED".into(), values: vec![0.1, f64::NAN] }],
            },
            dimension: 3,
            latents: vec![0.1, -1.0, 1.0, 0.0, 0.25, 1e-30],
        }
    }

    #[test]
    fn points_are_read_back() {
        let folder = tempfile::tempdir().unwrap();
        points().write(folder.path()).unwrap();
        let bytes = std::fs::read(folder.path().join(MOLECULES_FILE)).unwrap();
        let back = Points::parse(folder.path(), &bytes).unwrap();
        assert_eq!((&back.molecules.ids, &back.latents), (&points().molecules.ids, &points().latents));
        let numbers = back.molecules.number("QED").unwrap();
        assert!(numbers[0] == 0.1 && numbers[1].is_nan());
        assert_eq!(back.molecules.to_csv().as_bytes(), bytes);
    }

    #[test]
    fn tables_that_do_not_fit_say_where() {
        let read = |text: &str| MoleculeTable::from_csv(Path::new("m.csv"), text.as_bytes()).unwrap_err().to_string();
        assert!(read("smiles,id\n").contains("first columns"));
        assert!(read("id,smiles,selfies,x\na,C,[C],1\nb,C,[C],one\n").contains("line 3: x is \"one\""));
        assert!(read("id,smiles,selfies\na,C\n").contains("line: 2"), "{}", read("id,smiles,selfies\na,C\n"));
        let folder = tempfile::tempdir().unwrap();
        points().write(folder.path()).unwrap();
        write_npy_f32(&folder.path().join(LATENTS_FILE), 3, &[0.0; 9]).unwrap();
        let bytes = std::fs::read(folder.path().join(MOLECULES_FILE)).unwrap();
        let error = Points::parse(folder.path(), &bytes).unwrap_err().to_string();
        assert!(error.contains("3 rows, expected 2"), "{error}");
    }
}
