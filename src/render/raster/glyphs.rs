//! Twin of `shaders/glyphs.wgsl`.

use std::ops::Range;

use rayon::prelude::*;

use super::bands::{Band, draw_shapes};
use super::frame::Frame;
use super::picture::{Picture, mixed_over, over, premultiplied};
use crate::render::layers::{GlyphInstance, HALO_POINTS, RING_POINTS};
use crate::render::theme::Theme;
use std::f32::consts::FRAC_1_SQRT_2;

/// A glyph on the screen, lengths in pixels.
struct Stamp<'a> {
    glyph: &'a GlyphInstance,
    centre: [f32; 2],
    radius: f32,
    rows: Range<usize>,
    columns: Range<usize>,
}

/// How far outside its outline a glyph has a halo, and then a ring, in pixels.
struct Margins {
    halo: f32,
    ring: f32,
}

pub(super) fn draw(picture: &mut Picture, frame: &Frame, glyphs: &[GlyphInstance], theme: &Theme) {
    let margins = Margins { halo: HALO_POINTS * frame.px_per_point, ring: RING_POINTS * frame.px_per_point };
    let stamps = glyphs.par_iter().with_min_len(256).filter_map(|glyph| place(frame, glyph, &margins));
    let stamps: Vec<Stamp> = stamps.collect();
    let draw = |band: &mut Band, stamp: &Stamp| draw_one(band, stamp, &margins, theme);
    draw_shapes(picture, &stamps, |stamp| stamp.rows.clone(), draw);
}

/// Nothing when the glyph is behind the camera or beyond the picture.
fn place<'a>(frame: &Frame, glyph: &'a GlyphInstance, margins: &Margins) -> Option<Stamp<'a>> {
    let clip = frame.clip(glyph.place);
    if clip[3].is_nan() || clip[3] < frame.near() {
        return None;
    }
    let [cx, cy] = frame.px_from_clip(clip);
    let radius = glyph.radius * frame.px_per_point * (frame.reference_w / clip[3]).sqrt();
    let reach = 1.3 * radius + margins.halo + margins.ring + 1.0;
    let (rows, columns) = (frame.pixels(1, cy - reach, cy + reach), frame.pixels(0, cx - reach, cx + reach));
    (!rows.is_empty() && !columns.is_empty()).then_some(Stamp { glyph, centre: [cx, cy], radius, rows, columns })
}

fn draw_one(band: &mut Band, stamp: &Stamp, margins: &Margins, theme: &Theme) {
    let Stamp { glyph, centre, radius, .. } = *stamp;
    let is_solid = glyph.fill[3] == u8::MAX;
    let solid = premultiplied(glyph.fill, 1.0);
    for y in band.within(&stamp.rows) {
        for (x, pixel) in stamp.columns.clone().zip(&mut band.row(y)[stamp.columns.clone()]) {
            let place = [x as f32 + 0.5 - centre[0], y as f32 + 0.5 - centre[1]];
            let distance = shape_distance(glyph.shape, place, radius);
            let cover = |extra: f32| (0.5 + extra - distance).clamp(0.0, 1.0);
            let colour = if is_solid && distance <= -0.5 {
                solid
            } else if distance >= 0.5 + margins.halo + margins.ring {
                continue;
            } else {
                let ring = premultiplied(glyph.ring, cover(margins.halo + margins.ring));
                let halo = premultiplied(theme.halo, cover(margins.halo));
                mixed_over(premultiplied(glyph.fill, cover(0.0)), mixed_over(halo, ring))
            };
            if colour[3] > 0.0 {
                over(pixel, colour);
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
