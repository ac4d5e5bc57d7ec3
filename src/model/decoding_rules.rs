//! What a checkpoint prescribes about decoding beyond the roles of its tokens: `generation_config.json`, or the same
//! fields of `config.json` where an older checkpoint has no such file.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Rules that greedy decoding follows as transformers does, and those that it does not follow.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DecodingRules {
    /// Tokens that are never chosen.
    pub suppress_tokens: Vec<u32>,
    /// Tokens that are not chosen first, where the checkpoint prescribes the first token not second.
    pub begin_suppress_tokens: Vec<u32>,
    /// New tokens before the end token may be chosen.
    pub min_new_tokens: usize,
    /// No group of so many tokens occurs twice in a row of tokens, the start token counted; 0: groups may repeat.
    pub no_repeat_ngram_size: usize,
    /// What the checkpoint asks for and greedy decoding does not do, as “name = value”: beams, sampling, penalties.
    pub not_followed: Vec<String>,
}

/// Fields that ask for something else than greedy decoding unless they have one of these values.
const OTHER: [(&str, &[f64]); 12] = [
    ("num_beams", &[1.0]),
    ("num_beam_groups", &[1.0]),
    ("num_return_sequences", &[1.0]),
    ("do_sample", &[]),
    ("penalty_alpha", &[0.0]),
    ("guidance_scale", &[1.0]),
    ("repetition_penalty", &[1.0]),
    ("encoder_repetition_penalty", &[1.0]),
    ("encoder_no_repeat_ngram_size", &[0.0]),
    ("bad_words_ids", &[]),
    ("sequence_bias", &[]),
    ("exponential_decay_length_penalty", &[]),
];

const FOLLOWED: [&str; 5] =
    ["suppress_tokens", "begin_suppress_tokens", "min_new_tokens", "min_length", "no_repeat_ngram_size"];

impl DecodingRules {
    /// Reads the rules among the fields of a settings file.
    ///
    /// # Errors
    /// A field of the wrong type: what was found and expected.
    pub fn from_fields(fields: &Map<String, Value>) -> Result<Self, String> {
        let given = |name: &str| fields.get(name).filter(|value| !value.is_null());
        let ids = |name: &str| match given(name) {
            None => Ok(Vec::new()),
            Some(value) => serde_json::from_value(value.clone())
                .map_err(|_| format!("{name} is {value}, expected a list of token ids")),
        };
        let count = |name: &str| match given(name) {
            None => Ok(0),
            Some(value) => serde_json::from_value(value.clone())
                .map_err(|_| format!("{name} is {value}, expected a whole number of at least 0")),
        };
        // min_length counts the start token, min_new_tokens does not.
        let min_length: usize = count("min_length")?;
        let not_followed = OTHER.iter().filter_map(|(name, neutral)| {
            let value = given(name)?;
            let is_neutral = match value {
                Value::Bool(asked) => !asked,
                Value::Number(number) => number.as_f64().is_some_and(|number| neutral.contains(&number)),
                Value::Array(list) => list.is_empty(),
                _ => false,
            };
            (!is_neutral).then(|| format!("{name} = {value}"))
        });
        Ok(Self {
            suppress_tokens: ids("suppress_tokens")?,
            begin_suppress_tokens: ids("begin_suppress_tokens")?,
            min_new_tokens: count("min_new_tokens")?.max(min_length.saturating_sub(1)),
            no_repeat_ngram_size: count("no_repeat_ngram_size")?,
            not_followed: not_followed.collect(),
        })
    }

    /// The fields that say this in a settings file, but for what is not followed.
    pub fn fields(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        for (name, ids) in
            [("suppress_tokens", &self.suppress_tokens), ("begin_suppress_tokens", &self.begin_suppress_tokens)]
        {
            if !ids.is_empty() {
                fields.insert(name.to_owned(), ids.clone().into());
            }
        }
        for (name, n) in [("min_new_tokens", self.min_new_tokens), ("no_repeat_ngram_size", self.no_repeat_ngram_size)]
        {
            if n > 0 {
                fields.insert(name.to_owned(), n.into());
            }
        }
        fields
    }

    /// Whether a field of `config.json` is one of decoding, which belongs into `generation_config.json` today.
    pub fn is_field(name: &str) -> bool {
        FOLLOWED.contains(&name) || OTHER.iter().any(|(other, _)| *other == name)
    }

    /// Whether the choice of a token is ever narrowed.
    pub fn narrows(&self) -> bool {
        let Self { suppress_tokens, begin_suppress_tokens, min_new_tokens, no_repeat_ngram_size, not_followed: _ } =
            self;
        !suppress_tokens.is_empty()
            || !begin_suppress_tokens.is_empty()
            || *min_new_tokens > 0
            || *no_repeat_ngram_size > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<DecodingRules, String> {
        DecodingRules::from_fields(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn rules_are_read_and_written_alike() {
        let rules = read(
            r#"{"suppress_tokens": [1], "begin_suppress_tokens": [0, 3], "min_length": 4, "no_repeat_ngram_size": 3}"#,
        )
        .unwrap();
        assert_eq!((rules.min_new_tokens, rules.no_repeat_ngram_size), (3, 3));
        assert!(rules.narrows() && rules.not_followed.is_empty());
        assert_eq!(DecodingRules::from_fields(&rules.fields()).unwrap(), rules);
    }

    #[test]
    fn what_greedy_decoding_does_not_do_is_named() {
        let plain = r#"{"num_beams": 1, "do_sample": false, "repetition_penalty": 1.0, "bad_words_ids": null,
            "temperature": 0.5, "max_length": 20, "early_stopping": true, "length_penalty": 2.0}"#;
        assert_eq!(read(plain).unwrap(), DecodingRules::default());
        let other = read(r#"{"num_beams": 4, "do_sample": true, "repetition_penalty": 1.2, "bad_words_ids": [[3]]}"#);
        let expected = ["num_beams = 4", "do_sample = true", "repetition_penalty = 1.2", "bad_words_ids = [[3]]"];
        assert_eq!(other.unwrap().not_followed, expected);
    }

    #[test]
    fn fields_of_the_wrong_type_are_refused() {
        for text in [r#"{"suppress_tokens": 3}"#, r#"{"min_length": -1}"#, r#"{"no_repeat_ngram_size": "3"}"#] {
            assert!(read(text).unwrap_err().contains("expected"), "{text}");
        }
    }
}
