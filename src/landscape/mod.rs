//! Landscapes: surfaces fitted to points and responses (or given in closed form), their stationary points, and the
//! kinetic transition networks these make. Knows no chemistry and no screen: whoever computed the responses, a model's
//! latent space and Müller–Brown go through the same door.

pub mod explore;
mod manifold;
pub mod search;
mod surface;
pub mod thin_plate;
mod toy;

pub mod disconnectivity;
pub mod files;
mod frustration;
mod latin_hypercube;
mod network;
mod network_layout;
mod normalise;
mod same_point;
mod slow_motion;

pub use explore::{Exploration, ExploreError, ExploreParams, Summary, explore};
pub use latin_hypercube::latin_hypercube;
pub use manifold::{Manifold, ManifoldError, ManifoldParams};
pub use normalise::{Normalisation, NormaliseError};
pub use surface::Surface;
pub use thin_plate::{FitError, ThinPlate};
pub use toy::{Toy, UnknownToy, Well};

pub use crate::npy::{NpyArray, NpyError, read_npy, write_npy};
pub use frustration::{
    FrustrationContribution, METRIC_LENGTH_SCALE, ParallelConvention, SAMPLING_LENGTH_SCALE, contributions,
    frustration, frustration_by, frustration_of_minima,
};
pub use network::{
    Added, KineticTransitionNetwork, Merged, Minimum, MinimumId, NetworkError, Support, TransitionState,
    TransitionStateId,
};
pub use network_layout::{NetworkLayout, NetworkLayoutParams, SpringStrength, network_layout};
pub use same_point::{REFERENCE_DISTANCE_TOLERANCE, REFERENCE_ENERGY_TOLERANCE, SamePoint};
pub use slow_motion::{Film, Frame, Happening, film_basin_hopping, film_elastic_band, film_saddle_search};
