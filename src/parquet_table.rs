//! Tables of named columns as Parquet files, for pandas, pyarrow, R and databases.
//!
//! A table is written in portions, each a row group, so that a long one never lies in memory as a whole; a file appears
//! under its name only when it is complete. Nothing is read here.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, FloatType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{ColumnPath, Type};

use crate::atomic_file::{AtomicFile, AtomicFileError};

/// Why a table could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ParquetTableError {
    /// The file system.
    #[error(transparent)]
    File(#[from] AtomicFileError),
    /// No columns, or two of one name.
    #[error("a table needs columns of different names, found {names:?}")]
    Names {
        /// Their names.
        names: Vec<String>,
    },
    /// A portion with more or fewer columns than the table.
    #[error("a portion of {found} columns for a table of {expected}")]
    NColumns {
        /// Columns of the portion.
        found: usize,
        /// Columns of the table.
        expected: usize,
    },
    /// A column of another kind than it was announced.
    #[error("the column {name:?} holds {found:?} values, but it was announced with {expected:?}")]
    Kind {
        /// The column.
        name: String,
        /// Kind of its values.
        found: Kind,
        /// Kind announced.
        expected: Kind,
    },
    /// A column longer or shorter than the first.
    #[error("the column {name:?} has {found} rows, but the first column has {expected}")]
    NRows {
        /// The column.
        name: String,
        /// Its rows.
        found: usize,
        /// Rows of the first column.
        expected: usize,
    },
    /// What the format's library reports, a full disk for example.
    #[error("could not write the Parquet table")]
    Write(#[from] ParquetError),
}

/// What a column holds. There are no missing values: use NaN or an empty text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Double precision.
    F64,
    /// Single precision.
    F32,
    /// Whole numbers.
    I64,
    /// Texts (UTF-8).
    Text,
}

/// The values of one column, one a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Double precision.
    F64(Vec<f64>),
    /// Single precision.
    F32(Vec<f32>),
    /// Whole numbers.
    I64(Vec<i64>),
    /// Texts.
    Text(Vec<String>),
}

impl Column {
    /// What it holds.
    pub fn kind(&self) -> Kind {
        match self {
            Self::F64(_) => Kind::F64,
            Self::F32(_) => Kind::F32,
            Self::I64(_) => Kind::I64,
            Self::Text(_) => Kind::Text,
        }
    }

    /// Rows.
    pub fn len(&self) -> usize {
        match self {
            Self::F64(values) => values.len(),
            Self::F32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::Text(values) => values.len(),
        }
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn write(&self, column: &mut SerializedColumnWriter) -> Result<(), ParquetError> {
        match self {
            Self::F64(values) => column.typed::<DoubleType>().write_batch(values, None, None)?,
            Self::F32(values) => column.typed::<FloatType>().write_batch(values, None, None)?,
            Self::I64(values) => column.typed::<Int64Type>().write_batch(values, None, None)?,
            Self::Text(values) => {
                let bytes: Vec<ByteArray> = values.iter().map(|text| text.as_str().into()).collect();
                column.typed::<ByteArrayType>().write_batch(&bytes, None, None)?
            }
        };
        Ok(())
    }
}

/// Writes a whole table as the file `path`, with `notes` (key, value) among the metadata of the file.
///
/// # Errors
/// As [`ParquetWriter::create`], [`ParquetWriter::write`] and [`ParquetWriter::finish`].
pub fn write(
    path: impl AsRef<Path>,
    columns: &[(&str, Column)],
    notes: &[(&str, &str)],
) -> Result<(), ParquetTableError> {
    Ok(filled(AtomicFile::create(path)?, columns, notes)?.commit()?)
}

/// A whole table as the bytes of such a file.
///
/// # Errors
/// As [`ParquetWriter::write`].
pub fn bytes(columns: &[(&str, Column)], notes: &[(&str, &str)]) -> Result<Vec<u8>, ParquetTableError> {
    filled(Vec::new(), columns, notes)
}

fn filled<W: Write + Send>(
    output: W,
    columns: &[(&str, Column)],
    notes: &[(&str, &str)],
) -> Result<W, ParquetTableError> {
    let kinds: Vec<(String, Kind)> = columns.iter().map(|(name, column)| ((*name).to_owned(), column.kind())).collect();
    let mut writer = ParquetWriter::over(output, &kinds)?;
    for (key, value) in notes {
        writer.note(key, value);
    }
    let portion: Vec<&Column> = columns.iter().map(|(_, column)| column).collect();
    writer.write_borrowed(&portion)?;
    Ok(writer.file.into_inner()?)
}

/// A table under construction. Dropping it without [`ParquetWriter::finish`] leaves nothing behind.
pub struct ParquetWriter<W: Write + Send = AtomicFile> {
    file: SerializedFileWriter<W>,
    columns: Vec<(String, Kind)>,
}

impl ParquetWriter {
    /// Begins to write the file `path` with columns of these names and kinds.
    ///
    /// # Errors
    /// The file cannot be created; there are no columns, or two of one name.
    pub fn create(path: impl AsRef<Path>, columns: &[(String, Kind)]) -> Result<Self, ParquetTableError> {
        Self::over(AtomicFile::create(path)?, columns)
    }

    /// Completes the file and puts it in its place.
    ///
    /// # Errors
    /// The disk is full, or the file cannot be moved; an older file of that name is then untouched.
    pub fn finish(self) -> Result<(), ParquetTableError> {
        Ok(self.file.into_inner()?.commit()?)
    }
}

impl<W: Write + Send> ParquetWriter<W> {
    fn over(output: W, columns: &[(String, Kind)]) -> Result<Self, ParquetTableError> {
        let mut names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
        names.sort();
        names.dedup();
        if names.len() != columns.len() || columns.is_empty() {
            return Err(ParquetTableError::Names { names: columns.iter().map(|(name, _)| name.clone()).collect() });
        }
        let fields = columns.iter().map(|(name, kind)| field(name, *kind)).collect::<Result<Vec<_>, _>>()?;
        let schema = Type::group_type_builder("table").with_fields(fields).build()?;
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("fillscape version ", env!("CARGO_PKG_VERSION")).to_owned());
        for (name, kind) in columns {
            // Measured numbers hardly repeat; texts and counts often do.
            let repeats = matches!(kind, Kind::Text | Kind::I64);
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(name.as_str()), repeats);
        }
        let file = SerializedFileWriter::new(output, Arc::new(schema), Arc::new(properties.build()))?;
        Ok(Self { file, columns: columns.to_vec() })
    }

    /// Keeps a text among the metadata of the file, where the table comes from for example.
    pub fn note(&mut self, key: &str, value: &str) {
        self.file.append_key_value_metadata(KeyValue::new(key.to_owned(), value.to_owned()));
    }

    /// Appends rows: a portion of every column, in the announced order.
    ///
    /// # Errors
    /// The portion does not fit the announced columns; the file cannot be written.
    pub fn write(&mut self, portion: &[Column]) -> Result<(), ParquetTableError> {
        self.write_borrowed(&portion.iter().collect::<Vec<_>>())
    }

    fn write_borrowed(&mut self, portion: &[&Column]) -> Result<(), ParquetTableError> {
        if portion.len() != self.columns.len() {
            return Err(ParquetTableError::NColumns { found: portion.len(), expected: self.columns.len() });
        }
        for ((name, kind), column) in self.columns.iter().zip(portion) {
            if column.kind() != *kind {
                return Err(ParquetTableError::Kind { name: name.clone(), found: column.kind(), expected: *kind });
            }
            if column.len() != portion[0].len() {
                let (found, expected) = (column.len(), portion[0].len());
                return Err(ParquetTableError::NRows { name: name.clone(), found, expected });
            }
        }
        if portion[0].is_empty() {
            return Ok(());
        }
        let mut rows = self.file.next_row_group()?;
        for values in portion {
            let mut column = rows.next_column()?.expect("the file has as many columns as the table");
            values.write(&mut column)?;
            column.close()?;
        }
        rows.close()?;
        Ok(())
    }
}

fn field(name: &str, kind: Kind) -> Result<Arc<Type>, ParquetError> {
    let physical = match kind {
        Kind::F64 => Physical::DOUBLE,
        Kind::F32 => Physical::FLOAT,
        Kind::I64 => Physical::INT64,
        Kind::Text => Physical::BYTE_ARRAY,
    };
    let logical = (kind == Kind::Text).then_some(LogicalType::String);
    let field = Type::primitive_type_builder(name, physical).with_repetition(Repetition::REQUIRED);
    Ok(Arc::new(field.with_logical_type(logical).build()?))
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    use super::*;

    fn read(path: &Path) -> Vec<Vec<Field>> {
        let reader = SerializedFileReader::new(std::fs::File::open(path).unwrap()).unwrap();
        let rows = reader.get_row_iter(None).unwrap();
        rows.map(|row| row.unwrap().get_column_iter().map(|(_, field)| field.clone()).collect()).collect()
    }

    fn columns() -> Vec<(String, Kind)> {
        [("id", Kind::Text), ("n", Kind::I64), ("x", Kind::F32), ("y", Kind::F64)]
            .map(|(name, kind)| (name.to_owned(), kind))
            .to_vec()
    }

    fn portion(first: i64, n: i64) -> Vec<Column> {
        let rows = first..first + n;
        vec![
            Column::Text(rows.clone().map(|k| format!("mölecule {k}")).collect()),
            Column::I64(rows.clone().collect()),
            Column::F32(rows.clone().map(|k| k as f32 / 3.0).collect()),
            Column::F64(rows.map(|k| if k == 2 { f64::NAN } else { k as f64 / 7.0 }).collect()),
        ]
    }

    #[test]
    fn portions_come_back_as_one_table() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.parquet");
        let mut writer = ParquetWriter::create(&path, &columns()).unwrap();
        writer.note("model", "bundled");
        for (first, n) in [(0, 4), (4, 0), (4, 3)] {
            writer.write(&portion(first, n)).unwrap();
        }
        assert!(!path.exists(), "the file appears when it is complete");
        writer.finish().unwrap();
        let rows = read(&path);
        assert_eq!(rows.len(), 7);
        for (k, row) in rows.iter().enumerate() {
            assert_eq!(row[0], Field::Str(format!("mölecule {k}")));
            assert_eq!(row[1], Field::Long(k as i64));
            assert_eq!(row[2], Field::Float(k as f32 / 3.0));
            let Field::Double(y) = row[3] else { panic!("{:?}", row[3]) };
            assert!(if k == 2 { y.is_nan() } else { y == k as f64 / 7.0 }, "row {k}: {y}");
        }
        let reader = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
        let notes = reader.metadata().file_metadata().key_value_metadata().unwrap();
        assert!(notes.iter().any(|note| note.key == "model" && note.value.as_deref() == Some("bundled")));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_whole_table_is_the_same_in_a_file_and_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.parquet");
        let table = [("a", Column::F64(vec![1.0, 2.0])), ("b", Column::Text(vec!["p".into(), String::new()]))];
        write(&path, &table, &[("k", "v")]).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes(&table, &[("k", "v")]).unwrap());
        let empty = [("a", Column::F64(Vec::new()))];
        write(&path, &empty, &[]).unwrap();
        assert!(read(&path).is_empty());
    }

    #[test]
    fn a_portion_that_does_not_fit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.parquet");
        let mut writer = ParquetWriter::create(&path, &columns()).unwrap();
        let refused = |writer: &mut ParquetWriter, change: &dyn Fn(&mut Vec<Column>)| {
            let mut portion = portion(0, 2);
            change(&mut portion);
            writer.write(&portion).unwrap_err()
        };
        let error = refused(&mut writer, &|p| drop(p.pop()));
        assert!(matches!(error, ParquetTableError::NColumns { found: 3, expected: 4 }), "{error}");
        let error = refused(&mut writer, &|p| p[1] = Column::F32(vec![0.0; 2]));
        assert!(matches!(error, ParquetTableError::Kind { found: Kind::F32, expected: Kind::I64, .. }), "{error}");
        let error = refused(&mut writer, &|p| p[3] = Column::F64(vec![0.0; 3]));
        assert!(matches!(error, ParquetTableError::NRows { found: 3, expected: 2, .. }), "{error}");
        drop(writer);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "what was begun is gone");
        let twice = [("a".to_owned(), Kind::F32), ("a".to_owned(), Kind::F32)];
        for names in [&twice[..], &[]] {
            let error = ParquetWriter::create(&path, names).err().unwrap();
            assert!(matches!(error, ParquetTableError::Names { .. }), "{error}");
        }
    }
}
