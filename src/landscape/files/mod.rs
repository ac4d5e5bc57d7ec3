//! Networks on disk: TopSearch's text files, both ways, and our own format beside them.
//!
//! Every file is written under another name first, flushed to disk and then renamed, so a file is always whole.
//! Errors name the file, the line and the column.

mod atomic;
mod native;
mod text;
mod topsearch;

pub use atomic::write_atomically;
pub use native::{NETWORK_FILE, NETWORK_FORMAT_VERSION, read_native, write_native};
pub use topsearch::{read_topsearch, write_topsearch};

use super::{KineticTransitionNetwork, MinimumId, NetworkError};
use std::io;
use std::path::{Path, PathBuf};

/// What a folder of network files holds.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkFiles {
    /// The network.
    pub network: KineticTransitionNetwork,
    /// Pairs of minima between which transition states have been searched for, in the order of the searches.
    pub pairs: Vec<(MinimumId, MinimumId)>,
}

/// Why network files could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// A file could not be read.
    #[error("could not read the network file {path:?}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file could not be written.
    #[error("could not write the network file {path:?}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A word of a file is not what its place asks for.
    #[error("line {line}, column {column}: found {found}, expected {expected} (in {path:?})")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// Column in characters, counted from 1.
        column: usize,
        /// The word, or “the end of the line”.
        found: String,
        /// What belongs there.
        expected: String,
    },
    /// Two files that belong together have different numbers of rows.
    #[error("{path:?} has {found} rows, but {other:?} has {expected}: the files are not of one network")]
    Rows {
        /// The file.
        path: PathBuf,
        /// Its rows.
        found: usize,
        /// The file it belongs to.
        other: PathBuf,
        /// The rows of that file.
        expected: usize,
    },
    /// The points do not make a network.
    #[error("row {row} (counted from 0) of {path:?} does not fit the network")]
    Network {
        /// The file.
        path: PathBuf,
        /// Row, counted from 0, blank lines left out.
        row: usize,
        /// What is wrong with it.
        #[source]
        source: NetworkError,
    },
    /// The head of our own format is not usable.
    #[error("could not use the network head {path:?}: {message}")]
    Head {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column where there are any.
        message: String,
    },
    /// The file was written by a later version of this program, or is no network.
    #[error(
        "found format {found:?}, version {version}, expected {expected:?} up to version {newest}: open it with a newer Fillscape (in {path:?})"
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The format it names.
        found: String,
        /// Its version.
        version: u32,
        /// The format expected.
        expected: &'static str,
        /// The newest version this program reads.
        newest: u32,
    },
    /// A file beside the head is not the one the head was written with.
    #[error(
        "{path:?} was changed after {NETWORK_FILE} was written, or the writing was interrupted: write the network again, or delete the table [checksums] of {NETWORK_FILE} if you changed the file on purpose"
    )]
    Checksum {
        /// The file.
        path: PathBuf,
    },
    /// An array file is not what the network needs.
    #[error("could not use the array {path:?}: found shape {found:?}, expected {expected:?}")]
    Shape {
        /// The file.
        path: PathBuf,
        /// Its shape.
        found: Vec<usize>,
        /// The shape the network needs.
        expected: Vec<usize>,
    },
    /// A folder holds neither format.
    #[error("found no network: expected {NETWORK_FILE} (Fillscape) or min.data and min.coords (TopSearch) in {0:?}")]
    NoNetwork(PathBuf),
}

/// Reads a network from a folder in whichever format it holds; our own is preferred when it holds both.
///
/// # Errors
/// When the folder holds neither, or a file is malformed.
pub fn read_network(folder: &Path) -> Result<NetworkFiles, FilesError> {
    if folder.join(NETWORK_FILE).exists() {
        read_native(folder)
    } else if folder.join("min.data").exists() {
        read_topsearch(folder, "")
    } else {
        Err(FilesError::NoNetwork(folder.into()))
    }
}
