//! Undo and redo of the document, kept beside it so that they survive a restart.
//!
//! `history.jsonl` is a journal: a line an edit, an undo or a redo. An edit names the top-level parts of the document it
//! changed, with their values before and after. A line that was cut off is dropped; so are lines that do not lead to the
//! document as it is, which happens when the program ends between the two writes.

use super::StudyError;
use super::document::Document;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The file.
pub const HISTORY_FILE: &str = "history.jsonl";
/// Edits that can be undone at most.
const MAX_EDITS: usize = 500;
/// Parts of the document that are not undone.
const NOT_UNDONE: [&str; 4] = ["results", "format_version", "program_version", "created"];

/// A change of the document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Edit {
    /// What was done, in words, for the menu.
    pub label: String,
    /// By top-level part: its value before and after.
    changes: BTreeMap<String, [Option<Value>; 2]>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Edit(Edit),
    /// The last edit was continued: one drag is one step.
    Extended(Edit),
    Undo,
    Redo,
}

/// What can be undone and redone.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    done: Vec<Edit>,
    undone: Vec<Edit>,
    /// Lines of the journal were dropped: it is written anew before anything is added.
    torn: bool,
}

impl History {
    /// Reads the journal of a study; what does not lead to `document` is dropped.
    pub(super) fn read(folder: &Path, document: &Document) -> Result<Self, StudyError> {
        let path = folder.join(HISTORY_FILE);
        let mut history = Self { path, done: Vec::new(), undone: Vec::new(), torn: false };
        let Ok(text) = std::fs::read_to_string(&history.path) else { return Ok(history) };
        for line in text.lines() {
            let Ok(line) = serde_json::from_str(line) else {
                history.torn = true;
                break;
            };
            history.replay(line);
        }
        history.torn |= !text.is_empty() && !text.ends_with('\n');
        let table = table_of(document)?;
        while history.done.last().is_some_and(|edit| !edit.leads_to(&table)) {
            history.done.pop();
            history.undone.clear();
            history.torn = true;
        }
        if history.undone.last().is_some_and(|edit| !edit.starts_from(&table)) {
            history.undone.clear();
            history.torn = true;
        }
        Ok(history)
    }

    fn replay(&mut self, line: Line) {
        match line {
            Line::Edit(edit) => {
                self.done.push(edit);
                self.undone.clear();
                if self.done.len() > MAX_EDITS {
                    self.done.remove(0);
                }
            }
            Line::Extended(edit) => {
                self.done.pop();
                self.done.push(edit);
                self.undone.clear();
            }
            Line::Undo => self.undone.extend(self.done.pop()),
            Line::Redo => self.done.extend(self.undone.pop()),
        }
    }

    /// What undo would take back.
    pub fn undo_label(&self) -> Option<&str> {
        self.done.last().map(|edit| edit.label.as_str())
    }

    /// What redo would do again.
    pub fn redo_label(&self) -> Option<&str> {
        self.undone.last().map(|edit| edit.label.as_str())
    }

    /// Labels of everything that can be undone, the oldest first.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.done.iter().map(|edit| edit.label.as_str())
    }

    /// Takes note of a change; `merge` continues the last edit when it has the same label.
    pub(super) fn push(&mut self, label: &str, from: &Document, to: &Document, merge: bool) -> Result<(), StudyError> {
        let edit = Edit::between(label, &table_of(from)?, &table_of(to)?);
        if edit.changes.is_empty() {
            return Ok(());
        }
        match self.done.last() {
            Some(last) if merge && last.label == label => {
                let mut extended = last.clone();
                for (part, [before, after]) in edit.changes {
                    extended.changes.entry(part).or_insert([before, None])[1] = after;
                }
                self.write(Line::Extended(extended))
            }
            _ => self.write(Line::Edit(edit)),
        }
    }

    /// The document before the last edit.
    pub(super) fn undo(&mut self, document: &Document) -> Result<Option<Document>, StudyError> {
        let Some(edit) = self.done.last().cloned() else { return Ok(None) };
        self.write(Line::Undo)?;
        edit.applied(document, 0).map(Some)
    }

    /// The document after the last undone edit.
    pub(super) fn redo(&mut self, document: &Document) -> Result<Option<Document>, StudyError> {
        let Some(edit) = self.undone.last().cloned() else { return Ok(None) };
        self.write(Line::Redo)?;
        edit.applied(document, 1).map(Some)
    }

    fn write(&mut self, line: Line) -> Result<(), StudyError> {
        if self.torn {
            self.write_anew()?;
            self.torn = false;
        }
        let fail = |source| StudyError::Write { attempt: "write the history", path: self.path.clone(), source };
        let mut text = serde_json::to_string(&line).map_err(|error| fail(error.into()))?;
        text.push('\n');
        let file = OpenOptions::new().create(true).append(true).open(&self.path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(fail)?;
        self.replay(line);
        self.compact_when_long()
    }

    /// Writes the journal as short as it can be.
    fn write_anew(&self) -> Result<(), StudyError> {
        let edits = self.done.iter().chain(self.undone.iter().rev()).cloned().map(Line::Edit);
        let undos = self.undone.iter().map(|_| Line::Undo);
        let lines: Vec<String> =
            edits.chain(undos).map(|line| serde_json::to_string(&line).unwrap_or_default() + "\n").collect();
        Ok(crate::atomic_file::write(&self.path, lines.concat())?)
    }

    /// Writes the journal anew when most of it is no longer needed.
    fn compact_when_long(&self) -> Result<(), StudyError> {
        const LONG: u64 = 8 << 20;
        if std::fs::metadata(&self.path).is_ok_and(|metadata| metadata.len() > LONG) {
            // The newest that fit in half of that: at least one edit can always be undone.
            let mut lines: Vec<String> = Vec::new();
            let mut bytes = 0;
            for edit in self.done.iter().rev() {
                let line = serde_json::to_string(&Line::Edit(edit.clone())).unwrap_or_default();
                bytes += line.len() as u64;
                if bytes > LONG / 2 && !lines.is_empty() {
                    break;
                }
                lines.push(line + "\n");
            }
            lines.reverse();
            crate::atomic_file::write(&self.path, lines.concat())?;
        }
        Ok(())
    }
}

impl Edit {
    fn between(label: &str, from: &Table, to: &Table) -> Self {
        let mut parts: Vec<&String> = from.keys().chain(to.keys()).collect();
        parts.sort();
        parts.dedup();
        let changes = parts
            .into_iter()
            .filter(|part| !NOT_UNDONE.contains(&part.as_str()) && from.get(*part) != to.get(*part))
            .map(|part| (part.clone(), [from.get(part).cloned(), to.get(part).cloned()]))
            .collect();
        Self { label: label.to_owned(), changes }
    }

    fn leads_to(&self, document: &Table) -> bool {
        self.changes.iter().all(|(part, values)| values[1].as_ref() == document.get(part))
    }

    fn starts_from(&self, document: &Table) -> bool {
        self.changes.iter().all(|(part, values)| values[0].as_ref() == document.get(part))
    }

    /// The document with the values before (0) or after (1).
    fn applied(&self, document: &Document, side: usize) -> Result<Document, StudyError> {
        let mut table = table_of(document)?;
        for (part, values) in &self.changes {
            match &values[side] {
                Some(value) => table.insert(part.clone(), value.clone()),
                None => table.remove(part),
            };
        }
        table.try_into().map_err(|error: toml::de::Error| StudyError::Toml {
            what: "the document of an earlier moment",
            problem: error.to_string(),
        })
    }
}

fn table_of(document: &Document) -> Result<Table, StudyError> {
    Table::try_from(document)
        .map_err(|error| StudyError::Toml { what: "the document of the study", problem: error.to_string() })
}
