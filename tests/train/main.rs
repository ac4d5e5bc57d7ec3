//! Pretraining, its training step, and continued pretraining.

mod pretraining;
mod reference;
mod tune;
