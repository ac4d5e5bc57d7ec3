//! Regions: parts of latent space chosen on the map, the tree or the table, what is known of each, and which is filled.

mod apply;
mod bootstrap;
mod measure;

use std::sync::Arc;

pub use apply::edit;
pub use bootstrap::Contrast;
pub use measure::{Ground, Probe, RegionCard, measure};

use crate::app::action::{Action, PictureAction, RegionEdit};
use crate::app::data::RowSet;
use crate::app::state::State;
use crate::workspace::{NamedRegion, RegionDefinition};

/// What makes a region of the selected molecules.
///
/// # Errors
/// A sentence: nothing is selected, or there is no study to keep a region in.
pub fn of_selection(state: &State) -> Result<Action, String> {
    let selection = &state.picture.selection;
    if selection.is_empty() {
        return Err("Select molecules on the map first: L is the lasso".into());
    }
    around(state, "Selection", selection)
}

/// What makes a region around rows of the data set.
///
/// # Errors
/// A sentence: there is no study to keep a region in.
pub fn around(state: &State, name: &str, rows: &RowSet) -> Result<Action, String> {
    let points = state.study.as_ref().and_then(|study| study.ids.points.clone());
    let (Some(points), Some(data)) = (points, &state.data) else {
        return Err("A region belongs to a study: open one, or make one (“New study…” in the File menu)".into());
    };
    let molecules = rows.iter().filter_map(|row| data.ids.get(row).cloned()).collect();
    let definition = RegionDefinition::Around { points, molecules };
    Ok(PictureAction::Region(RegionEdit::Add(NamedRegion { name: name.to_owned(), definition })).into())
}

/// The name of the job, on the board.
const MEASURE: &str = "Measure the region";

/// A region, the data set it was measured against, and what came of it.
type Known = (Arc<NamedRegion>, u64, Result<Arc<RegionCard>, String>);

/// What is known of the regions of a study; made again as they change.
#[derive(Debug, Clone, Default)]
pub struct RegionCards {
    known: Vec<Known>,
    /// The region a job measures now, with the data set it is measured against.
    pub pending: Option<(Arc<NamedRegion>, u64)>,
    /// Whether the map shows where samples will fall.
    pub hide_preview: bool,
}

impl RegionCards {
    /// The card of a region, when it was measured with this data set and model.
    pub fn get(&self, region: &Arc<NamedRegion>, serial: u64) -> Option<&Result<Arc<RegionCard>, String>> {
        let same = |known: &Arc<NamedRegion>| Arc::ptr_eq(known, region) || known == region;
        self.known.iter().find(|(known, of, _)| *of == serial && same(known)).map(|(_, _, card)| card)
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
