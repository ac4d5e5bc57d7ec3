//! The sums over all data points that make a thin-plate surface's energy and gradient, for many query points at once.
//!
//! Query points sit in the lanes of vector registers, so every lane does the same arithmetic in the same order whatever
//! its neighbours hold: a point's energy is the same bits in a batch of one and in a batch of a thousand, with AVX2 and
//! with AVX-512. Both products (distances, then gradients) run as register tiles over blocks of data that stay in cache.

use std::ops::Range;

use pulp::bytemuck::{cast_slice, cast_slice_mut};
use pulp::{Arch, Simd, WithSimd};

use super::logarithm::ln;

/// Data rows handled between the two products; with the query panel they fit the first-level cache.
pub const BLOCK: usize = 32;
/// Rows are padded to a multiple of this: the tallest register tile.
const ROW_TILE: usize = 8;
/// Up to this dimension squared distances are summed from differences; above, from the product and the norms.
const DIRECT_DIM: usize = 12;
/// Below this share of |q|² + |x|² a squared distance from norms has lost too many digits and is summed again.
const CANCELLATION: f64 = 1e-3;
/// Panels that pass over the data together: they stay in the second-level cache while the data stream by.
pub const PANELS_TOGETHER: usize = 8;

/// Centres and weights as the kernel wants them: rows padded with zero weight, coordinates relative to an origin.
#[derive(Debug, Clone)]
pub struct Centres {
    dim: usize,
    n_rows: usize,
    /// (`n_rows`, `dim`)
    coordinates: Vec<f64>,
    /// The same transposed, (`dim`, `n_rows`): Hessians pick coordinates.
    columns: Vec<f64>,
    /// (`n_rows`,)
    squared_norms: Vec<f64>,
    /// (`n_rows`,), zero in padding rows
    weights: Vec<f64>,
}

impl Centres {
    /// * `coordinates` – (n, `dim`), already relative to the origin queries will use
    /// * `weights` – (n,)
    pub fn new(dim: usize, coordinates: &[f64], weights: &[f64]) -> Self {
        let n_rows = weights.len().next_multiple_of(ROW_TILE);
        let mut coordinates = coordinates.to_vec();
        coordinates.resize(n_rows * dim, 0.0);
        let mut weights = weights.to_vec();
        weights.resize(n_rows, 0.0);
        let squared_norms = coordinates.chunks_exact(dim).map(squared_norm).collect();
        let mut columns = vec![0.0; coordinates.len()];
        for (i, row) in coordinates.chunks_exact(dim).enumerate() {
            row.iter().enumerate().for_each(|(k, x)| columns[k * n_rows + i] = *x);
        }
        Self { dim, n_rows, coordinates, columns, squared_norms, weights }
    }

    /// Σ w φ(r) and Σ w (2 ln r + 1)(q − x) for queries of shape (n, dim), relative to the same origin.
    pub fn energies_and_gradients(&self, queries: &[f64], energies: &mut [f64], gradients: &mut [f64]) {
        Arch::new().dispatch(Batch { centres: self, queries, energies, gradients });
    }

    /// Coordinates with the padding rows, (n rows, dim).
    pub fn coordinates(&self) -> &[f64] {
        &self.coordinates
    }

    /// Weights with the zeros of padding rows.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Number of coordinates.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Row `i` of the coordinates.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.coordinates[i * self.dim..(i + 1) * self.dim]
    }

    /// Coordinate `k` of all rows, (n rows,).
    pub fn column(&self, k: usize) -> &[f64] {
        &self.columns[k * self.n_rows..(k + 1) * self.n_rows]
    }

    /// Rows in the blocks that are handled between two products.
    pub fn blocks(&self) -> impl Iterator<Item = Range<usize>> {
        (0..self.n_rows).step_by(BLOCK).map(|first| first..(first + BLOCK).min(self.n_rows))
    }

    /// Whether distances are summed from differences (few coordinates) and not taken from products and norms.
    pub fn is_direct(&self) -> bool {
        self.dim <= DIRECT_DIM
    }

    /// Whether a squared distance out of a product and norms is too small a share of |q|² + |x_i|² to be trusted.
    pub fn is_suspect(&self, r2: f64, i: usize, query_norm: f64) -> bool {
        r2 < CANCELLATION * (self.squared_norms[i] + query_norm)
    }
}

pub fn squared_norm(x: &[f64]) -> f64 {
    x.iter().map(|v| v * v).sum()
}

struct Batch<'a> {
    centres: &'a Centres,
    queries: &'a [f64],
    energies: &'a mut [f64],
    gradients: &'a mut [f64],
}

impl WithSimd for Batch<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let d = self.centres.dim;
        let wide = 3 * S::F64_LANES;
        let group = PANELS_TOGETHER * wide;
        let results = self.energies.chunks_mut(group).zip(self.gradients.chunks_mut(group * d));
        for (queries, (energies, gradients)) in self.queries.chunks(group * d).zip(results) {
            let mut panels: Vec<Panel<S>> =
                queries.chunks(wide * d).map(|queries| Panel::new(simd, self.centres, queries)).collect();
            for rows in self.centres.blocks() {
                for panel in &mut panels {
                    match panel.vectors {
                        1 => panel.add_block::<1>(simd, self.centres, rows.clone()),
                        2 => panel.add_block::<2>(simd, self.centres, rows.clone()),
                        _ => panel.add_block::<3>(simd, self.centres, rows.clone()),
                    }
                }
            }
            let results = energies.chunks_mut(wide).zip(gradients.chunks_mut(wide * d));
            for (panel, (energies, gradients)) in panels.iter_mut().zip(results) {
                panel.finish(d, energies, gradients);
            }
        }
    }
}

/// Up to three vectors of query points and the sums gathered for them.
struct Panel<S: Simd> {
    /// Vectors in use, 1 to 3.
    vectors: usize,
    /// Coordinates, (d, vectors) vectors.
    queries: Vec<S::f64s>,
    /// Squared norms, (vectors,) vectors.
    squared_norms: Vec<S::f64s>,
    /// Σ w r² ln r², (vectors,) vectors.
    energies: Vec<S::f64s>,
    /// Σ c with c = w (ln r² + 1), (vectors,) vectors.
    coefficient_sums: Vec<S::f64s>,
    /// Σ c x, (d, vectors) vectors.
    weighted_centres: Vec<S::f64s>,
    /// Squared distances, then coefficients c of the block at hand, (BLOCK, vectors) vectors.
    block: Vec<S::f64s>,
}

impl<S: Simd> Panel<S> {
    #[inline(always)]
    fn new(simd: S, centres: &Centres, queries: &[f64]) -> Self {
        let d = centres.dim;
        let n = queries.len() / d;
        let vectors = n.div_ceil(S::F64_LANES);
        let lanes = vectors * S::F64_LANES;
        let zero = simd.splat_f64s(0.0);
        let mut panel = Self {
            vectors,
            queries: vec![zero; d * vectors],
            squared_norms: vec![zero; vectors],
            energies: vec![zero; vectors],
            coefficient_sums: vec![zero; vectors],
            weighted_centres: vec![zero; d * vectors],
            block: vec![zero; BLOCK * vectors],
        };
        let coordinates: &mut [f64] = cast_slice_mut(&mut panel.queries);
        let norms: &mut [f64] = cast_slice_mut(&mut panel.squared_norms);
        for (p, x) in queries.chunks_exact(d).enumerate() {
            for (k, &value) in x.iter().enumerate() {
                coordinates[k * lanes + p] = value;
            }
            norms[p] = squared_norm(x);
        }
        panel
    }

    #[inline(always)]
    fn add_block<const V: usize>(&mut self, simd: S, centres: &Centres, rows: Range<usize>) {
        squared_distances::<S, V>(simd, centres, rows.clone(), &self.queries, &self.squared_norms, &mut self.block);
        self.coefficients(centres, rows.clone());
        add_weighted_rows::<S, V>(simd, centres, rows, &self.block, &mut self.weighted_centres);
    }

    /// Turns squared distances into coefficients c = w (ln r² + 1), adding up energies and coefficients on the way.
    #[inline(always)]
    fn coefficients(&mut self, centres: &Centres, rows: Range<usize>) {
        let lanes = self.vectors * S::F64_LANES;
        let block: &mut [f64] = cast_slice_mut(&mut self.block);
        let energies: &mut [f64] = cast_slice_mut(&mut self.energies);
        let sums: &mut [f64] = cast_slice_mut(&mut self.coefficient_sums);
        for (i, block) in rows.zip(block.chunks_exact_mut(lanes)) {
            let w = centres.weights[i];
            for ((r2, energy), sum) in block.iter_mut().zip(energies.iter_mut()).zip(sums.iter_mut()) {
                // On a data point the singular term counts as 0.
                let log = if *r2 > 0.0 { ln(r2.max(f64::MIN_POSITIVE)) } else { 0.0 };
                *energy = (w * *r2).mul_add(log, *energy);
                let c = w.mul_add(log, w);
                *sum += c;
                *r2 = c;
            }
        }
    }

    /// Σ ½ w r² ln r² and q Σc − Σ c x, transposed back to one row a point.
    fn finish(&mut self, d: usize, energies: &mut [f64], gradients: &mut [f64]) {
        let lanes = self.vectors * S::F64_LANES;
        let queries: &mut [f64] = cast_slice_mut(&mut self.queries);
        let sums: &mut [f64] = cast_slice_mut(&mut self.coefficient_sums);
        let weighted: &mut [f64] = cast_slice_mut(&mut self.weighted_centres);
        let doubled: &mut [f64] = cast_slice_mut(&mut self.energies);
        for (p, (energy, gradient)) in energies.iter_mut().zip(gradients.chunks_exact_mut(d)).enumerate() {
            *energy = 0.5 * doubled[p];
            for (k, value) in gradient.iter_mut().enumerate() {
                *value = queries[k * lanes + p] * sums[p] - weighted[k * lanes + p];
            }
        }
    }
}

/// First product: squared distances of the block's rows to V vectors of points, into `block`, (rows, V) vectors.
///
/// * `queries` – (d, V) vectors
/// * `norms` – squared norms of the points, (V,) vectors
#[inline(always)]
pub fn squared_distances<S: Simd, const V: usize>(
    simd: S,
    centres: &Centres,
    rows: Range<usize>,
    queries: &[S::f64s],
    norms: &[S::f64s],
    block: &mut [S::f64s],
) {
    if centres.is_direct() {
        for i in rows.clone() {
            let sums = differences_tile::<S, V>(simd, centres.row(i), queries);
            block[(i - rows.start) * V..][..V].copy_from_slice(&sums);
        }
        return;
    }
    let (two, zero) = (simd.splat_f64s(2.0), simd.splat_f64s(0.0));
    products::<S, V>(simd, centres, rows.clone(), queries, block);
    for (i, out) in rows.clone().zip(block.chunks_exact_mut(V)) {
        let norm = simd.splat_f64s(centres.squared_norms[i]);
        for (value, &query_norm) in out.iter_mut().zip(norms) {
            let sum = simd.add_f64s(norm, query_norm);
            *value = simd.max_f64s(simd.negate_mul_add_f64s(two, *value, sum), zero);
        }
    }
    let lanes = V * S::F64_LANES;
    let (queries, norms): (&[f64], &[f64]) = (cast_slice(queries), cast_slice(norms));
    for (i, distances) in rows.zip(cast_slice_mut::<_, f64>(block).chunks_exact_mut(lanes)) {
        let suspects = distances.iter().zip(norms).filter(|(r2, q)| centres.is_suspect(**r2, i, **q)).count();
        if suspects == 0 {
            continue;
        }
        for (p, r2) in distances.iter_mut().enumerate() {
            if centres.is_suspect(*r2, i, norms[p]) {
                let row = centres.row(i).iter().enumerate();
                *r2 =
                    row.fold(0.0, |sum, (k, x)| (queries[k * lanes + p] - x).mul_add(queries[k * lanes + p] - x, sum));
            }
        }
    }
}

/// x_i · q of the block's rows and V vectors of points, into `block`, (rows, V) vectors.
#[inline(always)]
pub fn products<S: Simd, const V: usize>(
    simd: S,
    centres: &Centres,
    rows: Range<usize>,
    queries: &[S::f64s],
    block: &mut [S::f64s],
) {
    let d = centres.dim;
    let tile_rows = if S::REGISTER_COUNT >= 32 { 8 } else { 4 };
    for i in rows.clone().step_by(tile_rows) {
        let x = &centres.coordinates[i * d..(i + tile_rows) * d];
        let out = &mut block[(i - rows.start) * V..][..tile_rows * V];
        if tile_rows == 8 {
            product_tile::<S, 8, V>(simd, x, d, queries, out);
        } else {
            product_tile::<S, 4, V>(simd, x, d, queries, out);
        }
    }
}

/// Adds Σ c x of the block's rows to `sums`, (d, V) vectors; c in `coefficients`, (rows, V) vectors.
#[inline(always)]
pub fn add_weighted_rows<S: Simd, const V: usize>(
    simd: S,
    centres: &Centres,
    rows: Range<usize>,
    coefficients: &[S::f64s],
    sums: &mut [S::f64s],
) {
    let d = centres.dim;
    let x = &centres.coordinates[rows.start * d..rows.end * d];
    let coefficients = &coefficients[..rows.len() * V];
    let mut k = 0;
    if S::REGISTER_COUNT >= 32 {
        while k + 8 <= d {
            outer_tile::<S, 8, V>(simd, &x[k..], d, coefficients, &mut sums[k * V..][..8 * V]);
            k += 8;
        }
    }
    while k + 4 <= d {
        outer_tile::<S, 4, V>(simd, &x[k..], d, coefficients, &mut sums[k * V..][..4 * V]);
        k += 4;
    }
    while k < d {
        outer_tile::<S, 1, V>(simd, &x[k..], d, coefficients, &mut sums[k * V..][..V]);
        k += 1;
    }
}

/// Σ_k (q_k − x_k)² of one row against V vectors of points.
#[inline(always)]
fn differences_tile<S: Simd, const V: usize>(simd: S, x: &[f64], queries: &[S::f64s]) -> [S::f64s; V] {
    let mut sums = [simd.splat_f64s(0.0); V];
    for (x, queries) in x.iter().zip(queries.chunks_exact(V)) {
        let x = simd.splat_f64s(*x);
        for v in 0..V {
            let difference = simd.sub_f64s(queries[v], x);
            sums[v] = simd.mul_add_f64s(difference, difference, sums[v]);
        }
    }
    sums
}

/// x_i · q for R rows against V vectors of points.
#[inline(always)]
fn product_tile<S: Simd, const R: usize, const V: usize>(
    simd: S,
    x: &[f64],
    d: usize,
    queries: &[S::f64s],
    out: &mut [S::f64s],
) {
    let rows: [&[f64]; R] = std::array::from_fn(|r| &x[r * d..r * d + d]);
    let mut sums = [[simd.splat_f64s(0.0); V]; R];
    for (k, queries) in queries.chunks_exact(V).enumerate().take(d) {
        for r in 0..R {
            let x = simd.splat_f64s(rows[r][k]);
            for v in 0..V {
                sums[r][v] = simd.mul_add_f64s(x, queries[v], sums[r][v]);
            }
        }
    }
    for (out, sums) in out.chunks_exact_mut(V).zip(&sums) {
        out.copy_from_slice(sums);
    }
}

/// Adds Σ_i c_i x_i over the rows for K neighbouring coordinates and V vectors of points.
#[inline(always)]
fn outer_tile<S: Simd, const K: usize, const V: usize>(
    simd: S,
    x: &[f64],
    d: usize,
    coefficients: &[S::f64s],
    out: &mut [S::f64s],
) {
    let mut sums = [[simd.splat_f64s(0.0); V]; K];
    for (sums, out) in sums.iter_mut().zip(out.chunks_exact(V)) {
        sums.copy_from_slice(out);
    }
    for (i, coefficients) in coefficients.chunks_exact(V).enumerate() {
        let x = &x[i * d..i * d + K];
        for k in 0..K {
            let x = simd.splat_f64s(x[k]);
            for v in 0..V {
                sums[k][v] = simd.mul_add_f64s(x, coefficients[v], sums[k][v]);
            }
        }
    }
    for (out, sums) in out.chunks_exact_mut(V).zip(&sums) {
        out.copy_from_slice(sums);
    }
}
