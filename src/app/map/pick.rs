//! Which molecules stand at, around or within a place of the map.

use rayon::prelude::*;

use crate::app::data::RowSet;

/// Rows sorted into cells, so that a look around the pointer reads only a few.
#[derive(Debug, Default)]
pub struct PlaceIndex {
    low: [f32; 2],
    cell: f32,
    size: [usize; 2],
    /// Where the rows of each cell begin in `rows`; one more than there are cells.
    starts: Vec<u32>,
    rows: Vec<u32>,
}

/// Rows in a cell, about.
const PER_CELL: usize = 4;

impl PlaceIndex {
    /// Sorts places; those that are not finite are in no cell.
    pub fn new(places: &[[f32; 2]]) -> Self {
        let finite = || places.iter().enumerate().filter(|(_, p)| p[0].is_finite() && p[1].is_finite());
        let mut low = [f32::INFINITY; 2];
        let mut high = [f32::NEG_INFINITY; 2];
        for (_, place) in finite() {
            for k in 0..2 {
                low[k] = low[k].min(place[k]);
                high[k] = high[k].max(place[k]);
            }
        }
        if low[0] > high[0] {
            return Self::default();
        }
        let extent = [0, 1].map(|k| (high[k] - low[k]).max(1e-6));
        let wanted = (places.len() / PER_CELL).clamp(1, 4_000_000) as f32;
        let cell = (extent[0] * extent[1] / wanted).sqrt().max(extent[0].max(extent[1]) / 4096.0);
        let size = extent.map(|extent| (extent / cell) as usize + 1);
        let mut this = Self { low, cell, size, starts: vec![0; size[0] * size[1] + 1], rows: Vec::new() };
        for (_, place) in finite() {
            let at = this.cell_of(*place);
            this.starts[at + 1] += 1;
        }
        for k in 1..this.starts.len() {
            this.starts[k] += this.starts[k - 1];
        }
        let mut next = this.starts.clone();
        this.rows = vec![0; *this.starts.last().unwrap_or(&0) as usize];
        for (row, place) in finite() {
            let at = this.cell_of(*place);
            this.rows[next[at] as usize] = row as u32;
            next[at] += 1;
        }
        this
    }

    fn coordinate(&self, value: f32, k: usize) -> usize {
        (((value - self.low[k]) / self.cell).max(0.0) as usize).min(self.size[k] - 1)
    }

    fn cell_of(&self, place: [f32; 2]) -> usize {
        self.coordinate(place[1], 1) * self.size[0] + self.coordinate(place[0], 0)
    }

    /// The nearest row within `radius` of a place, among those that `passes` lets through; the last of equals, which
    /// is painted on top.
    pub fn nearest(
        &self,
        places: &[[f32; 2]],
        at: [f32; 2],
        radius: f32,
        passes: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let mut best: Option<(f32, usize)> = None;
        self.visit([at[0] - radius, at[1] - radius], [at[0] + radius, at[1] + radius], |row| {
            let place = places[row];
            let distance = (place[0] - at[0]).powi(2) + (place[1] - at[1]).powi(2);
            let nearer = best.is_none_or(|(least, kept)| distance < least || (distance == least && row > kept));
            if distance <= radius * radius && nearer && passes(row) {
                best = Some((distance, row));
            }
        });
        best.map(|(_, row)| row)
    }

    fn visit(&self, low: [f32; 2], high: [f32; 2], mut what: impl FnMut(usize)) {
        if self.rows.is_empty() {
            return;
        }
        let range = |k: usize| self.coordinate(low[k], k)..=self.coordinate(high[k], k);
        for y in range(1) {
            for x in range(0) {
                let at = y * self.size[0] + x;
                for &row in &self.rows[self.starts[at] as usize..self.starts[at + 1] as usize] {
                    what(row as usize);
                }
            }
        }
    }
}

/// Rows within a polygon (even–odd rule).
pub fn within(places: &[[f32; 2]], polygon: &[[f32; 2]], passes: impl Fn(usize) -> bool + Sync) -> RowSet {
    if polygon.len() < 3 {
        return RowSet::empty(places.len());
    }
    let corner = |fold: fn(f32, f32) -> f32, k: usize| polygon.iter().map(|p| p[k]).reduce(fold).unwrap_or(0.0);
    let low = [corner(f32::min, 0), corner(f32::min, 1)];
    let high = [corner(f32::max, 0), corner(f32::max, 1)];
    let in_box = |p: &[f32; 2]| (low[0]..=high[0]).contains(&p[0]) && (low[1]..=high[1]).contains(&p[1]);
    let rows: Vec<usize> = places
        .par_iter()
        .with_min_len(8192)
        .enumerate()
        .filter(|(row, place)| in_box(place) && is_inside(polygon, **place) && passes(*row))
        .map(|(row, _)| row)
        .collect();
    RowSet::of(places.len(), rows)
}

fn is_inside(polygon: &[[f32; 2]], [x, y]: [f32; 2]) -> bool {
    let mut inside = false;
    let mut previous = polygon[polygon.len() - 1];
    for &corner in polygon {
        let crosses = (corner[1] > y) != (previous[1] > y);
        if crosses && x < (previous[0] - corner[0]) * (y - corner[1]) / (previous[1] - corner[1]) + corner[0] {
            inside = !inside;
        }
        previous = corner;
    }
    inside
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_index_finds_what_a_look_at_every_row_finds(
            places in proptest::collection::vec([-5.0f32..5.0, -5.0f32..5.0], 0..200),
            at in [-6.0f32..6.0, -6.0f32..6.0],
            radius in 0.01f32..3.0,
        ) {
            let index = PlaceIndex::new(&places);
            let distance = |p: &[f32; 2]| (p[0] - at[0]).powi(2) + (p[1] - at[1]).powi(2);
            let expected = places.iter().map(distance).filter(|d| *d <= radius * radius).reduce(f32::min);
            let found = index.nearest(&places, at, radius, |_| true);
            prop_assert_eq!(found.map(|row| distance(&places[row])), expected);
        }
    }

    #[test]
    fn a_lasso_takes_what_is_inside_it_and_passes() {
        let places = [[0.0, 0.0], [2.0, 2.0], [0.5, 0.2], [f32::NAN, 0.0], [0.9, 0.9]];
        // A notch cuts the upper right corner out.
        let lasso = [[-1.0, -1.0], [1.0, -1.0], [1.0, 0.5], [0.7, 0.5], [0.7, 1.0], [-1.0, 1.0]];
        let found: Vec<usize> = within(&places, &lasso, |_| true).iter().collect();
        assert_eq!(found, [0, 2]);
        let found: Vec<usize> = within(&places, &lasso, |row| row != 0).iter().collect();
        assert_eq!(found, [2]);
        assert!(within(&places, &lasso[..2], |_| true).is_empty());
    }
}
