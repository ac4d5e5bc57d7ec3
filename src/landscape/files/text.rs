//! Words of a text file with their line and column, and numbers in Python's `%e` form.

use super::FilesError;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::str::FromStr;

/// A text file in memory with its path, for error messages.
pub(super) struct TextFile<'a> {
    pub(super) path: &'a Path,
    text: String,
}

impl<'a> TextFile<'a> {
    pub(super) fn read(path: &'a Path) -> Result<Self, FilesError> {
        let text = fs::read_to_string(path).map_err(|source| FilesError::Read { path: path.into(), source })?;
        Ok(Self { path, text })
    }

    pub(super) fn from_text(path: &'a Path, text: String) -> Self {
        Self { path, text }
    }

    /// Its lines that are neither blank nor comments (`#`), as lists of words between the separators.
    pub(super) fn rows(&self, separator: Separator) -> impl Iterator<Item = Row<'_>> {
        let kept = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        let lines = self.text.lines().enumerate().filter(move |(_, line)| kept(line));
        lines.map(move |(number, line)| Row { path: self.path, number: number + 1, line, rest: Some(line), separator })
    }
}

/// What stands between the words of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    /// Any number of blanks.
    Blank,
    /// One comma; a word may be empty.
    Comma,
}

/// One line, read from left to right.
pub(super) struct Row<'a> {
    path: &'a Path,
    number: usize,
    line: &'a str,
    /// What has not been read; `None` behind the last word.
    rest: Option<&'a str>,
    separator: Separator,
}

impl<'a> Row<'a> {
    /// The next word, if there is one.
    pub(super) fn next_word(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        match self.separator {
            Separator::Blank => {
                let start = rest.trim_start();
                let end = start.find(char::is_whitespace).unwrap_or(start.len());
                self.rest = Some(&start[end..]);
                (end > 0).then(|| &start[..end])
            }
            // A word may be empty, the last one too.
            Separator::Comma => {
                let (word, rest) = rest.split_once(',').map_or((rest, None), |(word, rest)| (word, Some(rest)));
                self.rest = rest;
                Some(word.trim())
            }
        }
    }

    /// The next word as `T`.
    pub(super) fn parse<T: FromStr>(&mut self, expected: &str) -> Result<T, FilesError> {
        let word = self.next_word();
        word.and_then(|word| word.parse().ok()).ok_or_else(|| self.error(word, expected))
    }

    /// The next word as a finite number.
    pub(super) fn finite(&mut self, expected: &str) -> Result<f64, FilesError> {
        let word = self.next_word();
        let number = word.and_then(|word| word.parse().ok()).filter(|v: &f64| v.is_finite());
        number.ok_or_else(|| self.error(word, expected))
    }

    /// The next word as `T`, or `None` when it is empty.
    pub(super) fn optional<T: FromStr>(&mut self, expected: &str) -> Result<Option<T>, FilesError> {
        match self.next_word() {
            None | Some("") => Ok(None),
            Some(word) => word.parse().map(Some).map_err(|_| self.error(Some(word), expected)),
        }
    }

    /// Nothing may be left.
    pub(super) fn end(mut self) -> Result<(), FilesError> {
        match self.next_word() {
            None => Ok(()),
            Some(word) => Err(self.error(Some(word), "the end of the line")),
        }
    }

    /// An error at a word that was read from this line, or at its end.
    pub(super) fn error(&self, word: Option<&'a str>, expected: &str) -> FilesError {
        let offset =
            word.map_or(self.line.trim_end().len(), |word| word.as_ptr() as usize - self.line.as_ptr() as usize);
        let shown = |word: &str| match word.char_indices().nth(40) {
            Some((end, _)) => format!("“{}…”", &word[..end]),
            None => format!("“{word}”"),
        };
        FilesError::Syntax {
            path: self.path.into(),
            line: self.number,
            column: self.line.get(..offset).map_or(offset, |before| before.chars().count()) + 1,
            found: word.map_or("the end of the line".into(), shown),
            expected: expected.into(),
        }
    }
}

/// Appends a number as C and Python print it with `%.{digits}e`: two digits of exponent at least, always a sign.
pub(super) fn push_scientific(out: &mut String, value: f64, digits: usize) {
    let start = out.len();
    let _ = write!(out, "{value:.digits$e}");
    if let Some(e) = out[start..].find('e').map(|at| start + at) {
        let exponent: i32 = out[e + 1..].parse().unwrap_or(0);
        out.truncate(e);
        let _ = write!(out, "e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_python_does() {
        let written = |value, digits| {
            let mut out = String::new();
            push_scientific(&mut out, value, digits);
            out
        };
        // Python: '%.16e' % v and '%.18e' % v.
        assert_eq!(written(-1.031_628_453_489_875_2, 16), "-1.0316284534898752e+00");
        assert_eq!(written(-7.214_961_393_456_368e-18, 16), "-7.2149613934563676e-18");
        assert_eq!(written(0.0, 18), "0.000000000000000000e+00");
        assert_eq!(written(-0.0, 16), "-0.0000000000000000e+00");
        assert_eq!(written(1e300, 16), "1.0000000000000001e+300");
        assert_eq!(written(5e-324, 18), "4.940656458412465442e-324");
    }

    #[test]
    fn column_counts_characters_from_one() {
        let file = TextFile::from_text(Path::new("x"), "# a comment\n\n  1 é zwei\n".into());
        let mut row = file.rows(Separator::Blank).next().unwrap();
        assert_eq!(row.parse::<u32>("").unwrap(), 1);
        assert_eq!(row.next_word(), Some("é"));
        let Err(FilesError::Syntax { line, column, found, .. }) = row.finite("a number") else { panic!("no error") };
        assert_eq!((line, column, found.as_str()), (3, 7, "“zwei”"));
        let Err(FilesError::Syntax { column, .. }) = row.finite("a number") else { panic!("no error") };
        assert_eq!(column, 11);
    }

    #[test]
    fn empty_words_between_commas_are_words() {
        let file = TextFile::from_text(Path::new("x"), "1,,2,\n".into());
        let mut row = file.rows(Separator::Comma).next().unwrap();
        let words: Vec<_> = std::iter::from_fn(|| row.next_word()).take(9).collect();
        assert_eq!(words, ["1", "", "2", ""]);
    }
}
