//! The energy along a path as a figure.

use super::map::moved;
use super::{SMALL, TEXT, TITLE};
use crate::render::drawing::{Anchor, Drawing, Mark};
use crate::render::figure::Legend;
use crate::render::scene::GlyphShape;
use crate::render::theme::Theme;
use crate::render::ticks::ticks;

/// Straight pieces of the curve between two points.
const STEPS: usize = 24;

/// A stationary point of a path.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfilePoint {
    /// Length of the path up to here.
    pub length: f64,
    /// Its energy.
    pub energy: f64,
    /// Its kind.
    pub shape: GlyphShape,
    /// What is written beside it; empty for nothing.
    pub label: String,
}

/// Draws the energy along a path on a page of `size` points: stationary points joined by curves that are level at
/// each of them (only the points are data; `length_label` and `energy_label` name the axes with their units).
pub fn path_profile(
    points: &[ProfilePoint],
    length_label: &str,
    energy_label: &str,
    title: &str,
    footer: &str,
    theme: &Theme,
    size: [f32; 2],
) -> Drawing {
    let mut out = Drawing::new(size, theme.background);
    title.clone_into(&mut out.title);
    let shapes = GlyphShape::ALL.into_iter().filter(|s| points.iter().any(|p| p.shape == *s)).collect();
    let content = Legend { shapes, ..Legend::default() };
    let top = if title.is_empty() { 24.0 } else { 48.0 };
    let [left, right, bottom] = [74.0, size[0] - 32.0 - content.width(), size[1] - 76.0];
    if !title.is_empty() {
        out.text([16.0, 26.0], title, TITLE, theme.ink, Anchor::Start);
    }
    out.text([16.0, size[1] - 10.0], footer, SMALL, theme.faint, Anchor::Start);
    let bound = |f: &dyn Fn(&ProfilePoint) -> f64| {
        let low = points.iter().map(f).fold(f64::INFINITY, f64::min);
        let high = points.iter().map(f).fold(f64::NEG_INFINITY, f64::max);
        if high > low { [low, high] } else { [low - 0.5, low + 0.5] }
    };
    if points.is_empty() {
        let middle = [0.5 * size[0], 0.5 * size[1]];
        out.text(middle, "No path: choose two minima that are joined", TEXT, theme.faint, Anchor::Middle);
        return out;
    }
    let [x0, x1] = bound(&|p| p.length);
    let [low, high] = bound(&|p| p.energy);
    let [y0, y1] = [low - 0.06 * (high - low), high + 0.12 * (high - low)];
    let x = |length: f64| left + ((length - x0) / (x1 - x0)) as f32 * (right - left);
    let y = |energy: f64| bottom - ((energy - y0) / (y1 - y0)) as f32 * (bottom - top);
    for (energy, label) in ticks(y0, y1, 6) {
        out.line([left, y(energy)], [right, y(energy)], theme.grid, 1.0);
        out.text([left - 8.0, y(energy) + 4.0], label, SMALL, theme.ink, Anchor::End);
    }
    for (length, label) in ticks(x0, x1, 8) {
        out.line([x(length), bottom], [x(length), bottom + 5.0], theme.ink, 1.0);
        out.text([x(length), bottom + 19.0], label, SMALL, theme.ink, Anchor::Middle);
    }
    out.line([left, bottom], [right, bottom], theme.ink, 1.0);
    out.text([0.5 * (left + right), bottom + 38.0], length_label, TEXT, theme.ink, Anchor::Middle);
    out.marks.push(Mark::Text {
        place: [22.0, 0.5 * (top + bottom)],
        text: energy_label.to_owned(),
        size: TEXT,
        colour: theme.ink,
        anchor: Anchor::Middle,
        upward: true,
    });
    let mut curve: Vec<[f32; 2]> = vec![[x(points[0].length), y(points[0].energy)]];
    for pair in points.windows(2) {
        for k in 1..=STEPS {
            let t = k as f64 / STEPS as f64;
            let smooth = t * t * (3.0 - 2.0 * t);
            let length = pair[0].length + t * (pair[1].length - pair[0].length);
            curve.push([x(length), y(pair[0].energy + smooth * (pair[1].energy - pair[0].energy))]);
        }
    }
    out.marks.push(Mark::Line { places: curve, colour: theme.edge, width: 1.8, dash: 0.0 });
    for point in points {
        let fill = if point.shape.is_minimum() { theme.minimum } else { theme.transition_state };
        let centre = [x(point.length), y(point.energy)];
        let (shape, halo) = (point.shape, theme.halo);
        out.marks.push(Mark::Glyph { centre, shape, radius: 5.0, fill, halo, ring: [0; 4] });
        let dy = if point.shape.is_minimum() { 20.0 } else { -11.0 };
        out.text([centre[0], centre[1] + dy], point.label.clone(), SMALL, theme.ink, Anchor::Middle);
    }
    for mark in super::legend(&content, theme, bottom - top).marks {
        out.marks.push(moved(mark, [right + 20.0, top]));
    }
    out
}
