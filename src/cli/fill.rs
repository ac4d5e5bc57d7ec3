//! `fillscape fill`: where to fill.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::fill_set::{ControlsCommand, GenerateCommand};
use super::landscape::{NetworkIn, Parallel, print_json, write_csv};
use super::{CliError, Output};
use crate::fill::{
    FillSampleParams, RoughPoint, RoughnessField, RoughnessFieldParams, decoder_box_from_field_box, sample_field,
};
use crate::jobs::silent;
use crate::landscape::{KineticTransitionNetwork, read_npy, write_npy};

/// Step 3, where to fill and with what: the roughness field, places, fill sets and controls
#[derive(Debug, Args)]
pub struct FillCommand {
    #[command(subcommand)]
    command: FillSubcommand,
}

#[derive(Debug, Subcommand)]
enum FillSubcommand {
    /// The roughness field at given points
    #[command(after_help = "Example: fillscape fill field network --preset script --at points.npy --out values.npy")]
    Field(FieldCommand),
    /// The roughest places of a network: basin-hopping on the field from every Gaussian
    #[command(after_help = "Example: fillscape fill sample network --preset script -n 100 --out x.npy")]
    Sample(SampleCommand),
    /// Molecules for a landscape, a region or given places: decoded, without doubles, screened
    #[command(
        after_help = "Example: fillscape fill generate --network network -n 100 --corpus zinc.smi --out fill.csv"
    )]
    Generate(GenerateCommand),
    /// A control set of the same make: random places, or random molecules of files
    #[command(after_help = "Example: fillscape fill controls -n 100 --from task.csv --out control.csv")]
    Controls(ControlsCommand),
}

impl FillCommand {
    /// Runs the command.
    ///
    /// # Errors
    /// When a file cannot be read or written, or a parameter is out of its range.
    pub fn run(&self, out: Output) -> Result<(), CliError> {
        match &self.command {
            FillSubcommand::Field(command) => command.run(out),
            FillSubcommand::Sample(command) => command.run(out),
            FillSubcommand::Generate(command) => command.run(out),
            FillSubcommand::Controls(command) => command.run(out),
        }
    }
}

/// How the network becomes a field.
#[derive(Debug, Args)]
struct FieldFlags {
    #[command(flatten)]
    network: NetworkIn,
    /// Published variant of the field
    #[arg(long, value_enum, default_value_t = Preset::Script)]
    preset: Preset,
    /// ℓ of the frustration, in the units of the coordinates; the preset's when left out
    #[arg(long, value_name = "L")]
    length_scale: Option<f64>,
    /// Which of several transition states between the same minima count
    #[arg(long, value_enum, default_value_t = Parallel::Each)]
    parallel: Parallel,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Preset {
    /// The reference's script: broad Gaussians near the transition states
    Script,
    /// The reference's README: narrow Gaussians half way up
    Readme,
}

impl FieldFlags {
    fn read(&self) -> Result<(KineticTransitionNetwork, RoughnessField), CliError> {
        let ktn = self.network.read()?.network;
        let preset = match self.preset {
            Preset::Script => RoughnessFieldParams::script(),
            Preset::Readme => RoughnessFieldParams::readme(),
        };
        let length_scale = self.length_scale.unwrap_or(preset.length_scale);
        let params = RoughnessFieldParams { length_scale, parallel: self.parallel.into(), ..preset };
        let field = RoughnessField::new(&ktn, &params)?;
        Ok((ktn, field))
    }
}

#[derive(Debug, Args)]
struct FieldCommand {
    #[command(flatten)]
    field: FieldFlags,
    /// Points to ask, shape (n, d)
    #[arg(long, value_name = "FILE")]
    at: PathBuf,
    /// Write the values here, shape (n,)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the gradients here, shape (n, d)
    #[arg(long, value_name = "FILE")]
    gradient: Option<PathBuf>,
}

impl FieldCommand {
    fn run(&self, out: Output) -> Result<(), CliError> {
        let (ktn, field) = self.field.read()?;
        let d = ktn.n_dims();
        let points = read_points(&self.at, d)?;
        let n = points.len() / d.max(1);
        let mut gradients = vec![0.0; points.len()];
        let values: Vec<f64> = points
            .chunks_exact(d.max(1))
            .zip(gradients.chunks_exact_mut(d.max(1)))
            .map(|(x, gradient)| field.value_gradient(x, gradient))
            .collect();
        if let Some(path) = &self.out {
            write_npy(path, &[n], &values)?;
        }
        if let Some(path) = &self.gradient {
            write_npy(path, &[n, d], &gradients)?;
        }
        if out.json {
            print_json(&json!({
                "n_gaussians": field.n_gaussians(),
                "n_coincident": field.n_coincident(),
                "values": values,
            }));
        } else if self.out.is_none() {
            say!("row,roughness");
            for (row, value) in values.iter().enumerate() {
                say!("{row},{value:?}");
            }
        } else {
            say!("{n} values of a field of {} Gaussians", field.n_gaussians());
        }
        Ok(())
    }
}

#[derive(Debug, Args)]
struct SampleCommand {
    #[command(flatten)]
    field: FieldFlags,
    /// How many points to keep, the roughest first; all when left out
    #[arg(short, long, value_name = "N")]
    n: Option<usize>,
    /// Write the points here, shape (n, d), in the decoder's box [-1, 1]
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Write rank, roughness and start of every kept point here
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Decides the displacements
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Basin-hopping steps from each Gaussian
    #[arg(long, default_value_t = 5)]
    steps: usize,
    /// A descent ends when no free gradient component is larger
    #[arg(long, default_value_t = 0.5, value_name = "G")]
    gradient_tolerance: f64,
    /// Drop points where the field is not above this
    #[arg(long, default_value_t = 0.1, value_name = "R")]
    min_roughness: f64,
    /// Lower bound of every coordinate, or one for all; the unit box when left out
    #[arg(long, value_delimiter = ',', allow_negative_numbers = true, requires = "upper", value_name = "X,…")]
    lower: Vec<f64>,
    /// Upper bound of every coordinate, or one for all
    #[arg(long, value_delimiter = ',', allow_negative_numbers = true, requires = "lower", value_name = "X,…")]
    upper: Vec<f64>,
    /// Leave the points in the network's own box instead of [-1, 1]
    #[arg(long)]
    keep_box: bool,
    /// Threads; all cores when left out
    #[arg(long)]
    threads: Option<usize>,
}

impl SampleCommand {
    fn run(&self, out: Output) -> Result<(), CliError> {
        let (ktn, field) = self.field.read()?;
        let d = ktn.n_dims();
        let (lower, upper) = (spread(&self.lower, d, 0.0)?, spread(&self.upper, d, 1.0)?);
        points_inside(&ktn, &lower, &upper)?;
        let params = FillSampleParams {
            seed: self.seed,
            n_steps: self.steps,
            gradient_tolerance: self.gradient_tolerance,
            min_roughness: self.min_roughness,
            ..FillSampleParams::default()
        };
        let threads = self.threads.unwrap_or_else(rayon::current_num_threads);
        let sample = sample_field(&field, &lower, &upper, &params, threads, &mut silent)?;
        let kept = &sample.points[..self.n.unwrap_or(usize::MAX).min(sample.points.len())];
        let rows: Vec<f64> = kept
            .iter()
            .flat_map(|point| {
                if self.keep_box { point.x.clone() } else { decoder_box_from_field_box(&point.x, &lower, &upper) }
            })
            .collect();
        write_npy(&self.out, &[kept.len(), d], &rows)?;
        if let Some(path) = &self.csv {
            let row = |(rank, point): (usize, &RoughPoint)| format!("{rank},{:?},{}", point.roughness, point.start);
            write_csv(path, "rank,roughness,start", kept.iter().enumerate().map(row))?;
        }
        if out.json {
            print_json(&json!({
                "n_points": kept.len(),
                "n_distinct": sample.points.len(),
                "n_starts": sample.n_starts,
                "n_coincident": field.n_coincident(),
                "n_converged": sample.n_converged,
                "n_unconverged": sample.n_unconverged,
                "n_below": sample.n_below,
                "evaluations": sample.evaluations.gradients,
                "roughness": kept.iter().map(|point| point.roughness).collect::<Vec<_>>(),
            }));
            return Ok(());
        }
        say!("searches        {} (one a Gaussian)", sample.n_starts);
        say!("descents        {} converged, {} not", sample.n_converged, sample.n_unconverged);
        say!("too smooth      {} with R not above {}", sample.n_below, self.min_roughness);
        say!("distinct points {}, {} written", sample.points.len(), kept.len());
        if let (Some(first), Some(last)) = (kept.first(), kept.last()) {
            say!("roughness       {} to {}", first.roughness, last.roughness);
        }
        if let Some(wanted) = self.n.filter(|&wanted| wanted > kept.len()) {
            say!("Only {} of the {wanted} points asked for exist above that roughness.", kept.len());
        }
        Ok(())
    }
}

/// A bound for each of `d` coordinates: those given, the one given, or `otherwise`.
fn spread(given: &[f64], d: usize, otherwise: f64) -> Result<Vec<f64>, CliError> {
    match given {
        [] => Ok(vec![otherwise; d]),
        [one] => Ok(vec![*one; d]),
        all if all.len() == d => Ok(all.to_vec()),
        all => Err(format!("found {} bounds, expected one or {d}, as the network has dimensions", all.len()).into()),
    }
}

/// A network outside the box was not explored in it, and the field would be searched in the wrong place.
fn points_inside(ktn: &KineticTransitionNetwork, lower: &[f64], upper: &[f64]) -> Result<(), CliError> {
    const SLACK: f64 = 1e-9;
    for m in ktn.minima() {
        for (j, ((x, l), u)) in m.x.iter().zip(lower).zip(upper).enumerate() {
            if *x < l - SLACK || *x > u + SLACK {
                return Err(format!(
                    "coordinate {j} of minimum {} is {x}, outside the box from {l} to {u}: give the network's own box \
                     with --lower and --upper",
                    m.id
                )
                .into());
            }
        }
    }
    Ok(())
}

/// Points of `d` finite coordinates in one row-major list; a single point may be a plain list.
fn read_points(path: &Path, d: usize) -> Result<Vec<f64>, CliError> {
    let array = read_npy(path)?;
    let fits = match array.shape[..] {
        [_, columns] => columns == d,
        [length] => length == d,
        _ => false,
    };
    if !fits {
        return Err(format!(
            "found points of shape {:?}, expected (n, {d}) as the network has (in {})",
            array.shape,
            path.display()
        )
        .into());
    }
    if let Some(at) = array.data.iter().position(|v| !v.is_finite()) {
        let (row, column, value) = (at / d, at % d, array.data[at]);
        return Err(format!(
            "coordinate {column} of point {row} is {value}, expected a finite number (in {})",
            path.display()
        )
        .into());
    }
    Ok(array.data)
}
