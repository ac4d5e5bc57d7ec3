//! The rules of greedy decoding, shared by the candle path and the CPU engine.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::config::BartConfig;
use super::decoding_rules::DecodingRules;
use super::engine::arg_max;

/// How rows start, continue and end. As `generate(do_sample=False, num_beams=1)` of transformers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GreedyParams {
    /// Given to the decoder before its first token.
    pub start: u32,
    /// Ends a row.
    pub eos: u32,
    /// The first new token, if prescribed.
    pub forced_bos: Option<u32>,
    /// The token at the limit, if prescribed.
    pub forced_eos: Option<u32>,
    /// New tokens at most, the end token included.
    pub max_new_tokens: usize,
    /// What else the checkpoint prescribes.
    #[serde(default)]
    pub rules: DecodingRules,
}

/// New tokens at most, as in the reference.
pub const MAX_NEW_TOKENS: usize = 64;

impl GreedyParams {
    /// The rules of a checkpoint, with its position table as a second limit.
    pub fn of(config: &BartConfig) -> Self {
        Self {
            start: config.decoder_start_token_id,
            eos: config.eos_token_id,
            forced_bos: config.forced_bos_token_id,
            forced_eos: config.forced_eos_token_id,
            max_new_tokens: MAX_NEW_TOKENS.min(config.max_position_embeddings),
            rules: config.decoding.clone(),
        }
    }

    /// The most probable token behind the new tokens `ids`, from its `logits` `(vocab,)`; those of tokens that the rules
    /// exclude are lowered to −∞. The first of equals.
    pub fn choose(&self, ids: &[u32], logits: &mut [f32]) -> u32 {
        let rules = &self.rules;
        if rules.narrows() {
            let mut exclude = |id: u32| {
                if let Some(logit) = logits.get_mut(id as usize) {
                    *logit = f32::NEG_INFINITY;
                }
            };
            if ids.len() < rules.min_new_tokens {
                exclude(self.eos);
            }
            if ids.len() == usize::from(self.forced_bos.is_some()) {
                rules.begin_suppress_tokens.iter().for_each(|&id| exclude(id));
            }
            rules.suppress_tokens.iter().for_each(|&id| exclude(id));
            self.repeating(ids, &mut exclude);
        }
        arg_max(logits)
    }

    /// Names each token that would complete a group which the row holds already.
    fn repeating(&self, ids: &[u32], exclude: &mut dyn FnMut(u32)) {
        let size = self.rules.no_repeat_ngram_size;
        if size == 0 || ids.len() + 1 < size {
            return;
        }
        let row: Vec<u32> = std::iter::once(self.start).chain(ids.iter().copied()).collect();
        let begun = &row[row.len() + 1 - size..];
        for group in row.windows(size) {
            if let Some((&last, group)) = group.split_last()
                && group == begun
            {
                exclude(last);
            }
        }
    }

    /// Appends the token that follows when the model's choice is `best`; whether the row goes on.
    pub fn push(&self, row: &mut Tokens, best: u32) -> bool {
        let is_last = row.ids.len() + 1 == self.max_new_tokens;
        let forced = match self.forced_eos {
            Some(eos) if is_last => Some(eos),
            _ if row.ids.is_empty() => self.forced_bos,
            _ => None,
        };
        let id = forced.unwrap_or(best);
        row.ids.push(id);
        row.capped = is_last && best != self.eos;
        !is_last && id != self.eos
    }
}

/// What is done, and what the checkpoint asks for and is not done: a line for people and artefacts.
impl fmt::Display for GreedyParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "greedy, at most {} new tokens", self.max_new_tokens)?;
        if let Some(id) = self.forced_bos {
            write!(f, ", the first is {id}")?;
        }
        let rules = &self.rules;
        if !rules.begin_suppress_tokens.is_empty() {
            write!(f, ", none of {:?} to begin with", rules.begin_suppress_tokens)?;
        }
        if !rules.suppress_tokens.is_empty() {
            write!(f, ", never one of {:?}", rules.suppress_tokens)?;
        }
        if rules.min_new_tokens > 0 {
            write!(f, ", at least {}", rules.min_new_tokens)?;
        }
        if rules.no_repeat_ngram_size > 0 {
            write!(f, ", no group of {} twice", rules.no_repeat_ngram_size)?;
        }
        if !rules.not_followed.is_empty() {
            write!(f, "; not followed: {}", rules.not_followed.join(", "))?;
        }
        Ok(())
    }
}

/// One decoded row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tokens {
    /// New tokens without the start token, with the end token where there is one.
    pub ids: Vec<u32>,
    /// The row met the limit before the model ended it.
    pub capped: bool,
}

impl Tokens {
    /// An empty row with room for the longest.
    pub fn with_room(params: &GreedyParams) -> Self {
        Self { ids: Vec::with_capacity(params.max_new_tokens), capped: false }
    }
}

/// The rows of a batch that are still growing.
#[derive(Debug)]
pub struct GreedyRows {
    params: GreedyParams,
    rows: Vec<Tokens>,
    alive: Vec<usize>,
    last: Vec<u32>,
    step: usize,
}

impl GreedyRows {
    /// `n_rows` fresh rows.
    pub fn new(n_rows: usize, params: &GreedyParams) -> Self {
        let alive = if params.max_new_tokens == 0 { Vec::new() } else { (0..n_rows).collect() };
        Self {
            last: vec![params.start; alive.len()],
            alive,
            rows: (0..n_rows).map(|_| Tokens::with_room(params)).collect(),
            params: params.clone(),
            step: 0,
        }
    }

    /// Indices of the growing rows, in the order of the batch.
    pub fn alive(&self) -> &[usize] {
        &self.alive
    }

    /// The token each growing row ended with.
    pub fn last_ids(&self) -> &[u32] {
        &self.last
    }

    /// Tokens each growing row has, the start token not counted: the position of the next decoder input.
    pub fn step(&self) -> usize {
        self.step
    }

    /// The token that follows in each growing row, from the logits `(growing rows, vocab)`.
    pub fn choose(&self, logits: &mut [Vec<f32>]) -> Vec<u32> {
        let rows = self.alive.iter().zip(logits);
        rows.map(|(&row, logits)| self.params.choose(&self.rows[row].ids, logits)).collect()
    }

    /// Appends the best token of each growing row; if rows ended, returns the places of the others in the old batch.
    pub fn push(&mut self, best: &[u32]) -> Option<Vec<u32>> {
        assert_eq!(best.len(), self.alive.len(), "one token for each growing row");
        let mut kept = Vec::with_capacity(best.len());
        for (place, (&row, &best)) in self.alive.iter().zip(best).enumerate() {
            let row = &mut self.rows[row];
            if self.params.push(row, best) {
                kept.push(place as u32);
            }
            self.last[place] = row.ids.last().copied().unwrap_or(self.params.start);
        }
        self.step += 1;
        if kept.len() == best.len() {
            return None;
        }
        for (to, &from) in kept.iter().enumerate() {
            self.alive[to] = self.alive[from as usize];
            self.last[to] = self.last[from as usize];
        }
        self.alive.truncate(kept.len());
        self.last.truncate(kept.len());
        Some(kept)
    }

    /// The rows in the order of the batch.
    pub fn into_tokens(self) -> Vec<Tokens> {
        self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(rules: DecodingRules) -> GreedyParams {
        GreedyParams { start: 3, eos: 3, forced_bos: None, forced_eos: None, max_new_tokens: 9, rules }
    }

    #[test]
    fn excluded_tokens_are_not_chosen() {
        let logits = || vec![5.0, 4.0, 3.0, 6.0, 1.0];
        let plain = params(DecodingRules::default());
        assert_eq!(plain.choose(&[], &mut logits()), 3);
        let late = params(DecodingRules { min_new_tokens: 2, ..DecodingRules::default() });
        assert_eq!([&[][..], &[4], &[4, 4]].map(|ids| late.choose(ids, &mut logits())), [0, 0, 3]);
        let begin = DecodingRules { begin_suppress_tokens: vec![3, 0], ..DecodingRules::default() };
        let first = params(begin.clone());
        assert_eq!([&[][..], &[4], &[4, 4]].map(|ids| first.choose(ids, &mut logits())), [1, 3, 3]);
        // Where the first token is prescribed, the second is the first choice.
        let second = GreedyParams { forced_bos: Some(2), ..params(begin) };
        assert_eq!([&[][..], &[2], &[2, 4]].map(|ids| second.choose(ids, &mut logits())), [3, 1, 3]);
        let never = params(DecodingRules { suppress_tokens: vec![3, 99], ..DecodingRules::default() });
        assert_eq!(never.choose(&[1, 2, 3], &mut logits()), 0);
    }

    #[test]
    fn no_group_of_tokens_repeats() {
        let rules = |n| params(DecodingRules { no_repeat_ngram_size: n, ..DecodingRules::default() });
        let logits = || vec![5.0, 4.0, 3.0, 0.0, 1.0];
        assert_eq!(rules(2).choose(&[0, 0], &mut logits()), 1, "0 0 stands there already");
        assert_eq!(rules(2).choose(&[0, 1, 0], &mut logits()), 0, "0 1 does, 0 0 does not");
        assert_eq!(rules(2).choose(&[0, 1, 3], &mut logits()), 1, "the start token 3 was followed by 0");
        assert_eq!(rules(3).choose(&[0, 1, 0], &mut logits()), 0);
        assert_eq!(rules(3).choose(&[0, 1, 0, 0, 1], &mut logits()), 1, "0 1 0 stands there already");
        assert_eq!(rules(1).choose(&[0, 1], &mut logits()), 2, "every token once");
        assert_eq!(rules(5).choose(&[], &mut logits()), 0, "too short to repeat");
    }

    #[test]
    fn what_is_not_followed_is_said() {
        let rules = DecodingRules { not_followed: vec!["num_beams = 4".to_owned()], ..DecodingRules::default() };
        assert_eq!(params(rules).to_string(), "greedy, at most 9 new tokens; not followed: num_beams = 4");
    }
}
