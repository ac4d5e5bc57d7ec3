//! From coordinates to lines, triangles, labels and circles.

use serde::{Deserialize, Serialize};

use super::super::{BondOrder, Molecule};
use super::coordinates::{bounding_box, coordinates};
use super::geometry::{Point, add, cross, distance, dot, mean, middle, perpendicular, scale, sub, unit};
use super::labels::{Label, clear_of, label};
use super::ring_systems::bonds_around;
use super::stereo::{Wedge, wedges};

/// Distance between the lines of a double bond, in bond lengths.
const LINE_GAP: f64 = 0.17;
/// How much an inner line is shorter at a corner.
const INNER_TRIM: f64 = 0.14;
/// Half the broad end of a wedge.
const WEDGE_HALF_WIDTH: f64 = 0.1;
const N_HASHES: u32 = 7;
/// Space around the ink in the bounding box.
const MARGIN: f64 = 0.12;

/// How a molecule is drawn.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DepictParams {
    /// A circle in each aromatic ring in place of alternating double bonds.
    pub aromatic_circles: bool,
    /// Atoms to highlight, by index; bonds between two of them are highlighted as well.
    pub highlight_atoms: Vec<usize>,
    /// Further bonds to highlight, by index.
    pub highlight_bonds: Vec<usize>,
}

/// A stroke of the bond width.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// One end.
    pub from: Point,
    /// The other end.
    pub to: Point,
}

/// A filled triangle: a solid wedge or an arrow head.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Triangle {
    /// The three corners.
    pub corners: [Point; 3],
}

/// The outline of a circle inside an aromatic ring.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Circle {
    /// Middle.
    pub centre: Point,
    /// Radius in bond lengths.
    pub radius: f64,
}

/// A filled disc behind a highlighted atom.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Disc {
    /// Middle.
    pub centre: Point,
    /// Radius in bond lengths.
    pub radius: f64,
}

/// A broad stroke behind a highlighted bond.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// One end.
    pub from: Point,
    /// The other end.
    pub to: Point,
    /// Width in bond lengths.
    pub width: f64,
}

/// A bond that shows a tetrahedral configuration, for the writers of connection tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StereoBond {
    /// Index of the bond.
    pub bond: usize,
    /// The stereo centre, at the narrow end.
    pub centre: usize,
    /// Towards the reader (a solid wedge) or away (a hashed one).
    pub towards: bool,
}

/// A drawing as plain geometry, in bond lengths with y up. Painted in the order of the fields.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Depiction {
    /// Behind highlighted atoms.
    pub discs: Vec<Disc>,
    /// Behind highlighted bonds.
    pub bands: Vec<Band>,
    /// Bonds.
    pub lines: Vec<Line>,
    /// Solid wedges, from a stereo centre towards the reader.
    pub wedges: Vec<Triangle>,
    /// Strokes of hashed wedges, from a stereo centre away from the reader.
    pub hashes: Vec<Line>,
    /// Circles of aromatic rings.
    pub circles: Vec<Circle>,
    /// Atom labels.
    pub labels: Vec<Label>,
    /// Which bonds are the wedges and hashes of stereo centres.
    pub stereo_bonds: Vec<StereoBond>,
    /// Where each atom stands, in the order of [`Molecule::atoms`].
    pub atoms: Vec<Point>,
    /// Lower left corner of the bounding box.
    pub low: Point,
    /// Upper right corner of the bounding box.
    pub high: Point,
}

/// Draws a molecule.
pub fn depict(molecule: &Molecule, params: &DepictParams) -> Depiction {
    let xy = coordinates(molecule);
    let mut drawing = Drawing {
        molecule,
        xy: &xy,
        labels: (0..xy.len()).map(|a| label(molecule, &xy, a)).collect(),
        orders: if params.aromatic_circles {
            molecule.bonds().iter().map(|b| b.order).collect()
        } else {
            molecule.kekule_orders()
        },
        wedge_of_bond: vec![None; molecule.bonds().len()],
        ring_centre: vec![None; molecule.bonds().len()],
        out: Depiction::default(),
    };
    for wedge in wedges(molecule, &xy) {
        drawing.wedge_of_bond[wedge.bond] = Some(wedge);
        let Wedge { bond, from: centre, towards } = wedge;
        drawing.out.stereo_bonds.push(StereoBond { bond, centre, towards });
    }
    drawing.rings(params.aromatic_circles);
    drawing.highlights(params);
    for bond in 0..molecule.bonds().len() {
        drawing.bond(bond);
    }
    let Drawing { mut out, labels, .. } = drawing;
    out.labels = labels.into_iter().flatten().collect();
    out.atoms = xy;
    bound(&mut out);
    out
}

struct Drawing<'a> {
    molecule: &'a Molecule,
    xy: &'a [Point],
    labels: Vec<Option<Label>>,
    orders: Vec<BondOrder>,
    wedge_of_bond: Vec<Option<Wedge>>,
    /// The middle of the ring to whose inside a double bond's second line goes.
    ring_centre: Vec<Option<Point>>,
    out: Depiction,
}

impl Drawing<'_> {
    /// Chooses the ring of each bond (aromatic first, then the smallest) and draws aromatic circles.
    fn rings(&mut self, circles: bool) {
        let mut rings = self.molecule.rings();
        let aromatic = |ring: &Vec<usize>| ring.iter().all(|&a| self.molecule.atoms()[a].aromatic);
        let n_double = |ring: &Vec<usize>| {
            let bonds = bonds_around(self.molecule, ring);
            bonds.iter().filter(|&&b| self.orders[b] == BondOrder::Double).count()
        };
        rings.sort_by_cached_key(|r| (!aromatic(r), r.len().abs_diff(6), std::cmp::Reverse(n_double(r))));
        for ring in &rings {
            let centre = mean(ring.iter().map(|&a| self.xy[a]));
            let bonds = bonds_around(self.molecule, ring);
            let delocalised = bonds.iter().all(|&b| self.molecule.bonds()[b].order == BondOrder::Aromatic);
            for &bond in &bonds {
                self.ring_centre[bond].get_or_insert(centre);
            }
            if circles && delocalised && bonds.len() == ring.len() {
                let edge = |&b: &usize| {
                    let bond = &self.molecule.bonds()[b];
                    distance(centre, middle(self.xy[bond.begin], self.xy[bond.end]))
                };
                let apothem = bonds.iter().map(edge).fold(f64::INFINITY, f64::min);
                self.out.circles.push(Circle { centre, radius: 0.7 * apothem });
            }
        }
    }

    fn highlights(&mut self, params: &DepictParams) {
        let mut chosen = vec![false; self.xy.len()];
        for &atom in params.highlight_atoms.iter().filter(|&&a| a < self.xy.len()) {
            if !chosen[atom] {
                self.out.discs.push(Disc { centre: self.xy[atom], radius: 0.36 });
            }
            chosen[atom] = true;
        }
        for (index, bond) in self.molecule.bonds().iter().enumerate() {
            if (chosen[bond.begin] && chosen[bond.end]) || params.highlight_bonds.contains(&index) {
                self.out.bands.push(Band { from: self.xy[bond.begin], to: self.xy[bond.end], width: 0.4 });
            }
        }
    }

    fn bond(&mut self, index: usize) {
        let bond = self.molecule.bonds()[index];
        if distance(self.xy[bond.begin], self.xy[bond.end]) < 1e-6 {
            return;
        }
        match (self.orders[index], self.wedge_of_bond[index]) {
            (_, Some(wedge)) => self.wedge(wedge),
            (BondOrder::Double, _) => self.double(index),
            (BondOrder::Triple, _) => self.parallel(index, &[-LINE_GAP, 0.0, LINE_GAP]),
            (BondOrder::Quadruple, _) => {
                self.parallel(index, &[-1.2 * LINE_GAP, -0.4 * LINE_GAP, 0.4 * LINE_GAP, 1.2 * LINE_GAP]);
            }
            (BondOrder::Dative, _) => self.arrow(index),
            (BondOrder::Unspecified, _) => self.dashed(index),
            (BondOrder::Aromatic, _) if self.ring_centre[index].is_none() => self.dashed(index),
            _ => self.parallel(index, &[0.0]),
        }
    }

    /// The ends of a bond, moved sideways by `offset` (to the left from begin to end) and clear of labels.
    fn ends(&self, index: usize, offset: f64) -> (Point, Point) {
        let bond = &self.molecule.bonds()[index];
        let (a, b) = (self.xy[bond.begin], self.xy[bond.end]);
        let shift = scale(perpendicular(unit(sub(b, a))), offset);
        let (a, b) = (add(a, shift), add(b, shift));
        let from = self.labels[bond.begin].as_ref().map_or(a, |l| clear_of(l, a, b));
        let to = self.labels[bond.end].as_ref().map_or(b, |l| clear_of(l, b, a));
        (from, to)
    }

    fn parallel(&mut self, index: usize, offsets: &[f64]) {
        for &offset in offsets {
            let (from, to) = self.ends(index, offset);
            self.out.lines.push(Line { from, to });
        }
    }

    fn double(&mut self, index: usize) {
        let bond = self.molecule.bonds()[index];
        let (a, b) = (self.xy[bond.begin], self.xy[bond.end]);
        let side = match self.ring_centre[index] {
            Some(centre) => cross(sub(b, a), sub(centre, a)).signum(),
            None => match self.crowded_side(index) {
                Some(side) => side,
                None => return self.parallel(index, &[-0.5 * LINE_GAP, 0.5 * LINE_GAP]),
            },
        };
        self.parallel(index, &[0.0]);
        let (mut from, mut to) = self.ends(index, side * LINE_GAP);
        let along = unit(sub(b, a));
        if self.labels[bond.begin].is_none() && self.has_neighbour_on(bond.begin, bond.end, along, side) {
            from = add(from, scale(along, INNER_TRIM));
        }
        if self.labels[bond.end].is_none() && self.has_neighbour_on(bond.end, bond.begin, along, side) {
            to = sub(to, scale(along, INNER_TRIM));
        }
        self.out.lines.push(Line { from, to });
    }

    fn has_neighbour_on(&self, atom: usize, besides: usize, along: Point, side: f64) -> bool {
        self.molecule
            .neighbours(atom)
            .iter()
            .any(|&(n, _)| n != besides && side * cross(along, sub(self.xy[n], self.xy[atom])) > 0.1)
    }

    /// For a double bond in a chain: +1 or −1 for the side with more neighbours; `None` where both lines should
    /// straddle the axis (carbonyls, exocyclic methylenes, cumulenes).
    fn crowded_side(&self, index: usize) -> Option<f64> {
        let bond = self.molecule.bonds()[index];
        let along = unit(sub(self.xy[bond.end], self.xy[bond.begin]));
        let (mut left, mut right) = (0, 0);
        for (atom, besides) in [(bond.begin, bond.end), (bond.end, bond.begin)] {
            let others: Vec<f64> = self
                .molecule
                .neighbours(atom)
                .iter()
                .filter(|n| n.0 != besides)
                .map(|n| cross(along, sub(self.xy[n.0], self.xy[atom])))
                .collect();
            let opposite = self.molecule.neighbours(besides).len();
            if (others.is_empty() && (opposite != 2 || self.labels[atom].is_some()))
                || others.iter().all(|c| c.abs() < 0.1) && !others.is_empty()
            {
                return None;
            }
            left += others.iter().filter(|&&c| c > 0.1).count();
            right += others.iter().filter(|&&c| c < -0.1).count();
        }
        Some(if left >= right { 1.0 } else { -1.0 })
    }

    fn wedge(&mut self, wedge: Wedge) {
        let (mut from, mut to) = self.ends(wedge.bond, 0.0);
        if self.molecule.bonds()[wedge.bond].begin != wedge.from {
            std::mem::swap(&mut from, &mut to);
        }
        let across = perpendicular(unit(sub(to, from)));
        if wedge.towards {
            let half = scale(across, WEDGE_HALF_WIDTH);
            self.out.wedges.push(Triangle { corners: [from, add(to, half), sub(to, half)] });
            return;
        }
        for k in 1..=N_HASHES {
            let t = f64::from(k) / f64::from(N_HASHES);
            let centre = add(from, scale(sub(to, from), t));
            let half = scale(across, WEDGE_HALF_WIDTH * (0.12 + 0.88 * t));
            self.out.hashes.push(Line { from: sub(centre, half), to: add(centre, half) });
        }
    }

    fn arrow(&mut self, index: usize) {
        let (from, to) = self.ends(index, 0.0);
        let along = unit(sub(to, from));
        let base = sub(to, scale(along, 0.24));
        let half = scale(perpendicular(along), 0.1);
        self.out.lines.push(Line { from, to: base });
        self.out.wedges.push(Triangle { corners: [to, add(base, half), sub(base, half)] });
    }

    fn dashed(&mut self, index: usize) {
        const N_DASHES: u32 = 5;
        let (from, to) = self.ends(index, 0.0);
        let at = |t: f64| add(from, scale(sub(to, from), t));
        let step = 1.0 / (f64::from(2 * N_DASHES) - 1.0);
        for k in 0..N_DASHES {
            let start = f64::from(2 * k) * step;
            self.out.lines.push(Line { from: at(start), to: at(start + step) });
        }
    }
}

fn bound(out: &mut Depiction) {
    let around = |p: Point, r: Point| [[p[0] - r[0], p[1] - r[1]], [p[0] + r[0], p[1] + r[1]]];
    let points = out
        .atoms
        .iter()
        .copied()
        .chain(out.labels.iter().flat_map(|l| l.runs.iter().flat_map(|r| around(r.centre, r.half_extent()))))
        .chain(out.discs.iter().flat_map(|d| around(d.centre, [d.radius; 2])))
        .chain(out.wedges.iter().flat_map(|w| w.corners));
    let (low, high) = bounding_box(points);
    out.low = sub(low, [MARGIN; 2]);
    out.high = add(high, [MARGIN; 2]);
    debug_assert!(dot(out.low, out.low).is_finite());
}
