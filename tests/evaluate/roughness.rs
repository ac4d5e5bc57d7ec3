//! ROGI and ROGI-XD against the reference in Python (`tests/interop/roughness.py`, numpy and scipy).

use fillscape::evaluate::roughness::roughness;

/// The same numbers as the script makes.
fn data(n: usize, dim: usize) -> (Vec<f32>, Vec<f64>) {
    let x: Vec<f32> = (0..n * dim).map(|k| ((k * 7919 % 1009) as f32 / 1009.0).powi(2)).collect();
    let y = x.chunks(dim).map(|r| f64::from(r[0]) + (7.0 * f64::from(r[1])).sin()).collect();
    (x, y)
}

#[test]
fn roughness_meets_scipy() {
    for (n, dim, rogi, rogi_xd) in EXPECTED {
        let (x, y) = data(n, dim);
        let found = roughness(&x, dim, &y).unwrap();
        assert!((found.rogi - rogi).abs() < 1e-6, "{n} x {dim}: ROGI {}, scipy {rogi}", found.rogi);
        assert!((found.rogi_xd - rogi_xd).abs() < 1e-6, "{n} x {dim}: ROGI-XD {}, scipy {rogi_xd}", found.rogi_xd);
    }
}

#[test]
fn noise_is_rougher_than_a_slope() {
    let n = 300;
    let x: Vec<f32> = (0..2 * n).map(|k| (k * 7919 % 1009) as f32).collect();
    let slope: Vec<f64> = x.chunks(2).map(|r| f64::from(r[0])).collect();
    let noise: Vec<f64> = (0..n).map(|k| f64::from((k * 6367 + 11) % 97)).collect();
    let (smooth, rough) = (roughness(&x, 2, &slope).unwrap(), roughness(&x, 2, &noise).unwrap());
    assert!(rough.rogi > 2.0 * smooth.rogi && rough.rogi_xd > 1.3 * smooth.rogi_xd, "{smooth:?} {rough:?}");
}

#[test]
fn edge_cases_have_a_value_or_none() {
    assert_eq!(roughness(&[1.0, 2.0], 2, &[1.0]), None);
    let flat = roughness(&[1.0, 2.0, 3.0], 1, &[4.0; 3]).unwrap();
    assert_eq!((flat.rogi, flat.rogi_xd), (0.0, 0.0));
    let together = roughness(&[1.0; 4], 1, &[1.0, 2.0, 3.0, 4.0]).unwrap();
    assert_eq!((together.rogi, together.rogi_xd), (0.0, 0.0));
}

/// Molecules, coordinates, ROGI, ROGI-XD (numpy 2, scipy 1.17.1).
const EXPECTED: [(usize, usize, f64, f64); 3] = [
    (40, 3, 0.241_318_437_336_670_97, 0.144_717_359_471_565_28),
    (150, 8, 0.267_361_898_061_577_6, 0.113_698_603_529_134_13),
    (400, 24, 0.252_803_536_987_418_36, 0.094_440_951_219_776_36),
];
