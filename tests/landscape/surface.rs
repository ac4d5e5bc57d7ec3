//! The fitted surface against scipy 1.17.1 (`reference/surface`, made by `generate/surface_shared.py`).

use std::path::{Path, PathBuf};

use fillscape::landscape::{FitError, Surface, ThinPlate, read_npy};

fn reference() -> Option<PathBuf> {
    let Some(shared) = std::env::var_os("FILLSCAPE_SHARED") else {
        println!("skipped: FILLSCAPE_SHARED is not set");
        return None;
    };
    Some(Path::new(&shared).join("reference/surface"))
}

fn array(path: &Path) -> Vec<f64> {
    read_npy(path).unwrap().data
}

/// Largest difference as a share of the largest expected magnitude.
fn relative_error(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let scale = expected.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    found.iter().zip(expected).fold(0.0_f64, |m, (a, b)| m.max((a - b).abs())) / scale
}

#[test]
fn values_gradients_and_hessians_agree_with_scipy() {
    let Some(folder) = reference() else { return };
    for (set, dim) in [("n40d2", 2), ("n300d8", 8), ("n600d32", 32), ("n60d3aniso", 3)] {
        let (x, y, q) = (
            array(&folder.join(format!("{set}_x.npy"))),
            array(&folder.join(format!("{set}_y.npy"))),
            array(&folder.join(format!("{set}_q.npy"))),
        );
        for smoothing in ["0", "0.0001"] {
            let file = |what: &str| folder.join(format!("{set}_s{smoothing}_{what}.npy"));
            let surface = ThinPlate::fit_in_unit_box(&x, dim, &y, smoothing.parse().unwrap()).unwrap();
            let n = q.len() / dim;
            let (mut values, mut gradients) = (vec![0.0; n], vec![0.0; n * dim]);
            surface.energy_gradient_batch(&q, &mut values, &mut gradients);
            let mut hessians = vec![0.0; 4 * dim * dim];
            for (x, h) in q.chunks_exact(dim).zip(hessians.chunks_exact_mut(dim * dim)) {
                surface.hessian(x, h);
            }
            let weights = array(&file("coeffs"));
            for (what, found, expected) in [
                ("weights", surface.weights(), &weights[..surface.n_points()]),
                ("values", &values, &array(&file("values"))),
                ("gradients", &gradients, &array(&file("gradients"))),
                ("hessians", &hessians, &array(&file("hessians4"))),
            ] {
                let error = relative_error(found, expected);
                println!("{set} smoothing {smoothing} {what}: {error:.1e}");
                assert!(error < 1e-8, "{set} smoothing {smoothing}: {what} differ by {error:e} of the largest");
            }
            // H v against the rows of H.
            let v: Vec<f64> = (0..dim).map(|k| 1.0 / (1.0 + k as f64)).collect();
            let mut product = vec![0.0; dim];
            surface.hessian_vector(&q[..dim], &v, &mut product);
            let rows: Vec<f64> =
                hessians[..dim * dim].chunks_exact(dim).map(|r| r.iter().zip(&v).map(|(a, b)| a * b).sum()).collect();
            assert!(relative_error(&product, &rows) < 1e-11);
        }
    }
}

#[test]
fn a_point_has_the_same_bits_in_every_batch() {
    let dim = 20;
    let mut state = 1_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let x: Vec<f64> = (0..200 * dim).map(|_| random()).collect();
    let y: Vec<f64> = (0..200).map(|_| random()).collect();
    let surface = ThinPlate::fit_in_unit_box(&x, dim, &y, 1e-4).unwrap();
    let q: Vec<f64> = (0..61 * dim).map(|_| random()).chain(x[..dim].iter().copied()).collect();
    let (mut energies, mut gradients) = (vec![0.0; 62], vec![0.0; 62 * dim]);
    surface.energy_gradient_batch(&q, &mut energies, &mut gradients);
    for (p, q) in q.chunks_exact(dim).enumerate() {
        let mut gradient = vec![0.0; dim];
        let energy = surface.energy_gradient(q, &mut gradient);
        assert_eq!(energy.to_bits(), energies[p].to_bits(), "energy of point {p}");
        assert_eq!(gradient, gradients[p * dim..(p + 1) * dim], "gradient of point {p}");
    }
}

#[test]
fn the_fit_is_the_same_on_one_and_two_threads() {
    let dim = 9;
    let x: Vec<f64> = (0..700 * dim).map(|i| ((i * i + 7 * i) as f64 * 0.618_033_988_75).fract()).collect();
    let y: Vec<f64> = (0..700).map(|i| (f64::from(i) * 0.37).sin()).collect();
    let fit = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| ThinPlate::fit_in_unit_box(&x, dim, &y, 1e-4).unwrap().weights().to_vec())
    };
    assert_eq!(fit(1), fit(2));
}

#[test]
fn bad_data_are_named() {
    let fit = |x: &[f64], dim, y: &[f64], s| ThinPlate::fit_in_unit_box(x, dim, y, s).map(|_| ()).unwrap_err();
    assert!(matches!(fit(&[0.0; 5], 2, &[0.0; 3], 0.0), FitError::Shape { points: 5, response: 3, dim: 2 }));
    assert!(matches!(fit(&[], 2, &[], 0.0), FitError::TooFewPoints { found: 0, dim: 2, needed: 3 }));
    assert!(matches!(fit(&[0.5], 1, &[1.0], 0.0), FitError::TooFewPoints { found: 1, .. }));
    assert!(matches!(fit(&[0.0, 1.0, f64::NAN], 1, &[0.0; 3], 0.0), FitError::NotFinite { index: 2, .. }));
    assert!(matches!(fit(&[0.0, 1.0, 2.0], 1, &[0.0, f64::INFINITY, 0.0], 0.0), FitError::NotFinite { index: 1, .. }));
    assert!(matches!(fit(&[0.0, 0.5, 0.5, 1.0], 1, &[0.0; 4], 0.0), FitError::Duplicates { first: 1, second: 2 }));
    assert!(matches!(fit(&[0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0], 2, &[0.0; 4], 1e-4), FitError::Hyperplane { .. }));
    assert!(matches!(fit(&[0.0, 1.0, 2.0], 1, &[0.0; 3], -1.0), FitError::Smoothing(_)));
    // Duplicates are fine with smoothing, and a constant response makes a flat surface.
    let flat = ThinPlate::fit_in_unit_box(&[0.0, 0.5, 0.5, 1.0], 1, &[2.0; 4], 1e-4).unwrap();
    assert!((flat.energy(&[0.3]) - 2.0).abs() < 1e-10);
}
