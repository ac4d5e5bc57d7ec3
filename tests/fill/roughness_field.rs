//! The roughness field against TopSearch 0.0.3 `LocalRoughness`, whose Gaussians are scipy `multivariate_normal` with
//! a dense covariance (`reference/landscape`, made by `generate/landscape_topsearch.py`, `local_roughness_128.py`).

use fillscape::fill::{RoughnessField, RoughnessFieldParams};
use fillscape::landscape::read_npy;
use serde_json::Value;
use std::fs;

/// Largest difference, relative to the larger of the value and 1 (a field of height 1 is the smallest of interest).
const TOLERANCE: f64 = 1e-10;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(numbers).collect()
}

#[test]
fn field_values_are_those_of_topsearch_on_every_case() {
    let Some(reference) = crate::common::shared("reference/landscape") else { return };
    let mut n_values = 0;
    for folder in fs::read_dir(reference).unwrap().map(|entry| entry.unwrap().path()) {
        if !folder.join("contributors.json").exists() {
            continue;
        }
        let reference = crate::common::json(folder.join("local_roughness.json"));
        let contributors = crate::common::json(folder.join("contributors.json"))["80.0"].clone();
        let used = numbers(&reference["contribution_index_used"]);
        let pairs: Vec<_> = used
            .iter()
            .map(|&k| &contributors[k as usize])
            .map(|c| (numbers(&c["minimum"]), numbers(&c["ts"]), c["frustration"].as_f64().unwrap()))
            .collect();
        let n_dims = pairs[0].0.len();
        let pairs = pairs.iter().map(|(m, t, f)| (m.as_slice(), t.as_slice(), *f));
        let field = RoughnessField::from_pairs(n_dims, pairs, &RoughnessFieldParams::script()).unwrap();
        assert_eq!(field.n_gaussians() as u64, reference["n_gaussians"].as_u64().unwrap());

        let points = rows(&reference["points"]);
        let stride = reference["gradient_stride"].as_u64().unwrap() as usize;
        let gradients = rows(&reference["gradients_fd_1e-5"]);
        for (k, (x, energy)) in points.iter().zip(numbers(&reference["values"])).enumerate() {
            let mut gradient = vec![0.0; n_dims];
            let value = field.value_gradient(x, &mut gradient);
            let scale = energy.abs().max(1.0);
            assert!((value + energy).abs() <= TOLERANCE * scale, "{folder:?} point {k}: {value:e}, {energy:e}");
            n_values += 1;
            if k % stride == 0 {
                // Their gradients are central differences of step 1e-5, so only about seven digits can agree.
                for (found, expected) in gradient.iter().zip(&gradients[k / stride]) {
                    let scale = expected.abs().max(scale);
                    assert!(
                        (found + expected).abs() <= 1e-5 * scale,
                        "{folder:?} gradient {k}: {found:e}, {expected:e}"
                    );
                }
            }
        }
    }
    assert!(n_values > 1500, "expected the points of eight cases, found {n_values}");
}

#[test]
fn field_in_128_dimensions_is_that_of_topsearch() {
    let Some(folder) = crate::common::shared("reference/landscape/ted128_published") else { return };
    let network = crate::common::json(folder.join("network.json"));
    let array = |name: &str| read_npy(&folder.join(name)).unwrap();
    let (minima, states) = (array("minima.npy"), array("ts.npy"));
    let contributors = &network["contributors"]["80.0"];
    let index = |name: &str| numbers(&contributors[name]).into_iter().map(|k| k as usize).collect::<Vec<_>>();
    let (of_minimum, of_state) = (index("minimum"), index("ts"));
    let pairs = of_minimum
        .iter()
        .zip(&of_state)
        .zip(numbers(&contributors["frustration"]))
        .map(|((&m, &t), f)| (&minima.data[128 * m..128 * (m + 1)], &states.data[128 * t..128 * (t + 1)], f));
    let field = RoughnessField::from_pairs(128, pairs, &RoughnessFieldParams::script()).unwrap();
    assert_eq!(field.n_gaussians(), 1132);
    let (points, values, gradients) = (array("lr_points.npy"), array("lr_values.npy"), array("lr_gradients.npy"));
    for (k, x) in points.data.chunks(128).enumerate() {
        let mut gradient = vec![0.0; 128];
        let value = field.value_gradient(x, &mut gradient);
        let scale = values.data[k].abs().max(1.0);
        assert!((value + values.data[k]).abs() <= TOLERANCE * scale, "point {k}: {value:e}, {:e}", values.data[k]);
        for (found, expected) in gradient.iter().zip(&gradients.data[128 * k..]) {
            assert!((found + expected).abs() <= TOLERANCE * scale, "gradient {k}: {found:e}, {expected:e}");
        }
    }
}
