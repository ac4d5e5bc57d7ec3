//! Rows of numbers in NumPy's `.npy` format, read and written a portion at a time.
//!
//! Source: `numpy.lib.format`, versions 1 to 3.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::atomic_file::{AtomicFile, AtomicFileError};
use crate::npy::{NpyArray, NpyError, NpyHeader, read_npy};

/// Why rows could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum NpyRowsError {
    /// The file system.
    #[error("could not use the array file ({path:?})")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It could not be put in its place.
    #[error(transparent)]
    Write(#[from] AtomicFileError),
    /// It is no array that can be read.
    #[error(transparent)]
    Npy(#[from] NpyError),
    /// Not rows.
    #[error("this is no array of rows: {what} ({path:?})")]
    Format {
        /// What was found and expected.
        what: String,
        /// The file.
        path: PathBuf,
    },
}

/// Reads a two-dimensional array a portion at a time, in single precision; a list counts as rows of one number. An array
/// whose columns come first is held as a whole.
pub struct NpyReader {
    path: PathBuf,
    source: Source,
    n_rows: usize,
    n_columns: usize,
    next_row: usize,
}

enum Source {
    File { input: BufReader<File>, header: NpyHeader },
    Memory(NpyArray),
}

impl NpyReader {
    /// Opens a file and reads its header.
    pub fn open(path: &Path) -> Result<Self, NpyRowsError> {
        let io = |source| NpyRowsError::Io { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(io)?;
        let file_len = file.metadata().map_err(io)?.len();
        let mut start = Vec::new();
        Read::take(&mut file, NpyHeader::MOST_BYTES as u64).read_to_end(&mut start).map_err(io)?;
        let header = NpyHeader::parse(path, &start, file_len)?;
        let (n_rows, n_columns) = match header.shape[..] {
            [n_rows] => (n_rows, 1),
            [n_rows, n_columns] => (n_rows, n_columns),
            _ => {
                let what = format!("its shape is {:?}, expected rows and columns", header.shape);
                return Err(NpyRowsError::Format { what, path: path.to_owned() });
            }
        };
        let source = if header.column_major && header.shape.len() > 1 {
            Source::Memory(read_npy(path)?)
        } else {
            file.seek(SeekFrom::Start(header.start as u64)).map_err(io)?;
            Source::File { input: BufReader::new(file), header }
        };
        Ok(Self { path: path.to_owned(), source, n_rows, n_columns, next_row: 0 })
    }

    /// Rows in the file.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Passes over rows.
    pub fn skip(&mut self, n: usize) -> Result<(), NpyRowsError> {
        let n = n.min(self.n_rows - self.next_row);
        if let Source::File { input, header } = &mut self.source {
            input
                .seek_relative((n * self.n_columns * header.number_bytes) as i64)
                .map_err(|source| NpyRowsError::Io { path: self.path.clone(), source })?;
        }
        self.next_row += n;
        Ok(())
    }

    /// The next rows, `n` at most; none at the end.
    pub fn read(&mut self, n: usize) -> Result<Vec<Vec<f32>>, NpyRowsError> {
        let n = n.min(self.n_rows - self.next_row);
        let mut rows = Vec::with_capacity(n);
        match &mut self.source {
            Source::File { input, header } => {
                let mut bytes = vec![0; self.n_columns * header.number_bytes];
                for _ in 0..n {
                    input
                        .read_exact(&mut bytes)
                        .map_err(|source| NpyRowsError::Io { path: self.path.clone(), source })?;
                    rows.push(bytes.chunks_exact(header.number_bytes).map(|b| header.number(b) as f32).collect());
                }
            }
            Source::Memory(array) => {
                let numbers = &array.data[self.next_row * self.n_columns..(self.next_row + n) * self.n_columns];
                if self.n_columns > 0 {
                    let row = |row: &[f64]| row.iter().map(|&x| x as f32).collect();
                    rows.extend(numbers.chunks_exact(self.n_columns).map(row));
                }
            }
        }
        self.next_row += n;
        Ok(rows)
    }
}

/// Writes rows of f32, or a list of f64, row by row: into a file beside the final one, which replaces it at the end.
pub struct NpyWriter {
    output: AtomicFile,
    path: PathBuf,
    n_columns: Option<usize>,
    n_rows: usize,
}

/// Room for any shape, so that the header can be written again when the number of rows is known.
const HEADER_LEN: usize = 118;

impl NpyWriter {
    /// Rows of `n_columns` f32 numbers, or a list of f64 numbers.
    pub fn create(path: &Path, n_columns: Option<usize>) -> Result<Self, NpyRowsError> {
        let mut writer = Self { output: AtomicFile::create(path)?, path: path.to_owned(), n_columns, n_rows: 0 };
        writer.write_header().map_err(|e| writer.io(e))?;
        Ok(writer)
    }

    fn write_header(&mut self) -> std::io::Result<()> {
        let (descr, shape) = match self.n_columns {
            Some(n_columns) => ("<f4", format!("({}, {n_columns})", self.n_rows)),
            None => ("<f8", format!("({},)", self.n_rows)),
        };
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
        self.output.write_all(b"\x93NUMPY\x01\x00")?;
        self.output.write_all(&(HEADER_LEN as u16).to_le_bytes())?;
        writeln!(self.output, "{header:<width$}", width = HEADER_LEN - 1)
    }

    fn io(&self, source: std::io::Error) -> NpyRowsError {
        NpyRowsError::Io { path: self.path.clone(), source }
    }

    /// Appends a row.
    pub fn write_row(&mut self, row: &[f32]) -> Result<(), NpyRowsError> {
        assert_eq!(Some(row.len()), self.n_columns, "a row as wide as the array");
        for x in row {
            self.output.write_all(&x.to_le_bytes()).map_err(|e| self.io(e))?;
        }
        self.n_rows += 1;
        Ok(())
    }

    /// Appends a number to a list.
    pub fn write_number(&mut self, x: f64) -> Result<(), NpyRowsError> {
        assert_eq!(self.n_columns, None, "a list of numbers");
        self.n_rows += 1;
        self.output.write_all(&x.to_le_bytes()).map_err(|e| self.io(e))
    }

    /// Completes the header and moves the file into place.
    pub fn finish(mut self) -> Result<(), NpyRowsError> {
        self.output.seek(SeekFrom::Start(0)).map_err(|e| self.io(e))?;
        self.write_header().map_err(|e| self.io(e))?;
        Ok(self.output.commit()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        let mut writer = NpyWriter::create(&path, Some(3)).unwrap();
        for k in 0..10 {
            writer.write_row(&[k as f32, 0.5, -1.0]).unwrap();
        }
        writer.finish().unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 128 + 10 * 3 * 4, "data begins at a multiple of 64");
        let mut reader = NpyReader::open(&path).unwrap();
        assert_eq!(reader.n_rows(), 10);
        reader.skip(2).unwrap();
        assert_eq!(reader.read(4).unwrap()[0], [2.0, 0.5, -1.0]);
        assert_eq!(reader.read(100).unwrap().len(), 4);
        assert!(reader.read(1).unwrap().is_empty());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn broken_arrays_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        let mut writer = NpyWriter::create(&path, Some(2)).unwrap();
        writer.write_row(&[1.0, 2.0]).unwrap();
        writer.finish().unwrap();
        let whole = std::fs::read(&path).unwrap();
        for broken in [whole[..whole.len() - 1].to_vec(), whole[..20].to_vec(), Vec::new(), b"hello, world".to_vec()] {
            std::fs::write(&path, broken).unwrap();
            assert!(NpyReader::open(&path).is_err());
        }
    }
}
