//! Twin of `shaders/lines.wgsl`.

use super::frame::Frame;
use super::picture::{Picture, over};
use crate::render::layers::LineInstance;

pub(super) fn draw(picture: &mut Picture, frame: &Frame, lines: &[LineInstance]) {
    for line in lines {
        draw_one(picture, frame, line);
    }
}

fn draw_one(picture: &mut Picture, frame: &Frame, line: &LineInstance) {
    let (mut a, mut b) = (frame.clip(line.from), frame.clip(line.to));
    let near = frame.near();
    if a[3].is_nan() || b[3].is_nan() || a[3].max(b[3]) < near {
        return;
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
    let length2 = (along[0] * along[0] + along[1] * along[1]).max(1e-12);
    let [width, dash, travelled] = line.pen.map(|v| v * frame.px_per_point);
    let half_width = (0.5 * width).max(0.5);
    let thin = 0.5 * width / half_width;
    let fade = frame.depth_factor(0.5 * (a[3] + b[3]));
    let reach = half_width + 0.5;
    let rows = frame.pixels(1, from[1].min(to[1]) - reach, from[1].max(to[1]) + reach);
    for y in rows {
        for x in columns_near(frame, from, to, y, reach) {
            let offset = [x as f32 + 0.5 - from[0], y as f32 + 0.5 - from[1]];
            let part = ((offset[0] * along[0] + offset[1] * along[1]) / length2).clamp(0.0, 1.0);
            let distance = (offset[0] - part * along[0]).hypot(offset[1] - part * along[1]);
            let mut coverage = thin * (half_width + 0.5 - distance).clamp(0.0, 1.0);
            if dash > 0.0 {
                let phase = ((part * length2.sqrt() + travelled) / (2.0 * dash)).rem_euclid(1.0);
                let inside = 0.25 - (phase - 0.25).abs().min((phase - 1.25).abs());
                coverage *= (inside * 2.0 * dash + 0.5).clamp(0.0, 1.0);
            }
            if coverage > 0.0 {
                let opacity = f32::from(line.colour[3]) / 255.0 * fade * coverage;
                let colour = [0, 1, 2].map(|k| f32::from(line.colour[k]) / 255.0 * opacity);
                let at = 4 * (y * picture.size[0] as usize + x);
                over(&mut picture.rgba[at..at + 4], [colour[0], colour[1], colour[2], opacity]);
            }
        }
    }
}

/// The columns of row `y` that can lie within `reach` of the line.
fn columns_near(frame: &Frame, from: [f32; 2], to: [f32; 2], y: usize, reach: f32) -> std::ops::Range<usize> {
    let centre = y as f32 + 0.5;
    let slope = (to[0] - from[0]) / (to[1] - from[1]);
    let at = |row: f32| from[0] + (row - from[1]) * slope;
    let (low, high) = (from[0].min(to[0]), from[0].max(to[0]));
    let (mut left, mut right) = (low, high);
    if slope.is_finite() {
        let spread = reach * (1.0 + slope.abs());
        let ends = [at(centre - 1.0), at(centre + 1.0)];
        left = (ends[0].min(ends[1]) - spread).max(low);
        right = (ends[0].max(ends[1]) + spread).min(high);
        if left > right {
            return 0..0;
        }
    }
    frame.pixels(0, left - reach, right + reach)
}
