//! Springs between points, and coarser copies in which joined points are one.

use super::SpringStrength;
use crate::landscape::{KineticTransitionNetwork, TransitionState};

/// Below this many points a network is laid out as it is.
const SMALL: usize = 40;
/// A copy that is not smaller than this part of the one before is not worth the steps.
const WORTHWHILE: f64 = 0.85;

/// Points with masses, and springs between them: each neighbour list is sorted and free of repeats.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Springs {
    /// Number of minima each point stands for.
    pub(super) masses: Vec<f64>,
    starts: Vec<usize>,
    neighbours: Vec<(u32, f64)>,
}

impl Springs {
    /// One point a minimum, one spring a joined pair: of parallel transition states the lowest counts, degenerate ones
    /// do not.
    pub(super) fn of_network(ktn: &KineticTransitionNetwork, strength: SpringStrength) -> Self {
        let position = |id| ktn.minimum_position(id).expect("every end is a minimum held") as u32;
        let barrier = |t: &TransitionState, ends: [u32; 2]| {
            let [a, b] = ends.map(|end| ktn.minima()[end as usize].energy);
            (t.energy - a.min(b)).max(0.0)
        };
        let spring = |t: &TransitionState| {
            let ends = [position(t.minima.0), position(t.minima.1)];
            (ends[0].min(ends[1]), ends[0].max(ends[1]), barrier(t, ends))
        };
        let mut springs: Vec<(u32, u32, f64)> =
            ktn.transition_states().iter().filter(|t| !t.is_degenerate()).map(spring).collect();
        springs.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
        springs.dedup_by_key(|spring| (spring.0, spring.1));
        let middle = median(springs.iter().map(|spring| spring.2).collect());
        let weight = |barrier: f64| match strength {
            SpringStrength::ByBarrier if middle > 0.0 => 2.0 * middle / (middle + barrier),
            _ => 1.0,
        };
        Self::new(vec![1.0; ktn.minima().len()], springs.iter().map(|&(a, b, barrier)| (a, b, weight(barrier))))
    }

    fn new(masses: Vec<f64>, springs: impl Iterator<Item = (u32, u32, f64)>) -> Self {
        let mut both: Vec<(u32, u32, f64)> = springs.flat_map(|(a, b, w)| [(a, b, w), (b, a, w)]).collect();
        both.sort_unstable_by_key(|&(a, b, _)| (a, b));
        let mut starts = vec![0; masses.len() + 1];
        for &(a, _, _) in &both {
            starts[a as usize + 1] += 1;
        }
        for k in 1..starts.len() {
            starts[k] += starts[k - 1];
        }
        Self { masses, starts, neighbours: both.into_iter().map(|(_, b, w)| (b, w)).collect() }
    }

    pub(super) fn n_points(&self) -> usize {
        self.masses.len()
    }

    /// Neighbours of a point and the strength of the springs to them.
    pub(super) fn neighbours(&self, point: usize) -> &[(u32, f64)] {
        &self.neighbours[self.starts[point]..self.starts[point + 1]]
    }

    /// A copy in which matched neighbours are one point, and which point of the copy each point became.
    fn halved(&self) -> (Self, Vec<usize>) {
        const FREE: usize = usize::MAX;
        let mut map = vec![FREE; self.n_points()];
        let mut masses = Vec::new();
        // Points with few neighbours first: they have the least choice.
        let mut order: Vec<usize> = (0..self.n_points()).collect();
        order.sort_by_key(|&k| self.neighbours(k).len());
        for k in order {
            if map[k] != FREE {
                continue;
            }
            map[k] = masses.len();
            masses.push(self.masses[k]);
            let free = self.neighbours(k).iter().filter(|(other, _)| map[*other as usize] == FREE);
            let strength = |&(other, weight): &(u32, f64)| weight / self.masses[other as usize];
            let best = free.copied().max_by(|a, b| strength(a).total_cmp(&strength(b)).then(b.0.cmp(&a.0)));
            let hub = self.neighbours(k).first().map(|&(other, _)| map[other as usize]);
            match (best, hub) {
                (Some((other, _)), _) => {
                    map[other as usize] = map[k];
                    masses[map[k]] += self.masses[other as usize];
                }
                // The points of a star find their hub taken: they join it as well, or stars would never shrink.
                (None, Some(hub)) if self.neighbours(k).len() == 1 => {
                    masses.pop();
                    map[k] = hub;
                    masses[hub] += self.masses[k];
                }
                _ => {}
            }
        }
        let mut springs: Vec<(u32, u32, f64)> = Vec::new();
        for a in 0..self.n_points() {
            for &(b, weight) in self.neighbours(a) {
                let (a, b) = (map[a] as u32, map[b as usize] as u32);
                if a < b {
                    springs.push((a, b, weight));
                }
            }
        }
        springs.sort_unstable_by_key(|&(a, b, _)| (a, b));
        springs.dedup_by(|next, kept| {
            let same = (next.0, next.1) == (kept.0, kept.1);
            kept.2 += if same { next.2 } else { 0.0 };
            same
        });
        (Self::new(masses, springs.into_iter()), map)
    }
}

/// The middle of some numbers; 0 of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// The network and ever coarser copies of it, and the maps from each to the next.
pub(super) fn coarsen(springs: Springs) -> (Vec<Springs>, Vec<Vec<usize>>) {
    let mut levels = vec![springs];
    let mut maps = Vec::new();
    loop {
        let finest = &levels[levels.len() - 1];
        if finest.n_points() <= SMALL {
            break;
        }
        let (coarse, map) = finest.halved();
        if coarse.n_points() as f64 > WORTHWHILE * finest.n_points() as f64 {
            break;
        }
        levels.push(coarse);
        maps.push(map);
    }
    (levels, maps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halving_keeps_mass_and_strength() {
        let ring = Springs::new(vec![1.0; 8], (0..8).map(|k| (k.min((k + 1) % 8), k.max((k + 1) % 8), 1.0)));
        let (half, map) = ring.halved();
        assert_eq!(half.masses.iter().sum::<f64>(), 8.0);
        assert_eq!(map.len(), 8);
        let total: f64 = (0..half.n_points()).flat_map(|k| half.neighbours(k)).map(|n| n.1).sum();
        let inside = (0..8).filter(|&k| map[k] == map[(k + 1) % 8]).count();
        assert_eq!(total, 2.0 * (8 - inside) as f64);
    }

    #[test]
    fn star_shrinks_at_once() {
        let star = Springs::new(vec![1.0; 101], (1..101).map(|k| (0, k, 1.0)));
        assert_eq!(star.halved().0.n_points(), 1);
    }
}
