//! The fuzzy graph of neighbours.

use crate::projection::neighbours::{Neighbour, Neighbours};
use rayon::prelude::*;

/// Relative error at which the bandwidth search stops.
const BANDWIDTH_TOLERANCE: f64 = 1e-5;
/// Least bandwidth, relative to the mean distance of the neighbours.
const LEAST_BANDWIDTH: f64 = 1e-3;

/// How far each neighbour belongs to a row's neighbourhood: exp(−max(0, d − ρ)/σ), with ρ the distance of the nearest
/// one that is not in the same place, and σ such that the memberships sum to log₂ k.
///
/// Source: arXiv:1802.03426v3, algorithm 3 (`SmoothKNNDist`).
pub(super) fn memberships(neighbours: &[Neighbour], k: usize) -> Vec<f64> {
    let distances: Vec<f64> = neighbours.iter().map(|n| f64::from(n.distance)).collect();
    let nearest = distances.iter().copied().find(|d| *d > 0.0).unwrap_or(0.0);
    let target = (k as f64).log2();
    let sum = |sigma: f64| distances.iter().map(|d| membership(*d, nearest, sigma)).sum::<f64>();
    let (mut low, mut high, mut sigma) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..64 {
        let found = sum(sigma);
        if (found - target).abs() < BANDWIDTH_TOLERANCE {
            break;
        }
        if found > target {
            high = sigma;
            sigma = f64::midpoint(low, high);
        } else {
            low = sigma;
            sigma = if high.is_finite() { f64::midpoint(low, high) } else { 2.0 * sigma };
        }
    }
    let mean = distances.iter().sum::<f64>() / distances.len().max(1) as f64;
    sigma = sigma.max(LEAST_BANDWIDTH * mean);
    distances.iter().map(|d| membership(*d, nearest, sigma)).collect()
}

fn membership(distance: f64, nearest: f64, sigma: f64) -> f64 {
    if distance <= nearest || sigma == 0.0 { 1.0 } else { (-(distance - nearest) / sigma).exp() }
}

/// The union of all neighbourhoods: w = p + q − p q for an edge that has membership p one way and q the other.
pub(super) struct FuzzyGraph {
    /// (row, row, weight), each edge in both directions, in rising order.
    pub edges: Vec<(u32, u32, f64)>,
    pub n_rows: usize,
}

impl FuzzyGraph {
    pub fn new(neighbours: &Neighbours, k: usize) -> Self {
        let n_rows = neighbours.len();
        let mut directed: Vec<(u32, u32, f64)> = (0..n_rows)
            .into_par_iter()
            .flat_map_iter(|i| {
                let own = neighbours.of(i);
                let weights = memberships(own, k);
                own.iter().zip(weights).map(move |(n, w)| (i as u32, n.index, w)).collect::<Vec<_>>()
            })
            .collect();
        directed.sort_unstable_by_key(|e| (e.0, e.1));
        let weight =
            |i: u32, j: u32| directed.binary_search_by_key(&(i, j), |e| (e.0, e.1)).map_or(0.0, |at| directed[at].2);
        let mut edges: Vec<(u32, u32, f64)> = directed
            .par_iter()
            .flat_map_iter(|&(i, j, p)| {
                let q = weight(j, i);
                let w = p + q - p * q;
                // The way back is made here only when the other row does not make it itself.
                let back = if q == 0.0 { Some((j, i, w)) } else { None };
                std::iter::once((i, j, w)).chain(back)
            })
            .filter(|e| e.2 > 0.0)
            .collect();
        edges.sort_unstable_by_key(|e| (e.0, e.1));
        Self { edges, n_rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::silent;
    use crate::projection::neighbours::nearest;
    use crate::projection::rows::Rows;

    #[test]
    fn memberships_sum_to_the_logarithm() {
        let neighbour = |k: u32| Neighbour { index: k, distance: 1.0 + 0.3 * k as f32 };
        let neighbours: Vec<Neighbour> = (0..14).map(neighbour).collect();
        let found = memberships(&neighbours, 15);
        assert_eq!(found[0], 1.0, "the nearest belongs wholly");
        assert!((found.iter().sum::<f64>() - 15.0_f64.log2()).abs() < 1e-4, "{found:?}");
        assert!(found.windows(2).all(|w| w[1] <= w[0]));
    }

    #[test]
    fn rows_in_one_place_are_no_trouble() {
        let found = memberships(&[Neighbour { index: 1, distance: 0.0 }; 5], 6);
        assert!(found.iter().all(|w| *w == 1.0), "{found:?}");
    }

    #[test]
    fn the_union_is_symmetric() {
        let data: Vec<f32> = (0..60).map(|k| (k as f32 * 1.7).sin() * k as f32).collect();
        let rows = Rows::new(&data, 2).unwrap();
        let graph = FuzzyGraph::new(&nearest(&rows, &rows, 4, true, &mut silent).unwrap(), 5);
        for &(i, j, w) in &graph.edges {
            let back = graph.edges.iter().find(|e| (e.0, e.1) == (j, i)).expect("both directions");
            assert_eq!(back.2, w);
            assert!(w > 0.0 && w <= 1.0);
        }
    }
}
