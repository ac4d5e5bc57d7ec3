//! Where to fill: the roughness field of a network, its maxima, and what follows from them.
//!
//! A frustrated pair of minimum and transition state becomes a Gaussian between them; the sum of all is the
//! [`RoughnessField`], whose maxima are the points to decode. Decoding and screening belong to the fill set.

pub mod region;
mod roughness_field;
mod sample;

pub use region::{Region, RegionError};
pub use roughness_field::{AcrossVariance, FieldError, RoughnessField, RoughnessFieldParams, RoughnessSurface};
pub use sample::{FillSample, FillSampleParams, RoughPoint, decoder_box_from_field_box, sample_field};
