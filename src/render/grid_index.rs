//! Which point is under the pointer, which are inside a lasso: an even grid over the plane of a map.
//!
//! Points are sorted by cell once per data set; a question then looks at a few cells. A million points take about
//! 16 MB and a tenth of a second to sort; answers are exact.

use super::camera::{Camera, Camera2d};
use rayon::prelude::*;

/// Points of a cell on average.
const POINTS_PER_CELL: f64 = 6.0;
/// Most cells along an axis.
const MAX_SIDE: usize = 4096;

/// Points on a plane, sorted by cell.
#[derive(Debug, Clone)]
pub struct GridIndex {
    corner: [f64; 2],
    /// Side of a cell, in units of the world.
    cell: [f64; 2],
    size: [usize; 2],
    /// Where the points of each cell begin in `points`, and where the last ends.
    starts: Vec<u32>,
    /// Indices, cell by cell; rising within a cell.
    points: Vec<u32>,
    /// Places beside `points`.
    places: Vec<[f32; 2]>,
}

/// A region to select: what is inside an outline.
#[derive(Debug, Clone, PartialEq)]
pub enum Area {
    /// Inside a closed line by the even–odd rule; fewer than three places enclose nothing.
    Lasso(Vec<[f32; 2]>),
    /// Between two corners, borders included.
    Rectangle([[f32; 2]; 2]),
}

impl GridIndex {
    /// Sorts points by their first two coordinates; those without finite ones are never found.
    pub fn new(places: &[[f32; 3]]) -> Self {
        let corners = super::scene::corners_of(places).unwrap_or([[0.0; 3], [1.0; 3]]);
        let corner = [0, 1].map(|k| f64::from(corners[0][k]));
        let extent = [0, 1].map(|k| f64::from(corners[1][k]) - corner[k]);
        let n_cells = (places.len() as f64 / POINTS_PER_CELL).max(1.0);
        // Cells as square as the extent allows.
        let longest = extent[0].max(extent[1]).max(f64::MIN_POSITIVE);
        let shape = extent.map(|e| (e / longest).max(1e-3));
        let per_side = (n_cells / (shape[0] * shape[1])).sqrt();
        let size = shape.map(|s| ((s * per_side).ceil() as usize).clamp(1, MAX_SIDE));
        let cell = [0, 1].map(|k| (extent[k] / size[k] as f64).max(f64::MIN_POSITIVE));
        let mut index =
            Self { corner, cell, size, starts: vec![0; size[0] * size[1] + 1], points: Vec::new(), places: Vec::new() };
        let none = u32::MAX;
        let cells: Vec<u32> = places
            .par_iter()
            .with_min_len(1 << 14)
            .map(|p| {
                if p.iter().all(|v| v.is_finite()) {
                    let [x, y] = [0, 1].map(|k| index.column(k, f64::from(p[k])));
                    (y * size[0] + x) as u32
                } else {
                    none
                }
            })
            .collect();
        for &cell in cells.iter().filter(|cell| **cell != none) {
            index.starts[cell as usize + 1] += 1;
        }
        for k in 1..index.starts.len() {
            index.starts[k] += index.starts[k - 1];
        }
        let n_points = index.starts[index.starts.len() - 1] as usize;
        index.points = vec![0; n_points];
        index.places = vec![[0.0; 2]; n_points];
        let mut next = index.starts.clone();
        for (point, &cell) in cells.iter().enumerate().filter(|(_, cell)| **cell != none) {
            let at = next[cell as usize] as usize;
            next[cell as usize] += 1;
            index.points[at] = point as u32;
            index.places[at] = [places[point][0], places[point][1]];
        }
        index
    }

    /// Number of points that can be found.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there is nothing to find.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    fn column(&self, axis: usize, v: f64) -> usize {
        (((v - self.corner[axis]) / self.cell[axis]).max(0.0) as usize).min(self.size[axis] - 1)
    }

    fn cell_range(&self, low: [f64; 2], high: [f64; 2]) -> [std::ops::RangeInclusive<usize>; 2] {
        [0, 1].map(|k| self.column(k, low[k])..=self.column(k, high[k]))
    }

    fn of_cell(&self, x: usize, y: usize) -> std::ops::Range<usize> {
        let cell = y * self.size[0] + x;
        self.starts[cell] as usize..self.starts[cell + 1] as usize
    }

    /// The point nearest to `place` within `reach`, both in world units; the lowest index among equals. `accept` says
    /// which points count (for example those not hidden).
    pub fn nearest(&self, place: [f64; 2], reach: f64, accept: impl Fn(u32) -> bool) -> Option<u32> {
        let finite = place.iter().all(|v| v.is_finite()) && reach.is_finite();
        if self.is_empty() || !finite {
            return None;
        }
        let centre = [0, 1].map(|k| self.column(k, place[k]) as i64);
        let rings = [0, 1].map(|k| (reach / self.cell[k]).ceil().min(MAX_SIDE as f64) as i64 + 1);
        let mut best: Option<(f64, u32)> = None;
        // Rings of cells around the pointer, until no nearer point can come.
        for ring in 0..=rings[0].max(rings[1]) {
            if let Some((d2, _)) = best {
                let clear = (ring - 1).max(0) as f64 * self.cell[0].min(self.cell[1]);
                if clear * clear > d2 {
                    break;
                }
            }
            for y in centre[1] - ring..=centre[1] + ring {
                if !(0..self.size[1] as i64).contains(&y) || (y - centre[1]).abs() > rings[1] {
                    continue;
                }
                let edge = (y - centre[1]).abs() == ring;
                let step = if edge || ring == 0 { 1 } else { 2 * ring };
                for x in (centre[0] - ring..=centre[0] + ring).step_by(step as usize) {
                    if !(0..self.size[0] as i64).contains(&x) || (x - centre[0]).abs() > rings[0] {
                        continue;
                    }
                    for at in self.of_cell(x as usize, y as usize) {
                        let [px, py] = self.places[at].map(f64::from);
                        let found = ((px - place[0]).powi(2) + (py - place[1]).powi(2), self.points[at]);
                        let nearer =
                            best.is_none_or(|best| found.0 < best.0 || (found.0 == best.0 && found.1 < best.1));
                        if nearer && found.0 <= reach * reach && accept(found.1) {
                            best = Some(found);
                        }
                    }
                }
            }
        }
        best.map(|(_, point)| point)
    }

    /// The point under the pointer: nearest within `reach_points` on the screen of `size`, in points.
    pub fn pick(
        &self,
        camera: &Camera2d,
        pointer: [f64; 2],
        size: [f64; 2],
        reach_points: f64,
        accept: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        self.nearest(camera.world_from_screen(pointer, size), reach_points / camera.points_per_unit, accept)
    }

    /// All points inside an area, in rising order.
    pub fn inside(&self, area: &Area) -> Vec<u32> {
        let [low, high] = area.corners();
        if self.is_empty() || !(low[0] <= high[0] && low[1] <= high[1]) {
            return Vec::new();
        }
        let [columns, rows] = self.cell_range(low, high);
        let sides = match area {
            Area::Lasso(places) => Sides::new(places),
            Area::Rectangle(_) => Sides::default(),
        };
        let of_row = |y: usize| {
            let mut found = Vec::new();
            let band = self.band(y);
            let near = sides.crossing(band);
            for x in columns.clone() {
                let whole = matches!(area, Area::Lasso(_)).then(|| self.whole_cell(x, y, &near)).flatten();
                match whole {
                    Some(true) => found.extend_from_slice(&self.points[self.of_cell(x, y)]),
                    Some(false) => {}
                    None => {
                        let range = self.of_cell(x, y);
                        let points = self.points[range.clone()].iter().zip(&self.places[range]);
                        let inside = points.filter(|(_, place)| match area {
                            Area::Lasso(_) => is_inside(&near, **place),
                            Area::Rectangle(_) => {
                                [0, 1].iter().all(|&k| (low[k]..=high[k]).contains(&f64::from(place[k])))
                            }
                        });
                        found.extend(inside.map(|(point, _)| *point));
                    }
                }
            }
            found
        };
        let parts: Vec<Vec<u32>> = rows.into_par_iter().map(of_row).collect();
        let mut all = parts.concat();
        all.par_sort_unstable();
        all
    }

    /// Lower and upper y of a row of cells, a little widened for rounding.
    fn band(&self, y: usize) -> [f32; 2] {
        let low = self.corner[1] + y as f64 * self.cell[1];
        let slack = 1e-5 * (self.cell[1] + low.abs());
        [(low - slack) as f32, (low + self.cell[1] + slack) as f32]
    }

    /// Whether a cell lies wholly inside (or outside) a lasso; `None` when a side passes through it.
    fn whole_cell(&self, x: usize, y: usize, sides: &[[[f32; 2]; 2]]) -> Option<bool> {
        let slack = 1e-5 * (self.cell[0] + self.corner[0].abs() + self.cell[0] * self.size[0] as f64);
        let left = (self.corner[0] + x as f64 * self.cell[0] - slack) as f32;
        let right = (self.corner[0] + (x + 1) as f64 * self.cell[0] + slack) as f32;
        let [low, high] = self.band(y);
        let touches = |[a, b]: &[[f32; 2]; 2]| segment_meets_box(*a, *b, [left, low], [right, high]);
        if sides.iter().any(touches) {
            return None;
        }
        Some(is_inside(sides, [f32::midpoint(left, right), f32::midpoint(low, high)]))
    }
}

impl Area {
    fn corners(&self) -> [[f64; 2]; 2] {
        let places: &[[f32; 2]] = match self {
            Self::Lasso(places) if places.len() < 3 => &[],
            Self::Lasso(places) => places,
            Self::Rectangle(corners) => corners,
        };
        let mut out = [[f64::INFINITY; 2], [f64::NEG_INFINITY; 2]];
        for place in places {
            for k in 0..2 {
                out[0][k] = out[0][k].min(f64::from(place[k]));
                out[1][k] = out[1][k].max(f64::from(place[k]));
            }
        }
        out
    }

    /// Its area in squared world units, by the shoelace formula (parts of a line that crosses itself cancel).
    pub fn size(&self) -> f64 {
        match self {
            Self::Rectangle([a, b]) => f64::from(b[0] - a[0]).abs() * f64::from(b[1] - a[1]).abs(),
            Self::Lasso(places) => {
                let next = places.iter().cycle().skip(1);
                let cross = places
                    .iter()
                    .zip(next)
                    .map(|(a, b)| f64::from(a[0]) * f64::from(b[1]) - f64::from(b[0]) * f64::from(a[1]));
                0.5 * cross.sum::<f64>().abs()
            }
        }
    }

    /// Whether a place is inside.
    pub fn contains(&self, place: [f32; 2]) -> bool {
        match self {
            Self::Lasso(places) => places.len() > 2 && is_inside(&Sides::new(places).0, place),
            Self::Rectangle(_) => {
                let [low, high] = self.corners();
                [0, 1].iter().all(|&k| (low[k]..=high[k]).contains(&f64::from(place[k])))
            }
        }
    }
}

/// The sides of a closed line.
#[derive(Default)]
struct Sides(Vec<[[f32; 2]; 2]>);

impl Sides {
    fn new(places: &[[f32; 2]]) -> Self {
        let finite: Vec<[f32; 2]> = places.iter().copied().filter(|p| p.iter().all(|v| v.is_finite())).collect();
        let next = finite.iter().cycle().skip(1);
        Self(finite.iter().zip(next).map(|(a, b)| [*a, *b]).collect())
    }

    /// Those that a band of y meets.
    fn crossing(&self, [low, high]: [f32; 2]) -> Vec<[[f32; 2]; 2]> {
        let meets = |[a, b]: &&[[f32; 2]; 2]| a[1].max(b[1]) >= low && a[1].min(b[1]) <= high;
        self.0.iter().filter(meets).copied().collect()
    }
}

/// Even–odd rule: how many sides a ray to the right crosses.
fn is_inside(sides: &[[[f32; 2]; 2]], [x, y]: [f32; 2]) -> bool {
    let mut inside = false;
    for [a, b] in sides {
        if (a[1] > y) != (b[1] > y) {
            let part = (f64::from(y) - f64::from(a[1])) / (f64::from(b[1]) - f64::from(a[1]));
            let crossing = f64::from(a[0]) + part * (f64::from(b[0]) - f64::from(a[0]));
            if f64::from(x) < crossing {
                inside = !inside;
            }
        }
    }
    inside
}

/// Whether a segment meets a box (Liang and Barsky's clipping).
fn segment_meets_box(a: [f32; 2], b: [f32; 2], low: [f32; 2], high: [f32; 2]) -> bool {
    let (mut enter, mut leave) = (0.0_f32, 1.0_f32);
    for k in 0..2 {
        let d = b[k] - a[k];
        if d == 0.0 {
            if a[k] < low[k] || a[k] > high[k] {
                return false;
            }
        } else {
            let (p, q) = ((low[k] - a[k]) / d, (high[k] - a[k]) / d);
            enter = enter.max(p.min(q));
            leave = leave.min(p.max(q));
        }
    }
    enter <= leave
}

/// The points inside an area of the screen (places in points), for cameras in space and maps on their way: every
/// point is projected. Rising order.
pub fn inside_on_screen(places: &[[f32; 3]], camera: &Camera, size: [f64; 2], area: &Area) -> Vec<u32> {
    let matrix = camera.clip_from_world(size);
    let near = 0.01 * camera.reference_w();
    let on_screen = |place: &[f32; 3]| {
        let clip = super::camera::project(&matrix, *place);
        (clip[3] >= near).then(|| {
            let ndc = [clip[0] / clip[3], clip[1] / clip[3]];
            [0.5 * size[0] as f32 * (1.0 + ndc[0]), 0.5 * size[1] as f32 * (1.0 - ndc[1])]
        })
    };
    let sides = match area {
        Area::Lasso(places) if places.len() > 2 => Sides::new(places),
        _ => Sides::default(),
    };
    let [low, high] = area.corners();
    let holds = |p: [f32; 2]| {
        let boxed = [0, 1].iter().all(|&k| (low[k]..=high[k]).contains(&f64::from(p[k])));
        boxed && (matches!(area, Area::Rectangle(_)) || is_inside(&sides.0, p))
    };
    let found = places.par_iter().with_min_len(1 << 12).enumerate();
    found.filter(|(_, place)| on_screen(place).is_some_and(holds)).map(|(i, _)| i as u32).collect()
}

/// Points of the screen within which a point lies right under the pointer.
const UNDER_POINTER: f64 = 3.0;

/// The point under the pointer for cameras in space: of those right under it the nearest to the eye, else of those within
/// `reach` points the nearest on the screen.
pub fn pick_on_screen(
    places: &[[f32; 3]],
    camera: &Camera,
    size: [f64; 2],
    pointer: [f64; 2],
    reach: f64,
    accept: impl Fn(u32) -> bool + Sync,
) -> Option<u32> {
    let matrix = camera.clip_from_world(size);
    let near = 0.01 * camera.reference_w();
    let candidates = places.par_iter().with_min_len(1 << 12).enumerate().filter_map(|(i, place)| {
        let clip = super::camera::project(&matrix, *place);
        let x = 0.5 * size[0] * (1.0 + f64::from(clip[0] / clip[3])) - pointer[0];
        let y = 0.5 * size[1] * (1.0 - f64::from(clip[1] / clip[3])) - pointer[1];
        let off = x.hypot(y);
        let order = if off <= UNDER_POINTER { (0.0, clip[3]) } else { (off, 0.0) };
        (clip[3] >= near && off <= reach && accept(i as u32)).then_some((order, i as u32))
    });
    let first = candidates.min_by(|((a, b), i), ((c, d), j)| a.total_cmp(c).then(b.total_cmp(d)).then(i.cmp(j)));
    first.map(|(_, i)| i)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn places(n: usize, seed: u64) -> Vec<[f32; 3]> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..n).map(|_| [5.0 + 3.0 * rng.random::<f32>().powi(3), rng.random::<f32>() - 0.5, 0.0]).collect()
    }

    #[test]
    fn the_nearest_is_that_of_brute_force() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for n in [1, 7, 400, 5000] {
            let places = places(n, n as u64);
            let index = GridIndex::new(&places);
            for _ in 0..200 {
                let at = [4.5 + 4.0 * rng.random::<f64>(), 1.4 * rng.random::<f64>() - 0.7];
                let reach = 0.3 * rng.random::<f64>().powi(2);
                let accept = |i: u32| !i.is_multiple_of(5);
                let distance2 =
                    |i: u32| [0, 1].map(|k| (f64::from(places[i as usize][k]) - at[k]).powi(2)).iter().sum::<f64>();
                let expected = (0..n as u32)
                    .filter(|i| accept(*i) && distance2(*i) <= reach * reach)
                    .min_by(|a, b| distance2(*a).total_cmp(&distance2(*b)).then(a.cmp(b)));
                assert_eq!(index.nearest(at, reach, accept), expected, "{n} points, {at:?} within {reach}");
            }
        }
    }

    #[test]
    fn a_lasso_holds_what_each_point_says() {
        let places = places(20_000, 8);
        let index = GridIndex::new(&places);
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for n_corners in [3, 4, 17, 200] {
            // Lines that cross themselves included.
            let corner = |_| [5.0 + 3.2 * rng.random::<f32>() - 0.1, 1.2 * rng.random::<f32>() - 0.6];
            let lasso = Area::Lasso((0..n_corners).map(corner).collect());
            let expected: Vec<u32> =
                (0..places.len()).filter(|&i| lasso.contains([places[i][0], places[i][1]])).map(|i| i as u32).collect();
            assert_eq!(index.inside(&lasso), expected, "{n_corners} corners");
        }
        let rectangle = Area::Rectangle([[5.5, -0.2], [6.0, 0.3]]);
        let expected: Vec<u32> =
            (0..places.len()).filter(|&i| rectangle.contains([places[i][0], places[i][1]])).map(|i| i as u32).collect();
        assert_eq!(index.inside(&rectangle), expected);
        assert!(expected.len() > 100);
    }

    #[test]
    fn hostile_places_and_areas_find_nothing() {
        let index = GridIndex::new(&[[f32::NAN, 0.0, 0.0], [1.0, 1.0, 0.0], [f32::INFINITY; 3]]);
        assert_eq!(index.len(), 1);
        assert_eq!(index.nearest([1.0, 1.0], 0.1, |_| true), Some(1));
        assert_eq!(index.nearest([f64::NAN, 1.0], 0.1, |_| true), None);
        assert!(index.inside(&Area::Lasso(vec![[0.0; 2], [2.0, 2.0]])).is_empty());
        assert!(index.inside(&Area::Lasso(vec![[f32::NAN; 2]; 5])).is_empty());
        assert!(GridIndex::new(&[]).nearest([0.0; 2], 1.0, |_| true).is_none());
        let same = GridIndex::new(&[[2.0, 3.0, 0.0]; 1000]);
        assert_eq!(same.nearest([2.0, 3.0], 1.0, |_| true), Some(0));
        assert_eq!(same.inside(&Area::Rectangle([[0.0; 2], [9.0; 2]])).len(), 1000);
        assert!((Area::Lasso(vec![[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 1.0]]).size() - 2.0).abs() < 1e-12);
    }

    #[test]
    fn space_and_plane_agree_on_a_flat_map() {
        let places = places(3000, 4);
        let size = [800.0, 500.0];
        let camera = Camera::framing(super::super::corners_of(&places).unwrap(), true, size);
        let Camera::Plane(plane) = camera else { panic!() };
        let on_screen = [[100.0, 80.0], [600.0, 120.0], [500.0, 430.0], [90.0, 300.0]];
        let in_world = on_screen.map(|p: [f32; 2]| plane.world_from_screen(p.map(f64::from), size).map(|v| v as f32));
        let by_grid = GridIndex::new(&places).inside(&Area::Lasso(in_world.to_vec()));
        let by_screen = inside_on_screen(&places, &camera, size, &Area::Lasso(on_screen.to_vec()));
        assert!(by_grid.len() > 300);
        let differing = by_grid.iter().filter(|i| !by_screen.contains(i)).count();
        assert!(differing <= 2 && by_grid.len().abs_diff(by_screen.len()) <= 2, "rounding at the border only");
        let picked = pick_on_screen(&places, &camera, size, plane.screen_from_world([5.2, 0.0], size), 20.0, |_| true);
        assert!(picked.is_some());
    }
}
