//! Fillscape: a workbench for fill-tuning (Wilson et al., arXiv 2502.13886).
//!
//! Data flows one way. A molecule becomes tokens, tokens a latent vector, latent vectors a response, responses a
//! surface, the surface a kinetic transition network, the network frustration, frustration a region, the region a
//! fill set, the fill set a checkpoint, the checkpoint scores.
//!
//! Everything here but `render` and `app` compiles without a screen.

#[cfg(feature = "gui")]
pub mod app;
pub mod atomic_file;
pub mod chem;
pub mod cli;
pub mod evaluate;
pub mod fill;
pub mod jobs;
pub mod landscape;
pub mod model;
pub mod npy;
pub mod parquet_table;
pub mod projection;
#[cfg(feature = "gui")]
pub mod render;
pub mod train;
pub mod workspace;
