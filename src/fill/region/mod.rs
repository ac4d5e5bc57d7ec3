//! Regions: parts of latent space that can be combined, asked whether they hold a point, and drawn from.
//!
//! A region lives in the decoder's box [−1, 1]^d, whatever it was chosen on: a lasso on a 2-D map becomes balls around
//! the points it encloses ([`Region::around`]).

mod around;
mod membership;
mod sampling;

pub use membership::{Coordinates, Terrain};
pub(crate) use sampling::normal;
pub use sampling::{RegionSample, SampleParams};

use crate::landscape::{FrustrationContribution, KineticTransitionNetwork};
use serde::{Deserialize, Serialize};

/// A part of latent space.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Region {
    /// The whole box.
    Everywhere,
    /// In at least one ball.
    Balls(Balls),
    /// Between bounds, which belong to it.
    Box {
        /// Smallest coordinates, shape `(d,)`.
        lower: Vec<f32>,
        /// Largest coordinates, shape `(d,)`.
        upper: Vec<f32>,
    },
    /// n · x ≤ offset for every half-space.
    HalfSpaces(Vec<HalfSpace>),
    /// Whatever flows down to this minimum of a landscape; needs a [`Terrain`].
    Basin {
        /// The minimum in latent coordinates, shape `(d,)`.
        minimum: Vec<f32>,
        /// Where to look for points: the distance of the farthest transition state at the minimum, in latent units.
        reach: f32,
    },
    /// In any of these; nowhere when there are none.
    Union(Vec<Region>),
    /// In all of these; everywhere when there are none.
    Intersection(Vec<Region>),
    /// In the first but not in the second.
    Difference(Box<[Region; 2]>),
}

/// Balls in latent space; their surfaces belong to them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Balls {
    /// Centres, shape `(n, d)`.
    pub centres: Vec<Vec<f32>>,
    /// Radii in latent units, shape `(n,)`.
    pub radii: Vec<f32>,
}

/// n · x ≤ offset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HalfSpace {
    /// The outward normal n, shape `(d,)`; not zero.
    pub normal: Vec<f32>,
    /// The offset.
    pub offset: f32,
}

/// Why a region cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RegionError {
    /// Parts of different dimensions, or of another than the model's.
    #[error("the region has {found} coordinates in its {part}, expected {expected} as the model")]
    Dimension {
        /// Which part.
        part: &'static str,
        /// Coordinates found.
        found: usize,
        /// Coordinates expected.
        expected: usize,
    },
    /// A number that cannot be.
    #[error("the region has {value} as {what}, expected {expected}")]
    Number {
        /// What it is.
        what: &'static str,
        /// What was found.
        value: f64,
        /// What was expected.
        expected: &'static str,
    },
    /// Lists of different length.
    #[error("the region has {centres} centres but {radii} radii")]
    Lengths {
        /// Centres.
        centres: usize,
        /// Radii.
        radii: usize,
    },
    /// A basin without its landscape.
    #[error("the region is a basin, which needs the landscape that it belongs to: choose the landscape")]
    NeedsTerrain,
    /// The landscape has no such minimum.
    #[error("the landscape has no minimum {id}")]
    NoMinimum {
        /// The id asked for.
        id: u32,
    },
    /// A lasso around nothing.
    #[error("nothing is enclosed: choose at least one point")]
    Empty,
}

impl Region {
    /// Around the most frustrated pairs of minimum and transition state: for each of the top `percent` of
    /// `contributions` (rounded up), the ball that has the two at opposite ends.
    ///
    /// # Errors
    /// When `percent` is not above 0 and at most 100, or there are no contributions.
    pub fn top_contributions(
        ktn: &KineticTransitionNetwork,
        contributions: &[FrustrationContribution],
        percent: f64,
    ) -> Result<Self, RegionError> {
        if !(percent > 0.0 && percent <= 100.0) {
            return Err(RegionError::Number { what: "percent", value: percent, expected: "above 0 and at most 100" });
        }
        let n = (contributions.len() as f64 * percent / 100.0).ceil() as usize;
        let mut balls = Balls { centres: Vec::new(), radii: Vec::new() };
        for c in &contributions[..n.min(contributions.len())] {
            let (Some(m), Some(t)) = (ktn.minimum(c.minimum), ktn.transition_state(c.transition_state)) else {
                continue;
            };
            let (m, t) = (latent_from_box(&m.x), latent_from_box(&t.x));
            balls.centres.push(m.iter().zip(&t).map(|(m, t)| 0.5 * (m + t)).collect());
            balls.radii.push(0.5 * distance(&m, &t));
        }
        if balls.centres.is_empty() {
            return Err(RegionError::Empty);
        }
        Ok(Self::Balls(balls))
    }

    /// The basin of a minimum: what flows down to it.
    ///
    /// # Errors
    /// When the network has no such minimum.
    pub fn basin(ktn: &KineticTransitionNetwork, id: crate::landscape::MinimumId) -> Result<Self, RegionError> {
        let minimum = ktn.minimum(id).ok_or(RegionError::NoMinimum { id: id.0 })?;
        let place = latent_from_box(&minimum.x);
        let reaches = ktn.transition_states_of(id).map(|t| distance(&latent_from_box(&t.x), &place));
        let reach = reaches.fold(0.0, f32::max);
        // A minimum without transition states still has a basin; a tenth of the box's width is where to look for it.
        Ok(Self::Basin { minimum: place, reach: if reach > 0.0 { reach } else { 0.2 } })
    }

    /// The same region without what lies in `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self::Difference(Box::new([self, other]))
    }

    /// Refuses numbers and shapes that cannot be, for a space of `dimension` coordinates.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self, dimension: usize) -> Result<(), RegionError> {
        let fits = |part, values: &[f32]| {
            if values.len() != dimension {
                return Err(RegionError::Dimension { part, found: values.len(), expected: dimension });
            }
            match values.iter().find(|value| !value.is_finite()) {
                Some(&value) => {
                    Err(RegionError::Number { what: part, value: f64::from(value), expected: "finite numbers" })
                }
                None => Ok(()),
            }
        };
        match self {
            Self::Everywhere => Ok(()),
            Self::Balls(balls) => {
                if balls.centres.len() != balls.radii.len() {
                    return Err(RegionError::Lengths { centres: balls.centres.len(), radii: balls.radii.len() });
                }
                balls.centres.iter().try_for_each(|centre| fits("centres", centre))?;
                match balls.radii.iter().find(|radius| !(radius.is_finite() && **radius >= 0.0)) {
                    Some(&r) => {
                        Err(RegionError::Number { what: "a radius", value: r.into(), expected: "a number from 0" })
                    }
                    None => Ok(()),
                }
            }
            Self::Box { lower, upper } => {
                fits("lower bounds", lower)?;
                fits("upper bounds", upper)?;
                match lower.iter().zip(upper).find(|(l, u)| l > u) {
                    Some((&l, _)) => Err(RegionError::Number {
                        what: "a lower bound",
                        value: l.into(),
                        expected: "at most the upper one",
                    }),
                    None => Ok(()),
                }
            }
            Self::HalfSpaces(spaces) => spaces.iter().try_for_each(|space| {
                fits("normals", &space.normal)?;
                if space.normal.iter().all(|n| *n == 0.0) || !space.offset.is_finite() {
                    let value = f64::from(space.offset);
                    return Err(RegionError::Number {
                        what: "a half-space",
                        value,
                        expected: "a normal other than 0 and a finite offset",
                    });
                }
                Ok(())
            }),
            Self::Basin { minimum, reach } => {
                fits("minimum", minimum)?;
                if !(reach.is_finite() && *reach > 0.0) {
                    return Err(RegionError::Number {
                        what: "reach",
                        value: (*reach).into(),
                        expected: "a number above 0",
                    });
                }
                Ok(())
            }
            Self::Union(parts) | Self::Intersection(parts) => parts.iter().try_for_each(|part| part.check(dimension)),
            Self::Difference(parts) => parts.iter().try_for_each(|part| part.check(dimension)),
        }
    }
}

/// x → 2x − 1: from the surface's unit box to the decoder's box.
pub(crate) fn latent_from_box(x: &[f64]) -> Vec<f32> {
    x.iter().map(|&x| (2.0 * x - 1.0) as f32).collect()
}

/// z → (z + 1) / 2: from the decoder's box to the surface's unit box.
pub(crate) fn box_from_latent(z: &[f32]) -> Vec<f64> {
    z.iter().map(|&z| f64::midpoint(f64::from(z), 1.0)).collect()
}

/// Euclidean distance, summed in double precision.
pub(crate) fn distance(a: &[f32], b: &[f32]) -> f32 {
    distance2(a, b).sqrt() as f32
}

/// Squared Euclidean distance, summed in double precision.
fn distance2(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum()
}
