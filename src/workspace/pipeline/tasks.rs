//! Downstream tasks: those with a path, and those made of our own library.

use super::error::StepError;
use super::run::{Made, Sitting, StepEnd, count, params, summary};
use crate::chem::library::{LibraryParams, library};
use crate::chem::{Descriptors, Molecule};
use crate::evaluate::{Task, TaskParams};
use crate::workspace::Staging;
use crate::workspace::recipe::{LibraryTask, TaskSource};
use rayon::prelude::*;
use std::fmt::Write;

/// Writes train, valid and test tables of library molecules and a computed property.
pub(super) fn library_task(sitting: &mut Sitting, staging: &Staging, name: &str) -> StepEnd {
    let p: LibraryTask = params(staging)?;
    let molecules = library(&LibraryParams { seed: p.seed, ..LibraryParams::default() }, p.n)?;
    let column = Descriptors::NAMES.iter().position(|known| *known == p.property).unwrap_or(0);
    let mut values: Vec<f64> = molecules
        .par_iter()
        .map(|smiles| Molecule::from_smiles(smiles).map_or(f64::NAN, |m| Descriptors::of(&m).values()[column]))
        .collect();
    if p.above_median {
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let median = sorted[sorted.len() / 2];
        values.iter_mut().for_each(|value| *value = if *value > median { 1.0 } else { 0.0 });
    }
    let _ = sitting;
    // Library molecules come in random order already: the first parts are a random split.
    let n_part = p.n / 10;
    let (n_train, n_valid) = (p.n - 2 * n_part, n_part);
    for (part, range) in
        [("train", 0..n_train), ("valid", n_train..n_train + n_valid), ("test", n_train + n_valid..p.n)]
    {
        let mut text = format!("smiles,{}\n", p.property);
        for k in range {
            let _ = writeln!(text, "{},{}", molecules[k], values[k]);
        }
        staging.write(&format!("{name}/{part}.csv"), text)?;
    }
    Ok(Some(Made::finished(summary([("n", count(p.n))]))))
}

/// The tasks of the recipe, opened.
pub(super) fn tasks(sitting: &Sitting) -> Result<Vec<Task>, StepError> {
    sitting.study.document().recipe.tasks.iter().map(|source| task(sitting, source)).collect()
}

/// A task of the recipe, opened.
pub(super) fn task(sitting: &Sitting, source: &TaskSource) -> Result<Task, StepError> {
    let read = TaskParams { name: Some(source.name.clone()), ..source.read.clone() };
    let path = match &source.path {
        Some(path) => sitting.base.join(path),
        None => {
            let artefact = sitting.result(&format!("task-{}", source.name))?;
            artefact.verify()?;
            artefact.path(&source.name)
        }
    };
    Ok(Task::open_with(&path, &read)?)
}
