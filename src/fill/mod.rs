//! Where to fill and with what: regions, the roughness field of a network and its maxima, the molecules decoded there,
//! their screening, and the controls of the same size.
//!
//! A frustrated pair of minimum and transition state becomes a Gaussian between them; the sum of all is the
//! [`RoughnessField`], whose maxima are the places to decode. What passes the [`ScreeningParams`] joins the [`FillSet`].
//! Training on it is not here.

mod controls;
mod fill_set;
pub mod region;
mod roughness_field;
mod sample;
mod screening;

pub use controls::{ControlKind, candidates_of_field, candidates_of_region, random_candidates, shuffled};
pub use fill_set::{Candidate, FillMolecule, FillReport, FillSet, FillSetError, FillSetParams};
pub use region::{Region, RegionError};
pub use roughness_field::{AcrossVariance, FieldError, RoughnessField, RoughnessFieldParams, RoughnessSurface};
pub use sample::{FillSample, FillSampleParams, RoughPoint, decoder_box_from_field_box, sample_field};
pub use screening::{KnownMolecules, Rejection, ScreeningParams};
