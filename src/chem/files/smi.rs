//! Lines of a `.smi` file: a SMILES, then blanks or tabs and an optional name.

use super::RowProblem;
use super::reader::{RawRow, Record, is_smiles_heading};
use super::source::Lines;

/// Rows of a `.smi` text.
///
/// Lines that begin with `#` are comments: no SMILES begins with a bond. A first line that begins with the word
/// “SMILES” is a heading. An empty line is a bad row, so that rows stay aligned with lines, except at the end.
pub(super) struct SmiRows {
    lines: Lines,
    at_start: bool,
}

impl SmiRows {
    pub(super) fn new(lines: Lines) -> Self {
        Self { lines, at_start: true }
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
            let (smiles, name) = split(&text);
            if std::mem::take(&mut self.at_start) && is_smiles_heading(smiles) {
                continue;
            }
            if smiles.is_empty() {
                return Some(RawRow::bad(line, None, String::new(), RowProblem::Empty));
            }
            let name = (!name.is_empty()).then(|| name.to_owned());
            return Some(RawRow::Good(Record { line, text: smiles.to_owned(), name, ..Record::default() }));
        }
    }
}

/// SMILES and name; a CXSMILES extension (`|…|`) between them is left out.
fn split(line: &str) -> (&str, &str) {
    let line = line.trim();
    let (smiles, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    let rest = rest.trim_start();
    let name = rest.strip_prefix('|').and_then(|rest| rest.split_once('|')).map_or(rest, |(_, name)| name.trim_start());
    (smiles, name)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn the_name_is_everything_after_the_first_blank() {
        assert_eq!(split("CCO"), ("CCO", ""));
        assert_eq!(split(" CCO\tethyl alcohol \r"), ("CCO", "ethyl alcohol"));
        assert_eq!(split("C[C@H](N)O |o1:1| a name"), ("C[C@H](N)O", "a name"));
        assert_eq!(split("CC |half"), ("CC", "|half"));
    }
}
