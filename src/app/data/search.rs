//! Searching the molecules of a data set.

use std::ops::ControlFlow;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Column, DataSet, RowSet, Values};
use crate::chem::{Molecule, Smarts, SmartsError};
use crate::jobs::{Observe, Progress};

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Query {
    /// Text within the name, the SMILES or a property of words; case does not matter.
    Text(String),
    /// A substructure.
    Smarts(String),
    /// The `n` molecules nearest to that of `row` in latent space, itself included.
    Nearest {
        /// The molecule.
        row: usize,
        /// How many.
        n: usize,
    },
    /// Numbers of a column within a closed range.
    Range {
        /// The column.
        column: String,
        /// Least value.
        low: f64,
        /// Greatest value.
        high: f64,
    },
}

/// Why a search could not be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SearchError {
    /// The pattern is no SMARTS.
    #[error(transparent)]
    Smarts(#[from] SmartsError),
    /// Neighbours need latent vectors.
    #[error("this data set has no latent vectors: encode it with a model first")]
    NoLatents,
    /// The column is not there, or holds words.
    #[error("there is no column of numbers named “{name}”")]
    NoColumn {
        /// What was asked for.
        name: String,
    },
}

impl Query {
    /// The query in words, for the history.
    pub fn describe(&self) -> String {
        match self {
            Self::Text(text) => format!("text “{text}”"),
            Self::Smarts(smarts) => format!("SMARTS {smarts}"),
            Self::Nearest { row, n } => format!("{n} nearest to row {}", row + 1),
            Self::Range { column, low, high } => format!("{column} from {low} to {high}"),
        }
    }
}

/// Rows between two questions to the observer.
const PORTION: usize = 2048;

/// The rows that match; fewer when `observe` breaks.
///
/// # Errors
/// A pattern that cannot be read; latent vectors or a column that are not there.
pub fn search(data: &DataSet, query: &Query, observe: Observe) -> Result<RowSet, SearchError> {
    let n = data.n_rows();
    match query {
        Query::Text(text) => {
            let wanted = text.to_lowercase();
            let words: Vec<&Vec<String>> = data.columns.iter().filter_map(words_of).collect();
            let holds = |field: &str| field.to_lowercase().contains(&wanted);
            let matches = |row: usize| {
                holds(&data.ids[row])
                    || data.smiles[row].contains(text.as_str())
                    || words.iter().any(|words| words.get(row).is_some_and(|word| holds(word)))
            };
            Ok(by_portions(n, matches, observe))
        }
        Query::Smarts(smarts) => {
            let pattern = Smarts::parse(smarts.trim())?;
            let matches = |row: usize| Molecule::from_smiles(&data.smiles[row]).is_ok_and(|m| pattern.has_match(&m));
            Ok(by_portions(n, matches, observe))
        }
        Query::Nearest { row, n: wanted } => {
            let latents = data.latents.as_ref().ok_or(SearchError::NoLatents)?;
            let centre = latents.row(*row).ok_or(SearchError::NoLatents)?;
            let rows = latents.values.par_chunks_exact(latents.dim).enumerate();
            let mut distances: Vec<(f32, usize)> = rows.map(|(row, x)| (squared_distance(x, centre), row)).collect();
            let wanted = (*wanted).min(distances.len());
            if wanted > 0 && wanted < distances.len() {
                distances.select_nth_unstable_by(wanted - 1, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            }
            Ok(RowSet::of(n, distances[..wanted].iter().map(|(_, row)| *row)))
        }
        Query::Range { column, low, high } => {
            let Some(Column { values: Values::Number(values), .. }) = data.column(column) else {
                return Err(SearchError::NoColumn { name: column.clone() });
            };
            Ok(RowSet::of(n, (0..n).filter(|&row| (*low..=*high).contains(&values[row]))))
        }
    }
}

fn words_of(column: &Column) -> Option<&Vec<String>> {
    match &column.values {
        Values::Text(words) => Some(words),
        Values::Number(_) => None,
    }
}

fn by_portions(n: usize, matches: impl Fn(usize) -> bool + Sync, observe: Observe) -> RowSet {
    let mut found = RowSet::empty(n);
    let mut start = 0;
    while start < n {
        let end = (start + PORTION).min(n);
        let hits: Vec<usize> = (start..end).into_par_iter().filter(|&row| matches(row)).collect();
        hits.into_iter().for_each(|row| found.insert(row));
        start = end;
        if let ControlFlow::Break(()) = observe(Progress::new("search", start as u64, Some(n as u64))) {
            break;
        }
    }
    found
}

/// |a − b|².
pub fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::Latents;
    use super::*;
    use crate::jobs::silent;

    fn data() -> DataSet {
        let smiles = ["CCO", "c1ccccc1", "CC(=O)O", "CCCl"];
        DataSet {
            ids: ["ethanol", "benzene", "acid", "chloride"].map(str::to_owned).to_vec(),
            smiles: smiles.map(str::to_owned).to_vec(),
            columns: vec![Column {
                name: "x".into(),
                unit: String::new(),
                values: Values::Number(vec![0.0, 1.0, f64::NAN, 3.0]),
            }],
            latents: Some(Arc::new(Latents { dim: 2, values: vec![0.0, 0.0, 1.0, 0.0, 0.0, 3.0, 0.4, 0.0] })),
            ..DataSet::default()
        }
    }

    fn rows(query: &Query) -> Vec<usize> {
        search(&data(), query, &mut silent).unwrap().iter().collect()
    }

    #[test]
    fn each_kind_of_search_finds_its_rows() {
        assert_eq!(rows(&Query::Text("EN".into())), [1]);
        assert_eq!(rows(&Query::Text("CC".into())), [0, 2, 3]);
        assert_eq!(rows(&Query::Smarts("[OX2H]".into())), [0, 2]);
        assert_eq!(rows(&Query::Nearest { row: 0, n: 3 }), [0, 1, 3]);
        assert_eq!(rows(&Query::Nearest { row: 0, n: 99 }), [0, 1, 2, 3]);
        assert_eq!(rows(&Query::Range { column: "x".into(), low: 0.5, high: 3.0 }), [1, 3]);
    }

    #[test]
    fn searches_that_cannot_be_made_say_why() {
        let found = |query: &Query| search(&data(), query, &mut silent).unwrap_err();
        assert!(matches!(found(&Query::Smarts("[".into())), SearchError::Smarts(_)));
        let missing = Query::Range { column: "y".into(), low: 0.0, high: 1.0 };
        assert_eq!(found(&missing), SearchError::NoColumn { name: "y".into() });
        let blind = DataSet { latents: None, ..data() };
        let nearest = search(&blind, &Query::Nearest { row: 0, n: 1 }, &mut silent);
        assert_eq!(nearest.unwrap_err(), SearchError::NoLatents);
    }
}
