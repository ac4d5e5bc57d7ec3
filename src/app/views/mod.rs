//! The views that stand in tiles beside the map.

mod contributions;
mod fill_set;
mod forest;
mod losses;
mod model;
mod rows;
mod structures;
mod table;
mod tree;
mod workbench;

pub use model::ModelPanel;
pub use structures::StructuresPanel;
pub use table::TablePanel;
pub use workbench::WorkbenchPanels;
