//! Why a network refuses a point, and what became of points it was offered.

use super::{MinimumId, TransitionStateId};

/// Whether a point offered to the network was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added<Id> {
    /// The point was added under this new id.
    New(Id),
    /// The network already holds the same point, under this id.
    Known(Id),
}

impl<Id: Copy> Added<Id> {
    /// The id, new or known.
    pub fn id(self) -> Id {
        match self {
            Self::New(id) | Self::Known(id) => id,
        }
    }

    /// Whether the point was new.
    pub fn is_new(self) -> bool {
        matches!(self, Self::New(_))
    }
}

/// Why a network refused a point.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NetworkError {
    /// The point has another number of coordinates than the network.
    #[error("could not add a stationary point with {found} coordinates to a network of dimension {expected}")]
    Dimension {
        /// Coordinates of the point.
        found: usize,
        /// Dimension of the network.
        expected: usize,
    },
    /// A coordinate is NaN or infinite.
    #[error("could not add a stationary point whose coordinate {index} is {value}: coordinates must be finite")]
    Coordinate {
        /// The first bad coordinate, counted from 0.
        index: usize,
        /// What was found there.
        value: f64,
    },
    /// The energy is NaN or infinite.
    #[error("could not add a stationary point with energy {0}: energies must be finite")]
    Energy(f64),
    /// A scale of the duplicate test is not a positive number, or its energy tolerance is not positive.
    #[error(
        "the duplicate test needs finite scales > 0 and an energy tolerance > 0, found the scale {scale} of coordinate \
         {index} and the energy tolerance {energy}"
    )]
    Test {
        /// The coordinate of the scale.
        index: usize,
        /// Its scale.
        scale: f64,
        /// The energy tolerance.
        energy: f64,
    },
    /// A transition state (or a request) names a minimum that the network does not hold.
    #[error("the network holds no minimum {0}: it has been removed or never existed")]
    UnknownMinimum(MinimumId),
    /// A request names a transition state that the network does not hold.
    #[error("the network holds no transition state {0}: it has been removed or never existed")]
    UnknownTransitionState(TransitionStateId),
    /// A saved network lists its minima out of order or twice, or beyond its own count of ids.
    #[error("the saved network lists the {kind} {id} out of order, twice, or beyond its next free id {next}")]
    Order {
        /// “minimum” or “transition state”.
        kind: &'static str,
        /// The offending id.
        id: u32,
        /// The next id the network says it would hand out.
        next: u32,
    },
}

/// What a merge of two networks did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// For each minimum of the other network, in its order: its id there and what became of it here.
    pub minima: Vec<(MinimumId, Added<MinimumId>)>,
    /// For each transition state of the other network, in its order: its id there and what became of it here.
    pub transition_states: Vec<(TransitionStateId, Added<TransitionStateId>)>,
}
