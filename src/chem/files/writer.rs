use std::io::Write;

use super::FileError;

/// Writes a `.smi` file: a SMILES, a tab and the name where there is one.
pub struct SmilesWriter<W: Write> {
    to: W,
}

impl<W: Write> SmilesWriter<W> {
    /// Writes to `to`; wrap a file or a pipe into a buffer first.
    pub fn new(to: W) -> Self {
        Self { to }
    }

    /// Writes one line; line ends and tabs within the name become blanks.
    ///
    /// # Errors
    /// When the bytes cannot be written.
    pub fn write(&mut self, smiles: &str, name: Option<&str>) -> Result<(), FileError> {
        match name.map(one_line).filter(|name| !name.is_empty()) {
            Some(name) => writeln!(self.to, "{smiles}\t{name}")?,
            None => writeln!(self.to, "{smiles}")?,
        }
        Ok(())
    }

    /// Gives back what was written to, for flushing or [`crate::atomic_file::AtomicFile::commit`].
    pub fn into_inner(self) -> W {
        self.to
    }
}

/// The text with every control character as a blank, without blanks around it.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

/// Writes CSV or TSV after RFC 4180 with `\n` as line end; quotes a field only where it must be.
pub struct TableWriter<W: Write> {
    to: W,
    delimiter: char,
    n_columns: usize,
}

impl<W: Write> TableWriter<W> {
    /// Writes the headings to `to`, separated by `delimiter` (comma or tab).
    ///
    /// # Errors
    /// When the bytes cannot be written.
    pub fn new<S: AsRef<str>>(to: W, delimiter: char, columns: &[S]) -> Result<Self, FileError> {
        let mut this = Self { to, delimiter, n_columns: columns.len() };
        this.write_row(columns)?;
        Ok(this)
    }

    /// Writes one row.
    ///
    /// # Errors
    /// [`FileError::RowLength`] when it has not one value a column; when the bytes cannot be written.
    pub fn write_row<S: AsRef<str>>(&mut self, values: &[S]) -> Result<(), FileError> {
        if values.len() != self.n_columns {
            return Err(FileError::RowLength { found: values.len(), expected: self.n_columns });
        }
        let mut row = String::new();
        for (i, value) in values.iter().enumerate() {
            if i > 0 {
                row.push(self.delimiter);
            }
            self.push_field(&mut row, value.as_ref());
        }
        if row.trim().is_empty() && self.n_columns == 1 {
            row = String::from("\"\""); // an empty line would not be read back as a row
        }
        row.push('\n');
        self.to.write_all(row.as_bytes())?;
        Ok(())
    }

    fn push_field(&self, row: &mut String, value: &str) {
        if value.contains([self.delimiter, '"', '\n', '\r']) {
            row.push('"');
            row.push_str(&value.replace('"', "\"\""));
            row.push('"');
        } else {
            row.push_str(value);
        }
    }

    /// Gives back what was written to, for flushing or [`crate::atomic_file::AtomicFile::commit`].
    pub fn into_inner(self) -> W {
        self.to
    }
}
