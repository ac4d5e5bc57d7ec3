//! `fillscape project`: maps of latent space.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::rows::list_rows;
use super::{CliError, Output};
use crate::atomic_file;
use crate::jobs::Progress;
use crate::landscape::{read_npy, write_npy};
use crate::projection::{
    DiffusionMapParams, FitEnd, MapPoint, Projection, ProjectionMethod, ProjectionParams, TSneParams, TrustParams,
    UmapParams, fit, measure_trust,
};

/// Maps of latent space: fit a projection once, apply it unchanged to other rows, measure how far to trust it
#[derive(Debug, Args)]
pub struct ProjectCommand {
    #[command(subcommand)]
    command: ProjectSubcommand,
}

#[derive(Debug, Subcommand)]
enum ProjectSubcommand {
    /// Fit a projection to rows of latent space
    Fit(FitCommand),
    /// Place other rows with a fitted projection
    Apply(ApplyCommand),
}

/// The methods, as flags.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum MethodFlag {
    /// Principal components
    Pca,
    /// A random plane
    Random,
    /// Diffusion map
    DiffusionMap,
    /// t-SNE
    Tsne,
    /// UMAP
    Umap,
    /// The plane through the points of --through
    Plane,
}

#[derive(Debug, Args)]
struct FitCommand {
    /// Rows of latent space, a NumPy array of n x d
    rows: PathBuf,
    /// How
    #[arg(long, value_enum, default_value_t = MethodFlag::Umap)]
    method: MethodFlag,
    /// Dimensions of the map
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(2..=3))]
    dimensions: u8,
    /// Decides every random choice
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Neighbours of UMAP
    #[arg(long, default_value_t = 15, value_name = "K")]
    neighbours: usize,
    /// Least distance on a UMAP
    #[arg(long, default_value_t = 0.1, value_name = "D")]
    min_dist: f64,
    /// Perplexity of t-SNE
    #[arg(long, default_value_t = 30.0, value_name = "P")]
    perplexity: f64,
    /// ε of the diffusion map; from the data when not given
    #[arg(long, value_name = "E")]
    bandwidth: Option<f64>,
    /// Points that span the plane, a NumPy array of k x d
    #[arg(long, value_name = "FILE", required_if_eq("method", "plane"))]
    through: Option<PathBuf>,
    /// Write the fitted projection here, for `project apply` and `render`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the map here, a NumPy array of n x 2 or 3
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Neighbours that count for trustworthiness and continuity; 0 leaves them out
    #[arg(long, default_value_t = 15, value_name = "K")]
    trust: usize,
}

#[derive(Debug, Args)]
struct ApplyCommand {
    /// A fitted projection
    projection: PathBuf,
    /// Rows of latent space, a NumPy array of n x d
    rows: PathBuf,
    /// Write the places here, a NumPy array of n x 2 or 3
    #[arg(long, value_name = "FILE")]
    map: PathBuf,
}

impl ProjectCommand {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// When a file cannot be used, or the rows cannot be projected.
    pub fn run(&self, out: Output) -> Result<(), CliError> {
        match &self.command {
            ProjectSubcommand::Fit(command) => command.run(out),
            ProjectSubcommand::Apply(command) => command.run(out),
        }
    }
}

/// Rows with a number that is NaN, as molecules have that could not be encoded.
fn gaps_of(rows: &[f32], dimension: usize) -> Vec<usize> {
    let rows = rows.chunks_exact(dimension.max(1)).enumerate();
    rows.filter(|(_, row)| row.iter().any(|x| x.is_nan())).map(|(k, _)| k).collect()
}

/// The map with a place of NaN for each gap, so that it has the rows of the file.
fn with_gaps(map: &[MapPoint], gaps: &[usize]) -> Vec<MapPoint> {
    let mut places = map.iter();
    let is_gap = |row: &usize| gaps.binary_search(row).is_ok();
    (0..map.len() + gaps.len())
        .filter_map(|row| if is_gap(&row) { Some([f32::NAN; 3]) } else { places.next().copied() })
        .collect()
}

impl FitCommand {
    fn run(&self, out: Output) -> Result<(), CliError> {
        let (all, dimension) = read_rows(&self.rows)?;
        let gaps = gaps_of(&all, dimension);
        let n_all = all.len() / dimension.max(1);
        let rows = if gaps.is_empty() {
            all
        } else {
            tracing::warn!(
                "{} of {n_all} rows hold numbers that are none (NaN) and are left out: on the map they are gaps (rows, from \
                 0: {})",
                gaps.len(),
                list_rows(&gaps)
            );
            let kept = |row: &usize| gaps.binary_search(row).is_err();
            let row = |row: usize| all[row * dimension..(row + 1) * dimension].to_vec();
            (0..n_all).filter(kept).flat_map(row).collect()
        };
        let method = match self.method {
            MethodFlag::Pca => ProjectionMethod::Pca,
            MethodFlag::Random => ProjectionMethod::Random,
            MethodFlag::DiffusionMap => ProjectionMethod::DiffusionMap(DiffusionMapParams {
                bandwidth: self.bandwidth,
                ..DiffusionMapParams::default()
            }),
            MethodFlag::Tsne => {
                ProjectionMethod::TSne(TSneParams { perplexity: self.perplexity, ..TSneParams::default() })
            }
            MethodFlag::Umap => ProjectionMethod::Umap(UmapParams {
                n_neighbours: self.neighbours,
                min_dist: self.min_dist,
                ..UmapParams::default()
            }),
            MethodFlag::Plane => {
                let path = self.through.as_deref().ok_or("--method plane needs --through FILE")?;
                let (points, d) = read_rows(path)?;
                let wide = |row: &[f32]| row.iter().map(|v| f64::from(*v)).collect();
                ProjectionMethod::Plane { points: points.chunks_exact(d.max(1)).map(wide).collect() }
            }
        };
        let params = ProjectionParams { method, n_dims: self.dimensions.into(), seed: self.seed };
        let started = std::time::Instant::now();
        let bar = progress_bar();
        let projection = fit(&params, &rows, dimension, &mut |p| shown(&bar, &p))?;
        let fit_secs = started.elapsed().as_secs_f64();
        let k = self.trust.min(projection.map().len().saturating_sub(1) / 2);
        let trust = (k > 0)
            .then(|| {
                let params = TrustParams { n_neighbours: k, ..TrustParams::default() };
                measure_trust(&rows, dimension, projection.map(), &params, &mut |p| shown(&bar, &p))
            })
            .transpose()?;
        bar.finish_and_clear();
        if let Some(path) = &self.out {
            atomic_file::write(path, projection.to_json())?;
        }
        if let Some(path) = &self.map {
            write_map(path, &with_gaps(projection.map(), &gaps), projection.n_dims())?;
        }
        if out.json {
            say!(
                "{}",
                json!({
                    "rows": projection.map().len(), "dimension": dimension, "method": params.method,
                    "dimensions": params.n_dims, "seed": params.seed, "finished": projection.end() == FitEnd::Finished,
                    "seconds": fit_secs, "trust": trust, "explained_variance": projection.explained_variance(),
                    "notes": projection.notes(),
                })
            );
            return Ok(());
        }
        say!("{} of {} rows x {dimension}, seed {}", params.method.label(), projection.map().len(), self.seed);
        if let Some(explained) = projection.explained_variance() {
            let parts: Vec<String> = explained.iter().map(|v| format!("{:.1} %", 100.0 * v)).collect();
            say!("variance         {}", parts.join(", "));
        }
        if let Some(trust) = trust {
            let sample = if trust.n_queries < trust.n_rows {
                format!(" (of {} sampled rows)", trust.n_queries)
            } else {
                String::new()
            };
            say!("trustworthiness  {:.4}, {k} neighbours{sample}", trust.trustworthiness);
            say!("continuity       {:.4}", trust.continuity);
        }
        say!("time             {fit_secs:.2} s");
        projection.notes().iter().for_each(|note| say!("note: {note}"));
        Ok(())
    }
}

impl ApplyCommand {
    fn run(&self, out: Output) -> Result<(), CliError> {
        let projection = read_projection(&self.projection)?;
        let (rows, dimension) = read_rows(&self.rows)?;
        if dimension != projection.dimension() {
            return Err(format!(
                "the rows have {dimension} numbers, but the projection was fitted to rows of {} (in {:?})",
                projection.dimension(),
                self.rows
            )
            .into());
        }
        let places = projection.transform(&rows)?;
        write_map(&self.map, &places, projection.n_dims())?;
        let placement = projection.placement();
        if out.json {
            say!("{}", json!({ "rows": places.len(), "placement": placement, "map": self.map }));
        } else {
            say!("{} rows placed ({placement:?})", places.len());
        }
        Ok(())
    }
}

/// Rows and their width.
pub(super) fn read_rows(path: &Path) -> Result<(Vec<f32>, usize), CliError> {
    let array = read_npy(path)?;
    let (_, d) = array
        .rows_columns()
        .ok_or_else(|| format!("found an array of shape {:?}, expected rows and columns (in {path:?})", array.shape))?;
    Ok((array.data.iter().map(|v| *v as f32).collect(), d))
}

pub(super) fn read_projection(path: &Path) -> Result<Projection, CliError> {
    let bytes = std::fs::read(path).map_err(|e| format!("could not read the projection: {e} ({path:?})"))?;
    Projection::from_json(&bytes).map_err(|e| format!("{e} ({path:?})").into())
}

fn write_map(path: &Path, map: &[[f32; 3]], n_dims: usize) -> Result<(), CliError> {
    let data: Vec<f64> =
        map.iter().flat_map(|p| p[..n_dims].iter().map(|v| f64::from(*v)).collect::<Vec<_>>()).collect();
    Ok(write_npy(path, &[map.len(), n_dims], &data)?)
}

/// A bar on standard error; invisible where that is no terminal.
pub(super) fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("{msg:14} {wide_bar} {pos}/{len} {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

pub(super) fn shown(bar: &ProgressBar, progress: &Progress) -> ControlFlow<()> {
    bar.set_message(progress.stage);
    bar.set_length(progress.total.unwrap_or(0));
    bar.set_position(progress.done);
    ControlFlow::Continue(())
}
