//! SELFIES, the molecular language in which every sequence of symbols is a molecule, to and from SMILES.
//!
//! Both directions give, character by character, what the Python package selfies 2.2.0 gives with its default
//! constraints, and refuse what it refuses: rings, branches, chirality, bond directions, charges, isotopes, explicit
//! hydrogens and Kekulé structures included. Where that package crashes (a ring bond from an atom to itself, very deep
//! nesting) we refuse or answer. Digits outside ASCII, which it reads as numbers, are refused.
//!
//! SELFIES preserves how a SMILES was written: the order of atoms, of branches and of ring closures. So this module
//! has its own light graph instead of the molecule of `chem`, and no canonical form, aromaticity model or valence
//! model beyond the constraints. Nothing recurses: time is linear in the length of a string, however deep its nesting.
//!
//! The data flow: [`encode`] is `smiles_reader` → `smiles_graph` → `kekule` (over `matching`) → `encoder`; [`decode`]
//! is `symbols` → `decoder` → `smiles_writer`. Atoms in brackets are read and written by `bracket`.
//!
//! Source: Krenn et al., Mach. Learn.: Sci. Technol. 1, 045024 (2020), doi:10.1088/2632-2153/aba947; Lo et al., Digital
//! Discovery 2, 897 (2023), doi:10.1039/D3DD00044C.

mod alphabet;
mod bracket;
mod decoder;
mod elements;
mod encoder;
mod error;
mod kekule;
mod matching;
mod smiles_graph;
mod smiles_reader;
mod smiles_writer;
mod symbols;
mod text;

use std::cell::RefCell;

pub use alphabet::{alphabet, robust_alphabet};
pub use decoder::Decoder;
pub use encoder::Encoder;
pub use error::{SelfiesError, SelfiesProblem, Task};
pub use symbols::{length, split};

thread_local! {
    static ENCODER: RefCell<Encoder> = RefCell::default();
    static DECODER: RefCell<Decoder> = RefCell::default();
}

/// SMILES to SELFIES.
///
/// Aromatic atoms are kekulised first; the order of atoms, branches and rings is kept.
///
/// ```
/// use fillscape::chem::selfies;
/// assert_eq!(selfies::encode("CC(=O)O").unwrap(), "[C][C][=Branch1][C][=O][O]");
/// assert_eq!(selfies::encode("CC(=O").unwrap_err().character, 3);
/// ```
///
/// # Errors
/// The string is no SMILES, cannot be kekulised, or has an atom with more bonds than the default constraints allow.
pub fn encode(smiles: &str) -> Result<String, SelfiesError> {
    ENCODER.with_borrow_mut(|encoder| encoder.encode(smiles))
}

/// SELFIES to SMILES.
///
/// Bonds beyond what an atom may form are weakened or left out, so that the result is a valid molecule.
///
/// ```
/// use fillscape::chem::selfies;
/// assert_eq!(selfies::decode("[C][C][=Branch1][C][=O][O]").unwrap(), "CC(=O)O");
/// assert_eq!(selfies::decode("[F][=C][#N]").unwrap(), "FC#N");
/// ```
///
/// # Errors
/// A symbol without closing bracket, or one that has no meaning and is in a place where it matters.
pub fn decode(selfies: &str) -> Result<String, SelfiesError> {
    DECODER.with_borrow_mut(|decoder| decoder.decode(selfies))
}
