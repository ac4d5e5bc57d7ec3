//! Cards of molecules on the map: one under the pointer, others pinned.

use eframe::egui::{self, Align2, FontId, Pos2, Rect, Stroke, StrokeKind, Ui, pos2, vec2};

use crate::app::data::DataSet;
use crate::app::widgets::{View, paint_molecule};

const CARD: egui::Vec2 = vec2(176.0, 150.0);

/// Paints the pinned cards, and that of the hovered row when the pointer is on the map.
///
/// * `at` – where a row is on the screen; none where it cannot be seen
pub fn ui(ui: &Ui, view: &mut View, data: &DataSet, at: &dyn Fn(usize) -> Option<Pos2>, rect: Rect, hovering: bool) {
    let pinned = &view.state.picture.pinned;
    let hovered = view.state.hovered.filter(|row| hovering && !pinned.contains(row));
    let rows: Vec<usize> = pinned.iter().copied().chain(hovered).collect();
    for row in rows {
        if let Some(place) = at(row) {
            card_ui(ui, view, data, row, place, rect);
        }
    }
}

fn card_ui(ui: &Ui, view: &mut View, data: &DataSet, row: usize, at: egui::Pos2, rect: Rect) {
    if !rect.contains(at) {
        return;
    }
    // To the right of the dot and above it, or on the other side where there is no room.
    let left = if at.x + 16.0 + CARD.x < rect.right() { at.x + 16.0 } else { at.x - 16.0 - CARD.x };
    let top = if at.y - CARD.y - 8.0 > rect.top() { at.y - CARD.y - 8.0 } else { at.y + 12.0 };
    let room = rect.shrink(4.0);
    let corner = pos2(
        left.clamp(room.left(), (room.right() - CARD.x).max(room.left())),
        top.clamp(room.top(), (room.bottom() - CARD.y).max(room.top())),
    );
    let card = Rect::from_min_size(corner, CARD);
    let painter = ui.painter().with_clip_rect(rect);
    let palette = view.palette;
    painter.line_segment([at, card.clamp(at)], Stroke::new(1.0, palette.ink_weak));
    painter.rect(card, 6.0, palette.raised, Stroke::new(1.0, palette.line), StrokeKind::Inside);
    let drawing = Rect::from_min_max(card.min + vec2(6.0, 6.0), card.max - vec2(6.0, 40.0));
    paint_molecule(ui, view, &data.smiles[row], drawing);
    let text = painter.with_clip_rect(card.shrink(6.0));
    let base = card.left_bottom() + vec2(8.0, -22.0);
    text.text(base, Align2::LEFT_BOTTOM, &data.ids[row], FontId::proportional(12.0), palette.ink);
    if let Some(column) = view.state.ranking() {
        let value = column.text(row);
        let value = if value.is_empty() { "no value".to_owned() } else { value };
        let line = format!("{} {value} {}", column.name, column.unit);
        text.text(
            card.left_bottom() + vec2(8.0, -7.0),
            Align2::LEFT_BOTTOM,
            line,
            FontId::proportional(11.0),
            palette.ink_weak,
        );
    }
}
