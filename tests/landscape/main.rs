//! Landscapes: surfaces, searches, networks, commands.

#[path = "../common/mod.rs"]
mod common;

mod cases;
mod cli;
mod disconnectivity;
mod explore;
mod files;
mod manifold;
mod network;
mod network_layout;
mod reference;
mod surface;
mod watching;
