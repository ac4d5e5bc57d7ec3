//! UMAP: a fuzzy graph of neighbours, laid out so that joined rows stay together and others are pushed apart.
//!
//! The layout is one sequence of updates with one seeded generator: the same map whatever the number of threads. Where
//! it starts decides the large shape (Kobak and Linderman, Nat. Biotechnol. 39, 156 (2021)): from eigenvectors of the
//! graph, or from the principal components where the graph falls apart.
//!
//! Source: L. McInnes, J. Healy and J. Melville, arXiv:1802.03426v3.

mod curve;
mod graph;
mod layout;
mod spectral;

use super::base64_floats;
use super::error::ProjectionError;
use super::linear;
use super::neighbours::nearest;
use super::params::{ProjectionParams, UmapParams};
use super::rows::Rows;
use super::tsne::weighted_place;
use super::{FitEnd, Live, MapPoint};
use crate::jobs::{Observe, silent};
use curve::Curve;
use graph::{FuzzyGraph, memberships};
use layout::{Layout, settle};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use spectral::spectral_map;

/// Extent of the initial map along its longest axis, on each side of 0.
const INITIAL_EXTENT: f32 = 10.0;

/// What places other rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct UmapModel {
    dimension: usize,
    #[serde(with = "base64_floats")]
    rows: Vec<f32>,
    params: UmapParams,
    curve: Curve,
}

pub(super) fn fit(
    own: &UmapParams,
    params: &ProjectionParams,
    rows: &Rows<'_>,
    notes: &mut Vec<String>,
    live: Live<'_>,
    observe: Observe<'_>,
) -> Result<(Vec<MapPoint>, FitEnd, UmapModel), ProjectionError> {
    rows.at_least(4, "UMAP")?;
    let n = rows.len();
    let mut own = own.clone();
    if own.n_neighbours > n - 1 {
        notes.push(format!("The neighbours were lowered from {} to {}: there are few rows.", own.n_neighbours, n - 1));
        own.n_neighbours = n - 1;
    }
    let curve = Curve::fit(own.min_dist, own.spread);
    let principal = principal_map(rows, params.n_dims)?;
    let model = UmapModel { dimension: rows.dimension, rows: rows.data.to_vec(), params: own.clone(), curve };
    // umap-learn counts a row among its own neighbours.
    let Some(neighbours) = nearest(rows, rows, own.n_neighbours - 1, true, observe) else {
        return Ok((principal, FitEnd::Cancelled, model));
    };
    let graph = FuzzyGraph::new(&neighbours, own.n_neighbours);
    let initial = spectral_map(&graph, params.n_dims, params.seed).unwrap_or_else(|| {
        notes.push(
            "The graph of neighbours is in several parts: the layout began from the principal components.".into(),
        );
        principal
    });
    let n_epochs = own.n_epochs.unwrap_or(if n <= 10_000 { 500 } else { 200 });
    let mut layout = Layout::new(initial, &graph, &own, curve, n_epochs, params.n_dims, params.seed);
    let end = layout.run(live, observe);
    Ok((layout.into_map(), end, model))
}

/// The principal components, stretched to the extent that the layout expects.
fn principal_map(rows: &Rows<'_>, n_dims: usize) -> Result<Vec<MapPoint>, ProjectionError> {
    let mut map = linear::pca(rows, n_dims, &mut Vec::new())?.apply(rows);
    let extent = map.iter().flatten().fold(0.0_f32, |a, b| a.max(b.abs()));
    let scale = if extent > 0.0 { INITIAL_EXTENT / extent } else { 1.0 };
    map.iter_mut().flatten().for_each(|v| *v *= scale);
    Ok(map)
}

impl UmapModel {
    pub fn fits(&self, dimension: usize, n_rows: usize) -> bool {
        self.dimension == dimension && n_rows > 0 && self.rows.len() == dimension * n_rows && self.curve.is_sound()
    }

    /// Each row among its neighbours, then moved by the same forces with the map held still. Its random pushes are
    /// drawn from a generator seeded by the row's own numbers: the same row comes to the same place in any company.
    pub fn apply(&self, rows: &Rows<'_>, map: &[MapPoint], seed: u64, n_dims: usize) -> Vec<MapPoint> {
        let among = Rows { data: &self.rows, dimension: self.dimension };
        let k = self.params.n_neighbours.min(among.len());
        let found = nearest(rows, &among, k, false, &mut silent).expect("nobody breaks");
        let n_epochs = self.params.n_epochs.unwrap_or(if among.len() <= 10_000 { 500 } else { 200 }) / 3;
        (0..rows.len())
            .into_par_iter()
            .map(|i| {
                let neighbours = found.of(i);
                let start = weighted_place(neighbours, map);
                if neighbours[0].distance == 0.0 {
                    return start;
                }
                let weights = memberships(neighbours, k);
                let seed = seed ^ content_hash(rows.row(i));
                settle(start, neighbours, &weights, map, &self.params, self.curve, n_epochs, n_dims, seed)
            })
            .collect()
    }
}

/// FNV-1a over the bytes of a row.
fn content_hash(row: &[f32]) -> u64 {
    let bytes = row.iter().flat_map(|v| v.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3))
}
