//! What a projection is fitted with.

use super::error::ProjectionError;
use serde::{Deserialize, Serialize};

/// What a projection is fitted with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProjectionParams {
    /// The method and its own parameters.
    pub method: ProjectionMethod,
    /// Dimensions of the map: 2 or 3.
    pub n_dims: usize,
    /// Decides every random choice.
    pub seed: u64,
}

impl Default for ProjectionParams {
    fn default() -> Self {
        Self { method: ProjectionMethod::Pca, n_dims: 2, seed: 0 }
    }
}

/// How latent space becomes a map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "name")]
pub enum ProjectionMethod {
    /// Principal components: the plane along which the rows vary most.
    Pca,
    /// A random plane.
    Random,
    /// The plane through chosen points, for example a minimum, a transition state and another minimum; the best
    /// fitting one when there are more than needed.
    Plane {
        /// Points of latent space.
        points: Vec<Vec<f64>>,
    },
    /// Diffusion map: the slowest directions of a random walk between neighbours.
    DiffusionMap(DiffusionMapParams),
    /// t-distributed stochastic neighbour embedding.
    TSne(TSneParams),
    /// Uniform manifold approximation and projection.
    Umap(UmapParams),
}

impl ProjectionMethod {
    /// Its name in menus.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Pca => "Principal components",
            Self::Random => "Random plane",
            Self::Plane { .. } => "Plane through points",
            Self::DiffusionMap(_) => "Diffusion map",
            Self::TSne(_) => "t-SNE",
            Self::Umap(_) => "UMAP",
        }
    }
}

/// Parameters of diffusion maps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DiffusionMapParams {
    /// ε of the kernel exp(−‖x − y‖²/ε), in squared units of latent space; the median squared distance between rows
    /// when absent.
    pub bandwidth: Option<f64>,
    /// Steps of the random walk.
    pub n_steps: usize,
    /// The kernel is made for at most this many rows, a seeded sample when there are more; the others are placed by
    /// the Nyström formula. Memory grows with its square.
    pub max_landmarks: usize,
}

impl Default for DiffusionMapParams {
    fn default() -> Self {
        Self { bandwidth: None, n_steps: 1, max_landmarks: 2000 }
    }
}

/// Parameters of t-SNE.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TSneParams {
    /// Neighbours that each row effectively has.
    pub perplexity: f64,
    /// Iterations.
    pub n_epochs: usize,
}

impl Default for TSneParams {
    fn default() -> Self {
        Self { perplexity: 30.0, n_epochs: 1000 }
    }
}

/// Parameters of UMAP, with the meanings and defaults of umap-learn 0.5.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UmapParams {
    /// Neighbours that make the graph, the row itself included.
    pub n_neighbours: usize,
    /// Least distance between points of the map.
    pub min_dist: f64,
    /// Scale of the map.
    pub spread: f64,
    /// Epochs; 500 for up to 10,000 rows and 200 above when absent.
    pub n_epochs: Option<usize>,
    /// Random rows that push each point away, for each neighbour that pulls.
    pub negative_sample_rate: usize,
    /// First step length.
    pub learning_rate: f64,
}

impl Default for UmapParams {
    fn default() -> Self {
        Self {
            n_neighbours: 15,
            min_dist: 0.1,
            spread: 1.0,
            n_epochs: None,
            negative_sample_rate: 5,
            learning_rate: 1.0,
        }
    }
}

impl ProjectionParams {
    /// A two-dimensional map by `method`.
    pub fn plane(method: ProjectionMethod, seed: u64) -> Self {
        Self { method, n_dims: 2, seed }
    }

    pub(super) fn check(&self) -> Result<(), ProjectionError> {
        let bad = |name, value: f64, expected, good: bool| {
            if good { Ok(()) } else { Err(ProjectionError::Parameter { name, value, expected }) }
        };
        let positive = |v: f64| v.is_finite() && v > 0.0;
        bad("n_dims", self.n_dims as f64, "2 or 3", matches!(self.n_dims, 2 | 3))?;
        match &self.method {
            ProjectionMethod::DiffusionMap(p) => {
                let bandwidth = p.bandwidth.unwrap_or(1.0);
                bad("bandwidth", bandwidth, "a number > 0", positive(bandwidth))?;
                bad("n_steps", p.n_steps as f64, "at least 1", p.n_steps >= 1)?;
                bad("max_landmarks", p.max_landmarks as f64, "at least 20", p.max_landmarks >= 20)
            }
            ProjectionMethod::TSne(p) => {
                bad("perplexity", p.perplexity, "a number ≥ 2", p.perplexity.is_finite() && p.perplexity >= 2.0)?;
                bad("n_epochs", p.n_epochs as f64, "at least 1", p.n_epochs >= 1)
            }
            ProjectionMethod::Umap(p) => {
                let range = (2..=1000).contains(&p.n_neighbours);
                bad("n_neighbours", p.n_neighbours as f64, "2 to 1000", range)?;
                bad("spread", p.spread, "a number > 0", positive(p.spread))?;
                let min_dist = p.min_dist >= 0.0 && p.min_dist <= p.spread;
                bad("min_dist", p.min_dist, "between 0 and the spread", min_dist)?;
                bad("learning_rate", p.learning_rate, "a number > 0", positive(p.learning_rate))?;
                let epochs = p.n_epochs.unwrap_or(1);
                bad("n_epochs", epochs as f64, "at least 1", epochs >= 1)?;
                let rate = (1..=100).contains(&p.negative_sample_rate);
                bad("negative_sample_rate", p.negative_sample_rate as f64, "1 to 100", rate)
            }
            _ => Ok(()),
        }
    }
}
