//! Where a disconnectivity graph stands on the screen, and what of it is under the pointer.

use eframe::egui::{Align2, FontId, Painter, Pos2, Rect, Stroke, pos2, vec2};

use super::look::Drawn;
use crate::app::data::number;
use crate::app::theme::space;
use crate::app::widgets::View;
use crate::landscape::MinimumId;
use crate::landscape::disconnectivity::DisconnectivityGraph;

/// From leaves and energies to the screen.
pub struct Frame {
    /// The plot itself.
    pub plot: Rect,
    /// Its width, in leaves.
    pub width: f64,
    /// The lowest and the highest energy on it.
    pub energies: [f64; 2],
}

impl Frame {
    /// A frame in `rect`, with `below` points of room under the axis.
    pub fn new(rect: Rect, drawn: &Drawn, below: f32) -> Self {
        let corner = rect.max - vec2(space::L, space::XL + below);
        let plot = Rect::from_min_max(rect.min + vec2(64.0, space::L + 6.0), corner);
        let [low, high] = drawn.layout.energy_range;
        let room = ((high - low) * 0.06).max(1e-9);
        Self { plot, width: drawn.layout.width.max(1.0), energies: [low - 0.4 * room, high + room] }
    }

    /// Down, for an energy.
    pub fn y(&self, energy: f64) -> f32 {
        let [low, high] = self.energies;
        self.plot.bottom() - ((energy - low) / (high - low)) as f32 * self.plot.height()
    }

    /// The energy at a place down.
    pub fn energy(&self, y: f32) -> f64 {
        let [low, high] = self.energies;
        low + f64::from((self.plot.bottom() - y) / self.plot.height()) * (high - low)
    }

    /// A place of the layout on the screen.
    pub fn at(&self, [x, energy]: [f64; 2]) -> Pos2 {
        pos2(self.plot.left() + (x / self.width) as f32 * self.plot.width(), self.y(energy))
    }
}

/// Lines at round energies.
pub fn axis_ui(painter: &Painter, view: &View, frame: &Frame) {
    let palette = view.palette;
    let [low, high] = frame.energies;
    let step = round_step((high - low) / 6.0);
    let mut tick = (low / step).ceil() * step;
    while tick <= high {
        let y = frame.y(tick);
        painter.line_segment([pos2(frame.plot.left(), y), pos2(frame.plot.right(), y)], Stroke::new(0.5, palette.line));
        let at = pos2(frame.plot.left() - 6.0, y);
        painter.text(
            at,
            Align2::RIGHT_CENTER,
            number((tick / step).round() * step),
            FontId::proportional(11.0),
            palette.ink_weak,
        );
        tick += step;
    }
    let at = frame.plot.left_top() + vec2(-58.0, -20.0);
    painter.text(at, Align2::LEFT_TOP, "E (similarity, scaled)", FontId::proportional(11.0), palette.ink_weak);
}

/// 1, 2 or 5 times a power of ten, near `wanted`.
fn round_step(wanted: f64) -> f64 {
    let power = 10f64.powf(wanted.max(1e-12).log10().floor());
    let lead = wanted / power;
    power
        * if lead < 1.5 {
            1.0
        } else if lead < 3.5 {
            2.0
        } else if lead < 7.5 {
            5.0
        } else {
            10.0
        }
}

/// The branch within 6 points of the pointer, if any.
pub fn nearest_branch(drawn: &Drawn, frame: &Frame, at: Pos2) -> Option<usize> {
    let distance = |a: Pos2, b: Pos2| {
        let along = b - a;
        let t = ((at - a).dot(along) / along.length_sq().max(1e-6)).clamp(0.0, 1.0);
        (a + along * t).distance(at)
    };
    let near = drawn.layout.segments.iter().map(|s| (distance(frame.at(s.from), frame.at(s.to)), s.node));
    near.min_by(|a, b| a.0.total_cmp(&b.0)).filter(|(distance, _)| *distance < 6.0).map(|(_, node)| node)
}

/// Beside the nodes: whether each lies in the superbasin of `top`.
pub fn below(graph: &DisconnectivityGraph, top: usize) -> Vec<bool> {
    let mut inside = vec![false; graph.nodes.len()];
    let mut open = vec![top];
    while let Some(node) = open.pop() {
        inside[node] = true;
        open.extend(&graph.nodes[node].children);
    }
    inside
}

/// The minima of a superbasin.
pub fn leaves_below(graph: &DisconnectivityGraph, top: usize) -> Vec<MinimumId> {
    let inside = below(graph, top);
    graph
        .nodes
        .iter()
        .zip(inside)
        .filter(|(node, inside)| *inside && node.is_leaf())
        .map(|(node, _)| node.lowest)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::round_step;

    #[test]
    fn ticks_stand_at_round_numbers() {
        for (wanted, step) in [(0.013, 0.01), (0.19, 0.2), (4.0, 5.0), (88.0, 100.0)] {
            assert!((round_step(wanted) / step - 1.0).abs() < 1e-9, "{wanted}");
        }
    }
}
