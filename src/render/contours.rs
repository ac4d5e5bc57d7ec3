//! Lines of equal value through a field: marching squares.

use super::scene::FieldGrid;

/// The line where the field takes the value `level`, as straight pieces through its cells.
///
/// Between four neighbouring values the field is taken as bilinear along the edges; where two corners that face each
/// other are above and the others below, the mean of the four decides which are joined. Values that are not finite
/// count as below.
pub fn contours(grid: &FieldGrid, level: f32) -> Vec<[[f32; 2]; 2]> {
    let mut pieces = Vec::new();
    let [columns, rows] = grid.size;
    if columns < 2 || rows < 2 || !level.is_finite() {
        return pieces;
    }
    let value = |x: usize, y: usize| {
        let v = grid.values[y * columns + x];
        if v.is_finite() { v } else { f32::MIN }
    };
    for y in 0..rows - 1 {
        for x in 0..columns - 1 {
            // Corners against the clock from the lower left.
            let corners = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)];
            let values = corners.map(|(x, y)| value(x, y));
            let above = values.map(|v| v >= level);
            let n_above = above.iter().filter(|a| **a).count();
            if n_above == 0 || n_above == 4 {
                continue;
            }
            let crossing = |side: usize| {
                let (a, b) = (side, (side + 1) % 4);
                let part = ((level - values[a]) / (values[b] - values[a])).clamp(0.0, 1.0);
                let part = f64::from(part);
                let [p, q] = [corners[a], corners[b]].map(|(x, y)| grid.place(x, y));
                [0, 1].map(|k| (p[k] + part * (q[k] - p[k])) as f32)
            };
            let crossed: Vec<usize> = (0..4).filter(|&side| above[side] != above[(side + 1) % 4]).collect();
            if let [a, b] = crossed[..] {
                pieces.push([crossing(a), crossing(b)]);
            } else {
                // A saddle: cut off the two corners that differ from the middle.
                let middle_above = values.iter().sum::<f32>() >= 4.0 * level;
                for corner in (0..4).filter(|&corner| above[corner] != middle_above) {
                    pieces.push([crossing((corner + 3) % 4), crossing(corner)]);
                }
            }
        }
    }
    pieces
}

/// `n` levels between the least and the greatest value, evenly apart, ends left out.
pub fn even_levels([low, high]: [f32; 2], n: usize) -> Vec<f32> {
    let step = (high - low) / (n as f32 + 1.0);
    if step > 0.0 { (1..=n).map(|k| low + k as f32 * step).collect() } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(n: usize, f: impl Fn(f64, f64) -> f64) -> FieldGrid {
        let mut grid =
            FieldGrid { size: [n, n], corners: [[-2.0; 2], [2.0; 2]], values: vec![0.0; n * n], supported: Vec::new() };
        for y in 0..n {
            for x in 0..n {
                let [px, py] = grid.place(x, y);
                grid.values[y * n + x] = f(px, py) as f32;
            }
        }
        grid
    }

    #[test]
    fn a_cone_has_circles() {
        let pieces = contours(&grid(200, f64::hypot), 1.25);
        let length: f32 = pieces.iter().map(|[a, b]| (b[0] - a[0]).hypot(b[1] - a[1])).sum();
        assert!((length - std::f32::consts::TAU * 1.25).abs() < 0.01, "{length}");
        assert!(pieces.iter().flatten().all(|p| (p[0].hypot(p[1]) - 1.25).abs() < 1e-3));
    }

    #[test]
    fn lines_close_even_through_saddles() {
        // Every crossing point belongs to exactly two pieces unless it lies at the border.
        let pieces = contours(&grid(61, |x, y| (3.0 * x).sin() * (3.0 * y).cos()), 0.0125);
        let key = |p: [f32; 2]| p.map(|v| (f64::from(v) * 1e5).round() as i64);
        let mut ends = std::collections::BTreeMap::new();
        for end in pieces.iter().flatten() {
            *ends.entry(key(*end)).or_insert(0) += 1;
        }
        let limit = 2.0 - 2.0 / 61.0 - 1e-4;
        let inside = |k: &[i64; 2]| k.iter().all(|v| (*v as f64 * 1e-5).abs() < limit);
        assert!(ends.iter().filter(|(k, _)| inside(k)).all(|(_, n)| *n == 2), "{ends:?}");
        assert!(pieces.len() > 100);
    }

    #[test]
    fn hostile_grids_are_quiet() {
        assert!(contours(&grid(1, |_, _| 0.0), 0.0).is_empty());
        assert!(contours(&grid(9, |_, _| f64::NAN), 0.0).is_empty());
        assert!(contours(&grid(9, f64::hypot), f32::NAN).is_empty());
        let mut holed = grid(9, f64::hypot);
        holed.values[40] = f32::INFINITY;
        assert!(contours(&holed, 1.0).iter().flatten().flatten().all(|v| v.is_finite()));
        assert_eq!(even_levels([0.0, 4.0], 3), [1.0, 2.0, 3.0]);
        assert!(even_levels([1.0, 1.0], 3).is_empty());
    }
}
