//! Reading a task from tables.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::known::{Known, known};
use super::label::{Reading, is_ambiguous, is_missing};
use super::notes::notes;
use super::{BadTaskRow, Fold, RowFault, SplitParams, Task, TaskError, TaskKind, TaskParams, TaskRow};
use crate::chem::files::{BadRow, Column, MoleculeReader, ReadParams, Record, map_in_order};
use crate::chem::scaffold::scaffold_split;
use crate::chem::{Molecule, selfies};
use crate::evaluate::metric::Metric;

/// A part of a split, as files and columns name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Train,
    Valid,
    Test,
}

impl Part {
    fn named(word: &str) -> Option<Self> {
        match word.trim().to_lowercase().as_str() {
            "train" | "training" => Some(Self::Train),
            "valid" | "validation" | "val" | "dev" => Some(Self::Valid),
            "test" => Some(Self::Test),
            _ => None,
        }
    }
}

/// A row while the table is read.
struct Row {
    row: TaskRow,
    scaffold: Option<String>,
    part: Option<Part>,
}

impl Task {
    /// Opens a task: a folder with `train`, `valid` and `test` tables, a folder with one table, or a table.
    ///
    /// # Errors
    /// No table can be read, labels cannot be told, or a part of the split is empty. Rows that cannot be used are in
    /// [`Task::bad_rows`].
    pub fn open(path: &Path) -> Result<Self, TaskError> {
        Self::open_with(path, &TaskParams::default())
    }

    /// As [`Task::open`], with what the files do not say.
    ///
    /// # Errors
    /// As [`Task::open`].
    pub fn open_with(path: &Path, params: &TaskParams) -> Result<Self, TaskError> {
        check_fractions(params.split)?;
        let name = params.name.clone().unwrap_or_else(|| stem(path));
        let files = tables(path)?;
        let columns = Columns::find(&files[0].1, &name, params)?;
        let mut rows = Vec::new();
        let mut bad_rows = Vec::new();
        let mut said = Vec::new();
        for (part, file) in &files {
            read_table(file, *part, &columns, params, &mut rows, &mut bad_rows, &mut said)?;
        }
        for (label, reading) in columns.labels.iter().zip(&columns.readings) {
            match reading {
                Reading::Point => {}
                Reading::Comma => said.push(format!("the label {} is read with decimal commas", label.1)),
                Reading::Words(one, zero) => {
                    said.push(format!("the label {} is 1 for “{one}” and 0 for “{zero}”", label.1));
                }
            }
        }
        let is_class = |target: &Option<f64>| target.is_none_or(|y| y == 0.0 || y == 1.0);
        let all_classes = rows.iter().all(|row| row.row.targets.iter().all(is_class));
        let default_kind = if all_classes { TaskKind::Classification } else { TaskKind::Regression };
        let metric_of = |kind| if kind == TaskKind::Classification { Metric::RocAuc } else { Metric::Rmse };
        let kind = match (params.kind, columns.known_metric) {
            (Some(kind), _) => kind,
            (None, Some(metric)) if metric.is_of_classes() => TaskKind::Classification,
            (None, Some(_)) => TaskKind::Regression,
            (None, None) => default_kind,
        };
        let metric =
            params.metric.or(columns.known_metric.filter(|_| params.kind.is_none())).unwrap_or(metric_of(kind));
        if kind == TaskKind::Classification && !all_classes {
            let (mut kept, faults) = (Vec::new(), &mut bad_rows);
            for row in rows {
                match row.row.targets.iter().position(|target| !is_class(target)) {
                    None => kept.push(row),
                    Some(k) => faults.push(BadTaskRow {
                        file: path.to_string_lossy().into_owned(),
                        line: 0,
                        fault: RowFault::Label {
                            label: columns.labels[k].1.clone(),
                            found: row.row.targets[k].unwrap_or(f64::NAN).to_string(),
                            expected: "0 or 1",
                        },
                    }),
                }
            }
            rows = kept;
        }
        if metric.is_of_classes() && kind == TaskKind::Regression {
            return Err(TaskError::Metric { metric: metric.name(), path: path.to_owned() });
        }
        if let (SplitParams::Scaffold { .. }, Some(first)) = (params.split, rows.first())
            && rows.len() > 1
            && rows.iter().all(|row| row.scaffold == first.scaffold)
        {
            let scaffold = first.scaffold.clone().filter(|scaffold| !scaffold.is_empty());
            let scaffold = scaffold.unwrap_or_else(|| "none".to_owned());
            return Err(TaskError::OneScaffold { n: rows.len(), scaffold, path: path.to_owned() });
        }
        let mut fold = split(&rows, params.split);
        if fold.valid.is_empty() && fold.train.len() >= 9 && !fold.test.is_empty() {
            // Train and test alone, as many sets come: a ninth of train chooses, and is not learned from.
            let n = fold.train.len();
            let taken = Fold::random(n, n - n / 9, n / 9, 0);
            let of = |rows: &[usize]| rows.iter().map(|&k| fold.train[k]).collect::<Vec<usize>>();
            let (train, valid) = (of(&taken.train), of(&taken.valid));
            said.push(format!(
                "there is no validation part: {} of {n} training molecules are taken for it",
                valid.len()
            ));
            fold = Fold { train, valid, ..fold };
        }
        if let Some((part, _)) = fold.parts().into_iter().find(|(_, rows)| rows.is_empty()) {
            let first = bad_rows.first().map_or("there are too few rows".to_owned(), ToString::to_string);
            return Err(TaskError::EmptyPart { part, n_bad: bad_rows.len(), first, path: path.to_owned() });
        }
        let rows: Vec<TaskRow> = rows.into_iter().map(|row| row.row).collect();
        let labels: Vec<String> = columns.labels.into_iter().map(|(_, name)| name).collect();
        let digest = digest(kind, metric, &labels, &rows, &fold);
        said.extend(notes(&rows, &labels, metric, &fold));
        Ok(Self { name, kind, metric, labels, rows, fold, bad_rows, notes: said, digest })
    }

    /// The molecules as SELFIES, in the order of the rows.
    pub fn selfies(&self) -> Vec<String> {
        self.rows.iter().map(|row| row.selfies.clone()).collect()
    }
}

/// The name without folder and endings.
fn stem(path: &Path) -> String {
    let name = path.file_name().or_else(|| path.components().next_back().map(std::path::Component::as_os_str));
    let name = name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if path.is_dir() { name } else { name.split('.').next().unwrap_or(&name).to_owned() }
}

/// The tables of a path, in the order train, valid, test, each with its part.
fn tables(path: &Path) -> Result<Vec<(Option<Part>, PathBuf)>, TaskError> {
    if !path.is_dir() {
        return Ok(vec![(None, path.to_owned())]);
    }
    let fail = |source| TaskError::Folder { path: path.to_owned(), source };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(fail)? {
        let file = entry.map_err(fail)?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let plain = [".gz", ".zst"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        let Some(stem) = [".csv", ".tsv", ".tab"].iter().find_map(|end| plain.strip_suffix(end)) else { continue };
        found.push((Part::named(stem), file));
    }
    found.sort_by(|a, b| a.1.cmp(&b.1));
    let of = |part| found.iter().filter(|(p, _)| *p == Some(part)).cloned().collect::<Vec<_>>();
    let parts = [Part::Train, Part::Valid, Part::Test].map(of);
    let n_of = parts.each_ref().map(Vec::len);
    if matches!(n_of, [1, 0 | 1, 1]) && n_of.iter().sum::<usize>() == found.len() {
        return Ok(parts.concat());
    }
    match found.as_slice() {
        [] => Err(TaskError::NoFiles { path: path.to_owned() }),
        [(_, file)] => Ok(vec![(None, file.clone())]),
        _ => {
            let names = found.iter().map(|(_, file)| file.file_name().unwrap_or_default().to_string_lossy());
            let found = names.collect::<Vec<_>>().join(", ");
            Err(TaskError::ManyFiles { found, path: path.to_owned() })
        }
    }
}

/// Which columns are what.
struct Columns {
    labels: Vec<(usize, String)>,
    /// How each label is read.
    readings: Vec<Reading>,
    split: Option<usize>,
    known_metric: Option<Metric>,
}

/// Rows that are looked at to tell labels.
const SAMPLE: usize = 200;

impl Columns {
    fn find(file: &Path, name: &str, params: &TaskParams) -> Result<Self, TaskError> {
        let reader = MoleculeReader::open(file, &read_params(params))?;
        let heads: Vec<String> = reader.columns().iter().map(|head| head.trim().to_owned()).collect();
        let sample: Vec<Record> = reader.take(SAMPLE).flatten().collect();
        let place = |wanted: &str| heads.iter().position(|head| head == wanted);
        let reading = |k: usize| {
            let fields = sample.iter().filter_map(|record| record.fields.get(k)).map(String::as_str);
            Reading::of(fields)
        };
        let readings = |labels: &[(usize, String)]| -> Result<Vec<Reading>, TaskError> {
            let read = |(k, label): &(usize, String)| {
                let fields = || sample.iter().filter_map(|record| record.fields.get(*k)).filter(|f| !is_missing(f));
                let found = reading(*k).unwrap_or(Reading::Point);
                if found == Reading::Comma && fields().filter(|f| f.contains(',')).all(|f| is_ambiguous(f)) {
                    let found = fields().find(|f| f.contains(',')).cloned().unwrap_or_default();
                    return Err(TaskError::Ambiguous { label: label.clone(), found, path: file.to_owned() });
                }
                Ok(found)
            };
            labels.iter().map(read).collect()
        };
        let split = heads.iter().position(|head| head.eq_ignore_ascii_case("split"));
        let list = |names: &[&String]| names.iter().map(|n| format!("“{n}”")).collect::<Vec<_>>().join(", ");
        let mut known_metric = None;
        let mut labels = Vec::new();
        if !params.labels.is_empty() {
            for wanted in &params.labels {
                let no_label = || TaskError::NoLabel {
                    wanted: wanted.clone(),
                    found: list(&heads.iter().collect::<Vec<_>>()),
                    path: file.to_owned(),
                };
                labels.push((place(wanted).ok_or_else(no_label)?, wanted.clone()));
            }
            return Ok(Self { readings: readings(&labels)?, labels, split, known_metric });
        }
        let is_molecule = |k: usize| {
            let same = |record: &Record| record.fields.get(k).is_some_and(|field| field.trim() == record.text);
            !sample.is_empty() && sample.iter().all(same)
        };
        if let Some(Known { labels: wanted, not_labels, metric }) = known(name) {
            let wanted: Vec<String> = if wanted.is_empty() {
                let all = heads
                    .iter()
                    .enumerate()
                    .filter(|&(k, head)| !is_molecule(k) && !not_labels.contains(&head.as_str()));
                all.map(|(_, head)| head.clone()).collect()
            } else {
                wanted.iter().map(ToString::to_string).collect()
            };
            if let Some(places) = wanted.iter().map(|label| place(label)).collect::<Option<Vec<_>>>()
                && !places.is_empty()
            {
                known_metric = Some(metric);
                let labels: Vec<(usize, String)> = places.into_iter().zip(wanted).collect();
                return Ok(Self { readings: readings(&labels)?, labels, split, known_metric });
            }
        }
        // pandas writes the numbers of rows as a column without a name.
        let counts_rows = |k: usize| {
            if sample.len() < 3 {
                return false;
            }
            let mut fields = sample.iter().filter_map(|record| record.fields.get(k)).map(|field| field.trim());
            let Some(first) = fields.next().and_then(|field| field.parse::<u64>().ok()) else { return false };
            first <= 1 && fields.zip(first + 1..).all(|(field, n)| field.parse() == Ok(n))
        };
        let is_candidate = |&(k, head): &(usize, &String)| {
            let is_name = ["", "id", "num", "index", "no", "name"].contains(&head.to_lowercase().as_str())
                || head.starts_with("Unnamed: ");
            Some(k) != split && !is_name && !is_molecule(k) && reading(k).is_some()
        };
        let candidates: Vec<(usize, &String)> = heads.iter().enumerate().filter(is_candidate).collect();
        let measured: Vec<_> = candidates.iter().copied().filter(|&(k, _)| !counts_rows(k)).collect();
        match if measured.len() == 1 { measured.as_slice() } else { candidates.as_slice() } {
            [(k, head)] => labels.push((*k, (*head).clone())),
            _ => {
                let found = if candidates.is_empty() {
                    heads.iter().collect()
                } else {
                    candidates.iter().map(|c| c.1).collect()
                };
                let found: Vec<&String> = found;
                return Err(TaskError::Labels { found: list(&found), path: file.to_owned() });
            }
        }
        Ok(Self { readings: readings(&labels)?, labels, split, known_metric })
    }
}

fn read_params(params: &TaskParams) -> ReadParams {
    ReadParams { column: params.smiles.clone().map(Column::Name), heading: Some(true), ..ReadParams::default() }
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn read_table(
    file: &Path,
    part: Option<Part>,
    columns: &Columns,
    params: &TaskParams,
    rows: &mut Vec<Row>,
    bad_rows: &mut Vec<BadTaskRow>,
    said: &mut Vec<String>,
) -> Result<(), TaskError> {
    let reader = MoleculeReader::open(file, &read_params(params))?;
    let of_file = reader.notes();
    // The parts of a folder may order their columns differently.
    let heads: Vec<String> = reader.columns().iter().map(|head| head.trim().to_owned()).collect();
    let mut places = Vec::new();
    for (_, label) in &columns.labels {
        let found = heads.iter().map(|head| format!("“{head}”")).collect::<Vec<_>>().join(", ");
        let missing = TaskError::NoLabel { wanted: label.clone(), found, path: file.to_owned() };
        let place = heads.iter().position(|head| head == label).ok_or(missing)?;
        places.push(LabelColumn { place, label, reading: columns.readings[places.len()] });
    }
    let wants_scaffold = matches!(params.split, SplitParams::Scaffold { .. });
    let work = |row: Result<Record, BadRow>| -> Result<Row, (u64, RowFault)> {
        let record = row.map_err(|bad| (bad.line, RowFault::Row(bad.reason.to_string())))?;
        let line = record.line;
        read_row(record, part, &places, columns.split, wants_scaffold).map_err(|fault| (line, fault))
    };
    for outcome in map_in_order(reader, work) {
        match outcome {
            Ok(row) => rows.push(row),
            Err((line, fault)) => bad_rows.push(BadTaskRow { file: file.to_string_lossy().into_owned(), line, fault }),
        }
    }
    said.extend(of_file.sentences(file));
    match of_file.part_of_a_file() {
        Some(place) => Err(TaskError::PartOfATable { place }),
        None => Ok(()),
    }
}

/// A label in one file.
struct LabelColumn<'a> {
    place: usize,
    label: &'a str,
    reading: Reading,
}

fn read_row(
    record: Record,
    part: Option<Part>,
    labels: &[LabelColumn<'_>],
    split: Option<usize>,
    wants_scaffold: bool,
) -> Result<Row, RowFault> {
    let mut targets = Vec::with_capacity(labels.len());
    for LabelColumn { place, label, reading } in labels {
        let field = record.fields.get(*place).map_or("", String::as_str);
        let wrong =
            |()| RowFault::Label { label: (*label).to_owned(), found: shortened(field), expected: reading.expected() };
        targets.push(reading.number(field).map_err(wrong)?);
    }
    if targets.iter().all(Option::is_none) {
        return Err(RowFault::NoLabel);
    }
    let part = match (part, split) {
        (None, Some(place)) => {
            let word = record.fields.get(place).map_or("", String::as_str);
            Some(Part::named(word).ok_or_else(|| RowFault::Split { found: shortened(word) })?)
        }
        (part, _) => part,
    };
    let smiles = record.text;
    let molecule = Molecule::from_smiles(&smiles)
        .map_err(|error| RowFault::Smiles { smiles: shortened(&smiles), reason: error.to_string() })?;
    // Spellings that SELFIES refuses (N(=O)=O) may be written another way.
    let canonical = || molecule.canonical_smiles().ok().and_then(|smiles| selfies::encode(&smiles).ok());
    let text = selfies::encode(&smiles)
        .or_else(|error| canonical().ok_or(error))
        .map_err(|error| RowFault::Selfies { smiles: shortened(&smiles), reason: error.to_string() })?;
    // A molecule whose scaffold cannot be written is a group of its own kind: without rings.
    let scaffold = wants_scaffold.then(|| molecule.scaffold().unwrap_or_default());
    Ok(Row { row: TaskRow { smiles, selfies: text, targets }, scaffold, part })
}

fn check_fractions(split: SplitParams) -> Result<(), TaskError> {
    let (SplitParams::Random { train, valid, .. } | SplitParams::Scaffold { train, valid }) = split else {
        return Ok(());
    };
    if train > 0.0 && valid > 0.0 && train + valid < 1.0 {
        return Ok(());
    }
    Err(TaskError::Fractions { train, valid })
}

fn split(rows: &[Row], params: SplitParams) -> Fold {
    let n = rows.len();
    let part = |fraction: f64| (fraction * n as f64).round() as usize;
    match params {
        SplitParams::Given if rows.iter().all(|row| row.part.is_some()) => {
            let of = |part| (0..n).filter(|&k| rows[k].part == Some(part)).collect();
            Fold { train: of(Part::Train), valid: of(Part::Valid), test: of(Part::Test) }
        }
        SplitParams::Given => Fold::random(n, part(0.8), part(0.1), 0),
        SplitParams::Random { train, valid, seed } => Fold::random(n, part(train), part(valid), seed),
        SplitParams::Scaffold { train, valid } => {
            let scaffolds: Vec<&str> = rows.iter().map(|row| row.scaffold.as_deref().unwrap_or("")).collect();
            let found = scaffold_split(&scaffolds, train, valid);
            Fold { train: found.train, valid: found.valid, test: found.test }
        }
    }
}

fn digest(kind: TaskKind, metric: Metric, labels: &[String], rows: &[TaskRow], fold: &Fold) -> String {
    let mut hash = Sha256::new();
    hash.update(serde_json::to_vec(&(kind, metric, labels, fold)).expect("plain numbers and text"));
    for row in rows {
        hash.update(row.selfies.as_bytes());
        hash.update([0]);
        for target in &row.targets {
            hash.update(target.map_or(u64::MAX, f64::to_bits).to_le_bytes());
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
