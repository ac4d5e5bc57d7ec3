//! Damaged files of every kind that is read: nothing panics, nothing takes long, nothing is written.
//!
//! Each kind is tried with a fixed number of mutations. `FILLSCAPE_MUTATIONS=20000` asks for a long run; a case that
//! fails is found again from the kind and the number that the failure names.

mod kinds;
mod mutation;
