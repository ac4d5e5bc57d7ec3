use std::collections::VecDeque;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::sdf::SdfRows;
use super::smi::SmiRows;
use super::source::{self, Bytes, Lines};
use super::table::TableRows;
use super::{BadRow, FileError, Notes, RowProblem};
use crate::chem::{Molecule, selfies};

/// How a file of molecules is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// By the ending of the name (compression endings left out), otherwise by the first bytes.
    #[default]
    Detect,
    /// One SMILES a line, then an optional name.
    Smi,
    /// A table with commas, or with semicolons when the first row has more of them.
    Csv,
    /// A table with tabs.
    Tsv,
    /// Mol blocks V2000 or V3000 with properties; a single mol file as well.
    Sdf,
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Detect => "an unknown format",
            Self::Smi => "a .smi file",
            Self::Csv => "CSV",
            Self::Tsv => "TSV",
            Self::Sdf => "SDF",
        })
    }
}

/// Which column of a table holds the SMILES.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Column {
    /// By its heading; upper and lower case count only if two headings differ in nothing else.
    Name(String),
    /// By its place, from 1.
    Number(usize),
}

impl FromStr for Column {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.parse().map_or_else(|_| Self::Name(text.to_owned()), Self::Number))
    }
}

impl std::fmt::Display for Column {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => write!(f, "“{name}”"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

/// How the molecules of a file are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Notation {
    /// SMILES; in a `.smi` file a blank ends it.
    #[default]
    Smiles,
    /// SELFIES, with or without blanks between the symbols; in a `.smi` file only a tab ends it.
    Selfies,
}

impl Notation {
    fn reads(self, text: &str) -> bool {
        match self {
            Self::Smiles => Molecule::from_smiles(without_extension(text).0).is_ok(),
            Self::Selfies => text.starts_with('[') && selfies::decode(&without_blanks(text)).is_ok(),
        }
    }
}

/// SELFIES without the blanks between its symbols.
fn without_blanks(text: &str) -> String {
    text.split_whitespace().collect()
}

/// How to read a file of molecules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReadParams {
    /// The format.
    pub format: Format,
    /// How the molecules are written.
    pub notation: Notation,
    /// The column that holds the molecules, by number also in a `.smi` file; `None`: the heading that says so, otherwise
    /// the column whose first rows can be read as molecules.
    pub column: Option<Column>,
    /// Whether the first row of a table is a heading; `None`: unless the SMILES column begins with a SMILES.
    pub heading: Option<bool>,
    /// Longest line, quoted row or SDF record, in bytes; more is a bad row.
    pub max_row_bytes: usize,
}

impl Default for ReadParams {
    fn default() -> Self {
        Self {
            format: Format::Detect,
            notation: Notation::Smiles,
            column: None,
            heading: None,
            max_row_bytes: 4 * 1024 * 1024,
        }
    }
}

/// One row of a file.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// The SMILES or SELFIES as it stands there (not yet parsed), without blanks around it; of an SDF the canonical
    /// SMILES.
    pub text: String,
    /// What follows the molecule in a `.smi` file, the title of a mol block, or the field of a table's column of
    /// identifiers.
    pub name: Option<String>,
    /// All fields of a table's row, in the order of [`MoleculeReader::columns`]; ragged rows have more or fewer.
    pub fields: Vec<String>,
    /// The mol block of an SDF.
    pub structure: Option<Box<Structure>>,
}

impl Record {
    /// Roughly the memory that the record takes.
    pub(super) fn n_bytes(&self) -> usize {
        let fields: usize = self.fields.iter().map(String::len).sum();
        let properties = |s: &Structure| s.properties.iter().map(|(k, v)| k.len() + v.len()).sum::<usize>();
        200 + self.text.len() + fields + self.structure.as_deref().map_or(0, properties)
    }
}

/// What an SDF record holds besides its SMILES.
#[derive(Debug, Clone)]
pub struct Structure {
    /// The molecule.
    pub molecule: Molecule,
    /// A place for every atom of [`Molecule::atoms`], in ångström; `None` when there are none (all zero).
    pub coordinates: Option<Vec<[f64; 3]>>,
    /// The data items below the mol block, in order.
    pub properties: Vec<(String, String)>,
}

/// A row before it knows its file.
pub(super) enum RawRow {
    Good(Record),
    Bad { line: u64, column: Option<usize>, text: String, problem: RowProblem },
}

impl RawRow {
    pub(super) fn bad(line: u64, column: Option<usize>, text: String, problem: RowProblem) -> Self {
        Self::Bad { line, column, text, problem }
    }
}

/// The rows of a file of molecules, one after the other, in constant memory.
///
/// ```
/// use fillscape::chem::files::{MoleculeReader, ReadParams};
/// let rows = MoleculeReader::from_bytes("name", &b"CCO ethanol\nc1ccccc1\n"[..], &ReadParams::default())?;
/// let smiles: Vec<String> = rows.map(|row| row.unwrap().text).collect();
/// assert_eq!(smiles, ["CCO", "c1ccccc1"]);
/// # Ok::<(), fillscape::chem::files::FileError>(())
/// ```
pub struct MoleculeReader {
    file: Arc<str>,
    format: Format,
    columns: Vec<String>,
    rows: Box<dyn Iterator<Item = RawRow> + Send>,
    ended: bool,
    notes: Notes,
}

impl MoleculeReader {
    /// Opens a file, or standard input for `-`.
    ///
    /// # Errors
    /// [`FileError`] when the file is missing, a folder, empty, no text, or lacks the wanted column.
    pub fn open(path: impl AsRef<Path>, params: &ReadParams) -> Result<Self, FileError> {
        let path = path.as_ref();
        if path.as_os_str() == "-" {
            return Self::from_bytes("-", std::io::stdin(), params);
        }
        let notes = Notes::default();
        Self::from_text(path, source::open(path, &notes)?, params, notes)
    }

    /// Reads from any source of bytes; `name` stands for it in messages, and its ending tells the format.
    ///
    /// # Errors
    /// As [`MoleculeReader::open`].
    pub fn from_bytes(name: &str, bytes: impl Read + Send + 'static, params: &ReadParams) -> Result<Self, FileError> {
        let (path, notes) = (Path::new(name), Notes::default());
        Self::from_text(path, source::text_of(bytes, path, &notes)?, params, notes)
    }

    /// The format that is read; never [`Format::Detect`].
    pub fn format(&self) -> Format {
        self.format
    }

    /// Headings of a table, empty for other formats; without a heading row, “column 1” and so on.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// What is taken in another way than it stands in the file; complete when all rows have been read.
    pub fn notes(&self) -> Notes {
        self.notes.clone()
    }

    fn from_text(path: &Path, bytes: Bytes, params: &ReadParams, notes: Notes) -> Result<Self, FileError> {
        let limit = params.max_row_bytes;
        let (format, bytes) = detect_format(path, bytes, params, &notes)?;
        let lines = Lines::new(bytes, limit, notes.clone());
        let file: Arc<str> = path.to_string_lossy().into();
        let word = match (&params.column, format) {
            (Some(Column::Number(number)), Format::Smi) if *number > 0 => number - 1,
            (Some(wanted), Format::Smi | Format::Sdf) => {
                return Err(FileError::ColumnWithoutTable { format, wanted: wanted.to_string(), path: path.into() });
            }
            _ => 0,
        };
        let table = |rows| table(rows, &file, path, params, &notes);
        let (columns, rows): (_, Box<dyn Iterator<Item = RawRow> + Send>) = match format {
            Format::Sdf => (Vec::new(), Box::new(SdfRows::new(lines))),
            Format::Csv => table(TableRows::detect_delimiter(lines))?,
            Format::Tsv => table(TableRows::new(lines, '\t'))?,
            Format::Smi | Format::Detect => {
                (Vec::new(), Box::new(SmiRows::new(lines, params.notation, word, notes.clone())))
            }
        };
        Ok(Self { file, format, columns, rows, ended: false, notes })
    }
}

impl Iterator for MoleculeReader {
    type Item = Result<Record, BadRow>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.rows.next()? {
            RawRow::Good(record) => Some(Ok(record)),
            RawRow::Bad { line, column, text, problem } => {
                let row = BadRow { file: Arc::clone(&self.file), line, column, text, reason: problem };
                self.ended = row.ends_file();
                if self.ended {
                    self.notes.broken_off(&row.to_string());
                }
                Some(Err(row))
            }
        }
    }
}

/// True for the words that head a column of SMILES.
pub(super) fn is_smiles_heading(word: &str) -> bool {
    const WORDS: [&str; 16] = [
        "smiles",
        "canonical_smiles",
        "canonicalsmiles",
        "canonical smiles",
        "isomeric_smiles",
        "isomericsmiles",
        "isomeric smiles",
        "smi",
        "smile",
        "rdkit_smiles",
        "smiles_string",
        "drug",
        "mol",
        "molecule",
        "compound_smiles",
        "structure",
    ];
    let word = word.trim().to_lowercase();
    WORDS.contains(&word.as_str())
}

/// True for a word that heads molecules in this notation: a usual one, or one that names the notation, which no
/// molecule does.
pub(super) fn is_heading(word: &str, notation: Notation) -> bool {
    let lower = word.to_lowercase();
    match notation {
        Notation::Smiles => is_smiles_heading(word) || lower.contains("smiles"),
        Notation::Selfies => lower.contains("selfies"),
    }
}

/// True for the words that head a column of identifiers.
fn is_id_heading(word: &str) -> bool {
    const WORDS: [&str; 14] = [
        "id",
        "ids",
        "identifier",
        "name",
        "title",
        "mol_id",
        "molecule_id",
        "molecule_chembl_id",
        "chembl_id",
        "compound_id",
        "compound",
        "zinc_id",
        "cid",
        "molecule_name",
    ];
    WORDS.contains(&word.trim().to_lowercase().as_str())
}

/// Bytes that are looked at to tell formats apart.
const SAMPLE_BYTES: usize = 16 * 1024;

fn detect_format(
    path: &Path,
    mut bytes: Bytes,
    params: &ReadParams,
    notes: &Notes,
) -> Result<(Format, Bytes), FileError> {
    if params.format != Format::Detect {
        return Ok((params.format, bytes));
    }
    let ending = format_of_ending(path);
    if let Some(format) = ending.filter(|format| *format != Format::Smi) {
        return Ok((format, bytes));
    }
    let mut sample = vec![0; SAMPLE_BYTES];
    let (n, fault) = read_up_to(&mut bytes, &mut sample);
    sample.truncate(n);
    let text = String::from_utf8_lossy(&sample).replace("\r\n", "\n").replace('\r', "\n");
    let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or("");
    let format = match ending {
        Some(_) if heads_table(first, ',', params.notation) => {
            notes.is_table();
            Format::Csv
        }
        Some(format) => format,
        None => format_of_content(&text, first, params),
    };
    if format == Format::Smi && params.column.is_none() && params.notation == Notation::Smiles {
        let whole = if n == SAMPLE_BYTES { text.rsplit_once('\n').map_or("", |(whole, _)| whole) } else { &text };
        if let Some(seems) = other_column(whole) {
            return Err(FileError::OtherColumn { seems, path: path.into() });
        }
    }
    // What cannot be read after the sample is told in its place.
    let fault = fault.map(Fault);
    Ok((format, Box::new(std::io::BufReader::new(std::io::Cursor::new(sample).chain(FaultThen { fault, bytes })))))
}

/// Fills the buffer as far as the bytes reach: how many there are, and why no more could be read.
fn read_up_to(bytes: &mut Bytes, buffer: &mut [u8]) -> (usize, Option<std::io::Error>) {
    let mut n = 0;
    while n < buffer.len() {
        match bytes.read(&mut buffer[n..]) {
            Ok(0) => break,
            Ok(more) => n += more,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return (n, Some(error)),
        }
    }
    (n, None)
}

/// An error that was met ahead of its place.
struct Fault(std::io::Error);

/// Bytes behind an error, if there is one.
struct FaultThen {
    fault: Option<Fault>,
    bytes: Bytes,
}

impl Read for FaultThen {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.fault.take() {
            Some(Fault(error)) => Err(error),
            None => self.bytes.read(buffer),
        }
    }
}

/// The column of a `.smi` text, from 1, that holds SMILES where the first words are none. The first line may be a
/// heading.
fn other_column(text: &str) -> Option<usize> {
    let is_smiles = |word: &str| Molecule::from_smiles(word).is_ok();
    let lines: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .take(SAMPLE_ROWS)
        .map(|line| line.split_whitespace().collect())
        .collect();
    let body = lines.get(1..).filter(|body| !body.is_empty()).unwrap_or(&lines);
    if body.is_empty() || lines.iter().any(|words| is_smiles(words[0])) {
        return None;
    }
    (1..3).find(|&k| body.iter().all(|words| words.get(k).is_some_and(|word| is_smiles(word)))).map(|k| k + 1)
}

fn format_of_ending(path: &Path) -> Option<Format> {
    let ending_of = |path: &Path| path.extension().map(|e| e.to_string_lossy().to_lowercase());
    let mut ending = ending_of(path)?;
    if matches!(ending.as_str(), "gz" | "gzip" | "zst" | "zstd") {
        ending = ending_of(&PathBuf::from(path.file_stem()?))?;
    }
    Some(match ending.as_str() {
        "smi" | "smiles" | "ism" | "can" => Format::Smi,
        "csv" => Format::Csv,
        "tsv" | "tab" => Format::Tsv,
        "sdf" | "sd" | "mol" | "mdl" => Format::Sdf,
        _ => return None,
    })
}

/// Whether the first line of a text heads a table with this delimiter.
fn heads_table(first: &str, delimiter: char, notation: Notation) -> bool {
    first.contains(delimiter) && first.split(delimiter).any(|word| is_heading(word.trim_matches('"'), notation))
}

/// A table when a column was asked for, or the first row has a heading for molecules beside others.
fn format_of_content(sample: &str, first: &str, params: &ReadParams) -> Format {
    if sample.lines().take(200).any(|line| line.trim_end().ends_with("V2000") || line.trim_end().ends_with("V3000")) {
        return Format::Sdf;
    }
    let heads = |delimiter| heads_table(first, delimiter, params.notation);
    let named = matches!(params.column, Some(Column::Name(_)));
    let wanted = params.column.is_some();
    if heads('\t') || wanted && first.contains('\t') && !first.contains(',') {
        Format::Tsv
    } else if named || heads(',') || heads(';') || first.trim_matches('"').contains(',') {
        Format::Csv
    } else {
        Format::Smi
    }
}

/// Rows that are looked at to find the column of SMILES.
const SAMPLE_ROWS: usize = 25;

type TableIterator = Box<dyn Iterator<Item = RawRow> + Send>;

/// Finds the heading and the column, and turns the rows into records.
fn table(
    mut rows: TableRows,
    file: &Arc<str>,
    path: &Path,
    params: &ReadParams,
    notes: &Notes,
) -> Result<(Vec<String>, TableIterator), FileError> {
    let mut sample: VecDeque<_> = rows.by_ref().take(SAMPLE_ROWS).collect();
    let first = match sample.front() {
        None => return Err(FileError::Empty { path: path.into() }),
        Some(Ok(first)) => first.fields.clone(),
        Some(Err((line, column, text, problem))) => {
            let (file, text) = (Arc::clone(file), text.clone());
            let row = Box::new(BadRow { file, line: *line, column: *column, text, reason: problem.clone() });
            return Err(FileError::FirstRow { row });
        }
    };
    let fields: Vec<&[String]> = sample.iter().flatten().map(|row| row.fields.as_slice()).collect();
    let column = find_column(&first, &fields, path, params)?;
    let reads = |field: &String| params.notation.reads(field.trim());
    let named = params.column.as_ref().is_some_and(|c| matches!(c, Column::Name(_)));
    let has_heading = params.heading.unwrap_or_else(|| {
        named || first.iter().any(|f| is_heading(f, params.notation)) || !first.get(column).is_some_and(reads)
    });
    if params.column.is_none() {
        let body = fields.get(usize::from(has_heading)..).unwrap_or_default();
        let all_read = |other: &usize| {
            *other != column
                && !body.is_empty()
                && body.iter().all(|row| {
                    // Short words such as “C” or “I” are often codes, not molecules.
                    row.get(*other).is_some_and(|field| field.trim().len() > 2 && reads(field))
                })
        };
        let others: Vec<usize> = (0..first.len()).filter(all_read).collect();
        if !others.is_empty() {
            let name = |k: usize| if has_heading { first[k].clone() } else { format!("column {}", k + 1) };
            notes.column(&name(column), others.into_iter().map(name).collect());
        }
    }
    let (columns, id) = if has_heading {
        sample.pop_front();
        let id = first.iter().position(|field| is_id_heading(field)).filter(|&id| id != column);
        (first, id)
    } else {
        ((1..=first.len()).map(|i| format!("column {i}")).collect(), None)
    };
    let (notation, notes) = (params.notation, notes.clone());
    let records = sample.into_iter().chain(rows).map(move |row| match row {
        Err((line, field, text, problem)) => RawRow::bad(line, field, text, problem),
        Ok(row) => record(row.line, row.fields, column, id, notation, &notes),
    });
    Ok((columns, Box::new(records)))
}

fn record(
    line: u64,
    fields: Vec<String>,
    column: usize,
    id: Option<usize>,
    notation: Notation,
    notes: &Notes,
) -> RawRow {
    let Some(text) = fields.get(column).map(|field| field.trim().to_owned()) else {
        let is_blank = fields.iter().all(|field| field.trim().is_empty());
        let problem = match fields.len() {
            1 if is_blank => RowProblem::Empty,
            found => RowProblem::TooFewFields { found, needed: column + 1 },
        };
        return RawRow::bad(line, None, super::error::shortened(&fields.join(" "), 200), problem);
    };
    if text.is_empty() {
        return RawRow::bad(line, Some(column + 1), text, RowProblem::Empty);
    }
    let molecule = match (notation, without_extension(&text)) {
        (Notation::Smiles, (smiles, Some(extension))) => {
            if extension.len() < 2 || !extension.ends_with('|') {
                let problem = RowProblem::CutExtension { extension: super::error::shortened(extension, 40) };
                return RawRow::bad(line, Some(column + 1), super::error::shortened(&text, 200), problem);
            }
            notes.extension(line);
            smiles.to_owned()
        }
        _ => text,
    };
    let name = id.and_then(|id| fields.get(id)).map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    RawRow::Good(Record { line, text: molecule, name, fields, ..Record::default() })
}

/// A SMILES and its CXSMILES extension, which begins with a bar behind a blank.
fn without_extension(text: &str) -> (&str, Option<&str>) {
    let split = text.split_once(char::is_whitespace).map(|(smiles, rest)| (smiles, rest.trim()));
    match split {
        Some((smiles, rest)) if rest.starts_with('|') => (smiles, Some(rest)),
        _ => (text, None),
    }
}

/// The place of the column of SMILES, from 0.
fn find_column(first: &[String], rows: &[&[String]], path: &Path, params: &ReadParams) -> Result<usize, FileError> {
    let missing =
        |wanted: &Column| FileError::NoColumn { wanted: wanted.to_string(), found: first.to_vec(), path: path.into() };
    let by_name = |name: &str| {
        let exactly = first.iter().position(|field| field.trim() == name.trim());
        let lower = name.trim().to_lowercase();
        exactly.or_else(|| first.iter().position(|field| field.trim().to_lowercase() == lower))
    };
    match &params.column {
        Some(wanted @ Column::Name(name)) => by_name(name).ok_or_else(|| missing(wanted)),
        Some(wanted @ Column::Number(number)) => by_name(&number.to_string())
            .or_else(|| number.checked_sub(1).filter(|&index| index < first.len()))
            .ok_or_else(|| missing(wanted)),
        None => first
            .iter()
            .position(|field| params.notation == Notation::Smiles && is_smiles_heading(field))
            .or_else(|| first.iter().position(|field| is_heading(field, params.notation)))
            .or_else(|| readable_column(first.len(), rows, params.notation))
            .ok_or_else(|| FileError::NoSmilesColumn { found: first.to_vec(), path: path.into() }),
    }
}

/// The column whose fields can be read as SMILES most often, but in at least half of the rows; the longer text wins.
fn readable_column(n_columns: usize, rows: &[&[String]], notation: Notation) -> Option<usize> {
    let body = if rows.len() > 1 { &rows[1..] } else { rows };
    let score = |column: usize| {
        let fields = || body.iter().filter_map(|row| row.get(column)).map(|field| field.trim());
        let n_readable = fields().filter(|field| notation.reads(field)).count();
        let length: usize = fields().map(str::len).sum();
        (n_readable, length)
    };
    let best = (0..n_columns).map(|column| (score(column), std::cmp::Reverse(column))).max()?;
    (2 * best.0.0 >= body.len() && best.0.0 > 0).then_some(best.1.0)
}
