//! Molecules: oracles, files, properties, commands.

#[path = "../common/mod.rs"]
mod common;

mod cases;
mod cli;
mod depict_oracle;
mod files;
mod fuzz;
mod library;
mod oracle;
mod selfies;
mod selfies_oracle;
