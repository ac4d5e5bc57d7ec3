//! The rules of greedy decoding, shared by the candle path and the CPU engine.

use serde::{Deserialize, Serialize};

use super::config::BartConfig;

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
