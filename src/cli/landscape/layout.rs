//! `fillscape landscape layout`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{CliError, NetworkIn, Output, print_json, write_csv};
use crate::jobs::silent;
use crate::landscape::{NetworkLayoutParams, network_layout};

#[derive(Debug, Args)]
pub(super) struct LayoutCommand {
    #[command(flatten)]
    network: NetworkIn,
    /// Decides where points start
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Most steps a level
    #[arg(long, default_value_t = 300)]
    steps: usize,
    /// Write minimum,x,y here; standard output when left out
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

impl LayoutCommand {
    pub(super) fn run(&self, out: Output) -> Result<(), CliError> {
        let ktn = self.network.read()?.network;
        let params = NetworkLayoutParams { seed: self.seed, max_steps: self.steps, ..NetworkLayoutParams::default() };
        let layout = network_layout(&ktn, &params, None, &mut silent);
        let rows = layout.places.iter().map(|(id, [x, y])| format!("{id},{x:?},{y:?}"));
        if let Some(path) = &self.csv {
            write_csv(path, "minimum,x,y", rows.clone())?;
        }
        if out.json {
            let places: Vec<_> = layout.places.iter().map(|(id, at)| json!({ "minimum": id, "place": at })).collect();
            print_json(&json!({ "converged": layout.converged, "places": places }));
        } else if self.csv.is_none() {
            say!("minimum,x,y");
            rows.for_each(|row| say!("{row}"));
        }
        Ok(())
    }
}
