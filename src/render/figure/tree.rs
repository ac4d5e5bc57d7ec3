//! The disconnectivity graph as a figure.

use super::{SMALL, TEXT, TITLE};
use crate::landscape::MinimumId;
use crate::landscape::disconnectivity::TreeLayout;
use crate::render::colour_map::ColourScale;
use crate::render::drawing::{Anchor, Drawing, Mark};
use crate::render::figure::Legend;
use crate::render::scene::GlyphShape;
use crate::render::theme::Theme;
use crate::render::ticks::ticks;

/// What a tree figure shows.
#[derive(Debug, Clone, PartialEq)]
pub struct TreeFigure<'a> {
    /// The lines.
    pub layout: &'a TreeLayout,
    /// A value for each leaf of the layout, in its order, and their colours.
    pub colours: Option<(Vec<f32>, ColourScale)>,
    /// Minima with a ring.
    pub selected: Vec<MinimumId>,
    /// Label of the energy axis, with its unit.
    pub energy_label: String,
    /// Line of text above; empty for none.
    pub title: String,
    /// Line of text below; empty for none.
    pub footer: String,
}

/// Draws a tree on a page of `size` points.
pub fn tree_figure(figure: &TreeFigure<'_>, theme: &Theme, size: [f32; 2]) -> Drawing {
    let mut out = Drawing::new(size, theme.background);
    out.title.clone_from(&figure.title);
    let layout = figure.layout;
    if !figure.title.is_empty() {
        out.text([16.0, 26.0], figure.title.clone(), TITLE, theme.ink, Anchor::Start);
    }
    out.text([16.0, size[1] - 10.0], figure.footer.clone(), SMALL, theme.faint, Anchor::Start);
    if layout.leaves.is_empty() {
        let middle = [0.5 * size[0], 0.5 * size[1]];
        out.text(middle, "The network has no minima: search the surface first", TEXT, theme.faint, Anchor::Middle);
        return out;
    }
    let scales = figure.colours.as_ref().map(|(_, scale)| scale.clone()).into_iter().collect();
    let content = Legend { scales, shapes: vec![GlyphShape::Disc], ..Legend::default() };
    let legend_width = if figure.colours.is_some() { content.width() + 20.0 } else { 0.0 };
    let top = if figure.title.is_empty() { 20.0 } else { 44.0 };
    let [left, right, bottom] = [74.0, size[0] - 20.0 - legend_width, size[1] - 44.0];
    let [low, high] = layout.energy_range;
    let x = |leaf: f64| left + 8.0 + (leaf / layout.width.max(1.0)) as f32 * (right - left - 16.0);
    let y = |energy: f64| bottom - ((energy - low) / (high - low).max(f64::MIN_POSITIVE)) as f32 * (bottom - top);
    for (energy, label) in ticks(low, high, 6) {
        let y = y(energy);
        out.line([left, y], [right, y], theme.grid, 1.0);
        out.text([left - 8.0, y + 4.0], label, SMALL, theme.ink, Anchor::End);
    }
    out.marks.push(Mark::Text {
        place: [22.0, 0.5 * (top + bottom)],
        text: figure.energy_label.clone(),
        size: TEXT,
        colour: theme.ink,
        anchor: Anchor::Middle,
        upward: true,
    });
    for segment in &layout.segments {
        let ends = [segment.from, segment.to].map(|[leaf, energy]| [x(leaf), y(energy)]);
        out.line(ends[0], ends[1], theme.edge, 1.2);
    }
    let spacing = (right - left) / layout.width.max(1.0) as f32;
    let radius = (0.4 * spacing).clamp(1.6, 4.5);
    for (k, leaf) in layout.leaves.iter().enumerate() {
        let value = figure.colours.as_ref().and_then(|(values, scale)| scale.colour(*values.get(k)?));
        let own = if figure.colours.is_some() { theme.unknown } else { theme.minimum };
        let ring = if figure.selected.contains(&leaf.minimum) { theme.selection } else { [0; 4] };
        out.marks.push(Mark::Glyph {
            centre: [x(leaf.x), y(leaf.energy)],
            shape: GlyphShape::Disc,
            radius,
            fill: value.unwrap_or(own),
            halo: theme.halo,
            ring,
        });
    }
    if figure.colours.is_some() {
        let content = Legend { shapes: Vec::new(), ..content };
        for mark in super::legend(&content, theme, bottom - top).marks {
            out.marks.push(super::map::moved(mark, [right + 20.0, top]));
        }
    }
    out
}
