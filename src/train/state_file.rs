//! A saved state on disk: a header as JSON, then vectors of numbers of known length.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::atomic_file::AtomicFile;

/// First bytes of the file, with the version of its layout.
const MAGIC: &[u8; 8] = b"FSRUN\0\0\x01";
/// No header is longer than this.
const MAX_HEADER: u64 = 1 << 24;

/// Why a saved state could not be used.
#[derive(Debug)]
pub enum StateFileError {
    /// The file could not be read or written.
    Io(io::Error),
    /// It is not a whole state.
    Broken(String),
}

impl From<io::Error> for StateFileError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A header with its vectors.
pub type Saved<H> = (H, Vec<Vec<f32>>);

/// Writes a state: the file is the old one or the new one, never a part.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, header: &impl Serialize, vectors: &[&[f32]]) -> io::Result<()> {
    let mut file = AtomicFile::create(path).map_err(|error| error.source)?;
    let header = serde_json::to_vec(header).map_err(io::Error::other)?;
    file.write_all(MAGIC)?;
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(&header)?;
    for values in vectors {
        for value in *values {
            file.write_all(&value.to_le_bytes())?;
        }
    }
    file.commit().map_err(|error| error.source)
}

/// Reads a state; none if there is no such file.
///
/// * `lengths` – the length of each vector, by the header
///
/// # Errors
/// The file cannot be read or is not a whole state.
pub fn read<H: DeserializeOwned>(
    path: &Path,
    lengths: impl FnOnce(&H) -> Vec<usize>,
) -> Result<Option<Saved<H>>, StateFileError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let len = file.metadata()?.len();
    let mut file = BufReader::new(file);
    let mut start = [0; 16];
    file.read_exact(&mut start)?;
    if &start[..8] != MAGIC {
        return Err(StateFileError::Broken("it does not begin like one".to_owned()));
    }
    let header_len = u64::from_le_bytes(start[8..].try_into().expect("eight bytes"));
    if header_len > MAX_HEADER.min(len) {
        return Err(StateFileError::Broken(format!("its header claims {header_len} bytes")));
    }
    let mut header = vec![0; header_len as usize];
    file.read_exact(&mut header)?;
    let header: H =
        serde_json::from_slice(&header).map_err(|error| StateFileError::Broken(format!("its header: {error}")))?;
    let lengths = lengths(&header);
    let n: u64 = lengths.iter().fold(0, |sum, &n| sum.saturating_add(n as u64));
    let expected = n.saturating_mul(4).saturating_add(16 + header_len);
    if len != expected {
        return Err(StateFileError::Broken(format!("it holds {len} bytes, expected {expected}")));
    }
    let mut vectors = Vec::with_capacity(lengths.len());
    for n in lengths {
        let mut bytes = vec![0; 4 * n];
        file.read_exact(&mut bytes)?;
        vectors.push(bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().expect("four bytes"))).collect());
    }
    Ok(Some((header, vectors)))
}
