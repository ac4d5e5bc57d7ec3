use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::atomic_file::AtomicFileError;

/// Why a file of molecules cannot be read or written at all.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file is missing, not readable, or its first bytes cannot be read.
    #[error("could not open the molecules in {path:?}")]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A folder where a file is needed.
    #[error("expected a file of molecules, found a folder: name one file in {path:?}")]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// No byte to read.
    #[error("the file is empty, expected at least one molecule: {path:?}")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Neither text nor one of the compressions that are read.
    #[error("the file is {found}, expected text, gzip or zstd: {remedy} ({path:?})")]
    NotText {
        /// What the first bytes say.
        found: &'static str,
        /// What to do.
        remedy: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The wanted column does not exist.
    #[error("no column {wanted}; the file has {}: {path:?}", list(.found))]
    NoColumn {
        /// What was asked for.
        wanted: String,
        /// The columns there are.
        found: Vec<String>,
        /// The file.
        path: PathBuf,
    },
    /// No column was asked for, and none looks like SMILES.
    #[error("none of the columns holds SMILES: choose one by name or number among {} ({path:?})", list(.found))]
    NoSmilesColumn {
        /// The columns there are.
        found: Vec<String>,
        /// The file.
        path: PathBuf,
    },
    /// The first row of a table cannot be read, so there are no columns to choose from.
    #[error("could not read the first row of the table: {row}")]
    FirstRow {
        /// Where and why.
        row: Box<BadRow>,
    },
    /// A column was asked for in a file without columns.
    #[error(
        "{format} has no columns, but column {wanted} was asked for: leave the column out, or state the format ({path:?})"
    )]
    ColumnWithoutTable {
        /// The format of the file.
        format: super::Format,
        /// What was asked for.
        wanted: String,
        /// The file.
        path: PathBuf,
    },
    /// The first words of the lines are no SMILES, the second ones are.
    #[error(
        "the SMILES seem to stand in column {seems}, the first words are no SMILES: say --column {seems} ({path:?})"
    )]
    OtherColumn {
        /// The column, from 1.
        seems: usize,
        /// The file.
        path: PathBuf,
    },
    /// A row has another number of values than the table has columns.
    #[error("could not write a row of {found} values into a table of {expected} columns")]
    RowLength {
        /// Values in the row.
        found: usize,
        /// Columns in the table.
        expected: usize,
    },
    /// A molecule that an SDF cannot hold.
    #[error("could not write the molecule to SDF: {reason}")]
    NotWritable {
        /// Why.
        reason: String,
    },
    /// The file could not be put in its place.
    #[error(transparent)]
    Atomic(#[from] AtomicFileError),
    /// The disk is full, or the pipe is closed.
    #[error("could not write the molecules")]
    Write(#[from] io::Error),
}

/// At most twelve names, quoted.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let mut text: Vec<String> = names.iter().take(SHOWN).map(|name| format!("“{}”", shortened(name, 40))).collect();
    if names.len() > SHOWN {
        text.push(format!("{} more", names.len() - SHOWN));
    }
    if text.is_empty() { "no columns".to_owned() } else { text.join(", ") }
}

/// The first `n` characters, with an ellipsis where something is left out; control characters become blanks.
pub(super) fn shortened(text: &str, n: usize) -> String {
    let mut characters = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = characters.by_ref().take(n).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}

/// A row that could not be used: where it stands, and why. Never the end of the reading, unless
/// [`BadRow::ends_file`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// The file, `-` for standard input.
    pub file: Arc<str>,
    /// The line on which the row begins, from 1.
    pub line: u64,
    /// The column that is meant, from 1 (a field of a table, otherwise a character); `None` for the whole row.
    pub column: Option<usize>,
    /// The beginning of what stands there, at most 200 characters.
    pub text: String,
    /// Why it cannot be used.
    pub reason: RowProblem,
}

impl BadRow {
    /// True when nothing can be read after this: the file breaks off here.
    pub fn ends_file(&self) -> bool {
        matches!(self.reason, RowProblem::Unreadable { .. })
    }
}

impl std::fmt::Display for BadRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        if let Some(column) = self.column {
            write!(f, ":{column}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// Why a row cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowProblem {
    /// Nothing where a SMILES is expected.
    #[error("the row is empty, expected a SMILES")]
    Empty,
    /// A zero byte.
    #[error("a zero byte in the text: the file is binary or damaged")]
    ZeroByte,
    /// A line or record beyond the limit.
    #[error("the row is longer than {limit} bytes: a line end or a closing quote may be missing")]
    TooLong {
        /// Bytes that a row may have.
        limit: usize,
    },
    /// A quoted field that nothing closes.
    #[error("the quoted field is never closed")]
    UnclosedQuote,
    /// A CXSMILES extension that does not end.
    #[error("the CXSMILES extension “{extension}” has no end: a comma in it may have cut the cell, quote the cell")]
    CutExtension {
        /// What there is of it.
        extension: String,
    },
    /// A row without the field that holds the SMILES.
    #[error("the row has {found} fields, but the SMILES is in field {needed}")]
    TooFewFields {
        /// Fields in the row.
        found: usize,
        /// Number of the wanted field, from 1.
        needed: usize,
    },
    /// A mol block that cannot be read.
    #[error("the mol block cannot be read: {reason}")]
    MolBlock {
        /// What is wrong.
        reason: String,
    },
    /// The file breaks off or cannot be read any further.
    #[error("the file cannot be read further, what follows is lost: {reason}")]
    Unreadable {
        /// What the system or the decompressor said.
        reason: String,
    },
}
