//! Rows of latent space, checked once on the way in.

use super::error::ProjectionError;

/// n rows of d finite numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a> {
    pub data: &'a [f32],
    pub dimension: usize,
}

impl<'a> Rows<'a> {
    pub fn new(data: &'a [f32], dimension: usize) -> Result<Self, ProjectionError> {
        if dimension == 0 || !data.len().is_multiple_of(dimension) {
            return Err(ProjectionError::Shape { found: data.len(), dimension });
        }
        if let Some(at) = data.iter().position(|v| !v.is_finite()) {
            let (row, column) = (at / dimension, at % dimension);
            return Err(ProjectionError::NotFinite { row, column, value: data[at] });
        }
        Ok(Self { data, dimension })
    }

    pub fn len(&self) -> usize {
        self.data.len() / self.dimension
    }

    pub fn row(&self, index: usize) -> &'a [f32] {
        &self.data[index * self.dimension..][..self.dimension]
    }

    /// At least `expected` rows.
    pub fn at_least(&self, expected: usize, method: &'static str) -> Result<(), ProjectionError> {
        let found = self.len();
        if found >= expected { Ok(()) } else { Err(ProjectionError::TooFew { found, expected, method }) }
    }

    /// At least `n_dims` numbers in a row.
    pub fn at_least_wide(&self, n_dims: usize) -> Result<(), ProjectionError> {
        let dimension = self.dimension;
        if dimension >= n_dims { Ok(()) } else { Err(ProjectionError::TooFlat { n_dims, dimension }) }
    }
}

/// ‖a − b‖², summed in double precision.
pub(super) fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0_f64; LANES];
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..LANES {
            let d = f64::from(a[lane]) - f64::from(b[lane]);
            sums[lane] += d * d;
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    sums.iter().sum::<f64>() + rest
}
