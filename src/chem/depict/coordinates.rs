//! Where each atom stands: the toolkit's layout where it is good, ours where it is better or the only one, clashes taken
//! apart, configurations right, pieces side by side.

use std::f64::consts::PI;

use chematic::smiles::rdkit_2d_coords;

use super::super::{BondOrder, Molecule};
use super::assembly::{assemble, bodies, is_linear};
use super::clashes::{clash_cost, resolve, restore_lengths, side_of};
use super::geometry::{Point, angle, distance, mean, mirrored, polar, scale, sub, turned};
use super::ring_systems::ring_systems;
use super::stereo::{StereoDoubleBond, stereo_double_bonds};

/// The toolkit's layout takes time quadratic in the atoms; larger molecules are laid out by us alone.
const MAX_TOOLKIT_ATOMS: usize = 400;
/// The bond length of the toolkit's layout, in Å.
const TOOLKIT_BOND: f64 = 1.5;
/// Space between the boxes of two pieces, in bond lengths.
const PIECE_GAP: f64 = 1.2;

/// Coordinates of all atoms, in the order of [`Molecule::atoms`]: x to the right, y up, in bond lengths.
///
/// Never fails and is the same for the same atom order. Bonds are 1 long but in bridged and strained rings; double bonds
/// with a stated configuration show it wherever the rings permit.
pub fn coordinates(molecule: &Molecule) -> Vec<Point> {
    let n = molecule.atoms().len();
    if n == 0 {
        return Vec::new();
    }
    let rings = molecule.rings();
    let doubles = stereo_double_bonds(molecule);
    let systems = ring_systems(molecule, &rings);
    let bodies = bodies(molecule, &systems, &doubles);
    let pieces = pieces(molecule);
    let mut ours = vec![[0.0, 0.0]; n];
    for piece in &pieces {
        assemble(molecule, piece, &bodies, &mut ours);
    }
    let theirs = toolkit_layout(molecule);
    let mut xy = ours.clone();
    for piece in &pieces {
        let mut best: Option<(f64, Vec<Point>)> = None;
        for candidate in [theirs.as_ref(), Some(&ours)].into_iter().flatten() {
            let mut trial = candidate.clone();
            restore_lengths(molecule, &mut trial, piece);
            show_double_bonds(molecule, &mut trial, piece, &doubles);
            resolve(molecule, &mut trial, piece, &doubles);
            let cost = layout_cost(molecule, &trial, piece, &rings, &doubles);
            if best.as_ref().is_none_or(|b| cost < b.0 - 0.05) {
                best = Some((cost, trial));
            }
            if cost < 0.05 {
                break;
            }
        }
        let (_, trial) = best.expect("ours is always a candidate");
        for &a in piece {
            xy[a] = trial[a];
        }
        orient(molecule, &mut xy, piece);
    }
    set_side_by_side(&mut xy, &pieces);
    xy
}

fn toolkit_layout(molecule: &Molecule) -> Option<Vec<Point>> {
    let n = molecule.atoms().len();
    if n > MAX_TOOLKIT_ATOMS {
        return None;
    }
    let xy = rdkit_2d_coords(&molecule.source).ok()?;
    let is_sound = xy.len() == n && xy.iter().flatten().all(|x| x.is_finite());
    is_sound.then(|| xy.into_iter().map(|p| scale(p, 1.0 / TOOLKIT_BOND)).collect())
}

/// The connected pieces, each with its atoms ascending.
pub(super) fn pieces(molecule: &Molecule) -> Vec<Vec<usize>> {
    let mut seen = vec![false; molecule.atoms().len()];
    let mut pieces = Vec::new();
    for start in 0..seen.len() {
        if seen[start] {
            continue;
        }
        seen[start] = true;
        let mut piece = vec![start];
        let mut next = 0;
        while next < piece.len() {
            for &(a, _) in molecule.neighbours(piece[next]) {
                if !seen[a] {
                    seen[a] = true;
                    piece.push(a);
                }
            }
            next += 1;
        }
        piece.sort_unstable();
        pieces.push(piece);
    }
    pieces
}

/// Mirrors one side of each double bond in a chain that shows the other configuration.
fn show_double_bonds(molecule: &Molecule, xy: &mut [Point], piece: &[usize], doubles: &[StereoDoubleBond]) {
    for double in doubles.iter().filter(|d| piece.binary_search(&d.ends[0]).is_ok()) {
        let [a, b] = double.ends;
        if molecule.bonds()[double.bond].in_ring || double.is_shown(xy) {
            continue;
        }
        let (from, to) = (xy[a], xy[b]);
        let mut side = side_of(molecule, a, b);
        if 2 * side.len() > piece.len() {
            side = side_of(molecule, b, a);
        }
        for atom in side {
            xy[atom] = mirrored(xy[atom], from, to);
        }
    }
}

/// Clashes, bond lengths, ring angles and configurations of a piece; 0 for a drawing without fault.
fn layout_cost(
    molecule: &Molecule,
    xy: &[Point],
    piece: &[usize],
    rings: &[Vec<usize>],
    doubles: &[StereoDoubleBond],
) -> f64 {
    let mut cost = clash_cost(molecule, xy, piece);
    let mine = |a: usize| piece.binary_search(&a).is_ok();
    for bond in molecule.bonds().iter().filter(|b| mine(b.begin)) {
        let off = (distance(xy[bond.begin], xy[bond.end]) - 1.0).abs();
        if off > 0.09 {
            cost += 0.2 + 8.0 * off * off;
        }
    }
    for ring in rings.iter().filter(|r| (4..=8).contains(&r.len()) && mine(r[0])) {
        let target = 2.0 * (PI / ring.len() as f64).cos();
        for i in 0..ring.len() {
            let off = distance(xy[ring[i]], xy[ring[(i + 2) % ring.len()]]) - target;
            cost += 0.4 * off * off;
        }
    }
    cost + 3.0 * doubles.iter().filter(|d| mine(d.ends[0]) && !d.is_shown(xy)).count() as f64
}

/// Turns a piece so that its long axis lies flat and its bonds stand at the angles of a page: 30°, 90°, 150°.
fn orient(molecule: &Molecule, xy: &mut [Point], piece: &[usize]) {
    let centre = mean(piece.iter().map(|&a| xy[a]));
    let (mut sxx, mut sxy, mut syy) = (0.0, 0.0, 0.0);
    for &a in piece {
        let d = sub(xy[a], centre);
        sxx += d[0] * d[0];
        sxy += d[0] * d[1];
        syy += d[1] * d[1];
    }
    let axis = 0.5 * (2.0 * sxy).atan2(sxx - syy);
    let elongated = (sxx - syy).hypot(2.0 * sxy) > 0.05 * (sxx + syy);
    // The common direction of the bonds modulo 60 degrees.
    let mut six = [0.0, 0.0];
    for &a in piece {
        for &(b, bond) in molecule.neighbours(a) {
            if b > a {
                let weight = if molecule.bonds()[bond].in_ring || !is_linear(molecule, a) { 1.0 } else { 0.5 };
                let d = polar(6.0 * angle(sub(xy[b], xy[a])));
                six = [six[0] + weight * d[0], six[1] + weight * d[1]];
            }
        }
    }
    let n_bonds = piece.iter().map(|&a| molecule.neighbours(a).len()).sum::<usize>() / 2;
    let want = if n_bonds == 1 || piece.iter().all(|&a| molecule.neighbours(a).len() < 2 || is_linear(molecule, a)) {
        0.0
    } else {
        PI / 6.0
    };
    let base = want - angle(six) / 6.0;
    let wanted_axis = if elongated { -axis } else { base };
    let rotation = (0..6)
        .map(|k| base + f64::from(k) * PI / 3.0)
        .map(|r| {
            let off = (r - wanted_axis).rem_euclid(PI);
            (off.min(PI - off), r)
        })
        .min_by(|a, b| (a.0 - 1e-6 * f64::from(a.1 < PI)).total_cmp(&(b.0 - 1e-6 * f64::from(b.1 < PI))))
        .map_or(0.0, |best| best.1);
    let turn = polar(rotation);
    for &a in piece {
        xy[a] = turned(xy[a], centre, turn);
    }
    // Of the two that are left, oxygen and nitrogen at the ends of double bonds look up.
    let centre = mean(piece.iter().map(|&a| xy[a]));
    let up: f64 = piece
        .iter()
        .flat_map(|&a| molecule.neighbours(a).iter().map(move |n| (a, n)))
        .filter(|&(a, n)| molecule.bonds()[n.1].order == BondOrder::Double && molecule.neighbours(a).len() == 1)
        .map(|(a, _)| (xy[a][1] - centre[1]).clamp(-1.5, 1.5))
        .sum();
    if up < -0.5 {
        for &a in piece {
            xy[a] = turned(xy[a], centre, [-1.0, 0.0]);
        }
    }
}

/// Sets the pieces in a row, the largest first; long rows wrap.
fn set_side_by_side(xy: &mut [Point], pieces: &[Vec<usize>]) {
    let mut order: Vec<usize> = (0..pieces.len()).collect();
    order.sort_by_key(|&p| (std::cmp::Reverse(pieces[p].len()), pieces[p][0]));
    let boxes: Vec<(Point, Point)> = pieces.iter().map(|p| bounding_box(p.iter().map(|&a| xy[a]))).collect();
    let area: f64 = boxes.iter().map(|b| (b.1[0] - b.0[0] + PIECE_GAP) * (b.1[1] - b.0[1] + PIECE_GAP)).sum();
    let widest = boxes.iter().map(|b| b.1[0] - b.0[0]).fold(0.0, f64::max);
    let limit = if pieces.len() <= 2 { f64::INFINITY } else { (1.8 * area).sqrt().max(widest + 3.0 * PIECE_GAP) };
    let (mut x, mut top, mut row_height) = (0.0, 0.0, 0.0_f64);
    for p in order {
        let (low, high) = boxes[p];
        let (width, height) = (high[0] - low[0], high[1] - low[1]);
        if x > 0.0 && x + width > limit {
            x = 0.0;
            top -= row_height + PIECE_GAP;
            row_height = 0.0;
        }
        // In the first row pieces are centred on the first one; in later rows they hang from the top.
        let middle = if top == 0.0 { 0.0 } else { top - height / 2.0 };
        let shift = [x - low[0], middle - f64::midpoint(low[1], high[1])];
        for &a in &pieces[p] {
            xy[a] = [xy[a][0] + shift[0], xy[a][1] + shift[1]];
        }
        row_height = row_height.max(if top == 0.0 { height / 2.0 } else { height });
        x += width + PIECE_GAP;
    }
}

/// The lowest and highest corner; both are 0 for no points.
pub(super) fn bounding_box(points: impl Iterator<Item = Point>) -> (Point, Point) {
    let mut corners: Option<(Point, Point)> = None;
    for p in points {
        let (low, high) = corners.unwrap_or((p, p));
        corners = Some(([low[0].min(p[0]), low[1].min(p[1])], [high[0].max(p[0]), high[1].max(p[1])]));
    }
    corners.unwrap_or(([0.0; 2], [0.0; 2]))
}
