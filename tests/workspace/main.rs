//! Studies on disk: what is written, locked, checked, and what survives faults.

mod commands;
mod faults;
mod interruption;
mod recipe;
mod runs;
mod strangers;
mod study;
mod support;
mod tiny;
