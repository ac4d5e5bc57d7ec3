//! The window, driven by the labels a person reads.
#![cfg(feature = "gui")]

mod accessibility;
mod faults;
mod first_start;
mod keyboard;
mod lessons;
mod map;
mod model_step;
mod pictures;
mod support;
