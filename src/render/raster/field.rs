//! Twin of `shaders/field.wgsl`.

use super::frame::Frame;
use super::picture::{Picture, mixed_over, over, premultiplied};
use crate::render::layers::{FIELD_HATCH_SPACING, FIELD_HATCH_WIDTH, field_hatch};
use crate::render::scene::FieldLayer;
use crate::render::theme::Theme;
use rayon::prelude::*;
use std::f32::consts::FRAC_1_SQRT_2;

pub(super) fn draw(picture: &mut Picture, frame: &Frame, layer: &FieldLayer, theme: &Theme) {
    let grid = &*layer.grid;
    if grid.values.is_empty() || picture.rgba.is_empty() {
        return;
    }
    let Some(part_from_px) = PartFromPx::new(frame, grid.corners) else { return };
    let cells = (0..grid.values.len()).into_par_iter().with_min_len(1 << 12).map(|index| cell_values(layer, index));
    let cells = Cells { size: grid.size, values: cells.collect() };
    let hatch = field_hatch(theme);
    let (spacing, width) = (FIELD_HATCH_SPACING * frame.px_per_point, FIELD_HATCH_WIDTH * frame.px_per_point);
    let row_bytes = 4 * picture.size[0] as usize;
    picture.rgba.par_chunks_mut(row_bytes).enumerate().for_each(|(y, row)| {
        for (x, pixel) in row.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let px = [x as f32 + 0.5, y as f32 + 0.5];
            let Some(part) = part_from_px.part(px) else { continue };
            let (value, support) = cells.sample(part);
            let mut colour = coloured(layer, value);
            if support < 0.5 {
                let across = (px[0] + px[1]) * FRAC_1_SQRT_2;
                let from_line = ((across / spacing).rem_euclid(1.0) - 0.5).abs() * spacing;
                let line = (0.5 * width + 0.5 - from_line).clamp(0.0, 1.0);
                colour = mixed_over(premultiplied(hatch, line), colour);
            }
            over(pixel, colour);
        }
    });
}

/// The colour of a part of the scale's range.
fn coloured(layer: &FieldLayer, part: f32) -> [f32; 4] {
    let part = part.clamp(0.0, 1.0);
    let fading = if layer.fade > 0.0 { (part / layer.fade).clamp(0.0, 1.0).powi(2) } else { 1.0 };
    let [r, g, b, _] = layer.scale.map.colour(part);
    premultiplied([r, g, b, 255], layer.opacity * fading)
}

/// What the shader's texture holds.
struct Cells {
    size: [usize; 2],
    /// Value as part of the scale's range, and support.
    values: Vec<(f32, f32)>,
}

impl Cells {
    /// Between the four nearest cells.
    fn sample(&self, part: [f32; 2]) -> (f32, f32) {
        let mut low = [0; 2];
        let mut high = [0; 2];
        let mut weight = [0.0; 2];
        for k in 0..2 {
            // Half a cell outside of the first cell's middle at least: one further it is not negative, and cut to an integer.
            let above = part[k] * self.size[k] as f32 + 0.5;
            let cell = above as usize;
            weight[k] = above - cell as f32;
            low[k] = cell.saturating_sub(1);
            high[k] = cell.min(self.size[k] - 1);
        }
        let cell = |x: usize, y: usize| self.values[y * self.size[0] + x];
        let mix = |a: (f32, f32), b: (f32, f32), t: f32| (a.0 * (1.0 - t) + b.0 * t, a.1 * (1.0 - t) + b.1 * t);
        let below = mix(cell(low[0], low[1]), cell(high[0], low[1]), weight[0]);
        let above = mix(cell(low[0], high[1]), cell(high[0], high[1]), weight[0]);
        mix(below, above, weight[1])
    }
}

/// What the shader's texture holds for a cell: the value as part of the range, and 1 where data support it. A value
/// that is not finite counts as the least, without support.
pub(crate) fn cell_values(layer: &FieldLayer, index: usize) -> (f32, f32) {
    let supported = layer.grid.supported.get(index).copied().unwrap_or(true);
    match layer.scale.part(layer.grid.values[index]) {
        Some(part) => (part, f32::from(u8::from(supported))),
        None => (0.0, 0.0),
    }
}

/// From pixels back to parts of the grid's rectangle on z = 0, for planes and for space.
struct PartFromPx {
    /// Homogeneous (u, v, w) = rows · (x, y, 1).
    rows: [[f64; 3]; 3],
}

impl PartFromPx {
    fn new(frame: &Frame, corners: [[f64; 2]; 2]) -> Option<Self> {
        let m = frame.clip_from_world.map(|column| column.map(f64::from));
        let (dx, dy) = (corners[1][0] - corners[0][0], corners[1][1] - corners[0][1]);
        // Clip x, y, w of part (u, v): three numbers linear in (u, v, 1).
        let clip = |row: usize| {
            [m[0][row] * dx, m[1][row] * dy, m[0][row] * corners[0][0] + m[1][row] * corners[0][1] + m[3][row]]
        };
        let (x, y, w) = (clip(0), clip(1), clip(3));
        let size = frame.size_px.map(f64::from);
        let px = [0, 1, 2].map(|k| size[0] * 0.5 * (w[k] + x[k]));
        let py = [0, 1, 2].map(|k| size[1] * 0.5 * (w[k] - y[k]));
        inverse([px, py, w]).map(|rows| Self { rows })
    }

    fn part(&self, px: [f32; 2]) -> Option<[f32; 2]> {
        let at = [f64::from(px[0]), f64::from(px[1]), 1.0];
        let [u, v, w] = self.rows.map(|row| row[0] * at[0] + row[1] * at[1] + row[2] * at[2]);
        let per_w = 1.0 / w;
        let part = [u * per_w, v * per_w];
        // 1/w of the place itself must be positive: it is in front of the eye.
        let inside = w > 0.0 && part.iter().all(|p| (0.0..=1.0).contains(p));
        inside.then(|| part.map(|p| p as f32))
    }
}

fn inverse(m: [[f64; 3]; 3]) -> Option<[[f64; 3]; 3]> {
    let minor = |r: usize, c: usize| {
        let (r0, r1, c0, c1) = ((r + 1) % 3, (r + 2) % 3, (c + 1) % 3, (c + 2) % 3);
        m[r0][c0] * m[r1][c1] - m[r0][c1] * m[r1][c0]
    };
    let determinant: f64 = (0..3).map(|c| m[0][c] * minor(0, c)).sum();
    (determinant != 0.0 && determinant.is_finite())
        .then(|| [0, 1, 2].map(|r| [0, 1, 2].map(|c| minor(c, r) / determinant)))
}
