//! Stationary points with their ids, and what is known about them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Identifies a minimum for the whole life of its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MinimumId(pub u32);

/// Identifies a transition state for the whole life of its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TransitionStateId(pub u32);

impl fmt::Display for MinimumId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for TransitionStateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is known about how far a stationary point can be trusted. Fields that were not computed are `None`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Support {
    /// Number of coordinates that lie on a face of the box.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n_bound: Option<u32>,
    /// Euclidean distance to the nearest sample of the fitted surface, in the units of x.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distance_to_nearest_sample: Option<f64>,
    /// Largest absolute gradient component over the free coordinates, in the units of E per unit of x.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_gradient_norm: Option<f64>,
    /// Lowest eigenvalue of the Hessian of the free coordinates, in the units of E per squared unit of x.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lowest_eigenvalue: Option<f64>,
}

/// A stationary point whose free eigenvalues are all positive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Minimum {
    /// Its id in the network.
    pub id: MinimumId,
    /// Place, shape `(d,)`.
    pub x: Vec<f64>,
    /// E(x).
    pub energy: f64,
    /// How far the point can be trusted.
    #[serde(default)]
    pub support: Support,
}

/// A stationary point with exactly one negative free eigenvalue, and the two minima its downhill paths end in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransitionState {
    /// Its id in the network.
    pub id: TransitionStateId,
    /// Place, shape `(d,)`.
    pub x: Vec<f64>,
    /// E(x).
    pub energy: f64,
    /// The minima it joins, in the order they were given; equal when it is degenerate.
    pub minima: (MinimumId, MinimumId),
    /// How far the point can be trusted.
    #[serde(default)]
    pub support: Support,
}

impl TransitionState {
    /// Whether both downhill paths end in the same minimum.
    pub fn is_degenerate(&self) -> bool {
        self.minima.0 == self.minima.1
    }

    /// The minimum at the other end, or `None` when `from` is at neither.
    pub fn other_end(&self, from: MinimumId) -> Option<MinimumId> {
        match self.minima {
            (a, b) if a == from => Some(b),
            (a, b) if b == from => Some(a),
            _ => None,
        }
    }
}
