//! Nudged elastic band: images between two minima, pulled onto a valley by the part of the gradient across the band
//! and kept apart by springs along it.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::bounds::{clip, dot, is_bound, norm};
use super::lockstep::Oracle;

/// Settings of one band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ElasticBandParams {
    /// Spring constant, in units of E per squared unit of x.
    pub spring: f64,
    /// Images per unit of distance in the unit box.
    pub images_per_length: f64,
    /// Fewest images, ends included.
    pub min_images: usize,
    /// Most images, ends included.
    pub max_images: usize,
    /// Converged when no component of the nudged force is larger, in units of E per unit of x.
    pub tolerance: f64,
    /// Moves of the whole band at most.
    pub max_iterations: usize,
    /// Whether the highest image climbs instead of being held by springs.
    pub climbing: bool,
}

impl Default for ElasticBandParams {
    fn default() -> Self {
        Self {
            spring: 5e2,
            images_per_length: 10.0,
            min_images: 10,
            max_images: 30,
            tolerance: 0.1,
            max_iterations: 50,
            climbing: false,
        }
    }
}

/// What a band came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// Inner images higher than both neighbours: where transition states are looked for.
    pub candidates: Vec<Vec<f64>>,
    /// Whether the tolerance was met.
    pub converged: bool,
}

/// Longest move of an image in one iteration, as a share of the distance between images.
const MAX_MOVE: f64 = 0.5;
const MEMORY: usize = 4;

/// Lays a band from `a` to `b` and relaxes it.
pub async fn relax_band(oracle: &Oracle<'_>, a: &[f64], b: &[f64], params: &ElasticBandParams) -> Band {
    let surface = oracle.surface();
    let d = surface.dim();
    let box_distance2 =
        (0..d).map(|k| ((a[k] - b[k]) / (surface.upper()[k] - surface.lower()[k])).powi(2)).sum::<f64>();
    let wanted = (box_distance2.sqrt() * params.images_per_length) as usize;
    let n = wanted.clamp(params.min_images, params.max_images).max(3);
    let mut band: Vec<f64> = Vec::with_capacity(n * d);
    for image in 0..n {
        let t = image as f64 / (n - 1) as f64;
        band.extend(a.iter().zip(b).map(|(a, b)| a + t * (b - a)));
    }
    let spacing = norm(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>()) / (n - 1) as f64;
    let (mut energies, mut gradients) = oracle.batch(band.clone()).await;
    let mut force = nudged_force(oracle, &band, &energies, &gradients, params);
    let mut memory: VecDeque<(Vec<f64>, Vec<f64>)> = VecDeque::new();
    let mut converged = false;
    for _ in 0..params.max_iterations {
        converged = force.iter().all(|f| f.abs() <= params.tolerance);
        if converged || candidates_of(&energies).is_empty() {
            break;
        }
        let mut step = direction(&force, &memory, spacing);
        for image in step.chunks_exact_mut(d) {
            let length = norm(image);
            if length > MAX_MOVE * spacing {
                image.iter_mut().for_each(|v| *v *= MAX_MOVE * spacing / length);
            }
        }
        let before = band.clone();
        for (image, step) in band.chunks_exact_mut(d).zip(step.chunks_exact(d)) {
            image.iter_mut().zip(step).for_each(|(x, s)| *x += s);
            clip(surface, image);
        }
        let inner = oracle.batch(band[d..(n - 1) * d].to_vec()).await;
        energies[1..n - 1].copy_from_slice(&inner.0);
        gradients[d..(n - 1) * d].copy_from_slice(&inner.1);
        let new_force = nudged_force(oracle, &band, &energies, &gradients, params);
        let moved: Vec<f64> = band.iter().zip(&before).map(|(a, b)| a - b).collect();
        let change: Vec<f64> = force.iter().zip(&new_force).map(|(a, b)| a - b).collect();
        if dot(&moved, &change) > 1e-10 * dot(&moved, &moved) {
            if memory.len() == MEMORY {
                memory.pop_front();
            }
            memory.push_back((moved, change));
        } else {
            memory.clear();
        }
        force = new_force;
    }
    let candidates = candidates_of(&energies).into_iter().map(|i| band[i * d..(i + 1) * d].to_vec()).collect();
    Band { candidates, converged }
}

fn candidates_of(energies: &[f64]) -> Vec<usize> {
    (1..energies.len() - 1).filter(|&i| energies[i] > energies[i - 1] && energies[i] >= energies[i + 1]).collect()
}

/// Force on every image, zero on the ends; shape of the band.
fn nudged_force(
    oracle: &Oracle<'_>,
    band: &[f64],
    energies: &[f64],
    gradients: &[f64],
    params: &ElasticBandParams,
) -> Vec<f64> {
    let surface = oracle.surface();
    let d = surface.dim();
    let n = energies.len();
    let highest = (1..n - 1).max_by(|&a, &b| energies[a].total_cmp(&energies[b])).unwrap_or(0);
    let mut force = vec![0.0; n * d];
    for i in 1..n - 1 {
        let image = |i: usize| &band[i * d..(i + 1) * d];
        let back: Vec<f64> = image(i).iter().zip(image(i - 1)).map(|(a, b)| a - b).collect();
        let ahead: Vec<f64> = image(i + 1).iter().zip(image(i)).map(|(a, b)| a - b).collect();
        let tangent = upwind_tangent(&back, &ahead, [energies[i - 1], energies[i], energies[i + 1]]);
        let x = image(i);
        let gradient = &gradients[i * d..(i + 1) * d];
        // What a face takes up does not pull on the image.
        let pull: Vec<f64> =
            (0..d).map(|k| if is_bound(surface, x, gradient, k) { 0.0 } else { gradient[k] }).collect();
        let along = dot(&pull, &tangent);
        let climbs = params.climbing && i == highest;
        let spring = if climbs { along } else { params.spring * (norm(&ahead) - norm(&back)) };
        for ((f, g), t) in force[i * d..(i + 1) * d].iter_mut().zip(&pull).zip(&tangent) {
            *f = -g + (along + spring) * t;
        }
    }
    force
}

/// The direction of the higher neighbour; at an extremum a mixture by the energy differences.
///
/// Source: Henkelman & Jónsson, J. Chem. Phys. 113, 9978 (2000).
fn upwind_tangent(back: &[f64], ahead: &[f64], [before, here, after]: [f64; 3]) -> Vec<f64> {
    let (share_ahead, share_back) = if after > here && here > before {
        (1.0, 0.0)
    } else if after < here && here < before {
        (0.0, 1.0)
    } else {
        let (rise, fall) = ((after - here).abs(), (before - here).abs());
        if after > before { (rise.max(fall), rise.min(fall)) } else { (rise.min(fall), rise.max(fall)) }
    };
    let mut tangent: Vec<f64> = ahead.iter().zip(back).map(|(a, b)| share_ahead * a + share_back * b).collect();
    let length = norm(&tangent);
    if length > 0.0 {
        tangent.iter_mut().for_each(|t| *t /= length);
    }
    tangent
}

/// L-BFGS without a line search, for the force is not the gradient of anything.
fn direction(force: &[f64], memory: &VecDeque<(Vec<f64>, Vec<f64>)>, spacing: f64) -> Vec<f64> {
    let mut q = force.to_vec();
    let mut alphas = Vec::with_capacity(memory.len());
    for (moved, change) in memory.iter().rev() {
        let alpha = dot(moved, &q) / dot(moved, change);
        q.iter_mut().zip(change).for_each(|(q, y)| *q -= alpha * y);
        alphas.push(alpha);
    }
    let scale = match memory.back() {
        Some((moved, change)) => dot(moved, change) / dot(change, change),
        None => 0.1 * spacing / norm(force).max(f64::MIN_POSITIVE),
    };
    q.iter_mut().for_each(|v| *v *= scale);
    for ((moved, change), alpha) in memory.iter().zip(alphas.into_iter().rev()) {
        let beta = dot(change, &q) / dot(moved, change);
        q.iter_mut().zip(moved).for_each(|(q, s)| *q += (alpha - beta) * s);
    }
    q
}
