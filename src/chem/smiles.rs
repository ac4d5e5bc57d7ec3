//! SMILES in and out, after OpenSMILES and with RDKit's sanitisation.
//!
//! The chemistry is the `chematic` toolkit's, which agrees with RDKit on our oracles; the rest of the crate sees only
//! [`Molecule`] and the functions here, so that it can be replaced.

use std::borrow::Cow;

use chematic::core as toolkit;
use chematic::smiles as toolkit_smiles;
use toolkit_smiles::{RdkitSmilesError, RdkitSmilesParams};

use super::Molecule;
use super::smiles_syntax;

/// Why a SMILES was refused, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmilesError {
    /// What is wrong.
    pub problem: SmilesProblem,
    /// Where: characters from 1, as a person counts; `None` when the whole string is meant.
    pub character: Option<usize>,
    /// The string that was read.
    pub smiles: String,
}

/// What is wrong with a SMILES.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SmilesProblem {
    /// Nothing to read.
    #[error("the SMILES is empty")]
    Empty,
    /// The string ends in the middle of an atom, a bond or a branch.
    #[error("the SMILES ends too early")]
    UnexpectedEnd,
    /// Not part of any SMILES at this place.
    #[error("unexpected {}", shown(*.0))]
    UnexpectedCharacter(char),
    /// Brackets around something that is not an element.
    #[error("unknown element “{0}”")]
    UnknownElement(String),
    /// A bracket atom whose inside cannot be read.
    #[error("bracket atom: {0}")]
    BracketAtom(String),
    /// A branch that is empty, or opened and closed unequally often.
    #[error("the parentheses do not match")]
    Parentheses,
    /// A branch without an atom.
    #[error("the branch holds no atom")]
    EmptyBranch,
    /// A bond symbol that no atom follows.
    #[error("a bond leads nowhere")]
    DanglingBond,
    /// A ring bond that is never closed.
    #[error("ring bond {0} is opened but never closed")]
    UnclosedRing(u32),
    /// Both ends of a ring bond state a bond order, but not the same.
    #[error("the two ends of ring bond {0} disagree about its order")]
    RingBondConflict(u32),
    /// A ring bond from an atom to itself.
    #[error("a ring bond joins an atom to itself")]
    RingBondSelf,
    /// A chirality class or permutation that does not exist.
    #[error("there is no chirality “{0}”")]
    Chirality(String),
    /// More branches inside one another than can be read safely.
    #[error("branches are nested too deeply (500 are possible)")]
    TooDeep,
    /// More than 100,000 atoms, or more than 16 MiB of text.
    #[error("the molecule is too large: {0}")]
    TooLarge(String),
    /// An atom with more bonds than its element permits.
    #[error("impossible valence: {0}")]
    Valence(String),
    /// An aromatic atom outside any ring.
    #[error("atom {0} is aromatic but in no ring")]
    AromaticOutsideRing(usize),
    /// An aromatic system without a Kekulé structure.
    #[error("the aromatic system has no Kekulé structure: {0}")]
    Kekule(String),
    /// Something that sanitisation refuses for another reason.
    #[error("sanitisation failed: {0}")]
    Sanitisation(String),
    /// A feature that is read but cannot be handled.
    #[error("not supported: {0}")]
    Unsupported(String),
}

/// A character in quotes; one that no SMILES holds by its code as well, for it may not be visible.
fn shown(character: char) -> String {
    match character {
        ' '..='~' => format!("“{character}”"),
        _ if character.is_control() => format!("U+{:04X}", u32::from(character)),
        _ => format!("“{character}” (U+{:04X})", u32::from(character)),
    }
}

impl std::error::Error for SmilesError {}

impl std::fmt::Display for SmilesError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.character {
            Some(character) => write!(f, "{} at character {character}", self.problem),
            None => write!(f, "{}", self.problem),
        }
    }
}

impl SmilesError {
    fn new(smiles: &str, problem: SmilesProblem, character: Option<usize>) -> Self {
        Self { problem, character, smiles: smiles.to_owned() }
    }

    /// The SMILES with a caret below the place that is meant; long strings are cut around it.
    pub fn caret(&self) -> String {
        super::caret(&self.smiles, self.character)
    }
}

/// Canonical isomeric SMILES of a SMILES, without keeping the molecule: the fastest way for many.
///
/// # Errors
/// As [`Molecule::from_smiles`].
pub fn canonical_smiles(smiles: &str) -> Result<String, SmilesError> {
    written_once(smiles).map(settled)
}

fn written_once(smiles: &str) -> Result<String, SmilesError> {
    let source = parse(smiles)?;
    check_size(smiles, source.atom_count())?;
    toolkit_smiles::rdkit_canonical_smiles(&source).map_err(|e| refused(smiles, &e))
}

/// Atoms of a molecule whose canonical form is worked out: the time grows with their square, 5 s for so many.
const MAX_CANONICAL_ATOMS: usize = 20_000;

fn check_size(smiles: &str, n_atoms: usize) -> Result<(), SmilesError> {
    if n_atoms <= MAX_CANONICAL_ATOMS {
        return Ok(());
    }
    let what = format!("a canonical form of {n_atoms} atoms; at most {MAX_CANONICAL_ATOMS} are handled");
    Err(SmilesError::new(smiles, SmilesProblem::Unsupported(what), None))
}

/// The form that stands for a molecule, from what RDKit's algorithm writes at first. For a few molecules with stereo
/// centres that depend on each other it writes another one of two forms each time its result is read again: the smaller
/// of these in the order of texts stands for both, so that a molecule has one canonical form and is counted once.
fn settled(first: String) -> String {
    /// Forms that are looked at; cycles are of two.
    const MOST: usize = 8;
    if !first.contains(['@', '/', '\\']) {
        return first;
    }
    let mut forms = vec![first];
    while let Some(next) = forms.last().filter(|_| forms.len() < MOST).and_then(|form| written_once(form).ok()) {
        if let Some(start) = forms.iter().position(|form| *form == next) {
            return forms.drain(start..).min().unwrap_or(next);
        }
        forms.push(next);
    }
    forms.swap_remove(0)
}

impl Molecule {
    /// Canonical isomeric SMILES, the same for every order of atoms.
    ///
    /// # Errors
    /// [`SmilesProblem::Unsupported`] for a few exotic stereo classes that can be read but not written.
    pub fn canonical_smiles(&self) -> Result<String, SmilesError> {
        self.write(&RdkitSmilesParams::default()).map(settled)
    }

    /// Canonical SMILES without stereo marks and isotopes.
    ///
    /// # Errors
    /// As [`Molecule::canonical_smiles`].
    pub fn canonical_smiles_without_stereo(&self) -> Result<String, SmilesError> {
        self.write(&RdkitSmilesParams { isomeric: false, ..RdkitSmilesParams::default() })
    }

    /// Canonical SMILES of a Kekulé structure: no lower-case atoms.
    ///
    /// # Errors
    /// As [`Molecule::canonical_smiles`].
    pub fn kekule_smiles(&self) -> Result<String, SmilesError> {
        self.write(&RdkitSmilesParams { kekule: true, ..RdkitSmilesParams::default() })
    }

    /// `n` SMILES with atoms in random order, the same for the same seed (any but 0 is its own stream; 0 is taken as 1).
    ///
    /// # Errors
    /// As [`Molecule::canonical_smiles`].
    pub fn random_smiles(&self, n: usize, seed: u32) -> Result<Vec<String>, SmilesError> {
        let params = RdkitSmilesParams { canonical: false, ..RdkitSmilesParams::default() };
        toolkit_smiles::rdkit_random_smiles(&self.source, n, seed.max(1), &params).map_err(|e| refused("", &e))
    }

    fn write(&self, params: &RdkitSmilesParams) -> Result<String, SmilesError> {
        check_size("", self.source.atom_count())?;
        toolkit_smiles::rdkit_smiles(&self.source, params).map_err(|e| refused("", &e))
    }
}

/// Reads the graph, without sanitisation.
pub(in crate::chem) fn parse(smiles: &str) -> Result<toolkit::Molecule, SmilesError> {
    let text = tidy(smiles);
    smiles_syntax::check(&text).map_err(|(problem, byte)| at_byte(smiles, &text, problem, byte))?;
    if let Some(rearranged) = smiles_syntax::without_dots_in_branches(&text) {
        // Positions in the rearranged text mean nothing to the reader of the original.
        return toolkit_smiles::parse(&rearranged).map_err(|error| {
            let SmilesError { problem, .. } = malformed(smiles, &rearranged, error);
            SmilesError::new(smiles, problem, None)
        });
    }
    let molecule = toolkit_smiles::parse(&text).map_err(|error| malformed(smiles, &text, error))?;
    let self_ring = molecule.bonds().find(|(_, bond)| bond.atom1 == bond.atom2).map(|(_, bond)| bond.atom1.0);
    match self_ring {
        None => Ok(molecule),
        Some(atom) => {
            let byte = smiles_syntax::atom_position(&text, atom as usize).unwrap_or(0);
            Err(at_byte(smiles, &text, SmilesProblem::RingBondSelf, byte))
        }
    }
}

/// The molecule after RDKit's clean-up, Kekulé structure, aromaticity and removal of plain explicit hydrogens.
pub(in crate::chem) fn sanitise(smiles: &str, source: &toolkit::Molecule) -> Result<toolkit::Molecule, SmilesError> {
    if let Some(molecule) = toolkit_smiles::rdkit_parsed_molecule(source) {
        return Ok(molecule);
    }
    toolkit_smiles::rdkit_sanitized_model(source).map_err(|error| refused(smiles, &error))?;
    // Valid, but something like a lone deuterium that the toolkit cannot hand over as one molecule: its perception
    // alone then does, for such molecules have nothing to clean up.
    chematic::perception::apply_aromaticity_rdkit_parity_experimental(source)
        .map_err(|error| SmilesError::new(smiles, SmilesProblem::Unsupported(error.to_string()), None))
}

/// RDKit reads a doubled backslash, left behind by programs that escape text, as one.
fn tidy(smiles: &str) -> Cow<'_, str> {
    let trimmed = smiles.trim();
    if trimmed.contains("\\\\") { Cow::Owned(trimmed.replace("\\\\", "\\")) } else { Cow::Borrowed(trimmed) }
}

fn at_byte(smiles: &str, text: &str, problem: SmilesProblem, byte: usize) -> SmilesError {
    let byte = byte.min(text.len());
    let character = text.char_indices().take_while(|&(i, _)| i < byte).count() + 1;
    let leading = smiles.chars().take_while(|c| c.is_whitespace()).count();
    SmilesError::new(smiles, problem, Some(character + leading))
}

fn malformed(smiles: &str, text: &str, error: toolkit_smiles::SmilesError) -> SmilesError {
    use SmilesProblem as P;
    use toolkit_smiles::SmilesError as T;
    let (problem, byte) = match error {
        T::EmptyInput => return SmilesError::new(smiles, P::Empty, None),
        T::ResourceLimit { resource, actual, limit } => {
            let what = format!("{actual} {resource}, {limit} are possible");
            return SmilesError::new(smiles, P::TooLarge(what), None);
        }
        T::InvalidValence { element, atom, valence, max } => {
            let what = format!("{element} has {valence} bonds, {max} are possible");
            let byte = smiles_syntax::atom_position(text, atom).unwrap_or(0);
            (P::Valence(what), byte)
        }
        T::UnexpectedEnd { .. } => (P::UnexpectedEnd, text.len()),
        T::UnknownElement { symbol, pos } => (P::UnknownElement(symbol), pos),
        T::UnmatchedRingClosure { ring_num, pos } => (P::UnclosedRing(ring_num.into()), pos),
        T::UnmatchedExtendedRingClosure { ring_num, pos } => (P::UnclosedRing(ring_num), pos),
        T::MismatchedParentheses { pos } => (P::Parentheses, pos),
        T::InvalidBracketAtom { detail, pos } => (P::BracketAtom(detail), pos),
        T::ConflictingRingBond { ring_num, pos } => (P::RingBondConflict(ring_num.into()), pos),
        T::ConflictingExtendedRingBond { ring_num, pos } => (P::RingBondConflict(ring_num), pos),
        T::NestingTooDeep { pos } => (P::TooDeep, pos),
        T::UnexpectedCharacter { pos } => match text.get(pos..).and_then(|t| t.chars().next()) {
            Some(c) => (P::UnexpectedCharacter(c), pos),
            None => (P::UnexpectedEnd, pos),
        },
        T::UnsupportedChiralityClass { class, pos } => (P::Chirality(class), pos),
    };
    at_byte(smiles, text, problem, byte)
}

/// An error of sanitisation: its message names atoms by index, from which the character follows.
pub(in crate::chem) fn refused(smiles: &str, error: &RdkitSmilesError) -> SmilesError {
    use SmilesProblem as P;
    let message = match error {
        RdkitSmilesError::Unsupported(what) if what.contains("ring perception") => {
            let what = "its rings are fused in so many ways that they cannot be told apart".to_owned();
            return SmilesError::new(smiles, P::Unsupported(what), None);
        }
        RdkitSmilesError::Unsupported(what) => return SmilesError::new(smiles, P::Unsupported(what.clone()), None),
        RdkitSmilesError::Sanitization(message) => message,
    };
    let atom = first_number(message);
    let problem = match (message.as_str(), atom) {
        (m, Some(atom)) if m.starts_with("non-ring atom") => P::AromaticOutsideRing(atom + 1),
        (m, _) if m.contains("valence") => P::Valence(m.trim_end_matches('.').to_owned()),
        (m, _) if m.starts_with("Can't kekulize") => P::Kekule(unkekulised(m)),
        (m, _) => P::Sanitisation(m.to_owned()),
    };
    let text = tidy(smiles);
    match atom.and_then(|atom| smiles_syntax::atom_position(&text, atom)) {
        Some(byte) => at_byte(smiles, &text, problem, byte),
        None => SmilesError::new(smiles, problem, None),
    }
}

fn unkekulised(message: &str) -> String {
    let atoms: Vec<String> = message
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|n| n.parse::<usize>().ok())
        .map(|atom| (atom + 1).to_string())
        .collect();
    format!("atoms {}", atoms.join(", "))
}

fn first_number(message: &str) -> Option<usize> {
    message.split(|c: char| !c.is_ascii_digit()).find_map(|number| number.parse().ok())
}
