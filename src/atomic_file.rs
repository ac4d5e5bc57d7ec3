//! Writing a file so that nobody ever sees half of it.
//!
//! The bytes go to a hidden file in the same folder; [`AtomicFile::commit`] brings them to the disk and only then gives
//! them their name. A crash, a full disk or a dropped value leaves the old file as it was.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("could not {attempt} {path:?}")]
pub struct AtomicFileError {
    /// What was attempted.
    pub attempt: &'static str,
    /// The file that was to be written.
    pub path: PathBuf,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

/// A file under construction. Dropping it without [`AtomicFile::commit`] leaves nothing behind.
#[derive(Debug)]
pub struct AtomicFile {
    file: BufWriter<File>,
    path: PathBuf,
    /// The hidden file, and the place that it moves to; `None` when writing straight into a device or pipe.
    staged: Option<(PathBuf, PathBuf)>,
}

impl AtomicFile {
    /// Begins to write `path`; its folder must exist. A symbolic link is followed, so that the file behind it is
    /// replaced; a device or named pipe is written directly.
    ///
    /// # Errors
    /// When the folder is missing or not writable, or `path` is a folder.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, AtomicFileError> {
        let path = path.as_ref();
        Self::open(path).map_err(|source| AtomicFileError { attempt: "create the file", path: path.into(), source })
    }

    fn open(path: &Path) -> io::Result<Self> {
        let existing = match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if existing.as_ref().is_some_and(|metadata| !metadata.is_file()) {
            let file = BufWriter::new(OpenOptions::new().write(true).open(path)?);
            return Ok(Self { file, path: path.into(), staged: None });
        }
        let target = if existing.is_some() { fs::canonicalize(path)? } else { path.to_path_buf() };
        let (file, hidden) = create_beside(&target)?;
        let this = Self { file: BufWriter::new(file), path: path.into(), staged: Some((hidden, target)) };
        if let Some(metadata) = existing {
            this.file.get_ref().set_permissions(metadata.permissions())?;
        }
        Ok(this)
    }

    /// Brings the bytes to the disk and puts the file in its place.
    ///
    /// # Errors
    /// When the disk is full or the file cannot be moved; the old file is then untouched.
    pub fn commit(mut self) -> Result<(), AtomicFileError> {
        self.finish().map_err(|source| AtomicFileError { attempt: "finish writing", path: self.path.clone(), source })
    }

    fn finish(&mut self) -> io::Result<()> {
        self.file.flush()?;
        let Some((hidden, target)) = &self.staged else { return Ok(()) };
        self.file.get_ref().sync_all()?;
        fs::rename(hidden, target)?;
        let folder = folder_of(target).to_path_buf();
        self.staged = None;
        sync_folder(&folder)
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for AtomicFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if let Some((hidden, _)) = self.staged.take() {
            let _ = fs::remove_file(hidden);
        }
    }
}

/// Writes `bytes` as the whole file `path`.
///
/// # Errors
/// As [`AtomicFile::create`] and [`AtomicFile::commit`].
pub fn write(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> Result<(), AtomicFileError> {
    let path = path.as_ref();
    let mut file = AtomicFile::create(path)?;
    file.write_all(bytes.as_ref()).map_err(|source| AtomicFileError { attempt: "write", path: path.into(), source })?;
    file.commit()
}

/// A new hidden file in the folder of `target`.
fn create_beside(target: &Path) -> io::Result<(File, PathBuf)> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    loop {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}-{number}.part", std::process::id()));
        let hidden = folder_of(target).join(hidden);
        match OpenOptions::new().write(true).create_new(true).open(&hidden) {
            Ok(file) => return Ok((file, hidden)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// Whether a name is that of the hidden file of an [`AtomicFile`] whose process ended before it was done.
pub fn is_left_over(name: &str) -> bool {
    let numbers = |text: &str| {
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        text.split_once('-').is_some_and(|(process, counter)| is_number(process) && is_number(counter))
    };
    let inner = name.strip_prefix('.').and_then(|rest| rest.strip_suffix(".part"));
    inner.and_then(|inner| inner.rsplit_once('.')).is_some_and(|(of, end)| !of.is_empty() && numbers(end))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes the new name itself durable, where the system knows that notion.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<OsString> {
        let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    }

    #[test]
    fn the_new_content_appears_only_at_commit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.txt");
        write(&path, "old").unwrap();
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        file.flush().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        file.commit().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(names(folder.path()), ["x.txt"]);
    }

    #[test]
    fn a_dropped_file_leaves_the_old_one_and_no_rubbish() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.txt");
        write(&path, "old").unwrap();
        AtomicFile::create(&path).unwrap().write_all(b"half").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(folder.path()), ["x.txt"]);
    }

    #[test]
    fn a_folder_or_a_missing_folder_is_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let error = AtomicFile::create(folder.path()).unwrap_err();
        assert_eq!(error.source.kind(), io::ErrorKind::IsADirectory);
        let missing = folder.path().join("none").join("x.txt");
        let error = write(&missing, "").unwrap_err();
        assert_eq!((error.source.kind(), &error.path), (io::ErrorKind::NotFound, &missing));
        assert!(error.to_string().contains("x.txt"), "{error}");
    }

    #[test]
    fn only_our_own_hidden_files_are_left_overs() {
        assert!(is_left_over(".state.bin.123-0.part"));
        for name in ["state.bin.123-0.part", ".thesis.part", ".a.1-b.part", ".1-2.part", ".x.12.part", ""] {
            assert!(!is_left_over(name), "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_file_behind_a_link_is_replaced_and_keeps_its_permissions() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("x"), folder.path().join("link"));
        write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write(&link, "new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    }
}
