//! Newton's method on the free coordinates, and what kind of point it ends at.

use faer::diag::DiagMut;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{self, ComputeEigenvectors};
use faer::{MatMut, MatRef, Par, Spec};
use serde::{Deserialize, Serialize};

use super::bounds::{clip, dot, free_coordinates, free_gradient_norm, norm};
use super::lockstep::Oracle;
use crate::landscape::Surface;

/// Eigenvalues in rising order and their vectors, row by row.
pub struct Spectrum {
    /// (n,)
    pub values: Vec<f64>,
    /// (n, n): row k belongs to value k.
    pub vectors: Vec<f64>,
}

impl Spectrum {
    /// Of a symmetric matrix of shape (n, n); `None` when it holds NaN or does not converge.
    pub fn of(matrix: &[f64], n: usize) -> Option<Self> {
        if matrix.iter().any(|v| !v.is_finite()) {
            return None;
        }
        match n {
            0 => Some(Self { values: Vec::new(), vectors: Vec::new() }),
            1 => Some(Self { values: vec![matrix[0]], vectors: vec![1.0] }),
            _ => {
                let (mut values, mut vectors) = (vec![0.0; n], vec![0.0; n * n]);
                let par = Par::Seq;
                let scratch = evd::self_adjoint_evd_scratch::<f64>(n, ComputeEigenvectors::Yes, par, Spec::default());
                let mut memory = MemBuffer::new(scratch);
                // A column-major (n, n) matrix of column vectors is a row-major one of rows.
                evd::self_adjoint_evd(
                    MatRef::from_column_major_slice(matrix, n, n),
                    DiagMut::from_slice_mut(&mut values),
                    Some(MatMut::from_column_major_slice_mut(&mut vectors, n, n)),
                    par,
                    MemStack::new(&mut memory),
                    Spec::default(),
                )
                .ok()?;
                Some(Self { values, vectors })
            }
        }
    }

    /// How many eigenvalues are negative.
    pub fn n_negative(&self) -> usize {
        self.values.iter().filter(|v| **v < 0.0).count()
    }

    /// Eigenvector `k`.
    pub fn vector(&self, k: usize) -> &[f64] {
        let n = self.values.len();
        &self.vectors[k * n..(k + 1) * n]
    }
}

/// A point where no free gradient component is left, and its curvature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StationaryPoint {
    /// Place.
    pub x: Vec<f64>,
    /// Energy.
    pub energy: f64,
    /// Largest absolute free gradient component.
    pub free_gradient_norm: f64,
    /// The free coordinates.
    pub free: Vec<usize>,
    /// Negative eigenvalues of the free Hessian.
    pub index: usize,
    /// The lowest eigenvalue of the free Hessian where it was computed (for transition states always).
    pub lowest_eigenvalue: Option<f64>,
    /// Its eigenvector in all d coordinates; empty where it was not computed.
    pub lowest_mode: Vec<f64>,
}

/// Free gradient components of a reported stationary point are at most this, in units of E per unit of x.
pub const STATIONARY_TOLERANCE: f64 = 1e-6;
/// Newton stops refining below this: above rounding on a surface of order one.
const REFINED: f64 = 1e-8;
const MAX_NEWTON_STEPS: usize = 40;
/// Steps in a row that do not halve the gradient; near enough to a stationary point every one does.
const MAX_STALLS: usize = 10;
/// Rounds of taking coordinates out of a step that a face holds back.
const MAX_REDUCTIONS: usize = 4;

/// Refines `start` to a stationary point of the given index by Newton steps no longer than `max_step` each.
///
/// Modes beyond the index are stepped downhill whatever the sign of their curvature (uphill for those within), so a
/// minimum is only ever approached from above. A Hessian is kept for as long as steps with it shrink the gradient
/// quickly, for a gradient is much cheaper.
///
/// # Errors
/// [`Unrefined`] says why there is none nearby.
pub async fn refine(
    oracle: &Oracle<'_>,
    start: &[f64],
    index: usize,
    max_step: f64,
) -> Result<StationaryPoint, Unrefined> {
    let surface = oracle.surface();
    let mut x = start.to_vec();
    let mut best = f64::INFINITY;
    let mut stalls = 0;
    let mut kept: Option<Model> = None;
    let mut last = f64::INFINITY;
    for _ in 0..MAX_NEWTON_STEPS {
        let (energy, gradient) = oracle.energy_gradient(&x).await;
        let slope = free_gradient_norm(surface, &x, &gradient);
        if !slope.is_finite() {
            return Err(Unrefined::Diverged);
        }
        stalls = if slope < 0.5 * best { 0 } else { stalls + 1 };
        best = best.min(slope);
        if stalls > MAX_STALLS {
            return Err(Unrefined::StepLimit);
        }
        let free = free_coordinates(surface, &x, &gradient);
        let done = slope <= REFINED || (slope <= STATIONARY_TOLERANCE && stalls >= 1);
        let still_good = kept.as_ref().is_some_and(|model| model.free == free) && (done || slope <= 0.1 * last);
        last = slope;
        if !still_good {
            let hessian = oracle.free_hessian(&x, &free);
            let curvature = Curvature::of(&hessian, index).ok_or(Unrefined::Diverged)?;
            kept = Some(Model { free, hessian, curvature });
        }
        let model = kept.as_ref().expect("set above");
        if done {
            return classify(x, energy, slope, model, index);
        }
        let before = x.clone();
        let mut step = model.newton_step(&gradient, index);
        // What a face holds back must not count as taken: the others are solved for again without it.
        let mut reduced = None;
        for _ in 0..MAX_REDUCTIONS {
            let last = reduced.as_ref().unwrap_or(model);
            let Some(smaller) = last.without_outward(surface, &x, &step, index) else { break };
            step = smaller.newton_step(&gradient, index);
            reduced = Some(smaller);
        }
        let scale = (max_step / norm(&step).max(f64::MIN_POSITIVE)).min(1.0);
        for (&i, s) in reduced.as_ref().unwrap_or(model).free.iter().zip(&step) {
            x[i] += scale * s;
        }
        clip(surface, &mut x);
        if x == before {
            return if slope <= STATIONARY_TOLERANCE {
                classify(x, energy, slope, model, index)
            } else {
                Err(Unrefined::StepLimit)
            };
        }
    }
    Err(Unrefined::StepLimit)
}

/// The quadratic model of a step.
struct Model {
    free: Vec<usize>,
    /// (n, n) over the free coordinates.
    hessian: Vec<f64>,
    curvature: Curvature,
}

impl Model {
    /// The model without the coordinates that lie on a face and would step out through it; `None` when there are none.
    fn without_outward(&self, surface: &dyn Surface, x: &[f64], step: &[f64], index: usize) -> Option<Self> {
        let outward =
            |i: usize, s: f64| (x[i] <= surface.lower()[i] && s < 0.0) || (x[i] >= surface.upper()[i] && s > 0.0);
        let n = self.free.len();
        let kept: Vec<usize> = (0..n).filter(|&k| !outward(self.free[k], step[k])).collect();
        if kept.len() == n {
            return None;
        }
        let hessian: Vec<f64> = kept.iter().flat_map(|&i| kept.iter().map(move |&j| self.hessian[i * n + j])).collect();
        let curvature = Curvature::of(&hessian, index)?;
        Some(Self { free: kept.iter().map(|&k| self.free[k]).collect(), hessian, curvature })
    }

    /// The step in the free coordinates: the first `index` modes uphill, all others downhill.
    fn newton_step(&self, gradient: &[f64], index: usize) -> Vec<f64> {
        newton_step(gradient, &self.free, &self.curvature, index)
    }
}

/// What a step needs of a Hessian.
enum Curvature {
    /// Lower triangle L of H = L Lᵀ, row major, of a positive definite H when a minimum is wanted.
    Definite { factor: Vec<f64>, n: usize },
    /// All modes.
    Modes(Spectrum),
}

impl Curvature {
    fn of(hessian: &[f64], index: usize) -> Option<Self> {
        let n = hessian.len().isqrt();
        if index == 0
            && let Some(factor) = cholesky(hessian, n)
        {
            return Some(Self::Definite { factor, n });
        }
        Spectrum::of(hessian, n).map(Self::Modes)
    }
}

/// L of H = L Lᵀ, unless H is not positive definite.
fn cholesky(hessian: &[f64], n: usize) -> Option<Vec<f64>> {
    let mut factor = vec![0.0; n * n];
    for i in 0..n {
        let (above, row) = factor.split_at_mut(i * n);
        for j in 0..i {
            let other = &above[j * n..j * n + n];
            row[j] = (hessian[i * n + j] - dot(&row[..j], &other[..j])) / other[j];
        }
        let pivot = hessian[i * n + i] - dot(&row[..i], &row[..i]);
        // Also false for NaN.
        if pivot.is_nan() || pivot <= 0.0 {
            return None;
        }
        row[i] = pivot.sqrt();
    }
    Some(factor)
}

/// Why no stationary point of the wanted index was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unrefined {
    /// Energies or gradients stopped being finite.
    Diverged,
    /// The gradient was still too large after the last step.
    StepLimit,
    /// Stationary, but with another number of negative eigenvalues.
    WrongIndex,
}

fn classify(x: Vec<f64>, energy: f64, slope: f64, model: &Model, index: usize) -> Result<StationaryPoint, Unrefined> {
    let free = &model.free;
    let (mut lowest_mode, mut lowest_eigenvalue) = (Vec::new(), None);
    if let Curvature::Modes(spectrum) = &model.curvature {
        if spectrum.n_negative() != index || spectrum.values.contains(&0.0) {
            return Err(Unrefined::WrongIndex);
        }
        if !free.is_empty() {
            lowest_mode = vec![0.0; x.len()];
            free.iter().zip(spectrum.vector(0)).for_each(|(&k, v)| lowest_mode[k] = *v);
        }
        lowest_eigenvalue = spectrum.values.first().copied();
    }
    let free = free.clone();
    Ok(StationaryPoint { x, energy, free_gradient_norm: slope, free, index, lowest_eigenvalue, lowest_mode })
}

fn newton_step(gradient: &[f64], free: &[usize], curvature: &Curvature, index: usize) -> Vec<f64> {
    let n = free.len();
    let mut step = vec![0.0; n];
    match curvature {
        Curvature::Definite { factor, n } => {
            let n = *n;
            for i in 0..n {
                step[i] = (-gradient[free[i]] - dot(&factor[i * n..i * n + i], &step[..i])) / factor[i * n + i];
            }
            for i in (0..n).rev() {
                step[i] /= factor[i * n + i];
                let value = step[i];
                for j in 0..i {
                    step[j] -= factor[i * n + j] * value;
                }
            }
        }
        Curvature::Modes(spectrum) => {
            for k in 0..n {
                let mode = spectrum.vector(k);
                let along: f64 = mode.iter().zip(free).map(|(v, &i)| v * gradient[i]).sum();
                let length = along / spectrum.values[k].abs().max(1e-12);
                let signed = if k < index { length } else { -length };
                step.iter_mut().zip(mode).for_each(|(s, v)| *s += signed * v);
            }
        }
    }
    step
}
