//! Features in units of their spread over the training molecules.

use crate::evaluate::embeddings::Features;

/// Mean and inverse deviation of each coordinate over the training molecules.
pub(super) struct Scaling {
    mean: Vec<f64>,
    factor: Vec<f64>,
}

/// A deviation below this part of the largest is taken for a constant coordinate, which says nothing.
const CONSTANT: f64 = 1e-6;

impl Scaling {
    pub fn of(features: &Features, rows: &[usize]) -> Self {
        let (n, dim) = (rows.len() as f64, features.dim);
        let mut mean = vec![0.0; dim];
        for &row in rows {
            mean.iter_mut().zip(features.row(row)).for_each(|(m, x)| *m += f64::from(*x) / n);
        }
        let mut variance = vec![0.0; dim];
        for &row in rows {
            let coordinates = variance.iter_mut().zip(features.row(row)).zip(&mean);
            coordinates.for_each(|((v, x), m)| *v += (f64::from(*x) - m).powi(2) / n);
        }
        let largest = variance.iter().copied().fold(0.0, f64::max).sqrt();
        let factor = |v: &f64| if v.sqrt() > CONSTANT * largest { 1.0 / v.sqrt() } else { 0.0 };
        Self { factor: variance.iter().map(factor).collect(), mean }
    }

    /// Standardised rows, `(rows, dim)`.
    pub fn apply(&self, features: &Features, rows: &[usize]) -> Vec<f64> {
        let mut values = Vec::with_capacity(rows.len() * features.dim);
        for &row in rows {
            let coordinates = features.row(row).iter().zip(&self.mean).zip(&self.factor);
            values.extend(coordinates.map(|((x, m), f)| (f64::from(*x) - m) * f));
        }
        values
    }

    /// The same in single precision.
    pub fn apply_f32(&self, features: &Features, rows: &[usize]) -> Vec<f32> {
        self.apply(features, rows).into_iter().map(|x| x as f32).collect()
    }
}
