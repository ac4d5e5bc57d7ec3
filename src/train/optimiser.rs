//! `AdamW`, learning-rate schedules and gradient clipping over a flat vector of parameters.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::engine::vectorised;

/// Settings of `AdamW` (Loshchilov and Hutter, arXiv 1711.05101), as `torch.optim.AdamW`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamParams {
    /// Decay of the mean gradient, in [0, 1).
    pub beta1: f64,
    /// Decay of the mean squared gradient, in [0, 1).
    pub beta2: f64,
    /// Added to the root of the latter, > 0.
    pub epsilon: f64,
    /// Pull to zero, relative to the learning rate. Default 0: it pulls to zero, not to the pretrained weights.
    pub weight_decay: f64,
    /// Longest gradient (Euclidean norm over all trained parameters); longer ones are shortened. 0: no limit.
    pub clip: f64,
}

impl Default for AdamParams {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0, clip: 1.0 }
    }
}

/// How the learning rate falls after warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decay {
    /// Stays.
    Constant,
    /// Straight to the last value.
    #[default]
    Linear,
    /// Half a cosine wave to the last value.
    Cosine,
}

/// Learning rate over a run of known length.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// The highest learning rate.
    pub learning_rate: f64,
    /// Steps over which it rises from zero.
    pub warm_up: u64,
    /// How it falls.
    pub decay: Decay,
    /// Where it ends, as a part of the highest; in [0, 1].
    pub floor: f64,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { learning_rate: 5e-5, warm_up: 0, decay: Decay::Linear, floor: 0.0 }
    }
}

impl Schedule {
    /// The learning rate of step `step` (from 0) of `n_steps`.
    pub fn at(&self, step: u64, n_steps: u64) -> f64 {
        if step < self.warm_up {
            return self.learning_rate * (step + 1) as f64 / self.warm_up as f64;
        }
        let left = n_steps.saturating_sub(self.warm_up).max(1);
        let done = ((step - self.warm_up) as f64 / left as f64).min(1.0);
        let fall = match self.decay {
            Decay::Constant => 1.0,
            Decay::Linear => 1.0 - done,
            Decay::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * done).cos()),
        };
        self.learning_rate * (self.floor + (1.0 - self.floor) * fall)
    }
}

/// Moments of the gradient, with the number of steps taken.
#[derive(Debug, Clone, PartialEq)]
pub struct AdamW {
    /// Settings.
    pub params: AdamParams,
    /// Mean gradient.
    pub first: Vec<f32>,
    /// Mean squared gradient.
    pub second: Vec<f32>,
    /// Steps taken.
    pub step: u64,
}

/// Elements that one task works on; fixed, so that sums do not depend on the number of threads.
const CHUNK: usize = 1 << 16;

impl AdamW {
    /// Fresh moments for `n` parameters.
    pub fn new(n: usize, params: AdamParams) -> Self {
        Self { params, first: vec![0.0; n], second: vec![0.0; n], step: 0 }
    }

    /// One step on the parameters in `trained` (ascending ranges); the others stay. Returns the norm of the gradient
    /// before clipping; when that is not finite, nothing is changed.
    pub fn step(&mut self, p: &mut [f32], g: &[f32], trained: &[Range<usize>], learning_rate: f64) -> f64 {
        let norm = trained.iter().map(|range| sum_of_squares(&g[range.clone()])).sum::<f64>().sqrt();
        if !norm.is_finite() {
            return norm;
        }
        self.step += 1;
        let AdamParams { beta1, beta2, epsilon, weight_decay, clip } = self.params;
        // As torch: the clipping factor has 1e-6 in its denominator.
        let factor = if clip > 0.0 { (clip / (norm + 1e-6)).min(1.0) as f32 } else { 1.0 };
        let exponent = i32::try_from(self.step).unwrap_or(i32::MAX);
        let step_size = (learning_rate / (1.0 - beta1.powi(exponent))) as f32;
        let second_scale = (1.0 / (1.0 - beta2.powi(exponent)).sqrt()) as f32;
        let keep = (1.0 - learning_rate * weight_decay) as f32;
        let (b1, b2, epsilon) = (beta1 as f32, beta2 as f32, epsilon as f32);
        for range in trained {
            let p = p[range.clone()].par_chunks_mut(CHUNK);
            let g = g[range.clone()].par_chunks(CHUNK);
            let m = self.first[range.clone()].par_chunks_mut(CHUNK);
            let v = self.second[range.clone()].par_chunks_mut(CHUNK);
            p.zip(g).zip(m.zip(v)).for_each(|((p, g), (m, v))| {
                vectorised(
                    #[inline(always)]
                    || {
                        for (((p, &g), m), v) in p.iter_mut().zip(g).zip(m.iter_mut()).zip(v.iter_mut()) {
                            let g = g * factor;
                            *m = b1 * *m + (1.0 - b1) * g;
                            *v = b2 * *v + (1.0 - b2) * g * g;
                            *p = *p * keep - step_size * *m / (v.sqrt() * second_scale + epsilon);
                        }
                    },
                );
            });
        }
        norm
    }
}

fn sum_of_squares(x: &[f32]) -> f64 {
    let parts: Vec<f64> = x
        .par_chunks(CHUNK)
        .map(|x| x.chunks(256).map(|x| f64::from(x.iter().map(|v| v * v).sum::<f32>())).sum::<f64>())
        .collect();
    parts.iter().sum()
}
