//! Why a SMILES or SELFIES string was refused, and where.

use std::fmt;

/// A refused string: what was attempted, where it failed and why.
///
/// `Display` is one line; [`SelfiesError::caret`] draws the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("could not {task} at character {character}: {problem}")]
pub struct SelfiesError {
    /// What was attempted.
    pub task: Task,
    /// What is wrong.
    pub problem: SelfiesProblem,
    /// Where: characters from 1, as a person counts; one past the end when something is missing there.
    pub character: usize,
    /// The string that was read.
    pub text: String,
}

/// What was attempted when a string was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// SMILES to SELFIES.
    Encode,
    /// SELFIES to SMILES.
    Decode,
    /// SELFIES to its symbols.
    Split,
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Task::Encode => "encode the SMILES",
            Task::Decode => "decode the SELFIES",
            Task::Split => "split the SELFIES",
        })
    }
}

/// What is wrong with a SMILES or SELFIES string.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelfiesProblem {
    /// There is no atom at all.
    #[error("found no atom; write at least one, such as C")]
    NoAtom,
    /// A character that has no meaning in SMILES.
    #[error(
        "{0:?} is no atom, bond, branch or ring number; atoms outside B C N O P S F Cl Br I b c n o p s need brackets"
    )]
    UnknownCharacter(char),
    /// A bond that no atom or ring number follows.
    #[error("a bond must be followed by an atom or a ring number")]
    HangingBond,
    /// A branch, ring number or dot where an atom is due.
    #[error("expected an atom at the start of a chain or branch")]
    ExpectedAtom,
    /// `[` without `]`.
    #[error("the bracket is never closed; add ']'")]
    UnclosedBracket,
    /// A bracket atom that does not follow isotope, element, chirality, hydrogens, charge, class.
    #[error("cannot read the bracket atom {0:?}; expected [isotope element @ or @@ H count charge :class]")]
    BadBracketAtom(String),
    /// A bracket atom of an element SELFIES does not know.
    #[error("{0:?} is no element that SELFIES knows")]
    UnknownElement(String),
    /// `)` without `(`.
    #[error("this ')' closes no branch")]
    UnopenedBranch,
    /// `(` without `)` in the same fragment.
    #[error("the branch is not closed before its fragment ends; add ')'")]
    UnclosedBranch,
    /// `%` without two digits.
    #[error("'%' must be followed by a ring number of two digits")]
    BadRingNumber,
    /// A ring number that appears once in its fragment.
    #[error("the ring is not closed before its fragment ends; write its number a second time")]
    UnclosedRing,
    /// The two ends of a ring bond contradict each other.
    #[error("the two ends of the ring bond have different bond symbols; write it at one end only")]
    RingBondMismatch,
    /// A ring bond between two atoms that are already bonded.
    #[error("the ring bond joins two atoms that are bonded already")]
    DoubledBond,
    /// A ring bond from an atom to itself.
    #[error("the ring bond joins an atom to itself")]
    BondToItself,
    /// An aromatic bond written out at an element that is never aromatic.
    #[error("{0} cannot have an aromatic bond; write '-' or '='")]
    NeverAromatic(&'static str),
    /// No way to give every aromatic atom its double bond.
    #[error(
        "could not find alternating single and double bonds: this aromatic atom is left over; check its hydrogens ([nH]) and charge"
    )]
    NotKekulisable,
    /// More bonds than the default constraints of SELFIES allow.
    #[error("{atom} has {found} bonds, at most {most} are allowed; write charges out, as in [N+](=O)[O-]")]
    TooManyBonds {
        /// The atom as SELFIES writes it.
        atom: String,
        /// The sum of its bond orders.
        found: u32,
        /// What the constraints leave after its explicit hydrogens.
        most: i32,
    },
    /// A SELFIES symbol without `]`.
    #[error("the symbol is never closed; add ']'")]
    HangingSymbol,
    /// A SELFIES symbol with no meaning.
    #[error("{0:?} is no SELFIES symbol")]
    UnknownSymbol(String),
    /// Four gigabytes or more.
    #[error("the string is longer than 4 GB")]
    TooLong,
}

impl SelfiesError {
    /// An error at byte `at` of `text`.
    #[cold]
    pub(super) fn new(task: Task, problem: SelfiesProblem, text: &str, at: usize) -> Self {
        let character = text.char_indices().take_while(|&(byte, _)| byte < at).count() + 1;
        Self { task, problem, character, text: text.to_owned() }
    }

    /// The string with a caret below the place that is meant; long strings are cut around it.
    pub fn caret(&self) -> String {
        crate::chem::caret(&self.text, Some(self.character))
    }
}

/// A piece of a string for an error message, shortened when long.
#[cold]
pub(super) fn quote(text: &[u8]) -> String {
    const MOST: usize = 40;
    let text = String::from_utf8_lossy(text);
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}
