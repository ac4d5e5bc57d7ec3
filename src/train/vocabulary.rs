//! Builds a vocabulary from a corpus, in the layout of SELFIES-TED's `tokenizer.json`.

use std::collections::BTreeMap;
use std::path::Path;

use tokenizers::models::wordlevel::WordLevel;
use tokenizers::pre_tokenizers::whitespace::WhitespaceSplit;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{AddedToken, Tokenizer};

use super::PretrainError;
use crate::model::Tokeniser;

/// Special tokens, ids 0 to 4.
pub const SPECIAL_TOKENS: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/// The symbols of a corpus with how often each occurs.
pub fn count_symbols<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for symbol in texts.into_iter().flat_map(str::split_whitespace) {
        match counts.get_mut(symbol) {
            Some(count) => *count += 1,
            None => drop(counts.insert(symbol.to_owned(), 1)),
        }
    }
    counts
}

/// Symbols that occur at least `min_count` times: the frequent first, equals in the order of their text.
pub fn frequent_symbols(counts: &BTreeMap<String, u64>, min_count: u64) -> Vec<String> {
    let mut kept: Vec<(&String, u64)> = counts.iter().map(|(s, &n)| (s, n)).filter(|&(_, n)| n >= min_count).collect();
    kept.sort_by_key(|&(_, n)| std::cmp::Reverse(n));
    kept.into_iter().map(|(symbol, _)| symbol.clone()).collect()
}

/// A tokeniser of the special tokens and `symbols`, with ids in this order.
///
/// # Errors
/// Symbols that the tokenizer library refuses.
pub fn tokeniser(symbols: &[String]) -> Result<Tokeniser, PretrainError> {
    let json = tokenizer_json(symbols).map_err(|error| PretrainError::Vocabulary { what: error.to_string() })?;
    Ok(Tokeniser::from_json(json.as_bytes(), Path::new("tokenizer.json"))?)
}

/// The text of `tokenizer.json`.
fn tokenizer_json(symbols: &[String]) -> tokenizers::Result<String> {
    let tokens = SPECIAL_TOKENS.iter().map(ToString::to_string).chain(symbols.iter().cloned());
    let vocabulary = tokens.enumerate().map(|(id, token)| (token, id as u32)).collect();
    let model = WordLevel::builder().vocab(vocabulary).unk_token("[UNK]".to_owned()).build()?;
    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_pre_tokenizer(Some(WhitespaceSplit));
    let template = TemplateProcessing::builder()
        .try_single("[CLS] $A [SEP]")?
        .try_pair("[CLS] $A [SEP] $B:1 [SEP]:1")?
        .special_tokens(vec![("[CLS]", 2), ("[SEP]", 3)])
        .build()?;
    tokenizer.with_post_processor(Some(template));
    let special = SPECIAL_TOKENS.map(|token| AddedToken::from(token, true));
    tokenizer.add_special_tokens(special)?;
    tokenizer.to_string(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_ordered_by_count_then_text() {
        let counts = count_symbols(["[C] [O] [C]", "[N] [O] [C] [F]"]);
        assert_eq!(counts["[C]"], 3);
        assert_eq!(frequent_symbols(&counts, 1), ["[C]", "[O]", "[F]", "[N]"]);
        assert_eq!(frequent_symbols(&counts, 2), ["[C]", "[O]"]);
    }

    #[test]
    fn file_is_the_reference_file() {
        let Some(shared) = std::env::var_os("FILLSCAPE_SHARED") else {
            println!("skipped: FILLSCAPE_SHARED is not set");
            return;
        };
        let path = Path::new(&shared).join("reference/selfies_ted/tokenizer.json");
        let expected = std::fs::read_to_string(&path).unwrap();
        let reference = Tokeniser::from_json(expected.as_bytes(), &path).unwrap();
        let symbols: Vec<String> = reference.tokens().into_iter().skip(5).map(|(_, token)| token).collect();
        assert_eq!(tokenizer_json(&symbols).unwrap().trim_end(), expected.trim_end());
    }
}
