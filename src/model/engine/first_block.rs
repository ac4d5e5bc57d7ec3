use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::encoder::sized;
use super::gemm::PackedLinear;

/// Bytes of rows that are kept at most.
const ROOM_BYTES: usize = 64 << 20;

/// What the first block makes of a token at a position before it looks at any other: its query, key and value.
///
/// They depend on nothing else, and molecules use few symbols, so that nearly all are met again: an encoder or decoder of two
/// blocks is spared a fifth of its products. A row is kept when it is first met, for all threads; the result is the same,
/// bit for bit, whether it was kept or not.
#[derive(Debug)]
pub(super) struct FirstBlock {
    /// `(vocab, positions)`
    rows: Vec<OnceLock<Box<[f32]>>>,
    n_positions: usize,
    /// Rows that there is room for.
    room: AtomicUsize,
}

/// Rows that are met for the first time, as buffers of one thread.
#[derive(Debug, Default)]
pub(super) struct NewRows {
    /// Slots of all tokens.
    slots: Vec<usize>,
    /// Places of new ones among them.
    places: Vec<usize>,
    x: Vec<f32>,
    qkv: Vec<f32>,
}

impl FirstBlock {
    /// Nothing is kept yet. `row_len` is that of query, key and value together.
    pub fn new(vocab_size: usize, n_positions: usize, row_len: usize) -> Self {
        let mut rows = Vec::new();
        rows.resize_with(vocab_size * n_positions, OnceLock::new);
        Self { rows, n_positions, room: AtomicUsize::new(ROOM_BYTES / size_of::<f32>() / row_len) }
    }

    /// Query, key and value `(n, 3 d)` of `tokens`, ids with their positions, by the first block's weights.
    ///
    /// * `x` – their normalised embeddings `(n, d)`
    pub fn apply(
        &self,
        weights: &PackedLinear,
        tokens: impl Iterator<Item = (u32, usize)>,
        x: &[f32],
        new: &mut NewRows,
        qkv: &mut [f32],
    ) {
        let (d, row_len) = (weights.n_in(), weights.n_out());
        new.slots.clear();
        new.slots.extend(tokens.map(|(id, t)| id as usize * self.n_positions + t));
        new.places.clear();
        new.x.clear();
        for (place, (&slot, qkv)) in new.slots.iter().zip(qkv.chunks_exact_mut(row_len)).enumerate() {
            if let Some(row) = self.rows[slot].get() {
                qkv.copy_from_slice(row);
            } else {
                new.places.push(place);
                new.x.extend_from_slice(&x[place * d..(place + 1) * d]);
            }
        }
        if new.places.is_empty() {
            return;
        }
        let rows = sized(&mut new.qkv, new.places.len() * row_len);
        weights.apply(&new.x, rows);
        for (&place, row) in new.places.iter().zip(rows.chunks_exact(row_len)) {
            qkv[place * row_len..(place + 1) * row_len].copy_from_slice(row);
            let takes_room = |room: usize| room.checked_sub(1);
            if self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, takes_room).is_ok()
                && self.rows[new.slots[place]].set(row.into()).is_err()
            {
                // Another thread, or an equal token of this call, was first, with the same row.
                self.room.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_the_same_bits_whether_kept_or_not() {
        let (vocab, positions, d) = (5, 4, 8);
        let numbers = |n: usize| (0..n).map(|k| (k as f32 * 0.7).sin()).collect::<Vec<_>>();
        let weights = PackedLinear::new(&numbers(3 * d * d), numbers(3 * d), d);
        let embedding = |(id, t): (u32, usize)| (0..d).map(move |k| (id as f32 + 3.0 * t as f32 + k as f32).cos());
        // With room for two rows only, most are computed each time they are met.
        for room in [0, 2, 100] {
            let first_block = FirstBlock { room: AtomicUsize::new(room), ..FirstBlock::new(vocab, positions, 3 * d) };
            let mut new = NewRows::default();
            for tokens in [vec![(1, 0), (4, 1), (1, 0)], vec![(1, 0)], vec![(2, 3), (4, 1), (0, 2), (1, 0)]] {
                let x: Vec<f32> = tokens.iter().copied().flat_map(embedding).collect();
                let mut expected = vec![0.0; tokens.len() * 3 * d];
                weights.apply(&x, &mut expected);
                let mut found = vec![f32::NAN; expected.len()];
                first_block.apply(&weights, tokens.into_iter(), &x, &mut new, &mut found);
                assert_eq!(found, expected, "room for {room}");
            }
            let n_kept = first_block.rows.iter().filter(|row| row.get().is_some()).count();
            assert_eq!(n_kept, room.min(4));
            assert_eq!(first_block.room.into_inner(), room - n_kept);
        }
    }
}
