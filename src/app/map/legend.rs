//! What the colours mean, painted over a corner of the map.

use eframe::egui::{self, Align2, Color32, FontId, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::scene::Legend;
use crate::app::data::number;
use crate::app::model_session::thousands;
use crate::app::theme::{Palette, space};
use crate::render::{ColourScale, Rgba};
use crate::render::{Drawing, GlyphShape, Mark};

const BAR: egui::Vec2 = vec2(150.0, 8.0);
const MARGIN: f32 = 8.0;
/// Width of a list of shapes: their names are long.
const SHAPES_WIDTH: f32 = 236.0;

/// Paints the legends one above the other, the first lowest, into the lower left corner of `rect`.
pub fn ui(ui: &mut Ui, palette: &Palette, rect: Rect, legends: &[Legend]) {
    let mut bottom = rect.bottom() - space::M;
    for legend in legends {
        let height = match legend {
            Legend::Scale(_) => 42.0,
            Legend::Words(_, words) => 20.0 + 16.0 * words.len() as f32,
            Legend::Shapes(shapes) => 4.0 + 16.0 * shapes.len() as f32,
        };
        let width = if matches!(legend, Legend::Shapes(_)) { SHAPES_WIDTH } else { BAR.x };
        let size = vec2(width + 2.0 * MARGIN, height + MARGIN);
        let ground = Rect::from_min_size(pos2(rect.left() + space::M, bottom - size.y), size);
        ui.painter().rect(
            ground,
            6.0,
            palette.raised.gamma_multiply(0.92),
            egui::Stroke::new(1.0, palette.line),
            egui::StrokeKind::Inside,
        );
        let inner = ground.shrink(MARGIN);
        let response = ui.interact(ground, ui.scope_id().with(("legend", words_of(legend))), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, words_of(legend)));
        match legend {
            Legend::Scale(scale) => scale_ui(ui, palette, inner, scale),
            Legend::Words(title, words) => words_ui(ui, palette, inner, title, words),
            Legend::Shapes(shapes) => shapes_ui(ui, palette, inner, shapes),
        }
        bottom = ground.top() - space::S;
    }
}

/// The legend in words, for those who cannot see it.
pub fn words_of(legend: &Legend) -> String {
    match legend {
        Legend::Scale(scale) => {
            let [low, high] = scale.range.map(|value| number(f64::from(value)));
            format!("Legend: {} from {low} to {high} {}", scale.label, scale.unit)
        }
        Legend::Words(title, words) => {
            let words: Vec<&str> = words.iter().map(|(word, _, _)| word.as_str()).collect();
            format!("Legend: {title}: {}", words.join(", "))
        }
        Legend::Shapes(shapes) => {
            let words: Vec<String> =
                shapes.iter().map(|(shape, _, n)| format!("{} {}", thousands(*n), shape.label())).collect();
            format!("Legend: {}", words.join(", "))
        }
    }
}

fn colour([r, g, b, a]: Rgba) -> Color32 {
    Color32::from_rgba_unmultiplied(r, g, b, a)
}

fn scale_ui(ui: &Ui, palette: &Palette, inner: Rect, scale: &ColourScale) {
    let painter = ui.painter();
    let title = if scale.unit.is_empty() { scale.label.clone() } else { format!("{} ({})", scale.label, scale.unit) };
    let galley = painter.layout(title, FontId::proportional(12.0), palette.ink, inner.width());
    let clip = painter.with_clip_rect(inner.expand(2.0));
    clip.galley(inner.min - vec2(0.0, 2.0), galley, palette.ink);
    let bar = Rect::from_min_size(inner.min + vec2(0.0, 15.0), BAR);
    let n = 50;
    for k in 0..n {
        let step = BAR.x / n as f32;
        let piece = Rect::from_min_size(bar.min + vec2(k as f32 * step, 0.0), vec2(step + 0.5, BAR.y));
        painter.rect_filled(piece.intersect(bar), 0.0, colour(scale.map.colour(k as f32 / (n - 1) as f32)));
    }
    let [low, high] = scale.range;
    let ticks = [
        (0.0, low, Align2::LEFT_TOP),
        (0.5, f32::midpoint(low, high), Align2::CENTER_TOP),
        (1.0, high, Align2::RIGHT_TOP),
    ];
    for (part, value, align) in ticks {
        let at = pos2(bar.left() + part * BAR.x, bar.bottom() + 2.0);
        painter.text(at, align, number(f64::from(value)), FontId::proportional(11.0), palette.ink_weak);
    }
}

fn words_ui(ui: &Ui, palette: &Palette, inner: Rect, title: &str, words: &[(String, Rgba, usize)]) {
    let painter = ui.painter().with_clip_rect(inner.expand(2.0));
    painter.text(inner.min - vec2(0.0, 2.0), Align2::LEFT_TOP, title, FontId::proportional(12.0), palette.ink);
    for (k, (word, fill, n)) in words.iter().enumerate() {
        let y = inner.top() + 22.0 + 16.0 * k as f32;
        painter.circle_filled(pos2(inner.left() + 5.0, y), 4.0, colour(*fill));
        let text = if word.is_empty() { "no value" } else { word.as_str() };
        painter.text(pos2(inner.left() + 15.0, y), Align2::LEFT_CENTER, text, FontId::proportional(12.0), palette.ink);
        let count = thousands(*n);
        painter.text(pos2(inner.right(), y), Align2::RIGHT_CENTER, count, FontId::proportional(11.0), palette.ink_weak);
    }
}

fn shapes_ui(ui: &Ui, palette: &Palette, inner: Rect, shapes: &[(GlyphShape, Rgba, usize)]) {
    let painter = ui.painter().with_clip_rect(inner.expand(2.0));
    for (k, (shape, fill, n)) in shapes.iter().enumerate() {
        let y = inner.top() + 6.0 + 16.0 * k as f32;
        let mut glyph = Drawing::new([1.0; 2], [0; 4]);
        let centre = [inner.left() + 5.0, y];
        glyph.marks.push(Mark::Glyph { centre, shape: *shape, radius: 4.0, fill: *fill, halo: [0; 4], ring: [0; 4] });
        glyph.paint(&painter, pos2(0.0, 0.0));
        let font = FontId::proportional(12.0);
        painter.text(pos2(inner.left() + 15.0, y), Align2::LEFT_CENTER, shape.label(), font, palette.ink);
        let font = FontId::proportional(11.0);
        painter.text(pos2(inner.right(), y), Align2::RIGHT_CENTER, thousands(*n), font, palette.ink_weak);
    }
}
