//! Rows of numbers in NumPy's `.npy` format, read and written a portion at a time.
//!
//! Source: `numpy.lib.format`, versions 1 to 3.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::atomic_file::{AtomicFile, AtomicFileError};

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
    /// Not such a file.
    #[error("this is no array of rows: {what} ({path:?})")]
    Format {
        /// What was found and expected.
        what: String,
        /// The file.
        path: PathBuf,
    },
}

/// Reads a two-dimensional array of f32 or f64 in row-major order; a list counts as rows of one number.
pub struct NpyReader {
    input: BufReader<File>,
    path: PathBuf,
    is_double: bool,
    n_rows: usize,
    n_columns: usize,
    next_row: usize,
}

/// A header says little; a longer one is no header.
const MAX_HEADER: usize = 1 << 16;

impl NpyReader {
    /// Opens a file and reads its header.
    pub fn open(path: &Path) -> Result<Self, NpyRowsError> {
        let io = |source| NpyRowsError::Io { path: path.to_owned(), source };
        let wrong = |what: String| NpyRowsError::Format { what, path: path.to_owned() };
        let file = File::open(path).map_err(io)?;
        let file_len = file.metadata().map_err(io)?.len();
        let mut input = BufReader::new(file);
        let mut start = [0u8; 8];
        input.read_exact(&mut start).map_err(|_| wrong("it is shorter than a header".to_owned()))?;
        if &start[..6] != b"\x93NUMPY" {
            return Err(wrong("it does not begin with the mark of a .npy file".to_owned()));
        }
        let mut len = [0u8; 4];
        let n = if start[6] == 1 { 2 } else { 4 };
        input.read_exact(&mut len[..n]).map_err(io)?;
        let header_len = u32::from_le_bytes(len) as usize;
        if header_len > MAX_HEADER {
            return Err(wrong(format!("its header claims {header_len} bytes")));
        }
        let mut header = vec![0; header_len];
        input.read_exact(&mut header).map_err(io)?;
        let header = String::from_utf8_lossy(&header).into_owned();
        let is_double = match field(&header, "descr") {
            Some("'<f4'" | "'|f4'" | "'=f4'") => false,
            Some("'<f8'" | "'=f8'") => true,
            other => {
                return Err(wrong(format!("its numbers are {}, expected '<f4' or '<f8'", other.unwrap_or("unnamed"))));
            }
        };
        if field(&header, "fortran_order") != Some("False") {
            return Err(wrong("its columns come first: save numpy.ascontiguousarray of it".to_owned()));
        }
        let shape = shape(&header).ok_or_else(|| wrong("its header has no shape".to_owned()))?;
        let (n_rows, n_columns) = match shape[..] {
            [n_rows] => (n_rows, 1),
            [n_rows, n_columns] => (n_rows, n_columns),
            _ => return Err(wrong(format!("its shape is {shape:?}, expected rows and columns"))),
        };
        let size = if is_double { 8 } else { 4 };
        let expected = n_rows.checked_mul(n_columns).and_then(|n| n.checked_mul(size)).map(|n| n as u64);
        let found = file_len.saturating_sub((8 + n + header_len) as u64);
        if expected != Some(found) {
            return Err(wrong(format!("{found} bytes of numbers follow its header, which announces {shape:?}")));
        }
        Ok(Self { input, path: path.to_owned(), is_double, n_rows, n_columns, next_row: 0 })
    }

    /// Rows in the file.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Passes over rows.
    pub fn skip(&mut self, n: usize) -> Result<(), NpyRowsError> {
        let n = n.min(self.n_rows - self.next_row);
        let size = if self.is_double { 8 } else { 4 };
        self.input
            .seek_relative((n * self.n_columns * size) as i64)
            .map_err(|source| NpyRowsError::Io { path: self.path.clone(), source })?;
        self.next_row += n;
        Ok(())
    }

    /// The next rows, `n` at most; none at the end.
    pub fn read(&mut self, n: usize) -> Result<Vec<Vec<f32>>, NpyRowsError> {
        let io = |source| NpyRowsError::Io { path: self.path.clone(), source };
        let n = n.min(self.n_rows - self.next_row);
        let size = if self.is_double { 8 } else { 4 };
        let mut bytes = vec![0; self.n_columns * size];
        let mut rows = Vec::with_capacity(n);
        for _ in 0..n {
            self.input.read_exact(&mut bytes).map_err(io)?;
            rows.push(if self.is_double {
                bytes.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b) as f32).collect()
            } else {
                bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect()
            });
        }
        self.next_row += n;
        Ok(rows)
    }
}

/// The text behind a key of the header, which is a Python dictionary.
fn field<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let after = header.split_once(&format!("'{key}'"))?.1.split_once(':')?.1;
    Some(after.split([',', '}']).next()?.trim())
}

fn shape(header: &str) -> Option<Vec<usize>> {
    let inside = header.split_once("'shape'")?.1.split_once('(')?.1.split_once(')')?.0;
    inside.split(',').map(str::trim).filter(|n| !n.is_empty()).map(|n| n.parse().ok()).collect()
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
