//! The manifold-aware surface: a fitted surface that rises where there are no samples.
//!
//! Far from the data a spline extrapolates, and its deepest minima lie where no sample ever was (METHOD, section 3).
//! Here the energy gains κ p(t), t = D²(x)/r² − 1 where that is positive: D is a smooth distance to the nearest samples
//! in whitened coordinates, r the distance that 95 % of the samples keep from the others, and p(t) = t³/(1 + t), which
//! starts with a continuous second derivative and grows like t². Within r of the samples nothing is changed.

mod distance;
mod whitening;

use serde::{Deserialize, Serialize};

use super::Surface;
use super::search::bounds::dot;
use distance::{Near, SoftDistance};
use whitening::Whitening;

/// Settings of the penalty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ManifoldParams {
    /// κ > 0, in units of E.
    pub strength: f64,
    /// Share of the samples that must lie within r of the others, in (0, 1]; r follows from it.
    pub quantile: f64,
    /// r is multiplied by this.
    pub radius_factor: f64,
    /// τ as a share of the median squared distance between nearest samples, > 0.
    pub smoothness: f64,
    /// Principal axes narrower than this share of the widest count as that wide, in (0, 1].
    pub narrowest_axis: f64,
}

impl Default for ManifoldParams {
    fn default() -> Self {
        Self { strength: 1.0, quantile: 0.95, radius_factor: 1.0, smoothness: 0.1, narrowest_axis: 0.05 }
    }
}

/// Why no penalty could be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ManifoldError {
    /// Samples are not rows of the surface's dimension, or too few to have neighbours.
    #[error(
        "could not make a manifold-aware surface of {found} sample coordinates: at least two rows of {dim} are needed"
    )]
    Samples {
        /// Coordinates found.
        found: usize,
        /// Dimension of the surface.
        dim: usize,
    },
    /// A sample is NaN or infinite.
    #[error("could not make a manifold-aware surface: a coordinate of sample {index} is not finite")]
    NotFinite {
        /// The first bad sample, counted from 0.
        index: usize,
    },
    /// All samples coincide, or most repeat others.
    #[error("could not make a manifold-aware surface: most samples coincide with others; remove repeated samples")]
    Coincident,
    /// A setting is out of its range.
    #[error("could not make a manifold-aware surface: {name} is {value}, expected {expected}")]
    Parameter {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        expected: &'static str,
    },
}

/// Samples looked at to find the usual distance between neighbours.
const N_CALIBRATION: usize = 1000;

/// A surface with the penalty added.
#[derive(Debug, Clone)]
pub struct Manifold<S> {
    surface: S,
    whitening: Whitening,
    distance: SoftDistance,
    /// r², in whitened coordinates.
    radius2: f64,
    strength: f64,
}

impl<S: Surface> Manifold<S> {
    /// * `samples` – (n, d) in the coordinates of `surface`: the points it was fitted to
    ///
    /// # Errors
    /// [`ManifoldError`] says what is wrong with the samples or settings.
    pub fn new(surface: S, samples: &[f64], params: &ManifoldParams) -> Result<Self, ManifoldError> {
        let dim = surface.dim();
        check(samples, dim, params)?;
        let whitening = Whitening::of(samples, dim, params.narrowest_axis).ok_or(ManifoldError::Coincident)?;
        let whitened = whitening.apply(samples);
        let n = samples.len() / dim;
        // Every sample, or as many evenly spread ones, beside all others.
        let stride = n.div_ceil(N_CALIBRATION);
        let chosen: Vec<usize> = (0..n).step_by(stride).collect();
        let points: Vec<f64> = chosen.iter().flat_map(|&i| whitened[i * dim..(i + 1) * dim].iter().copied()).collect();
        let mut distance = SoftDistance::new(&whitened, dim, 1.0);
        let nearest = distance.near(&points, Some(&chosen)).into_iter().map(|near| near.nearest).collect();
        distance.temperature = params.smoothness * quantile(nearest, 0.5);
        if distance.temperature <= 0.0 {
            return Err(ManifoldError::Coincident);
        }
        let smooth = distance.near(&points, Some(&chosen)).into_iter().map(|near| near.squared).collect();
        // In a dense crowd D² may be negative; a radius is at least the width of the mixture.
        let radius2 = quantile(smooth, params.quantile).max(distance.temperature) * params.radius_factor.powi(2);
        Ok(Self { surface, whitening, distance, radius2, strength: params.strength })
    }

    /// The surface without the penalty.
    pub fn inner(&self) -> &S {
        &self.surface
    }

    /// The penalty at `x`, in units of E; 0 within r of the samples.
    pub fn penalty(&self, x: &[f64]) -> f64 {
        let near = self.near(x);
        self.strength * Growth::at(self.excess(&near)).value
    }

    /// D/r at `x`: above 1 the samples do not support the surface.
    pub fn distance_over_radius(&self, x: &[f64]) -> f64 {
        (self.near(x).squared.max(0.0) / self.radius2).sqrt()
    }

    fn near(&self, x: &[f64]) -> Near {
        self.distance.near(&self.whitening.apply(x), None).swap_remove(0)
    }

    /// t = D²/r² − 1.
    fn excess(&self, near: &Near) -> f64 {
        near.squared / self.radius2 - 1.0
    }

    /// ∇D² in the coordinates of the surface, from the whitened point.
    fn slope(&self, y: &[f64], near: &Near) -> Vec<f64> {
        let away: Vec<f64> = y.iter().zip(&near.mean).map(|(y, m)| 2.0 * (y - m)).collect();
        self.whitening.transposed(&away)
    }

    fn add_penalty(&self, x: &[f64], near: &Near, energy: &mut f64, gradient: &mut [f64]) {
        let growth = Growth::at(self.excess(near));
        if growth.value > 0.0 {
            *energy += self.strength * growth.value;
            let slope = self.slope(&self.whitening.apply(x), near);
            let share = self.strength * growth.slope / self.radius2;
            gradient.iter_mut().zip(&slope).for_each(|(g, s)| *g += share * s);
        }
    }

    /// (∇²D²) v, whitened in and out.
    fn bend(&self, near: &Near, v: &[f64]) -> Vec<f64> {
        let u = self.whitening.direction(v);
        let mut out: Vec<f64> = u.iter().map(|u| 2.0 * u).collect();
        for &(i, share) in &near.shares {
            let apart: Vec<f64> = self.distance.sample(i).iter().zip(&near.mean).map(|(a, b)| a - b).collect();
            let along = 4.0 / self.distance.temperature * share * dot(&apart, &u);
            out.iter_mut().zip(&apart).for_each(|(o, a)| *o -= along * a);
        }
        self.whitening.transposed(&out)
    }
}

fn check(samples: &[f64], dim: usize, params: &ManifoldParams) -> Result<(), ManifoldError> {
    if !samples.len().is_multiple_of(dim) || samples.len() < 2 * dim {
        return Err(ManifoldError::Samples { found: samples.len(), dim });
    }
    if let Some(at) = samples.iter().position(|x| !x.is_finite()) {
        return Err(ManifoldError::NotFinite { index: at / dim });
    }
    let positive = |v: f64| v.is_finite() && v > 0.0;
    let share = |v: f64| v > 0.0 && v <= 1.0;
    let checks = [
        ("strength", params.strength, "a finite number > 0", positive(params.strength)),
        ("quantile", params.quantile, "a number in (0, 1]", share(params.quantile)),
        ("radius_factor", params.radius_factor, "a finite number > 0", positive(params.radius_factor)),
        ("smoothness", params.smoothness, "a finite number > 0", positive(params.smoothness)),
        ("narrowest_axis", params.narrowest_axis, "a number in (0, 1]", share(params.narrowest_axis)),
    ];
    match checks.into_iter().find(|check| !check.3) {
        Some((name, value, expected, _)) => Err(ManifoldError::Parameter { name, value, expected }),
        None => Ok(()),
    }
}

/// The value that a share of the values is not above.
fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (share * values.len() as f64).ceil() as usize;
    values[at.clamp(1, values.len()) - 1]
}

/// p(t) = t³/(1 + t) for t > 0 with its derivatives.
struct Growth {
    value: f64,
    slope: f64,
    bend: f64,
}

impl Growth {
    fn at(t: f64) -> Self {
        if t <= 0.0 {
            return Self { value: 0.0, slope: 0.0, bend: 0.0 };
        }
        let s = 1.0 + t;
        Self {
            value: t.powi(3) / s,
            slope: (3.0 * t * t + 2.0 * t.powi(3)) / (s * s),
            bend: (6.0 * t + 6.0 * t * t + 2.0 * t.powi(3)) / s.powi(3),
        }
    }
}

impl<S: Surface> Surface for Manifold<S> {
    fn dim(&self) -> usize {
        self.surface.dim()
    }

    fn lower(&self) -> &[f64] {
        self.surface.lower()
    }

    fn upper(&self) -> &[f64] {
        self.surface.upper()
    }

    fn energy(&self, x: &[f64]) -> f64 {
        self.surface.energy(x) + self.penalty(x)
    }

    fn energy_gradient(&self, x: &[f64], gradient: &mut [f64]) -> f64 {
        let mut energy = [0.0];
        self.energy_gradient_batch(x, &mut energy, gradient);
        energy[0]
    }

    fn energy_gradient_batch(&self, xs: &[f64], energies: &mut [f64], gradients: &mut [f64]) {
        let d = self.dim();
        self.surface.energy_gradient_batch(xs, energies, gradients);
        let near = self.distance.near(&self.whitening.apply(xs), None);
        let points = xs.chunks_exact(d).zip(&near);
        for ((x, near), (energy, gradient)) in points.zip(energies.iter_mut().zip(gradients.chunks_exact_mut(d))) {
            self.add_penalty(x, near, energy, gradient);
        }
    }

    fn hessian_vector(&self, x: &[f64], v: &[f64], out: &mut [f64]) {
        self.hessian_vector_batch(x, v, out);
    }

    fn hessian_vector_batch(&self, xs: &[f64], vs: &[f64], out: &mut [f64]) {
        let d = self.dim();
        self.surface.hessian_vector_batch(xs, vs, out);
        let ys = self.whitening.apply(xs);
        let near = self.distance.near(&ys, None);
        let points = ys.chunks_exact(d).zip(&near);
        for ((y, near), (v, out)) in points.zip(vs.chunks_exact(d).zip(out.chunks_exact_mut(d))) {
            let growth = Growth::at(self.excess(near));
            if growth.value > 0.0 {
                let slope = self.slope(y, near);
                let across = self.strength * growth.bend / (self.radius2 * self.radius2) * dot(&slope, v);
                let share = self.strength * growth.slope / self.radius2;
                let bend = self.bend(near, v);
                for ((o, s), b) in out.iter_mut().zip(&slope).zip(&bend) {
                    *o += across * s + share * b;
                }
            }
        }
    }

    fn hessian(&self, x: &[f64], out: &mut [f64]) {
        let d = self.dim();
        self.surface.hessian(x, out);
        let y = self.whitening.apply(x);
        let near = self.near(x);
        let growth = Growth::at(self.excess(&near));
        if growth.value <= 0.0 {
            return;
        }
        let slope = self.slope(&y, &near);
        let across = self.strength * growth.bend / (self.radius2 * self.radius2);
        let share = self.strength * growth.slope / self.radius2;
        let mut unit = vec![0.0; d];
        for i in 0..d {
            unit[i] = 1.0;
            let bend = self.bend(&near, &unit);
            unit[i] = 0.0;
            for (j, value) in out[i * d..(i + 1) * d].iter_mut().enumerate() {
                *value += across * slope[i] * slope[j] + share * bend[j];
            }
        }
    }

    fn flops_per_gradient(&self) -> f64 {
        let d = self.dim() as f64;
        self.surface.flops_per_gradient() + 2.0 * d * (self.distance.n_samples() as f64 + 2.0 * d)
    }

    fn flops_per_hessian_vector(&self) -> f64 {
        let d = self.dim() as f64;
        self.surface.flops_per_hessian_vector() + 2.0 * d * (self.distance.n_samples() as f64 + 4.0 * d)
    }

    fn flops_per_hessian(&self, n_free: usize) -> f64 {
        self.surface.flops_per_hessian(n_free) + 4.0 * (self.dim() as f64).powi(3)
    }
}
