//! A library of our own: drug-like molecules composed from hand-written rings, linkers and substituents.
//!
//! Examples, tests and the bundled study need no outside data. The molecules are neutral (nitro groups apart), of one
//! component, without isotopes; most of the possible stereo centres in saturated rings and branches are set. The same
//! seed gives the same molecules in the same order on every platform and with any number of threads, and a longer
//! library begins with the shorter one. Nothing is copied from a database: blocks and weights are a chemist's common
//! knowledge, tuned so that the distributions of size, polarity and rings come near those of ZINC (the figures stand
//! beside the test).

mod blocks;
mod compose;
mod linkers;
mod random;
mod rings;
mod substituents;

use std::collections::{HashSet, VecDeque};
use std::ops::RangeInclusive;

use chematic::chem as toolkit;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Molecule, SmilesError};
use blocks::blocks;
use random::Random;

/// What the molecules of a library are like. The defaults are Lipinski's and Veber's limits, and no fragments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LibraryParams {
    /// Which of the many libraries.
    pub seed: u64,
    /// Average molecular weight in g/mol.
    pub mol_wt: RangeInclusive<f64>,
    /// Crippen's logP.
    pub mol_log_p: RangeInclusive<f64>,
    /// Most hydrogen-bond donors.
    pub max_h_donors: usize,
    /// Most hydrogen-bond acceptors.
    pub max_h_acceptors: usize,
    /// Most rotatable bonds.
    pub max_rotatable_bonds: usize,
    /// Share of the possible stereo centres whose configuration is set, in percent, 0 to 100.
    pub stereo_percent: u8,
}

impl Default for LibraryParams {
    fn default() -> Self {
        Self {
            seed: 0,
            mol_wt: 200.0..=500.0,
            mol_log_p: -1.0..=5.0,
            max_h_donors: 5,
            max_h_acceptors: 10,
            max_rotatable_bonds: 10,
            stereo_percent: 90,
        }
    }
}

/// Why no library can be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LibraryError {
    /// A range without a number in it.
    #[error("the range of {what} is empty, found {from} to {to}: give the smaller number first")]
    EmptyRange {
        /// Which range.
        what: &'static str,
        /// Its lower end.
        from: f64,
        /// Its upper end.
        to: f64,
    },
    /// A share above one.
    #[error("the share of stereo centres is a percentage from 0 to 100, found {found}")]
    StereoPercent {
        /// What was given.
        found: u8,
    },
    /// The limits admit next to nothing.
    #[error("only {found} of {wanted} molecules lie within the limits after {tried} attempts: widen the limits")]
    Exhausted {
        /// Molecules that were found.
        found: usize,
        /// Molecules that were asked for.
        wanted: usize,
        /// Candidates that were tried.
        tried: u64,
    },
}

impl LibraryParams {
    /// Checks the limits.
    ///
    /// # Errors
    /// [`LibraryError::EmptyRange`] (not-a-number included) and [`LibraryError::StereoPercent`].
    pub fn check(&self) -> Result<(), LibraryError> {
        for (what, range) in [("molecular weight", &self.mol_wt), ("logP", &self.mol_log_p)] {
            if range.is_empty() || range.start().is_nan() || range.end().is_nan() {
                return Err(LibraryError::EmptyRange { what, from: *range.start(), to: *range.end() });
            }
        }
        if self.stereo_percent > 100 {
            return Err(LibraryError::StereoPercent { found: self.stereo_percent });
        }
        Ok(())
    }

    fn admits(&self, molecule: &Molecule) -> bool {
        let source = &molecule.source;
        self.mol_wt.contains(&toolkit::rdkit_molecular_weight(source))
            && toolkit::hbd_count(source) <= self.max_h_donors
            && toolkit::rdkit_hba_count(source) <= self.max_h_acceptors
            && toolkit::rotatable_bond_count(source) <= self.max_rotatable_bonds
            && self.mol_log_p.contains(&toolkit::logp_crippen(source))
    }
}

/// Candidates that are worked on at once.
const BATCH: u64 = 1024;
/// Candidates in a row without a new molecule, after which the limits count as exhausted.
const MAX_FRUITLESS: u64 = 400_000;

/// An endless stream of different molecules as canonical SMILES; it ends only when the limits are exhausted.
///
/// Memory grows by 16 bytes a molecule (a 128-bit hash each, so that no molecule comes twice).
pub struct Library {
    params: LibraryParams,
    n_tried: u64,
    n_fruitless: u64,
    seen: HashSet<u128>,
    ready: VecDeque<String>,
}

impl Library {
    /// The library with these parameters.
    ///
    /// # Errors
    /// As [`LibraryParams::check`].
    pub fn new(params: LibraryParams) -> Result<Self, LibraryError> {
        params.check()?;
        Ok(Self { params, n_tried: 0, n_fruitless: 0, seen: HashSet::new(), ready: VecDeque::new() })
    }

    /// Candidates that were tried so far.
    pub fn n_tried(&self) -> u64 {
        self.n_tried
    }

    fn refill(&mut self) {
        let first = self.n_tried;
        self.n_tried += BATCH;
        let params = &self.params;
        let batch: Vec<String> =
            (first..first + BATCH).into_par_iter().filter_map(|index| candidate(params, index)).collect();
        let n_before = self.ready.len();
        for smiles in batch {
            if self.seen.insert(hash(&smiles)) {
                self.ready.push_back(smiles);
            }
        }
        self.n_fruitless = if self.ready.len() > n_before { 0 } else { self.n_fruitless + BATCH };
    }
}

impl Iterator for Library {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        while self.ready.is_empty() {
            if self.n_fruitless >= MAX_FRUITLESS {
                return None;
            }
            self.refill();
        }
        self.ready.pop_front()
    }
}

/// The first `n` molecules of a library, as canonical SMILES.
///
/// # Errors
/// As [`LibraryParams::check`], and [`LibraryError::Exhausted`].
///
/// ```
/// use fillscape::chem::library::{LibraryParams, library};
/// let molecules = library(&LibraryParams { seed: 7, ..LibraryParams::default() }, 20)?;
/// assert_eq!(molecules.len(), 20);
/// # Ok::<(), fillscape::chem::library::LibraryError>(())
/// ```
pub fn library(params: &LibraryParams, n: usize) -> Result<Vec<String>, LibraryError> {
    let mut library = Library::new(params.clone())?;
    let molecules: Vec<String> = library.by_ref().take(n).collect();
    if molecules.len() < n {
        return Err(LibraryError::Exhausted { found: molecules.len(), wanted: n, tried: library.n_tried() });
    }
    Ok(molecules)
}

/// Candidate `index`, if the blocks fit and the limits admit it.
fn candidate(params: &LibraryParams, index: u64) -> Option<String> {
    let smiles = compose::compose(blocks(), params, &mut Random::new(params.seed, index))?;
    let checked = || -> Result<Option<String>, SmilesError> {
        let molecule = Molecule::from_smiles(&smiles)?;
        if params.admits(&molecule) { molecule.canonical_smiles().map(Some) } else { Ok(None) }
    };
    checked().unwrap_or_else(|error| panic!("the blocks compose valid molecules, but {smiles}: {error}"))
}

/// FNV-1a with 128 bits: a collision among a billion molecules has a chance of 10⁻²¹.
fn hash(text: &str) -> u128 {
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    text.bytes().fold(BASIS, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
}
