//! What an exploration reports about itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::params::ExploreParams;
use super::stages::{Exploration, StopReason};
use crate::landscape::search::lockstep::Evaluations;

/// Counts, costs and settings of an exploration, as written to `summary.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Minima in the network.
    pub n_minima: usize,
    /// Transition states in the network.
    pub n_transition_states: usize,
    /// Transition states that return to their own minimum.
    pub n_degenerate: usize,
    /// Mean share of coordinates on a face of the box, over minima and over transition states.
    pub mean_bound_fraction: [f64; 2],
    /// Why it ended.
    pub stop_reason: StopReason,
    /// Rounds finished.
    pub rounds: usize,
    /// Searches that found nothing, by reason.
    pub failures: BTreeMap<String, u64>,
    /// Evaluations of the surface, by stage.
    pub evaluations: BTreeMap<String, Evaluations>,
    /// Wall-clock seconds by stage.
    pub seconds: BTreeMap<String, f64>,
    /// Floating-point operations a second over all stages but the fit, in 10⁹.
    pub gflops: f64,
    /// Threads used last.
    pub threads: usize,
    /// The settings.
    pub params: ExploreParams,
}

impl Summary {
    /// Of the exploration as it stands.
    pub fn of(exploration: &Exploration, threads: usize) -> Self {
        let network = exploration.network();
        let d = network.n_dims() as f64;
        let mean = |bound: Vec<u32>| bound.iter().map(|&n| f64::from(n)).sum::<f64>() / (d * bound.len().max(1) as f64);
        let minima = network.minima().iter().filter_map(|m| m.support.n_bound).collect();
        let saddles = network.transition_states().iter().filter_map(|t| t.support.n_bound).collect();
        let searching: f64 = exploration.seconds().iter().filter(|(k, _)| *k != "fit").map(|(_, v)| v).sum();
        let flops: f64 = exploration.evaluations().values().map(|e| e.flops).sum();
        Self {
            n_minima: network.minima().len(),
            n_transition_states: network.transition_states().len(),
            n_degenerate: network.transition_states().iter().filter(|t| t.is_degenerate()).count(),
            mean_bound_fraction: [mean(minima), mean(saddles)],
            stop_reason: exploration.stop_reason(),
            rounds: exploration.rounds(),
            failures: exploration.failures().clone(),
            evaluations: exploration.evaluations().clone(),
            seconds: exploration.seconds().clone(),
            gflops: flops / searching.max(1e-9) * 1e-9,
            threads,
            params: exploration.params().clone(),
        }
    }
}
