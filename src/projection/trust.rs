//! How far a map can be trusted: are neighbours on it neighbours in latent space, and the other way round?
//!
//! Source: J. Venna and S. Kaski, Neighborhood preservation in nonlinear projection methods: an experimental study,
//! ICANN 2001, doi:10.1007/3-540-44668-0_68.

use super::MapPoint;
use super::error::ProjectionError;
use super::rows::{Rows, squared_distance};
use crate::jobs::{Observe, Progress};
use rand::{SeedableRng, seq::index::sample};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How trust is measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrustParams {
    /// k: neighbours that count; less than half of the rows.
    pub n_neighbours: usize,
    /// At most this many rows are asked, a seeded sample when there are more; each is compared with all others.
    pub max_queries: usize,
    /// Decides the sample.
    pub seed: u64,
}

impl Default for TrustParams {
    fn default() -> Self {
        Self { n_neighbours: 15, max_queries: 2000, seed: 0 }
    }
}

/// How far a map can be trusted; both measures are 1 for a perfect map.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Trust {
    /// 1 − 2 / (n k (2n − 3k − 1)) · Σ over neighbours on the map that are none in latent space, of their rank there
    /// beyond k.
    pub trustworthiness: f64,
    /// The same with map and latent space exchanged: what the map tears apart.
    pub continuity: f64,
    /// k.
    pub n_neighbours: usize,
    /// Rows that were asked; fewer than `n_rows` when a sample was taken.
    pub n_queries: usize,
    /// All rows.
    pub n_rows: usize,
}

/// Trustworthiness of a map with k neighbours, of all rows.
///
/// # Errors
/// As [`measure_trust`].
pub fn trustworthiness(rows: &[f32], dimension: usize, map: &[MapPoint], k: usize) -> Result<f64, ProjectionError> {
    let params = TrustParams { n_neighbours: k, max_queries: usize::MAX, seed: 0 };
    measure_trust(rows, dimension, map, &params, &mut crate::jobs::silent).map(|trust| trust.trustworthiness)
}

/// Continuity of a map with k neighbours, of all rows.
///
/// # Errors
/// As [`measure_trust`].
pub fn continuity(rows: &[f32], dimension: usize, map: &[MapPoint], k: usize) -> Result<f64, ProjectionError> {
    let params = TrustParams { n_neighbours: k, max_queries: usize::MAX, seed: 0 };
    measure_trust(rows, dimension, map, &params, &mut crate::jobs::silent).map(|trust| trust.continuity)
}

/// Both measures; Euclidean distances on both sides, O(queries · n · (d + log n)). When `observe` breaks, they are
/// those of the rows asked so far.
///
/// # Errors
/// When map and rows have different lengths, a number is not finite, or k is not below half of the rows.
pub fn measure_trust(
    rows: &[f32],
    dimension: usize,
    map: &[MapPoint],
    params: &TrustParams,
    observe: Observe<'_>,
) -> Result<Trust, ProjectionError> {
    let rows = Rows::new(rows, dimension)?;
    let places = Rows::new(map.as_flattened(), 3)?;
    let (n, k) = (rows.len(), params.n_neighbours);
    if places.len() != n {
        return Err(ProjectionError::Shape { found: map.len(), dimension: n });
    }
    if k == 0 || 2 * k >= n {
        let expected = "at least 1 and less than half of the rows";
        return Err(ProjectionError::Parameter { name: "n_neighbours", value: k as f64, expected });
    }
    let queries: Vec<usize> = if n <= params.max_queries {
        (0..n).collect()
    } else {
        let mut picked = sample(&mut ChaCha8Rng::seed_from_u64(params.seed), n, params.max_queries).into_vec();
        picked.sort_unstable();
        picked
    };
    let (mut trust, mut continuity, mut asked) = (0, 0, 0);
    for few in queries.chunks(64) {
        let penalties: Vec<[u64; 2]> = few.par_iter().map(|&i| penalties(&rows, &places, i, k)).collect();
        trust += penalties.iter().map(|p| p[0]).sum::<u64>();
        continuity += penalties.iter().map(|p| p[1]).sum::<u64>();
        asked += few.len();
        if observe(Progress::new("trust", asked as u64, Some(queries.len() as u64))).is_break() {
            break;
        }
    }
    let scale = 2.0 / (asked as f64 * k as f64 * (2.0 * n as f64 - 3.0 * k as f64 - 1.0));
    Ok(Trust {
        trustworthiness: 1.0 - scale * trust as f64,
        continuity: 1.0 - scale * continuity as f64,
        n_neighbours: k,
        n_queries: asked,
        n_rows: n,
    })
}

/// Ranks beyond k: of the map's neighbours in latent space, and of latent space's neighbours on the map.
fn penalties(rows: &Rows<'_>, places: &Rows<'_>, i: usize, k: usize) -> [u64; 2] {
    let (rank_in_latent, near_in_latent) = ranks(rows, i, k);
    let (rank_on_map, near_on_map) = ranks(places, i, k);
    let beyond = |ranks: &[u32], near: &[u32]| -> u64 {
        near.iter().map(|&j| u64::from(ranks[j as usize].saturating_sub(k as u32))).sum()
    };
    [beyond(&rank_in_latent, &near_on_map), beyond(&rank_on_map, &near_in_latent)]
}

/// The rank of every row by its distance from row i (the nearest has 1), and the k nearest.
fn ranks(rows: &Rows<'_>, i: usize, k: usize) -> (Vec<u32>, Vec<u32>) {
    let n = rows.len();
    let from = rows.row(i);
    let mut order: Vec<(f64, u32)> =
        (0..n).filter(|&j| j != i).map(|j| (squared_distance(from, rows.row(j)), j as u32)).collect();
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut ranks = vec![0; n];
    for (rank, &(_, j)) in order.iter().enumerate() {
        ranks[j as usize] = rank as u32 + 1;
    }
    (ranks, order[..k].iter().map(|o| o.1).collect())
}
