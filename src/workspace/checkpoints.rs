//! Tuned checkpoints, kept without the files they share with their base model.
//!
//! Tuning leaves the projectors as they are, and these are most of a checkpoint. So an artefact holds what differs, and
//! `base_files.json` names the files to take from the base model, with their hashes. [`whole`] puts the two together.

use super::files::{check_name, check_no_link, digest_of_file, files_below};
use super::staging::{create_folder, remove_folder};
use super::{Artefact, Damage, FileRecord, Staging, Study, StudyError};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The file that names what comes from the base model.
const BASE_FILES: &str = "base_files.json";

/// Puts the files of a tuned checkpoint in `folder` into an artefact: those that the folder of the base model holds with
/// the same name and bytes by their hashes, the others whole. `left_out` are not part of the result.
///
/// # Errors
/// When something cannot be read or written.
pub fn store(staging: &Staging, folder: &Path, base: &Path, left_out: &[&str]) -> Result<(), StudyError> {
    let mut shared: BTreeMap<String, FileRecord> = BTreeMap::new();
    for (name, path) in files_below(folder)? {
        if left_out.contains(&name.as_str()) {
            continue;
        }
        let record = digest_of_file(&path)?;
        let twin = base.join(&name);
        if twin.is_file() && digest_of_file(&twin)? == record {
            shared.insert(name, record);
        } else {
            staging.write(&name, fs::read(&path).map_err(|source| StudyError::Read { path, source })?)?;
        }
    }
    staging.write_json(BASE_FILES, &shared)
}

/// A Hugging Face folder with the whole checkpoint, in the study's work folder: what the artefact holds and what it
/// shares with the base model in `base`. It is made anew when it is not whole; `study prune` may remove it.
///
/// # Errors
/// When the artefact is damaged, the base model is another one, or the folder cannot be written.
pub fn whole(study: &Study, artefact: &Artefact, base: &Path) -> Result<PathBuf, StudyError> {
    whole_in(&study.work_folder().join(format!("{}.whole", artefact.id())), artefact, base)
}

/// As [`whole`], assembled in `folder`: for studies that can only be looked at.
///
/// # Errors
/// As [`whole`].
pub fn whole_in(folder: &Path, artefact: &Artefact, base: &Path) -> Result<PathBuf, StudyError> {
    artefact.verify()?;
    let path = artefact.path(BASE_FILES);
    let shared: BTreeMap<String, FileRecord> = serde_json::from_slice(&artefact.read(BASE_FILES)?)
        .map_err(|error| StudyError::Format { what: "the list of shared files", problem: error.to_string(), path })?;
    shared.keys().try_for_each(|name| check_name(name))?;
    check_no_link(folder)?;
    if shared.is_empty() {
        return Ok(artefact.folder.clone());
    }
    let folder = folder.to_owned();
    let wanted = || {
        let own = artefact.provenance.files.iter().map(|(name, record)| (name, record, artefact.path(name)));
        own.chain(shared.iter().map(|(name, record)| (name, record, base.join(name))))
    };
    if wanted().all(|(name, record, _)| digest_of_file(&folder.join(name)).is_ok_and(|found| found == *record)) {
        return Ok(folder);
    }
    remove_folder(&folder)?;
    create_folder(&folder)?;
    for (name, record, source) in wanted() {
        let found = digest_of_file(&source)?;
        if found != *record {
            return Err(StudyError::Damaged(Box::new(Damage {
                id: artefact.id().clone(),
                file: format!("{name} of the base model"),
                found: format!("the hash {}", found.sha256),
                expected: record.sha256.clone(),
                path: source,
            })));
        }
        let target = folder.join(name);
        if let Some(parent) = target.parent() {
            create_folder(parent)?;
        }
        fs::copy(&source, &target).map_err(|source| StudyError::Write { attempt: "copy", path: target, source })?;
    }
    Ok(folder)
}
