//! What a reader of a task's scores should know.

use std::collections::{BTreeMap, BTreeSet};

use super::{Fold, TaskRow};
use crate::chem::canonical_smiles;
use crate::evaluate::metric::Metric;
use rayon::prelude::*;

/// Sentences about the molecules and labels of a split.
pub(super) fn notes(rows: &[TaskRow], labels: &[String], metric: Metric, fold: &Fold) -> Vec<String> {
    let mut notes = Vec::new();
    let canonical: Vec<String> =
        rows.par_iter().map(|row| canonical_smiles(&row.smiles).unwrap_or_else(|_| row.smiles.clone())).collect();
    let train: BTreeSet<&str> = fold.train.iter().map(|&row| canonical[row].as_str()).collect();
    let leaked = fold.test.iter().filter(|&&row| train.contains(canonical[row].as_str())).count();
    if leaked > 0 {
        notes.push(format!(
            "{leaked} of {} test molecules are in the training part, too: the score tells in part what was remembered",
            fold.test.len()
        ));
    }
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, smiles) in canonical.iter().enumerate() {
        places.entry(smiles).or_default().push(row);
    }
    for (k, label) in labels.iter().enumerate() {
        let differ = |rows_of: &&Vec<usize>| {
            let mut values = rows_of.iter().filter_map(|&row| rows[row].targets[k]);
            values.next().is_some_and(|first| values.any(|value| value != first))
        };
        let n = places.values().filter(differ).count();
        if n > 0 {
            notes.push(format!("{n} molecules stand in several rows with different values of the label {label}"));
        }
        notes.extend(parts_without_a_score(rows, k, label, metric, fold));
    }
    notes
}

/// Why a label has no score, or one that says little.
fn parts_without_a_score(rows: &[TaskRow], k: usize, label: &str, metric: Metric, fold: &Fold) -> Option<String> {
    let values = |part: &[usize]| part.iter().filter_map(|&row| rows[row].targets[k]).collect::<Vec<f64>>();
    let (train, test) = (values(&fold.train), values(&fold.test));
    for (name, values) in [("training", &train), ("test", &test)] {
        let Some(&first) = values.first() else {
            return Some(format!("the label {label} has no value: the {name} part holds none of its labels"));
        };
        let needs_two = metric.is_of_classes() || name == "test" && matches!(metric, Metric::R2 | Metric::Spearman);
        if needs_two && values.iter().all(|value| *value == first) {
            let n = values.len();
            return Some(format!("the label {label} has no {metric}: all {n} {name} labels are {first}"));
        }
    }
    None
}
