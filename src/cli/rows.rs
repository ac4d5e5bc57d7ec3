//! The shape that most commands share: one row in, one row out, order kept, a failed row says why.

use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value};

use super::{CliError, Output};
use crate::atomic_file::AtomicFile;
use crate::chem::files::{Column, MoleculeReader, Notation, Notes, ReadParams, map_in_order};

/// Where the rows come from and where the table goes.
#[derive(Debug, Clone, Args, Default)]
pub struct RowsIn {
    /// File of molecules (.smi, .csv, .tsv, .sdf; also .gz and .zst); standard input when left out or “-”
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    how: Reading,
    /// Write the table here instead of standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// How a file of molecules is read.
#[derive(Debug, Clone, Args, Default)]
pub struct Reading {
    /// Column that holds the molecules, by name or by number from 1
    #[arg(long)]
    column: Option<Column>,
    /// Go on with what can be read of a file that breaks off
    #[arg(long)]
    allow_partial: bool,
    /// How the molecules are written; the command decides.
    #[arg(skip)]
    notation: Notation,
}

impl Reading {
    /// The same for molecules in another notation.
    pub fn of(&self, notation: Notation) -> Self {
        Self { notation, ..self.clone() }
    }

    /// The rows of a file, one after another; a bad one is told in its place.
    ///
    /// # Errors
    /// When the file cannot be opened or lacks the column.
    pub fn open(&self, path: &Path) -> Result<MoleculeReader, CliError> {
        let params = ReadParams { column: self.column.clone(), notation: self.notation, ..ReadParams::default() };
        Ok(MoleculeReader::open(path, &params)?)
    }

    /// Says what was taken in another way than it stands in the file; to be called when all rows have been read.
    ///
    /// # Errors
    /// When the file breaks off, unless a part was allowed.
    pub fn close(&self, notes: &Notes, path: &Path) -> Result<(), CliError> {
        for sentence in notes.sentences(path) {
            tracing::warn!("{sentence}");
        }
        match notes.part_of_a_file() {
            Some(place) if self.allow_partial => {
                tracing::warn!("the result is that of a part of the file: {place}");
                Ok(())
            }
            Some(place) => Err(format!("{place}; --allow-partial goes on with what was read before").into()),
            None => Ok(()),
        }
    }
}

/// The cells that a row gains.
pub enum Cells {
    /// Text as it is.
    Text(Vec<String>),
    /// Numbers, written with the fewest digits that give the same value back.
    Numbers(Vec<f64>),
}

impl Cells {
    /// Text cells.
    pub fn text<const N: usize>(cells: [String; N]) -> Self {
        Self::Text(cells.into())
    }

    /// Number cells.
    pub fn numbers(cells: &[f64]) -> Self {
        Self::Numbers(cells.to_vec())
    }
}

impl RowsIn {
    /// The same rows in another notation.
    pub fn of(&self, notation: Notation) -> Self {
        Self { how: self.how.of(notation), ..self.clone() }
    }

    /// The file, `-` for standard input.
    pub fn path(&self) -> &Path {
        self.file.as_deref().unwrap_or(Path::new("-"))
    }

    /// The rows, one after another; a bad one is told in its place.
    ///
    /// # Errors
    /// When there is nothing to read from, or the file cannot be opened or lacks the column.
    pub fn read(&self) -> Result<MoleculeReader, CliError> {
        if self.file.is_none() && std::io::stdin().is_terminal() {
            return Err("no molecules given: name a file, or pipe one molecule a line into standard input".into());
        }
        self.how.open(self.path())
    }

    /// As [`Reading::close`].
    ///
    /// # Errors
    /// As [`Reading::close`].
    pub fn close(&self, notes: &Notes) -> Result<(), CliError> {
        self.how.close(notes, self.path())
    }
}

/// The first ten of some rows and how many more there are, for a message.
pub fn list_rows(rows: &[usize]) -> String {
    const NAMED: usize = 10;
    let mut named: Vec<String> = rows.iter().take(NAMED).map(usize::to_string).collect();
    if rows.len() > NAMED {
        named.push(format!("{} more", rows.len() - NAMED));
    }
    named.join(", ")
}

/// The error of a command none of whose rows could be used.
pub fn none_usable(n_failed: u64, n_rows: u64) -> Result<(), CliError> {
    if n_rows > 0 && n_failed == n_rows {
        return Err(match n_rows {
            1 => "the only row failed".into(),
            _ => CliError::from(format!("all {n_rows} rows failed")),
        });
    }
    Ok(())
}

/// Applies `work` to every row on all cores and writes a table: `input`, the columns `names`, `error`.
///
/// # Errors
/// When the input cannot be read to its end or the output cannot be written; when no row could be used. What `work`
/// refuses is told in the row.
pub fn write_rows(
    rows: &RowsIn,
    out: Output,
    names: &[&str],
    work: impl Fn(&str) -> Result<Cells, CliError> + Sync,
) -> Result<(), CliError> {
    let reader = rows.read()?;
    let notes = reader.notes();
    let done = map_in_order(reader, |row| match row {
        Ok(record) => {
            let result = work(&record.text);
            (record.text, result)
        }
        Err(bad) => (bad.text.clone(), Err(bad.to_string().into())),
    });
    let counts = match &rows.out {
        None => {
            let (_, counts) = write_table(done, std::io::stdout().lock(), out, names)?;
            rows.close(&notes)?;
            counts
        }
        Some(path) => {
            let (file, counts) = write_table(done, AtomicFile::create(path)?, out, names)?;
            rows.close(&notes)?;
            file.commit()?;
            counts
        }
    };
    none_usable(counts.1, counts.0)
}

/// The writer again, and how many rows there were and how many failed.
fn write_table<W: Write>(
    rows: impl Iterator<Item = (String, Result<Cells, CliError>)>,
    to: W,
    out: Output,
    names: &[&str],
) -> Result<(W, (u64, u64)), CliError> {
    let mut table = Table::new(to, out, names)?;
    for (input, result) in rows {
        table.row(&input, result)?;
    }
    let counts = (table.n_rows, table.n_failed);
    Ok((table.finish()?, counts))
}

/// A table under construction, CSV or one JSON object a line.
struct Table<'a, W: Write> {
    out: TableFormat<W>,
    names: &'a [&'a str],
    n_rows: u64,
    n_failed: u64,
}

enum TableFormat<W: Write> {
    Csv(Box<csv::Writer<BufWriter<W>>>),
    JsonLines(BufWriter<W>),
}

impl<'a, W: Write> Table<'a, W> {
    fn new(writer: W, out: Output, names: &'a [&'a str]) -> Result<Self, CliError> {
        let writer = BufWriter::new(writer);
        let out = if out.json {
            TableFormat::JsonLines(writer)
        } else {
            let mut csv = csv::Writer::from_writer(writer);
            csv.write_record(std::iter::once("input").chain(names.iter().copied()).chain(["error"]))?;
            TableFormat::Csv(Box::new(csv))
        };
        Ok(Self { out, names, n_rows: 0, n_failed: 0 })
    }

    fn row(&mut self, input: &str, result: Result<Cells, CliError>) -> Result<(), CliError> {
        self.n_rows += 1;
        let (cells, error) = match result {
            Ok(cells) => (Some(cells), String::new()),
            Err(error) => {
                self.n_failed += 1;
                (None, error.to_string())
            }
        };
        match &mut self.out {
            TableFormat::Csv(csv) => {
                csv.write_field(input)?;
                match cells {
                    Some(Cells::Text(cells)) => cells.iter().try_for_each(|cell| csv.write_field(cell))?,
                    Some(Cells::Numbers(cells)) => {
                        cells.iter().try_for_each(|cell| csv.write_field(cell.to_string()))?;
                    }
                    None => self.names.iter().try_for_each(|_| csv.write_field(""))?,
                }
                csv.write_field(error)?;
                csv.write_record(None::<&[u8]>)?;
            }
            TableFormat::JsonLines(writer) => {
                let values: Vec<Value> = match cells {
                    Some(Cells::Text(cells)) => cells.into_iter().map(Value::from).collect(),
                    Some(Cells::Numbers(cells)) => cells.into_iter().map(Value::from).collect(),
                    None => vec![Value::Null; self.names.len()],
                };
                let mut object = Map::new();
                object.insert("input".into(), input.into());
                object.extend(self.names.iter().map(ToString::to_string).zip(values));
                object.insert("error".into(), if error.is_empty() { Value::Null } else { error.into() });
                writeln!(writer, "{}", Value::Object(object))?;
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<W, CliError> {
        if self.n_failed > 0 {
            tracing::warn!("{} of {} rows failed: see the column `error`", self.n_failed, self.n_rows);
        }
        let writer = match self.out {
            TableFormat::Csv(csv) => csv.into_inner().map_err(csv::IntoInnerError::into_error)?,
            TableFormat::JsonLines(writer) => writer,
        };
        Ok(writer.into_inner().map_err(std::io::IntoInnerError::into_error)?)
    }
}
