//! Making an artefact: files are gathered out of sight, hashed, described, and only then given their name.

use super::artefact::{
    Artefact, ArtefactId, ArtefactKind, FileRecord, PROVENANCE_FILE, PROVENANCE_VERSION, Provenance, StopReason, key_of,
};
use super::files::{check_name, check_no_link, digest_of_file, files_below};
use super::{Study, StudyError};
use crate::atomic_file;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The file in a work folder that holds the seconds of earlier sittings.
const SECONDS_FILE: &str = "seconds.txt";

/// What an artefact is to be made from; its name follows.
#[derive(Debug, Clone, PartialEq)]
pub struct ArtefactRequest {
    /// What it holds.
    pub kind: ArtefactKind,
    /// The step that makes it.
    pub step: String,
    /// Changes of the step's method so far.
    pub revision: u32,
    /// The artefacts it is made from.
    pub parents: Vec<ArtefactId>,
    /// Digests of what comes from outside, by role.
    pub inputs: BTreeMap<String, String>,
    /// The parameters, all of them.
    pub parameters: toml::Table,
    /// Seed of all random numbers; part of the parameters as well where it matters.
    pub seed: u64,
    /// What computes.
    pub device: String,
}

impl ArtefactRequest {
    /// The full hash.
    pub fn key(&self) -> String {
        key_of(self.kind, self.revision, &self.parents, &self.inputs, &self.parameters)
    }

    /// The name that follows.
    pub fn id(&self) -> ArtefactId {
        ArtefactId::new(self.kind, &self.key())
    }
}

/// An artefact under construction. Dropping it without [`Staging::finish`] makes none; the work folder stays, so that
/// the work can go on later.
#[derive(Debug)]
pub struct Staging {
    request: ArtefactRequest,
    id: ArtefactId,
    work: PathBuf,
    output: PathBuf,
    target: PathBuf,
    begun: Instant,
    seconds_before: f64,
}

impl Staging {
    pub(super) fn begin(study: &Study, request: ArtefactRequest) -> Result<Self, StudyError> {
        let id = request.id();
        let artefacts = study.artefacts_folder();
        let work = study.work_folder().join(id.to_string());
        let output = artefacts.join(format!(".{id}.part"));
        check_no_link(&work)?;
        create_folder(&work)?;
        remove_folder(&output)?;
        create_folder(&output)?;
        let seconds_before = fs::read_to_string(work.join(SECONDS_FILE)).ok().and_then(|text| text.trim().parse().ok());
        Ok(Self {
            target: artefacts.join(id.to_string()),
            request,
            id,
            work,
            output,
            begun: Instant::now(),
            seconds_before: seconds_before.unwrap_or(0.0),
        })
    }

    /// The name it will have.
    pub fn id(&self) -> &ArtefactId {
        &self.id
    }

    /// What it is made from.
    pub fn request(&self) -> &ArtefactRequest {
        &self.request
    }

    /// The folder for what is needed to go on after an interruption; it outlives this value and the process.
    pub fn work(&self) -> &Path {
        &self.work
    }

    /// The folder for the files of the artefact; empty at first.
    pub fn output(&self) -> &Path {
        &self.output
    }

    /// Writes one file of the artefact.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> Result<(), StudyError> {
        check_name(name)?;
        let path = self.output.join(name);
        if let Some(folder) = path.parent() {
            create_folder(folder)?;
        }
        Ok(atomic_file::write(&path, bytes)?)
    }

    /// Writes one file of the artefact as JSON.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), StudyError> {
        let mut text = serde_json::to_string_pretty(value).map_err(|error| StudyError::Format {
            what: "a value to be written as JSON",
            problem: error.to_string(),
            path: self.output.join(name),
        })?;
        text.push('\n');
        self.write(name, text)
    }

    /// Keeps the seconds of this sitting, for a pause.
    pub fn keep_seconds(&self) {
        // Only the figure in the provenance depends on it.
        let _ = atomic_file::write(self.work.join(SECONDS_FILE), format!("{:.3}\n", self.seconds()));
    }

    fn seconds(&self) -> f64 {
        self.seconds_before + self.begun.elapsed().as_secs_f64()
    }

    /// Hashes the files, describes them and gives the artefact its name; the work folder is removed.
    ///
    /// # Errors
    /// When something cannot be read or written; then there is no artefact, and the work folder is still there.
    pub fn finish(self, stop_reason: StopReason, summary: toml::Table) -> Result<Artefact, StudyError> {
        let mut files: BTreeMap<String, FileRecord> = BTreeMap::new();
        for (name, path) in files_below(&self.output)? {
            let sync = File::open(&path).and_then(|file| file.sync_all());
            sync.map_err(|source| StudyError::Write { attempt: "bring to the disk", path: path.clone(), source })?;
            files.insert(name, digest_of_file(&path)?);
        }
        let provenance = Provenance {
            format_version: PROVENANCE_VERSION,
            id: self.id.clone(),
            key: self.request.key(),
            step: self.request.step.clone(),
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            seed: self.request.seed,
            device: self.request.device.clone(),
            made: now(),
            seconds: (self.seconds() * 1e3).round() / 1e3,
            stop_reason,
            parents: self.request.parents.clone(),
            inputs: self.request.inputs.clone(),
            parameters: self.request.parameters.clone(),
            summary,
            files,
        };
        atomic_file::write(self.output.join(PROVENANCE_FILE), to_toml("a provenance", &provenance)?)?;
        // A damaged artefact of this name makes room: its remains are kept until the new one has its place.
        let aside = self.target.with_file_name(format!(".{}.old", self.id));
        remove_folder(&aside)?;
        if self.target.exists() {
            rename(&self.target, &aside)?;
        }
        rename(&self.output, &self.target)?;
        sync_folder(self.target.parent().unwrap_or(&self.target))?;
        remove_folder(&aside)?;
        remove_folder(&self.work)?;
        Artefact::open(&self.target)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.output);
    }
}

/// The moment, UTC, in seconds.
pub(super) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A value as TOML.
pub(super) fn to_toml(what: &'static str, value: &impl Serialize) -> Result<String, StudyError> {
    toml::to_string(value).map_err(|error| StudyError::Toml { what, problem: error.to_string() })
}

/// Makes a folder and those above it.
pub(super) fn create_folder(path: &Path) -> Result<(), StudyError> {
    fs::create_dir_all(path).map_err(|source| StudyError::Write {
        attempt: "make the folder",
        path: path.into(),
        source,
    })
}

/// Removes a folder with everything in it, if it is there.
pub(super) fn remove_folder(path: &Path) -> Result<(), StudyError> {
    match fs::remove_dir_all(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(StudyError::Write { attempt: "remove the folder", path: path.into(), source })
        }
        _ => Ok(()),
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), StudyError> {
    fs::rename(from, to).map_err(|source| StudyError::Write { attempt: "put in its place", path: to.into(), source })
}

/// Makes new names in a folder durable, where the system knows that notion.
fn sync_folder(folder: &Path) -> Result<(), StudyError> {
    if cfg!(unix) {
        let synced = File::open(folder).and_then(|file| file.sync_all());
        synced.map_err(|source| StudyError::Write { attempt: "bring to the disk", path: folder.into(), source })?;
    }
    Ok(())
}
