//! Data that never changes, told apart by identity rather than by content.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

static NEXT: AtomicU64 = AtomicU64::new(1);

/// An immutable value under an identity of its own. Clones are equal; the same content shared anew is not.
///
/// Comparing two of them costs nothing whatever their size: this is how the renderer knows that a buffer on the
/// device is still that of the scene.
#[derive(Debug)]
pub struct Shared<T: ?Sized> {
    id: u64,
    value: Arc<T>,
}

impl<T> Shared<T> {
    /// Takes a value under a new identity.
    pub fn new(value: T) -> Self {
        Self { id: NEXT.fetch_add(1, Ordering::Relaxed), value: Arc::new(value) }
    }
}

impl<T: ?Sized> Shared<T> {
    /// The identity; never 0, never used twice within a process.
    pub fn id(&self) -> u64 {
        self.id
    }
}

impl<T: ?Sized> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self { id: self.id, value: Arc::clone(&self.value) }
    }
}

impl<T: ?Sized> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl<T: ?Sized> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_decides() {
        let a = Shared::new(vec![1.0, f32::NAN]);
        assert_eq!(a, a.clone());
        assert_ne!(a, Shared::new(a.to_vec()));
    }
}
