//! Projections: against closed forms, brute force, and the reference programs.

mod data;
mod methods;
mod reference;
mod trust;
