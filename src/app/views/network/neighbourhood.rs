//! A part of a network, grown from a few minima.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::app::study::Landscape;
use crate::landscape::MinimumId;

/// Tells states of neighbourhoods apart; 0 is the whole network.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Minima that are shown.
#[derive(Debug)]
pub struct Neighbourhood {
    landscape: usize,
    shown: BTreeSet<u32>,
    version: u64,
}

impl Neighbourhood {
    /// The given minima alone.
    pub fn new(landscape: &Arc<Landscape>, minima: &[u64]) -> Self {
        let known = minima.iter().filter_map(|id| u32::try_from(*id).ok());
        let shown = known.filter(|id| landscape.network.minimum(MinimumId(*id)).is_some()).collect();
        Self { landscape: Arc::as_ptr(landscape) as usize, shown, version: NEXT.fetch_add(1, Ordering::Relaxed) }
    }

    /// Whether it was made of this landscape.
    pub fn is_of(&self, landscape: &Arc<Landscape>) -> bool {
        self.landscape == Arc::as_ptr(landscape) as usize
    }

    /// Changes whenever what is shown does.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// How many minima are shown.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// Whether a minimum is shown.
    pub fn holds(&self, id: MinimumId) -> bool {
        self.shown.contains(&id.0)
    }

    /// Also shows what is joined to a minimum.
    pub fn expand(&mut self, landscape: &Landscape, id: u64) {
        let Some(id) = u32::try_from(id).ok().map(MinimumId) else { return };
        let ends = landscape.network.transition_states_of(id).flat_map(|t| [t.minima.0.0, t.minima.1.0]);
        self.shown.extend(ends);
        self.version = NEXT.fetch_add(1, Ordering::Relaxed);
    }

    /// Also shows what is joined to any minimum shown.
    pub fn expand_all(&mut self, landscape: &Landscape) {
        let now: Vec<u32> = self.shown.iter().copied().collect();
        for id in now {
            self.expand(landscape, u64::from(id));
        }
    }
}
