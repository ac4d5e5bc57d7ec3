//! Twin of `shaders/points.wgsl`, `points_resolve.wgsl` and `points_selected.wgsl`.
//!
//! The picture is cut into bands of rows, each drawn by one thread; within a band, points come in the order of the
//! data, so the result does not depend on the number of threads.

use super::frame::Frame;
use super::picture::{Picture, over};
use crate::render::layers::{Paint, SELECTED_RING_POINTS};
use crate::render::scene::{PointLayer, PointMark};
use crate::render::theme::Theme;
use rayon::prelude::*;

const LEAST_RADIUS_PX: f32 = 0.7;
const MOST_OPAQUE: f32 = 0.996;
/// Rows of a band: its sums stay in the cache of one core.
const BAND_ROWS: usize = 16;
/// Points that are placed in one piece.
const PIECE: usize = 1 << 14;

/// A point on the screen.
#[derive(Clone, Copy)]
struct Disc {
    centre: [f32; 2],
    radius: f32,
    opacity: f32,
    colour: [u8; 4],
}

pub(super) fn draw(picture: &mut Picture, frame: &Frame, layer: &PointLayer, paint: &Paint, theme: &Theme) {
    if layer.positions.is_empty() || picture.rgba.is_empty() {
        return;
    }
    let ring_px = SELECTED_RING_POINTS * frame.px_per_point;
    let n_bands = (picture.size[1] as usize).div_ceil(BAND_ROWS);
    let rim_px = layer.rim * frame.px_per_point;
    let others = place(frame, layer, paint, 0, n_bands, rim_px);
    let selected = if paint.n_selected > 0 { place(frame, layer, paint, 1, n_bands, ring_px) } else { Vec::new() };
    let pen = Pen { depths: DepthTable::new(), rim: colour_of(theme.halo), rim_px };
    let width = picture.size[0] as usize;
    picture.rgba.par_chunks_mut(4 * width * BAND_ROWS).enumerate().for_each(|(band, rows)| {
        let mut sums = vec![[0.0_f32; 4]; rows.len() / 4];
        for disc in others.iter().flat_map(|piece| &piece[band]) {
            add_disc(&mut sums, width, band * BAND_ROWS, frame, disc, &pen);
        }
        for (pixel, sum) in rows.as_chunks_mut::<4>().0.iter_mut().zip(&sums) {
            resolve(pixel, *sum);
        }
        for disc in selected.iter().flat_map(|piece| &piece[band]) {
            ringed_disc(rows, width, band * BAND_ROWS, frame, disc, ring_px, theme);
        }
    });
}

/// The discs of each band, for each piece of the data.
fn place(
    frame: &Frame,
    layer: &PointLayer,
    paint: &Paint,
    selected: u32,
    n_bands: usize,
    extra_px: f32,
) -> Vec<Vec<Vec<Disc>>> {
    let opacity = if selected == 1 { 1.0 } else { paint.opacity(layer) };
    let radius = layer.radius * frame.px_per_point * frame.reference_w;
    let of_piece = |(piece, packed): (usize, &[u32])| {
        let mut bands: Vec<Vec<Disc>> = vec![Vec::new(); n_bands];
        for (offset, &packed) in packed.iter().enumerate() {
            let flags = packed >> 24;
            if flags & u32::from(PointMark::HIDDEN) != 0 || (flags >> 1) & 1 != selected {
                continue;
            }
            let clip = frame.clip(present_place(layer, piece * PIECE + offset));
            if clip[3].is_nan() || clip[3] < frame.near() {
                continue;
            }
            let ideal = radius / clip[3];
            let radius = ideal.max(LEAST_RADIUS_PX);
            let thin = ideal / radius;
            let centre = frame.px_from_clip(clip);
            let reach = radius + extra_px + 0.5;
            let seen = centre[0] > -reach && centre[0] < frame.size_px[0] + reach;
            let rows = frame.pixels(1, centre[1] - reach, centre[1] + reach);
            if !seen || rows.is_empty() {
                continue;
            }
            let opacity = opacity * thin * thin * frame.depth_factor(clip[3]);
            let disc = Disc { centre, radius, opacity, colour: packed.to_le_bytes() };
            for band in &mut bands[rows.start / BAND_ROWS..=(rows.end - 1) / BAND_ROWS] {
                band.push(disc);
            }
        }
        bands
    };
    paint.packed.par_chunks(PIECE).enumerate().map(of_piece).collect()
}

/// Where a point is now.
pub(crate) fn present_place(layer: &PointLayer, index: usize) -> [f32; 3] {
    let to = layer.positions[index];
    match layer.moving_from.as_ref().filter(|from| from.len() == layer.positions.len()) {
        None => to,
        Some(from) => {
            let (from, t) = (from[index], layer.transition);
            [0, 1, 2].map(|k| from[k] * (1.0 - t) + to[k] * t)
        }
    }
}

/// -ln(1 - opacity) at even steps of the opacity.
struct DepthTable(Vec<f32>);

impl DepthTable {
    const STEPS: usize = 4096;

    fn new() -> Self {
        let depth = |k: usize| -(1.0 - (k as f32 / Self::STEPS as f32).min(MOST_OPAQUE)).ln();
        Self((0..=Self::STEPS).map(depth).collect())
    }

    fn depth(&self, opacity: f32) -> f32 {
        self.0[((opacity * Self::STEPS as f32 + 0.5) as usize).min(Self::STEPS)]
    }
}

/// What all discs of a layer share.
struct Pen {
    depths: DepthTable,
    rim: [f32; 3],
    rim_px: f32,
}

fn colour_of([r, g, b, _]: [u8; 4]) -> [f32; 3] {
    [r, g, b].map(|c| f32::from(c) / 255.0)
}

fn add_disc(sums: &mut [[f32; 4]], width: usize, first_row: usize, frame: &Frame, disc: &Disc, pen: &Pen) {
    let ([cx, cy], outer) = (disc.centre, disc.radius + pen.rim_px + 0.5);
    let inner2 = (disc.radius - 0.5).max(0.0).powi(2);
    let colour = colour_of(disc.colour);
    let weighted = |[r, g, b]: [f32; 3], depth: f32| [r * depth, g * depth, b * depth, depth];
    let whole = weighted(colour, pen.depths.depth(disc.opacity));
    let edge = |distance: f32| {
        let covered = (outer - distance).clamp(0.0, 1.0);
        let depth = pen.depths.depth(disc.opacity * covered);
        if pen.rim_px > 0.0 {
            let inside = (disc.radius + 0.5 - distance).clamp(0.0, 1.0) / covered.max(1e-6);
            weighted([0, 1, 2].map(|k| pen.rim[k] + inside * (colour[k] - pen.rim[k])), depth)
        } else {
            weighted(colour, depth)
        }
    };
    let n_rows = sums.len() / width;
    let rows = frame.pixels(1, cy - outer, cy + outer);
    for y in rows.start.max(first_row)..rows.end.min(first_row + n_rows) {
        let dy = y as f32 + 0.5 - cy;
        let half = (outer * outer - dy * dy).max(0.0).sqrt();
        let columns = frame.pixels(0, cx - half, cx + half);
        let row = &mut sums[(y - first_row) * width..][..width];
        for (x, sum) in columns.clone().zip(&mut row[columns]) {
            let dx = x as f32 + 0.5 - cx;
            let d2 = dx * dx + dy * dy;
            let add = if d2 <= inner2 { whole } else { edge(d2.sqrt()) };
            for k in 0..4 {
                sum[k] += add[k];
            }
        }
    }
}

fn resolve(pixel: &mut [u8; 4], sum: [f32; 4]) {
    if sum[3] > 0.0 {
        let opacity = ((1.0 - (-sum[3]).exp()) / MOST_OPAQUE).min(1.0);
        let part = opacity / sum[3];
        over(pixel, [sum[0] * part, sum[1] * part, sum[2] * part, opacity]);
    }
}

fn ringed_disc(
    rows: &mut [u8],
    width: usize,
    first_row: usize,
    frame: &Frame,
    disc: &Disc,
    ring_px: f32,
    theme: &Theme,
) {
    let ([cx, cy], reach) = (disc.centre, disc.radius + ring_px + 0.5);
    let n_rows = rows.len() / (4 * width);
    let span = frame.pixels(1, cy - reach, cy + reach);
    for y in span.start.max(first_row)..span.end.min(first_row + n_rows) {
        for x in frame.pixels(0, cx - reach, cx + reach) {
            let distance = (x as f32 + 0.5 - cx).hypot(y as f32 + 0.5 - cy);
            let outer = (disc.radius + ring_px + 0.5 - distance).clamp(0.0, 1.0);
            let inner = (disc.radius + 0.5 - distance).clamp(0.0, 1.0);
            let mix = |k: usize| {
                let (ring, fill) = (f32::from(theme.selection[k]), f32::from(disc.colour[k]));
                (ring + inner * (fill - ring)) / 255.0 * outer
            };
            let at = 4 * ((y - first_row) * width + x);
            over(&mut rows[at..at + 4], [mix(0), mix(1), mix(2), outer]);
        }
    }
}
