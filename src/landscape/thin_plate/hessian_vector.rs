//! Hessian times vector of a thin-plate surface for many pairs of a point and a vector at once.
//!
//! H v = v Σ c + q Σ s − Σ s x with c = w (ln r² + 1) and s = 2 w ((q − x)·v) / r²: three products with the data, in the
//! same register tiles as energies and gradients (see `kernel`), and so with the same bits in any batch.

use std::ops::Range;

use pulp::bytemuck::{cast_slice, cast_slice_mut};
use pulp::{Arch, Simd, WithSimd};

use super::kernel::{BLOCK, Centres, PANELS_TOGETHER, add_weighted_rows, products, squared_distances, squared_norm};
use super::logarithm::ln;

impl Centres {
    /// H v for points and vectors of shape (n, dim), into `out` of the same shape.
    pub fn hessian_vectors(&self, queries: &[f64], vectors: &[f64], out: &mut [f64]) {
        Arch::new().dispatch(Batch { centres: self, queries, vectors, out });
    }
}

struct Batch<'a> {
    centres: &'a Centres,
    queries: &'a [f64],
    vectors: &'a [f64],
    out: &'a mut [f64],
}

impl WithSimd for Batch<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let wide = 3 * S::F64_LANES * self.centres.dim();
        let group = PANELS_TOGETHER * wide;
        let pairs = self.queries.chunks(group).zip(self.vectors.chunks(group));
        for ((queries, vectors), out) in pairs.zip(self.out.chunks_mut(group)) {
            let mut panels: Vec<Panel<S>> = queries
                .chunks(wide)
                .zip(vectors.chunks(wide))
                .map(|(queries, vectors)| Panel::new(simd, self.centres.dim(), queries, vectors))
                .collect();
            for rows in self.centres.blocks() {
                for panel in &mut panels {
                    match panel.width {
                        1 => panel.add_block::<1>(simd, self.centres, rows.clone()),
                        2 => panel.add_block::<2>(simd, self.centres, rows.clone()),
                        _ => panel.add_block::<3>(simd, self.centres, rows.clone()),
                    }
                }
            }
            for (panel, out) in panels.iter().zip(out.chunks_mut(wide)) {
                panel.finish(self.centres.dim(), out);
            }
        }
    }
}

/// Up to three vectors of pairs and the sums gathered for them.
struct Panel<S: Simd> {
    /// Vectors in use, 1 to 3.
    width: usize,
    /// Points q, (d, width) vectors.
    queries: Vec<S::f64s>,
    /// Vectors v, (d, width) vectors.
    vectors: Vec<S::f64s>,
    /// |q|² and q·v, (width,) vectors each.
    squared_norms: Vec<S::f64s>,
    along: Vec<S::f64s>,
    /// Σ c and Σ s, (width,) vectors each.
    c_sums: Vec<S::f64s>,
    s_sums: Vec<S::f64s>,
    /// Σ s x, (d, width) vectors.
    weighted_centres: Vec<S::f64s>,
    /// Squared distances, then s, of the block at hand, (BLOCK, width) vectors.
    block: Vec<S::f64s>,
    /// x·v, then (q − x)·v, (BLOCK, width) vectors.
    projections: Vec<S::f64s>,
}

impl<S: Simd> Panel<S> {
    #[inline(always)]
    fn new(simd: S, d: usize, queries: &[f64], vectors: &[f64]) -> Self {
        let width = (queries.len() / d).div_ceil(S::F64_LANES);
        let lanes = width * S::F64_LANES;
        let zeros = |n: usize| vec![simd.splat_f64s(0.0); n];
        let mut panel = Self {
            width,
            queries: zeros(d * width),
            vectors: zeros(d * width),
            squared_norms: zeros(width),
            along: zeros(width),
            c_sums: zeros(width),
            s_sums: zeros(width),
            weighted_centres: zeros(d * width),
            block: zeros(BLOCK * width),
            projections: zeros(BLOCK * width),
        };
        let norms: &mut [f64] = cast_slice_mut(&mut panel.squared_norms);
        let along: &mut [f64] = cast_slice_mut(&mut panel.along);
        let q_lanes: &mut [f64] = cast_slice_mut(&mut panel.queries);
        let v_lanes: &mut [f64] = cast_slice_mut(&mut panel.vectors);
        for (p, (q, v)) in queries.chunks_exact(d).zip(vectors.chunks_exact(d)).enumerate() {
            for k in 0..d {
                q_lanes[k * lanes + p] = q[k];
                v_lanes[k * lanes + p] = v[k];
            }
            norms[p] = squared_norm(q);
            along[p] = q.iter().zip(v).map(|(q, v)| q * v).sum();
        }
        panel
    }

    #[inline(always)]
    fn add_block<const V: usize>(&mut self, simd: S, centres: &Centres, rows: Range<usize>) {
        squared_distances::<S, V>(simd, centres, rows.clone(), &self.queries, &self.squared_norms, &mut self.block);
        if !centres.is_direct() {
            products::<S, V>(simd, centres, rows.clone(), &self.vectors, &mut self.projections);
        }
        self.mend_projections(centres, rows.clone());
        self.coefficients(centres, rows.clone());
        add_weighted_rows::<S, V>(simd, centres, rows, &self.block, &mut self.weighted_centres);
    }

    /// Turns x·v into (q − x)·v, summed from differences where the two nearly cancel.
    #[inline(always)]
    fn mend_projections(&mut self, centres: &Centres, rows: Range<usize>) {
        let lanes = self.width * S::F64_LANES;
        let (queries, vectors): (&[f64], &[f64]) = (cast_slice(&self.queries), cast_slice(&self.vectors));
        let (norms, along): (&[f64], &[f64]) = (cast_slice(&self.squared_norms), cast_slice(&self.along));
        let distances: &[f64] = cast_slice(&self.block);
        let projections: &mut [f64] = cast_slice_mut(&mut self.projections);
        for (i, (distances, projections)) in
            rows.zip(distances.chunks_exact(lanes).zip(projections.chunks_exact_mut(lanes)))
        {
            let from_differences = |p: usize| {
                let row = centres.row(i).iter().enumerate();
                row.fold(0.0, |sum, (k, x)| (queries[k * lanes + p] - x).mul_add(vectors[k * lanes + p], sum))
            };
            if centres.is_direct() {
                projections.iter_mut().enumerate().for_each(|(p, value)| *value = from_differences(p));
                continue;
            }
            let suspects = distances.iter().zip(norms).filter(|(r2, q)| centres.is_suspect(**r2, i, **q)).count();
            for (value, along) in projections.iter_mut().zip(along) {
                *value = along - *value;
            }
            if suspects > 0 {
                for p in 0..lanes {
                    if centres.is_suspect(distances[p], i, norms[p]) {
                        projections[p] = from_differences(p);
                    }
                }
            }
        }
    }

    /// Turns squared distances into s = 2 w ((q − x)·v) / r², adding up c and s on the way.
    #[inline(always)]
    fn coefficients(&mut self, centres: &Centres, rows: Range<usize>) {
        let lanes = self.width * S::F64_LANES;
        let block: &mut [f64] = cast_slice_mut(&mut self.block);
        let projections: &[f64] = cast_slice(&self.projections);
        let c_sums: &mut [f64] = cast_slice_mut(&mut self.c_sums);
        let s_sums: &mut [f64] = cast_slice_mut(&mut self.s_sums);
        let blocks = block.chunks_exact_mut(lanes).zip(projections.chunks_exact(lanes));
        for (i, (block, projections)) in rows.zip(blocks) {
            let w = centres.weights()[i];
            let sums = c_sums.iter_mut().zip(s_sums.iter_mut());
            for ((r2, along), (c_sum, s_sum)) in block.iter_mut().zip(projections).zip(sums) {
                // On a data point the singular term counts as 0.
                let apart = *r2 > 0.0;
                let safe = r2.max(f64::MIN_POSITIVE);
                let log = if apart { ln(safe) } else { 0.0 };
                let s = if apart { 2.0 * w * along / safe } else { 0.0 };
                *c_sum += w.mul_add(log, w);
                *s_sum += s;
                *r2 = s;
            }
        }
    }

    /// v Σc + q Σs − Σ s x, transposed back to one row a pair.
    #[inline(always)]
    fn finish(&self, d: usize, out: &mut [f64]) {
        let lanes = self.width * S::F64_LANES;
        let (queries, vectors): (&[f64], &[f64]) = (cast_slice(&self.queries), cast_slice(&self.vectors));
        let (c_sums, s_sums): (&[f64], &[f64]) = (cast_slice(&self.c_sums), cast_slice(&self.s_sums));
        let weighted: &[f64] = cast_slice(&self.weighted_centres);
        for (p, out) in out.chunks_exact_mut(d).enumerate() {
            for (k, value) in out.iter_mut().enumerate() {
                let at = k * lanes + p;
                *value = vectors[at] * c_sums[p] + (queries[at] * s_sums[p] - weighted[at]);
            }
        }
    }
}
