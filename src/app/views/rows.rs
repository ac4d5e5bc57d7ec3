//! The rows a list shows, in order: kept until what they follow from changes.

use std::sync::Arc;

use rayon::slice::ParallelSliceMut;

use crate::app::data::{DataSet, RowSet, Values};
use crate::app::picture::{Picture, Sort};
use crate::app::state::State;

/// What an order of rows follows from.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    serial: u64,
    filter: Option<Arc<RowSet>>,
    selection: Option<Arc<RowSet>>,
    sort: Option<Sort>,
}

/// Rows in the order they are shown.
#[derive(Debug, Default)]
pub struct ShownRows {
    key: Option<Key>,
    rows: Vec<u32>,
}

impl ShownRows {
    /// The rows that pass the filter (and are selected, when `selected_only`), in the order of the table.
    pub fn rows(&mut self, state: &State, data: &DataSet, selected_only: bool) -> &[u32] {
        let picture = &state.picture;
        let selection = (selected_only && !picture.selection.is_empty()).then(|| picture.selection.clone());
        let key = Key {
            serial: state.data_serial,
            filter: picture.filter.as_ref().map(|filter| filter.rows.clone()),
            selection,
            sort: picture.sort.clone(),
        };
        if self.key.as_ref() != Some(&key) {
            self.rows = ordered(picture, data, key.selection.as_deref());
            self.key = Some(key);
        }
        &self.rows
    }
}

fn ordered(picture: &Picture, data: &DataSet, selection: Option<&RowSet>) -> Vec<u32> {
    let n = data.n_rows();
    let mut rows: Vec<u32> = (0..n)
        .filter(|&row| picture.passes(row) && selection.is_none_or(|set| set.contains(row)))
        .map(|r| r as u32)
        .collect();
    let Some(sort) = &picture.sort else { return rows };
    let text = |of: fn(&DataSet, usize) -> &str, rows: &mut Vec<u32>| {
        rows.par_sort_by(|a, b| of(data, *a as usize).cmp(of(data, *b as usize)));
    };
    match (sort.column.as_str(), data.column(&sort.column)) {
        ("id", None) => text(|data, row| &data.ids[row], &mut rows),
        ("SMILES", None) => text(|data, row| &data.smiles[row], &mut rows),
        (_, Some(column)) => match &column.values {
            Values::Text(values) => rows.par_sort_by(|a, b| values[*a as usize].cmp(&values[*b as usize])),
            Values::Number(values) => {
                // Rows without a value stand last in either order.
                let key = |row: u32| values[row as usize];
                let (mut with, without): (Vec<u32>, Vec<u32>) = rows.iter().partition(|row| key(**row).is_finite());
                with.par_sort_by(|a, b| key(*a).total_cmp(&key(*b)));
                if sort.descending {
                    with.reverse();
                }
                with.extend(without);
                return with;
            }
        },
        (_, None) => {}
    }
    if sort.descending {
        rows.reverse();
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::data::Column;

    #[test]
    fn rows_follow_the_order_and_missing_values_stand_last() {
        let data = DataSet {
            ids: ["c", "a", "b"].map(str::to_owned).to_vec(),
            smiles: ["C", "CC", "CCC"].map(str::to_owned).to_vec(),
            columns: vec![Column {
                name: "x".into(),
                unit: String::new(),
                values: Values::Number(vec![2.0, f64::NAN, 1.0]),
            }],
            ..DataSet::default()
        };
        let by = |column: &str, descending| {
            let sort = Some(Sort { column: column.into(), descending });
            ordered(&Picture { sort, ..Picture::default() }, &data, None)
        };
        assert_eq!(by("id", false), [1, 2, 0]);
        assert_eq!(by("id", true), [0, 2, 1]);
        assert_eq!(by("x", false), [2, 0, 1]);
        assert_eq!(by("x", true), [0, 2, 1]);
        assert_eq!(ordered(&Picture::default(), &data, Some(&RowSet::of(3, [0, 2]))), [0, 2]);
    }
}
