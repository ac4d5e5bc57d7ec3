//! The lock of a study: one instance writes, others look.

use super::StudyError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

/// The file that is locked.
pub const LOCK_FILE: &str = "study.lock";

/// The lock, held until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct StudyLock {
    _file: File,
}

/// What came of asking for the lock.
#[derive(Debug)]
pub enum Locking {
    /// It is ours.
    Held(StudyLock),
    /// Another instance has it; what it wrote about itself.
    Busy(String),
    /// The folder or the lock file cannot be written.
    NotWritable(io::Error),
}

/// Asks for the lock of the study in `folder`.
///
/// # Errors
/// When the system cannot lock.
pub fn lock(folder: &Path) -> Result<Locking, StudyError> {
    let path = folder.join(LOCK_FILE);
    let mut file = match OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path) {
        Ok(file) => file,
        Err(error) if is_not_writable(&error) => return Ok(Locking::NotWritable(error)),
        Err(source) => return Err(StudyError::Write { attempt: "open the lock", path, source }),
    };
    match file.try_lock() {
        Ok(()) => {
            // Only for the words of whoever comes second; the lock itself does not depend on it.
            let _ = file.set_len(0).and_then(|()| file.rewind());
            let _ = write!(file, "process {} of fillscape {}", std::process::id(), env!("CARGO_PKG_VERSION"));
            Ok(Locking::Held(StudyLock { _file: file }))
        }
        Err(TryLockError::WouldBlock) => {
            let mut who = String::new();
            let _ = file.take(200).read_to_string(&mut who);
            Ok(Locking::Busy(if who.is_empty() { "another instance".to_owned() } else { who }))
        }
        Err(TryLockError::Error(source)) => Err(StudyError::Write { attempt: "lock", path, source }),
    }
}

fn is_not_writable(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}
