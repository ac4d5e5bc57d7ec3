//! Min-max normalisation of points and responses to the unit box (METHOD, section 3).

use serde::{Deserialize, Serialize};

/// The linear map of each column onto [0, 1].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Normalisation {
    /// Smallest value of each column.
    pub lower: Vec<f64>,
    /// Largest value of each column, > lower.
    pub upper: Vec<f64>,
}

/// Why values could not be normalised.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NormaliseError {
    /// No rows, or rows that do not fill.
    #[error("could not normalise {found} values in rows of {columns}: at least one whole row is needed")]
    Shape {
        /// Values found.
        found: usize,
        /// Columns asked for.
        columns: usize,
    },
    /// A value is NaN or infinite.
    #[error("could not normalise: row {row}, column {column} is {value}; remove or repair that row")]
    NotFinite {
        /// Row, counted from 0.
        row: usize,
        /// Column, counted from 0.
        column: usize,
        /// What was found.
        value: f64,
    },
    /// A column has one value throughout.
    #[error(
        "could not normalise column {column}: it is {value} in every row; remove it, there is nothing to explore along it"
    )]
    Constant {
        /// Column, counted from 0.
        column: usize,
        /// Its value.
        value: f64,
    },
}

impl Normalisation {
    /// The map of `values`, shape (n, `columns`).
    ///
    /// # Errors
    /// [`NormaliseError`] names the first row or column that cannot be mapped.
    pub fn of(values: &[f64], columns: usize) -> Result<Self, NormaliseError> {
        if columns == 0 || values.is_empty() || !values.len().is_multiple_of(columns) {
            return Err(NormaliseError::Shape { found: values.len(), columns });
        }
        if let Some(at) = values.iter().position(|v| !v.is_finite()) {
            return Err(NormaliseError::NotFinite { row: at / columns, column: at % columns, value: values[at] });
        }
        let (mut lower, mut upper) = (vec![f64::INFINITY; columns], vec![f64::NEG_INFINITY; columns]);
        for row in values.chunks_exact(columns) {
            for ((l, u), v) in lower.iter_mut().zip(&mut upper).zip(row) {
                *l = l.min(*v);
                *u = u.max(*v);
            }
        }
        match lower.iter().zip(&upper).position(|(l, u)| l >= u) {
            Some(column) => Err(NormaliseError::Constant { column, value: lower[column] }),
            None => Ok(Self { lower, upper }),
        }
    }

    /// Maps rows of values to the unit box.
    pub fn apply(&self, values: &[f64]) -> Vec<f64> {
        let rows = values.chunks_exact(self.lower.len());
        rows.flat_map(|row| row.iter().zip(&self.lower).zip(&self.upper).map(|((v, l), u)| (v - l) / (u - l))).collect()
    }

    /// Maps rows of the unit box back.
    pub fn undo(&self, values: &[f64]) -> Vec<f64> {
        let rows = values.chunks_exact(self.lower.len());
        rows.flat_map(|row| row.iter().zip(&self.lower).zip(&self.upper).map(|((v, l), u)| l + v * (u - l))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_reach_from_zero_to_one_and_back() {
        let values = [1.0, 10.0, 3.0, 30.0, 2.0, 15.0];
        let map = Normalisation::of(&values, 2).unwrap();
        assert_eq!(map.apply(&values), [0.0, 0.0, 1.0, 1.0, 0.5, 0.25]);
        assert_eq!(map.undo(&map.apply(&values)), values);
    }

    #[test]
    fn bad_columns_are_named() {
        assert_eq!(Normalisation::of(&[], 2), Err(NormaliseError::Shape { found: 0, columns: 2 }));
        assert_eq!(
            Normalisation::of(&[1.0, 5.0, 2.0, 5.0], 2),
            Err(NormaliseError::Constant { column: 1, value: 5.0 })
        );
        assert!(matches!(
            Normalisation::of(&[1.0, 5.0, f64::NAN, 5.0], 2),
            Err(NormaliseError::NotFinite { row: 1, column: 0, .. })
        ));
    }
}
