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

/// A relative change in percent, with its sign: “+0.75”, “−1.20”.
pub fn percent(change: f64) -> String {
    // Rounding may leave a zero with a sign.
    let text = format!("{:+.2}", 100.0 * change);
    if text == "-0.00" { "+0.00".to_owned() } else { text.replace('-', "−") }
}
