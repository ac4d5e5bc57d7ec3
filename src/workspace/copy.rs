//! A study of one's own from one that can only be looked at.

use std::fs;
use std::path::Path;

use super::document::DOCUMENT_FILE;
use super::files::{files_below, read_text};
use super::history::HISTORY_FILE;
use super::scores::SCORES_FILE;
use super::staging::create_folder;
use super::study::ARTEFACTS_FOLDER;
use super::{Study, StudyError};

impl Study {
    /// Copies document, history, scores and artefacts into a new or empty folder; work under way stays behind. Returns the
    /// number of files. Artefacts of a copy that fails are removed again; the document comes last, so that one that was cut
    /// short is no study.
    ///
    /// # Errors
    /// When the folder holds something already, or something cannot be read or written.
    pub fn copy_to(&self, to: &Path) -> Result<usize, StudyError> {
        if fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(StudyError::Occupied { path: to.to_owned() });
        }
        let is_new = fs::symlink_metadata(to).is_err();
        create_folder(to)?;
        let copied = self.copy_files(to);
        if copied.is_err() {
            // Only what this copy has made; what cannot be removed is no study.
            let _ = if is_new { fs::remove_dir_all(to) } else { fs::remove_dir_all(to.join(ARTEFACTS_FOLDER)) };
        }
        copied
    }

    fn copy_files(&self, to: &Path) -> Result<usize, StudyError> {
        let mut n_files = 1;
        let artefacts = files_below(&self.artefacts_folder())?;
        let beside = [HISTORY_FILE, SCORES_FILE].map(|name| (name.to_owned(), self.folder().join(name)));
        let within = artefacts.into_iter().map(|(name, file)| (format!("{ARTEFACTS_FOLDER}/{name}"), file));
        for (name, file) in within.chain(beside.into_iter().filter(|(_, file)| file.exists())) {
            let target = to.join(name);
            create_folder(target.parent().unwrap_or(to))?;
            fs::copy(&file, &target)
                .and_then(|_| fs::File::open(&target)?.sync_all())
                .map_err(|source| StudyError::Write { attempt: "copy a file of the study to", path: target, source })?;
            n_files += 1;
        }
        let document = read_text(&self.folder().join(DOCUMENT_FILE))?;
        crate::atomic_file::write(to.join(DOCUMENT_FILE), document)?;
        Ok(n_files)
    }
}
