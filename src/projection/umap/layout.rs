//! The layout: joined rows pull each other, random ones push.

use super::curve::Curve;
use super::graph::FuzzyGraph;
use crate::jobs::{Observe, Progress};
use crate::projection::neighbours::Neighbour;
use crate::projection::params::UmapParams;
use crate::projection::{FitEnd, Live, MapPoint};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Longest step of one force along one axis.
const CLIP: f64 = 4.0;
/// Epochs between two looks at the map.
const LOOK_EVERY: usize = 5;
/// Keeps the push between two rows in one place finite.
const SOFTENING: f64 = 1e-3;

/// A layout under way.
pub(super) struct Layout {
    map: Vec<MapPoint>,
    edges: Vec<Schedule>,
    own: UmapParams,
    curve: Curve,
    n_epochs: usize,
    n_dims: usize,
    rng: ChaCha8Rng,
}

/// An edge, and when it is next due.
struct Schedule {
    from: u32,
    to: u32,
    /// Epochs from one pull to the next: heavier edges pull more often.
    every: f64,
    next: f64,
    next_push: f64,
}

impl Layout {
    pub fn new(
        map: Vec<MapPoint>,
        graph: &FuzzyGraph,
        own: &UmapParams,
        curve: Curve,
        n_epochs: usize,
        n_dims: usize,
        seed: u64,
    ) -> Self {
        let heaviest = graph.edges.iter().map(|e| e.2).fold(0.0, f64::max);
        let push = 1.0 / own.negative_sample_rate as f64;
        let schedule = |&(from, to, weight): &(u32, u32, f64)| {
            let every = heaviest / weight;
            Schedule { from, to, every, next: every, next_push: every * push }
        };
        // An edge too light to pull even once is left out.
        let lightest = heaviest / n_epochs as f64;
        let edges = graph.edges.iter().filter(|e| e.2 >= lightest).map(schedule).collect();
        assert_eq!(map.len(), graph.n_rows, "a place for every row");
        Self { map, edges, own: own.clone(), curve, n_epochs, n_dims, rng: ChaCha8Rng::seed_from_u64(seed) }
    }

    pub fn run(&mut self, live: Live<'_>, observe: Observe<'_>) -> FitEnd {
        for epoch in 0..self.n_epochs {
            self.epoch(epoch);
            if epoch % LOOK_EVERY == 0 {
                live(&self.map);
            }
            if observe(Progress::new("UMAP", epoch as u64 + 1, Some(self.n_epochs as u64))).is_break() {
                return if epoch + 1 == self.n_epochs { FitEnd::Finished } else { FitEnd::Cancelled };
            }
        }
        FitEnd::Finished
    }

    pub fn into_map(self) -> Vec<MapPoint> {
        self.map
    }

    fn epoch(&mut self, epoch: usize) {
        let step = self.own.learning_rate * (1.0 - epoch as f64 / self.n_epochs as f64);
        let now = epoch as f64 + 1.0;
        let n_rows = self.map.len() as u64;
        let forces = Forces { curve: self.curve, n_dims: self.n_dims };
        for edge in self.edges.iter_mut().filter(|edge| edge.next <= now) {
            let (i, j) = (edge.from as usize, edge.to as usize);
            let mut at = self.map[i].map(f64::from);
            let mut other = self.map[j].map(f64::from);
            let pull = forces.pull(at, other);
            for k in 0..self.n_dims {
                at[k] += step * pull[k];
                other[k] -= step * pull[k];
            }
            self.map[j] = other.map(|v| v as f32);
            edge.next += edge.every;
            let every_push = edge.every / self.own.negative_sample_rate as f64;
            let n_pushes = ((now - edge.next_push) / every_push).max(0.0) as usize;
            for _ in 0..n_pushes {
                let random = below(self.rng.next_u32(), n_rows);
                if random != i {
                    let push = forces.push(at, self.map[random].map(f64::from));
                    (0..self.n_dims).for_each(|k| at[k] += step * push[k]);
                }
            }
            edge.next_push += n_pushes as f64 * every_push;
            self.map[i] = at.map(|v| v as f32);
        }
    }
}

/// A number below `n`, from 32 random bits.
fn below(bits: u32, n: u64) -> usize {
    ((u64::from(bits) * n) >> 32) as usize
}

#[derive(Clone, Copy)]
struct Forces {
    curve: Curve,
    n_dims: usize,
}

impl Forces {
    /// The step that draws `at` towards `other`.
    fn pull(self, at: [f64; 3], other: [f64; 3]) -> [f64; 3] {
        let (offset, r2) = self.offset(at, other);
        if r2 <= 0.0 {
            return [0.0; 3];
        }
        let Curve { a, b } = self.curve;
        let power = r2.powf(b);
        clipped(offset, -2.0 * a * b * power / r2 / (1.0 + a * power))
    }

    /// The step that drives `at` away from `other`.
    fn push(self, at: [f64; 3], other: [f64; 3]) -> [f64; 3] {
        let (offset, r2) = self.offset(at, other);
        let Curve { a, b } = self.curve;
        if r2 <= 0.0 {
            // Two rows in one place part along the first axis.
            return [CLIP, 0.0, 0.0];
        }
        clipped(offset, 2.0 * b / ((SOFTENING + r2) * (1.0 + a * r2.powf(b))))
    }

    fn offset(self, at: [f64; 3], other: [f64; 3]) -> ([f64; 3], f64) {
        let mut offset = [0.0; 3];
        (0..self.n_dims).for_each(|k| offset[k] = at[k] - other[k]);
        (offset, offset.iter().map(|v| v * v).sum())
    }
}

fn clipped(offset: [f64; 3], factor: f64) -> [f64; 3] {
    offset.map(|v| (factor * v).clamp(-CLIP, CLIP))
}

/// Moves one new row among its neighbours, the map held still.
#[allow(clippy::too_many_arguments)] // one call, from the model that holds them
pub(super) fn settle(
    start: MapPoint,
    neighbours: &[Neighbour],
    weights: &[f64],
    map: &[MapPoint],
    own: &UmapParams,
    curve: Curve,
    n_epochs: usize,
    n_dims: usize,
    seed: u64,
) -> MapPoint {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let forces = Forces { curve, n_dims };
    let mut at = start.map(f64::from);
    let heaviest = weights.iter().copied().fold(0.0, f64::max);
    let mut due: Vec<f64> = weights.iter().map(|w| heaviest / w).collect();
    for epoch in 0..n_epochs {
        // New rows move a quarter as far as those of the fit, as in umap-learn.
        let step = 0.25 * own.learning_rate * (1.0 - epoch as f64 / n_epochs as f64);
        for ((neighbour, weight), due) in neighbours.iter().zip(weights).zip(&mut due) {
            if *due > epoch as f64 + 1.0 {
                continue;
            }
            *due += heaviest / weight;
            let pull = forces.pull(at, map[neighbour.index as usize].map(f64::from));
            (0..n_dims).for_each(|k| at[k] += step * pull[k]);
            for _ in 0..own.negative_sample_rate {
                let random = below(rng.next_u32(), map.len() as u64);
                let push = forces.push(at, map[random].map(f64::from));
                (0..n_dims).for_each(|k| at[k] += step * push[k]);
            }
        }
    }
    at.map(|v| v as f32)
}
