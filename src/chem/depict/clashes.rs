//! Atoms and bonds that lie upon one another: how bad, and moves about bonds that take them apart.

use super::super::{BondOrder, Molecule};
use super::geometry::{Point, distance, distance_to_segment, mirrored, polar, segments_cross, turned};
use super::stereo::StereoDoubleBond;

/// Non-bonded atoms nearer than this (in bond lengths) cost something.
const COMFORT: f64 = 0.95;
/// Atoms nearer than this to a foreign bond cost something.
const BOND_COMFORT: f64 = 0.45;
const CROSSING_COST: f64 = 1.5;
/// Molecules with more atoms in one piece keep their first layout: the search is quadratic.
const MAX_ATOMS: usize = 600;
const MAX_ROUNDS: usize = 24;
/// Pairs of atoms that one search may look at: about ten milliseconds.
const MAX_PAIRS: usize = 6_000_000;
/// A bond is lengthened at most to this.
const MAX_LENGTH: f64 = 1.085;

/// Calls `report` with two atoms and a cost for each close pair, atom on a foreign bond and crossing of bonds.
///
/// With a branch only what may change when it moves is looked at: its atoms and bonds against all others.
fn each_clash(
    molecule: &Molecule,
    xy: &[Point],
    atoms: &[usize],
    branch: Option<&Branch>,
    report: &mut dyn FnMut(usize, usize, f64),
) {
    let moving = branch.map_or(atoms, |b| &b.atoms);
    let stays = |j: usize, i: usize| branch.map_or(j < i, |b| !b.moved[j]);
    for &i in moving {
        for &j in atoms {
            if (xy[i][0] - xy[j][0]).abs() >= COMFORT || (xy[i][1] - xy[j][1]).abs() >= COMFORT || !stays(j, i) {
                continue;
            }
            let d = distance(xy[i], xy[j]);
            if d < COMFORT && !molecule.neighbours(i).iter().any(|&(n, _)| n == j) {
                let depth = (COMFORT - d) / COMFORT;
                report(i, j, depth * (1.0 + 4.0 * depth));
            }
        }
    }
    let bonds = |of: &'_ [usize]| -> Vec<(usize, usize)> {
        of.iter().flat_map(|&a| molecule.neighbours(a).iter().filter(move |n| n.0 > a).map(move |n| (a, n.0))).collect()
    };
    let all = bonds(atoms);
    for &(a, b) in all.iter().filter(|&&(a, b)| branch.is_none_or(|m| m.moved[a] || m.moved[b])) {
        let (low, high) = bounds(xy[a], xy[b]);
        for &(c, d) in &all {
            let apart = a != c && a != d && b != c && b != d;
            let counts = branch.map_or((c, d) < (a, b), |m| !m.moved[c] && !m.moved[d]);
            if !apart || !counts {
                continue;
            }
            let (low2, high2) = bounds(xy[c], xy[d]);
            let reach = BOND_COMFORT;
            if low[0] > high2[0] + reach
                || low2[0] > high[0] + reach
                || low[1] > high2[1] + reach
                || low2[1] > high[1] + reach
            {
                continue;
            }
            if segments_cross(xy[a], xy[b], xy[c], xy[d]) {
                report(a, c, CROSSING_COST);
            } else {
                let near = distance_to_segment(xy[a], xy[c], xy[d])
                    .min(distance_to_segment(xy[b], xy[c], xy[d]))
                    .min(distance_to_segment(xy[c], xy[a], xy[b]))
                    .min(distance_to_segment(xy[d], xy[a], xy[b]));
                if near < BOND_COMFORT {
                    report(a, c, 1.0 - near / BOND_COMFORT);
                }
            }
        }
    }
}

fn disturbance(molecule: &Molecule, xy: &[Point], atoms: &[usize], branch: Option<&Branch>) -> f64 {
    let mut cost = 0.0;
    each_clash(molecule, xy, atoms, branch, &mut |_, _, c| cost += c);
    cost
}

fn bounds(a: Point, b: Point) -> (Point, Point) {
    ([a[0].min(b[0]), a[1].min(b[1])], [a[0].max(b[0]), a[1].max(b[1])])
}

/// The disturbance within one connected piece; 0 for a drawing without clashes.
pub(super) fn clash_cost(molecule: &Molecule, xy: &[Point], atoms: &[usize]) -> f64 {
    if atoms.len() > MAX_ATOMS { 0.0 } else { disturbance(molecule, xy, atoms, None) }
}

/// Mirrors and bends branches about single bonds while that lowers the clashes of this connected piece.
pub(super) fn resolve(molecule: &Molecule, xy: &mut [Point], atoms: &[usize], fixed: &[StereoDoubleBond]) {
    if atoms.len() > MAX_ATOMS || clash_cost(molecule, xy, atoms) < 0.02 {
        return;
    }
    let branches = branches(molecule, atoms);
    let mut trial = xy.to_vec();
    let mut n_pairs = 0;
    for _ in 0..MAX_ROUNDS {
        let mut best: Option<(f64, Vec<Point>, usize)> = None;
        let mut clashes = Vec::new();
        each_clash(molecule, xy, atoms, None, &mut |i, j, _| clashes.push((i, j)));
        for (index, branch) in branches.iter().enumerate() {
            if !clashes.iter().any(|&(i, j)| branch.moved[i] != branch.moved[j]) {
                continue;
            }
            let pairs = 2 * atoms.len() * branch.atoms.len();
            n_pairs += pairs;
            if n_pairs > MAX_PAIRS {
                break;
            }
            let before = disturbance(molecule, xy, atoms, Some(branch));
            if before < 0.02 {
                continue;
            }
            for &a_move in moves(molecule, branch) {
                let long = distance(xy[branch.pivot], xy[branch.first]);
                if matches!(a_move, Move::Stretch(f) if f * long > MAX_LENGTH) {
                    continue;
                }
                n_pairs += pairs;
                apply(xy, &mut trial, branch, a_move);
                let right = fixed.iter().all(|d| d.is_shown(&trial) || !d.is_shown(xy));
                let gain = before - disturbance(molecule, &trial, atoms, Some(branch)) - a_move.price();
                if right && gain > 0.02 && best.as_ref().is_none_or(|b| gain > b.0 + 1e-9) {
                    best = Some((gain, branch.atoms.iter().map(|&a| trial[a]).collect(), index));
                }
                for &a in &branch.atoms {
                    trial[a] = xy[a];
                }
            }
        }
        let Some((_, places, index)) = best else { return };
        for (&a, place) in branches[index].atoms.iter().zip(places) {
            xy[a] = place;
            trial[a] = place;
        }
    }
}

/// The lesser side of a bond that is in no ring.
struct Branch {
    /// The atom of the bond that stays.
    pivot: usize,
    /// The atom of the bond that moves.
    first: usize,
    bond: usize,
    atoms: Vec<usize>,
    moved: Vec<bool>,
}

fn branches(molecule: &Molecule, atoms: &[usize]) -> Vec<Branch> {
    let mut found = Vec::new();
    for &a in atoms {
        for &(b, bond) in molecule.neighbours(a) {
            if molecule.bonds()[bond].in_ring {
                continue;
            }
            let side = side_of(molecule, a, b);
            // Of two sides the lesser moves; of equal ones the side of the later atom.
            let rest = atoms.len() - side.len();
            if side.len() < rest || (side.len() == rest && a < b) {
                let mut moved = vec![false; molecule.atoms().len()];
                side.iter().for_each(|&x| moved[x] = true);
                found.push(Branch { pivot: a, first: b, bond, atoms: side, moved });
            }
        }
    }
    found
}

/// The atoms reached from `first` without passing `pivot`.
pub(super) fn side_of(molecule: &Molecule, pivot: usize, first: usize) -> Vec<usize> {
    let mut seen = std::collections::HashSet::from([pivot, first]);
    let mut side = vec![first];
    let mut next = 0;
    while next < side.len() {
        for &(other, _) in molecule.neighbours(side[next]) {
            if seen.insert(other) {
                side.push(other);
            }
        }
        next += 1;
    }
    side
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Move {
    /// Reflect the branch in the line of its bond.
    Mirror,
    /// Turn the branch about the pivot, in degrees.
    Bend(f64),
    /// Turn the branch about its own first atom, in degrees.
    Twist(f64),
    /// Reflect the branch and bend it.
    MirrorBend(f64),
    /// Lengthen the bond to the branch by this factor.
    Stretch(f64),
}

impl Move {
    /// Departures from regular angles and lengths cost something, so that they are the last resort.
    fn price(self) -> f64 {
        match self {
            Self::Mirror => 0.0,
            Self::Bend(a) | Self::MirrorBend(a) => 0.006 * a.abs(),
            Self::Twist(a) => 0.008 * a.abs(),
            Self::Stretch(f) => 3.0 * (f - 1.0),
        }
    }
}

const ALL_MOVES: [Move; 16] = [
    Move::Mirror,
    Move::Bend(15.0),
    Move::Bend(-15.0),
    Move::Bend(30.0),
    Move::Bend(-30.0),
    Move::Bend(60.0),
    Move::Bend(-60.0),
    Move::MirrorBend(15.0),
    Move::MirrorBend(-15.0),
    Move::MirrorBend(30.0),
    Move::MirrorBend(-30.0),
    Move::Twist(30.0),
    Move::Twist(-30.0),
    Move::Twist(60.0),
    Move::Twist(-60.0),
    Move::Stretch(1.08),
];

fn moves(molecule: &Molecule, branch: &Branch) -> &'static [Move] {
    // Straight and double bonds keep their angles at the far end; mirroring is judged by the double bonds' check.
    if molecule.bonds()[branch.bond].order == BondOrder::Single { &ALL_MOVES } else { &ALL_MOVES[..11] }
}

fn apply(xy: &[Point], trial: &mut [Point], branch: &Branch, a_move: Move) {
    let (pivot, first) = (xy[branch.pivot], xy[branch.first]);
    let turn = |degrees: f64| polar(degrees.to_radians());
    let shift = |f: f64| [(first[0] - pivot[0]) * (f - 1.0), (first[1] - pivot[1]) * (f - 1.0)];
    for &a in &branch.atoms {
        trial[a] = match a_move {
            Move::Mirror => mirrored(xy[a], pivot, first),
            Move::Bend(degrees) => turned(xy[a], pivot, turn(degrees)),
            Move::Twist(degrees) => turned(xy[a], first, turn(degrees)),
            Move::MirrorBend(degrees) => turned(mirrored(xy[a], pivot, first), pivot, turn(degrees)),
            Move::Stretch(f) => [xy[a][0] + shift(f)[0], xy[a][1] + shift(f)[1]],
        };
    }
}

/// Gives every bond outside rings the length 1, moving its lesser side: the toolkit shortens some to avoid clashes.
pub(super) fn restore_lengths(molecule: &Molecule, xy: &mut [Point], piece: &[usize]) {
    for bond in molecule.bonds().iter().filter(|b| !b.in_ring && piece.binary_search(&b.begin).is_ok()) {
        let length = distance(xy[bond.begin], xy[bond.end]);
        if (length - 1.0).abs() < 0.02 || length < 1e-6 {
            continue;
        }
        let (mut pivot, mut first) = (bond.begin, bond.end);
        let mut side = side_of(molecule, pivot, first);
        if 2 * side.len() > piece.len() {
            std::mem::swap(&mut pivot, &mut first);
            side = side_of(molecule, pivot, first);
        }
        let factor = 1.0 / length - 1.0;
        let shift = [(xy[first][0] - xy[pivot][0]) * factor, (xy[first][1] - xy[pivot][1]) * factor];
        for atom in side {
            xy[atom] = [xy[atom][0] + shift[0], xy[atom][1] + shift[1]];
        }
    }
}
