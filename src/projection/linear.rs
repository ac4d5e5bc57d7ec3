//! Projections onto a plane (or a space): principal components, random axes, the plane through chosen points.

use super::MapPoint;
use super::error::ProjectionError;
use super::rows::Rows;
use faer::{Mat, Side};
use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_reduction::Pca;
use ndarray::Array2;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Rows up to which linfa's decomposition of the data matrix is used; above, the covariance is decomposed, which
/// needs no copy of the data.
const MAX_LINFA_ROWS: usize = 20_000;
/// Largest ‖C v − λ v‖ / `λ_max` that a principal axis may have.
const MAX_RESIDUAL: f64 = 1e-7;
/// Rows that are summed in one piece: sums do not depend on the number of threads.
const PIECE: usize = 1024;

/// origin + axes: x ↦ (axes · (x − origin)).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LinearModel {
    origin: Vec<f64>,
    /// Orthonormal, one after the other.
    axes: Vec<f64>,
    /// Part of the whole variance along each axis.
    explained: Option<Vec<f64>>,
}

impl LinearModel {
    pub fn origin(&self) -> &[f64] {
        &self.origin
    }

    pub fn axes(&self) -> &[f64] {
        &self.axes
    }

    pub fn explained_variance(&self) -> Option<&[f64]> {
        self.explained.as_deref()
    }

    pub fn fits(&self, dimension: usize, n_dims: usize) -> bool {
        let finite = self.origin.iter().chain(&self.axes).all(|v| v.is_finite());
        self.origin.len() == dimension && self.axes.len() == dimension * n_dims && finite
    }

    pub fn apply(&self, rows: &Rows<'_>) -> Vec<MapPoint> {
        let place = |row: &[f32]| {
            let mut place = [0.0; 3];
            for (out, axis) in place.iter_mut().zip(self.axes.chunks_exact(self.origin.len())) {
                let terms = row.iter().zip(&self.origin).zip(axis);
                *out = terms.map(|((x, o), a)| (f64::from(*x) - o) * a).sum::<f64>() as f32;
            }
            place
        };
        rows.data.par_chunks(rows.dimension).with_min_len(256).map(place).collect()
    }
}

/// The axes along which the rows vary most; each is turned so that its largest component is positive.
///
/// linfa's `Pca` finds them; where its iteration has not converged far enough, and for many rows, the covariance
/// matrix is decomposed exactly instead.
pub(super) fn pca(rows: &Rows<'_>, n_dims: usize, notes: &mut Vec<String>) -> Result<LinearModel, ProjectionError> {
    rows.at_least(2, "a map")?;
    rows.at_least_wide(n_dims)?;
    let (origin, covariance) = mean_and_covariance(rows);
    let total: f64 = (0..rows.dimension).map(|k| covariance[(k, k)]).sum();
    let iterated = if rows.len() <= MAX_LINFA_ROWS { linfa_axes(rows, n_dims) } else { None };
    let good = |axes: &Vec<f64>| residual(&covariance, axes) <= MAX_RESIDUAL;
    let mut axes = match iterated.filter(good) {
        Some(axes) => axes,
        None => {
            if rows.len() <= MAX_LINFA_ROWS {
                notes.push("Principal axes from the covariance matrix: the iteration did not converge.".to_owned());
            }
            exact_axes(&covariance, n_dims)?
        }
    };
    axes.chunks_exact_mut(rows.dimension).for_each(turn);
    let explained = axes.chunks_exact(rows.dimension).map(|axis| {
        let variance = dot(axis, &product(&covariance, axis));
        if total > 0.0 { variance / total } else { 0.0 }
    });
    let explained = Some(explained.collect());
    Ok(LinearModel { origin, axes, explained })
}

/// Random orthonormal axes through the mean.
pub(super) fn random(rows: &Rows<'_>, n_dims: usize, seed: u64) -> Result<LinearModel, ProjectionError> {
    rows.at_least(1, "a map")?;
    rows.at_least_wide(n_dims)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut axes: Vec<f64> = Vec::new();
    while axes.len() < n_dims * rows.dimension {
        let direction: Vec<f64> = (0..rows.dimension).map(|_| normal(&mut rng)).collect();
        push_orthonormal(&mut axes, direction, 1e-6);
    }
    let (origin, _) = mean(rows);
    Ok(LinearModel { origin, axes, explained: None })
}

/// The plane through points, or the one that fits them best when there are more than it needs.
///
/// The first point is the origin and the second lies on the first axis when there are just enough.
pub(super) fn plane(points: &[Vec<f64>], rows: &Rows<'_>, n_dims: usize) -> Result<LinearModel, ProjectionError> {
    rows.at_least_wide(n_dims)?;
    let expected = rows.dimension;
    if let Some((index, point)) = points.iter().enumerate().find(|(_, p)| p.len() != expected) {
        return Err(ProjectionError::PointDimension { index, found: point.len(), expected });
    }
    for (row, point) in points.iter().enumerate() {
        if let Some(column) = point.iter().position(|v| !v.is_finite()) {
            return Err(ProjectionError::NotFinite { row, column, value: point[column] as f32 });
        }
    }
    let degenerate = |found| ProjectionError::Degenerate { n_points: points.len(), found, expected: n_dims };
    if points.len() > n_dims + 1 {
        let flat: Vec<f32> = points.iter().flatten().map(|v| *v as f32).collect();
        let (origin, covariance) = mean_and_covariance(&Rows { data: &flat, dimension: expected });
        let mut axes = exact_axes(&covariance, n_dims)?;
        let spread = |axis: &[f64]| dot(axis, &product(&covariance, axis));
        let widest = spread(&axes[..expected]);
        let n_wide = axes.chunks_exact(expected).filter(|axis| spread(axis) > 1e-12 * widest && widest > 0.0).count();
        if n_wide < n_dims {
            return Err(degenerate(n_wide));
        }
        axes.chunks_exact_mut(expected).for_each(turn);
        return Ok(LinearModel { origin, axes, explained: None });
    }
    let mut axes = Vec::new();
    if let Some((first, others)) = points.split_first() {
        for point in others {
            let direction = point.iter().zip(first).map(|(p, o)| p - o).collect();
            push_orthonormal(&mut axes, direction, 1e-9);
        }
        if axes.len() == n_dims * expected {
            return Ok(LinearModel { origin: first.clone(), axes, explained: None });
        }
    }
    Err(degenerate(axes.len() / expected))
}

/// Adds the part of `direction` that is at right angles to the axes so far, unless it is a part smaller than `least`.
fn push_orthonormal(axes: &mut Vec<f64>, mut direction: Vec<f64>, least: f64) {
    let whole = dot(&direction, &direction).sqrt();
    // Twice is enough for orthogonality to rounding (Kahan; Parlett, The symmetric eigenvalue problem, 1980).
    for _ in 0..2 {
        for axis in axes.chunks_exact(direction.len()) {
            let along = dot(axis, &direction);
            direction.iter_mut().zip(axis).for_each(|(d, a)| *d -= along * a);
        }
    }
    let left = dot(&direction, &direction).sqrt();
    if left > least * whole && left > 0.0 {
        axes.extend(direction.iter().map(|d| d / left));
    }
}

fn linfa_axes(rows: &Rows<'_>, n_dims: usize) -> Option<Vec<f64>> {
    // The iteration wants a few more rows and columns than axes.
    if rows.len() < 5 * n_dims || rows.dimension < 5 * n_dims {
        return None;
    }
    let data = rows.data.iter().map(|v| f64::from(*v)).collect();
    let matrix = Array2::from_shape_vec((rows.len(), rows.dimension), data).ok()?;
    let fitted = Pca::params(n_dims).fit(&DatasetBase::from(matrix)).ok()?;
    let axes: Vec<f64> = fitted.components().iter().copied().collect();
    let complete = axes.len() == n_dims * rows.dimension && axes.iter().all(|v| v.is_finite());
    complete.then_some(axes)
}

fn exact_axes(covariance: &Mat<f64>, n_dims: usize) -> Result<Vec<f64>, ProjectionError> {
    let wrong = |_| ProjectionError::Eigen { matrix: "covariance of the rows" };
    let eigen = covariance.self_adjoint_eigen(Side::Lower).map_err(wrong)?;
    let vectors = eigen.U();
    let d = covariance.nrows();
    // Eigenvalues come in rising order.
    Ok((0..n_dims).flat_map(|axis| (0..d).map(move |k| (k, d - 1 - axis))).map(|(k, j)| vectors[(k, j)]).collect())
}

/// The largest of ‖C v − λ v‖ / `λ_max` over the axes, or of their departure from orthonormality.
fn residual(covariance: &Mat<f64>, axes: &[f64]) -> f64 {
    let d = covariance.nrows();
    let mut worst: f64 = 0.0;
    let mut largest: f64 = 0.0;
    for (index, axis) in axes.chunks_exact(d).enumerate() {
        let image = product(covariance, axis);
        let value = dot(axis, &image);
        largest = largest.max(value.abs());
        let off: f64 = image.iter().zip(axis).map(|(i, a)| (i - value * a).powi(2)).sum();
        worst = worst.max(off.sqrt() / largest.max(f64::MIN_POSITIVE));
        for (other, second) in axes.chunks_exact(d).enumerate() {
            let expected = f64::from(u8::from(index == other));
            worst = worst.max((dot(axis, second) - expected).abs());
        }
    }
    worst
}

fn turn(axis: &mut [f64]) {
    let largest = axis.iter().copied().fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a });
    if largest < 0.0 {
        axis.iter_mut().for_each(|a| *a = -*a);
    }
}

fn mean(rows: &Rows<'_>) -> (Vec<f64>, usize) {
    let n = rows.len();
    let pieces: Vec<Vec<f64>> = rows
        .data
        .par_chunks(PIECE * rows.dimension)
        .map(|piece| {
            let mut sum = vec![0.0; rows.dimension];
            for row in piece.chunks_exact(rows.dimension) {
                sum.iter_mut().zip(row).for_each(|(s, v)| *s += f64::from(*v));
            }
            sum
        })
        .collect();
    let mut mean = vec![0.0; rows.dimension];
    for piece in &pieces {
        mean.iter_mut().zip(piece).for_each(|(m, p)| *m += p / n as f64);
    }
    (mean, n)
}

fn mean_and_covariance(rows: &Rows<'_>) -> (Vec<f64>, Mat<f64>) {
    let (mean, n) = mean(rows);
    let d = rows.dimension;
    let product_of = |piece: &[f32]| {
        let n_rows = piece.len() / d;
        let centred = Mat::from_fn(n_rows, d, |i, j| f64::from(piece[i * d + j]) - mean[j]);
        let mut out = Mat::zeros(d, d);
        let accumulate = faer::Accum::Replace;
        faer::linalg::matmul::matmul(
            &mut out,
            accumulate,
            centred.transpose(),
            &centred,
            1.0 / n as f64,
            faer::Par::Seq,
        );
        out
    };
    // Summed piece by piece in their order, a few at a time so that memory stays small.
    let mut covariance: Mat<f64> = Mat::zeros(d, d);
    for few in rows.data.chunks(16 * PIECE * d) {
        let products: Vec<Mat<f64>> = few.par_chunks(PIECE * d).map(product_of).collect();
        products.iter().for_each(|product| covariance += product);
    }
    (mean, covariance)
}

fn product(matrix: &Mat<f64>, vector: &[f64]) -> Vec<f64> {
    (0..matrix.nrows()).map(|i| (0..vector.len()).map(|j| matrix[(i, j)] * vector[j]).sum()).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A standard normal number, by the polar form of Box and Muller.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}
