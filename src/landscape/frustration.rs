//! Frustration: the barriers out of each minimum, weighted by closeness.
//!
//! Source: Dicks et al., Mol. Syst. Des. Eng. 9, 449 (2024), doi:10.1039/D3ME00189J. How frustration becomes a field
//! to sample from is the business of `fill`.

use super::network::{KineticTransitionNetwork, Minimum, MinimumId, TransitionState, TransitionStateId};
use serde::{Deserialize, Serialize};

/// ℓ of the published metric, in units of the box.
pub const METRIC_LENGTH_SCALE: f64 = 0.8;
/// ℓ of the published sampling: the weight is ~1 and the frustration is the barrier.
pub const SAMPLING_LENGTH_SCALE: f64 = 80.0;

/// Which of several transition states between the same two minima contribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParallelConvention {
    /// Each contributes, which is what the definition says.
    #[default]
    Each,
    /// The one with the lowest id contributes once for each of them, as TopSearch 0.0.3 does: it looks the first up
    /// every time. Only for reproducing its numbers.
    FirstRepeated,
}

/// What one transition state adds to the frustration of one of its minima.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FrustrationContribution {
    /// The minimum m.
    pub minimum: MinimumId,
    /// The transition state t.
    pub transition_state: TransitionStateId,
    /// max(0, `E_t` − `E_m`).
    pub barrier: f64,
    /// |`x_t` − `x_m`|, Euclidean.
    pub distance: f64,
    /// barrier · exp(−distance² / 2ℓ²), in the units of E.
    pub frustration: f64,
}

/// Frustration of a landscape.
///
/// `F = (1/N) Σ_m Σ_t exp(−‖x_t − x_m‖² / 2ℓ²) · max(E_t − E_m, 0)`
///
/// * `ktn` – N minima `x_m` and their transition states `x_t`, shape `(d,)`
/// * `length_scale` – ℓ > 0, in the units of x; infinite means no weighting
/// * returns F in the units of E; 0 for fewer than two minima; a transition state counts once per distinct end
pub fn frustration(ktn: &KineticTransitionNetwork, length_scale: f64) -> f64 {
    frustration_by(ktn, length_scale, ParallelConvention::Each)
}

/// [`frustration`] with a stated treatment of parallel transition states.
pub fn frustration_by(ktn: &KineticTransitionNetwork, length_scale: f64, parallel: ParallelConvention) -> f64 {
    if ktn.minima().len() < 2 {
        return 0.0;
    }
    let mut sum = 0.0;
    for m in ktn.minima() {
        for_each_contribution(ktn, m, length_scale, parallel, |c| sum += c.frustration);
    }
    sum / ktn.minima().len() as f64
}

/// Every contribution, the most frustrated first; equal ones in the order of minimum, then transition state.
///
/// Listed for a single minimum too, although the metric of one is 0 by definition.
pub fn contributions(
    ktn: &KineticTransitionNetwork,
    length_scale: f64,
    parallel: ParallelConvention,
) -> Vec<FrustrationContribution> {
    let mut all = Vec::with_capacity(2 * ktn.transition_states().len());
    for m in ktn.minima() {
        for_each_contribution(ktn, m, length_scale, parallel, |c| all.push(c));
    }
    all.sort_by(|a, b| b.frustration.total_cmp(&a.frustration)); // stable: ties keep the order of ids
    all
}

/// The frustration of each minimum on its own, `Σ_t f(m, t)`, beside [`KineticTransitionNetwork::minima`].
pub fn frustration_of_minima(ktn: &KineticTransitionNetwork, length_scale: f64) -> Vec<f64> {
    let of_minimum = |m: &Minimum| {
        let mut sum = 0.0;
        for_each_contribution(ktn, m, length_scale, ParallelConvention::Each, |c| sum += c.frustration);
        sum
    };
    ktn.minima().iter().map(of_minimum).collect()
}

fn for_each_contribution(
    ktn: &KineticTransitionNetwork,
    m: &Minimum,
    length_scale: f64,
    parallel: ParallelConvention,
    mut take: impl FnMut(FrustrationContribution),
) {
    let mut first: Vec<(MinimumId, &TransitionState)> = Vec::new();
    for t in ktn.transition_states_of(m.id) {
        let t = match parallel {
            ParallelConvention::Each => t,
            ParallelConvention::FirstRepeated => {
                let end = t.other_end(m.id).expect("it was listed at this minimum");
                if let Some((_, t)) = first.iter().find(|(known, _)| *known == end) {
                    t
                } else {
                    first.push((end, t));
                    t
                }
            }
        };
        take(contribution(m, t, length_scale));
    }
}

fn contribution(m: &Minimum, t: &TransitionState, length_scale: f64) -> FrustrationContribution {
    let barrier = (t.energy - m.energy).max(0.0);
    let distance2: f64 = t.x.iter().zip(&m.x).map(|(t, m)| (t - m).powi(2)).sum();
    FrustrationContribution {
        minimum: m.id,
        transition_state: t.id,
        barrier,
        distance: distance2.sqrt(),
        frustration: barrier * (-distance2 / (2.0 * length_scale.powi(2))).exp(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::landscape::Support;

    /// Minima at 0 and 1 with energies 0 and 1; transition states at 0.5 (energies 2 and 3, parallel), one degenerate
    /// at −1 of energy 4 at the first, and one below both minima.
    fn network() -> KineticTransitionNetwork {
        let mut ktn = KineticTransitionNetwork::in_unit_box(1);
        let none = Support::default();
        let a = ktn.push_minimum(vec![0.0], 0.0, none).unwrap();
        let b = ktn.push_minimum(vec![1.0], 1.0, none).unwrap();
        ktn.push_transition_state(vec![0.5], 2.0, (a, b), none).unwrap();
        ktn.push_transition_state(vec![0.5], 3.0, (b, a), none).unwrap();
        ktn.push_transition_state(vec![-1.0], 4.0, (a, a), none).unwrap();
        ktn.push_transition_state(vec![0.1], -1.0, (a, b), none).unwrap();
        ktn
    }

    #[test]
    fn each_transition_state_contributes_once_per_distinct_end() {
        let ktn = network();
        let w = |d: f64| (-d * d / (2.0 * 0.64)).exp();
        let expected = (w(0.5) * (2.0 + 3.0 + 1.0 + 2.0) + w(1.0) * 4.0) * 0.5;
        assert!((frustration(&ktn, 0.8) - expected).abs() < 1e-15);
        assert_eq!(contributions(&ktn, 0.8, ParallelConvention::Each).len(), 7);
        let by_minimum: f64 = frustration_of_minima(&ktn, 0.8).iter().sum();
        assert!((by_minimum / 2.0 - expected).abs() < 1e-15);
    }

    #[test]
    fn first_repeated_takes_the_lowest_id_of_each_pair() {
        let barriers = |parallel| {
            let mut b: Vec<f64> =
                contributions(&network(), f64::INFINITY, parallel).iter().map(|c| c.barrier).collect();
            b.sort_by(f64::total_cmp);
            b
        };
        assert_eq!(barriers(ParallelConvention::Each), [0.0, 0.0, 1.0, 2.0, 2.0, 3.0, 4.0]);
        assert_eq!(barriers(ParallelConvention::FirstRepeated), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 4.0]);
    }

    #[test]
    fn fewer_than_two_minima_are_not_frustrated() {
        let mut ktn = KineticTransitionNetwork::in_unit_box(1);
        assert_eq!(frustration(&ktn, 0.8), 0.0);
        let a = ktn.push_minimum(vec![0.0], 0.0, Support::default()).unwrap();
        ktn.push_transition_state(vec![0.5], 2.0, (a, a), Support::default()).unwrap();
        assert_eq!(frustration(&ktn, 0.8), 0.0);
        assert_eq!(contributions(&ktn, 0.8, ParallelConvention::Each).len(), 1);
    }
}
