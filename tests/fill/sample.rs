//! Sampling the roughness field: determinism, and the minima that scipy's L-BFGS-B finds on TopSearch's surface
//! (`reference/landscape`).

use fillscape::fill::{
    FieldError, FillSampleParams, RoughnessField, RoughnessFieldParams, decoder_box_from_field_box, sample_field,
};
use fillscape::jobs::silent;
use fillscape::landscape::files::read_topsearch;
use fillscape::landscape::{KineticTransitionNetwork, MinimumId, ParallelConvention, Support};
use std::ops::ControlFlow;

/// Three frustrated pairs in the unit square.
fn network() -> KineticTransitionNetwork {
    let mut ktn = KineticTransitionNetwork::in_unit_box(2);
    for (x, energy) in [([0.1, 0.1], 0.0), ([0.9, 0.2], 0.3), ([0.5, 0.9], 0.1)] {
        ktn.push_minimum(x.to_vec(), energy, Support::default()).unwrap();
    }
    for (x, energy, a, b) in [([0.5, 0.1], 1.0, 0, 1), ([0.8, 0.6], 1.2, 1, 2), ([0.2, 0.5], 0.9, 2, 0)] {
        ktn.push_transition_state(x.to_vec(), energy, (MinimumId(a), MinimumId(b)), Support::default()).unwrap();
    }
    ktn
}

#[test]
fn sample_is_the_same_whatever_the_thread_count_and_sorted_by_roughness() {
    let field = RoughnessField::new(&network(), &RoughnessFieldParams::readme()).unwrap();
    let sample = |threads, seed| {
        let params = FillSampleParams { seed, n_steps: 20, ..FillSampleParams::default() };
        sample_field(&field, &[0.0; 2], &[1.0; 2], &params, threads, &mut silent).unwrap()
    };
    let one = sample(1, 3);
    assert_eq!(one.points, sample(4, 3).points);
    assert!(!one.points.is_empty() && !one.cancelled);
    assert!(one.points.windows(2).all(|w| w[0].roughness >= w[1].roughness), "deepest first");
    assert!(one.points.iter().all(|p| p.roughness > 0.1 && p.x.iter().all(|v| (0.0..=1.0).contains(v))));
    assert_eq!(one.n_converged + one.n_unconverged, one.n_starts * 21);
    for point in &one.points {
        assert_eq!(field.value(&point.x), point.roughness);
    }
}

#[test]
fn cancelled_sampling_returns_what_it_found() {
    let field = RoughnessField::new(&network(), &RoughnessFieldParams::script()).unwrap();
    let params = FillSampleParams { n_steps: 100_000, ..FillSampleParams::default() };
    let sample = sample_field(&field, &[0.0; 2], &[1.0; 2], &params, 1, &mut |_| ControlFlow::Break(())).unwrap();
    assert!(sample.cancelled);
}

#[test]
fn empty_field_and_bad_parameters() {
    let empty =
        RoughnessField::new(&KineticTransitionNetwork::in_unit_box(2), &RoughnessFieldParams::script()).unwrap();
    let sample = |params: &FillSampleParams| sample_field(&empty, &[0.0; 2], &[1.0; 2], params, 2, &mut silent);
    let good = FillSampleParams::default();
    assert_eq!(sample(&good).unwrap().points, []);
    for params in [
        FillSampleParams { temperature: -1.0, ..good.clone() },
        FillSampleParams { max_displacement: 2.0, ..good.clone() },
        FillSampleParams { gradient_tolerance: 0.0, ..good.clone() },
        FillSampleParams { min_roughness: f64::NAN, ..good.clone() },
    ] {
        assert!(matches!(sample(&params), Err(FieldError::Parameter { .. })), "{params:?}");
    }
    let wrong = sample_field(&empty, &[0.0; 3], &[1.0; 3], &good, 1, &mut silent);
    assert!(matches!(wrong, Err(FieldError::Dimension { found: 3, expected: 2 })));
}

#[test]
fn points_go_to_the_box_of_the_decoder() {
    let x = decoder_box_from_field_box(&[0.0, 1.0, 0.25, 7.0], &[0.0, 0.0, 0.0, 7.0], &[1.0, 1.0, 1.0, 7.0]);
    assert_eq!(x, [-1.0, 1.0, -0.5, 0.0]);
}

#[test]
fn every_reconverged_minimum_of_topsearch_is_found_and_none_of_ours_is_shallower_than_its_start() {
    for (case, lower, upper) in [
        ("camelback", vec![-3.0, -2.0], vec![3.0, 2.0]),
        ("synth4d120tight", vec![0.0; 4], vec![1.0; 4]),
        ("hep_2_3", vec![0.0; 2], vec![1.0; 2]),
        ("rough16d200", vec![0.0; 16], vec![1.0; 16]),
    ] {
        let Some(folder) = crate::common::shared(&format!("reference/landscape/{case}")) else { return };
        let ktn = read_topsearch(&folder, "").unwrap().network;
        let params =
            RoughnessFieldParams { parallel: ParallelConvention::FirstRepeated, ..RoughnessFieldParams::script() };
        let field = RoughnessField::new(&ktn, &params).unwrap();
        let tight = FillSampleParams { gradient_tolerance: 1e-6, max_iterations: 2000, ..FillSampleParams::default() };
        let sample = sample_field(&field, &lower, &upper, &tight, 2, &mut silent).unwrap();
        let reference = crate::common::json(folder.join("local_roughness.json"));
        let minima = reference["basin_hopping"]["same_minima_reconverged_1e-8"].as_array().unwrap();
        for minimum in minima {
            let x: Vec<f64> = minimum["coords"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
            let energy = minimum["energy"].as_f64().unwrap();
            if -energy <= 0.1 {
                continue;
            }
            let near = sample.points.iter().any(|p| {
                let distance: f64 = p.x.iter().zip(&x).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                distance < 1e-3 && (p.roughness + energy).abs() < 1e-4 * energy.abs()
            });
            assert!(near, "{case}: no point near {x:?} with R = {}", -energy);
        }
        if case == "rough16d200" {
            // TopSearch lists four minima here; all four reconverge to one place.
            assert_eq!(sample.points.len(), 1, "{:?}", sample.points);
        }
    }
}
