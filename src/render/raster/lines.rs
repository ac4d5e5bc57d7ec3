//! Twin of `shaders/lines.wgsl`.

use std::ops::Range;

use rayon::prelude::*;

use super::bands::{Band, draw_shapes};
use super::frame::Frame;
use super::picture::{Picture, over};
use crate::render::layers::LineInstance;

/// A line on the screen, lengths in pixels.
struct Stroke {
    from: [f32; 2],
    along: [f32; 2],
    length: f32,
    half_width: f32,
    dash: f32,
    travelled: f32,
    colour: [f32; 3],
    opacity: f32,
    rows: Range<usize>,
}

pub(super) fn draw(picture: &mut Picture, frame: &Frame, lines: &[LineInstance]) {
    let strokes: Vec<Stroke> = lines.par_iter().with_min_len(256).filter_map(|line| place(frame, line)).collect();
    draw_shapes(picture, &strokes, |stroke| stroke.rows.clone(), |band, stroke| draw_one(band, frame, stroke));
}

/// Nothing when the line is behind the camera or beyond the picture.
fn place(frame: &Frame, line: &LineInstance) -> Option<Stroke> {
    let (mut a, mut b) = (frame.clip(line.from), frame.clip(line.to));
    let near = frame.near();
    if a[3].is_nan() || b[3].is_nan() || a[3].max(b[3]) < near {
        return None;
    }
    let mix = |a: [f32; 4], b: [f32; 4], part: f32| [0, 1, 2, 3].map(|k| a[k] * (1.0 - part) + b[k] * part);
    if a[3] < near {
        a = mix(a, b, (near - a[3]) / (b[3] - a[3]));
    }
    if b[3] < near {
        b = mix(b, a, (near - b[3]) / (a[3] - b[3]));
    }
    let (from, to) = (frame.px_from_clip(a), frame.px_from_clip(b));
    let along = [to[0] - from[0], to[1] - from[1]];
    let [width, dash, travelled] = line.pen.map(|v| v * frame.px_per_point);
    let half_width = (0.5 * width).max(0.5);
    let reach = half_width + 0.5;
    let rows = frame.pixels(1, from[1].min(to[1]) - reach, from[1].max(to[1]) + reach);
    let fade = frame.depth_factor(0.5 * (a[3] + b[3]));
    let [red, green, blue, opacity] = line.colour.map(|channel| f32::from(channel) / 255.0);
    let stroke = Stroke {
        from,
        along,
        length: (along[0] * along[0] + along[1] * along[1]).max(1e-12).sqrt(),
        half_width,
        dash,
        travelled,
        colour: [red, green, blue],
        opacity: opacity * fade * 0.5 * width / half_width,
        rows,
    };
    (!stroke.rows.is_empty()).then_some(stroke)
}

fn draw_one(band: &mut Band, frame: &Frame, stroke: &Stroke) {
    let Stroke { from, along, length, half_width, dash, travelled, colour, opacity, .. } = *stroke;
    let per_length2 = 1.0 / (length * length);
    for y in band.within(&stroke.rows) {
        let below = y as f32 + 0.5 - from[1];
        let columns = columns_near(frame, stroke, below);
        for (x, pixel) in columns.clone().zip(&mut band.row(y)[columns]) {
            let beside = x as f32 + 0.5 - from[0];
            let part = ((beside * along[0] + below * along[1]) * per_length2).clamp(0.0, 1.0);
            let offset = [beside - part * along[0], below - part * along[1]];
            let distance = (offset[0] * offset[0] + offset[1] * offset[1]).sqrt();
            let mut coverage = (half_width + 0.5 - distance).clamp(0.0, 1.0);
            if dash > 0.0 {
                let phase = ((part * length + travelled) / (2.0 * dash)).rem_euclid(1.0);
                let inside = 0.25 - (phase - 0.25).abs().min((phase - 1.25).abs());
                coverage *= (inside * 2.0 * dash + 0.5).clamp(0.0, 1.0);
            }
            if coverage > 0.0 {
                let opacity = opacity * coverage;
                over(pixel, [colour[0] * opacity, colour[1] * opacity, colour[2] * opacity, opacity]);
            }
        }
    }
}

/// The columns that can lie within reach of the line in the row whose centre is `below` its start.
fn columns_near(frame: &Frame, stroke: &Stroke, below: f32) -> Range<usize> {
    /// Beyond it a line is as good as level: it can reach every column that it spans.
    const LEVEL: f32 = 1e4;
    let Stroke { from, along, half_width, .. } = *stroke;
    let reach = half_width + 0.5;
    let (mut left, mut right) = (along[0].min(0.0) - reach, along[0].max(0.0) + reach);
    let slope = along[0] / along[1];
    if slope.abs() < LEVEL {
        let (centre, spread) = (below * slope, reach * (1.0 + slope * slope).sqrt() + 0.01);
        left = left.max(centre - spread);
        right = right.min(centre + spread);
    }
    frame.pixels(0, from[0] + left, from[0] + right)
}
