//! Eigenvector-following: uphill along the softest free mode, downhill along all others, to a transition state.
//!
//! `full_spectrum` looks at all modes in every step and suits few coordinates; `hybrid` finds the softest one by Lanczos'
//! method on Hessian-vector products and minimises across it. Both work with closed-form second derivatives and end in
//! Newton's method, so that what they return is stationary and of index 1.

mod full_spectrum;
mod hybrid;

use serde::{Deserialize, Serialize};

use super::lockstep::Oracle;
use super::stationary::{StationaryPoint, Unrefined};

/// How modes are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FollowingMethod {
    /// The full spectrum up to [`FULL_SPECTRUM_DIM`] coordinates, the hybrid above.
    #[default]
    Auto,
    /// All modes of the free Hessian in every step.
    FullSpectrum,
    /// The softest mode by Lanczos' method, and minimisation across it.
    Hybrid,
}

/// Up to this many coordinates a full spectrum is cheaper than the steps it saves.
pub const FULL_SPECTRUM_DIM: usize = 24;

/// Settings of one search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FollowingParams {
    /// How modes are found.
    pub method: FollowingMethod,
    /// Steps uphill at most.
    pub max_steps: usize,
    /// Full spectrum: free gradient at which Newton's method takes over, in units of E per unit of x.
    pub gradient_tolerance: f64,
    /// Longest step, as a share of the mean width of the box.
    pub max_step: f64,
    /// Step along the followed mode while its curvature is still positive, as a share of the mean width of the box.
    pub positive_mode_step: f64,
    /// Hybrid: free gradient at which Newton's method takes over. In many dimensions surfaces are so flat that the
    /// reference's tolerance is met far from any stationary point.
    pub newton_below: f64,
    /// Hybrid: share by which the softest eigenvalue may be off.
    pub eigenvalue_tolerance: f64,
    /// Hybrid: Hessian-vector products for one mode at most.
    pub max_products: usize,
    /// Hybrid: steps of one minimisation across the mode at most.
    pub max_subspace_steps: usize,
    /// Hybrid: longest of these steps along a coordinate, as a share of the mean width of the box.
    pub subspace_step: f64,
    /// Gives up after this many steps in a row without a smaller gradient at negative curvature.
    pub patience: usize,
}

impl Default for FollowingParams {
    fn default() -> Self {
        Self {
            method: FollowingMethod::Auto,
            max_steps: 300,
            gradient_tolerance: 5e-2,
            max_step: 0.3,
            positive_mode_step: 0.3,
            newton_below: 1e-3,
            eigenvalue_tolerance: 1e-2,
            max_products: 20,
            max_subspace_steps: 8,
            subspace_step: 0.02,
            patience: 40,
        }
    }
}

/// Why a search found no transition state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoTransitionState {
    /// The gradient was still too large after the last step.
    StepLimit,
    /// It ended stationary with another number of negative eigenvalues.
    WrongIndex,
    /// Energies or gradients stopped being finite.
    Diverged,
    /// It was pushed against the box and could not move on.
    StuckOnBound,
    /// The gradient stopped falling, or no direction of negative curvature came up.
    NoProgress,
}

impl NoTransitionState {
    /// The reason in words, for counts.
    pub fn reason(self) -> &'static str {
        match self {
            Self::StepLimit => "saddle search reached its step limit",
            Self::WrongIndex => "saddle search ended at a point of another index",
            Self::Diverged => "saddle search diverged",
            Self::StuckOnBound => "saddle search got stuck on the box",
            Self::NoProgress => "saddle search stopped getting nearer",
        }
    }
}

impl From<Unrefined> for NoTransitionState {
    fn from(reason: Unrefined) -> Self {
        match reason {
            Unrefined::WrongIndex => Self::WrongIndex,
            Unrefined::Diverged => Self::Diverged,
            Unrefined::StepLimit => Self::StepLimit,
        }
    }
}

/// Searches uphill from `start`.
///
/// # Errors
/// [`NoTransitionState`] says why nothing was found.
pub async fn follow(
    oracle: &Oracle<'_>,
    start: &[f64],
    params: &FollowingParams,
) -> Result<StationaryPoint, NoTransitionState> {
    let few = oracle.surface().dim() <= FULL_SPECTRUM_DIM;
    match params.method {
        FollowingMethod::FullSpectrum => full_spectrum::follow(oracle, start, params).await,
        FollowingMethod::Auto if few => full_spectrum::follow(oracle, start, params).await,
        FollowingMethod::Auto | FollowingMethod::Hybrid => hybrid::follow(oracle, start, params).await,
    }
}

/// Notices a search that gets no nearer.
struct Progressing {
    best: f64,
    stalls: usize,
    patience: usize,
}

impl Progressing {
    fn new(patience: usize) -> Self {
        Self { best: f64::INFINITY, stalls: 0, patience }
    }

    /// Files the free gradient of a step; whether the search may go on.
    fn step(&mut self, slope: f64, negative: bool) -> bool {
        if negative && slope < 0.95 * self.best {
            self.best = slope;
            self.stalls = 0;
        } else {
            self.stalls += 1;
        }
        self.stalls <= self.patience
    }
}
