//! The views that stand in tiles beside the map.

mod contributions;
mod exploration;
mod export_figure;
mod fill_set;
mod forest;
mod losses;
mod minimum_card;
mod model;
mod network;
mod path;
mod region;
mod rows;
mod structures;
mod table;
mod tree;
mod workbench;

pub use minimum_card::toggled;
pub use model::ModelPanel;
pub use structures::StructuresPanel;
pub use table::TablePanel;
pub use workbench::WorkbenchPanels;
