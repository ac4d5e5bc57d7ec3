//! Which minima a band is laid between.

use std::collections::BTreeSet;

use crate::landscape::{KineticTransitionNetwork, MinimumId};

/// Each minimum with its `n_neighbours` nearest, without those tried before, in the order of ids.
pub fn nearest_pairs(
    network: &KineticTransitionNetwork,
    n_neighbours: usize,
    tried: &BTreeSet<(MinimumId, MinimumId)>,
) -> Vec<(MinimumId, MinimumId)> {
    let minima = network.minima();
    let mut pairs = BTreeSet::new();
    for (i, a) in minima.iter().enumerate() {
        let mut others: Vec<(f64, usize)> = (0..minima.len())
            .filter(|&j| j != i)
            .map(|j| (a.x.iter().zip(&minima[j].x).map(|(a, b)| (a - b) * (a - b)).sum(), j))
            .collect();
        let n = n_neighbours.min(others.len());
        if n == 0 {
            continue;
        }
        if n < others.len() {
            others.select_nth_unstable_by(n - 1, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        }
        for &(_, j) in &others[..n] {
            let b = minima[j].id;
            let pair = (a.id.min(b), a.id.max(b));
            if !tried.contains(&pair) {
                pairs.insert(pair);
            }
        }
    }
    pairs.into_iter().collect()
}
