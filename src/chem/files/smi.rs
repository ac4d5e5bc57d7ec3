//! Lines of a `.smi` file: a SMILES, then blanks or tabs and an optional name; or SELFIES, then a tab and a name.

use super::RowProblem;
use super::notes::Notes;
use super::reader::{Notation, RawRow, Record, is_heading};
use super::source::Lines;

/// Rows of a `.smi` text.
///
/// Lines that begin with `#` are comments: no SMILES begins with a bond. A first line that begins with the word
/// “SMILES” is a heading. An empty line is a bad row, so that rows stay aligned with lines, except at the end.
pub(super) struct SmiRows {
    lines: Lines,
    notation: Notation,
    /// The word of a line that is the molecule, from 0; what stands before it is its name.
    column: usize,
    at_start: bool,
    notes: Notes,
}

impl SmiRows {
    pub(super) fn new(lines: Lines, notation: Notation, column: usize, notes: Notes) -> Self {
        Self { lines, notation, column, at_start: true, notes }
    }

    fn row(&self, line: u64, text: &str) -> RawRow {
        let (molecule, name) = match (self.column, self.notation) {
            // Blanks stand between the symbols of SELFIES-TED's own text form: only a tab ends the molecule.
            (0, Notation::Selfies) => text.split_once('\t').unwrap_or((text, "")),
            (0, Notation::Smiles) => text.trim().split_once([' ', '\t']).unwrap_or((text.trim(), "")),
            (column, _) => {
                let words: Vec<&str> = text.split_whitespace().collect();
                let Some(&molecule) = words.get(column) else {
                    let problem = RowProblem::TooFewFields { found: words.len(), needed: column + 1 };
                    return RawRow::bad(line, None, super::error::shortened(text, 200), problem);
                };
                (molecule, words[0])
            }
        };
        let (molecule, mut name) = (molecule.trim(), name.trim());
        if let (Notation::Smiles, Some(rest)) = (self.notation, name.strip_prefix('|'))
            && let Some((_, after)) = rest.split_once('|')
        {
            self.notes.extension(line);
            name = after.trim_start();
        }
        if molecule.is_empty() {
            return RawRow::bad(line, None, String::new(), RowProblem::Empty);
        }
        let name = (!name.is_empty()).then(|| name.to_owned());
        RawRow::Good(Record { line, text: molecule.to_owned(), name, ..Record::default() })
    }
}

impl Iterator for SmiRows {
    type Item = RawRow;

    fn next(&mut self) -> Option<RawRow> {
        loop {
            let (line, text) = self.lines.next_used()?;
            let text = match text {
                Ok(text) => text,
                Err((problem, text)) => return Some(RawRow::bad(line, None, text, problem)),
            };
            if text.starts_with('#') {
                continue;
            }
            let first = text.split_whitespace().nth(self.column).unwrap_or_default();
            if std::mem::take(&mut self.at_start) && is_heading(first, self.notation) {
                continue;
            }
            return Some(self.row(line, &text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn split(line: &str, notation: Notation) -> (String, String) {
        let lines = Lines::new(Box::new(Cursor::new(String::new())), 100, Notes::default());
        match SmiRows::new(lines, notation, 0, Notes::default()).row(1, line) {
            RawRow::Good(record) => (record.text, record.name.unwrap_or_default()),
            RawRow::Bad { problem, .. } => panic!("{problem}"),
        }
    }

    #[test]
    fn the_name_is_everything_after_the_first_blank() {
        for (line, smiles, name) in [
            ("CCO", "CCO", ""),
            (" CCO\tethyl alcohol \r", "CCO", "ethyl alcohol"),
            ("C[C@H](N)O |o1:1| a name", "C[C@H](N)O", "a name"),
            ("CC |half", "CC", "|half"),
        ] {
            assert_eq!(split(line, Notation::Smiles), (smiles.to_owned(), name.to_owned()));
        }
    }

    #[test]
    fn a_selfies_row_is_the_whole_row_up_to_a_tab() {
        let expected = ("[Br] [C] [C]".to_owned(), "bromoethane".to_owned());
        assert_eq!(split("[Br] [C] [C]\tbromoethane", Notation::Selfies), expected);
        assert_eq!(split(" [Br] [C] [C] ", Notation::Selfies).0, "[Br] [C] [C]");
    }
}
