//! Settings of an exploration and their presets.

use serde::{Deserialize, Serialize};

use crate::landscape::search::basin_hopping::BasinHoppingParams;
use crate::landscape::search::descent::DescentParams;
use crate::landscape::search::eigenvector_following::FollowingParams;
use crate::landscape::search::elastic_band::ElasticBandParams;
use crate::landscape::search::minimise::MinimiseParams;

/// Settings of an exploration; saved with its result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExploreParams {
    /// Seed of all random numbers.
    pub seed: u64,
    /// Chains of hops from every given start, and from random ones.
    pub basin_hopping: BasinHoppingParams,
    /// Random starts beside the given ones, each round.
    pub n_random_starts: usize,
    /// Two points are the same within this share of each coordinate's range (a radius) …
    pub same_distance: f64,
    /// … and this difference of energy, in units of E.
    pub same_energy: f64,
    /// Each minimum is joined to this many nearest ones by a band, one attempt a pair.
    pub n_neighbours: usize,
    /// The bands.
    pub elastic_band: ElasticBandParams,
    /// Saddle searches.
    pub following: FollowingParams,
    /// Saddle searches from each minimum: both ways along this many of its softest modes.
    pub n_modes_from_minima: usize,
    /// First step of those, as a share of the mean width of the box.
    pub mode_push: f64,
    /// Saddle searches from every given start (moved a little off it).
    pub follow_from_starts: bool,
    /// Saddle searches from random points of the box and its faces, each round.
    pub n_random_saddle_starts: usize,
    /// From a transition state to its minima.
    pub descent: DescentParams,
    /// Rounds at most.
    pub max_rounds: usize,
    /// Ends after this many rounds in a row without a new stationary point.
    pub quiet_rounds: usize,
}

impl Default for ExploreParams {
    fn default() -> Self {
        Self::reference()
    }
}

impl ExploreParams {
    /// The budgets and tolerances of the reference (METHOD, section 4), with every point converged and validated.
    pub fn reference() -> Self {
        Self {
            seed: 0,
            basin_hopping: BasinHoppingParams::default(),
            n_random_starts: 0,
            same_distance: 0.02,
            same_energy: 0.05,
            n_neighbours: 12,
            elastic_band: ElasticBandParams::default(),
            following: FollowingParams::default(),
            n_modes_from_minima: 0,
            mode_push: 0.01,
            follow_from_starts: false,
            n_random_saddle_starts: 0,
            descent: DescentParams::default(),
            max_rounds: 1,
            quiet_rounds: 1,
        }
    }

    /// Converges tightly, tells close points apart, follows steepest-descent paths exactly, and searches until rounds
    /// bring nothing new. Meant for few dimensions or few data.
    pub fn thorough() -> Self {
        Self {
            basin_hopping: BasinHoppingParams {
                minimise: MinimiseParams {
                    gradient_tolerance: 1e-6,
                    max_iterations: 1000,
                    ..MinimiseParams::default()
                },
                ..BasinHoppingParams::default()
            },
            n_random_starts: 400,
            same_distance: 1e-5,
            same_energy: 1e-3,
            following: FollowingParams { max_step: 0.02, positive_mode_step: 0.02, ..FollowingParams::default() },
            n_modes_from_minima: 4,
            follow_from_starts: true,
            n_random_saddle_starts: 2000,
            descent: DescentParams { push_off: 1e-3, exact_path: true, max_step: 0.02, gradient_tolerance: 1e-6 },
            max_rounds: 12,
            quiet_rounds: 2,
            ..Self::reference()
        }
    }

    /// The preset of this name.
    ///
    /// # Errors
    /// [`UnknownPreset`] lists the names.
    pub fn by_name(name: &str) -> Result<Self, UnknownPreset> {
        match name {
            "reference" => Ok(Self::reference()),
            "thorough" => Ok(Self::thorough()),
            _ => Err(UnknownPreset { found: name.to_owned() }),
        }
    }
}

/// A preset that does not exist.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("there is no exploration preset {found:?}: choose reference or thorough")]
pub struct UnknownPreset {
    /// The name asked for.
    pub found: String,
}
