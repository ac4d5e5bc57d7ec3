//! Morgan fingerprints, bit for bit RDKit's, and Tanimoto similarity.
//!
//! Source: Rogers & Hahn, J. Chem. Inf. Model. 50, 742 (2010), doi:10.1021/ci100050t; identifiers hashed as RDKit's
//! `rdFingerprintGenerator.GetMorganGenerator` does with its defaults (no chirality, redundant environments left out).

use chematic::fp as toolkit;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use toolkit::{RdkitMorganConfig, RdkitMorganFpSize, RdkitMorganRadius};

use super::Molecule;

/// What a Morgan fingerprint looks at and how it is folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MorganParams {
    /// Bonds from the centre of an environment, 0 to 3.
    pub radius: u8,
    /// Length after folding in bits, at least 1 (identifier modulo length).
    pub n_bits: usize,
}

impl Default for MorganParams {
    /// Radius 3 and 2048 bits, as the similarity response of fill-tuning uses.
    fn default() -> Self {
        Self { radius: 3, n_bits: 2048 }
    }
}

/// Why a fingerprint cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FingerprintError {
    /// Only radii whose identifiers were checked against RDKit.
    #[error("Morgan fingerprints have radius 0 to 3, not {0}")]
    Radius(u8),
    /// A fingerprint without bits.
    #[error("a fingerprint needs at least one bit")]
    NoBits,
    /// A molecule that RDKit itself rewrites in ways that are not reproduced.
    #[error("no Morgan fingerprint: {0}")]
    Unsupported(String),
}

/// A folded fingerprint: a set of on-bits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    words: Vec<u64>,
    n_bits: usize,
}

impl Fingerprint {
    /// The fingerprint of `n_bits` bits whose on-bits are `bits`, each below `n_bits`.
    pub fn from_on_bits(n_bits: usize, bits: impl IntoIterator<Item = usize>) -> Self {
        let mut words = vec![0; n_bits.div_ceil(64)];
        for bit in bits {
            assert!(bit < n_bits, "bit {bit} of a fingerprint of {n_bits} bits");
            words[bit / 64] |= 1 << (bit % 64);
        }
        Self { words, n_bits }
    }

    /// Length in bits.
    pub fn n_bits(&self) -> usize {
        self.n_bits
    }

    /// The on-bits, ascending.
    pub fn on_bits(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.n_bits).filter(|bit| self.words[bit / 64] >> (bit % 64) & 1 == 1)
    }

    /// How many bits are on.
    pub fn n_on_bits(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }
}

/// The folded Morgan fingerprint of a molecule.
///
/// # Errors
/// A radius above 3, no bits, or a coordination compound that RDKit rewrites ([`FingerprintError::Unsupported`]).
pub fn morgan(molecule: &Molecule, params: MorganParams) -> Result<Fingerprint, FingerprintError> {
    let radius = toolkit_radius(params.radius)?;
    let Some(fp_size) = toolkit_size(params.n_bits) else {
        if params.n_bits == 0 {
            return Err(FingerprintError::NoBits);
        }
        let bits = morgan_counts(molecule, params.radius)?.into_iter().map(|(id, _)| id as usize % params.n_bits);
        return Ok(Fingerprint::from_on_bits(params.n_bits, bits));
    };
    let config = RdkitMorganConfig { radius, fp_size, include_chirality: false };
    let bits = toolkit::rdkit_morgan_bitvec(&molecule.source, &config).map_err(unsupported)?;
    let bytes = bits.to_le_bytes();
    let words = bytes.chunks(8).map(|chunk| chunk.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)));
    Ok(Fingerprint { words: words.collect(), n_bits: params.n_bits })
}

/// The unfolded fingerprint: (32-bit identifier of an environment, how often it occurs), identifiers ascending.
///
/// # Errors
/// As [`morgan`].
pub fn morgan_counts(molecule: &Molecule, radius: u8) -> Result<Vec<(u32, u32)>, FingerprintError> {
    let config = RdkitMorganConfig { radius: toolkit_radius(radius)?, ..RdkitMorganConfig::default() };
    let fingerprint = toolkit::rdkit_morgan_fingerprint(&molecule.source, &config).map_err(unsupported)?;
    let mut counts: Vec<(u32, u32)> = fingerprint.sparse_counts.into_iter().collect();
    counts.sort_unstable();
    Ok(counts)
}

/// Tanimoto similarity |A ∩ B| / |A ∪ B|, 0 to 1; 0 when both are empty, as in RDKit.
///
/// # Panics
/// When the lengths differ.
pub fn tanimoto(a: &Fingerprint, b: &Fingerprint) -> f64 {
    assert_eq!(a.n_bits, b.n_bits, "fingerprints of one length can be compared");
    tanimoto_words(&a.words, a.n_on_bits(), &b.words, b.n_on_bits())
}

fn tanimoto_words(a: &[u64], n_a: u32, b: &[u64], n_b: u32) -> f64 {
    let common: u32 = a.iter().zip(b).map(|(x, y)| (x & y).count_ones()).sum();
    let union = n_a + n_b - common;
    if union == 0 { 0.0 } else { f64::from(common) / f64::from(union) }
}

/// Many fingerprints of one length, laid out for fast comparison.
#[derive(Debug, Clone)]
pub struct FingerprintSet {
    n_bits: usize,
    words: Vec<u64>,
    n_on_bits: Vec<u32>,
}

impl FingerprintSet {
    /// A set of `fingerprints`, all of `n_bits` bits.
    pub fn new<'a>(n_bits: usize, fingerprints: impl IntoIterator<Item = &'a Fingerprint>) -> Self {
        let (mut words, mut n_on_bits) = (Vec::new(), Vec::new());
        for fingerprint in fingerprints {
            assert_eq!(fingerprint.n_bits, n_bits, "the fingerprints of a set have one length");
            words.extend_from_slice(&fingerprint.words);
            n_on_bits.push(fingerprint.n_on_bits());
        }
        Self { n_bits, words, n_on_bits }
    }

    /// How many fingerprints there are.
    pub fn len(&self) -> usize {
        self.n_on_bits.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.n_on_bits.is_empty()
    }

    /// Tanimoto similarities of `query` to every member, in order; uses all cores.
    pub fn similarities(&self, query: &Fingerprint) -> Vec<f64> {
        assert_eq!(query.n_bits, self.n_bits, "fingerprints of one length can be compared");
        let n_query = query.n_on_bits();
        let members = (0..self.len()).into_par_iter().with_min_len(4096);
        members.map(|i| tanimoto_words(self.member(i), self.n_on_bits[i], &query.words, n_query)).collect()
    }

    /// Tanimoto similarities of every member of `self` to every one of `other`, row-major, shape
    /// (`self.len()`, `other.len()`); uses all cores.
    pub fn similarity_matrix(&self, other: &Self) -> Vec<f64> {
        assert_eq!(other.n_bits, self.n_bits, "fingerprints of one length can be compared");
        let mut matrix = vec![0.0; self.len() * other.len()];
        if other.is_empty() {
            return matrix;
        }
        matrix.par_chunks_mut(other.len()).enumerate().for_each(|(i, row)| {
            for (j, similarity) in row.iter_mut().enumerate() {
                *similarity = tanimoto_words(self.member(i), self.n_on_bits[i], other.member(j), other.n_on_bits[j]);
            }
        });
        matrix
    }

    /// The member most similar to `query` and its similarity; the first of equals; `None` when the set is empty.
    pub fn nearest(&self, query: &Fingerprint) -> Option<(usize, f64)> {
        let similarities = self.similarities(query);
        (0..similarities.len())
            .map(|i| (i, similarities[i]))
            .reduce(|best, next| if next.1 > best.1 { next } else { best })
    }

    fn member(&self, i: usize) -> &[u64] {
        let n_words = self.n_bits.div_ceil(64);
        &self.words[i * n_words..(i + 1) * n_words]
    }
}

fn toolkit_radius(radius: u8) -> Result<RdkitMorganRadius, FingerprintError> {
    match radius {
        0 => Ok(RdkitMorganRadius::R0),
        1 => Ok(RdkitMorganRadius::R1),
        2 => Ok(RdkitMorganRadius::R2),
        3 => Ok(RdkitMorganRadius::R3),
        _ => Err(FingerprintError::Radius(radius)),
    }
}

fn toolkit_size(n_bits: usize) -> Option<RdkitMorganFpSize> {
    Some(match n_bits {
        128 => RdkitMorganFpSize::B128,
        256 => RdkitMorganFpSize::B256,
        512 => RdkitMorganFpSize::B512,
        1024 => RdkitMorganFpSize::B1024,
        2048 => RdkitMorganFpSize::B2048,
        _ => return None,
    })
}

#[allow(clippy::needless_pass_by_value)] // the shape that `map_err` wants
fn unsupported(error: toolkit::RdkitMorganError) -> FingerprintError {
    FingerprintError::Unsupported(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(smiles: &str, params: MorganParams) -> Fingerprint {
        morgan(&Molecule::from_smiles(smiles).unwrap(), params).unwrap()
    }

    #[test]
    fn folding_to_any_length_agrees_with_the_unfolded_identifiers() {
        let molecule = Molecule::from_smiles("CC(=O)Oc1ccccc1C(=O)O").unwrap();
        let counts = morgan_counts(&molecule, 2).unwrap();
        for n_bits in [1, 100, 128, 2048, 4096] {
            let folded = morgan(&molecule, MorganParams { radius: 2, n_bits }).unwrap();
            let expected = Fingerprint::from_on_bits(n_bits, counts.iter().map(|&(id, _)| id as usize % n_bits));
            assert_eq!(folded, expected, "{n_bits} bits");
        }
    }

    #[test]
    fn a_set_compares_like_single_fingerprints() {
        let params = MorganParams::default();
        let all: Vec<_> = ["CCO", "CCN", "c1ccccc1", "[H][H]"].iter().map(|s| fingerprint(s, params)).collect();
        let set = FingerprintSet::new(params.n_bits, &all);
        let matrix = set.similarity_matrix(&set);
        for (i, a) in all.iter().enumerate() {
            assert_eq!(set.nearest(a).unwrap(), (i, 1.0));
            for (j, b) in all.iter().enumerate() {
                assert_eq!(matrix[i * all.len() + j], tanimoto(a, b));
            }
        }
    }

    #[test]
    fn impossible_parameters_are_refused() {
        let molecule = Molecule::from_smiles("C").unwrap();
        assert_eq!(morgan(&molecule, MorganParams { radius: 4, n_bits: 2048 }), Err(FingerprintError::Radius(4)));
        assert_eq!(morgan(&molecule, MorganParams { radius: 2, n_bits: 0 }), Err(FingerprintError::NoBits));
    }
}
