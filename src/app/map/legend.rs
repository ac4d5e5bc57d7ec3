//! What the colours mean, painted over a corner of the map.

use eframe::egui::text::LayoutJob;
use eframe::egui::{self, Align2, Color32, FontId, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::scene::Legend;
use crate::app::data::number;
use crate::app::model_session::thousands;
use crate::app::theme::{Palette, space};
use crate::render::{ColourScale, Drawing, Glyph, GlyphShape, Mark, Rgba, Theme, ticks};

const BAR: egui::Vec2 = vec2(144.0, 8.0);
/// Height of a line of words.
const LINE: f32 = 16.0;
const MARGIN: f32 = 8.0;
/// Width of a list of shapes: their names are long.
const SHAPES_WIDTH: f32 = 226.0;

/// Height of a map from which the list of shapes leaves enough of it free.
const LEAST_FOR_SHAPES: f32 = 360.0;
/// Widest colour bar: long titles widen it.
const WIDEST: f32 = 240.0;
/// What hatching says.
const HATCHED: &str = "hatched: weak support";

/// Paints the legends into the lower left corner of `rect`: side by side while there is room, then above each other.
/// Returns the part of `rect` above them all.
pub fn ui(ui: &mut Ui, palette: &Palette, rect: Rect, legends: &[Legend]) -> Rect {
    let corner = rect.left_bottom() + vec2(space::S, -space::S);
    let (mut left, mut bottom, mut top) = (corner.x, corner.y, corner.y);
    let mut free = rect;
    for legend in legends {
        if matches!(legend, Legend::Shapes(_)) && rect.height() < LEAST_FOR_SHAPES {
            continue;
        }
        let height = match legend {
            Legend::Scale(_) => 40.0,
            Legend::HatchedScale(_) => 46.0 + LINE,
            Legend::Words(_, words) => 20.0 + LINE * words.len() as f32,
            Legend::Shapes(shapes) => 4.0 + LINE * shapes.len() as f32,
        };
        let width = match legend {
            Legend::Scale(scale) | Legend::HatchedScale(scale) => {
                let title = ui.painter().layout_no_wrap(title_of(scale), FontId::proportional(12.0), palette.ink);
                title.size().x.clamp(BAR.x, WIDEST)
            }
            Legend::Words(..) => BAR.x,
            Legend::Shapes(_) => SHAPES_WIDTH,
        };
        let size = vec2(width + 2.0 * MARGIN, height + MARGIN);
        if left > corner.x && left + size.x > rect.right() - space::S {
            (left, bottom) = (corner.x, top - space::S);
        }
        let ground = Rect::from_min_size(pos2(left, bottom - size.y), size);
        (left, top) = (ground.right() + space::S, top.min(ground.top()));
        free.set_bottom(top);
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
            Legend::HatchedScale(scale) => {
                scale_ui(ui, palette, inner, scale);
                hatched_ui(ui, palette, inner);
            }
            Legend::Words(title, words) => words_ui(ui, palette, inner, title, words),
            Legend::Shapes(shapes) => shapes_ui(ui, palette, inner, shapes),
        }
    }
    free
}

/// The legend in words, for those who cannot see it.
pub fn words_of(legend: &Legend) -> String {
    match legend {
        Legend::Scale(scale) | Legend::HatchedScale(scale) => {
            let [low, high] = scale.range.map(|value| number(f64::from(value)));
            let hatched =
                if matches!(legend, Legend::HatchedScale(_)) { format!("; {HATCHED}") } else { String::new() };
            format!("Legend: {} from {low} to {high} {}{hatched}", scale.label, scale.unit)
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

fn title_of(scale: &ColourScale) -> String {
    if scale.unit.is_empty() { scale.label.clone() } else { format!("{} ({})", scale.label, scale.unit) }
}

/// A hatched swatch and what it says, under a colour bar.
fn hatched_ui(ui: &Ui, palette: &Palette, inner: Rect) {
    let swatch = Rect::from_min_size(pos2(inner.left(), inner.bottom() - LINE + 5.0), vec2(16.0, 10.0));
    let painter = ui.painter().with_clip_rect(swatch);
    let stroke = egui::Stroke::new(1.0, palette.ink_weak);
    for k in 0..5 {
        let x = swatch.left() - swatch.height() + 6.0 * k as f32;
        painter.line_segment([pos2(x, swatch.bottom()), pos2(x + swatch.height(), swatch.top())], stroke);
    }
    let at = swatch.right_center() + vec2(6.0, 0.0);
    ui.painter().text(at, Align2::LEFT_CENTER, HATCHED, FontId::proportional(11.0), palette.ink_weak);
}

fn scale_ui(ui: &Ui, palette: &Palette, inner: Rect, scale: &ColourScale) {
    let painter = ui.painter();
    let mut job = LayoutJob::simple(title_of(scale), FontId::proportional(12.0), palette.ink, inner.width());
    job.wrap.max_rows = 1;
    painter.galley(inner.min - vec2(0.0, 2.0), painter.layout_job(job), palette.ink);
    let bar = Rect::from_min_size(inner.min + vec2(0.0, 15.0), vec2(inner.width(), BAR.y));
    let mut mesh = egui::Mesh::default();
    let n = 64;
    for k in 0..=n {
        let part = k as f32 / n as f32;
        let x = bar.left() + part * bar.width();
        let fill = colour(scale.map.colour(part));
        mesh.colored_vertex(pos2(x, bar.top()), fill);
        mesh.colored_vertex(pos2(x, bar.bottom()), fill);
    }
    for k in 0..2 * n {
        mesh.add_triangle(k, k + 1, k + 2);
    }
    painter.add(mesh);
    let [low, high] = scale.range.map(f64::from);
    let mut free = inner.left() - 4.0;
    for (value, words) in ticks(low, high, 4) {
        let part = if high > low { ((value - low) / (high - low)) as f32 } else { 0.5 };
        let x = bar.left() + part * bar.width();
        painter.vline(x, bar.bottom()..=bar.bottom() + 3.0, egui::Stroke::new(1.0, palette.ink_weak));
        let galley = painter.layout_no_wrap(words, FontId::proportional(11.0), palette.ink_weak);
        let left = (x - 0.5 * galley.size().x).clamp(inner.left(), (inner.right() - galley.size().x).max(inner.left()));
        if left >= free + 4.0 {
            free = left + galley.size().x;
            painter.galley(pos2(left, bar.bottom() + 3.0), galley, palette.ink_weak);
        }
    }
}

fn words_ui(ui: &Ui, palette: &Palette, inner: Rect, title: &str, words: &[(String, Rgba, usize)]) {
    let painter = ui.painter().with_clip_rect(inner.expand(2.0));
    painter.text(inner.min - vec2(0.0, 2.0), Align2::LEFT_TOP, title, FontId::proportional(12.0), palette.ink);
    for (k, (word, fill, n)) in words.iter().enumerate() {
        let y = inner.top() + 22.0 + LINE * k as f32;
        painter.circle_filled(pos2(inner.left() + 5.0, y), 4.0, colour(*fill));
        let text = if word.is_empty() { "no value" } else { word.as_str() };
        painter.text(pos2(inner.left() + 15.0, y), Align2::LEFT_CENTER, text, FontId::proportional(12.0), palette.ink);
        let count = thousands(*n);
        painter.text(pos2(inner.right(), y), Align2::RIGHT_CENTER, count, FontId::proportional(11.0), palette.ink_weak);
    }
}

/// How many glyphs there are of each of [`GlyphShape::ALL`].
pub type ShapeCounts = [usize; GlyphShape::ALL.len()];

/// Counts glyphs by their shapes.
pub fn shape_counts(glyphs: &[Glyph]) -> ShapeCounts {
    GlyphShape::ALL.map(|shape| glyphs.iter().filter(|glyph| glyph.shape == shape).count())
}

/// The shapes that occur, in the colours of a theme.
pub fn shapes_legend(counts: ShapeCounts, theme: &Theme) -> Legend {
    let colour = |shape: GlyphShape| if shape.is_minimum() { theme.minimum } else { theme.transition_state };
    let shapes = GlyphShape::ALL.into_iter().zip(counts).map(|(shape, n)| (shape, colour(shape), n));
    Legend::Shapes(shapes.filter(|(_, _, n)| *n > 0).collect())
}

fn shapes_ui(ui: &Ui, palette: &Palette, inner: Rect, shapes: &[(GlyphShape, Rgba, usize)]) {
    let painter = ui.painter().with_clip_rect(inner.expand(2.0));
    for (k, (shape, fill, n)) in shapes.iter().enumerate() {
        let y = inner.top() + 6.0 + LINE * k as f32;
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
