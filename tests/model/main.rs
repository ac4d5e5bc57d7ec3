//! SELFIES-TED: parity, checkpoints, faults.

mod faults;
mod hub;
mod interop;
mod parity;
mod support;
