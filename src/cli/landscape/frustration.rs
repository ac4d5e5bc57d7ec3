//! `fillscape landscape frustration`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{CliError, NetworkIn, Output, Parallel, print_json, write_csv};
use crate::landscape::{METRIC_LENGTH_SCALE, contributions, frustration_by};

#[derive(Debug, Args)]
pub(super) struct FrustrationCommand {
    #[command(flatten)]
    network: NetworkIn,
    /// ℓ > 0, in the units of the coordinates: how near a transition state must be to count
    #[arg(long, default_value_t = METRIC_LENGTH_SCALE, value_name = "L")]
    length_scale: f64,
    /// Which of several transition states between the same minima count
    #[arg(long, value_enum, default_value_t = Parallel::Each)]
    parallel: Parallel,
    /// How many contributions to print
    #[arg(long, default_value_t = 10, value_name = "N")]
    top: usize,
    /// Write every contribution here, the most frustrated first
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

impl FrustrationCommand {
    pub(super) fn run(&self, out: Output) -> Result<(), CliError> {
        let l = self.length_scale;
        if l.is_nan() || l <= 0.0 {
            return Err(format!("the length scale must be a number > 0, found {l}").into());
        }
        let ktn = self.network.read()?.network;
        let parallel = self.parallel.into();
        let metric = frustration_by(&ktn, l, parallel);
        let all = contributions(&ktn, l, parallel);
        if let Some(path) = &self.csv {
            write_csv(
                path,
                "minimum,transition_state,barrier,distance,frustration",
                all.iter().map(|c| {
                    let (m, t) = (c.minimum, c.transition_state);
                    format!("{m},{t},{:?},{:?},{:?}", c.barrier, c.distance, c.frustration)
                }),
            )?;
        }
        if out.json {
            print_json(&json!({
                "n_minima": ktn.minima().len(),
                "n_transition_states": ktn.transition_states().len(),
                "length_scale": l,
                "frustration": metric,
                "n_contributions": all.len(),
                "contributions": all[..all.len().min(self.top)],
            }));
            return Ok(());
        }
        say!("minima             {}", ktn.minima().len());
        say!("transition states  {}", ktn.transition_states().len());
        say!("contributions      {}", all.len());
        say!("frustration        {metric} (length scale {l})");
        if ktn.minima().len() < 2 {
            say!("Fewer than two minima are not frustrated: the value is 0 by definition.");
        }
        if self.top > 0 && !all.is_empty() {
            say!("\n minimum  transition state      barrier     distance  frustration");
            for c in all.iter().take(self.top) {
                let (m, t) = (c.minimum.0, c.transition_state.0);
                say!("{m:>8}  {t:>16}  {:>11.6}  {:>11.6}  {:>11.6}", c.barrier, c.distance, c.frustration);
            }
        }
        Ok(())
    }
}
