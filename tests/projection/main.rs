//! Projections: against closed forms, brute force, and the reference programs.

mod cases;
mod data;
mod methods;
mod reference;
mod trust;
