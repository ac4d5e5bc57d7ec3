//! Learning from the predictions of another set of weights.

use super::buffer::Buffer;
use super::kernels::divergence;
use super::weights::Weights;
use super::{DenoisingBatch, Engine, Rows, StepLoss, inverse_sum, scaled, sum_shares};

impl Engine {
    /// Mean divergence KL(teacher ‖ p) of the decoder's predictions on a denoising batch, a weighted mean over its
    /// tokens, in nats; adds its gradient by `p` to `g`. Zero, gradient included, where `p` is the teacher.
    ///
    /// * `teacher` – weights laid out like `p`
    pub fn pseudolabels(&self, p: &[f32], teacher: &[f32], batch: &DenoisingBatch, g: &mut [f32]) -> StepLoss {
        let (p, teacher) = (&Weights::new(p), &Weights::new(teacher));
        let (e, d) = (batch.encoder_seq, batch.decoder_seq);
        let scale = inverse_sum(&batch.weights);
        let shares = self.shares(batch.ids.len() / e, e.max(d), |rows, share| {
            let (enc, dec) = (rows.start * e..rows.end * e, rows.start * d..rows.end * d);
            let hidden = batch.hidden.as_ref().map(|h| &h[enc.clone()]);
            let encoded = Rows { ids: &batch.ids[enc], seq: e, hidden };
            let decoded = Rows { ids: &batch.decoder_ids[dec.clone()], seq: d, hidden: None };
            let (states, _) = self.bart.encode(teacher, &encoded);
            let (out, _) = self.bart.decode(teacher, &decoded, &states, &encoded);
            let mut wanted = self.bart.logits(teacher, &out);

            let (states, encoder_tape) = self.bart.encode(p, &encoded);
            let (out, decoder_tape) = self.bart.decode(p, &decoded, &states, &encoded);
            let mut logits = self.bart.logits(p, &out);
            let weights = scaled(&batch.weights[dec.clone()], scale);
            share.loss.decoder += divergence(&mut logits, &mut wanted, self.bart.vocab_size(), &weights);
            share.loss.n_targets += weights.iter().filter(|&&w| w > 0.0).count();

            let g = &mut share.gradient;
            let dout = self.bart.head_backward(p, g, &out, &logits);
            let mut dstates = Buffer::zeros(states.len());
            self.bart.decode_backward(p, g, &decoder_tape, &decoded, &states, &encoded, dout, &mut dstates);
            self.bart.encode_backward(p, g, &encoder_tape, &encoded, dstates);
        });
        let mut loss = sum_shares(shares, g);
        loss.total = loss.decoder;
        loss
    }
}
