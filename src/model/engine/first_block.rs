use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use super::encoder::sized;
use super::gemm::PackedLinear;

/// Bytes of rows that are kept at most.
const ROOM_BYTES: usize = 64 << 20;

/// A token and its position.
pub(super) type Place = (u32, usize);

/// What the first block makes of a token at a position before it looks at any other: its query, key and value.
///
/// They depend on nothing else, and molecules use few symbols, so that nearly all are met again: an encoder or decoder of two
/// blocks is spared a fifth of its products. A row is kept when it is first met, for all threads; the result is the same,
/// bit for bit, whether it was kept or not.
#[derive(Debug)]
pub(super) struct FirstBlock {
    rows: RwLock<HashMap<Place, Box<[f32]>>>,
    most_rows: usize,
}

/// Rows that are met for the first time, as buffers of one thread.
#[derive(Debug, Default)]
pub(super) struct NewRows {
    /// Where they stand among the tokens of a call.
    tokens: Vec<(usize, Place)>,
    x: Vec<f32>,
    qkv: Vec<f32>,
}

impl FirstBlock {
    /// Nothing is kept yet. `row_len` is that of query, key and value together.
    pub fn new(row_len: usize) -> Self {
        Self { rows: RwLock::default(), most_rows: ROOM_BYTES / size_of::<f32>() / row_len }
    }

    /// Query, key and value `(n, 3 d)` of `tokens` by the first block's weights.
    ///
    /// * `x` – their normalised embeddings `(n, d)`
    pub fn apply(
        &self,
        weights: &PackedLinear,
        tokens: impl Iterator<Item = Place>,
        x: &[f32],
        new: &mut NewRows,
        qkv: &mut [f32],
    ) {
        let (d, row_len) = (weights.n_in(), weights.n_out());
        new.tokens.clear();
        new.x.clear();
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        for (k, (token, qkv)) in tokens.zip(qkv.chunks_exact_mut(row_len)).enumerate() {
            if let Some(row) = rows.get(&token) {
                qkv.copy_from_slice(row);
            } else {
                new.tokens.push((k, token));
                new.x.extend_from_slice(&x[k * d..(k + 1) * d]);
            }
        }
        drop(rows);
        if new.tokens.is_empty() {
            return;
        }
        let computed = sized(&mut new.qkv, new.tokens.len() * row_len);
        weights.apply(&new.x, computed);
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        for (&(k, token), row) in new.tokens.iter().zip(computed.chunks_exact(row_len)) {
            qkv[k * row_len..(k + 1) * row_len].copy_from_slice(row);
            if rows.len() < self.most_rows {
                // Another thread, or an equal token of this call, may have been first, with the same row.
                rows.entry(token).or_insert_with(|| row.into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_the_same_bits_whether_kept_or_not() {
        let d = 8;
        let numbers = |n: usize| (0..n).map(|k| (k as f32 * 0.7).sin()).collect::<Vec<_>>();
        let weights = PackedLinear::new(&numbers(3 * d * d), numbers(3 * d), d);
        let embedding = |(id, t): Place| (0..d).map(move |k| (id as f32 + 3.0 * t as f32 + k as f32).cos());
        // With room for two rows only, most are computed each time they are met.
        for most_rows in [0, 2, 100] {
            let first_block = FirstBlock { most_rows, ..FirstBlock::new(3 * d) };
            let mut new = NewRows::default();
            for tokens in [vec![(1, 0), (4, 1), (1, 0)], vec![(1, 0)], vec![(2, 3), (4, 1), (0, 2), (1, 0)]] {
                let x: Vec<f32> = tokens.iter().copied().flat_map(embedding).collect();
                let mut expected = vec![0.0; tokens.len() * 3 * d];
                weights.apply(&x, &mut expected);
                let mut found = vec![f32::NAN; expected.len()];
                first_block.apply(&weights, tokens.into_iter(), &x, &mut new, &mut found);
                assert_eq!(found, expected, "room for {most_rows}");
            }
            assert_eq!(first_block.rows.into_inner().unwrap().len(), most_rows.min(4));
        }
    }
}
