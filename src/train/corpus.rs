//! A corpus of molecules as token ids, and the order in which a run sees them.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use rayon::prelude::*;

use super::PretrainError;
use super::random::Generator;
use crate::chem::selfies;
use crate::model::{Spacing, Tokeniser};

/// Reads files of one SMILES a line (the first column; `.gz` is unpacked) and writes each as SELFIES, symbols separated
/// by spaces. Molecules that SELFIES cannot write are counted and left out.
///
/// # Errors
/// A file cannot be read, or holds no molecule.
pub fn read_smiles(paths: &[PathBuf]) -> Result<SelfiesTexts, PretrainError> {
    let mut all = SelfiesTexts::default();
    for path in paths {
        let lines = read_lines(path)?;
        if lines.is_empty() {
            return Err(PretrainError::EmptyCorpus { path: path.clone() });
        }
        let texts: Vec<Option<String>> =
            lines.par_iter().map(|smiles| selfies::encode(smiles).ok().map(|text| spaced(&text))).collect();
        for text in texts {
            match text {
                Some(text) => all.texts.push(text),
                None => all.n_refused += 1,
            }
        }
    }
    Ok(all)
}

/// One space between the symbols of a SELFIES text; the dot between fragments is a symbol.
pub fn spaced(selfies: &str) -> String {
    Spacing::Symbols.spaced(selfies)
}

/// SELFIES texts of a corpus.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SelfiesTexts {
    /// Symbols separated by spaces.
    pub texts: Vec<String>,
    /// Lines that are no molecule SELFIES can write.
    pub n_refused: usize,
}

fn read_lines(path: &Path) -> Result<Vec<String>, PretrainError> {
    let fail = |source| PretrainError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(fail)?;
    let reader: Box<dyn Read> =
        if path.extension().is_some_and(|e| e == "gz") { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut lines = Vec::new();
    for line in BufReader::new(reader).lines() {
        let line = line.map_err(fail)?;
        if let Some(smiles) = line.split_whitespace().next() {
            lines.push(smiles.to_owned());
        }
    }
    Ok(lines)
}

/// Molecules as token ids without `[CLS]` and `[SEP]`, one after the other.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Corpus {
    ids: Vec<u16>,
    starts: Vec<usize>,
    /// Molecules left out because they are longer than the limit.
    pub n_long: usize,
    /// Molecules left out because a symbol is not in the vocabulary.
    pub n_unknown: usize,
}

impl Corpus {
    /// Tokenises texts, leaving out molecules of more than `max_symbols` symbols and those with unknown symbols.
    ///
    /// # Errors
    /// A vocabulary of more than 65,536 tokens.
    pub fn new(texts: &[String], tokeniser: &Tokeniser, max_symbols: usize) -> Result<Self, PretrainError> {
        // The vocabulary is one id a symbol: looking symbols up here spares the tokenizer's bookkeeping, most of the
        // time that half a million molecules take.
        let narrow = |(id, symbol)| Some((symbol, u16::try_from(id).ok()?));
        let ids: Option<HashMap<String, u16>> = tokeniser.tokens().into_iter().map(narrow).collect();
        let ids = ids.ok_or_else(|| PretrainError::Vocabulary { what: "more than 65,536 tokens".to_owned() })?;
        let mut corpus = Self { starts: vec![0], ..Self::default() };
        for text in texts {
            let end = corpus.ids.len();
            let is_known = text.split_whitespace().all(|symbol| {
                let id = ids.get(symbol);
                corpus.ids.extend(id);
                id.is_some()
            });
            let is_short = text.split_whitespace().count() <= max_symbols;
            corpus.n_long += usize::from(!is_short);
            corpus.n_unknown += usize::from(is_short && !is_known);
            if is_known && is_short {
                corpus.starts.push(corpus.ids.len());
            } else {
                corpus.ids.truncate(end);
            }
        }
        Ok(corpus)
    }

    /// Molecules.
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// No molecules.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The token ids of molecule `k`.
    pub fn row(&self, k: usize) -> &[u16] {
        &self.ids[self.starts[k]..self.starts[k + 1]]
    }
}

/// Batches that are sorted by length together: wide enough that lengths agree, narrow enough that epochs differ.
const WINDOW: usize = 64;

/// The molecules of each batch of one epoch: shuffled, then batches of similar length, in shuffled order. Every molecule
/// occurs once; the last batch of a window may be smaller.
///
/// * `stream` – names the epoch: the same numbers give the same order
pub fn epoch_batches(corpus: &Corpus, batch_size: usize, seed: u64, stream: &[u64]) -> Vec<Vec<u32>> {
    let mut generator = Generator::new(seed, stream);
    let mut order: Vec<u32> = (0..corpus.len() as u32).collect();
    generator.shuffle(&mut order);
    let mut batches = Vec::with_capacity(corpus.len().div_ceil(batch_size));
    for window in order.chunks_mut(WINDOW * batch_size) {
        window.sort_by_key(|&k| corpus.row(k as usize).len());
        batches.extend(window.chunks(batch_size).map(<[u32]>::to_vec));
    }
    generator.shuffle(&mut batches);
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus() -> Corpus {
        let mut corpus = Corpus { starts: vec![0], ..Corpus::default() };
        for k in 0..1000_u16 {
            corpus.ids.extend(std::iter::repeat_n(5, usize::from(k % 37)));
            corpus.starts.push(corpus.ids.len());
        }
        corpus
    }

    #[test]
    fn epoch_holds_every_molecule_once_in_batches_of_like_length() {
        let corpus = corpus();
        let batches = epoch_batches(&corpus, 8, 1, &[0, 0]);
        let mut seen: Vec<u32> = batches.iter().flatten().copied().collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..1000).collect::<Vec<u32>>());
        let spread = |batch: &Vec<u32>| {
            let lengths: Vec<usize> = batch.iter().map(|&k| corpus.row(k as usize).len()).collect();
            lengths.iter().max().unwrap() - lengths.iter().min().unwrap()
        };
        assert!(batches.iter().map(spread).max().unwrap() <= 3);
    }

    #[test]
    fn order_depends_on_the_epoch_and_nothing_else() {
        let corpus = corpus();
        assert_eq!(epoch_batches(&corpus, 8, 1, &[0, 1]), epoch_batches(&corpus, 8, 1, &[0, 1]));
        assert_ne!(epoch_batches(&corpus, 8, 1, &[0, 0]), epoch_batches(&corpus, 8, 1, &[0, 1]));
        assert_ne!(epoch_batches(&corpus, 8, 1, &[0, 0]), epoch_batches(&corpus, 8, 2, &[0, 0]));
    }
}
