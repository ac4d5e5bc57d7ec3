//! Nearest neighbours by brute force.

use super::scaling::Scaling;
use super::{NeighbourParams, Problem};

/// Numbers of neighbours that are tried.
const CHOICES: [usize; 5] = [1, 3, 5, 10, 20];
/// Added to distances, so that an equal molecule weighs much but not everything.
const SOFT: f64 = 1e-6;

/// Predictions for the test rows: weighted means of the neighbours' labels.
pub(super) fn predict(params: &NeighbourParams, problem: &Problem) -> Vec<f64> {
    let scaling = Scaling::of(problem.features, problem.train);
    let known = scaling.apply_f32(problem.features, problem.train);
    let y = problem.targets_of(problem.train);
    let most = params.k.unwrap_or(CHOICES[CHOICES.len() - 1]).clamp(1, y.len());
    let nearest = |rows: &[usize]| -> Vec<Vec<(f64, usize)>> {
        let asked = scaling.apply_f32(problem.features, rows);
        asked.chunks_exact(problem.features.dim).map(|row| nearest_rows(row, &known, most)).collect()
    };
    let k = params.k.unwrap_or_else(|| {
        let found = nearest(problem.valid);
        let y_valid = problem.targets_of(problem.valid);
        let loss = |k: usize| -> f64 {
            found.iter().zip(&y_valid).map(|(near, target)| (mean(near, &y, k) - target).powi(2)).sum()
        };
        // Without validation molecules all are equal, and five is the middle.
        if y_valid.is_empty() {
            5
        } else {
            CHOICES.into_iter().min_by(|&a, &b| loss(a).total_cmp(&loss(b))).unwrap_or(5)
        }
    });
    nearest(problem.test).iter().map(|near| mean(near, &y, k)).collect()
}

/// Distances and indices of the nearest rows, ascending; of equal distances the first rows.
fn nearest_rows(row: &[f32], known: &[f32], most: usize) -> Vec<(f64, usize)> {
    let distance = |other: &[f32]| f64::from(row.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum::<f32>());
    let mut all: Vec<(f64, usize)> =
        known.chunks_exact(row.len()).enumerate().map(|(k, other)| (distance(other), k)).collect();
    let order = |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    if most < all.len() {
        all.select_nth_unstable_by(most - 1, order);
        all.truncate(most);
    }
    all.sort_by(order);
    all.iter().map(|&(square, k)| (square.sqrt(), k)).collect()
}

fn mean(near: &[(f64, usize)], y: &[f64], k: usize) -> f64 {
    let weights = near.iter().take(k).map(|&(distance, row)| (1.0 / (distance + SOFT), y[row]));
    let (sum, total) = weights.fold((0.0, 0.0), |(sum, total), (weight, y)| (sum + weight * y, total + weight));
    sum / total
}
