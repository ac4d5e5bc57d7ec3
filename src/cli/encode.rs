//! `fillscape model encode`: molecules to vectors, as an array or as a table.

use std::path::Path;

use super::model::{BATCH, Kind, Meter, TextFormat, selfies_of};
use super::npy_rows::NpyWriter;
use super::rows::{Reading, none_usable};
use super::{CliError, Output};
use crate::chem::files::{BadRow, Record};
use crate::jobs::{Progress, silent};
use crate::model::{Embedding, FoundationModel, SelfiesTed, Unknown};
use crate::parquet_table::{Column, Kind as ColumnKind, ParquetWriter};

/// What is encoded, and how.
pub(super) struct Encoding<'a> {
    pub(super) model: &'a SelfiesTed,
    pub(super) format: TextFormat,
    pub(super) kind: Kind,
    pub(super) unknown: Unknown,
    pub(super) reading: &'a Reading,
}

impl Encoding<'_> {
    /// Encodes the rows of `input` into the file `target`, whose name says its format.
    pub(super) fn run(&self, input: &Path, target: &Path, out: &Output) -> Result<(), CliError> {
        let mut file = self.create(target)?;
        let reading = self.reading.of(self.format.notation());
        let mut rows = reading.open(input)?;
        let notes = rows.notes();
        let mut meter = Meter::new(out);
        let (mut n_rows, mut n_failed) = (0u64, 0u64);
        let mut cut = CutRows::new(self.model.max_tokens(self.embedding()));
        loop {
            let portion: Vec<Result<Record, BadRow>> = rows.by_ref().take(BATCH).collect();
            if portion.is_empty() {
                break;
            }
            let texts: Vec<Result<String, CliError>> = portion.iter().map(|row| self.text(row)).collect();
            for (k, text) in texts.iter().enumerate() {
                if let Err(error) = text {
                    n_failed += 1;
                    tell!("row {}: {error}", n_rows + k as u64);
                }
            }
            let mut vectors = self.vectors(&texts)?.into_iter();
            let gap = vec![f32::NAN; self.dim()];
            let vectors: Vec<Vec<f32>> = texts
                .iter()
                .map(|text| text.as_ref().ok().and_then(|_| vectors.next()).unwrap_or_else(|| gap.clone()))
                .collect();
            let n_tokens: Vec<Option<usize>> = texts
                .iter()
                .map(|text| text.as_ref().ok().map(|text| self.model.vocabulary().n_tokens(text)))
                .collect();
            cut.count(n_rows, &n_tokens);
            file.write(&portion, &vectors, &n_tokens, cut.most)?;
            n_rows += portion.len() as u64;
            let _ = meter.show(&Progress::new("encode", n_rows, None));
        }
        meter.end();
        reading.close(&notes, input)?;
        cut.warn();
        none_usable(n_failed, n_rows)?;
        file.finish()?;
        if n_rows == 0 {
            tracing::warn!("{} holds no rows", input.display());
        }
        if n_failed > 0 {
            tracing::warn!("{n_failed} of {n_rows} molecules could not be encoded: their rows are NaN");
        }
        Ok(())
    }

    fn dim(&self) -> usize {
        match self.kind {
            Kind::Latent => self.model.latent_box().map_or(0, |b| b.dim()),
            Kind::Pooled => self.model.pooled_dim(),
        }
    }

    fn embedding(&self) -> Embedding {
        match self.kind {
            Kind::Latent => Embedding::Latent,
            Kind::Pooled => Embedding::Pooled,
        }
    }

    /// The SELFIES text of a row, once its symbols are known.
    fn text(&self, row: &Result<Record, BadRow>) -> Result<String, CliError> {
        let record = row.as_ref().map_err(ToString::to_string)?;
        let selfies = selfies_of(&record.text, self.format)?;
        self.model.vocabulary().encode(&selfies, usize::MAX, self.unknown)?;
        Ok(selfies)
    }

    /// One vector for each good text.
    fn vectors(&self, texts: &[Result<String, CliError>]) -> Result<Vec<Vec<f32>>, CliError> {
        let good: Vec<String> = texts.iter().flatten().cloned().collect();
        let (model, unknown) = (self.model, self.unknown);
        Ok(match self.kind {
            Kind::Latent => model.encode_latent(&good, unknown, &mut silent)?.into_iter().map(|v| v.0).collect(),
            Kind::Pooled => model.encode_pooled(&good, unknown, &mut silent)?.into_iter().map(|v| v.0).collect(),
        })
    }

    fn create(&self, target: &Path) -> Result<VectorFile, CliError> {
        match target.extension().and_then(|extension| extension.to_str()) {
            None | Some("npy") => Ok(VectorFile::Npy(NpyWriter::create(target, Some(self.dim()))?)),
            Some("parquet") => {
                let (text, vector) = (
                    match self.format {
                        TextFormat::Smiles => "smiles",
                        TextFormat::Selfies => "selfies",
                    },
                    match self.kind {
                        Kind::Latent => "latent",
                        Kind::Pooled => "pooled",
                    },
                );
                let mut columns = vec![("id".to_owned(), ColumnKind::Text), (text.to_owned(), ColumnKind::Text)];
                columns.push(("n_tokens".to_owned(), ColumnKind::I64));
                columns.push(("cut".to_owned(), ColumnKind::I64));
                columns.extend((0..self.dim()).map(|k| (format!("{vector}_{k}"), ColumnKind::F32)));
                let mut writer = ParquetWriter::create(target, &columns)?;
                writer.note("fillscape.model", &serde_json::to_string(self.model.provenance())?);
                Ok(VectorFile::Parquet { writer, n_rows: 0 })
            }
            Some(_) => Err(format!("encode writes .npy arrays and .parquet tables, found {}", target.display()).into()),
        }
    }
}

/// Molecules that are longer than what the model sees: told at the end, with their rows.
pub(super) struct CutRows {
    /// Tokens that the model sees.
    pub(super) most: usize,
    n: u64,
    first: Vec<u64>,
}

impl CutRows {
    /// Rows that are named; of more, the number is told.
    const NAMED: usize = 10;

    pub(super) fn new(most: usize) -> Self {
        Self { most, n: 0, first: Vec::new() }
    }

    /// Looks at the rows from `first_row`, counted from 0.
    pub(super) fn count(&mut self, first_row: u64, n_tokens: &[Option<usize>]) {
        for (k, n) in n_tokens.iter().enumerate() {
            if n.is_some_and(|n| n > self.most) {
                self.n += 1;
                if self.first.len() < Self::NAMED {
                    self.first.push(first_row + k as u64);
                }
            }
        }
    }

    pub(super) fn warn(&self) {
        if self.n == 0 {
            return;
        }
        let mut rows: Vec<String> = self.first.iter().map(u64::to_string).collect();
        if self.n > rows.len() as u64 {
            rows.push(format!("{} more", self.n - rows.len() as u64));
        }
        tracing::warn!(
            "{} molecules are longer than the {} symbols that the model sees: the rest of them is cut, and molecules that \
             begin alike get the same vector (rows, from 0: {})",
            self.n,
            self.most - 2,
            rows.join(", ")
        );
    }
}

/// Where vectors go.
enum VectorFile {
    Npy(NpyWriter),
    Parquet { writer: ParquetWriter, n_rows: usize },
}

impl VectorFile {
    /// * `n_tokens` – of each row, none for a failed one; `most` – tokens that the embedding sees
    fn write(
        &mut self,
        rows: &[Result<Record, BadRow>],
        vectors: &[Vec<f32>],
        n_tokens: &[Option<usize>],
        most: usize,
    ) -> Result<(), CliError> {
        match self {
            Self::Npy(writer) => vectors.iter().try_for_each(|vector| Ok(writer.write_row(vector)?)),
            Self::Parquet { writer, n_rows } => {
                let name = |record: &Record| record.name.clone().filter(|name| !name.is_empty());
                let ids = rows
                    .iter()
                    .enumerate()
                    .map(|(k, row)| row.as_ref().ok().and_then(name).unwrap_or_else(|| (*n_rows + k).to_string()));
                let texts = rows.iter().map(|row| row.as_ref().map_or_else(|_| String::new(), |row| row.text.clone()));
                let mut columns = vec![Column::Text(ids.collect()), Column::Text(texts.collect())];
                columns.push(Column::I64(n_tokens.iter().map(|n| n.unwrap_or(0) as i64).collect()));
                columns.push(Column::I64(n_tokens.iter().map(|n| i64::from(n.is_some_and(|n| n > most))).collect()));
                let dim = vectors.first().map_or(0, Vec::len);
                columns.extend((0..dim).map(|k| Column::F32(vectors.iter().map(|vector| vector[k]).collect())));
                *n_rows += rows.len();
                Ok(writer.write(&columns)?)
            }
        }
    }

    fn finish(self) -> Result<(), CliError> {
        match self {
            Self::Npy(writer) => Ok(writer.finish()?),
            Self::Parquet { writer, .. } => Ok(writer.finish()?),
        }
    }
}
