//! What all views of a landscape share: the minimum under the pointer, the path between two minima, the network laid out.

mod apply;
mod figure;
mod layout;
mod live;
mod path;

use std::sync::Arc;

pub use figure::Figure;
pub use layout::{LayoutRequest, Placing, lay_out};
pub use live::{Ground, Live};
pub use path::{FoundPath, decode_images, find_path, measure_images, measure_toy};

use crate::landscape::NetworkLayout;

/// Names of the jobs, on the board.
const FIND: &str = "Find the path";
const DECODE: &str = "Decode along the path";
const MEASURE: &str = "Energies along the path";
const LAY_OUT: &str = "Lay the network out";

/// What came of a request: nothing yet, under way, or its result.
#[derive(Debug, Clone, Default)]
pub enum Answer<T> {
    /// Nothing was asked.
    #[default]
    None,
    /// A job works on it.
    Pending,
    /// The result, or why there is none.
    Ready(Result<Arc<T>, String>),
}

impl<T> Answer<T> {
    /// The result, when there is a good one.
    pub fn ok(&self) -> Option<&Arc<T>> {
        match self {
            Self::Ready(Ok(value)) => Some(value),
            _ => None,
        }
    }
}

impl LandscapeFocus {
    /// Notes that a job was cancelled before it had a result.
    pub fn give_up(&mut self, job: &str) {
        let why = || "it was cancelled".to_owned();
        match job {
            FIND => self.path = Answer::Ready(Err(why())),
            DECODE => self.molecules = Answer::Ready(Err(why())),
            MEASURE => self.energies = Answer::Ready(Err(why())),
            LAY_OUT => self.layout = Answer::Ready(Err(why())),
            _ => {}
        }
    }
}

/// Molecules at the images of a path: the SMILES, or why there is none.
pub type DecodedImages = Vec<Result<String, String>>;

/// What of the landscape is under the hand; every view of it reads and changes the same.
#[derive(Debug, Clone, Default)]
pub struct LandscapeFocus {
    /// The minimum under the pointer, wherever it is shown.
    pub hovered: Option<u64>,
    /// The ends that were asked for; the second may be left to the program.
    pub ends: Option<(u64, Option<u64>)>,
    /// The path between them.
    pub path: Answer<FoundPath>,
    /// The image of the path that is looked at.
    pub image: usize,
    /// The energy of the fitted surface at the images.
    pub energies: Answer<Vec<f64>>,
    /// What the images decode to with the open model.
    pub molecules: Answer<DecodedImages>,
    /// What the network was last asked to be laid out by.
    pub layout_asked: Option<LayoutRequest>,
    /// The network laid out.
    pub layout: Answer<NetworkLayout>,
}
