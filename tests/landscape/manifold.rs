//! The manifold-aware surface: derivatives against central differences, and no change where the samples are.

use fillscape::jobs::silent;
use fillscape::landscape::{
    Exploration, ExploreParams, Manifold, ManifoldError, ManifoldParams, Surface, ThinPlate, explore,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Samples near a curved sheet of two dimensions in `dim`, and a response that wants to fall away from it.
fn sheet(n: usize, dim: usize) -> (Vec<f64>, Vec<f64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut points = Vec::new();
    let mut response = Vec::new();
    for _ in 0..n {
        let (u, v): (f64, f64) = (rng.random(), rng.random());
        let coordinate = |k: usize, noise: f64| match k {
            0 => u,
            1 => v,
            _ => 0.5 + 0.3 * (u - 0.5) * (v - 0.5) * (k as f64).cos() + 0.01 * noise,
        };
        points.extend((0..dim).map(|k| coordinate(k, rng.random::<f64>())));
        response.push((7.0 * u).sin() * (5.0 * v).cos() + 0.3 * rng.random::<f64>());
    }
    (points, response)
}

fn manifold(dim: usize) -> (Manifold<ThinPlate>, Vec<f64>) {
    let (points, response) = sheet(150, dim);
    let spline = ThinPlate::fit_in_unit_box(&points, dim, &response, 1e-4).unwrap();
    (Manifold::new(spline, &points, &ManifoldParams::default()).unwrap(), points)
}

#[test]
fn derivatives_agree_with_central_differences() {
    for dim in [3, 14] {
        let (surface, points) = manifold(dim);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut n_outside = 0;
        for trial in 0..12 {
            let centre = &points[trial * dim..(trial + 1) * dim];
            // Not on a sample, where the spline's second derivative is singular.
            let away = 0.05 * (trial + 1) as f64;
            let x: Vec<f64> = centre.iter().map(|c| c + away * rng.random_range(-1.0..1.0)).collect();
            n_outside += usize::from(surface.penalty(&x) > 1e-3);
            let v: Vec<f64> = (0..dim).map(|_| rng.random_range(-1.0..1.0)).collect();
            let (mut gradient, mut product) = (vec![0.0; dim], vec![0.0; dim]);
            let energy = surface.energy_gradient(&x, &mut gradient);
            assert!((energy - surface.inner().energy(&x) - surface.penalty(&x)).abs() <= 1e-12 * energy.abs().max(1.0));
            surface.hessian_vector(&x, &v, &mut product);
            let h = 1e-6;
            let at = |step: f64| -> Vec<f64> { x.iter().zip(&v).map(|(x, v)| x + step * v).collect() };
            let mut ends = [vec![0.0; dim], vec![0.0; dim]];
            let energies =
                [surface.energy_gradient(&at(h), &mut ends[0]), surface.energy_gradient(&at(-h), &mut ends[1])];
            let slope: f64 = gradient.iter().zip(&v).map(|(g, v)| g * v).sum();
            let scale = gradient.iter().fold(1.0_f64, |m, g| m.max(g.abs()));
            let difference = (energies[0] - energies[1]) / (2.0 * h);
            assert!((slope - difference).abs() <= 1e-5 * scale, "{dim}: slope {slope}, difference {difference}");
            let scale = product.iter().fold(1.0_f64, |m, g| m.max(g.abs()));
            let mut hessian = vec![0.0; dim * dim];
            surface.hessian(&x, &mut hessian);
            for k in 0..dim {
                let difference = (ends[0][k] - ends[1][k]) / (2.0 * h);
                assert!((product[k] - difference).abs() <= 1e-4 * scale, "{dim}: H v {} and {difference}", product[k]);
                let row: f64 = hessian[k * dim..(k + 1) * dim].iter().zip(&v).map(|(h, v)| h * v).sum();
                assert!((row - product[k]).abs() <= 1e-9 * scale, "{dim}: row of H {row}, H v {}", product[k]);
            }
        }
        assert!(n_outside >= 3, "only {n_outside} trials beyond the samples in {dim} dimensions");
    }
}

#[test]
fn energies_are_the_same_bits_in_every_batch() {
    let (surface, points) = manifold(14);
    let xs: Vec<f64> = points[..14 * 21].iter().map(|x| 1.0 - x).collect();
    let (mut energies, mut gradients) = (vec![0.0; 21], vec![0.0; 14 * 21]);
    surface.energy_gradient_batch(&xs, &mut energies, &mut gradients);
    for (x, (energy, gradient)) in xs.chunks_exact(14).zip(energies.iter().zip(gradients.chunks_exact(14))) {
        let mut alone = vec![0.0; 14];
        assert_eq!(surface.energy_gradient(x, &mut alone).to_bits(), energy.to_bits());
        assert_eq!(alone, gradient);
    }
}

#[test]
fn nothing_changes_at_most_samples_and_minima_stay_near_them() {
    let dim = 3;
    let (surface, points) = manifold(dim);
    let n_changed = points.chunks_exact(dim).filter(|x| surface.penalty(x) > 0.0).count();
    assert!(n_changed <= 150 / 20 + 1, "{n_changed} of 150 samples are penalised");
    let found = |surface: &dyn Surface| {
        let mut exploration = Exploration::new(surface, &points, ExploreParams::reference()).unwrap();
        explore(surface, &mut exploration, 2, &mut silent).unwrap();
        exploration.network().clone()
    };
    let farthest = |network: &fillscape::landscape::KineticTransitionNetwork| {
        network.minima().iter().map(|m| surface.distance_over_radius(&m.x)).fold(0.0, f64::max)
    };
    let (free, held) = (found(surface.inner()), found(&surface));
    assert!(!held.minima().is_empty() && held.minima().iter().all(|m| m.support.distance_to_nearest_sample.is_some()));
    assert!(
        farthest(&held) < 2.0 && farthest(&held) < 0.7 * farthest(&free),
        "farthest minimum: {} radii with the penalty, {} without",
        farthest(&held),
        farthest(&free)
    );
}

#[test]
fn unusable_samples_and_settings_are_errors() {
    let (points, response) = sheet(40, 3);
    let spline = || ThinPlate::fit_in_unit_box(&points, 3, &response, 1e-4).unwrap();
    let new =
        |samples: &[f64], params: &ManifoldParams| Manifold::new(spline(), samples, params).map(|_| ()).unwrap_err();
    let good = ManifoldParams::default();
    assert_eq!(new(&points[..3], &good), ManifoldError::Samples { found: 3, dim: 3 });
    assert_eq!(new(&points[..7], &good), ManifoldError::Samples { found: 7, dim: 3 });
    assert_eq!(new(&[&points[..5], &[f64::NAN]].concat(), &good), ManifoldError::NotFinite { index: 1 });
    assert_eq!(new(&[0.5; 30], &good), ManifoldError::Coincident);
    for bad in [
        ManifoldParams { strength: f64::NAN, ..good.clone() },
        ManifoldParams { quantile: 0.0, ..good.clone() },
        ManifoldParams { smoothness: -1.0, ..good.clone() },
        ManifoldParams { narrowest_axis: 2.0, ..good.clone() },
        ManifoldParams { radius_factor: 0.0, ..good },
    ] {
        assert!(matches!(new(&points, &bad), ManifoldError::Parameter { .. }), "{bad:?}");
    }
}
