//! Molecules: SMILES and SELFIES in and out, canonical form, fingerprints, descriptors, 2-D structure geometry, files.
//!
//! Nothing here knows of models, landscapes or screens.

mod caret;
pub mod depict;
pub mod descriptors;
mod element;
pub mod files;
pub mod fingerprint;
pub mod library;
mod molecule;
mod plain_valence;
pub mod scaffold;
pub mod selfies;
pub mod smarts;
pub mod smiles;
mod smiles_syntax;

use caret::caret;
pub use descriptors::Descriptors;
pub use element::Element;
pub use fingerprint::{Fingerprint, FingerprintSet, MorganParams, morgan, tanimoto};
pub use molecule::{Atom, Bond, BondOrder, Molecule};
pub use smarts::{Smarts, SmartsError};
pub use smiles::{SmilesError, SmilesProblem, canonical_smiles};
