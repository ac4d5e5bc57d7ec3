//! What the lowest minima decode to, drawn in a row below the graph.

use eframe::egui::{Align2, FontId, Rect, Stroke, Ui, pos2, vec2};

use super::frame::Frame;
use super::look::Drawn;
use crate::app::widgets::{View, paint_molecule};

/// Height of the row, in points.
pub const HEIGHT: f32 = 104.0;
/// Width of a drawing.
const WIDTH: f32 = 88.0;

/// Draws as many of the lowest leaves as fit, from left to right as they stand, each joined to its leaf.
pub fn ui(ui: &Ui, view: &mut View, drawn: &Drawn, frame: &Frame, rect: Rect) {
    let n = ((frame.plot.width() / WIDTH) as usize).min(drawn.layout.leaves.len());
    let mut lowest: Vec<usize> = (0..drawn.layout.leaves.len()).collect();
    let energy = |k: &usize| drawn.layout.leaves[*k].energy;
    lowest.sort_by(|a, b| energy(a).total_cmp(&energy(b)).then(a.cmp(b)));
    lowest.truncate(n);
    lowest.sort_unstable();
    let palette = view.palette;
    let painter = ui.painter().with_clip_rect(rect);
    let step = frame.plot.width() / n.max(1) as f32;
    let top = rect.bottom() - HEIGHT + 14.0;
    for (slot, k) in lowest.into_iter().enumerate() {
        let leaf = drawn.layout.leaves[k];
        let id = u64::from(leaf.minimum.0);
        let middle = frame.plot.left() + (slot as f32 + 0.5) * step;
        let card = Rect::from_min_max(
            pos2(middle - 0.5 * WIDTH.min(step) + 2.0, top),
            pos2(middle + 0.5 * WIDTH.min(step) - 2.0, rect.bottom() - 4.0),
        );
        let lit = view.state.marked_minima.contains(&id) || view.state.focus.hovered == Some(id);
        let colour = if lit { palette.accent } else { palette.line };
        let at = frame.at([leaf.x, leaf.energy]);
        painter.line_segment([at, pos2(at.x, frame.plot.bottom())], Stroke::new(0.5, colour));
        painter.line_segment([pos2(at.x, frame.plot.bottom()), pos2(middle, top)], Stroke::new(0.8, colour));
        painter.rect(card, 4.0, palette.raised, Stroke::new(1.0, colour), eframe::egui::StrokeKind::Inside);
        match view.state.decoded_minima.get(&id).cloned() {
            Some(smiles) => {
                paint_molecule(ui, view, &smiles, Rect::from_min_max(card.min, card.max - vec2(0.0, 13.0)));
            }
            None => {
                let why = if view.state.model.is_some() { "no molecule" } else { "no model" };
                let font = FontId::proportional(10.0);
                painter.text(card.center(), Align2::CENTER_CENTER, why, font, palette.ink_weak);
            }
        }
        let font = FontId::proportional(10.0);
        let at = card.center_bottom() - vec2(0.0, 2.0);
        painter.text(at, Align2::CENTER_BOTTOM, leaf.minimum.to_string(), font, palette.ink_weak);
    }
}
