//! The views that stand in tiles beside the map.

mod before_after;
mod contributions;
mod exploration;
mod export_figure;
mod fill_set;
mod forest;
mod frustration_change;
mod losses;
mod minimum_card;
mod model;
mod network;
mod parameters;
mod path;
mod region;
mod rows;
mod runs;
mod scores;
mod structures;
mod table;
mod tree;
mod tune_settings;
mod workbench;

pub use minimum_card::toggled;
pub use model::ModelPanel;
pub use structures::StructuresPanel;
pub use table::TablePanel;
pub use workbench::WorkbenchPanels;
