//! Studies on disk: what is written, locked, checked, and what survives faults.

mod study;
mod support;
