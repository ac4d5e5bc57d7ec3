//! Exact nearest neighbours, by matrix products.

use super::rows::{Rows, squared_distance};
use crate::jobs::{Observe, Progress};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

/// A neighbour of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// Which row.
    pub index: u32,
    /// Euclidean distance.
    pub distance: f32,
}

/// The k nearest neighbours of each row, nearest first; among equally distant ones the lower index comes first.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    k: usize,
    all: Vec<Neighbour>,
}

impl Neighbours {
    /// The number of neighbours of each row.
    pub fn k(&self) -> usize {
        self.k
    }

    /// The neighbours of a row.
    pub fn of(&self, row: usize) -> &[Neighbour] {
        &self.all[row * self.k..][..self.k]
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.all.len() / self.k.max(1)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

/// Rows compared in one matrix product.
const BLOCK: usize = 256;
/// Candidates beyond k that are compared exactly: products in single precision may swap near ties.
const SPARE: usize = 12;

/// The `k` nearest of `among` for each of `queries`; `same` when both are the same rows, which are then not their own
/// neighbours. `None` when `observe` breaks. O(n · m · d).
pub(super) fn nearest(
    queries: &Rows<'_>,
    among: &Rows<'_>,
    k: usize,
    same: bool,
    observe: Observe<'_>,
) -> Option<Neighbours> {
    let (n, m, d) = (queries.len(), among.len(), among.dimension);
    let k = k.min(m - usize::from(same && m > 0));
    let squares: Vec<f32> = among.data.par_chunks(d).map(|row| row.iter().map(|v| v * v).sum()).collect();
    let reference = MatRef::from_row_major_slice(among.data, m, d);
    let mut all = Vec::with_capacity(n * k);
    let mut products = vec![0.0_f32; BLOCK * m];
    for (block, rows) in queries.data.chunks(BLOCK * d).enumerate() {
        let n_rows = rows.len() / d;
        let products = &mut products[..n_rows * m];
        let out = MatMut::from_row_major_slice_mut(products, n_rows, m);
        let left = MatRef::from_row_major_slice(rows, n_rows, d);
        matmul(out, Accum::Replace, left, reference.transpose(), -2.0, Par::rayon(0));
        let found: Vec<Vec<Neighbour>> = products
            .par_chunks(m)
            .zip(rows.par_chunks(d))
            .enumerate()
            .map(|(i, (products, row))| {
                let own = same.then_some(block * BLOCK + i);
                nearest_of_row(row, products, &squares, among, k, own)
            })
            .collect();
        all.extend(found.into_iter().flatten());
        let done = (block * BLOCK + n_rows) as u64;
        if observe(Progress::new("neighbours", done, Some(n as u64))).is_break() {
            return None;
        }
    }
    Some(Neighbours { k, all })
}

fn nearest_of_row(
    row: &[f32],
    products: &[f32],
    squares: &[f32],
    among: &Rows<'_>,
    k: usize,
    own: Option<usize>,
) -> Vec<Neighbour> {
    let approximate = |j: usize| squares[j] + products[j];
    let mut candidates: Vec<(f32, u32)> =
        (0..squares.len()).filter(|&j| Some(j) != own).map(|j| (approximate(j), j as u32)).collect();
    let by_distance = |a: &(f32, u32), b: &(f32, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    let n_compared = (k + SPARE).min(candidates.len());
    if n_compared < candidates.len() && n_compared > 0 {
        candidates.select_nth_unstable_by(n_compared - 1, by_distance);
        candidates.truncate(n_compared);
    }
    let mut exact: Vec<(f64, u32)> =
        candidates.iter().map(|&(_, j)| (squared_distance(row, among.row(j as usize)), j)).collect();
    exact.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    exact.truncate(k);
    exact.into_iter().map(|(d2, index)| Neighbour { index, distance: d2.sqrt() as f32 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::silent;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn neighbours_are_those_of_brute_force() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let (n, d) = (700, 19);
        // Far from the origin, where products lose digits, and with rows that occur twice.
        let mut data: Vec<f32> = (0..n * d).map(|_| 10.0 + rng.random::<f32>()).collect();
        data.copy_within(0..3 * d, 500 * d);
        let rows = Rows::new(&data, d).unwrap();
        let found = nearest(&rows, &rows, 9, true, &mut silent).unwrap();
        for i in 0..n {
            let mut expected: Vec<(f64, u32)> =
                (0..n).filter(|&j| j != i).map(|j| (squared_distance(rows.row(i), rows.row(j)), j as u32)).collect();
            expected.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let found: Vec<u32> = found.of(i).iter().map(|f| f.index).collect();
            let expected: Vec<u32> = expected[..9].iter().map(|e| e.1).collect();
            assert_eq!(found, expected, "row {i}");
        }
    }

    #[test]
    fn few_rows_have_few_neighbours() {
        let data = [0.0, 1.0, 3.0];
        let rows = Rows::new(&data, 1).unwrap();
        let found = nearest(&rows, &rows, 10, true, &mut silent).unwrap();
        assert_eq!(found.k(), 2);
        assert_eq!(found.of(0)[1], Neighbour { index: 2, distance: 3.0 });
    }
}
