//! The saved form of a network.

use serde::{Deserialize, Serialize};

use super::{KineticTransitionNetwork, Minimum, NetworkError, TransitionState};
use crate::landscape::SamePoint;

/// The saved form of a network: what cannot be recomputed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NetworkRecord {
    same_point: SamePoint,
    next_minimum: u32,
    next_transition_state: u32,
    minima: Vec<Minimum>,
    transition_states: Vec<TransitionState>,
}

impl From<KineticTransitionNetwork> for NetworkRecord {
    fn from(ktn: KineticTransitionNetwork) -> Self {
        Self {
            same_point: ktn.same_point,
            next_minimum: ktn.next_minimum,
            next_transition_state: ktn.next_transition_state,
            minima: ktn.minima,
            transition_states: ktn.transition_states,
        }
    }
}

impl TryFrom<NetworkRecord> for KineticTransitionNetwork {
    type Error = NetworkError;

    fn try_from(record: NetworkRecord) -> Result<Self, NetworkError> {
        let next = (record.next_minimum, record.next_transition_state);
        Self::from_parts(record.same_point, record.minima, record.transition_states, next)
            .map_err(|(_, _, error)| error)
    }
}
