//! Coordinates along the principal axes of the corpus, for landscapes of few dimensions.

use super::error::StepError;
use crate::fill::region::{Coordinates, box_from_latent, latent_from_box};
use crate::landscape::files::NetworkFiles;
use crate::landscape::{KineticTransitionNetwork, MinimumId, SamePoint};
use crate::workspace::{Artefact, Points, StudyError};
use faer::{Mat, Side};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The file of a frame, in an artefact of samples.
pub(super) const FRAME_FILE: &str = "frame.json";

/// The unit box of k coordinates as a part of latent space: z = centre + Σ_j (2 c_j − 1) half_width_j axis_j, kept in the
/// decoder's box.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Frame {
    /// The mean latent vector, shape (d,).
    pub centre: Vec<f64>,
    /// Orthonormal axes by falling variance, shape (k, d).
    pub axes: Vec<Vec<f64>>,
    /// Half the width of the box along each axis, in latent units, shape (k,).
    pub half_widths: Vec<f64>,
    /// Share of the variance that the axes hold.
    pub explained: f64,
}

impl Frame {
    /// The leading axes of points, `reach` standard deviations to either side.
    pub fn of(points: &Points, components: usize, reach: f64) -> Result<Self, StepError> {
        let (d, n) = (points.dimension, points.rows().len());
        let wrong = |problem: String| StepError::Report { what: "principal axes of the corpus", problem };
        if components > d || n < 2 {
            return Err(wrong(format!("{components} axes of {n} points in {d} dimensions")));
        }
        let mut centre = vec![0.0; d];
        for row in points.rows() {
            centre.iter_mut().zip(row).for_each(|(c, z)| *c += f64::from(*z) / n as f64);
        }
        let mut covariance = vec![0.0; d * d];
        for row in points.rows() {
            let z: Vec<f64> = row.iter().zip(&centre).map(|(z, c)| f64::from(*z) - c).collect();
            for (i, line) in covariance.chunks_exact_mut(d).enumerate() {
                line.iter_mut().zip(&z).for_each(|(value, zj)| *value += z[i] * zj / n as f64);
            }
        }
        let matrix = Mat::from_fn(d, d, |i, j| covariance[i * d + j]);
        let eigen = matrix.self_adjoint_eigen(Side::Lower).map_err(|error| wrong(format!("{error:?}")))?;
        let (vectors, values) = (eigen.U(), eigen.S().column_vector());
        // Eigenvalues ascend; the sign of an axis is that of its largest coordinate, so that it is the same everywhere.
        let axis = |a: usize| -> Vec<f64> {
            let axis: Vec<f64> = (0..d).map(|i| vectors[(i, d - 1 - a)]).collect();
            let largest = axis.iter().copied().fold(0.0f64, |most, v| if v.abs() > most.abs() { v } else { most });
            axis.iter().map(|v| v * largest.signum()).collect()
        };
        let variance = |a: usize| values[d - 1 - a].max(0.0);
        let total: f64 = (0..d).map(variance).sum();
        Ok(Self {
            centre,
            axes: (0..components).map(axis).collect(),
            half_widths: (0..components).map(|a| reach * variance(a).sqrt()).collect(),
            explained: (0..components).map(variance).sum::<f64>() / total.max(f64::MIN_POSITIVE),
        })
    }

    /// From coordinates in the unit box of k dimensions to the unit box of the whole space.
    pub fn lift(&self, c: &[f64]) -> Vec<f64> {
        let mut z = self.centre.clone();
        for ((c, axis), half) in c.iter().zip(&self.axes).zip(&self.half_widths) {
            let along = (2.0 * c - 1.0) * half;
            z.iter_mut().zip(axis).for_each(|(z, u)| *z += along * u);
        }
        let z: Vec<f32> = z.into_iter().map(|z| z.clamp(-1.0, 1.0) as f32).collect();
        box_from_latent(&z)
    }

    /// The coordinates of a latent point, in the unit box of k dimensions; what lies across the axes is dropped.
    fn project(&self, latent: &[f32]) -> Vec<f64> {
        let along = |axis: &[f64]| -> f64 {
            latent.iter().zip(&self.centre).zip(axis).map(|((z, c), u)| (f64::from(*z) - c) * u).sum()
        };
        let unit = |(axis, half): (&Vec<f64>, &f64)| {
            if *half > 0.0 { f64::midpoint(along(axis) / half, 1.0).clamp(0.0, 1.0) } else { 0.5 }
        };
        self.axes.iter().zip(&self.half_widths).map(unit).collect()
    }

    /// The network with every point lifted; ids are counted anew.
    pub fn lift_network(&self, files: &NetworkFiles) -> Result<NetworkFiles, StepError> {
        let ktn = &files.network;
        // Lifted points are never the same: that was decided where they were found.
        let same = SamePoint { scale: vec![1e-9; self.centre.len()], energy: ktn.same_point().energy };
        let wrong = |error: crate::landscape::NetworkError| StepError::Report {
            what: "the lifted network",
            problem: error.to_string(),
        };
        let mut lifted = KineticTransitionNetwork::new(same).map_err(wrong)?;
        let mut ids: BTreeMap<MinimumId, MinimumId> = BTreeMap::new();
        for m in ktn.minima() {
            let added = lifted.add_minimum(self.lift(&m.x), m.energy, m.support).map_err(wrong)?;
            ids.insert(m.id, added.id());
        }
        for t in ktn.transition_states() {
            let ends = (ids[&t.minima.0], ids[&t.minima.1]);
            lifted.add_transition_state(self.lift(&t.x), t.energy, ends, t.support).map_err(wrong)?;
        }
        let pairs = files.pairs.iter().map(|(a, b)| (ids[a], ids[b])).collect();
        Ok(NetworkFiles { network: lifted, pairs })
    }

    /// The frame of an artefact of samples; none when these are in the whole box.
    pub fn read(artefact: &Artefact) -> Result<Option<Self>, StepError> {
        if !artefact.provenance.files.contains_key(FRAME_FILE) {
            return Ok(None);
        }
        let parsed = serde_json::from_slice(&artefact.read(FRAME_FILE)?);
        Ok(Some(parsed.map_err(|error| StudyError::Format {
            what: "the frame of samples",
            problem: error.to_string(),
            path: artefact.path(FRAME_FILE),
        })?))
    }
}

impl Coordinates for Frame {
    fn n(&self) -> usize {
        self.axes.len()
    }

    fn of_latent(&self, latent: &[f32]) -> Vec<f64> {
        self.project(latent)
    }

    fn lift(&self, x: &[f64]) -> Vec<f32> {
        latent_from_box(&Self::lift(self, x))
    }

    fn half_width(&self, coordinate: usize) -> f64 {
        self.half_widths.get(coordinate).copied().unwrap_or(1.0).max(f64::MIN_POSITIVE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::MoleculeTable;
    use rand::{Rng, SeedableRng};

    #[test]
    fn the_axes_are_those_of_the_points_and_the_box_reaches_as_far_as_asked() {
        // Points along (1, 1, 0) with spread 0.3, and along (0, 0, 1) with spread 0.1.
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let latents: Vec<f32> = (0..4000)
            .flat_map(|_| {
                let (a, b) = (rng.random_range(-0.52f32..0.52), rng.random_range(-0.173f32..0.173));
                [0.1 + a * 0.5f32.sqrt(), 0.1 + a * 0.5f32.sqrt(), -0.2 + b]
            })
            .collect();
        let points = Points { molecules: MoleculeTable::default(), dimension: 3, latents };
        let frame = Frame::of(&points, 2, 2.0).unwrap();
        assert!((frame.axes[0][0] - 0.5f64.sqrt()).abs() < 0.01 && frame.axes[1][2].abs() > 0.99, "{:?}", frame.axes);
        assert!((frame.half_widths[0] - 0.6).abs() < 0.02 && (frame.half_widths[1] - 0.2).abs() < 0.01);
        assert!(frame.explained > 0.999);
        let middle = frame.lift(&[0.5, 0.5]);
        let centre: Vec<f64> = frame.centre.iter().map(|z| f64::midpoint(*z, 1.0)).collect();
        assert!(middle.iter().zip(&centre).all(|(a, b)| (a - b).abs() < 1e-6));
        let back = frame.project(&latent_from_box(&frame.lift(&[0.3, 0.9])));
        assert!((back[0] - 0.3).abs() < 1e-5 && (back[1] - 0.9).abs() < 1e-5, "{back:?} is not (0.3, 0.9)");
        assert!(Frame::of(&points, 4, 2.0).is_err());
    }
}
