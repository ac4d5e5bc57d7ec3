//! The one mark of the first start: a dashed loop around the brightest area, and what to do with it.

use eframe::egui::{self, Align2, FontId, Painter, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, WidgetInfo, vec2};

use super::camera::Lens;
use crate::app::theme::Palette;
use crate::render::FieldGrid;

const WORDS: &str = "Drag around this bright area";
/// Radius of the loop, as a part of the shorter side of the map.
const LOOP: f32 = 0.085;

/// Paints the mark.
pub fn ui(ui: &Ui, palette: &Palette, grid: &FieldGrid, lens: &Lens, rect: Rect) {
    let Some(at) = brightest(grid).map(|place| lens.screen(place)).filter(|at| rect.shrink(20.0).contains(*at)) else {
        return;
    };
    let radius = (LOOP * rect.width().min(rect.height())).max(24.0);
    let painter = ui.painter().with_clip_rect(rect);
    let corners: Vec<Pos2> =
        (0..=48).map(|k| at + radius * egui::Vec2::angled(std::f32::consts::TAU * k as f32 / 48.0)).collect();
    painter.add(Shape::line(corners.clone(), Stroke::new(4.5, palette.canvas.gamma_multiply(0.75))));
    painter.extend(Shape::dashed_line(&corners, Stroke::new(2.5, palette.accent), 8.0, 5.0));
    bubble_ui(ui, &painter, palette, at, radius, rect);
}

fn bubble_ui(ui: &Ui, painter: &Painter, palette: &Palette, at: Pos2, radius: f32, rect: Rect) {
    let galley = painter.layout_no_wrap(WORDS.into(), FontId::proportional(14.0), palette.on_accent);
    let size = galley.size() + vec2(20.0, 12.0);
    let below = at.y + radius + 22.0 + size.y < rect.bottom() - 70.0;
    let y = if below { at.y + radius + 22.0 + size.y * 0.5 } else { at.y - radius - 22.0 - size.y * 0.5 };
    let room = rect.shrink(8.0);
    let x = at.x.clamp(room.left() + size.x * 0.5, (room.right() - size.x * 0.5).max(room.left() + size.x * 0.5));
    let bubble = Rect::from_center_size(egui::pos2(x, y), size);
    let (near, far) = if below { (bubble.top(), at.y + radius) } else { (bubble.bottom(), at.y - radius) };
    painter.line_segment([egui::pos2(at.x, near), egui::pos2(at.x, far)], Stroke::new(2.0, palette.accent));
    painter.rect_filled(bubble, 6.0, palette.accent);
    let corner = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), bubble).min;
    painter.galley(corner, galley, palette.on_accent);
    let response = ui.interact(bubble, ui.scope_id().with("coach"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, WORDS));
}

/// Where the field is highest among what data support.
fn brightest(grid: &FieldGrid) -> Option<[f32; 2]> {
    let supported = |k: usize| grid.supported.get(k).copied().unwrap_or(true);
    let best = (0..grid.values.len())
        .filter(|&k| supported(k) && grid.values[k].is_finite())
        .max_by(|a, b| grid.values[*a].total_cmp(&grid.values[*b]))?;
    let place = grid.place(best % grid.size[0], best / grid.size[0]);
    Some(place.map(|v| v as f32))
}
