//! How many molecules there are: counts on a grid, smoothed.

use rayon::prelude::*;

use super::home;
use crate::render::FieldGrid;

/// Cells along each side.
const SIDE: usize = 192;
/// Standard deviation of the smoothing, in cells.
const SIGMA: f32 = 2.2;

/// Molecules per cell of the map, smoothed by a Gaussian; the sum over all cells is the number of molecules counted,
/// but for what the edges cut off.
pub fn density(places: &[[f32; 2]], passes: impl Fn(usize) -> bool) -> FieldGrid {
    let camera = home(places);
    let half = camera.span * 0.5;
    let low = camera.centre.map(|c| c - half);
    let mut counts = vec![0.0f32; SIDE * SIDE];
    for (row, place) in places.iter().enumerate() {
        let cell = [0, 1].map(|k| (place[k] - low[k]) / camera.span * SIDE as f32);
        if cell.iter().all(|c| (0.0..SIDE as f32).contains(c)) && passes(row) {
            counts[cell[1] as usize * SIDE + cell[0] as usize] += 1.0;
        }
    }
    let values = transposed(&smoothed(&transposed(&smoothed(&counts))));
    let corner = |sign: f32| camera.centre.map(|c| f64::from(c + sign * half));
    FieldGrid { size: [SIDE, SIDE], corners: [corner(-1.0), corner(1.0)], values, supported: Vec::new() }
}

/// Every row of the grid smoothed along itself.
fn smoothed(grid: &[f32]) -> Vec<f32> {
    let reach = (3.0 * SIGMA).ceil() as isize;
    let weight = |d: isize| (-0.5 * (d as f32 / SIGMA).powi(2)).exp();
    let sum: f32 = (-reach..=reach).map(weight).sum();
    let weights: Vec<f32> = (-reach..=reach).map(|d| weight(d) / sum).collect();
    let mut out = vec![0.0; grid.len()];
    out.par_chunks_mut(SIDE).zip(grid.par_chunks(SIDE)).for_each(|(out, line)| {
        for (x, out) in out.iter_mut().enumerate() {
            let cells = weights.iter().enumerate().filter_map(|(k, weight)| {
                let at = x as isize + k as isize - reach;
                (0..SIDE as isize).contains(&at).then(|| weight * line[at as usize])
            });
            *out = cells.sum();
        }
    });
    out
}

fn transposed(grid: &[f32]) -> Vec<f32> {
    (0..SIDE * SIDE).map(|k| grid[k % SIDE * SIDE + k / SIDE]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_density_counts_every_molecule_and_stands_where_they_are() {
        let places: Vec<[f32; 2]> = (0..100).map(|k| [(k % 10) as f32, (k / 10) as f32]).collect();
        let all = density(&places, |_| true);
        let sum: f32 = all.values.iter().sum();
        assert!((sum - 100.0).abs() < 1.0, "the cells add up to {sum}, wanted 100");
        let left = density(&places, |row| row % 10 < 5);
        let of = |grid: &FieldGrid, right: bool| -> f32 {
            grid.values.iter().enumerate().filter(|(k, _)| (k % SIDE >= SIDE / 2) == right).map(|(_, v)| v).sum()
        };
        assert!(of(&left, false) > 49.0 && of(&left, true) < 1.0);
    }
}
