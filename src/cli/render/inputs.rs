//! What a figure is drawn from: a study's artefacts, or files named one by one.

use std::path::{Path, PathBuf};

use super::RenderCommand;
use crate::cli::CliError;
use crate::cli::project::{progress_bar, read_projection, read_rows, shown};
use crate::cli::study::bundled_study;
use crate::landscape::KineticTransitionNetwork;
use crate::landscape::files::read_network;
use crate::projection::{MapPoint, Projection, ProjectionParams, fit};
use crate::workspace::{Artefact, ArtefactKind, Points, Study};

/// What a figure is drawn from.
pub(super) struct Inputs {
    /// Places of the points on the map.
    pub map: Option<Vec<MapPoint>>,
    /// What placed them.
    pub projection: Option<Projection>,
    /// A value each; not finite where there is none.
    pub values: Option<Vec<f32>>,
    /// What the values are.
    pub label: String,
    /// The network, in the unit box.
    pub ktn: Option<KineticTransitionNetwork>,
    /// What the reader of the figure should know.
    pub notes: Vec<String>,
}

/// What a study's folder gives.
#[derive(Default)]
struct OfStudy {
    points: Option<Points>,
    projection: Option<PathBuf>,
    landscape: Option<PathBuf>,
}

impl Inputs {
    pub fn read(command: &RenderCommand) -> Result<Self, CliError> {
        let study = command.study.as_deref().map(of_study).transpose()?.unwrap_or_default();
        let mut notes = Vec::new();
        let landscape = command.landscape.as_ref().or(study.landscape.as_ref());
        let ktn = landscape.map(|folder| read_network(folder)).transpose()?.map(|files| files.network);
        let mut label = command.label.clone();
        let values = match (&command.values, &command.colour) {
            (Some(path), _) => Some(read_rows(path)?.0),
            (None, Some(name)) => {
                let points = study.points.as_ref().ok_or("--colour names a column of a study: give --study too")?;
                let column = points.molecules.number(name).ok_or_else(|| {
                    let known: Vec<&str> = points.molecules.numbers.iter().map(|c| c.name.as_str()).collect();
                    format!("the molecules have no column {name:?}, only: {}", known.join(", "))
                })?;
                label.clone_from(name);
                Some(column.iter().map(|v| *v as f32).collect())
            }
            (None, None) => None,
        };
        let rows = match (&command.points, study.points) {
            (Some(path), _) => Some(read_rows(path)?),
            (None, Some(points)) => Some((points.latents, points.dimension)),
            (None, None) => None,
        };
        let projection = command.projection.as_deref().or(study.projection.as_deref());
        let mut projection = projection.map(read_projection).transpose()?;
        let map = match (&command.map, &rows) {
            (Some(path), _) => Some(read_map(path)?),
            (None, Some((rows, dimension))) => {
                if projection.is_none() {
                    notes.push("no projection was given: the map shows the principal components".to_owned());
                    let bar = progress_bar();
                    let fitted = fit(&ProjectionParams::default(), rows, *dimension, &mut |p| shown(&bar, &p))?;
                    bar.finish_and_clear();
                    projection = Some(fitted);
                }
                projection.as_ref().map(|projection| placed(projection, rows)).transpose()?
            }
            (None, None) => None,
        };
        if let Some(projection) = &projection {
            notes.extend(projection.notes().iter().cloned());
        }
        for (what, found) in
            [("values", values.as_ref().map(Vec::len)), ("rows", rows.as_ref().map(|r| r.0.len() / r.1))]
        {
            if let Some((found, map)) = found.zip(map.as_ref()).filter(|(found, map)| *found != map.len()) {
                return Err(format!("found {found} {what}, but the map has {} points", map.len()).into());
            }
        }
        Ok(Self { map, projection, values, label, ktn, notes })
    }

    /// The network, or what to do.
    pub fn network(&self) -> Result<&KineticTransitionNetwork, CliError> {
        self.ktn.as_ref().ok_or_else(|| {
            "this view needs a network: give --landscape DIR, or a study whose landscape was explored".into()
        })
    }
}

/// The rows of the fit stand where the fit put them, others where the projection places them.
fn placed(projection: &Projection, rows: &[f32]) -> Result<Vec<MapPoint>, CliError> {
    Ok(projection.transform(rows)?)
}

fn of_study(path: &Path) -> Result<OfStudy, CliError> {
    let folder = if path == Path::new("bundled") { bundled_study()? } else { path.to_owned() };
    let study = Study::open_read_only(&folder)?;
    let listing = study.artefacts()?;
    let shown: Vec<String> = study.document().results.values().map(ToString::to_string).collect();
    // What the document shows comes first; else the first of its kind.
    let of_kind = |kind: ArtefactKind| -> Option<&Artefact> {
        let all = || listing.artefacts.iter().filter(|a| a.id().kind() == kind);
        all().find(|a| shown.contains(&a.id().to_string())).or_else(|| all().next())
    };
    let projection = of_kind(ArtefactKind::Projection).map(|a| a.path("projection.json")).filter(|p| p.exists());
    Ok(OfStudy {
        points: of_kind(ArtefactKind::Points).map(Points::read).transpose()?,
        projection,
        landscape: of_kind(ArtefactKind::Landscape).map(|a| a.path("")),
    })
}

fn read_map(path: &Path) -> Result<Vec<MapPoint>, CliError> {
    let (data, d) = read_rows(path)?;
    if !matches!(d, 2 | 3) {
        return Err(format!("found a map of {d} columns, expected 2 or 3 (in {path:?})").into());
    }
    Ok(data.chunks_exact(d).map(|p| [p[0], p[1], if d == 3 { p[2] } else { 0.0 }]).collect())
}
