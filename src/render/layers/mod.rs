//! The layers of a map: what goes into their buffers, and their pipelines.

mod field;
mod glyphs;
mod lines;
mod paint;
mod points;

pub(crate) use field::{FIELD_HATCH_SPACING, FIELD_HATCH_WIDTH, FieldPipeline, field_hatch};
pub(crate) use glyphs::{GlyphInstance, GlyphPipeline, HALO_POINTS, RING_POINTS, glyph_fill, glyph_instances};
pub(crate) use lines::{LineInstance, LinePipeline, outline_lines, still_lines};
pub(crate) use paint::Paint;
pub(crate) use points::{PaintBuffers, PointBuffers, PointPipelines, PositionBuffers, SELECTED_RING_POINTS};
