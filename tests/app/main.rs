//! The window, driven by the labels a person reads.
#![cfg(feature = "gui")]

mod accessibility;
mod exploration;
mod faults;
mod first_start;
mod keyboard;
mod landscape;
mod lessons;
mod map;
mod model_step;
mod pictures;
mod region;
mod support;
