//! What the decoder predicts, without a derivative.

use super::kernels::row_losses;
use super::weights::Weights;
use super::{DenoisingBatch, Engine, Rows};

/// Sums over the tokens of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TokenLoss {
    /// Σ −ln p(target) over tokens of positive weight, nats.
    pub loss: f64,
    /// Tokens of positive weight.
    pub n_tokens: usize,
    /// Σ −ln p(target) over masked tokens, nats.
    pub masked_loss: f64,
    /// Masked tokens.
    pub n_masked: usize,
    /// Masked tokens that were predicted.
    pub n_right: usize,
}

impl TokenLoss {
    /// Adds the sums of another batch.
    pub fn add(&mut self, other: &Self) {
        self.loss += other.loss;
        self.n_tokens += other.n_tokens;
        self.masked_loss += other.masked_loss;
        self.n_masked += other.n_masked;
        self.n_right += other.n_right;
    }
}

impl Engine {
    /// Losses of the denoising decoder, forward only.
    ///
    /// * `masked` – `(batch, decoder_seq)`, the tokens that the encoder did not see
    pub fn measure(&self, p: &[f32], batch: &DenoisingBatch, masked: &[bool]) -> TokenLoss {
        let p = &Weights::new(p);
        let (e, d) = (batch.encoder_seq, batch.decoder_seq);
        let parts = self.pieces(batch.ids.len() / e, e.max(d), |rows| {
            let (enc, dec) = (rows.start * e..rows.end * e, rows.start * d..rows.end * d);
            let hidden = batch.hidden.as_ref().map(|h| &h[enc.clone()]);
            let encoded = Rows { ids: &batch.ids[enc], seq: e, hidden };
            let decoded = Rows { ids: &batch.decoder_ids[dec.clone()], seq: d, hidden: None };
            let (states, _) = self.bart.encode(p, &encoded);
            let (out, _) = self.bart.decode(p, &decoded, &states, &encoded);
            let mut logits = self.bart.logits(p, &out);
            let mut losses = vec![0.0; dec.len()];
            let mut correct = vec![false; dec.len()];
            row_losses(&mut logits, &batch.targets[dec.clone()], &mut losses, &mut correct);
            let mut sum = TokenLoss::default();
            for (k, place) in dec.enumerate() {
                if batch.weights[place] > 0.0 {
                    sum.loss += f64::from(losses[k]);
                    sum.n_tokens += 1;
                }
                if masked[place] {
                    sum.masked_loss += f64::from(losses[k]);
                    sum.n_masked += 1;
                    sum.n_right += usize::from(correct[k]);
                }
            }
            sum
        });
        let mut sum = TokenLoss::default();
        parts.iter().for_each(|part| sum.add(part));
        sum
    }
}
