//! Bemis–Murcko scaffolds (doi:10.1021/jm9602928) and the split of a data set that keeps each scaffold in one part.

use std::collections::BTreeMap;

use chematic::smiles as toolkit_smiles;

use super::Molecule;
use super::smiles::{SmilesError, refused};

impl Molecule {
    /// Canonical SMILES of the Bemis–Murcko scaffold: rings and the chains between them; empty for a molecule without
    /// rings.
    ///
    /// # Errors
    /// As [`Molecule::canonical_smiles`].
    pub fn scaffold(&self) -> Result<String, SmilesError> {
        toolkit_smiles::rdkit_murcko_scaffold(&self.source).map_err(|e| refused("", &e))
    }
}

/// Indices of the molecules of each part, ascending.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Split {
    /// For learning.
    pub train: Vec<usize>,
    /// For choosing parameters.
    pub valid: Vec<usize>,
    /// For the score.
    pub test: Vec<usize>,
}

/// Splits molecules by scaffold: whole groups, largest first, go to `train` until it holds `train_fraction` of all,
/// then to `valid` until it holds `valid_fraction`, the rest to `test`. Groups of one size are taken in the order of
/// their first molecule, so that the result depends on the input alone.
///
/// * `scaffolds` – one scaffold per molecule, as [`Molecule::scaffold`] gives it
/// * `train_fraction`, `valid_fraction` – each 0 to 1, together at most 1
pub fn scaffold_split<S: AsRef<str>>(scaffolds: &[S], train_fraction: f64, valid_fraction: f64) -> Split {
    let fractions_fit =
        train_fraction >= 0.0 && valid_fraction >= 0.0 && train_fraction + valid_fraction <= 1.0 + 1e-12;
    assert!(fractions_fit, "fractions {train_fraction} and {valid_fraction} are parts of one");
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, scaffold) in scaffolds.iter().enumerate() {
        groups.entry(scaffold.as_ref()).or_default().push(i);
    }
    let mut groups: Vec<Vec<usize>> = groups.into_values().collect();
    groups.sort_by_key(|group| (std::cmp::Reverse(group.len()), group[0]));

    let n = scaffolds.len() as f64;
    let (n_train, n_valid) = ((train_fraction * n).round() as usize, (valid_fraction * n).round() as usize);
    let mut split = Split::default();
    for group in groups {
        let part = if split.train.len() + group.len() <= n_train {
            &mut split.train
        } else if split.valid.len() + group.len() <= n_valid {
            &mut split.valid
        } else {
            &mut split.test
        };
        part.extend(group);
    }
    for part in [&mut split.train, &mut split.valid, &mut split.test] {
        part.sort_unstable();
    }
    split
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scaffold_keeps_rings_and_linkers() {
        let scaffold = |s: &str| Molecule::from_smiles(s).unwrap().scaffold().unwrap();
        assert_eq!(scaffold("CC(=O)Oc1ccccc1C(=O)O"), "c1ccccc1");
        assert_eq!(scaffold("Cc1ccc(CCN2CCOCC2)cc1"), "c1ccc(CCN2CCOCC2)cc1");
        assert_eq!(scaffold("CCCC"), "");
    }

    #[test]
    fn a_scaffold_is_in_one_part_only() {
        let scaffolds: Vec<String> = (0..100).map(|i| format!("s{}", i % 17)).collect();
        let split = scaffold_split(&scaffolds, 0.8, 0.1);
        let mut all = [split.train.clone(), split.valid.clone(), split.test.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        let set =
            |part: &[usize]| part.iter().map(|&i| scaffolds[i].clone()).collect::<std::collections::BTreeSet<_>>();
        assert!(set(&split.train).is_disjoint(&set(&split.valid)));
        assert!(set(&split.train).is_disjoint(&set(&split.test)));
        assert!(set(&split.valid).is_disjoint(&set(&split.test)));
        assert!(split.train.len() <= 80 && split.train.len() > 70, "{}", split.train.len());
    }
}
