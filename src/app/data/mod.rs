//! What the window shows: molecules with their numbers, latent vectors and places on the map.

mod export;
mod load;
mod search;
mod selection;
mod table;

pub use export::{Export, ExportFormat, export};
pub use load::load_file;
pub use search::{Query, search};
pub use selection::{RowSet, SetOperation};
pub use table::{Column, DataSet, Latents, MapPlaces, Values, number};
