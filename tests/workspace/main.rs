//! Studies on disk: what is written, locked, checked, and what survives faults.

mod faults;
mod interruption;
mod study;
mod support;
