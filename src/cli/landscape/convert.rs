//! `fillscape landscape convert`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::{CliError, NetworkIn, Output, print_json};
use crate::landscape::files::{write_native, write_topsearch};

#[derive(Debug, Args)]
pub(super) struct ConvertCommand {
    #[command(flatten)]
    network: NetworkIn,
    /// Folder to write to; made if it is missing
    #[arg(value_name = "OUT")]
    out: PathBuf,
    /// Format to write
    #[arg(long, value_enum)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// network.toml, tables and arrays: keeps ids and support
    Fillscape,
    /// min.data, min.coords, ts.data, ts.coords, pairlist: numbers minima by row
    Topsearch,
}

impl ConvertCommand {
    pub(super) fn run(&self, out: Output) -> Result<(), CliError> {
        let files = self.network.read()?;
        match self.format {
            Format::Fillscape => write_native(&self.out, &files)?,
            Format::Topsearch => write_topsearch(&self.out, "", &files)?,
        }
        let (n_minima, n_states) = (files.network.minima().len(), files.network.transition_states().len());
        if out.json {
            print_json(&json!({ "n_minima": n_minima, "n_transition_states": n_states, "n_pairs": files.pairs.len() }));
        } else {
            say!("{n_minima} minima, {n_states} transition states and {} pairs written", files.pairs.len());
        }
        Ok(())
    }
}
