//! A study on disk: open, read, change.

use super::artefact::{Artefact, ArtefactId, PROVENANCE_FILE};
use super::document::{DOCUMENT_FILE, Document};
use super::files::check_no_link;
use super::history::{HISTORY_FILE, History};
use super::lock::{LOCK_FILE, Locking, StudyLock, lock};
use super::scores::{SCORES_FILE, Scores, comparison_of};
use super::staging::create_folder;
use super::{ArtefactRequest, Staging, StudyError};
use crate::atomic_file;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the artefacts.
pub const ARTEFACTS_FOLDER: &str = "artefacts";
/// The folder of work under way.
pub const WORK_FOLDER: &str = "work";

/// An open study.
#[derive(Debug)]
pub struct Study {
    folder: PathBuf,
    document: Document,
    history: History,
    access: Access,
    lock: Option<StudyLock>,
}

/// Whether this instance may change the study.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// It may, and nobody else can.
    Write,
    /// It may only look.
    ReadOnly(ReadOnlyReason),
}

/// Why a study can only be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadOnlyReason {
    /// It was opened so.
    Asked,
    /// Another instance has it open; what that one says of itself.
    LockHeld(String),
    /// The folder cannot be written; what the system said.
    NotWritable(String),
}

impl fmt::Display for ReadOnlyReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked => write!(f, "it was opened so; a copy of it can be changed"),
            Self::LockHeld(who) => write!(f, "{who} has it open; close that one to make changes here"),
            Self::NotWritable(what) => write!(f, "its folder cannot be written ({what})"),
        }
    }
}

/// The artefacts of a study.
#[derive(Debug, Default)]
pub struct Listing {
    /// Those with a readable provenance, in the order of their names.
    pub artefacts: Vec<Artefact>,
    /// What is wrong with the others.
    pub faults: Vec<(ArtefactId, StudyError)>,
}

impl Study {
    /// Makes a new study in a folder that is empty or does not exist, and opens it.
    ///
    /// # Errors
    /// When there is something already, or it cannot be written.
    pub fn create(folder: &Path, document: Document) -> Result<Self, StudyError> {
        create_folder(folder)?;
        let mut entries = fs::read_dir(folder).map_err(|source| StudyError::Read { path: folder.into(), source })?;
        if entries.any(|entry| entry.is_ok_and(|entry| entry.file_name() != LOCK_FILE)) {
            return Err(StudyError::Occupied { path: folder.to_owned() });
        }
        let (access, lock) = take_lock(folder)?;
        let history = History::read(folder, &document)?;
        let study = Self { folder: folder.to_owned(), document, history, access, lock };
        study.check_writable("make a study")?;
        create_folder(&study.artefacts_folder())?;
        study.save()?;
        Ok(study)
    }

    /// Opens a study to change it; read-only when another instance has it or the folder cannot be written, see
    /// [`Study::access`].
    ///
    /// # Errors
    /// When there is none, or its document cannot be read.
    pub fn open(folder: &Path) -> Result<Self, StudyError> {
        check_present(folder)?;
        // The lock first: what is read under it stays true.
        let (access, lock) = take_lock(folder)?;
        let document = Document::read(&folder.join(DOCUMENT_FILE))?;
        let history = History::read(folder, &document)?;
        Ok(Self { folder: folder.to_owned(), document, history, access, lock })
    }

    /// Opens a study to look at it; takes no lock.
    ///
    /// # Errors
    /// As [`Study::open`].
    pub fn open_read_only(folder: &Path) -> Result<Self, StudyError> {
        check_present(folder)?;
        let document = Document::read(&folder.join(DOCUMENT_FILE))?;
        let history = History::read(folder, &document)?;
        let access = Access::ReadOnly(ReadOnlyReason::Asked);
        Ok(Self { folder: folder.to_owned(), document, history, access, lock: None })
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The document.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Whether this instance may change it.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// The folder of the artefacts.
    pub fn artefacts_folder(&self) -> PathBuf {
        self.folder.join(ARTEFACTS_FOLDER)
    }

    /// The folder of work under way.
    pub fn work_folder(&self) -> PathBuf {
        self.folder.join(WORK_FOLDER)
    }

    /// What can be undone and redone.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Changes the document as one step that can be undone, and saves it before it returns.
    ///
    /// # Errors
    /// When the study is read-only or the document cannot be written; then it is as it was.
    pub fn edit<T>(&mut self, label: &str, change: impl FnOnce(&mut Document) -> T) -> Result<T, StudyError> {
        self.edited(label, change, false)
    }

    /// As [`Study::edit`], but the same step as the last edit when that has the same label: for drags and typing.
    ///
    /// # Errors
    /// As [`Study::edit`].
    pub fn edit_further<T>(&mut self, label: &str, change: impl FnOnce(&mut Document) -> T) -> Result<T, StudyError> {
        self.edited(label, change, true)
    }

    fn edited<T>(
        &mut self,
        label: &str,
        change: impl FnOnce(&mut Document) -> T,
        merge: bool,
    ) -> Result<T, StudyError> {
        self.check_writable("change the document")?;
        let mut changed = self.document.clone();
        let value = change(&mut changed);
        if changed != self.document {
            // The journal first: should the program end in between, a line too many is dropped at the next start.
            self.history.push(label, &self.document, &changed, merge)?;
            self.replace(changed)?;
        }
        Ok(value)
    }

    /// Takes the last edit back; false when there is none.
    ///
    /// # Errors
    /// As [`Study::edit`].
    pub fn undo(&mut self) -> Result<bool, StudyError> {
        self.check_writable("undo")?;
        let document = self.history.undo(&self.document)?;
        document.map_or(Ok(false), |document| self.replace(document).map(|()| true))
    }

    /// Does the last undone edit again; false when there is none.
    ///
    /// # Errors
    /// As [`Study::edit`].
    pub fn redo(&mut self) -> Result<bool, StudyError> {
        self.check_writable("redo")?;
        let document = self.history.redo(&self.document)?;
        document.map_or(Ok(false), |document| self.replace(document).map(|()| true))
    }

    /// Notes which artefact a step shows; not part of undo.
    ///
    /// # Errors
    /// As [`Study::edit`].
    pub fn set_result(&mut self, step: &str, id: &ArtefactId) -> Result<(), StudyError> {
        self.check_writable("note a result")?;
        let mut document = self.document.clone();
        document.results.insert(step.to_owned(), id.clone());
        self.replace(document)
    }

    /// Takes an artefact into the file of runs and scores.
    ///
    /// # Errors
    /// When the artefact or the file cannot be read or written.
    pub fn index(&self, artefact: &Artefact) -> Result<(), StudyError> {
        self.check_writable("note a run")?;
        let comparison = comparison_of(artefact)?;
        Ok(Scores::open(&self.folder)?.insert(artefact, comparison.as_ref())?)
    }

    /// Does what a process that ended right after an artefact got its name has left undone.
    pub(super) fn complete(&self, id: &ArtefactId) -> Result<(), StudyError> {
        let artefact = self.artefact(id)?;
        super::staging::remove_folder(&self.work_folder().join(id.to_string()))?;
        let mut scores = Scores::open(&self.folder)?;
        if !scores.holds(&artefact)? {
            scores.insert(&artefact, comparison_of(&artefact)?.as_ref())?;
        }
        Ok(())
    }

    fn replace(&mut self, document: Document) -> Result<(), StudyError> {
        let before = std::mem::replace(&mut self.document, document);
        if let Err(error) = self.save() {
            self.document = before;
            // What the journal has of the change that could not be saved is dropped.
            if let Ok(history) = History::read(&self.folder, &self.document) {
                self.history = history;
            }
            return Err(error);
        }
        Ok(())
    }

    fn save(&self) -> Result<(), StudyError> {
        let document = Document { program_version: env!("CARGO_PKG_VERSION").to_owned(), ..self.document.clone() };
        Ok(atomic_file::write(self.folder.join(DOCUMENT_FILE), document.to_toml()?)?)
    }

    /// Refuses when this instance may not write.
    ///
    /// # Errors
    /// [`StudyError::ReadOnly`].
    pub fn check_writable(&self, attempt: &'static str) -> Result<(), StudyError> {
        match (&self.access, &self.lock) {
            (Access::Write, Some(_)) => Ok(()),
            (Access::ReadOnly(reason), _) => {
                Err(StudyError::ReadOnly { attempt, reason: reason.to_string(), path: self.folder.clone() })
            }
            (Access::Write, None) => unreachable!("writing comes with the lock"),
        }
    }

    /// Whether the artefact is there (its files are not looked at).
    pub fn has(&self, id: &ArtefactId) -> bool {
        self.artefacts_folder().join(id.to_string()).join(PROVENANCE_FILE).exists()
    }

    /// Opens an artefact.
    ///
    /// # Errors
    /// When it is not there, or its provenance cannot be read.
    pub fn artefact(&self, id: &ArtefactId) -> Result<Artefact, StudyError> {
        let path = self.artefacts_folder().join(id.to_string());
        if !path.join(PROVENANCE_FILE).exists() {
            return Err(StudyError::NoArtefact { id: id.clone(), path });
        }
        Artefact::open(&path)
    }

    /// The artefact that the document shows for a step, if there is one.
    ///
    /// # Errors
    /// As [`Study::artefact`].
    pub fn result(&self, step: &str) -> Result<Option<Artefact>, StudyError> {
        self.document.results.get(step).map(|id| self.artefact(id)).transpose()
    }

    /// All artefacts. Unfinished ones, whose names begin with a dot, are left out.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn artefacts(&self) -> Result<Listing, StudyError> {
        let folder = self.artefacts_folder();
        let mut listing = Listing::default();
        if !folder.exists() {
            return Ok(listing);
        }
        let fail = |source| StudyError::Read { path: folder.clone(), source };
        let mut paths = Vec::new();
        for entry in fs::read_dir(&folder).map_err(fail)? {
            paths.push(entry.map_err(fail)?.path());
        }
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let Ok(id) = name.parse::<ArtefactId>() else { continue };
            match Artefact::open(&path) {
                Ok(artefact) => listing.artefacts.push(artefact),
                Err(fault) => listing.faults.push((id, fault)),
            }
        }
        Ok(listing)
    }

    /// Begins to make an artefact. Work that an interrupted attempt left is in [`Staging::work`].
    ///
    /// # Errors
    /// When the study is read-only or a folder cannot be made.
    pub fn begin(&self, request: ArtefactRequest) -> Result<Staging, StudyError> {
        self.check_writable("make an artefact")?;
        Staging::begin(self, request)
    }
}

/// Refuses a folder without a study, and one in which a link stands for a part of the study: what is written through it
/// would lie elsewhere.
fn check_present(folder: &Path) -> Result<(), StudyError> {
    for name in [DOCUMENT_FILE, HISTORY_FILE, LOCK_FILE, SCORES_FILE, ARTEFACTS_FOLDER, WORK_FOLDER] {
        check_no_link(&folder.join(name))?;
    }
    if folder.join(DOCUMENT_FILE).is_file() {
        return Ok(());
    }
    Err(StudyError::Missing { path: folder.to_owned() })
}

fn take_lock(folder: &Path) -> Result<(Access, Option<StudyLock>), StudyError> {
    Ok(match lock(folder)? {
        Locking::Held(lock) => (Access::Write, Some(lock)),
        Locking::Busy(who) => (Access::ReadOnly(ReadOnlyReason::LockHeld(who)), None),
        Locking::NotWritable(error) => (Access::ReadOnly(ReadOnlyReason::NotWritable(error.to_string())), None),
    })
}
