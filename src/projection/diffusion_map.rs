//! Diffusion maps by linfa-reduction, extended to other rows by the Nyström formula.
//!
//! With the kernel k(x, y) = exp(−‖x − y‖²/ε) between landmarks and its row sums s, the map is `λ^t ψ`, where ψ are the
//! right eigenvectors of the walk P = k/s after the constant one. Another row y gets
//! `ψ(y) = (1/λ) Σ_j p(y, x_j) ψ(x_j)`.
//!
//! Source: R. R. Coifman and S. Lafon, Diffusion maps, Appl. Comput. Harmon. Anal. 21, 5 (2006); Y. Bengio et al.,
//! Out-of-sample extensions, NIPS 16 (2003).

use super::base64_floats;
use super::error::ProjectionError;
use super::params::{DiffusionMapParams, ProjectionParams};
use super::rows::{Rows, squared_distance};
use super::{FitEnd, MapPoint};
use crate::jobs::{Observe, Progress};
use linfa::ParamGuard;
use linfa::traits::Transformer;
use linfa_kernel::{Kernel, KernelMethod, KernelType};
use linfa_reduction::DiffusionMap;
use ndarray::Array2;
use rand::{SeedableRng, seq::index::sample};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// What places other rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct DiffusionMapModel {
    /// ε.
    bandwidth: f64,
    n_steps: usize,
    /// λ of each axis.
    eigenvalues: Vec<f64>,
    dimension: usize,
    #[serde(with = "base64_floats")]
    landmarks: Vec<f32>,
    /// ψ of each landmark, one axis after the other within a landmark.
    psi: Vec<f64>,
}

/// The map's extent: eigenvectors have length 1, so coordinates shrink with the number of landmarks.
fn unit(n_landmarks: usize) -> f64 {
    (n_landmarks as f64).sqrt()
}

pub(super) fn fit(
    own: &DiffusionMapParams,
    params: &ProjectionParams,
    rows: &Rows<'_>,
    notes: &mut Vec<String>,
    observe: Observe<'_>,
) -> Result<(Vec<MapPoint>, FitEnd, DiffusionMapModel), ProjectionError> {
    let n_dims = params.n_dims;
    rows.at_least(5 * n_dims + 5, "a diffusion map")?;
    let landmarks = landmarks(own, params.seed, rows, notes);
    let bandwidth = own.bandwidth.unwrap_or_else(|| median_squared_distance(&landmarks, rows.dimension));
    if !(bandwidth.is_finite() && bandwidth > 0.0) {
        return Err(ProjectionError::Eigen { matrix: "diffusion operator" });
    }
    // One call of the library is one unit of work: cancelling acts before and after it.
    let cancelled = observe(Progress::new("kernel", 0, Some(2))).is_break();
    let n_landmarks = landmarks.len() / rows.dimension;
    let data = landmarks.iter().map(|v| f64::from(*v)).collect();
    let matrix = Array2::from_shape_vec((n_landmarks, rows.dimension), data).expect("whole rows");
    let kernel =
        Kernel::params().kind(KernelType::Dense).method(KernelMethod::Gaussian(bandwidth)).transform(matrix.view());
    let checked = DiffusionMap::<f64>::params(n_dims).steps(1).check();
    let walk = checked.map_err(|_| ProjectionError::Eigen { matrix: "diffusion operator" })?;
    let fitted = walk.transform(&kernel);
    let eigenvalues: Vec<f64> = fitted.eigvals().to_vec();
    let embedding = fitted.embedding();
    let sound = eigenvalues.iter().all(|v| v.is_finite() && v.abs() > 1e-12) && embedding.iter().all(|v| v.is_finite());
    if !sound || eigenvalues.len() != n_dims {
        return Err(ProjectionError::Eigen { matrix: "diffusion operator" });
    }
    // One step of the walk was applied: take it back. Signs are fixed by the largest entry of each axis.
    let mut psi = vec![0.0; n_landmarks * n_dims];
    for axis in 0..n_dims {
        let column = embedding.column(axis);
        let largest = column.iter().copied().fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a });
        let scale = unit(n_landmarks) * if largest < 0.0 { -1.0 } else { 1.0 } / eigenvalues[axis];
        column.iter().enumerate().for_each(|(i, v)| psi[i * n_dims + axis] = scale * v);
    }
    let model =
        DiffusionMapModel { bandwidth, n_steps: own.n_steps, eigenvalues, dimension: rows.dimension, landmarks, psi };
    let map = model.apply(rows, n_dims);
    let cancelled = cancelled || observe(Progress::new("kernel", 2, Some(2))).is_break();
    Ok((map, if cancelled { FitEnd::Cancelled } else { FitEnd::Finished }, model))
}

fn landmarks(own: &DiffusionMapParams, seed: u64, rows: &Rows<'_>, notes: &mut Vec<String>) -> Vec<f32> {
    if rows.len() <= own.max_landmarks {
        return rows.data.to_vec();
    }
    notes.push(format!(
        "The diffusion map was made from a seeded sample of {} of {} rows; the others were placed by the Nyström formula.",
        own.max_landmarks,
        rows.len()
    ));
    let mut picked = sample(&mut ChaCha8Rng::seed_from_u64(seed), rows.len(), own.max_landmarks).into_vec();
    picked.sort_unstable();
    picked.into_iter().flat_map(|i| rows.row(i)).copied().collect()
}

/// The median of the squared distances between rows, of at most 1000 of them evenly spread over the list.
fn median_squared_distance(data: &[f32], dimension: usize) -> f64 {
    const MOST: usize = 1000;
    let all: Vec<&[f32]> = data.chunks_exact(dimension).collect();
    let step = all.len().div_ceil(MOST).max(1);
    let few: Vec<&[f32]> = all.into_iter().step_by(step).collect();
    let few = few.as_slice();
    let of_row = |i: usize| few[..i].iter().map(move |other| squared_distance(few[i], other));
    let mut distances: Vec<f64> = (1..few.len()).flat_map(of_row).filter(|d| *d > 0.0).collect();
    if distances.is_empty() {
        return 0.0;
    }
    let middle = distances.len() / 2;
    *distances.select_nth_unstable_by(middle, f64::total_cmp).1
}

impl DiffusionMapModel {
    pub fn fits(&self, dimension: usize, n_dims: usize) -> bool {
        let n_landmarks = self.landmarks.len() / self.dimension.max(1);
        let sound = self.bandwidth > 0.0 && self.eigenvalues.iter().all(|v| v.is_finite() && *v != 0.0);
        self.dimension == dimension
            && self.landmarks.len() == n_landmarks * dimension
            && self.psi.len() == n_landmarks * n_dims
            && self.eigenvalues.len() == n_dims
            && self.psi.iter().all(|v| v.is_finite())
            && sound
    }

    pub fn apply(&self, rows: &Rows<'_>, n_dims: usize) -> Vec<MapPoint> {
        let place = |row: &[f32]| {
            let distances: Vec<f64> =
                self.landmarks.chunks_exact(self.dimension).map(|landmark| squared_distance(row, landmark)).collect();
            // Relative to the nearest landmark, so that a row far from all still has weights.
            let least = distances.iter().copied().fold(f64::INFINITY, f64::min);
            let mut sums = [0.0; 3];
            let mut total = 0.0;
            for (d2, psi) in distances.iter().zip(self.psi.chunks_exact(n_dims)) {
                let weight = (-(d2 - least) / self.bandwidth).exp();
                total += weight;
                sums.iter_mut().zip(psi).for_each(|(sum, psi)| *sum += weight * psi);
            }
            for (sum, eigenvalue) in sums.iter_mut().zip(&self.eigenvalues) {
                *sum *= eigenvalue.powi(self.n_steps as i32 - 1) / total;
            }
            sums.map(|v| v as f32)
        };
        rows.data.par_chunks(rows.dimension).map(place).collect()
    }
}
