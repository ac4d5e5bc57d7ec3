//! SELFIES-TED: parity, checkpoints, faults.

mod cases;
mod cli;
mod faults;
mod hub;
mod interop;
mod parity;
mod support;
