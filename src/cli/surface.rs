//! `fillscape surface`: fitted surfaces evaluated at points.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{CliError, Output};
use crate::landscape::{Manifold, ManifoldParams, Surface, ThinPlate, read_npy, write_npy};

/// Which surface is made of points and responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum SurfaceKind {
    /// The fitted spline alone
    Spline,
    /// The spline, rising where no samples are near
    Manifold,
}

/// Fits the surface of this kind in the unit box.
pub(super) fn fit(
    kind: SurfaceKind,
    points: &[f64],
    dim: usize,
    response: &[f64],
    smoothing: f64,
) -> Result<Box<dyn Surface>, CliError> {
    let spline = ThinPlate::fit_in_unit_box(points, dim, response, smoothing)?;
    Ok(match kind {
        SurfaceKind::Spline => Box::new(spline),
        SurfaceKind::Manifold => Box::new(Manifold::new(spline, points, &ManifoldParams::default())?),
    })
}

/// Surfaces fitted to points and responses
#[derive(Debug, Args)]
pub struct SurfaceCommand {
    #[command(subcommand)]
    command: SurfaceSubcommand,
}

#[derive(Debug, Subcommand)]
enum SurfaceSubcommand {
    /// Fit a thin-plate surface and evaluate it
    #[command(
        after_help = "Example: fillscape surface eval --points p.npy --response r.npy --smoothing 1e-4 --at q.npy --out v.npy"
    )]
    Eval(EvalCommand),
}

#[derive(Debug, Args)]
struct EvalCommand {
    /// Points, an array of shape (n, d)
    #[arg(long, value_name = "NPY")]
    points: PathBuf,
    /// Responses, an array of shape (n,)
    #[arg(long, value_name = "NPY")]
    response: PathBuf,
    /// Smoothing of the fit, at least 0; 0 interpolates
    #[arg(long, default_value_t = 1e-4)]
    smoothing: f64,
    /// Kind of surface
    #[arg(long, value_enum, default_value = "spline")]
    surface: SurfaceKind,
    /// Where to evaluate, an array of shape (m, d)
    #[arg(long, value_name = "NPY")]
    at: PathBuf,
    /// Write the values here, shape (m,)
    #[arg(long, value_name = "NPY")]
    out: PathBuf,
    /// Write the gradients here, shape (m, d)
    #[arg(long, value_name = "NPY")]
    gradient: Option<PathBuf>,
}

impl SurfaceCommand {
    /// Runs the command.
    ///
    /// # Errors
    /// When a file cannot be read or written, or the data cannot be fitted.
    pub fn run(&self, out: Output) -> Result<(), CliError> {
        let out = &out;
        match &self.command {
            SurfaceSubcommand::Eval(command) => command.run(out),
        }
    }
}

impl EvalCommand {
    fn run(&self, out: &Output) -> Result<(), CliError> {
        let (points, dim) = read_rows(&self.points)?;
        let (response, _) = read_rows(&self.response)?;
        let (at, at_dim) = read_rows(&self.at)?;
        if at_dim != dim {
            let (here, there) = (self.at.display(), self.points.display());
            return Err(format!(
                "the points to evaluate at have {at_dim} coordinates, but the fit has {dim}: {here}, {there}"
            )
            .into());
        }
        if let Some(k) = at.iter().position(|v| !v.is_finite()) {
            return Err(
                format!("row {} of the points to evaluate at is not finite: {}", k / dim, self.at.display()).into()
            );
        }
        let surface = fit(self.surface, &points, dim, &response, self.smoothing)?;
        let n = at.len() / dim;
        let (mut values, mut gradients) = (vec![0.0; n], vec![0.0; n * dim]);
        surface.energy_gradient_batch(&at, &mut values, &mut gradients);
        write_npy(&self.out, &[n], &values)?;
        if let Some(path) = &self.gradient {
            write_npy(path, &[n, dim], &gradients)?;
        }
        if out.json {
            say!("{}", serde_json::json!({ "n_points": response.len(), "dim": dim, "n_evaluated": n }));
        } else {
            say!("evaluated a surface of {} points in {dim} dimensions at {n} points", response.len());
        }
        Ok(())
    }
}

/// An array as rows, and the length of a row.
pub(super) fn read_rows(path: &Path) -> Result<(Vec<f64>, usize), CliError> {
    let array = read_npy(path)?;
    match array.rows_columns() {
        Some((_, columns)) if columns > 0 => Ok((array.data, columns)),
        _ => Err(format!(
            "expected an array of one or two axes with at least one column, found shape {:?}: {}",
            array.shape,
            path.display()
        )
        .into()),
    }
}
