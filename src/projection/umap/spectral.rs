//! Where the layout starts: the slowest directions of a random walk on the graph.
//!
//! Eigenvectors of `D^(-½) A D^(-½)` after the trivial one, by Lanczos' method with full reorthogonalisation. They
//! unroll what principal components would leave folded.
//!
//! Source: arXiv:1802.03426v3, algorithm 4 (`SpectralEmbedding`); G. H. Golub and C. F. Van Loan, Matrix computations,
//! 4th ed., section 10.1.

use super::graph::FuzzyGraph;
use crate::projection::MapPoint;
use faer::{Mat, Side};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Steps of Lanczos' method; memory is this times the number of rows.
const MOST_STEPS: usize = 300;
/// For many rows fewer steps: the layout needs a start, not eigenvectors to all digits.
const MOST_NUMBERS: usize = 20_000_000;
/// Numbers that are summed in one piece: sums do not depend on the number of threads.
const PIECE: usize = 1 << 13;
/// Extent of the initial map along each axis.
const EXTENT: f64 = 10.0;

/// The initial map; `None` when the graph falls apart into components, which this cannot place.
pub(super) fn spectral_map(graph: &FuzzyGraph, n_dims: usize, seed: u64) -> Option<Vec<MapPoint>> {
    let n = graph.n_rows;
    if n < 4 * (n_dims + 1) || !is_connected(graph) {
        return None;
    }
    let walk = Walk::new(graph);
    let n_steps = MOST_STEPS.min(n - 1).min((MOST_NUMBERS / n).max(40));
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x7370_6563_7472_616c);
    let start: Vec<f64> = (0..n).map(|_| rng.random::<f64>() - 0.5).collect();
    // The trivial vector stays out of the whole basis.
    let mut basis: Vec<Vec<f64>> = vec![walk.trivial.clone()];
    let (mut diagonal, mut beside) = (Vec::new(), Vec::new());
    let mut next = start;
    for _ in 0..n_steps {
        orthogonalise(&mut next, &basis);
        let length = dot(&next, &next).sqrt();
        if length.is_nan() || length <= 1e-10 {
            break;
        }
        if !diagonal.is_empty() {
            beside.push(length);
        }
        next.par_iter_mut().for_each(|v| *v /= length);
        let image = walk.apply(&next);
        diagonal.push(dot(&image, &next));
        basis.push(next);
        next = image;
    }
    let m = diagonal.len();
    if m < n_dims {
        return None;
    }
    let tridiagonal = Mat::from_fn(m, m, |i, j| match i.abs_diff(j) {
        0 => diagonal[i],
        1 => beside[i.min(j)],
        _ => 0.0,
    });
    let eigen = tridiagonal.self_adjoint_eigen(Side::Lower).ok()?;
    let mut map = vec![[0.0_f32; 3]; n];
    for axis in 0..n_dims {
        let weights: Vec<f64> = (0..m).map(|k| eigen.U()[(k, m - 1 - axis)]).collect();
        let mut values: Vec<f64> =
            (0..n).into_par_iter().map(|i| (0..m).map(|k| weights[k] * basis[k + 1][i]).sum()).collect();
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let largest = if high >= -low { 1.0 } else { -1.0 };
        let scale = largest * EXTENT / (high - low);
        if !scale.is_finite() {
            return None;
        }
        values.iter_mut().for_each(|v| *v *= scale);
        // A little noise parts rows that share a place.
        map.iter_mut().zip(&values).for_each(|(p, v)| p[axis] = (v + 1e-4 * (rng.random::<f64>() - 0.5)) as f32);
    }
    Some(map)
}

/// The root of the tree that i is in; paths are halved on the way.
fn find(root: &mut [u32], mut i: u32) -> u32 {
    while root[i as usize] != i {
        root[i as usize] = root[root[i as usize] as usize];
        i = root[i as usize];
    }
    i
}

fn is_connected(graph: &FuzzyGraph) -> bool {
    let mut root: Vec<u32> = (0..graph.n_rows as u32).collect();
    let mut n_components = graph.n_rows;
    for &(i, j, _) in &graph.edges {
        let (a, b) = (find(&mut root, i), find(&mut root, j));
        if a != b {
            root[a.max(b) as usize] = a.min(b);
            n_components -= 1;
        }
    }
    n_components == 1
}

/// `D^(-½) A D^(-½)` by rows.
struct Walk {
    starts: Vec<usize>,
    entries: Vec<(u32, f64)>,
    /// `D^½ 1`, of length 1: the eigenvector that says nothing.
    trivial: Vec<f64>,
}

impl Walk {
    fn new(graph: &FuzzyGraph) -> Self {
        let mut degrees = vec![0.0_f64; graph.n_rows];
        let mut starts = vec![0; graph.n_rows + 1];
        for &(i, _, w) in &graph.edges {
            degrees[i as usize] += w;
            starts[i as usize + 1] += 1;
        }
        for k in 1..starts.len() {
            starts[k] += starts[k - 1];
        }
        let entry = |&(i, j, w): &(u32, u32, f64)| (j, w / (degrees[i as usize] * degrees[j as usize]).sqrt());
        let entries = graph.edges.iter().map(entry).collect(); // edges come sorted by row
        let total: f64 = degrees.iter().sum();
        Self { starts, entries, trivial: degrees.iter().map(|d| (d / total).sqrt()).collect() }
    }

    fn apply(&self, v: &[f64]) -> Vec<f64> {
        let row = |i: usize| {
            let entries = &self.entries[self.starts[i]..self.starts[i + 1]];
            entries.iter().map(|&(j, w)| w * v[j as usize]).sum()
        };
        (0..v.len()).into_par_iter().with_min_len(256).map(row).collect()
    }
}

/// Takes the parts along a basis out of a vector, twice: once leaves what rounding left.
fn orthogonalise(v: &mut [f64], basis: &[Vec<f64>]) {
    for _ in 0..2 {
        let parts: Vec<f64> = basis.par_iter().map(|b| dot(v, b)).collect();
        v.par_iter_mut().enumerate().with_min_len(1024).for_each(|(i, v)| {
            *v -= parts.iter().zip(basis).map(|(part, b)| part * b[i]).sum::<f64>();
        });
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let pieces = a.chunks(PIECE).zip(b.chunks(PIECE));
    pieces.map(|(a, b)| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On a path of n nodes the walk's eigenvectors are cos(π i k / (n − 1)); the symmetric ones are these times the
    /// roots of the degrees, which are 1 at the ends and 2 between.
    #[test]
    fn a_path_unrolls_into_cosines() {
        let n = 120_u32;
        let mut edges: Vec<(u32, u32, f64)> = (0..n - 1).flat_map(|i| [(i, i + 1, 1.0), (i + 1, i, 1.0)]).collect();
        edges.sort_unstable_by_key(|e| (e.0, e.1));
        let map = spectral_map(&FuzzyGraph { edges, n_rows: n as usize }, 2, 1).unwrap();
        for axis in 0..2 {
            let expected = |i: usize| {
                let degree: f64 = if i == 0 || i == 119 { 1.0 } else { 2.0 };
                degree.sqrt() * (std::f64::consts::PI * (axis + 1) as f64 * i as f64 / 119.0).cos()
            };
            let square: f64 = (0..120).map(|i| expected(i).powi(2)).sum();
            let scale = (0..120).map(|i| f64::from(map[i][axis]) * expected(i)).sum::<f64>() / square;
            for (i, place) in map.iter().enumerate() {
                let off = (f64::from(place[axis]) - scale * expected(i)).abs();
                assert!(off < 2e-4, "axis {axis}, node {i}: {} {}", place[axis], scale * expected(i));
            }
            assert!(scale.abs() > 2.0, "an extent of about 10: {scale}");
        }
    }

    #[test]
    fn parts_are_refused() {
        let edges = vec![(0, 1, 1.0), (1, 0, 1.0)];
        assert!(spectral_map(&FuzzyGraph { edges, n_rows: 40 }, 2, 1).is_none());
    }
}
