//! Sets of rows of a data set.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// A set of rows `0..n_rows`, one bit a row.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RowSet {
    n_rows: usize,
    words: Vec<u64>,
}

/// How a new set of rows joins the selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetOperation {
    /// The new set alone.
    #[default]
    Replace,
    /// What is in either.
    Add,
    /// What is in the selection but not in the new set.
    Subtract,
    /// What is in both.
    Intersect,
}

impl SetOperation {
    /// All of them, in the order of menus.
    pub const ALL: [Self; 4] = [Self::Replace, Self::Add, Self::Subtract, Self::Intersect];

    /// The word on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Replace => "Replace",
            Self::Add => "Add",
            Self::Subtract => "Subtract",
            Self::Intersect => "Intersect",
        }
    }
}

impl RowSet {
    /// No row of `n_rows`.
    pub fn empty(n_rows: usize) -> Self {
        Self { n_rows, words: vec![0; n_rows.div_ceil(64)] }
    }

    /// Every row of `n_rows`.
    pub fn full(n_rows: usize) -> Self {
        let mut set = Self { n_rows, words: vec![u64::MAX; n_rows.div_ceil(64)] };
        set.clear_tail();
        set
    }

    /// The given rows; those outside `0..n_rows` are left out.
    pub fn of(n_rows: usize, rows: impl IntoIterator<Item = usize>) -> Self {
        let mut set = Self::empty(n_rows);
        for row in rows {
            set.insert(row);
        }
        set
    }

    /// How many rows there are in all.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Puts a row in; nothing happens outside `0..n_rows`.
    pub fn insert(&mut self, row: usize) {
        if row < self.n_rows {
            self.words[row / 64] |= 1 << (row % 64);
        }
    }

    /// Whether the row is in the set.
    pub fn contains(&self, row: usize) -> bool {
        row < self.n_rows && self.words[row / 64] >> (row % 64) & 1 == 1
    }

    /// How many rows are in the set.
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether no row is in the set.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    /// The rows, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(at, &word)| Bits(word).map(move |bit| at * 64 + bit))
    }

    /// Joins `other` to this set.
    pub fn combined(&self, other: &Self, operation: SetOperation) -> Self {
        let n_rows = self.n_rows.max(other.n_rows);
        let word = |set: &Self, at: usize| set.words.get(at).copied().unwrap_or(0);
        let joined = |at: usize| {
            let (a, b) = (word(self, at), word(other, at));
            match operation {
                SetOperation::Replace => b,
                SetOperation::Add => a | b,
                SetOperation::Subtract => a & !b,
                SetOperation::Intersect => a & b,
            }
        };
        Self { n_rows, words: (0..n_rows.div_ceil(64)).map(joined).collect() }
    }

    /// All rows that are not in the set.
    pub fn inverted(&self) -> Self {
        let mut set = Self { n_rows: self.n_rows, words: self.words.iter().map(|word| !word).collect() };
        set.clear_tail();
        set
    }

    fn clear_tail(&mut self) {
        let Range { start, end } = self.n_rows % 64..64;
        if start != 0
            && let Some(last) = self.words.last_mut()
        {
            *last &= u64::MAX >> (end - start);
        }
    }
}

/// The positions of the bits that are on.
struct Bits(u64);

impl Iterator for Bits {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let bit = (self.0 != 0).then(|| self.0.trailing_zeros() as usize)?;
        self.0 &= self.0 - 1;
        Some(bit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_full_set_holds_every_row_and_no_more() {
        for n in [0, 1, 63, 64, 65, 200] {
            let full = RowSet::full(n);
            assert_eq!(full.len(), n);
            assert_eq!(full.iter().collect::<Vec<_>>(), (0..n).collect::<Vec<_>>());
            assert!(full.inverted().is_empty());
            assert_eq!(RowSet::empty(n).inverted(), full);
        }
    }

    #[test]
    fn operations_are_those_of_sets() {
        let n = 150;
        let (a, b): (BTreeSet<usize>, BTreeSet<usize>) = ((0..n).step_by(3).collect(), (0..n).step_by(5).collect());
        let (x, y) = (RowSet::of(n, a.iter().copied()), RowSet::of(n, b.iter().copied()));
        let expected = [
            (SetOperation::Replace, b.clone()),
            (SetOperation::Add, a.union(&b).copied().collect()),
            (SetOperation::Subtract, a.difference(&b).copied().collect()),
            (SetOperation::Intersect, a.intersection(&b).copied().collect()),
        ];
        for (operation, rows) in expected {
            let found: BTreeSet<usize> = x.combined(&y, operation).iter().collect();
            assert_eq!(found, rows, "{operation:?}");
        }
    }
}
