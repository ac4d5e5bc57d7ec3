//! Twin of `shaders/glyphs.wgsl`.

use super::frame::Frame;
use super::picture::{Picture, mixed_over, over, premultiplied};
use crate::render::layers::{GlyphInstance, HALO_POINTS, RING_POINTS};
use crate::render::theme::Theme;
use std::f32::consts::FRAC_1_SQRT_2;

pub(super) fn draw(picture: &mut Picture, frame: &Frame, glyphs: &[GlyphInstance], theme: &Theme) {
    for glyph in glyphs {
        draw_one(picture, frame, glyph, theme);
    }
}

fn draw_one(picture: &mut Picture, frame: &Frame, glyph: &GlyphInstance, theme: &Theme) {
    let clip = frame.clip(glyph.place);
    if clip[3].is_nan() || clip[3] < frame.near() {
        return;
    }
    let [cx, cy] = frame.px_from_clip(clip);
    let radius = glyph.radius * frame.px_per_point * (frame.reference_w / clip[3]).sqrt();
    let (halo_px, ring_px) = (HALO_POINTS * frame.px_per_point, RING_POINTS * frame.px_per_point);
    let reach = 1.3 * radius + halo_px + ring_px + 1.0;
    for y in frame.pixels(1, cy - reach, cy + reach) {
        for x in frame.pixels(0, cx - reach, cx + reach) {
            let place = [x as f32 + 0.5 - cx, y as f32 + 0.5 - cy];
            let distance = shape_distance(glyph.shape, place, radius);
            let cover = |extra: f32| (0.5 + extra - distance).clamp(0.0, 1.0);
            let ring = premultiplied(glyph.ring, cover(halo_px + ring_px));
            let halo = premultiplied(theme.halo, cover(halo_px));
            let fill = premultiplied(glyph.fill, cover(0.0));
            let colour = mixed_over(fill, mixed_over(halo, ring));
            if colour[3] > 0.0 {
                let at = 4 * (y * picture.size[0] as usize + x);
                over(&mut picture.rgba[at..at + 4], colour);
            }
        }
    }
}

fn box_distance([x, y]: [f32; 2], half: [f32; 2]) -> f32 {
    let (dx, dy) = (x.abs() - half[0], y.abs() - half[1]);
    dx.max(0.0).hypot(dy.max(0.0)) + dx.max(dy).min(0.0)
}

fn triangle_distance([x, y]: [f32; 2], r: f32) -> f32 {
    let k = 1.732_050_8;
    let mut q = [x.abs() - 0.5 * k * r, -y + 0.5 * r];
    if q[0] + k * q[1] > 0.0 {
        q = [(q[0] - k * q[1]) / 2.0, (-k * q[0] - q[1]) / 2.0];
    }
    q[0] -= q[0].clamp(-k * r, 0.0);
    let length = q[0].hypot(q[1]);
    if q[1] > 0.0 {
        -length
    } else if q[1] < 0.0 {
        length
    } else {
        0.0
    }
}

/// Signed distance to the outline of a shape of radius r around 0, negative inside, in pixels.
fn shape_distance(shape: u32, p: [f32; 2], r: f32) -> f32 {
    let turned = [FRAC_1_SQRT_2 * (p[0] + p[1]), FRAC_1_SQRT_2 * (p[1] - p[0])];
    match shape {
        1 => box_distance(p, [0.86 * r; 2]),
        2 => box_distance(turned, [0.84 * r; 2]),
        3 => triangle_distance(p, 1.25 * r),
        4 => box_distance(turned, [1.1 * r, 0.3 * r]).min(box_distance(turned, [0.3 * r, 1.1 * r])),
        _ => p[0].hypot(p[1]) - r,
    }
}
