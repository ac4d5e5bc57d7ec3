//! The window, driven by the labels a person reads.
#![cfg(feature = "gui")]

mod accessibility;
mod exploration;
mod faults;
mod fill_tune;
mod first_start;
mod keyboard;
mod landscape;
mod lessons;
mod loop_study;
mod map;
mod model_step;
mod pictures;
mod region;
mod support;
mod whole_loop;
