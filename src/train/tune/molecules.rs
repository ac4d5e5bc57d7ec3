//! The molecules of a run, as tokens.

use sha2::{Digest, Sha256};

use super::error::TuneError;
use super::tuned::Sizes;
use crate::model::Tokeniser;
use crate::train::corpus::Corpus;
use crate::train::denoising::{PaddedRows, Roles};
use crate::train::engine::PooledBatch;

/// A set of molecules.
#[derive(Debug)]
pub(super) struct Molecules {
    pub corpus: Corpus,
    pub digest: String,
    n_given: usize,
    max_symbols: usize,
}

impl Molecules {
    /// Tokenises SELFIES texts; those that are too long or have unknown symbols are left out and counted.
    pub fn new(texts: &[String], tokeniser: &Tokeniser, max_symbols: usize) -> Result<Self, TuneError> {
        let texts: Vec<String> =
            texts.iter().map(|text| tokeniser.spacing().spaced(text.trim())).filter(|text| !text.is_empty()).collect();
        let mut hash = Sha256::new();
        for text in &texts {
            hash.update(text.as_bytes());
            hash.update(b"\n");
        }
        let digest = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let corpus = Corpus::new(&texts, tokeniser, max_symbols)?;
        Ok(Self { corpus, digest, n_given: texts.len(), max_symbols })
    }

    /// Refuses a set without a usable molecule.
    pub fn needed(self, role: &'static str) -> Result<Self, TuneError> {
        if !self.corpus.is_empty() {
            return Ok(self);
        }
        let Corpus { n_long, n_unknown, .. } = self.corpus;
        let (n_given, max_symbols) = (self.n_given, self.max_symbols);
        Err(TuneError::NoMolecules { role, n_given, n_unknown, n_long, max_symbols })
    }

    pub fn n_given(&self) -> usize {
        self.n_given
    }

    pub fn sizes(&self) -> Sizes {
        let Corpus { n_long, n_unknown, .. } = self.corpus;
        Sizes { n_used: self.corpus.len(), n_long, n_unknown }
    }
}

/// Unmasked rows of chosen molecules, for their pooled embeddings.
pub(super) fn pooled_batch(corpus: &Corpus, chosen: &[u32], roles: Roles) -> PooledBatch {
    let rows = PaddedRows::new(corpus, chosen, roles, None);
    let hidden = rows.lengths.iter().flat_map(|&length| (0..rows.seq).map(move |place| place >= length)).collect();
    PooledBatch { ids: rows.ids, seq: rows.seq, hidden }
}
