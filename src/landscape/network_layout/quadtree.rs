//! Barnes–Hut repulsion on the plane.
//!
//! Source: J. Barnes and P. Hut, Nature 324, 446 (1986), doi:10.1038/324446a0.

/// Cells no deeper than this; points that share a cell of the last depth are summed one by one.
const DEPTH: u32 = 20;
/// Cells with this many points or fewer are not divided.
const LEAF_POINTS: usize = 8;

/// A square cell: its points, their mass and centre of mass.
#[derive(Debug, Clone, Copy)]
struct Cell {
    /// Its points, as a range of `order`.
    start: u32,
    end: u32,
    mass: f64,
    centre: [f64; 2],
    size: f64,
    /// Where to go on when this cell is not opened; children follow directly.
    next: u32,
    is_leaf: bool,
}

/// Points sorted into cells along a Z-order curve; cells in depth-first order.
#[derive(Debug)]
pub(super) struct Quadtree {
    cells: Vec<Cell>,
    /// Points as (x, y, mass, index), sorted along the curve.
    points: Vec<([f64; 2], f64, u32)>,
}

impl Quadtree {
    pub(super) fn new(places: &[[f64; 2]], masses: &[f64]) -> Self {
        let mut low = [f64::INFINITY; 2];
        let mut high = [f64::NEG_INFINITY; 2];
        for place in places {
            for axis in 0..2 {
                low[axis] = low[axis].min(place[axis]);
                high[axis] = high[axis].max(place[axis]);
            }
        }
        let size = (high[0] - low[0]).max(high[1] - low[1]).max(f64::MIN_POSITIVE);
        let cells_across = f64::from(1_u32 << DEPTH);
        let along =
            |value: f64, axis: usize| (((value - low[axis]) / size * cells_across) as u64).min((1 << DEPTH) - 1);
        let mut keyed: Vec<(u64, u32)> = places
            .iter()
            .enumerate()
            .map(|(k, place)| (interleaved(along(place[0], 0)) | interleaved(along(place[1], 1)) << 1, k as u32))
            .collect();
        keyed.sort_unstable();
        let points = keyed.iter().map(|&(_, k)| (places[k as usize], masses[k as usize], k)).collect();
        let mut tree = Self { cells: Vec::with_capacity(places.len()), points };
        if !keyed.is_empty() {
            tree.push_cell(&keyed, 0, keyed.len(), 0, size);
        }
        tree
    }

    /// Adds the cell of the points `start..end`, which share their first `depth` digits, and its children.
    fn push_cell(&mut self, keyed: &[(u64, u32)], start: usize, end: usize, depth: u32, size: f64) {
        let index = self.cells.len();
        let (mut mass, mut centre) = (0.0, [0.0; 2]);
        for &(place, m, _) in &self.points[start..end] {
            mass += m;
            centre[0] += m * place[0];
            centre[1] += m * place[1];
        }
        let centre = centre.map(|c| c / mass);
        let is_leaf = end - start <= LEAF_POINTS || depth == DEPTH;
        self.cells.push(Cell { start: start as u32, end: end as u32, mass, centre, size, next: 0, is_leaf });
        if !is_leaf {
            let shift = 2 * (DEPTH - depth - 1);
            let mut from = start;
            while from < end {
                let quarter = keyed[from].0 >> shift;
                let to = from + keyed[from..end].partition_point(|&(code, _)| code >> shift == quarter);
                self.push_cell(keyed, from, to, depth + 1, 0.5 * size);
                from = to;
            }
        }
        self.cells[index].next = self.cells.len() as u32;
    }

    /// Σ m (x − y) / |x − y|² over all other points y: the repulsion on a point, for unit strength.
    pub(super) fn repulsion(&self, at: [f64; 2], index: u32, opening: f64) -> [f64; 2] {
        let mut sum = [0.0; 2];
        let mut add = |place: [f64; 2], mass: f64| {
            let (dx, dy) = (at[0] - place[0], at[1] - place[1]);
            let r2 = dx * dx + dy * dy;
            if r2 > 0.0 {
                sum[0] += mass * dx / r2;
                sum[1] += mass * dy / r2;
            }
        };
        let mut k = 0;
        while let Some(cell) = self.cells.get(k) {
            let (dx, dy) = (at[0] - cell.centre[0], at[1] - cell.centre[1]);
            if cell.is_leaf {
                for &(place, mass, other) in &self.points[cell.start as usize..cell.end as usize] {
                    if other != index {
                        add(place, mass);
                    }
                }
                k = cell.next as usize;
            } else if cell.size * cell.size < opening * opening * (dx * dx + dy * dy) {
                add(cell.centre, cell.mass);
                k = cell.next as usize;
            } else {
                k += 1;
            }
        }
        sum
    }
}

/// Spreads the low 32 bits over the even bits.
fn interleaved(value: u64) -> u64 {
    let mut v = value & 0xffff_ffff;
    for (shift, mask) in [
        (16, 0x0000_ffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
        (2, 0x3333_3333_3333_3333),
        (1, 0x5555_5555_5555_5555),
    ] {
        v = (v | v << shift) & mask;
    }
    v
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::landscape::network_layout::scattered;

    #[test]
    fn repulsion_meets_the_sum_over_all_pairs() {
        let places: Vec<[f64; 2]> = (0..700).map(|k| scattered(3, k / 2 * 2 + k % 2 / 2)).collect();
        let masses: Vec<f64> = (0..700).map(|k| 1.0 + f64::from(k % 3)).collect();
        let tree = Quadtree::new(&places, &masses);
        for (k, &at) in places.iter().enumerate() {
            let mut exact = [0.0; 2];
            for (place, mass) in places.iter().zip(&masses) {
                let d = [at[0] - place[0], at[1] - place[1]];
                let r2 = d[0] * d[0] + d[1] * d[1];
                if r2 > 0.0 {
                    exact = [exact[0] + mass * d[0] / r2, exact[1] + mass * d[1] / r2];
                }
            }
            let norm = exact[0].hypot(exact[1]);
            let error = |found: [f64; 2]| (found[0] - exact[0]).hypot(found[1] - exact[1]);
            assert!(error(tree.repulsion(at, k as u32, 0.0)) < 1e-9 * norm.max(1.0), "no cell counts as a point");
            let approximate = error(tree.repulsion(at, k as u32, 0.7));
            assert!(approximate < 0.03 * 1400.0, "point {k}: {approximate} of {norm}");
        }
    }

    #[test]
    fn coincident_points_and_single_points_have_finite_repulsion() {
        let tree = Quadtree::new(&[[1.0, 1.0]; 20], &[1.0; 20]);
        assert_eq!(tree.repulsion([1.0, 1.0], 0, 0.9), [0.0, 0.0]);
        assert_eq!(Quadtree::new(&[[2.0, 3.0]], &[1.0]).repulsion([2.0, 3.0], 0, 0.9), [0.0, 0.0]);
    }
}
