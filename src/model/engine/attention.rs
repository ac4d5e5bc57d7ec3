//! Attention of one query over keys and values that were kept.
//!
//! Keys lie in panels of 16 positions, values in panels of 16 features, so that scores and their mixture are the same
//! sum, x Σ panel, which reads straight through.

use pulp::{Arch, Simd, WithSimd};

use super::kernels::softmax;

/// Positions of a panel of keys, features of a panel of values.
const PANEL: usize = 16;
/// Inputs between two looks at where the slices end, as in [`super::gemm`].
const GROUP: usize = 8;

/// One row of a panel, on a cache line of its own.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line([f32; PANEL]);

/// Keys and values of one block for every slot.
pub(super) struct Cache {
    /// `(slots, positions / PANEL, heads · head_dim, PANEL)`.
    keys: Vec<Line>,
    /// `(slots, heads, panels of a head, positions, PANEL)`; the last panel of a head may have columns of zeros.
    values: Vec<Line>,
    n_positions: usize,
    n_heads: usize,
    head_dim: usize,
}

impl Cache {
    /// Room for `n_positions` in each of `n_slots`, of width `d`.
    pub fn new(n_slots: usize, n_positions: usize, d: usize, n_heads: usize) -> Self {
        let n_positions = n_positions.next_multiple_of(PANEL);
        let head_dim = d / n_heads;
        let keys = vec![Line([0.0; PANEL]); n_slots * n_positions / PANEL * d];
        let values = vec![Line([0.0; PANEL]); n_slots * n_heads * head_dim.div_ceil(PANEL) * n_positions];
        Self { keys, values, n_positions, n_heads, head_dim }
    }

    /// Scores that attention needs as scratch.
    pub fn n_scores(&self) -> usize {
        self.n_positions
    }

    fn d(&self) -> usize {
        self.n_heads * self.head_dim
    }

    fn slot_keys(&self, slot: usize) -> std::ops::Range<usize> {
        let len = self.n_positions / PANEL * self.d();
        slot * len..(slot + 1) * len
    }

    fn slot_values(&self, slot: usize) -> std::ops::Range<usize> {
        let len = self.n_heads * self.head_dim.div_ceil(PANEL) * self.n_positions;
        slot * len..(slot + 1) * len
    }

    /// Keeps the key and value `(d,)` of position `t`.
    pub fn write(&mut self, slot: usize, t: usize, key: &[f32], value: &[f32]) {
        let (keys, values) = (self.slot_keys(slot), self.slot_values(slot));
        let d = self.d();
        for (panel, &k) in self.keys[keys][t / PANEL * d..].iter_mut().zip(key) {
            panel.0[t % PANEL] = k;
        }
        let parts = value.chunks_exact(self.head_dim).flat_map(|head| head.chunks(PANEL));
        for (panel, part) in self.values[values].chunks_exact_mut(self.n_positions).zip(parts) {
            panel[t].0[..part.len()].copy_from_slice(part);
        }
    }

    /// Attention of `query` `(d,)`, scaled before, to the first `n` positions of a slot: `out` `(d,)`; `scores` is scratch
    /// of [`Self::n_scores`] values.
    pub fn attend(&self, slot: usize, n: usize, query: &[f32], scores: &mut [f32], out: &mut [f32]) {
        let (keys, values) = (&self.keys[self.slot_keys(slot)], &self.values[self.slot_values(slot)]);
        Arch::new().dispatch(Attention { cache: self, keys, values, n, query, scores, out });
    }
}

struct Attention<'a> {
    cache: &'a Cache,
    keys: &'a [Line],
    values: &'a [Line],
    n: usize,
    query: &'a [f32],
    scores: &'a mut [f32],
    out: &'a mut [f32],
}

impl WithSimd for Attention<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F32_LANES {
            16 => self.run::<S, 1>(simd),
            8 => self.run::<S, 2>(simd),
            4 => self.run::<S, 4>(simd),
            _ => self.run::<S, PANEL>(simd),
        }
    }
}

impl Attention<'_> {
    #[inline(always)]
    fn run<S: Simd, const VECS: usize>(self, simd: S) {
        let Self { cache, keys, values, n, query, scores, out } = self;
        let (d, head_dim) = (cache.d(), cache.head_dim);
        let n_panels = n.div_ceil(PANEL);
        let head_values = values.chunks_exact(head_dim.div_ceil(PANEL) * cache.n_positions);
        let heads = query.chunks_exact(head_dim).zip(head_values).zip(out.chunks_exact_mut(head_dim));
        for (head, ((query, values), out)) in heads.enumerate() {
            let panels = |p: usize| &keys[p * d + head * head_dim..][..head_dim];
            combine_all::<S, VECS>(simd, query, panels, &mut scores[..n_panels * PANEL]);
            softmax(&mut scores[..n]);
            let panels = |p: usize| &values[p * cache.n_positions..][..n];
            combine_all::<S, VECS>(simd, &scores[..n], panels, out);
        }
    }
}

/// out = Σ_k x[k] panel[k], for all panels that `out` spans, up to four side by side.
#[inline(always)]
fn combine_all<'a, S: Simd, const VECS: usize>(
    simd: S,
    x: &[f32],
    panels: impl Fn(usize) -> &'a [Line],
    out: &mut [f32],
) {
    let n_panels = out.len().div_ceil(PANEL);
    let mut p = 0;
    while p < n_panels {
        let out = &mut out[p * PANEL..];
        p += match n_panels - p {
            4.. => combine::<S, 4, VECS>(simd, x, std::array::from_fn(|b| panels(p + b)), out),
            2.. => combine::<S, 2, VECS>(simd, x, std::array::from_fn(|b| panels(p + b)), out),
            _ => combine::<S, 1, VECS>(simd, x, [panels(p)], out),
        };
    }
}

/// The sums of `B` panels; returns `B`.
#[inline(always)]
fn combine<S: Simd, const B: usize, const VECS: usize>(
    simd: S,
    x: &[f32],
    panels: [&[Line]; B],
    out: &mut [f32],
) -> usize {
    let mut sums = [[simd.splat_f32s(0.0); VECS]; B];
    let (groups, rest) = x.as_chunks::<GROUP>();
    for (g, x) in groups.iter().enumerate() {
        let rows: [&[Line; GROUP]; B] =
            std::array::from_fn(|b| panels[b][g * GROUP..].first_chunk().expect("rows of a group"));
        sums = add_group(simd, x, rows, sums);
    }
    for (k, &x) in (groups.len() * GROUP..).zip(rest) {
        let rows: [&[Line; 1]; B] = std::array::from_fn(|b| panels[b][k..].first_chunk().expect("a row"));
        sums = add_group(simd, &[x], rows, sums);
    }
    for (out, sums) in out.chunks_mut(PANEL).zip(sums) {
        let mut whole = [0.0; PANEL];
        S::as_mut_simd_f32s(&mut whole).0.copy_from_slice(&sums);
        out.copy_from_slice(&whole[..out.len()]);
    }
    B
}

/// Sums of `N` inputs further. Nothing in here can fail, so that the sums stay in registers.
#[inline(always)]
fn add_group<S: Simd, const B: usize, const VECS: usize, const N: usize>(
    simd: S,
    x: &[f32; N],
    rows: [&[Line; N]; B],
    mut sums: [[S::f32s; VECS]; B],
) -> [[S::f32s; VECS]; B] {
    for k in 0..N {
        let x = simd.splat_f32s(x[k]);
        for b in 0..B {
            let row = S::as_simd_f32s(&rows[b][k].0).0.first_chunk::<VECS>().expect("vectors of a panel");
            for v in 0..VECS {
                sums[b][v] = simd.mul_add_f32s(row[v], x, sums[b][v]);
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: u32) -> Vec<f32> {
        (0..n as u32)
            .map(|k| (k.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 8) as f32 / (1 << 23) as f32 - 1.0)
            .collect()
    }

    #[test]
    fn attention_is_the_softmax_of_scores_over_values() {
        for (n_heads, head_dim, n) in [(1, 1, 1), (2, 5, 3), (4, 16, 16), (3, 24, 17), (4, 64, 61), (2, 72, 130)] {
            let d = n_heads * head_dim;
            let mut cache = Cache::new(3, n, d, n_heads);
            let (keys, values, query) = (numbers(n * d, 1), numbers(n * d, 2), numbers(d, 3));
            for t in 0..n {
                let row = t * d..(t + 1) * d;
                cache.write(1, t, &keys[row.clone()], &values[row]);
            }
            let (mut scores, mut out) = (vec![f32::NAN; cache.n_scores()], vec![f32::NAN; d]);
            cache.attend(1, n, &query, &mut scores, &mut out);
            for head in 0..n_heads {
                let features = head * head_dim..(head + 1) * head_dim;
                let dot =
                    |t: usize| features.clone().map(|j| f64::from(query[j]) * f64::from(keys[t * d + j])).sum::<f64>();
                let weights: Vec<f64> = (0..n).map(|t| dot(t).exp()).collect();
                let total: f64 = weights.iter().sum();
                for j in features.clone() {
                    let exact = (0..n).map(|t| weights[t] * f64::from(values[t * d + j])).sum::<f64>() / total;
                    let found = f64::from(out[j]);
                    assert!((found - exact).abs() < 1e-5, "{n_heads} x {head_dim}, {n} positions: {found} {exact}");
                }
            }
        }
    }
}
