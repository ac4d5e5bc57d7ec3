//! Why a study could not be opened, read or changed.

use super::artefact::ArtefactId;
use crate::atomic_file::AtomicFileError;
use std::io;
use std::path::PathBuf;

/// Why a study could not be opened, read or changed.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// There is no study.
    #[error(
        "there is no study here, expected a folder with a study.toml: make one with `fillscape study new` ({path:?})"
    )]
    Missing {
        /// The folder.
        path: PathBuf,
    },
    /// A study cannot be made where something is already.
    #[error("could not make a study: the folder exists and is not empty; choose another name ({path:?})")]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// The study was opened read-only.
    #[error("could not {attempt}: this study is open read-only, because {reason} ({path:?})")]
    ReadOnly {
        /// What was attempted.
        attempt: &'static str,
        /// Why it is read-only.
        reason: String,
        /// The folder.
        path: PathBuf,
    },
    /// A file or folder could not be read.
    #[error("could not read {path:?}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file or folder could not be written, moved or removed.
    #[error("could not {attempt} {path:?}")]
    Write {
        /// What was attempted.
        attempt: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file could not be written whole.
    #[error(transparent)]
    Atomic(#[from] AtomicFileError),
    /// A file of the study is not what it should be.
    #[error("could not understand {what}: {problem} (in {path:?})")]
    Format {
        /// What the file is.
        what: &'static str,
        /// Where and what is wrong.
        problem: String,
        /// The file.
        path: PathBuf,
    },
    /// The study was written by a newer program.
    #[error(
        "this study has format version {found}, but this program knows versions 1 to {known}: open it with the newer program that wrote it ({path:?})"
    )]
    Newer {
        /// Version found.
        found: u32,
        /// Newest version known.
        known: u32,
        /// The document.
        path: PathBuf,
    },
    /// An artefact that is asked for does not exist.
    #[error("the study holds no artefact {id}: run the study again to make it ({path:?})")]
    NoArtefact {
        /// Its name.
        id: ArtefactId,
        /// Where it should be.
        path: PathBuf,
    },
    /// A file of an artefact is not as it was written.
    #[error(transparent)]
    Damaged(Box<Damage>),
    /// A name that cannot be the name of a file of an artefact.
    #[error("{name:?} cannot be the name of a file of an artefact: expected a relative path without `..`")]
    FileName {
        /// The name.
        name: String,
    },
    /// A link, which may lead anywhere, where a study has a file or folder of its own.
    #[error("a study holds no links, but this is one: remove it, or put in its place what it leads to ({path:?})")]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// A pipe, socket or device where a file is expected.
    #[error("this is neither a file nor a folder, as a study holds them: remove it ({path:?})")]
    NoFile {
        /// What was found.
        path: PathBuf,
    },
    /// Runs and scores.
    #[error(transparent)]
    Scores(#[from] Box<super::scores::ScoresError>),
    /// A value cannot be written as TOML.
    #[error("could not write {what} as TOML: {problem}")]
    Toml {
        /// What it is.
        what: &'static str,
        /// Why.
        problem: String,
    },
}

impl From<super::scores::ScoresError> for StudyError {
    fn from(error: super::scores::ScoresError) -> Self {
        Self::Scores(Box::new(error))
    }
}

/// A file of an artefact that is not as it was written.
#[derive(Debug, thiserror::Error)]
#[error(
    "the artefact {id} is damaged: {file} has {found}, expected {expected}; `fillscape study check` says what to recompute ({path:?})"
)]
pub struct Damage {
    /// The artefact.
    pub id: ArtefactId,
    /// The file inside it.
    pub file: String,
    /// What was found.
    pub found: String,
    /// What its provenance says.
    pub expected: String,
    /// The file.
    pub path: PathBuf,
}

impl StudyError {
    /// As [`is_disk_full`].
    pub fn is_disk_full(&self) -> bool {
        is_disk_full(self)
    }
}

/// Whether an error comes from a full disk, a quota, or a limit on the size of files: then nothing is lost, and the same
/// command goes on once there is room.
pub fn is_disk_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        let is_full = |kind| {
            matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
        };
        let sqlite = error.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
        if kind.is_some_and(is_full) || sqlite == Some(rusqlite::ErrorCode::DiskFull) {
            return true;
        }
        cause = error.source();
    }
    false
}
