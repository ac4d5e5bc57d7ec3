//! `fillscape landscape path`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{CliError, NetworkIn, Output, print_json, write_csv};
use crate::landscape::MinimumId;
use crate::landscape::disconnectivity::{MergeTree, PathPoint, PointId, lowest_barrier_path};

#[derive(Debug, Args)]
pub(super) struct PathCommand {
    #[command(flatten)]
    network: NetworkIn,
    /// Id of the first minimum
    #[arg(long, value_name = "ID")]
    from: u32,
    /// Id of the last minimum
    #[arg(long, value_name = "ID")]
    to: u32,
    /// Write the points of the path here
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

impl PathCommand {
    pub(super) fn run(&self, out: Output) -> Result<(), CliError> {
        let ktn = self.network.read()?.network;
        let path = lowest_barrier_path(&ktn, &MergeTree::new(&ktn), MinimumId(self.from), MinimumId(self.to))?;
        if let Some(file) = &self.csv {
            let row = |p: &PathPoint| {
                let (kind, id) = kind_and_id(p);
                format!("{},{id},{:?},{:?}", kind.replace(' ', "_"), p.energy, p.length)
            };
            write_csv(file, "kind,id,energy,length", path.points.iter().map(row))?;
        }
        if out.json {
            let mut value = serde_json::to_value(&path)?;
            let kind = |p: &PathPoint| {
                let (kind, id) = kind_and_id(p);
                json!({ "kind": kind.replace(' ', "_"), "id": id, "energy": p.energy, "length": p.length })
            };
            value["points"] = path.points.iter().map(kind).collect();
            print_json(&value);
            return Ok(());
        }
        say!("kind                     id        energy        length");
        for point in &path.points {
            let (kind, id) = kind_and_id(point);
            let mark = if path.bottleneck.is_some_and(|t| point.point == PointId::TransitionState(t)) {
                "  highest"
            } else {
                ""
            };
            say!("{kind:<17}  {id:>8}  {:>12.6}  {:>12.6}{mark}", point.energy, point.length);
        }
        say!("\nbarrier  {} forward, {} back", path.barrier_forward, path.barrier_back);
        say!("length   {}", path.length);
        Ok(())
    }
}

fn kind_and_id(point: &PathPoint) -> (&'static str, u32) {
    match point.point {
        PointId::Minimum(id) => ("minimum", id.0),
        PointId::TransitionState(id) => ("transition state", id.0),
    }
}
