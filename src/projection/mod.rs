//! Latent space in two or three dimensions, and how far such a map can be trusted.
//!
//! A [`Projection`] is fitted once ([`fit`]), usually on the base model, saved, and then applied unchanged to other
//! rows ([`Projection::transform`]), so that maps of different models share one frame. Everything is seeded: the same
//! rows, parameters and seed give the same map whatever the number of threads. What a method cannot do exactly, such
//! as placing a new row on a t-SNE map, is done approximately and said so ([`Placement`]).
//!
//! What is *not* here: pictures of maps (see `render`), and the layout of a network by its connections alone (see
//! `landscape`).

mod base64_floats;
mod change;
mod diffusion_map;
mod error;
mod linear;
mod neighbours;
mod params;
mod rows;
pub mod trust;
mod tsne;
mod umap;

pub use change::neighbourhood_change;
pub use error::ProjectionError;
pub use neighbours::{Neighbour, Neighbours};
pub use params::{DiffusionMapParams, ProjectionMethod, ProjectionParams, TSneParams, UmapParams};
pub use trust::{Trust, TrustParams, continuity, measure_trust, trustworthiness};

use crate::jobs::{Observe, Progress};
use diffusion_map::DiffusionMapModel;
use linear::LinearModel;
use rows::Rows;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use tsne::PlacementModel;
use umap::UmapModel;

/// A place on a map; the third coordinate is 0 on a plane.
pub type MapPoint = [f32; 3];

/// How rows came to their places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// By the formula that also places the rows of the fit.
    Exact,
    /// By the Nyström formula: exact for the rows of the fit, an extension for others.
    Nystrom,
    /// Among their neighbours in the fit, and moved to fit in, the map held still.
    Optimised,
    /// At the weighted mean of their neighbours in the fit: the method itself knows no new rows.
    Neighbours,
}

/// How a fit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FitEnd {
    /// All steps were done.
    Finished,
    /// It was cancelled; the map is what there was by then.
    Cancelled,
}

/// A fitted projection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Projection {
    /// Version of this record, for readers of later formats.
    format: u32,
    params: ProjectionParams,
    /// Numbers in a row of latent space.
    dimension: usize,
    #[serde(with = "base64_floats::points")]
    map: Vec<MapPoint>,
    end: FitEnd,
    /// What the reader of the map should know, in words.
    notes: Vec<String>,
    model: Model,
}

/// What a projection needs to place other rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Model {
    Linear(LinearModel),
    DiffusionMap(DiffusionMapModel),
    Placement(PlacementModel),
    Umap(UmapModel),
}

/// The format that this version writes.
const FORMAT: u32 = 1;

/// Called with the places so far, from the first iterations on.
pub type Live<'a> = &'a mut dyn FnMut(&[MapPoint]);

/// Fits a projection to rows of latent space.
///
/// * `rows` – n × `dimension` numbers, row by row; finite
/// * `observe` – asked once per iteration; `Break` ends the fit with the map so far, see [`Projection::end`]
///
/// # Errors
/// When there are too few rows, a number is not finite, or a parameter is out of its range.
pub fn fit(
    params: &ProjectionParams,
    rows: &[f32],
    dimension: usize,
    observe: Observe<'_>,
) -> Result<Projection, ProjectionError> {
    fit_live(params, rows, dimension, &mut |_| {}, observe)
}

/// [`fit`] that also shows the map while it forms.
///
/// # Errors
/// As [`fit`].
pub fn fit_live(
    params: &ProjectionParams,
    rows: &[f32],
    dimension: usize,
    live: Live<'_>,
    observe: Observe<'_>,
) -> Result<Projection, ProjectionError> {
    params.check()?;
    let rows = Rows::new(rows, dimension)?;
    let mut notes = Vec::new();
    let (map, end, model) = match &params.method {
        ProjectionMethod::Pca => linear_fit(linear::pca(&rows, params.n_dims, &mut notes)?, &rows, observe),
        ProjectionMethod::Random => linear_fit(linear::random(&rows, params.n_dims, params.seed)?, &rows, observe),
        ProjectionMethod::Plane { points } => linear_fit(linear::plane(points, &rows, params.n_dims)?, &rows, observe),
        ProjectionMethod::DiffusionMap(own) => {
            let (map, end, model) = diffusion_map::fit(own, params, &rows, &mut notes, observe)?;
            (map, end, Model::DiffusionMap(model))
        }
        ProjectionMethod::TSne(own) => {
            let (map, end) = tsne::fit(own, params, &rows, &mut notes, live, observe)?;
            let model = PlacementModel::new(&rows, own.perplexity);
            (map, end, Model::Placement(model))
        }
        ProjectionMethod::Umap(own) => {
            let (map, end, model) = umap::fit(own, params, &rows, &mut notes, live, observe)?;
            (map, end, Model::Umap(model))
        }
    };
    live(&map);
    Ok(Projection { format: FORMAT, params: params.clone(), dimension, map, end, notes, model })
}

fn linear_fit(model: LinearModel, rows: &Rows<'_>, observe: Observe<'_>) -> (Vec<MapPoint>, FitEnd, Model) {
    let map = model.apply(rows);
    // One unit of work: a request to stop comes too late to change anything.
    let _: ControlFlow<()> = observe(Progress::new("projection", 1, Some(1)));
    (map, FitEnd::Finished, Model::Linear(model))
}

impl Projection {
    /// What it was fitted with.
    pub fn params(&self) -> &ProjectionParams {
        &self.params
    }

    /// Numbers in a row of latent space.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// 2 or 3.
    pub fn n_dims(&self) -> usize {
        self.params.n_dims
    }

    /// Where the rows of the fit are, in their order.
    pub fn map(&self) -> &[MapPoint] {
        &self.map
    }

    /// How the fit ended.
    pub fn end(&self) -> FitEnd {
        self.end
    }

    /// What the reader of the map should know: samples taken, parameters adjusted, fallbacks; in words.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The part of the variance along each axis of the map; only principal components have it.
    pub fn explained_variance(&self) -> Option<&[f64]> {
        match &self.model {
            Model::Linear(model) => model.explained_variance(),
            _ => None,
        }
    }

    /// Origin and orthonormal axes in latent space of a projection that is a plane (or a space): PCA, random, plane.
    /// A place (u, v) of the map is origin + u · axis 0 + v · axis 1.
    pub fn plane(&self) -> Option<(&[f64], &[f64])> {
        match &self.model {
            Model::Linear(model) => Some((model.origin(), model.axes())),
            _ => None,
        }
    }

    /// How [`Self::transform`] places rows.
    pub fn placement(&self) -> Placement {
        match &self.model {
            Model::Linear(_) => Placement::Exact,
            Model::DiffusionMap(_) => Placement::Nystrom,
            Model::Placement(_) => Placement::Neighbours,
            Model::Umap(_) => Placement::Optimised,
        }
    }

    /// Places rows on the map, each on its own: a row's place does not depend on the others. A row that is one of
    /// those fitted comes to its place on the map.
    ///
    /// # Errors
    /// When rows have another dimension than those fitted, or a number is not finite.
    pub fn transform(&self, rows: &[f32]) -> Result<Vec<MapPoint>, ProjectionError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let rows = Rows::new(rows, self.dimension)?;
        Ok(match &self.model {
            Model::Linear(model) => model.apply(&rows),
            Model::DiffusionMap(model) => model.apply(&rows, self.n_dims()),
            Model::Placement(model) => model.apply(&rows, &self.map),
            Model::Umap(model) => model.apply(&rows, &self.map, self.params.seed, self.n_dims()),
        })
    }

    /// The projection as a JSON document, large arrays in base64 of little-endian 32-bit floats.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a projection is plain data")
    }

    /// Reads what [`Self::to_json`] wrote.
    ///
    /// # Errors
    /// When the document is no projection, contradicts itself, or comes from a later version.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ProjectionError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let wrong = |source| ProjectionError::File { source };
        let head: Head = serde_json::from_slice(bytes).map_err(wrong)?;
        if head.format > FORMAT {
            return Err(ProjectionError::Format { found: head.format, expected: FORMAT });
        }
        let read: Self = serde_json::from_slice(bytes).map_err(wrong)?;
        read.params.check()?;
        let fits = match &read.model {
            Model::Linear(model) => model.fits(read.dimension, read.params.n_dims),
            Model::DiffusionMap(model) => model.fits(read.dimension, read.params.n_dims),
            Model::Placement(model) => model.fits(read.dimension, read.map.len()),
            Model::Umap(model) => model.fits(read.dimension, read.map.len()),
        };
        if fits { Ok(read) } else { Err(ProjectionError::Inconsistent) }
    }
}
