//! Regions: parts of latent space chosen on the map, the tree or the table, what is known of each, and which is filled.

mod apply;
mod bootstrap;
mod measure;

use std::sync::Arc;

pub use apply::edit;
pub use bootstrap::Contrast;
pub use measure::{Ground, Probe, RegionCard, measure};

use crate::workspace::NamedRegion;

/// The name of the job, on the board.
const MEASURE: &str = "Measure the region";

/// What is known of the regions of a study; made again as they change.
#[derive(Debug, Clone, Default)]
pub struct RegionCards {
    known: Vec<(Arc<NamedRegion>, u64, Result<Arc<RegionCard>, String>)>,
    /// The region a job measures now, with the data set it is measured against.
    pub pending: Option<(Arc<NamedRegion>, u64)>,
    /// Whether the map shows where samples will fall.
    pub hide_preview: bool,
}

impl RegionCards {
    /// The card of a region, when it was measured with this data set and model.
    pub fn get(&self, region: &Arc<NamedRegion>, serial: u64) -> Option<&Result<Arc<RegionCard>, String>> {
        self.known.iter().find(|(known, of, _)| *of == serial && known == region).map(|(_, _, card)| card)
    }

    /// Keeps a card.
    pub fn keep(&mut self, region: Arc<NamedRegion>, serial: u64, card: Result<RegionCard, String>) {
        self.known.retain(|(known, of, _)| *of == serial && *known != region);
        self.known.push((region, serial, card.map(Arc::new)));
    }

    /// Notes that a job was cancelled before it had a result.
    pub fn give_up(&mut self, job: &str) {
        if job == MEASURE
            && let Some((region, serial)) = self.pending.take()
        {
            self.keep(region, serial, Err("it was cancelled".into()));
        }
    }

    /// Forgets all cards, for example because another model was opened.
    pub fn forget(&mut self) {
        self.known.clear();
    }
}
