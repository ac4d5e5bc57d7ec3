//! The parameters of a step, with the weights of its linear layers packed once for all pieces of the batch.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use super::layout::LinearAt;
use super::product::Packed;

/// Parameters; a matrix is packed when a product first asks for it.
pub struct Weights<'a> {
    values: &'a [f32],
    /// By where the matrix starts and whether it is transposed.
    packed: Mutex<HashMap<(usize, bool), Arc<Packed>>>,
}

impl<'a> Weights<'a> {
    /// The weights among the parameters of a network.
    pub fn new(values: &'a [f32]) -> Self {
        Self { values, packed: Mutex::default() }
    }

    /// Wᵀ, for x Wᵀ.
    pub fn transposed(&self, at: &LinearAt) -> Arc<Packed> {
        self.packed(at, true)
    }

    /// W, for dy W.
    pub fn plain(&self, at: &LinearAt) -> Arc<Packed> {
        self.packed(at, false)
    }

    fn packed(&self, at: &LinearAt, transposed: bool) -> Arc<Packed> {
        let mut all = self.packed.lock().unwrap_or_else(PoisonError::into_inner);
        let of_matrix = || Arc::new(Packed::new(at.weight(self.values), at.n_in, transposed));
        all.entry((at.start, transposed)).or_insert_with(of_matrix).clone()
    }
}

impl Deref for Weights<'_> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        self.values
    }
}
