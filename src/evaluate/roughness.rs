//! ROGI and ROGI-XD: how fast the spread of a property vanishes as molecules are merged by their distance in feature
//! space (Aldeghi et al., J. Chem. Inf. Model. 62, 4660 (2022), doi:10.1021/acs.jcim.2c00903; Graff, Pyzer-Knapp,
//! Jordan, Shakhnovich, Coley, Digital Discovery 2, 1452 (2023), doi:10.1039/D3DD00088E).

use rayon::prelude::*;

/// Both roughness indices of one property over one set of features.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Roughness {
    /// Integrated over the normalised distance.
    pub rogi: f64,
    /// Integrated over 1 − ln(clusters) / ln(molecules), comparable between features of different dimension.
    pub rogi_xd: f64,
}

/// Thresholds are at least this far apart, as in the authors' program.
const MIN_STEP: f64 = 0.01;

/// Roughness of `y` over features.
///
/// Distances are Euclidean, in units of the diagonal of the box around all features; y is scaled to [0, 1]. Molecules
/// are merged by complete linkage. At a threshold t the spread is 2 × the deviation of the cluster means, weighted by
/// size; the index is the spread at t = 0 minus the mean spread over the way to one cluster.
///
/// * `features` – `(n, dim)`; `y` – n numbers
/// * returns none for fewer than two molecules; 0 where y or the features do not vary
pub fn roughness(features: &[f32], dim: usize, y: &[f64]) -> Option<Roughness> {
    let n = y.len();
    if n < 2 {
        return None;
    }
    let (low, high) = y.iter().fold((f64::MAX, f64::MIN), |(low, high), &y| (low.min(y), high.max(y)));
    let diagonal = diagonal(features, dim);
    if high <= low || diagonal == 0.0 {
        return Some(Roughness { rogi: 0.0, rogi_xd: 0.0 });
    }
    let scaled: Vec<f64> = y.iter().map(|y| (y - low) / (high - low)).collect();
    let merges = complete_linkage(distances(features, dim, diagonal), n);

    // Σ n c² over clusters, kept up to date as they merge: the weighted variance of their means is this / n − mean².
    let mean = scaled.iter().sum::<f64>() / n as f64;
    let mut squares: f64 = scaled.iter().map(|y| y * y).sum();
    let mut clusters: Vec<(f64, f64)> = scaled.iter().map(|&y| (y, 1.0)).collect();
    let spread = |squares: f64| 2.0 * (squares / n as f64 - mean * mean).max(0.0).sqrt();
    let mut curve = vec![(0.0, spread(squares), n)];
    let mut before = -1.0;
    let mut k = 0;
    while k < merges.len() {
        let threshold = merges[k].distance;
        let is_kept = threshold >= before + MIN_STEP;
        // All merges of this distance belong to the threshold.
        while k < merges.len() && merges[k].distance <= threshold {
            let Merge { into, from, .. } = merges[k];
            let ((a, na), (b, nb)) = (clusters[into], clusters[from]);
            squares += (a + b).powi(2) / (na + nb) - a * a / na - b * b / nb;
            clusters[into] = (a + b, na + nb);
            k += 1;
        }
        if is_kept {
            curve.push((threshold, spread(squares), n - k));
            before = threshold;
        }
    }
    curve.push((1.0, 0.0, 1));
    let start = curve[0].1;
    let area = |x: &dyn Fn(&(f64, f64, usize)) -> f64| -> f64 {
        curve.windows(2).map(|pair| 0.5 * (pair[0].1 + pair[1].1) * (x(&pair[1]) - x(&pair[0]))).sum()
    };
    let log_n = (n as f64).ln();
    Some(Roughness {
        rogi: start - area(&|point| point.0),
        rogi_xd: start - area(&|point| 1.0 - (point.2 as f64).ln() / log_n),
    })
}

/// The diagonal of the box around all rows.
fn diagonal(features: &[f32], dim: usize) -> f64 {
    let range = |c: usize| {
        let column = || features.iter().skip(c).step_by(dim).copied();
        f64::from(column().fold(f32::MIN, f32::max)) - f64::from(column().fold(f32::MAX, f32::min))
    };
    (0..dim).map(|c| range(c).powi(2)).sum::<f64>().sqrt()
}

/// The full matrix of distances over `unit`.
fn distances(features: &[f32], dim: usize, unit: f64) -> Vec<f64> {
    let n = features.len() / dim;
    let mut matrix = vec![0.0; n * n];
    matrix.par_chunks_mut(n).zip(features.par_chunks(dim)).for_each(|(out, a)| {
        for (out, b) in out.iter_mut().zip(features.chunks_exact(dim)) {
            let square: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum();
            *out = square.sqrt() / unit;
        }
    });
    matrix
}

/// Two clusters become one.
#[derive(Debug, Clone, Copy)]
struct Merge {
    distance: f64,
    into: usize,
    from: usize,
}

/// Complete linkage by chains of nearest neighbours (Murtagh 1983): n² steps, merges in ascending order.
fn complete_linkage(mut distance: Vec<f64>, n: usize) -> Vec<Merge> {
    let mut active: Vec<usize> = (0..n).collect();
    let mut merges = Vec::with_capacity(n - 1);
    let mut chain: Vec<usize> = Vec::new();
    while active.len() > 1 {
        if chain.is_empty() {
            chain.push(active[0]);
        }
        let last = *chain.last().expect("just filled");
        let previous = chain.len().checked_sub(2).map(|k| chain[k]);
        // Of equally near clusters the previous one, so that chains end.
        let (mut near, mut least) = previous.map_or((usize::MAX, f64::INFINITY), |p| (p, distance[last * n + p]));
        for &other in active.iter().filter(|&&other| other != last) {
            if distance[last * n + other] < least {
                (near, least) = (other, distance[last * n + other]);
            }
        }
        if Some(near) != previous {
            chain.push(near);
            continue;
        }
        chain.truncate(chain.len() - 2);
        let (into, from) = (last.min(near), last.max(near));
        active.retain(|&k| k != from);
        for &k in active.iter().filter(|&&k| k != into) {
            let far = distance[into * n + k].max(distance[from * n + k]);
            distance[into * n + k] = far;
            distance[k * n + into] = far;
        }
        merges.push(Merge { distance: least, into, from });
    }
    // Chains find merges out of order; `into` is always the smaller number, so it stands for its cluster at any time.
    merges.sort_by(|a, b| a.distance.total_cmp(&b.distance));
    merges
}
