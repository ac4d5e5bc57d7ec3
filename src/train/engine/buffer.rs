//! Vectors of numbers that are used again. A piece of a batch needs much the same ones as the piece before it, and memory
//! that goes back to the system between two pieces has to be zeroed and mapped anew.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

thread_local! {
    static CURRENT: RefCell<Option<Store>> = const { RefCell::new(None) };
}

/// Vectors at rest, by the power of two that holds their length.
#[derive(Debug, Default)]
struct Store(Vec<Vec<Vec<f32>>>);

impl Store {
    fn class(len: usize) -> usize {
        len.next_power_of_two().trailing_zeros() as usize
    }

    fn take(&mut self, len: usize) -> Option<Vec<f32>> {
        self.0.get_mut(Self::class(len))?.pop()
    }

    fn put(&mut self, values: Vec<f32>) {
        let class = Self::class(values.capacity());
        if self.0.len() <= class {
            self.0.resize_with(class + 1, Vec::new);
        }
        self.0[class].push(values);
    }
}

/// Stores for as many threads as work at a time.
#[derive(Debug, Default)]
pub(super) struct Stores(Mutex<Vec<Store>>);

impl Stores {
    /// Does some work whose buffers come from a store and go back to it.
    pub fn lend<R>(&self, work: impl FnOnce() -> R) -> R {
        let store = self.at_rest().pop().unwrap_or_default();
        let outer = CURRENT.replace(Some(store));
        let result = work();
        let store = CURRENT.replace(outer);
        self.at_rest().extend(store);
        result
    }

    fn at_rest(&self) -> std::sync::MutexGuard<'_, Vec<Store>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A vector of numbers from the store of this thread, to which it returns.
#[derive(Debug)]
pub struct Buffer(Vec<f32>);

impl Buffer {
    /// `len` numbers that are to be overwritten: whatever was left in them. In unit tests: NaN.
    pub fn stale(len: usize) -> Self {
        let mut values = CURRENT
            .with_borrow_mut(|store| store.as_mut().and_then(|store| store.take(len)))
            .unwrap_or_else(|| Vec::with_capacity(len.next_power_of_two()));
        values.resize(len, 0.0);
        if cfg!(test) {
            values.fill(f32::NAN);
        }
        Self(values)
    }

    /// `len` zeros.
    pub fn zeros(len: usize) -> Self {
        let mut buffer = Self::stale(len);
        buffer.fill(0.0);
        buffer
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let values = std::mem::take(&mut self.0);
        CURRENT.with_borrow_mut(|store| store.as_mut().map(|store| store.put(values)));
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Self {
        let mut copy = Self::stale(self.len());
        copy.copy_from_slice(self);
        copy
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.0
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_from_its_store() {
        let stores = Stores::default();
        let place = |buffer: &Buffer| buffer.as_ptr() as usize;
        let first = stores.lend(|| place(&Buffer::zeros(700)));
        stores.lend(|| {
            let again = Buffer::stale(600);
            assert_eq!(place(&again), first, "both fit 1024");
            assert_eq!((again.len(), place(&again.clone()) == first), (600, false));
        });
        assert_eq!(stores.at_rest().len(), 1);
        assert_eq!(*Buffer::zeros(3), [0.0; 3], "without a store, too");
    }

    #[test]
    fn work_within_work_has_a_store_of_its_own() {
        let stores = Stores::default();
        stores.lend(|| {
            let outer = Buffer::zeros(8);
            stores.lend(|| drop(Buffer::zeros(8)));
            drop(outer);
        });
        assert_eq!(stores.at_rest().len(), 2);
    }
}
