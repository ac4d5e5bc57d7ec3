//! Text to token ids and back, with the vocabulary of a checkpoint (`tokenizer.json`).

use std::path::{Path, PathBuf};

use tokenizers::Tokenizer;

/// What can go wrong between text and ids.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// The vocabulary file cannot be used.
    #[error("could not read the vocabulary: {what} ({path:?})")]
    Read {
        /// What the reader said.
        what: String,
        /// The file.
        path: PathBuf,
    },
    /// A role such as `[PAD]` has no entry.
    #[error("the vocabulary has no token {token:?}, which SELFIES-TED needs ({path:?})")]
    NoSpecial {
        /// The missing token.
        token: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// Symbols of a text that the vocabulary does not hold.
    #[error(
        "the vocabulary has no token for {}: encode a molecule without it, or allow unknown tokens to become [UNK]",
        .tokens.join(" ")
    )]
    Unknown {
        /// The unknown symbols, in order of appearance, each once.
        tokens: Vec<String>,
    },
    /// The tokenizer refused a text.
    #[error("could not split {text:?} into tokens: {what}")]
    Encode {
        /// The text.
        text: String,
        /// What the tokenizer said.
        what: String,
    },
    /// An id outside the vocabulary.
    #[error("token id {id} is outside the vocabulary of {len} tokens")]
    Id {
        /// The id.
        id: u32,
        /// Tokens in the vocabulary.
        len: usize,
    },
}

/// What becomes of a symbol that the vocabulary does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unknown {
    /// An error names it.
    #[default]
    Refuse,
    /// It becomes `[UNK]`, as in transformers.
    Replace,
}

/// Where a SELFIES text is cut into symbols before they are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spacing {
    /// Between all symbols; the dot between the parts of a salt is a symbol.
    Symbols,
    /// Between brackets alone, as SELFIES-TED's own preparation (`][` becomes `] [`): the symbols around a dot are one
    /// token with it. For checkpoints that were trained so.
    Brackets,
}

impl Spacing {
    /// The text with one blank at each cut; blanks that are there already stay.
    pub fn spaced(self, selfies: &str) -> String {
        let text = selfies.replace("][", "] [");
        match self {
            Self::Symbols if text.contains('.') => text.replace("].", "] .").replace(".[", ". ["),
            _ => text,
        }
    }
}

/// The ids of the special tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpecialIds {
    /// Fills rows to equal length.
    pub pad: u32,
    /// Stands for symbols outside the vocabulary.
    pub unk: u32,
    /// Opens a text.
    pub cls: u32,
    /// Closes a text.
    pub sep: u32,
    /// Hides a token in training.
    pub mask: u32,
}

/// A vocabulary: SELFIES symbols separated by spaces to ids, with `[CLS]` before and `[SEP]` behind.
#[derive(Clone)]
pub struct Tokeniser {
    tokenizer: Tokenizer,
    special: SpecialIds,
    spacing: Spacing,
    json: Vec<u8>,
    len: usize,
}

impl std::fmt::Debug for Tokeniser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokeniser").field("len", &self.len).field("special", &self.special).finish_non_exhaustive()
    }
}

impl Tokeniser {
    /// Reads `tokenizer.json` text; `path` is named in messages. The bytes are kept as they are for saving.
    ///
    /// # Errors
    /// Text that is no tokenizer, or one without `[PAD] [UNK] [CLS] [SEP] [MASK]`.
    pub fn from_json(json: &[u8], path: &Path) -> Result<Self, TokensError> {
        let mut tokenizer = Tokenizer::from_bytes(json)
            .map_err(|error| TokensError::Read { what: error.to_string(), path: path.to_owned() })?;
        // Lengths are the model's business: a limit or padding stored in the file would act twice.
        tokenizer.with_padding(None);
        tokenizer
            .with_truncation(None)
            .map_err(|error| TokensError::Read { what: error.to_string(), path: path.to_owned() })?;
        let id = |token: &'static str| {
            tokenizer.token_to_id(token).ok_or_else(|| TokensError::NoSpecial { token, path: path.to_owned() })
        };
        let special = SpecialIds {
            pad: id("[PAD]")?,
            unk: id("[UNK]")?,
            cls: id("[CLS]")?,
            sep: id("[SEP]")?,
            mask: id("[MASK]")?,
        };
        let len = tokenizer.get_vocab(true).values().max().map_or(0, |&id| id as usize + 1);
        Ok(Self { tokenizer, special, spacing: Spacing::Brackets, json: json.to_owned(), len })
    }

    /// The same vocabulary with the spacing that a checkpoint was trained with.
    #[must_use]
    pub fn with_spacing(mut self, spacing: Spacing) -> Self {
        self.spacing = spacing;
        self
    }

    /// Where texts are cut into symbols: as the checkpoint says, otherwise between brackets alone, as transformers is given
    /// them.
    pub fn spacing(&self) -> Spacing {
        self.spacing
    }

    /// The `tokenizer.json` text this vocabulary came from, byte for byte.
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    /// One more than the largest id.
    pub fn len(&self) -> usize {
        self.len
    }

    /// No tokens at all; never true of a vocabulary that was read.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The special tokens.
    pub fn special(&self) -> SpecialIds {
        self.special
    }

    /// The token of an id.
    pub fn token(&self, id: u32) -> Option<String> {
        self.tokenizer.id_to_token(id)
    }

    /// The id of a token.
    pub fn id(&self, token: &str) -> Option<u32> {
        self.tokenizer.token_to_id(token)
    }

    /// Every token with its id, by id.
    pub fn tokens(&self) -> Vec<(u32, String)> {
        let mut tokens: Vec<_> = self.tokenizer.get_vocab(true).into_iter().map(|(token, id)| (id, token)).collect();
        tokens.sort();
        tokens
    }

    /// Ids of a SELFIES text, `[CLS]` first and `[SEP]` last, at most `max_len` long: what is too long loses its end
    /// (whether it does, [`Tokeniser::n_tokens`] tells).
    ///
    /// * `text` – SELFIES, with or without spaces between its symbols; `max_len` ≥ 2
    ///
    /// # Errors
    /// Unknown symbols, when they are refused; text that the tokenizer refuses.
    pub fn encode(&self, text: &str, max_len: usize, unknown: Unknown) -> Result<Vec<u32>, TokensError> {
        let spaced = self.spacing.spaced(text);
        let encoding = self
            .tokenizer
            .encode_fast(spaced.as_str(), false)
            .map_err(|error| TokensError::Encode { text: text.to_owned(), what: error.to_string() })?;
        let body = encoding.get_ids();
        if unknown == Unknown::Refuse && body.contains(&self.special.unk) {
            let mut tokens: Vec<String> = Vec::new();
            for symbol in spaced.split_whitespace() {
                if self.id(symbol).is_none() && !tokens.iter().any(|t| t == symbol) {
                    tokens.push(symbol.to_owned());
                }
            }
            if !tokens.is_empty() {
                return Err(TokensError::Unknown { tokens });
            }
        }
        let kept = &body[..body.len().min(max_len.saturating_sub(2))];
        let mut ids = Vec::with_capacity(kept.len() + 2);
        ids.push(self.special.cls);
        ids.extend_from_slice(kept);
        ids.push(self.special.sep);
        Ok(ids)
    }

    /// Tokens of a SELFIES text, `[CLS]` and `[SEP]` counted.
    pub fn n_tokens(&self, text: &str) -> usize {
        self.spacing.spaced(text).split_whitespace().count() + 2
    }

    /// The SELFIES text of ids, symbols separated by spaces, special tokens left out.
    ///
    /// # Errors
    /// An id outside the vocabulary.
    pub fn decode(&self, ids: &[u32]) -> Result<String, TokensError> {
        let SpecialIds { pad, unk, cls, sep, mask } = self.special;
        let mut text = String::new();
        for &id in ids {
            if [pad, unk, cls, sep, mask].contains(&id) {
                continue;
            }
            let token = self.token(id).ok_or(TokensError::Id { id, len: self.len })?;
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&token);
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokeniser(symbols: &[&str]) -> Tokeniser {
        let tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].into_iter().chain(symbols.iter().copied());
        let vocab: serde_json::Map<_, _> =
            tokens.enumerate().map(|(id, token)| (token.to_owned(), id.into())).collect();
        let json = serde_json::json!({
            "version": "1.0",
            "pre_tokenizer": { "type": "WhitespaceSplit" },
            "model": { "type": "WordLevel", "vocab": vocab, "unk_token": "[UNK]" },
        });
        Tokeniser::from_json(json.to_string().as_bytes(), Path::new("tokenizer.json")).unwrap()
    }

    #[test]
    fn the_dot_of_a_salt_is_a_symbol_where_the_vocabulary_holds_it() {
        let tokeniser = tokeniser(&["[C]", "[O]", "[Na+1]", "."]).with_spacing(Spacing::Symbols);
        for (text, n_symbols) in [("[O].[O]", 3), ("[C][O].[Na+1].[O]", 6), ("[C] [O] . [Na+1]", 4), ("[O]. [O]", 3)] {
            let ids = tokeniser.encode(text, 100, Unknown::Refuse).unwrap();
            assert_eq!((ids.len(), tokeniser.n_tokens(text)), (n_symbols + 2, n_symbols + 2), "{text}");
            assert!(!ids.contains(&tokeniser.special().unk), "{text}");
            let back: String = tokeniser.decode(&ids).unwrap().split_whitespace().collect();
            assert_eq!(back, text.replace(' ', ""));
        }
    }

    #[test]
    fn spacing_is_that_of_transformers_unless_the_checkpoint_says_otherwise() {
        let foreign = tokeniser(&["[C]", "[O]", ".", "[O].[O]"]);
        assert_eq!(foreign.spacing(), Spacing::Brackets);
        assert_eq!(foreign.encode("[C][O].[O]", 100, Unknown::Refuse).unwrap().len(), 4);
        assert_eq!(foreign.with_spacing(Spacing::Symbols).encode("[C][O].[O]", 100, Unknown::Refuse).unwrap().len(), 6);
    }
}
