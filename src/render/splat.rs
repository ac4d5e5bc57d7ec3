//! Fields made on the map itself: point density, and frustration splatted from where its contributions project.
//!
//! Both are for the eye: a projection does not keep volumes. The exact field on a plane is in `field_plane`.

use super::scene::FieldGrid;
use rayon::prelude::*;

/// Points that are counted in one piece.
const PIECE: usize = 1 << 18;
/// How many standard deviations of a kernel are drawn.
const REACH: f64 = 4.0;

/// A rectangle of the map cut into cells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GridFrame {
    /// Lower left and upper right corner, in units of the map.
    pub corners: [[f64; 2]; 2],
    /// Columns and rows.
    pub size: [usize; 2],
}

impl GridFrame {
    /// About `n` cells along the longer side, as square as can be, with a margin of `margin` times the extent.
    pub fn around(corners: [[f64; 2]; 2], n: usize, margin: f64) -> Self {
        let extent = [0, 1].map(|k| (corners[1][k] - corners[0][k]).max(0.0));
        let longest = extent[0].max(extent[1]);
        let longest = if longest > 0.0 { longest } else { 1.0 };
        let pad = margin * longest;
        let wide = [0, 1].map(|k| extent[k].max(1e-3 * longest) + 2.0 * pad);
        let corner = [0, 1].map(|k| f64::midpoint(corners[0][k], corners[1][k]) - 0.5 * wide[k]);
        let cell = wide[0].max(wide[1]) / n.max(1) as f64;
        let size = wide.map(|w| ((w / cell).round() as usize).max(1));
        Self { corners: [corner, [0, 1].map(|k| corner[k] + wide[k])], size }
    }

    fn cell(&self) -> [f64; 2] {
        [0, 1].map(|k| (self.corners[1][k] - self.corners[0][k]) / self.size[k] as f64)
    }

    fn grid(&self, values: Vec<f32>) -> FieldGrid {
        FieldGrid { size: self.size, corners: self.corners, values, supported: Vec::new() }
    }
}

/// Points per unit of area of the map, smoothed by a Gaussian of standard deviation `sigma` (in units of the map).
///
/// Points are counted per cell, then the counts are smoothed along rows and columns; points within 4 σ outside the
/// frame count too. Only those with `accept` are counted.
pub fn density(places: &[[f32; 3]], accept: impl Fn(usize) -> bool + Sync, frame: GridFrame, sigma: f64) -> FieldGrid {
    let cell = frame.cell();
    let pad = [0, 1].map(|k| ((REACH * sigma / cell[k]).ceil() as usize).min(4 * frame.size[k]));
    let wide = [0, 1].map(|k| frame.size[k] + 2 * pad[k]);
    let corner = [0, 1].map(|k| frame.corners[0][k] - pad[k] as f64 * cell[k]);
    let bin = |place: &[f32; 3]| {
        let at = [0, 1].map(|k| (f64::from(place[k]) - corner[k]) / cell[k]);
        let inside = [0, 1].iter().all(|&k| at[k] >= 0.0 && at[k] < wide[k] as f64);
        inside.then(|| at[1] as usize * wide[0] + at[0] as usize)
    };
    let counts = places
        .par_chunks(PIECE)
        .enumerate()
        .fold(
            || vec![0_u32; wide[0] * wide[1]],
            |mut counts, (piece, places)| {
                for (k, place) in places.iter().enumerate() {
                    if let Some(bin) = bin(place).filter(|_| accept(piece * PIECE + k)) {
                        counts[bin] += 1;
                    }
                }
                counts
            },
        )
        .reduce(
            || vec![0; wide[0] * wide[1]],
            |mut a, b| {
                a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
                a
            },
        );
    let kernels = [0, 1].map(|k| kernel(sigma / cell[k], pad[k]));
    let area = (cell[0] * cell[1]) as f32;
    // Along rows, for every padded row; then along columns, for the frame's rows.
    let mut smooth_rows = vec![0.0_f32; frame.size[0] * wide[1]];
    smooth_rows.par_chunks_mut(frame.size[0]).zip(counts.par_chunks(wide[0])).for_each(|(out, row)| {
        for (x, value) in out.iter_mut().enumerate() {
            let window = &row[x..x + kernels[0].len()];
            *value = window.iter().zip(&kernels[0]).map(|(n, w)| *n as f32 * w).sum();
        }
    });
    let mut values = vec![0.0_f32; frame.size[0] * frame.size[1]];
    values.par_chunks_mut(frame.size[0]).enumerate().for_each(|(y, out)| {
        for (k, weight) in kernels[1].iter().enumerate() {
            let row = &smooth_rows[(y + k) * frame.size[0]..][..frame.size[0]];
            out.iter_mut().zip(row).for_each(|(out, v)| *out += weight * v);
        }
        out.iter_mut().for_each(|v| *v /= area);
    });
    frame.grid(values)
}

/// A Gaussian integrated over cells, 2 · `reach` + 1 of them; sums to 1.
fn kernel(sigma_cells: f64, reach: usize) -> Vec<f32> {
    let value = |k: usize| {
        let offset = k as f64 - reach as f64;
        if sigma_cells > 0.0 {
            (-0.5 * (offset / sigma_cells).powi(2)).exp()
        } else {
            f64::from(u8::from(offset == 0.0))
        }
    };
    let raw: Vec<f64> = (0..=2 * reach).map(value).collect();
    let sum: f64 = raw.iter().sum();
    raw.iter().map(|v| (v / sum) as f32).collect()
}

/// Σ `weight_i` exp(−|x − x_i|²/2σ²) over the places of the map: contributions of frustration (or any other weight)
/// splatted where they project. In the units of the weights; σ in units of the map.
pub fn splat(places: &[[f32; 2]], weights: &[f32], frame: GridFrame, sigma: f64) -> FieldGrid {
    assert_eq!(places.len(), weights.len(), "a weight for every place");
    let cell = frame.cell();
    let reach = REACH * sigma;
    let row = |y: usize| {
        let mut out = vec![0.0_f64; frame.size[0]];
        let py = frame.corners[0][1] + (y as f64 + 0.5) * cell[1];
        for (place, weight) in
            places.iter().zip(weights).filter(|(p, w)| p.iter().all(|v| v.is_finite()) && w.is_finite())
        {
            let [cx, cy] = place.map(f64::from);
            if (cy - py).abs() > reach {
                continue;
            }
            let vertical = f64::from(*weight) * (-0.5 * ((cy - py) / sigma).powi(2)).exp();
            let first = ((cx - reach - frame.corners[0][0]) / cell[0] - 0.5).ceil().max(0.0) as usize;
            let last = ((cx + reach - frame.corners[0][0]) / cell[0] + 0.5).max(0.0) as usize;
            for (x, value) in out.iter_mut().enumerate().take(last).skip(first) {
                let px = frame.corners[0][0] + (x as f64 + 0.5) * cell[0];
                *value += vertical * (-0.5 * ((cx - px) / sigma).powi(2)).exp();
            }
        }
        out.into_iter().map(|v| v as f32).collect::<Vec<f32>>()
    };
    frame.grid((0..frame.size[1]).into_par_iter().flat_map_iter(row).collect())
}

/// Marks the cells of `grid` that data support: where at least `least` points fall within about σ, taken from a
/// density made with the same frame.
pub fn mark_support(grid: &mut FieldGrid, density: &FieldGrid, least: f64, sigma: f64) {
    assert_eq!(grid.size, density.size, "one frame for both");
    // A Gaussian smoothing of one point has its peak at 1/(2πσ²).
    let threshold = (least / (std::f64::consts::TAU * sigma * sigma)) as f32;
    grid.supported = density.values.iter().map(|v| *v >= threshold).collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> GridFrame {
        GridFrame { corners: [[-1.0, -1.0], [1.0, 1.0]], size: [80, 80] }
    }

    #[test]
    fn density_integrates_to_the_number_of_points() {
        let places: Vec<[f32; 3]> =
            (0..500).map(|k| [0.1 * (k as f32).sin(), 0.1 * (k as f32 * 1.3).cos(), 0.0]).collect();
        let grid = density(&places, |i| i % 2 == 0, frame(), 0.1);
        let total: f32 = grid.values.iter().sum::<f32>() * (2.0 / 80.0_f32).powi(2);
        assert!((total - 250.0).abs() < 0.5, "{total}");
    }

    #[test]
    fn density_of_one_point_is_its_kernel() {
        let (sigma, place) = (0.12, [0.1125_f32, -0.3375, 0.0]); // the middle of a cell
        let grid = density(&[place], |_| true, frame(), sigma);
        for (k, value) in grid.values.iter().enumerate() {
            let [x, y] = grid.place(k % 80, k / 80);
            let r2 = (x - f64::from(place[0])).powi(2) + (y - f64::from(place[1])).powi(2);
            let expected = (-0.5 * r2 / sigma.powi(2)).exp() / (std::f64::consts::TAU * sigma * sigma);
            assert!((f64::from(*value) - expected).abs() < 5e-3, "{x} {y}: {value} {expected}");
        }
    }

    #[test]
    fn splats_are_sums_of_gaussians() {
        let places = [[0.2, 0.3], [-0.5, 0.1], [3.0, 0.0], [f32::NAN, 0.0]];
        let weights = [2.0, 0.5, 100.0, 1.0];
        let grid = splat(&places, &weights, frame(), 0.15);
        for k in (0..grid.values.len()).step_by(37) {
            let [x, y] = grid.place(k % 80, k / 80);
            let term = |i: usize| {
                let r2 = (x - f64::from(places[i][0])).powi(2) + (y - f64::from(places[i][1])).powi(2);
                f64::from(weights[i]) * (-0.5 * r2 / 0.15_f64.powi(2)).exp()
            };
            let expected = term(0) + term(1);
            // What lies beyond the reach of a kernel is left out: e^-8 of its height.
            assert!((f64::from(grid.values[k]) - expected).abs() < 2.5 * (-8.0_f64).exp(), "{x} {y}");
        }
    }

    #[test]
    fn frames_of_anything_have_cells() {
        for corners in [[[0.0; 2], [0.0; 2]], [[0.0, 0.0], [5.0, 0.0]], [[-1.0, 2.0], [4.0, 3.0]]] {
            let frame = GridFrame::around(corners, 200, 0.05);
            assert!(frame.size.iter().all(|n| (1..=201).contains(n)), "{frame:?}");
            assert!((0..2).all(|k| frame.corners[0][k] < frame.corners[1][k]), "{frame:?}");
        }
    }
}
