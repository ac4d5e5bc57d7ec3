//! Our own layout of a connected piece: ring systems as rigid bodies, chains in zigzag between them. Linear in the atoms.

use std::collections::VecDeque;
use std::f64::consts::{PI, TAU};

use super::super::{BondOrder, Molecule};
use super::geometry::{Point, add, angle, cross, mean, polar, sub, turned};
use super::ring_layout;
use super::ring_systems::RingSystem;
use super::stereo::StereoDoubleBond;

/// A ring system with its own coordinates, in the order of `atoms`.
pub(super) struct Body {
    atoms: Vec<usize>,
    places: Vec<Point>,
}

/// Lays out each ring system by itself.
pub(super) fn bodies(molecule: &Molecule, systems: &[RingSystem], doubles: &[StereoDoubleBond]) -> Vec<Body> {
    let ends: Vec<(usize, usize)> = molecule.bonds().iter().map(|b| (b.begin, b.end)).collect();
    systems
        .iter()
        .map(|system| {
            let trans = ring_trans_bonds(molecule, system, doubles);
            Body { atoms: system.atoms.clone(), places: ring_layout::lay_out(system, &ends, &trans) }
        })
        .collect()
}

/// The double bonds of large rings whose ring neighbours are on opposite sides.
fn ring_trans_bonds(molecule: &Molecule, system: &RingSystem, doubles: &[StereoDoubleBond]) -> Vec<[usize; 4]> {
    let in_system = |bond: &usize| system.bonds.binary_search(bond).is_ok();
    doubles
        .iter()
        .filter(|d| in_system(&d.bond))
        .filter_map(|d| {
            let ring_neighbour = |end: usize, other: usize| {
                molecule.neighbours(end).iter().find(|(a, b)| *a != other && in_system(b)).map(|n| n.0)
            };
            let outer = ring_neighbour(d.ends[0], d.ends[1])?;
            let far = ring_neighbour(d.ends[1], d.ends[0])?;
            let flips = usize::from(outer != d.substituents[0]) + usize::from(far != d.substituents[1]);
            let cis = d.same_side == (flips % 2 == 0);
            (!cis).then_some([outer, d.ends[0], d.ends[1], far])
        })
        .collect()
}

/// Places the atoms of one connected piece, writing into `xy`.
pub(super) fn assemble(molecule: &Molecule, piece: &[usize], bodies: &[Body], xy: &mut [Point]) {
    let n = molecule.atoms().len();
    let mut bodies_of: Vec<Vec<usize>> = vec![Vec::new(); n];
    for (index, body) in bodies.iter().enumerate() {
        body.atoms.iter().for_each(|&a| bodies_of[a].push(index));
    }
    let mut placed = vec![false; n];
    let mut body_done = vec![false; bodies.len()];
    let mut turn = vec![1.0; n]; // the side to which a chain turns next
    let mut queue = VecDeque::new();
    let first_body = piece
        .iter()
        .flat_map(|&a| bodies_of[a].iter().copied())
        .max_by_key(|&b| (bodies[b].atoms.len(), usize::MAX - b));
    if let Some(index) = first_body {
        body_done[index] = true;
        for (&a, &p) in bodies[index].atoms.iter().zip(&bodies[index].places) {
            xy[a] = p;
            placed[a] = true;
            queue.push_back(a);
        }
    } else {
        let start = chain_end(molecule, piece);
        xy[start] = [0.0, 0.0];
        placed[start] = true;
        queue.push_back(start);
    }
    while let Some(atom) = queue.pop_front() {
        // Ring systems that touch at a spiro atom go first, then single branches.
        for &index in &bodies_of[atom] {
            if !body_done[index] {
                body_done[index] = true;
                let direction = free_directions(
                    molecule,
                    xy,
                    &placed,
                    atom,
                    1 + n_unplaced(molecule, &placed, atom, &bodies[index].atoms),
                )[0];
                attach(&bodies[index], atom, xy[atom], direction, xy);
                for &a in &bodies[index].atoms {
                    if !placed[a] {
                        placed[a] = true;
                        queue.push_back(a);
                    }
                }
            }
        }
        let mut waiting: Vec<usize> =
            molecule.neighbours(atom).iter().map(|&(a, _)| a).filter(|&a| !placed[a]).collect();
        if waiting.is_empty() {
            continue;
        }
        // The heavier branch goes straight on.
        waiting.sort_by_key(|&a| (std::cmp::Reverse(molecule.neighbours(a).len()), a));
        let directions = branch_directions(molecule, xy, &placed, atom, waiting.len(), turn[atom]);
        for (&next, direction) in waiting.iter().zip(directions) {
            xy[next] = add(xy[atom], polar(direction));
            placed[next] = true;
            turn[next] = -turn_made(molecule, xy, &placed, atom, next, turn[atom]);
            queue.push_back(next);
            if let Some(&index) = bodies_of[next].iter().find(|&&b| !body_done[b]) {
                body_done[index] = true;
                attach(&bodies[index], next, xy[next], direction, xy);
                for &a in &bodies[index].atoms {
                    if !placed[a] {
                        placed[a] = true;
                        queue.push_back(a);
                    }
                }
            }
        }
    }
}

/// The end of a long chain: the atom farthest from any one.
fn chain_end(molecule: &Molecule, piece: &[usize]) -> usize {
    let mut seen = std::collections::HashSet::from([piece[0]]);
    let mut order = vec![piece[0]];
    let mut next = 0;
    while next < order.len() {
        for &(a, _) in molecule.neighbours(order[next]) {
            if seen.insert(a) {
                order.push(a);
            }
        }
        next += 1;
    }
    order[order.len() - 1]
}

fn n_unplaced(molecule: &Molecule, placed: &[bool], atom: usize, besides: &[usize]) -> usize {
    molecule.neighbours(atom).iter().filter(|n| !placed[n.0] && besides.binary_search(&n.0).is_err()).count()
}

/// Turns a body so that its outside at `atom` looks back along `direction`, and writes its places.
fn attach(body: &Body, atom: usize, at: Point, direction: f64, xy: &mut [Point]) {
    let local = body.atoms.iter().position(|&a| a == atom).expect("the body holds the atom");
    let origin = body.places[local];
    let near = |p: &&Point| (p[0] - origin[0]).hypot(p[1] - origin[1]) < 1.4;
    let inward = sub(mean(body.places.iter().filter(near).copied()), origin);
    let inward =
        if inward[0].hypot(inward[1]) < 0.05 { sub(mean(body.places.iter().copied()), origin) } else { inward };
    let rotation = polar(direction - angle(inward));
    for (&a, &p) in body.atoms.iter().zip(&body.places) {
        xy[a] = add(at, turned(sub(p, origin), [0.0, 0.0], rotation));
    }
}

/// `n` directions in the widest gap between the neighbours that are placed, the middle one first.
fn free_directions(molecule: &Molecule, xy: &[Point], placed: &[bool], atom: usize, n: usize) -> Vec<f64> {
    let mut taken: Vec<f64> =
        molecule.neighbours(atom).iter().filter(|a| placed[a.0]).map(|a| angle(sub(xy[a.0], xy[atom]))).collect();
    if taken.is_empty() {
        return (0..n).map(|k| TAU * k as f64 / n as f64).collect();
    }
    taken.sort_by(f64::total_cmp);
    let (mut from, mut gap) = (taken[taken.len() - 1], TAU + taken[0] - taken[taken.len() - 1]);
    for pair in taken.windows(2) {
        if pair[1] - pair[0] > gap + 1e-9 {
            (from, gap) = (pair[0], pair[1] - pair[0]);
        }
    }
    let mut all: Vec<f64> = (1..=n).map(|k| from + gap * k as f64 / (n + 1) as f64).collect();
    let centre = from + gap / 2.0;
    all.sort_by(|a, b| (a - centre).abs().total_cmp(&(b - centre).abs()).then(a.total_cmp(b)));
    all
}

fn branch_directions(molecule: &Molecule, xy: &[Point], placed: &[bool], atom: usize, n: usize, turn: f64) -> Vec<f64> {
    let behind: Vec<usize> = molecule.neighbours(atom).iter().map(|a| a.0).filter(|&a| placed[a]).collect();
    if behind.is_empty() {
        let first = PI / 6.0;
        return match n {
            2 if !is_linear(molecule, atom) => vec![first, PI - first],
            _ => (0..n).map(|k| first + TAU * k as f64 / n as f64).collect(),
        };
    }
    if behind.len() > 1 {
        return free_directions(molecule, xy, placed, atom, n);
    }
    let onward = angle(sub(xy[atom], xy[behind[0]]));
    match n {
        1 if is_linear(molecule, atom) => vec![onward],
        1 => vec![onward + turn * PI / 3.0],
        2 => vec![onward + turn * PI / 3.0, onward - turn * PI / 3.0],
        3 => vec![onward, onward + PI / 2.0, onward - PI / 2.0],
        _ => free_directions(molecule, xy, placed, atom, n),
    }
}

/// To which side the step to `next` turned; straight steps keep the side.
fn turn_made(molecule: &Molecule, xy: &[Point], placed: &[bool], atom: usize, next: usize, before: f64) -> f64 {
    let Some(&(back, _)) = molecule.neighbours(atom).iter().find(|a| placed[a.0] && a.0 != next) else {
        return before;
    };
    let c = cross(sub(xy[atom], xy[back]), sub(xy[next], xy[atom]));
    if c.abs() < 0.1 { before } else { c.signum() }
}

/// A triple bond or two double bonds.
pub(super) fn is_linear(molecule: &Molecule, atom: usize) -> bool {
    let orders = molecule.neighbours(atom).iter().map(|&(_, b)| molecule.bonds()[b].order);
    let (mut triples, mut doubles) = (0, 0);
    for order in orders {
        triples += usize::from(order == BondOrder::Triple);
        doubles += usize::from(order == BondOrder::Double);
    }
    molecule.neighbours(atom).len() == 2 && (triples > 0 || doubles == 2)
}
