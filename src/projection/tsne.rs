//! t-SNE by bhtsne, over exact neighbours of ours.
//!
//! The library's sums depend on the number of threads, so it runs in a pool of one thread: the same seed then gives
//! the same map everywhere. t-SNE itself knows no new rows: they are placed at the mean of their neighbours, weighted
//! as t-SNE weighs them, and said to be so placed.
//!
//! Source: L. van der Maaten and G. Hinton, JMLR 9, 2579 (2008); G. C. Linderman et al., Nat. Methods 16, 243 (2019).

use super::base64_floats;
use super::error::ProjectionError;
use super::linear;
use super::neighbours::{Neighbour, nearest};
use super::params::{ProjectionParams, TSneParams};
use super::rows::Rows;
use super::{FitEnd, Live, MapPoint};
use crate::jobs::{Observe, Progress, silent};
use bhtsne::tSNE;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Epochs between two looks at the map.
const LOOK_EVERY: usize = 10;
/// Accuracy of the Barnes–Hut sums, for maps of three dimensions and of few rows.
const THETA: f32 = 0.5;
/// Rows below which sums are taken over a tree instead of a grid: a map of few rows spreads far, and the grid, whose cells
/// have a fixed width, grows with it (20 rows took ten times as long as 200).
const FEW_ROWS: usize = 200;
/// Standard deviation of the first axis of the initial map (Kobak and Berens, 2019).
const INITIAL_SPREAD: f64 = 1e-4;

pub(super) fn fit(
    own: &TSneParams,
    params: &ProjectionParams,
    rows: &Rows<'_>,
    notes: &mut Vec<String>,
    live: Live<'_>,
    observe: Observe<'_>,
) -> Result<(Vec<MapPoint>, FitEnd), ProjectionError> {
    rows.at_least(8, "t-SNE")?;
    let most = (rows.len() - 1) as f64 / 3.0;
    let perplexity = own.perplexity.min(most.floor());
    if perplexity < own.perplexity {
        notes.push(format!("The perplexity was lowered from {} to {perplexity}: there are few rows.", own.perplexity));
    }
    let initial = linear::pca(rows, params.n_dims, &mut Vec::new())?.apply(rows);
    let initial = scaled(&initial, params.seed);
    let k = (3.0 * perplexity) as usize;
    let Some(neighbours) = nearest(rows, rows, k, true, observe) else {
        return Ok((initial, FitEnd::Cancelled));
    };
    let table: Vec<Vec<bhtsne::Neighbor<f32>>> = (0..rows.len()).map(|i| bhtsne_row(neighbours.of(i))).collect();
    let task = Task { table, initial: &initial, perplexity: perplexity as f32, n_epochs: own.n_epochs };
    let (tell, told) = sync_channel::<(usize, Vec<f32>)>(0);
    let (answer, answered) = sync_channel::<ControlFlow<()>>(0);
    let (n_dims, n_rows) = (params.n_dims, rows.len());
    let (last, end) = std::thread::scope(|scope| {
        let worker = scope.spawn(move || match n_dims {
            2 if n_rows < FEW_ROWS => task.run::<2>(&tell, answered, |tsne, table| {
                tsne.barnes_hut_with_neighbors(THETA, table);
            }),
            2 => task.run::<2>(&tell, answered, |tsne, table| {
                tsne.fit_sne_with_neighbors(table);
            }),
            _ => task.run::<3>(&tell, answered, |tsne, table| {
                tsne.barnes_hut_with_neighbors(THETA, table);
            }),
        });
        let mut end = FitEnd::Finished;
        for (epoch, places) in told {
            live(&map_points(&places, n_dims));
            let wish = observe(Progress::new("t-SNE", epoch as u64, Some(own.n_epochs as u64)));
            if wish.is_break() {
                end = FitEnd::Cancelled;
            }
            if answer.send(wish).is_err() || end == FitEnd::Cancelled {
                break;
            }
        }
        match worker.join() {
            Ok(places) => (places, end),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    });
    Ok((map_points(&last, n_dims), end))
}

/// What the library needs.
struct Task<'a> {
    table: Vec<Vec<bhtsne::Neighbor<f32>>>,
    initial: &'a [MapPoint],
    perplexity: f32,
    n_epochs: usize,
}

/// Carries the last map out of the library when it is told to stop: its loop has no other way out.
struct Stopped(Vec<f32>);

impl Task<'_> {
    fn run<const D: usize>(
        self,
        tell: &SyncSender<(usize, Vec<f32>)>,
        answered: Receiver<ControlFlow<()>>,
        go: impl Fn(&mut tSNE<'_, f32, (), D>, &[Vec<bhtsne::Neighbor<f32>>]) + Send + Sync,
    ) -> Vec<f32> {
        let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool of one thread");
        let n_epochs = self.n_epochs;
        let answered = std::sync::Mutex::new(answered);
        let work = || {
            let units = vec![(); self.initial.len()];
            let mut tsne: tSNE<'_, f32, (), D> = tSNE::new(&units);
            let initial: Vec<f32> = self.initial.iter().flat_map(|p| p[..D].to_vec()).collect();
            // The library's gradient lacks the factor 4 of the original: n/12, not n/48 (openTSNE's rule).
            let learning_rate = (initial.len() as f32 / D as f32 / 12.0).max(200.0);
            tsne.perplexity(self.perplexity).epochs(n_epochs).initial_embedding(initial).learning_rate(learning_rate);
            tsne.epoch_callback(|epoch, places| {
                let due = (epoch + 1) % LOOK_EVERY == 0 || epoch + 1 == n_epochs;
                if !due || tell.send((epoch + 1, places.to_vec())).is_err() {
                    return;
                }
                let answered = answered.lock().expect("only this thread asks");
                if matches!(answered.recv(), Ok(ControlFlow::Break(()))) {
                    std::panic::resume_unwind(Box::new(Stopped(places.to_vec())));
                }
            });
            go(&mut tsne, &self.table);
            tsne.embedding()
        };
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| one_thread.install(work)));
        done.unwrap_or_else(|panic| match panic.downcast::<Stopped>() {
            Ok(stopped) => stopped.0,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    }
}

fn bhtsne_row(neighbours: &[Neighbour]) -> Vec<bhtsne::Neighbor<f32>> {
    neighbours.iter().map(|n| bhtsne::Neighbor { index: n.index as usize, distance: n.distance }).collect()
}

fn map_points(places: &[f32], n_dims: usize) -> Vec<MapPoint> {
    let point = |place: &[f32]| [place[0], place[1], if n_dims == 3 { place[2] } else { 0.0 }];
    places.chunks_exact(n_dims).map(point).collect()
}

/// The initial map, small, and jogged a little so that equal rows can part.
fn scaled(map: &[MapPoint], seed: u64) -> Vec<MapPoint> {
    use rand::{Rng, SeedableRng};
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let variance = map.iter().map(|p| f64::from(p[0]).powi(2)).sum::<f64>() / map.len() as f64;
    let scale = if variance > 0.0 { INITIAL_SPREAD / variance.sqrt() } else { 1.0 };
    let mut jog = || 0.01 * INITIAL_SPREAD * (rng.random::<f64>() - 0.5);
    map.iter().map(|p| p.map(|v| (f64::from(v) * scale + jog()) as f32)).collect()
}

/// The rows of the fit, among which others are placed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PlacementModel {
    dimension: usize,
    #[serde(with = "base64_floats")]
    rows: Vec<f32>,
    /// Neighbours that take part.
    n_neighbours: usize,
}

impl PlacementModel {
    pub fn new(rows: &Rows<'_>, perplexity: f64) -> Self {
        let n_neighbours = (perplexity as usize).clamp(5, 50).min(rows.len());
        Self { dimension: rows.dimension, rows: rows.data.to_vec(), n_neighbours }
    }

    pub fn fits(&self, dimension: usize, n_rows: usize) -> bool {
        self.dimension == dimension && self.rows.len() == dimension * n_rows && self.n_neighbours > 0 && n_rows > 0
    }

    /// Each row at the mean of its neighbours on `map`, weighted by exp(−d²/2σ²) with σ half the distance of the
    /// nearest third; a row of the fit at its own place.
    pub fn apply(&self, rows: &Rows<'_>, map: &[MapPoint]) -> Vec<MapPoint> {
        let among = Rows { data: &self.rows, dimension: self.dimension };
        let found = nearest(rows, &among, self.n_neighbours, false, &mut silent).expect("nobody breaks");
        (0..rows.len()).into_par_iter().map(|i| weighted_place(found.of(i), map)).collect()
    }
}

/// The weighted mean of the places of neighbours.
pub(super) fn weighted_place(neighbours: &[Neighbour], map: &[MapPoint]) -> MapPoint {
    if neighbours[0].distance == 0.0 {
        return map[neighbours[0].index as usize];
    }
    let sigma = f64::from(neighbours[neighbours.len() / 3].distance) / 2.0;
    let least = f64::from(neighbours[0].distance).powi(2);
    let mut sums = [0.0; 3];
    let mut total = 0.0;
    for neighbour in neighbours {
        let weight = (-(f64::from(neighbour.distance).powi(2) - least) / (2.0 * sigma * sigma)).exp();
        total += weight;
        let place = map[neighbour.index as usize];
        sums.iter_mut().zip(place).for_each(|(sum, v)| *sum += weight * f64::from(v));
    }
    sums.map(|sum| (sum / total) as f32)
}
