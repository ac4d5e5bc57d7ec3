//! The card of a minimum: its molecule, its energy.

use eframe::egui::{self, Align2, FontId, Pos2, Rect, Stroke, Ui, pos2, vec2};

use crate::app::data::number;
use crate::app::widgets::{View, paint_molecule};

const SIZE: egui::Vec2 = vec2(154.0, 134.0);

/// Paints the card of a minimum beside a place, inside `room`; `line` is its last line, below id and energy.
pub fn minimum_card_ui(ui: &Ui, view: &mut View, id: u64, energy: f64, line: &str, at: Pos2, room: Rect) {
    let left = if at.x + SIZE.x + 16.0 < room.right() { at.x + 12.0 } else { at.x - 12.0 - SIZE.x };
    let top = (at.y - SIZE.y - 6.0).clamp(room.top(), (room.bottom() - SIZE.y).max(room.top()));
    let card = Rect::from_min_size(pos2(left.max(room.left()), top), SIZE);
    let palette = view.palette;
    let painter = ui.painter().with_clip_rect(room);
    painter.rect(card, 6.0, palette.raised, Stroke::new(1.0, palette.line), egui::StrokeKind::Inside);
    let text = |y: f32, text: &str, colour| {
        painter.text(card.left_bottom() + vec2(8.0, y), Align2::LEFT_BOTTOM, text, FontId::proportional(11.0), colour);
    };
    text(-20.0, &format!("Minimum {id} · E = {}", number(energy)), palette.ink);
    text(-6.0, line, palette.ink_weak);
    let drawing = Rect::from_min_max(card.min + vec2(4.0, 4.0), card.max - vec2(4.0, 36.0));
    match view.state.decoded_minima.get(&id).cloned() {
        Some(smiles) => paint_molecule(ui, view, &smiles, drawing),
        None => {
            let why = match view.state.model {
                None => "open a model to decode it",
                Some(_) => "not decoded, or no molecule",
            };
            let font = FontId::proportional(11.0);
            painter.text(drawing.center(), Align2::CENTER_CENTER, why, font, palette.ink_weak);
        }
    }
}

/// The marked minima after a click on one of them: it alone, or with Shift added or taken away; none after a click
/// beside all.
pub fn toggled(marked: &[u64], clicked: Option<u64>, shift: bool) -> Vec<u64> {
    let mut after = if shift { marked.to_vec() } else { Vec::new() };
    if let Some(id) = clicked {
        match after.iter().position(|known| *known == id) {
            Some(at) => {
                after.remove(at);
            }
            None => after.push(id),
        }
    }
    after
}

#[cfg(test)]
mod tests {
    use super::toggled;

    #[test]
    fn shift_adds_and_takes_away() {
        assert_eq!(toggled(&[1, 2], Some(3), false), [3]);
        assert_eq!(toggled(&[1, 2], Some(3), true), [1, 2, 3]);
        assert_eq!(toggled(&[1, 2], Some(1), true), [2]);
        assert_eq!(toggled(&[1, 2], None, true), [1, 2]);
        assert!(toggled(&[1, 2], None, false).is_empty());
    }
}
