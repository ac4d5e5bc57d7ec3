//! When two stationary points are the same one, and an index that finds such a point without comparing all pairs.

use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// The distance tolerance of the reference, as a fraction of each coordinate's range.
pub const REFERENCE_DISTANCE_TOLERANCE: f64 = 0.02;
/// The energy tolerance of the reference, in the units of the surface.
pub const REFERENCE_ENERGY_TOLERANCE: f64 = 0.05;

/// The test for “the same stationary point”: `Σ_j (Δx_j / s_j)² ≤ 1` and |ΔE| < `energy`.
///
/// `s_j` is the tolerance times the range of coordinate j (METHOD, section 4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SamePoint {
    /// `s_j`, one per coordinate, in the units of x; finite and > 0.
    pub scale: Vec<f64>,
    /// Largest energy difference, exclusive, in the units of E; > 0 (may be infinite).
    pub energy: f64,
}

impl SamePoint {
    /// The test for a box with the given bounds: `s_j = distance · (upper_j − lower_j)`.
    ///
    /// A coordinate of zero width gets the scale `distance`, so that the test stays defined.
    pub fn in_box(lower: &[f64], upper: &[f64], distance: f64, energy: f64) -> Self {
        let width = |(l, u): (&f64, &f64)| if u > l { u - l } else { 1.0 };
        Self { scale: lower.iter().zip(upper).map(|b| distance * width(b)).collect(), energy }
    }

    /// The reference's test in the unit box of `n_dims` dimensions.
    pub fn unit_box(n_dims: usize) -> Self {
        Self { scale: vec![REFERENCE_DISTANCE_TOLERANCE; n_dims], energy: REFERENCE_ENERGY_TOLERANCE }
    }

    /// Number of coordinates.
    pub fn n_dims(&self) -> usize {
        self.scale.len()
    }

    /// Whether the two points pass the test.
    pub fn matches(&self, a: &[f64], energy_a: f64, b: &[f64], energy_b: f64) -> bool {
        (energy_a - energy_b).abs() < self.energy && self.scaled_distance2(a, b) <= 1.0
    }

    /// `Σ_j (Δx_j / s_j)²`, dimensionless; stops adding once the sum has passed 1.
    pub fn scaled_distance2(&self, a: &[f64], b: &[f64]) -> f64 {
        let mut sum = 0.0;
        for ((a, b), s) in a.iter().zip(b).zip(&self.scale) {
            sum += ((a - b) / s).powi(2);
            if sum > 1.0 {
                break;
            }
        }
        sum
    }
}

/// How many directions the index looks along: 3³ cells are visited per question.
const MAX_DIRECTIONS: usize = 3;
/// Cells are a little wider than the tolerance, so that rounding cannot push a partner two cells away.
const CELL_WIDTH: f64 = 1.0 + 1e-6;

/// Cell of a point along each direction; unused directions are 0.
type Cell = [i64; MAX_DIRECTIONS];

/// Points binned by their projections on a few fixed orthonormal directions of the scaled space.
///
/// Two points that pass [`SamePoint`] are at most 1 apart in scaled space, so their projections on a unit vector are
/// too, and they lie in the same or in adjacent cells. What the cells return is then tested exactly: the index never
/// changes an answer, only the number of comparisons.
#[derive(Debug, Clone, Default)]
pub(crate) struct PointIndex {
    directions: Vec<Vec<f64>>,
    cells: HashMap<Cell, Vec<u32>>,
}

impl PointIndex {
    pub(crate) fn new(n_dims: usize) -> Self {
        Self { directions: orthonormal_directions(n_dims), cells: HashMap::new() }
    }

    pub(crate) fn insert(&mut self, id: u32, x: &[f64], test: &SamePoint) {
        self.cells.entry(self.cell(x, test)).or_default().push(id);
    }

    pub(crate) fn remove(&mut self, id: u32, x: &[f64], test: &SamePoint) {
        let cell = self.cell(x, test);
        if let Some(ids) = self.cells.get_mut(&cell) {
            ids.retain(|&other| other != id);
            if ids.is_empty() {
                self.cells.remove(&cell);
            }
        }
    }

    /// Ids that may be the same point as `x`, ascending: every true partner is among them.
    pub(crate) fn candidates(&self, x: &[f64], test: &SamePoint) -> Vec<u32> {
        let centre = self.cell(x, test);
        let mut found = Vec::new();
        for offset in 0..3_i64.pow(self.directions.len() as u32) {
            let mut cell = centre;
            let mut rest = offset;
            for c in cell.iter_mut().take(self.directions.len()) {
                *c = c.saturating_add(rest % 3 - 1);
                rest /= 3;
            }
            found.extend(self.cells.get(&cell).into_iter().flatten());
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn cell(&self, x: &[f64], test: &SamePoint) -> Cell {
        let mut cell = [0; MAX_DIRECTIONS];
        for (c, direction) in cell.iter_mut().zip(&self.directions) {
            let projection: f64 = x.iter().zip(&test.scale).zip(direction).map(|((x, s), u)| x / s * u).sum();
            *c = (projection / CELL_WIDTH).floor() as i64;
        }
        cell
    }
}

/// Fixed, generic, orthonormal directions: multiples of the golden ratio modulo 1, made orthogonal.
fn orthonormal_directions(n_dims: usize) -> Vec<Vec<f64>> {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let mut directions: Vec<Vec<f64>> = Vec::new();
    let mut k = 1.0;
    while directions.len() < n_dims.min(MAX_DIRECTIONS) {
        let mut u: Vec<f64> = (0..n_dims)
            .map(|_| {
                k += 1.0;
                (k * GOLDEN).fract() - 0.5
            })
            .collect();
        for v in &directions {
            let dot: f64 = u.iter().zip(v).map(|(a, b)| a * b).sum();
            u.iter_mut().zip(v).for_each(|(a, b)| *a -= dot * b);
        }
        let norm = u.iter().map(|a| a * a).sum::<f64>().sqrt();
        if norm > 1e-3 {
            for a in &mut u {
                *a /= norm;
            }
            directions.push(u);
        }
    }
    directions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_orthonormal() {
        for n_dims in [0, 1, 2, 3, 7, 128] {
            let directions = orthonormal_directions(n_dims);
            assert_eq!(directions.len(), n_dims.min(MAX_DIRECTIONS));
            for (i, u) in directions.iter().enumerate() {
                for (j, v) in directions.iter().enumerate() {
                    let dot: f64 = u.iter().zip(v).map(|(a, b)| a * b).sum();
                    let expected = f64::from(u8::from(i == j));
                    assert!((dot - expected).abs() < 1e-12, "{n_dims} {i} {j}: {dot}");
                }
            }
        }
    }

    #[test]
    fn zero_width_coordinate_does_not_break_the_test() {
        let test = SamePoint::in_box(&[0.0, 1.0], &[2.0, 1.0], 0.02, 0.05);
        assert_eq!(test.scale, vec![0.04, 0.02]);
        assert!(test.matches(&[0.0, 1.0], 0.0, &[0.03, 1.0], 0.04));
        assert!(!test.matches(&[0.0, 1.0], 0.0, &[0.05, 1.0], 0.04));
        assert!(!test.matches(&[0.0, 1.0], 0.0, &[0.03, 1.0], 0.05));
    }
}
