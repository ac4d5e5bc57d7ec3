//! `fillscape model encode`: molecules to vectors, as an array or as a table.

use std::path::Path;

use super::model::{BATCH, Kind, Meter, TextFormat, selfies_of};
use super::npy_rows::NpyWriter;
use super::rows::RowsIn;
use super::{CliError, Output};
use crate::chem::files::{BadRow, Record};
use crate::jobs::{Progress, silent};
use crate::model::{FoundationModel, SelfiesTed, Unknown};
use crate::parquet_table::{Column, Kind as ColumnKind, ParquetWriter};

/// What is encoded, and how.
pub(super) struct Encoding<'a> {
    pub(super) model: &'a SelfiesTed,
    pub(super) format: TextFormat,
    pub(super) kind: Kind,
    pub(super) unknown: Unknown,
}

impl Encoding<'_> {
    /// Encodes the rows of `input` into the file `target`, whose name says its format.
    pub(super) fn run(&self, input: &Path, target: &Path, out: &Output) -> Result<(), CliError> {
        let mut file = self.create(target)?;
        let source = RowsIn::file(input);
        let mut rows = source.read()?;
        let mut meter = Meter::new(out);
        let (mut n_rows, mut n_failed) = (0u64, 0u64);
        loop {
            let portion: Vec<Result<Record, BadRow>> = rows.by_ref().take(BATCH).collect();
            if portion.is_empty() {
                break;
            }
            let texts: Vec<Result<String, CliError>> = portion.iter().map(|row| self.text(row)).collect();
            for (k, text) in texts.iter().enumerate() {
                if let Err(error) = text {
                    n_failed += 1;
                    eprintln!("row {}: {error}", n_rows + k as u64);
                }
            }
            let mut vectors = self.vectors(&texts)?.into_iter();
            let gap = vec![f32::NAN; self.dim()];
            let vectors: Vec<Vec<f32>> = texts
                .iter()
                .map(|text| text.as_ref().ok().and_then(|_| vectors.next()).unwrap_or_else(|| gap.clone()))
                .collect();
            file.write(&portion, &vectors)?;
            n_rows += portion.len() as u64;
            let _ = meter.show(&Progress::new("encode", n_rows, None));
        }
        meter.end();
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
                columns.extend((0..self.dim()).map(|k| (format!("{vector}_{k}"), ColumnKind::F32)));
                let mut writer = ParquetWriter::create(target, &columns)?;
                writer.note("fillscape.model", &serde_json::to_string(self.model.provenance())?);
                Ok(VectorFile::Parquet { writer, n_rows: 0 })
            }
            Some(_) => Err(format!("encode writes .npy arrays and .parquet tables, found {}", target.display()).into()),
        }
    }
}

/// Where vectors go.
enum VectorFile {
    Npy(NpyWriter),
    Parquet { writer: ParquetWriter, n_rows: usize },
}

impl VectorFile {
    fn write(&mut self, rows: &[Result<Record, BadRow>], vectors: &[Vec<f32>]) -> Result<(), CliError> {
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
