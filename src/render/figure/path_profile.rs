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
/// Width of a page on which the legend stands beside the plot, in points.
pub const LEAST_WITH_LEGEND: f32 = 640.0;

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

/// Where lengths and energies stand on the page of a profile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProfileFrame {
    /// Left, upper, right and lower edge of the plot, in points.
    pub edges: [f32; 4],
    lengths: [f64; 2],
    energies: [f64; 2],
}

impl ProfileFrame {
    /// The frame of points on a page of `size` points.
    pub fn new(points: &[ProfilePoint], has_title: bool, has_legend: bool, size: [f32; 2]) -> Self {
        let bound = |f: &dyn Fn(&ProfilePoint) -> f64| {
            let low = points.iter().map(f).fold(f64::INFINITY, f64::min);
            let high = points.iter().map(f).fold(f64::NEG_INFINITY, f64::max);
            match high > low {
                true => [low, high],
                false if low.is_finite() => [low - 0.5, low + 0.5],
                false => [0.0, 1.0],
            }
        };
        let [low, high] = bound(&|p| p.energy);
        let top = if has_title { 48.0 } else { 24.0 };
        let beside = if has_legend { legend_of(points).width() } else { 0.0 };
        Self {
            edges: [74.0, top, size[0] - 32.0 - beside, size[1] - 76.0],
            lengths: bound(&|p| p.length),
            energies: [low - 0.12 * (high - low), high + 0.12 * (high - low)],
        }
    }

    /// Across, for a length of the path.
    pub fn x(&self, length: f64) -> f32 {
        let [left, _, right, _] = self.edges;
        left + ((length - self.lengths[0]) / (self.lengths[1] - self.lengths[0])) as f32 * (right - left)
    }

    /// Down, for an energy.
    pub fn y(&self, energy: f64) -> f32 {
        let [_, top, _, bottom] = self.edges;
        bottom - ((energy - self.energies[0]) / (self.energies[1] - self.energies[0])) as f32 * (bottom - top)
    }

    /// The length that stands at a place across.
    pub fn length(&self, x: f32) -> f64 {
        let [left, _, right, _] = self.edges;
        self.lengths[0] + f64::from((x - left) / (right - left)) * (self.lengths[1] - self.lengths[0])
    }
}

fn legend_of(points: &[ProfilePoint]) -> Legend {
    let shapes = GlyphShape::ALL.into_iter().filter(|s| points.iter().any(|p| p.shape == *s)).collect();
    Legend { shapes, ..Legend::default() }
}

/// The height of the drawn curve at a length of the path: level at each point, smooth between two. Only the points are
/// data. `None` without points.
pub fn curve_energy(points: &[ProfilePoint], length: f64) -> Option<f64> {
    let last = points.last()?;
    let pair = points.windows(2).find(|pair| length <= pair[1].length);
    let Some([a, b]) = pair else { return Some(last.energy) };
    let t = if b.length > a.length { ((length - a.length) / (b.length - a.length)).clamp(0.0, 1.0) } else { 1.0 };
    Some(a.energy + t * t * (3.0 - 2.0 * t) * (b.energy - a.energy))
}

/// Draws the energy along a path on a page of `size` points: stationary points joined by curves that are level at
/// each of them (only the points are data; `length_label` and `energy_label` name the axes with their units). A narrow
/// page has no legend.
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
    let content = legend_of(points);
    let has_legend = size[0] >= LEAST_WITH_LEGEND;
    let frame = ProfileFrame::new(points, !title.is_empty(), has_legend, size);
    let [left, top, right, bottom] = frame.edges;
    if !title.is_empty() {
        out.text([16.0, 26.0], title, TITLE, theme.ink, Anchor::Start);
    }
    out.text([16.0, size[1] - 10.0], footer, SMALL, theme.faint, Anchor::Start);
    if points.is_empty() {
        let middle = [0.5 * size[0], 0.5 * size[1]];
        out.text(middle, "No path: choose two minima that are joined", TEXT, theme.faint, Anchor::Middle);
        return out;
    }
    let (x, y) = (|length: f64| frame.x(length), |energy: f64| frame.y(energy));
    for (energy, label) in ticks(frame.energies[0], frame.energies[1], 6) {
        out.line([left, y(energy)], [right, y(energy)], theme.grid, 1.0);
        out.text([left - 8.0, y(energy) + 4.0], label, SMALL, theme.ink, Anchor::End);
    }
    for (length, label) in ticks(frame.lengths[0], frame.lengths[1], 8) {
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
            let length = pair[0].length + t * (pair[1].length - pair[0].length);
            curve.push([x(length), y(curve_energy(pair, length).unwrap_or(pair[1].energy))]);
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
    if has_legend {
        for mark in super::legend(&content, theme, bottom - top).marks {
            out.marks.push(moved(mark, [right + 20.0, top]));
        }
    }
    out
}
