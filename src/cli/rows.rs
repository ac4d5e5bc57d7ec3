//! The shape that most commands share: one row in, one row out, order kept, a failed row says why.

use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value};

use super::{CliError, Output};
use crate::atomic_file::AtomicFile;
use crate::chem::files::{Column, MoleculeReader, ReadParams, map_in_order};

/// Where the rows come from and where the table goes.
#[derive(Debug, Args, Default)]
pub struct RowsIn {
    /// File of molecules (.smi, .csv, .tsv, .sdf; also .gz and .zst); standard input when left out or “-”
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Column of a table that holds the molecules, by name or by number from 1
    #[arg(long)]
    column: Option<Column>,
    /// Write the table here instead of standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
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
    /// The rows of one file.
    pub fn file(path: &Path) -> Self {
        Self { file: Some(path.to_owned()), ..Self::default() }
    }

    /// The rows, one after another; a bad one is told in its place.
    ///
    /// # Errors
    /// When there is nothing to read from, or the file cannot be opened or lacks the column.
    pub fn read(&self) -> Result<MoleculeReader, CliError> {
        let path = self.file.as_deref().unwrap_or(Path::new("-"));
        if self.file.is_none() && std::io::stdin().is_terminal() {
            return Err("no molecules given: name a file, or pipe one molecule a line into standard input".into());
        }
        let params = ReadParams { column: self.column.clone(), ..ReadParams::default() };
        Ok(MoleculeReader::open(path, &params)?)
    }
}

/// Applies `work` to every row on all cores and writes a table: `input`, the columns `names`, `error`.
///
/// # Errors
/// When the input cannot be read or the output cannot be written. What `work` refuses is told in the row.
pub fn write_rows(
    rows: &RowsIn,
    out: Output,
    names: &[&str],
    work: impl Fn(&str) -> Result<Cells, CliError> + Sync,
) -> Result<(), CliError> {
    let done = map_in_order(rows.read()?, |row| match row {
        Ok(record) => {
            let result = work(&record.text);
            (record.text, result)
        }
        Err(bad) => (bad.text.clone(), Err(bad.to_string().into())),
    });
    let Some(path) = &rows.out else {
        return write_table(done, std::io::stdout().lock(), out, names).map(drop);
    };
    let file = write_table(done, AtomicFile::create(path)?, out, names)?;
    Ok(file.commit()?)
}

fn write_table<W: Write>(
    rows: impl Iterator<Item = (String, Result<Cells, CliError>)>,
    to: W,
    out: Output,
    names: &[&str],
) -> Result<W, CliError> {
    let mut table = Table::new(to, out, names)?;
    for (input, result) in rows {
        table.row(&input, result)?;
    }
    table.finish()
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
            TableFormat::Csv(csv) => csv.into_inner().map_err(|e| e.error().to_string())?,
            TableFormat::JsonLines(writer) => writer,
        };
        Ok(writer.into_inner().map_err(std::io::IntoInnerError::into_error)?)
    }
}
