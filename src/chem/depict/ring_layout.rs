//! Coordinates of one ring system: regular polygons fused edge to edge, and a relaxation for bridged and strained ones.

use std::collections::HashMap;
use std::f64::consts::{PI, TAU};

use super::geometry::{
    Point, add, angle, cross, distance, distance_to_segment, mean, middle, perpendicular, polar, scale, segments_cross,
    sub, unit,
};
use super::ring_systems::RingSystem;

/// Relaxation is quadratic in the atoms; larger systems keep their fused polygons.
const MAX_RELAXED: usize = 150;
const MAX_SUBSET_RINGS: usize = 8;
const MAX_CANDIDATES: usize = 14;

/// A ring system in local indices.
struct Local {
    n: usize,
    bonds: Vec<(usize, usize)>,
    rings: Vec<Vec<usize>>,
    /// Target distances of atoms two bonds apart in a ring, with their weight.
    angles: Vec<(usize, usize, f64, f64)>,
    bridged: bool,
}

/// Places the atoms of a system, in the order of `system.atoms`; bond length about 1. `trans` lists ring double bonds
/// whose ring neighbours stand on opposite sides, as (outer, end, end, outer).
pub(super) fn lay_out(system: &RingSystem, ends: &[(usize, usize)], trans: &[[usize; 4]]) -> Vec<Point> {
    let local = Local::new(system, ends, trans);
    if local.rings.len() == 1 && trans.is_empty() {
        return polygon(local.rings[0].len(), &local.rings[0]);
    }
    if let Some(places) = cubane(&local) {
        return places;
    }
    let mut candidates: Vec<Vec<Point>> = Vec::new();
    if local.n <= MAX_RELAXED && local.bridged {
        candidates.extend(envelope_starts(&local));
    }
    let mut starts: Vec<usize> = (0..local.rings.len()).collect();
    starts.sort_by_key(|&r| std::cmp::Reverse((local.fused_neighbours(r), usize::MAX - r)));
    for &start in starts.iter().take(if local.bridged { 4 } else { 2 }) {
        for outside in [true, false] {
            candidates.push(fuse(&local, start, outside));
            if !local.bridged {
                break;
            }
        }
        let last = candidates.last().expect("one was pushed");
        if !local.bridged && trans.is_empty() && misfit(&local, last) < 0.05 {
            break;
        }
    }
    if !trans.is_empty() {
        let places: HashMap<usize, usize> = system.atoms.iter().enumerate().map(|(i, &a)| (a, i)).collect();
        for candidate in &mut candidates {
            fold_trans(candidate, &places, trans);
        }
    }
    if local.n <= MAX_RELAXED {
        for candidate in &mut candidates {
            if misfit(&local, candidate) > 0.05 {
                let start = candidate.clone();
                relax(&local, candidate);
                if misfit(&local, candidate) > misfit(&local, &start) {
                    *candidate = start;
                }
            }
        }
    }
    candidates
        .into_iter()
        .min_by(|a, b| misfit(&local, a).total_cmp(&misfit(&local, b)))
        .unwrap_or_else(|| vec![[0.0, 0.0]; local.n])
}

impl Local {
    fn new(system: &RingSystem, ends: &[(usize, usize)], trans: &[[usize; 4]]) -> Self {
        let place: HashMap<usize, usize> = system.atoms.iter().enumerate().map(|(i, &a)| (a, i)).collect();
        let bonds: Vec<(usize, usize)> = system.bonds.iter().map(|&b| (place[&ends[b].0], place[&ends[b].1])).collect();
        let rings: Vec<Vec<usize>> = system.rings.iter().map(|ring| ring.iter().map(|a| place[a]).collect()).collect();
        let member: Vec<Vec<bool>> = rings
            .iter()
            .map(|ring| {
                let mut m = vec![false; system.atoms.len()];
                ring.iter().for_each(|&a| m[a] = true);
                m
            })
            .collect();
        let shared = |r: usize, s: usize| rings[r].iter().filter(|&&a| member[s][a]).count();
        let mut bridged = false;
        let mut angles = Vec::new();
        for (r, ring) in rings.iter().enumerate() {
            let is_bridged = rings.len() <= 60
                && (0..rings.len()).any(|s| s != r && rings[s].len() <= 8 && ring.len() <= 8 && shared(r, s) > 2);
            bridged |= (0..rings.len().min(60)).any(|s| s != r && shared(r, s) > 2);
            let n = ring.len();
            if n < 4 {
                continue;
            }
            let target = if n <= 8 { 2.0 * (PI / n as f64).cos() } else { 3.0_f64.sqrt() };
            let weight = match (is_bridged, n) {
                (false, 4..=6) => 0.5,
                (false, 7..=8) => 0.35,
                (true, 4..=8) => 0.12,
                _ => 0.08,
            };
            for i in 0..n {
                angles.push((ring[i], ring[(i + 2) % n], target, weight));
            }
        }
        // Atoms across a trans double bond are √7 apart; this keeps the fold while the ring relaxes.
        angles.extend(trans.iter().map(|quad| (place[&quad[0]], place[&quad[3]], 7.0_f64.sqrt(), 0.5)));
        Self { n: system.atoms.len(), bonds, rings, angles, bridged }
    }

    fn fused_neighbours(&self, ring: usize) -> usize {
        (0..self.rings.len().min(80))
            .filter(|&s| s != ring && self.rings[s].iter().any(|a| self.rings[ring].contains(a)))
            .count()
    }
}

/// Cubane is drawn as a cube in perspective: no flat relaxation finds that.
fn cubane(local: &Local) -> Option<Vec<Point>> {
    if local.n != 8 || local.bonds.len() != 12 || local.rings.len() < 5 || local.rings.iter().any(|r| r.len() != 4) {
        return None;
    }
    let front = &local.rings[0];
    let mut places = vec![[0.0, 0.0]; 8];
    for (&atom, corner) in front.iter().zip([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]) {
        places[atom] = corner;
        let other = |&(a, b): &(usize, usize)| if a == atom { Some(b) } else { (b == atom).then_some(a) };
        let behind = local.bonds.iter().filter_map(other).find(|a| !front.contains(a))?;
        places[behind] = add(corner, [0.52, 0.36]);
    }
    Some(places)
}

/// A regular polygon with unit sides, its first atom at the top; `order` says which atom stands at which corner.
fn polygon(n: usize, order: &[usize]) -> Vec<Point> {
    let radius = 0.5 / (PI / n as f64).sin();
    let mut places = vec![[0.0, 0.0]; n];
    for (corner, &atom) in order.iter().enumerate() {
        places[atom] = scale(polar(PI / 2.0 - TAU * corner as f64 / n as f64), radius);
    }
    places
}

/// Places one ring as a polygon and adds the others where they share atoms with what stands already.
fn fuse(local: &Local, start: usize, outside: bool) -> Vec<Point> {
    let mut xy: Vec<Option<Point>> = vec![None; local.n];
    let first = &local.rings[start];
    let corners: Vec<usize> = (0..first.len()).collect();
    for (&atom, p) in first.iter().zip(polygon(first.len(), &corners)) {
        xy[atom] = Some(p);
    }
    let mut waiting: Vec<usize> = (0..local.rings.len()).filter(|&r| r != start).collect();
    while !waiting.is_empty() {
        let placed = |r: usize| local.rings[r].iter().filter(|&&a| xy[a].is_some()).count();
        // Rings that share just a bond come first, the more complete of the others next.
        let best = (0..waiting.len()).filter(|&i| placed(waiting[i]) >= 2).max_by_key(|&i| {
            let n = placed(waiting[i]);
            let whole = n == local.rings[waiting[i]].len();
            (whole, n == 2, n, usize::MAX - waiting[i])
        });
        let Some(best) = best else { break };
        let ring = waiting.swap_remove(best);
        waiting.sort_unstable();
        complete_ring(local, &local.rings[ring], &mut xy, outside);
    }
    let centre = mean(xy.iter().flatten().copied());
    xy.into_iter().map(|p| p.unwrap_or(centre)).collect()
}

/// Fills each gap of a ring between atoms that are placed by an arc of unit steps.
fn complete_ring(local: &Local, ring: &[usize], xy: &mut [Option<Point>], outside: bool) {
    let n = ring.len();
    let Some(anchor) = (0..n).find(|&i| xy[ring[i]].is_some()) else { return };
    let placed: Vec<Point> = ring.iter().filter_map(|&a| xy[a]).collect();
    let mut i = 0;
    while i < n {
        let at = |k: usize| ring[(anchor + k) % n];
        if xy[at(i)].is_none() {
            i += 1;
            continue;
        }
        let mut m = 0;
        while m < n && xy[at(i + m + 1)].is_none() {
            m += 1;
        }
        if m == 0 {
            i += 1;
            continue;
        }
        let (u, v) = (at(i), at(i + m + 1));
        let (Some(from), Some(to)) = (xy[u], xy[v]) else { return };
        let away_from = if placed.len() == 2 {
            mean(neighbouring_rings(local, u, v, xy).into_iter())
        } else {
            mean(placed.iter().copied())
        };
        let normal = perpendicular(unit(sub(to, from)));
        let mut side = if cross(sub(to, from), sub(away_from, from)) > 0.0 { -1.0 } else { 1.0 };
        if placed.len() > 2 && !outside {
            side = -side;
        }
        for (k, p) in arc(from, to, m, scale(normal, side)).into_iter().enumerate() {
            xy[at(i + k + 1)] = Some(p);
        }
        i += m + 1;
    }
}

/// Atoms that are placed and share a ring with the bond `u`–`v`.
fn neighbouring_rings(local: &Local, u: usize, v: usize, xy: &[Option<Point>]) -> Vec<Point> {
    local
        .rings
        .iter()
        .filter(|r| r.contains(&u) && r.contains(&v) && r.iter().all(|&a| xy[a].is_some()))
        .flat_map(|r| r.iter().filter_map(|&a| xy[a]))
        .collect()
}

/// `m` points between `from` and `to`, on an arc whose steps are 1 long, on the side of `bulge`.
fn arc(from: Point, to: Point, m: usize, bulge: Point) -> Vec<Point> {
    let chord = distance(from, to);
    let steps = (m + 1) as f64;
    if chord > 0.98 * steps {
        let lift = 0.15;
        return (1..=m)
            .map(|k| {
                let t = k as f64 / steps;
                add(add(from, scale(sub(to, from), t)), scale(bulge, lift * (PI * t).sin()))
            })
            .collect();
    }
    // Half the angle of one step, by bisection: chord = sin(steps α) / sin α falls from `steps` to 0.
    let (mut low, mut high) = (1e-6, PI / steps);
    for _ in 0..60 {
        let half = 0.5 * (low + high);
        if (steps * half).sin() / half.sin() > chord { low = half } else { high = half }
    }
    let half = 0.5 * (low + high);
    let radius = 0.5 / half.sin();
    let centre = sub(middle(from, to), scale(bulge, radius * (steps * half).cos()));
    let begin = angle(sub(from, centre));
    let turning = if cross(sub(to, from), bulge) > 0.0 { -1.0 } else { 1.0 };
    (1..=m).map(|k| add(centre, scale(polar(begin + turning * 2.0 * half * k as f64), radius))).collect()
}

/// Starts for bridged systems: an outer cycle as a polygon, the rest in the middle of its neighbours.
fn envelope_starts(local: &Local) -> Vec<Vec<Point>> {
    let r = local.rings.len().min(MAX_SUBSET_RINGS);
    let mut cycles: Vec<Vec<usize>> = Vec::new();
    for subset in 1_u32..1 << r {
        let mut parity: HashMap<(usize, usize), bool> = HashMap::new();
        for ring in (0..r).filter(|i| subset >> i & 1 == 1).map(|i| &local.rings[i]) {
            for i in 0..ring.len() {
                let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
                *parity.entry((a.min(b), a.max(b))).or_default() ^= true;
            }
        }
        let mut edges: Vec<(usize, usize)> = parity.into_iter().filter(|e| e.1).map(|e| e.0).collect();
        edges.sort_unstable();
        if let Some(cycle) = single_cycle(&edges, local.n)
            && !cycles.iter().any(|c| same_atoms(c, &cycle))
        {
            cycles.push(cycle);
        }
    }
    cycles.sort_by_key(|c| (std::cmp::Reverse(c.len()), c.clone()));
    cycles.truncate(MAX_CANDIDATES);
    cycles.iter().map(|cycle| envelope(local, cycle)).collect()
}

fn same_atoms(a: &[usize], b: &[usize]) -> bool {
    a.len() == b.len() && a.iter().all(|x| b.contains(x))
}

/// The atoms around, when the edges form one simple cycle.
fn single_cycle(edges: &[(usize, usize)], n: usize) -> Option<Vec<usize>> {
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); n];
    for &(a, b) in edges {
        next[a].push(b);
        next[b].push(a);
    }
    if next.iter().any(|v| !v.is_empty() && v.len() != 2) {
        return None;
    }
    let first = edges.first()?.0;
    let (mut cycle, mut before, mut at) = (vec![first], first, next[first][0]);
    while at != first {
        cycle.push(at);
        let onward = if next[at][0] == before { next[at][1] } else { next[at][0] };
        before = at;
        at = onward;
    }
    (cycle.len() == edges.len()).then_some(cycle)
}

fn envelope(local: &Local, cycle: &[usize]) -> Vec<Point> {
    let mut fixed = vec![false; local.n];
    let mut xy: Vec<Point> = (0..local.n).map(|i| scale(polar(2.4 * i as f64), 0.15)).collect();
    let radius = 0.5 / (PI / cycle.len() as f64).sin();
    for (corner, &atom) in cycle.iter().enumerate() {
        xy[atom] = scale(polar(TAU * corner as f64 / cycle.len() as f64), radius);
        fixed[atom] = true;
    }
    let mut neighbours = vec![Vec::new(); local.n];
    for &(a, b) in &local.bonds {
        neighbours[a].push(b);
        neighbours[b].push(a);
    }
    for _ in 0..60 {
        for atom in (0..local.n).filter(|&a| !fixed[a]) {
            let centre = mean(neighbours[atom].iter().map(|&a| xy[a]));
            xy[atom] = add(scale(xy[atom], 0.1), scale(centre, 0.9));
        }
    }
    // Off the straight line between its ends a bridge can bend.
    for atom in (0..local.n).filter(|&a| !fixed[a]) {
        xy[atom] = add(xy[atom], scale(polar(1.1 + 0.4 * atom as f64), 0.25));
    }
    xy
}

/// Folds a ring so that the outer neighbours of a double bond come to opposite sides.
fn fold_trans(xy: &mut [Point], places: &HashMap<usize, usize>, trans: &[[usize; 4]]) {
    for quad in trans {
        let [outer, a, b, far] = quad.map(|atom| places[&atom]);
        let axis = sub(xy[b], xy[a]);
        if cross(axis, sub(xy[outer], xy[a])) * cross(axis, sub(xy[far], xy[b])) > 0.0 {
            xy[a] = super::geometry::mirrored(xy[a], xy[outer], xy[b]);
        }
    }
}

/// Moves atoms until bonds are 1 long, ring angles are near the regular ones and nothing is too close.
///
/// Each constraint moves its two atoms along their line (position-based dynamics): robust from any start.
fn relax(local: &Local, xy: &mut [Point]) {
    let bonded = bonded_table(local);
    let pull = |xy: &mut [Point], i: usize, j: usize, target: f64, weight: f64| {
        let d = sub(xy[j], xy[i]);
        let length = d[0].hypot(d[1]).max(1e-6);
        let shift = scale(d, 0.5 * weight * (length - target) / length);
        xy[i] = add(xy[i], shift);
        xy[j] = sub(xy[j], shift);
    };
    let rounds = if local.n > 60 { 80 } else { 200 };
    for _ in 0..rounds {
        for &(i, j, target, weight) in &local.angles {
            pull(xy, i, j, target, weight);
        }
        for i in 0..local.n {
            for j in 0..i {
                let close = if bonded[i * local.n + j] { 0.0 } else { 0.8 };
                let d = sub(xy[j], xy[i]);
                if d[0].abs() < close && d[1].abs() < close && d[0].hypot(d[1]) < close {
                    pull(xy, i, j, close, 0.3);
                }
            }
        }
        for &(i, j) in &local.bonds {
            pull(xy, i, j, 1.0, 0.8);
        }
    }
}

fn bonded_table(local: &Local) -> Vec<bool> {
    let mut bonded = vec![false; local.n * local.n];
    for &(a, b) in &local.bonds {
        bonded[a * local.n + b] = true;
        bonded[b * local.n + a] = true;
    }
    bonded
}

/// How far a drawing of the system is from a good one: bond lengths, angles, close atoms, crossings. 0 is perfect.
fn misfit(local: &Local, xy: &[Point]) -> f64 {
    let mut cost = 0.0;
    for &(a, b) in &local.bonds {
        let off = distance(xy[a], xy[b]) - 1.0;
        cost += 8.0 * off * off;
    }
    for &(a, b, target, weight) in &local.angles {
        let off = distance(xy[a], xy[b]) - target;
        cost += weight * off * off;
    }
    if local.n > MAX_RELAXED {
        return cost;
    }
    for &(a, b, target, _) in &local.angles {
        // A corner of a small ring that is drawn straight cannot be seen.
        if target < 1.75 && distance(xy[a], xy[b]) > 1.9 {
            cost += 0.6;
        }
    }
    let bonded = bonded_table(local);
    for i in 0..local.n {
        for j in 0..i {
            let d = distance(xy[i], xy[j]);
            if d < 0.75 && !bonded[i * local.n + j] {
                cost += 2.0 * (0.75 - d) + if d < 0.45 { 3.0 } else { 0.0 };
            }
        }
    }
    for (k, &(a, b)) in local.bonds.iter().enumerate() {
        for atom in (0..local.n).filter(|&i| i != a && i != b) {
            let d = distance_to_segment(xy[atom], xy[a], xy[b]);
            if d < 0.25 {
                cost += 4.0 * (0.25 - d);
            }
        }
        for &(c, d) in &local.bonds[..k] {
            if a != c && a != d && b != c && b != d && segments_cross(xy[a], xy[b], xy[c], xy[d]) {
                cost += 0.8;
            }
        }
    }
    cost
}
