//! Searches for stationary points: each is an `async` function that asks an oracle for energies and gradients, so that
//! hundreds of them run in lockstep on large batches.

pub mod basin_hopping;
pub mod bounds;
pub mod descent;
pub mod eigenvector_following;
pub mod elastic_band;
pub mod lockstep;
pub mod minimise;
pub mod minimum_mode;
pub mod stationary;
