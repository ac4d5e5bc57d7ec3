//! Pretraining and its training step.

mod pretraining;
mod reference;
