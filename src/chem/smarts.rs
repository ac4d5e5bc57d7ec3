//! SMARTS: substructure patterns, for search and highlight.
//!
//! The toolkit's matcher runs on the sanitised molecule, with a limit on its work so that no pattern can hang. Chirality
//! in a pattern is ignored, as RDKit does by default.

use chematic::smarts::{
    MatchConfig, QueryMolecule, SmartsError as ToolkitError, find_matches_with_rings_and_config_checked, parse_smarts,
};

use super::Molecule;

/// Steps of one search: some tens of milliseconds.
const MAX_VISITS: u64 = 2_000_000;
/// Distinct matches that one search returns at most.
const MAX_MATCHES: usize = 10_000;
/// Characters of a pattern.
const MAX_LENGTH: usize = 20_000;

/// A substructure pattern.
#[derive(Debug, Clone)]
pub struct Smarts {
    text: String,
    query: QueryMolecule,
}

/// Why a pattern cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the SMARTS pattern: {problem}{}", at(*character))]
pub struct SmartsError {
    /// What is wrong.
    pub problem: SmartsProblem,
    /// The character that is meant, from 1, where one is.
    pub character: Option<usize>,
    /// The pattern.
    pub smarts: String,
}

/// What can be wrong with a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SmartsProblem {
    /// There is no pattern.
    #[error("it is empty; write for example c1ccccc1 or [OX2H]")]
    Empty,
    /// The pattern stops too early.
    #[error("it ends before it is complete")]
    UnexpectedEnd,
    /// A character that has no meaning at its place.
    #[error("“{0}” has no meaning here")]
    UnexpectedCharacter(char),
    /// A bracket that is never closed.
    #[error("the bracket is never closed")]
    OpenBracket,
    /// A parenthesis that is never closed or never opened.
    #[error("the parentheses do not match")]
    Parentheses,
    /// A ring label without a partner.
    #[error("ring label {0} has no partner or two different bonds")]
    Ring(u8),
    /// Too long, or recursive patterns too deep inside one another.
    #[error("it is too long or too deeply nested")]
    TooLarge,
}

fn at(character: Option<usize>) -> String {
    character.map_or_else(String::new, |c| format!(" at character {c}"))
}

/// All matches of a pattern, and whether the search was complete.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matches {
    /// Atoms of each match, in the order of the pattern; no two matches cover the same atoms.
    pub atoms: Vec<Vec<usize>>,
    /// False when the search met its limit: there may be more.
    pub complete: bool,
}

impl Smarts {
    /// Reads a pattern.
    ///
    /// # Errors
    /// A [`SmartsError`] with the character position and the reason.
    pub fn parse(smarts: &str) -> Result<Self, SmartsError> {
        let text = smarts.trim();
        let error = |problem, byte: Option<usize>| {
            let leading = smarts.chars().take_while(|c| c.is_whitespace()).count();
            let character = byte.map(|b| leading + 1 + text.char_indices().take_while(|&(i, _)| i < b).count());
            SmartsError { problem, character, smarts: smarts.to_owned() }
        };
        if text.is_empty() {
            return Err(error(SmartsProblem::Empty, None));
        }
        if text.len() > MAX_LENGTH {
            return Err(error(SmartsProblem::TooLarge, None));
        }
        if let Some(byte) = text.find(|c: char| !c.is_ascii_graphic()) {
            let c = text[byte..].chars().next().unwrap_or(' ');
            return Err(error(SmartsProblem::UnexpectedCharacter(c), Some(byte)));
        }
        if let Some(byte) = unmatched_parenthesis(text) {
            return Err(error(SmartsProblem::Parentheses, Some(byte)));
        }
        match parse_smarts(text) {
            Ok(query) => Ok(Self { text: text.to_owned(), query }),
            Err(refusal) => {
                let (problem, byte) = match refusal {
                    ToolkitError::UnexpectedEnd => (SmartsProblem::UnexpectedEnd, Some(text.len())),
                    ToolkitError::UnexpectedChar(c, at) => (SmartsProblem::UnexpectedCharacter(c), Some(at)),
                    ToolkitError::UnclosedBracket(at) => (SmartsProblem::OpenBracket, Some(at)),
                    ToolkitError::UnclosedBranch(at) => (SmartsProblem::Parentheses, Some(at)),
                    ToolkitError::InvalidRingClosure(n) => (SmartsProblem::Ring(n), None),
                    ToolkitError::RecursionDepthExceeded => (SmartsProblem::TooLarge, None),
                };
                Err(error(problem, byte))
            }
        }
    }

    /// The pattern as it was read.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Every match, each set of atoms once, at most 10,000.
    pub fn matches(&self, molecule: &Molecule) -> Vec<Vec<usize>> {
        self.search(molecule, MAX_MATCHES).atoms
    }

    /// As [`Smarts::matches`], and whether the search was complete.
    pub fn search(&self, molecule: &Molecule, max_matches: usize) -> Matches {
        let target = molecule.perceived();
        let rings = chematic::perception::find_symmetrized_sssr(target);
        let config = MatchConfig {
            uniquify: true,
            max_visit_budget: Some(MAX_VISITS),
            max_matches: Some(max_matches),
            ..MatchConfig::default()
        };
        let (found, out_of_budget) = find_matches_with_rings_and_config_checked(&self.query, target, &rings, &config);
        let n = self.query.atom_count();
        let atoms: Vec<Vec<usize>> =
            found.iter().map(|m| (0..n).filter_map(|i| m.get(&i).map(|a| a.0 as usize)).collect()).collect();
        Matches { complete: !out_of_budget && atoms.len() < max_matches, atoms }
    }

    /// True when the molecule holds the pattern at least once.
    pub fn has_match(&self, molecule: &Molecule) -> bool {
        !self.search(molecule, 1).atoms.is_empty()
    }
}

/// The byte of the first parenthesis outside brackets that lacks its partner.
fn unmatched_parenthesis(text: &str) -> Option<usize> {
    let mut open = Vec::new();
    for (i, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => open.push(i),
            b')' if open.pop().is_none() => return Some(i),
            _ => {}
        }
    }
    open.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n_matches(smarts: &str, smiles: &str) -> usize {
        Smarts::parse(smarts).unwrap().matches(&Molecule::from_smiles(smiles).unwrap()).len()
    }

    #[test]
    fn patterns_match_the_sanitised_molecule() {
        assert_eq!(n_matches("c1ccccc1", "C1=CC=CC=C1"), 1);
        assert_eq!(n_matches("[OX2H]", "OCC(O)CO"), 3);
        assert_eq!(n_matches("C(=O)[O;H,-]", "CC(=O)O.CC(=O)[O-]"), 2);
        assert_eq!(n_matches("[R2]", "c1ccc2ccccc2c1"), 2);
    }

    #[test]
    fn errors_name_the_character() {
        for (smarts, character) in [("C(C", Some(2)), ("CC)", Some(3)), ("[C", Some(1)), ("", None), ("Cé", Some(2))] {
            let error = Smarts::parse(smarts).unwrap_err();
            assert_eq!(error.character, character, "{smarts}: {error}");
        }
    }

    #[test]
    fn nasty_patterns_end() {
        let smarts = Smarts::parse("*~".repeat(40).trim_end_matches('~')).unwrap();
        let target = Molecule::from_smiles(&"C12C3C4C1C5C2C3C45".repeat(6)).unwrap();
        let start = std::time::Instant::now();
        let _ = smarts.search(&target, 1_000_000);
        assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
    }
}
