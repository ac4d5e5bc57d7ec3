//! Figures of landscape views as files.

use std::path::Path;

use crate::app::event::told;
use crate::atomic_file;
use crate::render::figure::MapFigure;
use crate::render::{Drawing, Gpu};

/// Pixels a point of a PNG.
const PX_PER_POINT: f32 = 2.0;

/// A view as it is written.
#[derive(Debug, Clone, PartialEq)]
pub enum Figure {
    /// Lines and words.
    Drawing(Drawing),
    /// A scene with its legend.
    Map(MapFigure),
}

impl Figure {
    /// Writes the figure; the ending of the file decides whether as SVG or PNG.
    ///
    /// # Errors
    /// A sentence: another ending, or the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), String> {
        let ending = path.extension().and_then(|e| e.to_str()).map(str::to_lowercase).unwrap_or_default();
        let bytes = match (self, ending.as_str()) {
            (Self::Drawing(drawing), "svg") => drawing.svg().map_err(|e| told(&e))?.into_bytes(),
            (Self::Map(figure), "svg") => figure.drawing().svg().map_err(|e| told(&e))?.into_bytes(),
            (Self::Drawing(drawing), "png") => drawing.pixels(PX_PER_POINT).png(PX_PER_POINT).map_err(|e| told(&e))?,
            (Self::Map(figure), "png") => {
                let gpu = Gpu::off_screen().ok();
                let picture = figure.pixels(gpu.as_ref(), PX_PER_POINT).map_err(|e| told(&e))?;
                picture.png(PX_PER_POINT).map_err(|e| told(&e))?
            }
            _ => return Err(format!("a figure's file ends in .svg or .png, found {}", path.display())),
        };
        atomic_file::write(path, bytes).map_err(|error| told(&error))
    }
}
