//! Trustworthiness and continuity against brute force and scikit-learn.

use super::data::{ROLL_DIMENSION, roll};
use fillscape::jobs::silent;
use fillscape::projection::{ProjectionError, TrustParams, continuity, measure_trust, trustworthiness};

/// Straight from the definition, with ranks counted one by one.
fn brute_force(a: &[Vec<f64>], b: &[Vec<f64>], k: usize) -> f64 {
    let n = a.len();
    let distance = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - y).powi(2)).sum::<f64>();
    let rank = |p: &[Vec<f64>], i: usize, j: usize| {
        let own = distance(&p[i], &p[j]);
        1 + (0..n)
            .filter(|&l| l != i && l != j)
            .filter(|&l| {
                let d = distance(&p[i], &p[l]);
                d < own || (d == own && l < j)
            })
            .count()
    };
    let mut sum = 0;
    for i in 0..n {
        for j in (0..n).filter(|&j| j != i) {
            let in_a = rank(a, i, j);
            if rank(b, i, j) <= k && in_a > k {
                sum += in_a - k;
            }
        }
    }
    1.0 - 2.0 / (n * k) as f64 / (2 * n - 3 * k - 1) as f64 * sum as f64
}

fn as_rows(data: &[f32], d: usize) -> Vec<Vec<f64>> {
    data.chunks(d).map(|row| row.iter().map(|v| f64::from(*v)).collect()).collect()
}

/// A map that tears and folds: the first two coordinates, rounded.
fn poor_map(rows: &[f32]) -> Vec<[f32; 3]> {
    rows.chunks(ROLL_DIMENSION).map(|r| [(r[0] * 2.0).round() + 0.01 * r[3], r[1] * r[1], 0.0]).collect()
}

#[test]
fn measures_are_those_of_the_definition() {
    let rows = roll(150);
    let map = poor_map(&rows);
    let (a, b) = (as_rows(&rows, ROLL_DIMENSION), as_rows(map.as_flattened(), 3));
    for k in [1, 5, 20] {
        let found = trustworthiness(&rows, ROLL_DIMENSION, &map, k).unwrap();
        let expected = brute_force(&a, &b, k);
        assert!((found - expected).abs() < 1e-12, "trustworthiness, k = {k}: {found} {expected}");
        let found = continuity(&rows, ROLL_DIMENSION, &map, k).unwrap();
        let expected = brute_force(&b, &a, k);
        assert!((found - expected).abs() < 1e-12, "continuity, k = {k}: {found} {expected}");
    }
}

#[test]
fn a_map_that_keeps_all_distances_is_perfect() {
    let rows: Vec<f32> = (0..300).map(|k| (k as f32 * 0.37).sin() * 5.0).collect();
    let map: Vec<[f32; 3]> = rows.chunks(3).map(|r| [r[0], r[1], r[2]]).collect();
    assert_eq!(trustworthiness(&rows, 3, &map, 10).unwrap(), 1.0);
    assert_eq!(continuity(&rows, 3, &map, 10).unwrap(), 1.0);
}

#[test]
fn a_sample_of_rows_is_counted_and_close() {
    let rows = roll(900);
    let map = poor_map(&rows);
    let all = measure_trust(&rows, ROLL_DIMENSION, &map, &TrustParams::default(), &mut silent).unwrap();
    let params = TrustParams { max_queries: 300, ..TrustParams::default() };
    let few = measure_trust(&rows, ROLL_DIMENSION, &map, &params, &mut silent).unwrap();
    assert_eq!((all.n_queries, few.n_queries, few.n_rows), (900, 300, 900));
    assert!((all.trustworthiness - few.trustworthiness).abs() < 0.02, "{all:?} {few:?}");
    assert!((all.continuity - few.continuity).abs() < 0.02, "{all:?} {few:?}");
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let rows = roll(20);
    let map = poor_map(&rows);
    for k in [0, 10, 500] {
        let error = trustworthiness(&rows, ROLL_DIMENSION, &map, k).unwrap_err();
        assert!(matches!(error, ProjectionError::Parameter { name: "n_neighbours", .. }), "{error}");
    }
    assert!(trustworthiness(&rows, ROLL_DIMENSION, &map[1..], 3).is_err());
    let broken = vec![[f32::NAN; 3]; 20];
    assert!(matches!(trustworthiness(&rows, ROLL_DIMENSION, &broken, 3), Err(ProjectionError::NotFinite { .. })));
}
