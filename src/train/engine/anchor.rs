//! Pooled embeddings with a derivative.

use super::buffer::Buffer;
use super::weights::Weights;
use super::{Engine, Rows, Share, sum_shares};

/// Encoder rows whose states are averaged over the tokens that are attended to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PooledBatch {
    /// `(batch, seq)`.
    pub ids: Vec<u32>,
    /// Row length.
    pub seq: usize,
    /// `(batch, seq)`, true where padding is not attended to.
    pub hidden: Vec<bool>,
}

impl PooledBatch {
    /// Rows.
    pub fn len(&self) -> usize {
        self.ids.len() / self.seq.max(1)
    }

    /// No rows.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

impl Engine {
    /// Pooled embeddings `(batch, d_model)`.
    pub fn pooled(&self, p: &[f32], batch: &PooledBatch) -> Vec<f32> {
        let p = &Weights::new(p);
        let parts = self.pieces(batch.len(), batch.seq, |rows| {
            let places = rows.start * batch.seq..rows.end * batch.seq;
            let hidden = &batch.hidden[places.clone()];
            let (states, _) =
                self.bart.encode(p, &Rows { ids: &batch.ids[places], seq: batch.seq, hidden: Some(hidden) });
            means(&states, hidden, batch.seq, self.d_model)
        });
        parts.concat()
    }

    /// Mean over rows of |z − target|², with z the pooled embedding; adds `factor` times its gradient to `g`.
    ///
    /// * `targets` – `(batch, d_model)`
    pub fn anchor(&self, p: &[f32], batch: &PooledBatch, targets: &[f32], factor: f32, g: &mut [f32]) -> f64 {
        let p = &Weights::new(p);
        let (d, n_rows) = (self.d_model, batch.len());
        let slope = 2.0 * factor / n_rows as f32;
        let shares: Vec<Share> = self.shares(n_rows, batch.seq, |rows, share| {
            let places = rows.start * batch.seq..rows.end * batch.seq;
            let hidden = &batch.hidden[places.clone()];
            let encoded = Rows { ids: &batch.ids[places], seq: batch.seq, hidden: Some(hidden) };
            let (states, tape) = self.bart.encode(p, &encoded);
            let pooled = means(&states, hidden, batch.seq, d);
            let mut dstates = Buffer::zeros(states.len());
            let targets = &targets[rows.start * d..rows.end * d];
            for (r, (z, target)) in pooled.chunks_exact(d).zip(targets.chunks_exact(d)).enumerate() {
                let hidden = &hidden[r * batch.seq..(r + 1) * batch.seq];
                let slope = slope / n_seen(hidden);
                share.loss.states += z.iter().zip(target).map(|(z, t)| f64::from(z - t).powi(2)).sum::<f64>();
                for (place, _) in hidden.iter().enumerate().filter(|&(_, &hidden)| !hidden) {
                    let row = &mut dstates[(r * batch.seq + place) * d..][..d];
                    row.iter_mut().zip(z.iter().zip(target)).for_each(|(x, (z, t))| *x = slope * (z - t));
                }
            }
            self.bart.encode_backward(p, &mut share.gradient, &tape, &encoded, dstates);
        });
        sum_shares(shares, g).states / n_rows as f64
    }
}

fn n_seen(hidden: &[bool]) -> f32 {
    hidden.iter().filter(|&&hidden| !hidden).count().max(1) as f32
}

/// The mean state of each row over the places that are seen.
fn means(states: &[f32], hidden: &[bool], seq: usize, d: usize) -> Vec<f32> {
    let mut means = vec![0.0; states.len() / seq];
    for (mean, (states, hidden)) in
        means.chunks_exact_mut(d).zip(states.chunks_exact(seq * d).zip(hidden.chunks_exact(seq)))
    {
        for (state, _) in states.chunks_exact(d).zip(hidden).filter(|&(_, &hidden)| !hidden) {
            mean.iter_mut().zip(state).for_each(|(mean, x)| *mean += x);
        }
        let n = n_seen(hidden);
        mean.iter_mut().for_each(|x| *x /= n);
    }
    means
}
