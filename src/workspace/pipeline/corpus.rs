//! The corpus, and its molecules in latent space.

use super::error::StepError;
use super::run::{Made, Sitting, StepEnd, count, summary};
use crate::chem::files::{MoleculeReader, ReadParams};
use crate::chem::library::library;
use crate::chem::{Descriptors, Molecule, canonical_smiles, selfies};
use crate::jobs::{Observe, Progress};
use crate::model::{Embedding, FoundationModel, Unknown};
use crate::workspace::molecules::{MOLECULES_FILE, MoleculeTable, NumericColumn, Points};
use crate::workspace::{Artefact, Staging};
use rayon::prelude::*;
use std::collections::HashSet;
use std::path::Path;

/// Symbols of a molecule at most: the latent path has 64 positions, two of them taken by [CLS] and [SEP].
const MAX_SYMBOLS: usize = 62;

/// Rows that are read at once.
const PORTION: usize = 4096;

/// Molecules of the corpus: canonical, none twice, those that have SELFIES of a length the latent path holds; the last
/// ones are held out.
pub(super) fn corpus(sitting: &mut Sitting, staging: &Staging) -> StepEnd {
    let params = &sitting.study.document().recipe.corpus.clone();
    let given: Box<dyn Iterator<Item = String>> = match &params.file {
        None => Box::new(library(&params.library, params.n + params.n / 2)?.into_iter()),
        Some(path) => {
            let reader = MoleculeReader::open(sitting.base.join(path), &ReadParams::default())?;
            // Rows that cannot be read count as unusable below.
            Box::new(reader.map(|row| row.map(|record| record.text).unwrap_or_default()))
        }
    };
    let Some((mut table, n_rows)) = collected(given, params.n, &mut |progress| sitting.observe(progress)) else {
        return Ok(None);
    };
    if table.len() < params.n {
        return Err(StepError::Corpus { found: table.len(), expected: params.n, n_rows });
    }
    let held_out = |k: usize| if k >= params.n - params.n_held_out { 1.0 } else { 0.0 };
    table.numbers.push(NumericColumn { name: HELD_OUT.to_owned(), values: (0..table.len()).map(held_out).collect() });
    staging.write(MOLECULES_FILE, table.to_csv())?;
    Ok(Some(Made::finished(summary([("n", count(table.len())), ("n_held_out", count(params.n_held_out))]))))
}

/// How many molecules of a file can be in a corpus; reading ends when there are `most`. None when it was told to stop.
///
/// # Errors
/// When the file cannot be read.
pub fn corpus_size(path: &Path, most: usize, observe: Observe) -> Result<Option<usize>, StepError> {
    let reader = MoleculeReader::open(path, &ReadParams::default())?;
    let given = reader.map(|row| row.map(|record| record.text).unwrap_or_default());
    Ok(collected(given, most, observe).map(|(table, _)| table.len()))
}

/// Up to `most` usable molecules, none twice, and how many rows were read for them; none when it was told to stop.
fn collected(mut given: impl Iterator<Item = String>, most: usize, observe: Observe) -> Option<(MoleculeTable, usize)> {
    let mut n_rows = 0;
    let mut seen = HashSet::new();
    let mut table = MoleculeTable::default();
    // In portions: a file may hold far more than is asked for.
    while table.len() < most {
        if observe(Progress::new("corpus", table.len() as u64, Some(most as u64))).is_break() {
            return None;
        }
        let portion: Vec<String> = given.by_ref().take(PORTION).collect();
        if portion.is_empty() {
            break;
        }
        n_rows += portion.len();
        let usable: Vec<Option<(String, String)>> = portion.par_iter().map(|smiles| usable(smiles)).collect();
        for (smiles, text) in usable.into_iter().flatten() {
            if table.len() < most && seen.insert(smiles.clone()) {
                table.ids.push(format!("corpus-{}", table.len()));
                table.smiles.push(smiles);
                table.selfies.push(text);
            }
        }
    }
    Some((table, n_rows))
}

/// The canonical SMILES and the SELFIES of a molecule; none when it has none, or too long ones.
fn usable(smiles: &str) -> Option<(String, String)> {
    let canonical = canonical_smiles(smiles).ok()?;
    let text = selfies::encode(&canonical).ok()?;
    let n_symbols = text.matches('[').count();
    (1..=MAX_SYMBOLS).contains(&n_symbols).then_some((canonical, text))
}

/// The column that is 1 for molecules that are held out.
const HELD_OUT: &str = "held_out";

/// A corpus in its two parts.
pub(super) struct Corpus {
    pub smiles: Vec<String>,
    pub selfies: Vec<String>,
    pub held_out_selfies: Vec<String>,
}

impl Corpus {
    /// Reads the corpus of an artefact.
    pub fn read(artefact: &Artefact) -> Result<Self, StepError> {
        let table = MoleculeTable::from_csv(&artefact.path(MOLECULES_FILE), &artefact.read(MOLECULES_FILE)?)?;
        let held_out: Vec<bool> =
            table.number(HELD_OUT).map_or(vec![false; table.len()], |column| column.iter().map(|v| *v > 0.5).collect());
        let part = |texts: &[String], out: bool| {
            texts.iter().zip(&held_out).filter(|(_, held)| **held == out).map(|(text, _)| text.clone()).collect()
        };
        Ok(Self {
            smiles: part(&table.smiles, false),
            selfies: part(&table.selfies, false),
            held_out_selfies: part(&table.selfies, true),
        })
    }
}

/// Corpus molecules in latent space, with their descriptors; those with symbols the model does not know are left out.
pub(super) fn points(sitting: &mut Sitting, staging: &Staging) -> StepEnd {
    let artefact = sitting.result("corpus")?;
    let table = MoleculeTable::from_csv(&artefact.path(MOLECULES_FILE), &artefact.read(MOLECULES_FILE)?)?;
    let model = sitting.model()?;
    let known: Vec<usize> = (0..table.len())
        .filter(|&k| model.vocabulary().encode(&table.selfies[k], MAX_SYMBOLS + 2, Unknown::Refuse).is_ok())
        .collect();
    let pick = |texts: &[String]| -> Vec<String> { known.iter().map(|&k| texts[k].clone()).collect() };
    let selfies = pick(&table.selfies);
    let n_cut = model.cut_rows(Embedding::Latent, &selfies).len();
    let latents = model.encode_latent(&selfies, Unknown::Refuse, &mut |p| sitting.observe(p))?;
    if sitting.stopped {
        return Ok(None);
    }
    let smiles = pick(&table.smiles);
    let total = Some(smiles.len() as u64);
    if sitting.observe(Progress::new("descriptors", 0, total)).is_break() {
        return Ok(None);
    }
    let values: Vec<[f64; 11]> = smiles
        .par_iter()
        .map(|smiles| Molecule::from_smiles(smiles).map_or([f64::NAN; 11], |m| Descriptors::of(&m).values()))
        .collect();
    let numbers = Descriptors::NAMES
        .iter()
        .enumerate()
        .map(|(j, name)| NumericColumn { name: (*name).to_owned(), values: values.iter().map(|row| row[j]).collect() });
    let points = Points {
        molecules: MoleculeTable { ids: pick(&table.ids), smiles, selfies, numbers: numbers.collect() },
        dimension: sitting.inputs.dimension,
        latents: latents.into_iter().flat_map(|latent| latent.0).collect(),
    };
    points.write(staging.output())?;
    Ok(Some(Made::finished(summary([
        ("n", count(known.len())),
        ("n_left_out", count(table.len() - known.len())),
        ("n_cut", count(n_cut)),
        ("dimension", count(points.dimension)),
    ]))))
}
