//! Which molecules may join a fill set, and why the others may not.

use crate::chem::{Descriptors, Fingerprint, FingerprintSet, Molecule, MorganParams, morgan, tanimoto};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// What a molecule must be like. The defaults are the published ones: valid, and not there already.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScreeningParams {
    /// Turn down molecules that the decoder was still writing at its token limit (three quarters of the published set).
    pub only_complete: bool,
    /// Turn down molecules of the corpus.
    pub only_novel: bool,
    /// Turn down molecules that are more similar than this to one accepted before: Tanimoto of Morgan fingerprints of
    /// radius 3 on 2048 bits, in [0, 1].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_similarity: Option<f64>,
    /// Turn down molecules with a lower quantitative estimate of drug-likeness, in [0, 1].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_qed: Option<f64>,
    /// Turn down molecules with fewer atoms other than hydrogen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_heavy_atoms: Option<usize>,
    /// Turn down molecules with more atoms other than hydrogen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_heavy_atoms: Option<usize>,
    /// Canonical SMILES of molecules that were turned down by hand; the next candidates take their places.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rejected: Vec<String>,
}

impl ScreeningParams {
    /// Refuses numbers that cannot be.
    ///
    /// # Errors
    /// A sentence that says what was found and what was expected.
    pub fn check(&self) -> Result<(), String> {
        for (name, value) in [("max_similarity", self.max_similarity), ("min_qed", self.min_qed)] {
            if let Some(value) = value.filter(|value| !(0.0..=1.0).contains(value)) {
                return Err(format!("{name} of the screening is {value}, expected a number from 0 to 1"));
            }
        }
        match (self.min_heavy_atoms, self.max_heavy_atoms) {
            (Some(min), Some(max)) if min > max => {
                Err(format!("min_heavy_atoms is {min} and max_heavy_atoms {max}, expected the smaller one first"))
            }
            _ => Ok(()),
        }
    }
}

/// Why a candidate did not join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// The symbols make no molecule, or one that chemistry does not allow.
    Invalid,
    /// A molecule without atoms.
    Empty,
    /// Cut off at the token limit.
    TokenCap,
    /// The same molecule has joined already.
    Duplicate,
    /// The corpus holds it.
    Known,
    /// Too many or too few atoms.
    Size,
    /// Not drug-like enough.
    Qed,
    /// Too similar to one that has joined.
    Similar,
    /// Turned down by hand.
    ByHand,
}

impl Rejection {
    /// The reason in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Invalid => "no valid molecule",
            Self::Empty => "no atoms",
            Self::TokenCap => "cut off at the token limit",
            Self::Duplicate => "the same molecule again",
            Self::Known => "already in the corpus",
            Self::Size => "outside the limits of size",
            Self::Qed => "below the limit of drug-likeness",
            Self::Similar => "too similar to another of the set",
            Self::ByHand => "turned down by hand",
        }
    }
}

/// Molecules of the corpus, for novelty.
#[derive(Debug, Clone)]
pub struct KnownMolecules {
    canonical: HashSet<String>,
    fingerprints: FingerprintSet,
}

impl KnownMolecules {
    /// From canonical SMILES; those that cannot be read are left out.
    pub fn new(canonical_smiles: &[String]) -> Self {
        use rayon::prelude::*;
        let fingerprints: Vec<Fingerprint> = canonical_smiles
            .par_iter()
            .filter_map(|smiles| fingerprint(&Molecule::from_smiles(smiles).ok()?))
            .collect();
        Self {
            canonical: canonical_smiles.iter().cloned().collect(),
            fingerprints: FingerprintSet::new(MorganParams::default().n_bits, &fingerprints),
        }
    }

    /// Whether the molecule is one of them.
    pub fn contains(&self, canonical_smiles: &str) -> bool {
        self.canonical.contains(canonical_smiles)
    }

    /// Tanimoto similarity to the most similar of them; none when there are none.
    pub fn nearest(&self, molecule: &Fingerprint) -> Option<f64> {
        self.fingerprints.nearest(molecule).map(|(_, similarity)| similarity)
    }
}

/// The fingerprint that similarity is measured by.
pub(super) fn fingerprint(molecule: &Molecule) -> Option<Fingerprint> {
    morgan(molecule, MorganParams::default()).ok()
}

/// A molecule that has passed.
#[derive(Debug, Clone)]
pub(super) struct Passed {
    pub canonical: String,
    pub fingerprint: Fingerprint,
    pub descriptors: Descriptors,
    pub novel: bool,
    pub nearest: Option<f64>,
}

/// Screens candidates one after the other; what has passed decides about what follows.
pub(super) struct Screen<'a> {
    params: &'a ScreeningParams,
    known: &'a KnownMolecules,
    accepted: HashSet<String>,
    fingerprints: Vec<Fingerprint>,
}

impl<'a> Screen<'a> {
    pub(super) fn new(params: &'a ScreeningParams, known: &'a KnownMolecules) -> Self {
        Self { params, known, accepted: HashSet::new(), fingerprints: Vec::new() }
    }

    /// The first reason against the molecule, cheap ones first; or what is known of it, and it has joined.
    pub(super) fn pass(&mut self, smiles: Option<&str>, capped: bool) -> Result<Passed, Rejection> {
        let params = self.params;
        let molecule = smiles.and_then(|smiles| Molecule::from_smiles(smiles).ok()).ok_or(Rejection::Invalid)?;
        if molecule.atoms().is_empty() {
            return Err(Rejection::Empty);
        }
        let canonical = molecule.canonical_smiles().map_err(|_| Rejection::Invalid)?;
        if params.only_complete && capped {
            return Err(Rejection::TokenCap);
        }
        if self.accepted.contains(&canonical) {
            return Err(Rejection::Duplicate);
        }
        if params.rejected.contains(&canonical) {
            return Err(Rejection::ByHand);
        }
        let novel = !self.known.contains(&canonical);
        if params.only_novel && !novel {
            return Err(Rejection::Known);
        }
        let descriptors = Descriptors::of(&molecule);
        let size = descriptors.heavy_atom_count;
        if params.min_heavy_atoms.is_some_and(|min| size < min) || params.max_heavy_atoms.is_some_and(|max| size > max)
        {
            return Err(Rejection::Size);
        }
        if params.min_qed.is_some_and(|min| descriptors.qed < min) {
            return Err(Rejection::Qed);
        }
        let fingerprint = fingerprint(&molecule).ok_or(Rejection::Invalid)?;
        if let Some(max) = params.max_similarity
            && self.fingerprints.iter().any(|other| tanimoto(other, &fingerprint) > max)
        {
            return Err(Rejection::Similar);
        }
        self.accepted.insert(canonical.clone());
        self.fingerprints.push(fingerprint.clone());
        let nearest = self.known.nearest(&fingerprint);
        Ok(Passed { canonical, fingerprint, descriptors, novel, nearest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_given_to_the_molecule_that_earns_it() {
        let known = KnownMolecules::new(&["CCO".to_owned()]);
        let params = ScreeningParams {
            only_complete: true,
            only_novel: true,
            max_similarity: Some(0.7),
            min_qed: Some(0.3),
            min_heavy_atoms: Some(3),
            max_heavy_atoms: Some(30),
            rejected: vec!["Cc1ccncc1".to_owned()],
        };
        let mut screen = Screen::new(&params, &known);
        let mut outcome = |smiles: Option<&str>, capped| screen.pass(smiles, capped).map(|passed| passed.canonical);
        assert_eq!(outcome(Some("c1ccccc1O"), false), Ok("Oc1ccccc1".to_owned()));
        for (smiles, capped, reason) in [
            (None, false, Rejection::Invalid),
            (Some("c1cccc1"), false, Rejection::Invalid),
            (Some("CCC"), true, Rejection::TokenCap),
            (Some("Oc1ccccc1"), false, Rejection::Duplicate),
            (Some("n1ccc(C)cc1"), false, Rejection::ByHand),
            (Some("OCC"), false, Rejection::Known),
            (Some("CC"), false, Rejection::Size),
            (Some("CC(=O)C(=O)C=O"), false, Rejection::Qed),
        ] {
            assert_eq!(outcome(smiles, capped), Err(reason), "{smiles:?}");
        }
        let only_diverse = ScreeningParams { max_similarity: Some(0.5), ..ScreeningParams::default() };
        let mut screen = Screen::new(&only_diverse, &known);
        assert!(screen.pass(Some("CCCCCCCCCO"), false).is_ok());
        assert_eq!(screen.pass(Some("CCCCCCCCCCO"), false).map(|p| p.canonical), Err(Rejection::Similar));
        assert!(!screen.pass(Some("CCO"), false).unwrap().novel);
    }

    #[test]
    fn limits_that_cannot_be_are_refused() {
        let default = ScreeningParams::default();
        assert_eq!(default.check(), Ok(()));
        for bad in [
            ScreeningParams { max_similarity: Some(1.5), ..default.clone() },
            ScreeningParams { min_qed: Some(f64::NAN), ..default.clone() },
            ScreeningParams { min_heavy_atoms: Some(9), max_heavy_atoms: Some(8), ..default.clone() },
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }
}
