//! `fillscape landscape`: networks of minima and transition states in, numbers, trees and paths out.

mod convert;
mod explore;
mod frustration;
mod layout;
mod path;
mod tree;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{CliError, Output};
use crate::landscape::ParallelConvention;
use crate::landscape::files::{NetworkFiles, read_network, read_topsearch, write_atomically};

/// Networks of minima and transition states: frustration, disconnectivity graphs, paths, layouts
#[derive(Debug, Args)]
pub struct LandscapeCommand {
    #[command(subcommand)]
    command: LandscapeSubcommand,
}

#[derive(Debug, Subcommand)]
enum LandscapeSubcommand {
    /// Fit a surface to points and responses and find its minima and transition states
    #[command(
        after_help = "Example: fillscape landscape explore --points p.npy --response r.npy --preset reference --seed 1 --out network"
    )]
    Explore(explore::ExploreCommand),
    /// Explore an analytic surface with known stationary points
    #[command(after_help = "Example: fillscape landscape toy muller-brown --preset thorough --out network")]
    Toy(explore::ToyCommand),
    /// The frustration of a network and what contributes most to it
    #[command(
        after_help = "Example: fillscape landscape frustration network --length-scale 0.8 --csv contributions.csv"
    )]
    Frustration(frustration::FrustrationCommand),
    /// The disconnectivity graph: how minima join as the landscape is filled
    #[command(after_help = "Example: fillscape landscape tree network --svg tree.svg --colour frustration")]
    Tree(tree::TreeCommand),
    /// The lowest-barrier path between two minima
    #[command(after_help = "Example: fillscape landscape path network --from 0 --to 4 --csv path.csv")]
    Path(path::PathCommand),
    /// Places of the minima on a plane, by connectivity
    #[command(after_help = "Example: fillscape landscape layout network --csv places.csv --seed 1")]
    Layout(layout::LayoutCommand),
    /// Write a network in the other format
    #[command(after_help = "Example: fillscape landscape convert topsearch_output network --format fillscape")]
    Convert(convert::ConvertCommand),
}

impl LandscapeCommand {
    /// Runs the command.
    ///
    /// # Errors
    /// When a file cannot be read or written, or a parameter is out of its range.
    pub fn run(&self, out: Output) -> Result<(), CliError> {
        match &self.command {
            LandscapeSubcommand::Explore(command) => command.run(out),
            LandscapeSubcommand::Toy(command) => command.run(out),
            LandscapeSubcommand::Frustration(command) => command.run(out),
            LandscapeSubcommand::Tree(command) => command.run(out),
            LandscapeSubcommand::Path(command) => command.run(out),
            LandscapeSubcommand::Layout(command) => command.run(out),
            LandscapeSubcommand::Convert(command) => command.run(out),
        }
    }
}

/// Where a network is read from.
#[derive(Debug, Args)]
pub(super) struct NetworkIn {
    /// Folder of the network: network.toml and its tables (Fillscape), or min.data and its companions (TopSearch)
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// What follows the names of TopSearch's files, for example “.minima_only”
    #[arg(long, value_name = "SUFFIX")]
    suffix: Option<String>,
}

impl NetworkIn {
    pub(super) fn read(&self) -> Result<NetworkFiles, CliError> {
        Ok(match &self.suffix {
            Some(suffix) => read_topsearch(&self.folder, suffix)?,
            None => read_network(&self.folder)?,
        })
    }
}

/// Which of several transition states between the same minima count, as a flag.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Parallel {
    /// Each of them
    Each,
    /// The first, once for each of them, as TopSearch does
    First,
}

impl From<Parallel> for ParallelConvention {
    fn from(flag: Parallel) -> Self {
        match flag {
            Parallel::Each => Self::Each,
            Parallel::First => Self::FirstRepeated,
        }
    }
}

/// Writes a table, whole or not at all.
pub(super) fn write_csv(path: &Path, header: &str, rows: impl Iterator<Item = String>) -> Result<(), CliError> {
    let mut text = String::from(header);
    text.push('\n');
    for row in rows {
        text.push_str(&row);
        text.push('\n');
    }
    write_file(path, &text)
}

/// Writes a text file, whole or not at all.
pub(super) fn write_file(path: &Path, text: &str) -> Result<(), CliError> {
    write_atomically(path, text.as_bytes()).map_err(|e| format!("could not write {}: {e}", path.display()).into())
}

/// Prints a value as JSON on one line.
pub(super) fn print_json(value: &serde_json::Value) {
    say!("{value}");
}
