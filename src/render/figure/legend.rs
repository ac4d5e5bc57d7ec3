//! Legends: colour bars with units, and what the shapes mean.

use super::{SMALL, TEXT};
use crate::render::colour_map::ColourScale;
use crate::render::drawing::{Anchor, Drawing, Mark};
use crate::render::scene::{GlyphShape, Scene};
use crate::render::theme::Theme;
use crate::render::ticks::ticks;

/// What a legend explains.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Legend {
    /// Colour scales, from top to bottom.
    pub scales: Vec<ColourScale>,
    /// Shapes that occur.
    pub shapes: Vec<GlyphShape>,
    /// Whether weakly supported cells are hatched somewhere.
    pub hatched: bool,
    /// Whether some points have no value.
    pub unknown: bool,
}

impl Legend {
    /// What a scene needs explained.
    pub fn of(scene: &Scene) -> Self {
        use crate::render::scene::PointColours;
        let mut out = Self::default();
        let mut add = |scale: &ColourScale| {
            if !out.scales.contains(scale) {
                out.scales.push(scale.clone());
            }
        };
        if let Some(PointColours::Values { values, scale }) = scene.points.as_ref().map(|p| &p.colours) {
            add(scale);
            out.unknown = values.iter().any(|v| !v.is_finite());
        }
        let mut add = |scale: &ColourScale| {
            if !out.scales.contains(scale) {
                out.scales.push(scale.clone());
            }
        };
        scene.fields.iter().for_each(|field| add(&field.scale));
        let edges = scene.edges.as_ref().filter(|edges| !edges.plain);
        if let Some(scale) = edges.and_then(|edges| edges.scale.as_ref()) {
            add(scale);
        }
        if let Some(glyphs) = &scene.glyphs {
            if let Some(scale) = &glyphs.scale {
                add(scale);
            }
            out.shapes = GlyphShape::ALL
                .into_iter()
                .filter(|shape| glyphs.glyphs.iter().any(|glyph| glyph.shape == *shape))
                .collect();
        }
        out.hatched = scene.fields.iter().any(|field| field.grid.supported.contains(&false));
        out
    }

    /// Whether there is nothing to explain.
    pub fn is_empty(&self) -> bool {
        self.scales.is_empty() && self.shapes.is_empty() && !self.hatched && !self.unknown
    }

    /// Width that the legend needs, in points; 0 when it is empty.
    pub fn width(&self) -> f32 {
        let words = |text: &str| 0.56 * TEXT * text.chars().count() as f32;
        let scales = self.scales.iter().map(|scale| words(&heading(scale)).max(84.0));
        let shapes = self.shapes.iter().map(|shape| 24.0 + 0.93 * words(shape.label()));
        let others =
            [self.hatched.then(|| 24.0 + words("weakly supported")), self.unknown.then(|| 24.0 + words("no value"))];
        scales.chain(shapes).chain(others.into_iter().flatten()).fold(0.0, f32::max)
    }
}

fn heading(scale: &ColourScale) -> String {
    if scale.unit.is_empty() { scale.label.clone() } else { format!("{} ({})", scale.label, scale.unit) }
}

/// A legend's drawing, of the width it needs and at most `height`.
pub fn legend(content: &Legend, theme: &Theme, height: f32) -> Drawing {
    let mut drawing = Drawing::new([content.width(), height], [0; 4]);
    let n_rows = content.shapes.len() + usize::from(content.hatched) + usize::from(content.unknown);
    let rows_height = 19.0 * n_rows as f32 + 8.0;
    let room = (height - rows_height) / content.scales.len().max(1) as f32;
    let bar_height = (room - 44.0).clamp(36.0, 160.0);
    let mut y = 0.0;
    for scale in &content.scales {
        draw_scale(&mut drawing, scale, theme, y, bar_height);
        y += bar_height + 44.0;
    }
    for shape in &content.shapes {
        let fill = if shape.is_minimum() { theme.minimum } else { theme.transition_state };
        let centre = [8.0, y + 5.0];
        drawing.marks.push(Mark::Glyph { centre, shape: *shape, radius: 5.5, fill, halo: [0; 4], ring: [0; 4] });
        drawing.text([22.0, y + 9.0], shape.label(), SMALL + 1.0, theme.ink, Anchor::Start);
        y += 19.0;
    }
    if content.hatched {
        for k in 0..4 {
            let x = 4.0 * k as f32;
            drawing.line([x, y + 11.0], [x + 4.0, y], theme.faint, 1.0);
        }
        drawing.text([22.0, y + 9.0], "weakly supported", SMALL + 1.0, theme.ink, Anchor::Start);
        y += 19.0;
    }
    if content.unknown {
        drawing.marks.push(Mark::Disc {
            centre: [8.0, y + 5.0],
            radius: 4.0,
            fill: theme.unknown,
            border: ([0; 4], 0.0),
        });
        drawing.text([22.0, y + 9.0], "no value", SMALL + 1.0, theme.ink, Anchor::Start);
        y += 19.0;
    }
    drawing.size[1] = y;
    drawing
}

fn draw_scale(drawing: &mut Drawing, scale: &ColourScale, theme: &Theme, top: f32, bar_height: f32) {
    drawing.text([0.0, top + 11.0], heading(scale), TEXT, theme.ink, Anchor::Start);
    let (left, right, top) = (0.0, 14.0, top + 22.0);
    let bottom = top + bar_height;
    drawing.marks.push(Mark::Bar { corners: [[left, top], [right, bottom]], map: scale.map });
    let [low, high] = scale.range.map(f64::from);
    let n_ticks = (bar_height / 32.0).clamp(2.0, 6.0) as usize;
    for (value, text) in ticks(low, high, n_ticks) {
        let part = if high > low { ((value - low) / (high - low)) as f32 } else { 0.5 };
        let y = bottom - part * bar_height;
        drawing.line([right, y], [right + 4.0, y], theme.ink, 1.0);
        drawing.text([right + 8.0, y + 4.0], text, SMALL, theme.ink, Anchor::Start);
    }
}
