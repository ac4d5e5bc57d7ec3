//! Reading and hashing the files of a study.

use super::StudyError;
use super::artefact::{FileRecord, hex};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Reads a TOML file.
///
/// # Errors
/// When it cannot be read, or is not what it should be; the message has line and column.
pub fn read_toml<T: DeserializeOwned>(what: &'static str, path: &Path) -> Result<T, StudyError> {
    parse_toml(what, path, &read_text(path)?)
}

/// Reads the text of a TOML file that was at `path`.
///
/// # Errors
/// When it is not what it should be; the message has line and column.
pub fn parse_toml<T: DeserializeOwned>(what: &'static str, path: &Path, text: &str) -> Result<T, StudyError> {
    toml::from_str(text).map_err(|error| {
        let problem = error.to_string().trim_end().to_owned();
        StudyError::Format { what, problem, path: path.to_owned() }
    })
}

/// Reads a text.
///
/// # Errors
/// When it cannot be read or is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, StudyError> {
    fs::read_to_string(path).map_err(|source| StudyError::Read { path: path.to_owned(), source })
}

/// Length and hash of a file.
///
/// # Errors
/// When it cannot be read.
pub fn digest_of_file(path: &Path) -> Result<FileRecord, StudyError> {
    let fail = |source| StudyError::Read { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(fail)?;
    let mut hash = Sha256::new();
    let mut bytes = 0;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let n = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(fail(error)),
        };
        hash.update(&buffer[..n]);
        bytes += n as u64;
    }
    Ok(FileRecord { bytes, sha256: hex(&hash.finalize()) })
}

/// One digest of a file, or of all files below a folder with their names, in the order of names.
///
/// # Errors
/// When something cannot be read.
pub fn digest_of_input(path: &Path) -> Result<String, StudyError> {
    if !path.is_dir() {
        return Ok(digest_of_file(path)?.sha256);
    }
    let mut hash = Sha256::new();
    for (name, file) in below(path, true)? {
        hash.update(name.as_bytes());
        hash.update([0]);
        hash.update(digest_of_file(&file)?.sha256.as_bytes());
        hash.update([b'\n']);
    }
    Ok(hex(&hash.finalize()))
}

/// All files below a folder of a study: name inside it with `/` between parts, and path; in the order of names. Hidden
/// files, which are unfinished ones, are left out.
///
/// # Errors
/// When a folder cannot be read; a link, a pipe or the like.
pub fn files_below(folder: &Path) -> Result<Vec<(String, PathBuf)>, StudyError> {
    below(folder, false)
}

fn below(folder: &Path, may_link: bool) -> Result<Vec<(String, PathBuf)>, StudyError> {
    let mut found = Vec::new();
    collect(folder, "", may_link, &mut found)?;
    found.sort();
    Ok(found)
}

/// * `may_link` – a link to a file is followed, as in data of a person's own; one to a folder never is
fn collect(folder: &Path, prefix: &str, may_link: bool, found: &mut Vec<(String, PathBuf)>) -> Result<(), StudyError> {
    let fail = |source| StudyError::Read { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let path = entry.path();
        let mut kind = entry.file_type().map_err(fail)?;
        if kind.is_symlink() {
            let target = fs::metadata(&path).map_err(|source| StudyError::Read { path: path.clone(), source })?;
            if !may_link || target.is_dir() {
                return Err(StudyError::Link { path });
            }
            kind = target.file_type();
        }
        if kind.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), may_link, found)?;
        } else if kind.is_file() {
            found.push((format!("{prefix}{name}"), path));
        } else {
            return Err(StudyError::NoFile { path });
        }
    }
    Ok(())
}

/// Refuses a link; something that is not there is none.
///
/// # Errors
/// It is one.
pub fn check_no_link(path: &Path) -> Result<(), StudyError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => Err(StudyError::Link { path: path.to_owned() }),
        _ => Ok(()),
    }
}

/// Refuses the name of a file that is no plain path below its folder: absolute, with `..`, with characters that no file
/// of ours has.
///
/// # Errors
/// The name.
pub fn check_name(name: &str) -> Result<(), StudyError> {
    let is_inside = Path::new(name).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    let is_plain = !name.is_empty() && !name.contains(['\\', ':']) && !name.chars().any(char::is_control);
    if is_inside && is_plain { Ok(()) } else { Err(StudyError::FileName { name: name.to_owned() }) }
}
