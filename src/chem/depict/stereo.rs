//! What a drawing must show of stereo: sides of double bonds, and wedges at tetrahedral centres.

use chematic::core::{AtomIdx, BondIdx, BondOrder as ToolkitOrder, Chirality, STEREO_H_SENTINEL};

use super::super::{BondOrder, Molecule};
use super::geometry::{Point, angle, cross, dot, sub, unit};

/// A double bond with a known configuration: its ends, one substituent of each, and whether these are on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StereoDoubleBond {
    pub(super) bond: usize,
    pub(super) ends: [usize; 2],
    pub(super) substituents: [usize; 2],
    pub(super) same_side: bool,
}

impl StereoDoubleBond {
    /// True when `xy` shows the configuration; false when it shows the other one or none.
    pub(super) fn is_shown(&self, xy: &[Point]) -> bool {
        let [a, b] = self.ends;
        let axis = unit(sub(xy[b], xy[a]));
        let side = |end: usize, substituent: usize| cross(axis, unit(sub(xy[substituent], xy[end])));
        let (s, t) = (side(a, self.substituents[0]), side(b, self.substituents[1]));
        s.abs() > 0.1 && t.abs() > 0.1 && (s * t > 0.0) == self.same_side
    }
}

/// The double bonds whose configuration the molecule states.
pub(super) fn stereo_double_bonds(molecule: &Molecule) -> Vec<StereoDoubleBond> {
    let double = |(_, bond): &(usize, &super::super::Bond)| bond.order == BondOrder::Double;
    molecule
        .bonds()
        .iter()
        .enumerate()
        .filter(double)
        .filter_map(|(index, bond)| {
            let (s, s_above) = marked_substituent(molecule, bond.begin, bond.end)?;
            let (t, t_above) = marked_substituent(molecule, bond.end, bond.begin)?;
            Some(StereoDoubleBond {
                bond: index,
                ends: [bond.begin, bond.end],
                substituents: [s, t],
                same_side: s_above == t_above,
            })
        })
        .collect()
}

/// The neighbour of `end` (not `other`) that carries a direction, and whether it stands above `end`.
fn marked_substituent(molecule: &Molecule, end: usize, other: usize) -> Option<(usize, bool)> {
    let perceived = molecule.perceived();
    molecule.neighbours(end).iter().filter(|&&(atom, _)| atom != other).find_map(|&(atom, bond)| {
        let index = BondIdx(bond as u32);
        let entry = perceived.bond(index);
        let (direction, anchor) = match (perceived.bond_direction(index), entry.order) {
            (Some(direction), _) => (direction, perceived.bond_direction_anchor(index).unwrap_or(entry.atom1)),
            (None, ToolkitOrder::Up | ToolkitOrder::Down) => (entry.order, entry.atom1),
            _ => return None,
        };
        let far_is_above = direction == ToolkitOrder::Up;
        Some((atom, far_is_above == (anchor.0 as usize == end)))
    })
}

/// A bond drawn as a wedge: narrow end at the centre `from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wedge {
    pub(super) bond: usize,
    pub(super) from: usize,
    /// Towards the reader (solid) or away (hashed).
    pub(super) towards: bool,
}

/// Chooses one bond for each tetrahedral centre and its sense on these coordinates.
///
/// As in RDKit's `pickBondsToWedge`, bonds to other centres, ring bonds and double bonds are avoided; a centre whose
/// neighbours stand so that no wedge would be readable is left plain only when every bond fails.
pub(super) fn wedges(molecule: &Molecule, xy: &[Point]) -> Vec<Wedge> {
    let mut centres: Vec<(usize, Vec<Option<usize>>, bool)> = (0..molecule.atoms().len())
        .filter_map(|atom| centre(molecule, atom).map(|(order, clockwise)| (atom, order, clockwise)))
        .collect();
    let mut is_centre = vec![false; molecule.atoms().len()];
    for (atom, _, _) in &centres {
        is_centre[*atom] = true;
    }
    // Centres with most centres around them choose first, for they have the fewest bonds to choose from.
    let n_centres = |atom: usize| molecule.neighbours(atom).iter().filter(|&&(a, _)| is_centre[a]).count();
    centres.sort_by_key(|(atom, _, _)| (std::cmp::Reverse(n_centres(*atom)), *atom));
    let mut taken = vec![false; molecule.bonds().len()];
    let mut chosen = Vec::with_capacity(centres.len());
    for (atom, order, clockwise) in &centres {
        let mut bonds: Vec<(i32, usize, usize)> = molecule
            .neighbours(*atom)
            .iter()
            .filter(|&&(_, bond)| !taken[bond] && molecule.bonds()[bond].order == BondOrder::Single)
            .map(|&(other, bond)| (reluctance(molecule, &is_centre, xy, *atom, other, bond), bond, other))
            .collect();
        bonds.sort_unstable();
        let pick = bonds.iter().find_map(|&(_, bond, other)| {
            sense(xy, *atom, order, *clockwise, other).map(|towards| Wedge { bond, from: *atom, towards })
        });
        if let Some(wedge) = pick {
            taken[wedge.bond] = true;
            chosen.push(wedge);
        }
    }
    chosen
}

/// The neighbours of a tetrahedral centre in the order of its chirality mark (`None` is the hydrogen that is no atom, or
/// the lone pair), and whether the last three turn clockwise seen from the first.
fn centre(molecule: &Molecule, atom: usize) -> Option<(Vec<Option<usize>>, bool)> {
    let perceived = molecule.perceived();
    let index = AtomIdx(atom as u32);
    let clockwise = match perceived.atom(index).chirality {
        Chirality::Clockwise => true,
        Chirality::CounterClockwise => false,
        _ => return None,
    };
    let mut order: Vec<Option<usize>> = perceived
        .stereo_neighbor_order(index)?
        .iter()
        .map(|&a| (a != STEREO_H_SENTINEL).then_some(a as usize))
        .collect();
    let n_double = molecule.neighbours(atom).iter().filter(|&&(_, b)| molecule.bonds()[b].order == BondOrder::Double);
    let is_allene = n_double.count() == 2;
    if order.len() == 3 && order.iter().all(Option::is_some) {
        order.push(None);
    }
    (order.len() == 4 && !is_allene && molecule.neighbours(atom).len() >= 3).then_some((order, clockwise))
}

fn reluctance(molecule: &Molecule, is_centre: &[bool], xy: &[Point], atom: usize, other: usize, bond: usize) -> i32 {
    let mut score = 0;
    if molecule.bonds()[bond].in_ring {
        score += 20;
    }
    if is_centre[other] {
        score += 40;
    }
    let neighbours = molecule.neighbours(other);
    if neighbours.len() > 1 {
        score += 4 + neighbours.len() as i32;
    }
    if neighbours.iter().any(|&(_, b)| molecule.bonds()[b].order == BondOrder::Double) {
        score += 3;
    }
    if molecule.atoms()[other].element == super::super::Element::H {
        score -= 10;
    }
    // With three neighbours, the bond opposite to a straight angle shows nothing.
    if molecule.neighbours(atom).len() == 3 && largest_gap(molecule, xy, atom).1 > 3.05 {
        let gap = largest_gap(molecule, xy, atom);
        if gap.0 == other {
            score += 10;
        }
    }
    score
}

/// For a centre of three bonds: the neighbour opposite to the widest gap, and the width of that gap in radians.
fn largest_gap(molecule: &Molecule, xy: &[Point], atom: usize) -> (usize, f64) {
    let mut around: Vec<(f64, usize)> =
        molecule.neighbours(atom).iter().map(|&(other, _)| (angle(sub(xy[other], xy[atom])), other)).collect();
    around.sort_by(|a, b| a.0.total_cmp(&b.0));
    let n = around.len();
    let mut widest = (around[0].1, 0.0);
    for i in 0..n {
        let next = (i + 1) % n;
        let mut gap = around[next].0 - around[i].0;
        if next == 0 {
            gap += std::f64::consts::TAU;
        }
        if gap > widest.1 {
            widest = (around[(i + 2) % n].1, gap);
        }
    }
    widest
}

/// Whether the bond to `tip` must point towards the reader to show the configuration; `None` when the drawing would be
/// ambiguous.
fn sense(xy: &[Point], atom: usize, order: &[Option<usize>], clockwise: bool, tip: usize) -> Option<bool> {
    let mut places = [[0.0, 0.0, -1.0]; 4]; // the hydrogen or lone pair that is not drawn stands behind
    for (place, neighbour) in places.iter_mut().zip(order) {
        if let Some(a) = neighbour {
            let d = unit(sub(xy[*a], xy[atom]));
            *place = [d[0], d[1], 0.0];
            if *a == tip && order.iter().all(Option::is_some) {
                place[2] = 1.0;
            }
        }
    }
    let others: Vec<usize> = order.iter().flatten().copied().filter(|&a| a != tip).collect();
    if others.len() == 2 && !is_readable(xy, atom, tip, others[0], others[1]) {
        return None;
    }
    let v = volume(&places);
    (v.abs() > 0.05).then_some((v > 0.0) != clockwise)
}

/// With three bonds drawn within a half-plane, a wedge on the middle one would read as its opposite.
fn is_readable(xy: &[Point], atom: usize, tip: usize, left: usize, right: usize) -> bool {
    let direction = |a: usize| unit(sub(xy[a], xy[atom]));
    let (tip, left, right) = (direction(tip), direction(left), direction(right));
    let is_between = cross(tip, left) * cross(tip, right) <= 0.0;
    !is_between || dot(tip, left) + dot(tip, right) < -0.1
}

/// Positive when, seen from the first place, the other three turn counter-clockwise.
fn volume(p: &[[f64; 3]; 4]) -> f64 {
    let d = |i: usize| [p[i][0] - p[0][0], p[i][1] - p[0][1], p[i][2] - p[0][2]];
    let (a, b, c) = (d(1), d(2), d(3));
    let det =
        a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0]);
    -det
}
