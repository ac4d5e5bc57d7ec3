//! Files of molecules: `.smi`, CSV and TSV, and SDF, read as a stream and written atomically.
//!
//! [`MoleculeReader`] yields one [`Record`] a row in constant memory, plain or compressed with gzip or zstd, from a
//! file or a pipe. A row that cannot be used is a [`BadRow`] in its place, never the end of the reading.
//! [`map_in_order`] spreads the work on the rows over the threads and keeps their order. Chemistry is done by the caller,
//! except that the mol blocks of an SDF arrive as molecules.

mod error;
mod in_order;
mod notes;
mod reader;
mod sdf;
mod sdf_writer;
mod smi;
mod source;
mod table;
mod writer;

pub use error::{BadRow, FileError, RowProblem};
pub use in_order::map_in_order;
pub use notes::Notes;
pub use reader::{Column, Format, MoleculeReader, Notation, ReadParams, Record, Structure};
pub use sdf_writer::{SdfEntry, SdfVersion, SdfWriter};
pub use writer::{SmilesWriter, TableWriter};
