//! Structure drawings: where atoms stand, and the lines, wedges and labels between them, as plain geometry.
//!
//! [`depict`] turns a molecule into a [`Depiction`] in bond lengths with y up; [`svg()`] and [`grid()`] write it, and the
//! window paints the same geometry. Nothing here knows pixels but the two writers. Wavy and crossed bonds are left out:
//! an unstated configuration is drawn plain.

mod assembly;
mod clashes;
mod coordinates;
mod draw;
mod geometry;
mod labels;
mod palette;
mod ring_layout;
mod ring_systems;
mod stereo;
mod svg;

pub use coordinates::coordinates;
pub use draw::{Band, Circle, DepictParams, Depiction, Disc, Line, StereoBond, Triangle, depict};
pub use geometry::Point;
pub use labels::{Label, Run};
pub use palette::{Colour, Palette, contrast};
pub use svg::{GridParams, SvgParams, grid, svg};
