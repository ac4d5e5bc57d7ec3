//! A comparison as text: tables, a figure, and a page of its own. Pure functions; whoever calls them writes the files.

mod forest_plot;
mod headline;
mod html;
mod latex;
mod table;

pub use forest_plot::{forest_plot, forest_plot_file};
pub use headline::headline;
pub use html::{html, html_section, style};
pub use latex::latex;
pub use table::{csv, parquet};
