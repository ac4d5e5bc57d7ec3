//! The roughness field and its sampling.

#[path = "../common/mod.rs"]
mod common;

mod roughness_field;
mod sample;
