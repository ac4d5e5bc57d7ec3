//! Figures: what a view shows, laid out on a page with its legend; the same for window, PNG and SVG.

mod legend;
mod map;
mod path_profile;
mod tree;

pub use legend::{Legend, legend};
pub use map::{MOST_VECTOR_POINTS, MapFigure, Overlay, scene_corners, scene_marks};
pub use path_profile::{LEAST_WITH_LEGEND, ProfileFrame, ProfilePoint, curve_energy, path_profile};
pub use tree::{TreeFigure, tree_figure};

/// Sizes of text, in points.
const TEXT: f32 = 13.0;
const SMALL: f32 = 11.0;
const TITLE: f32 = 15.0;
