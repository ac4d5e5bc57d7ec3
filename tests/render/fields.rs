//! The exact field on a plane: device, processor and `fill` agree.

use super::scenes::noise;
use super::twins::gpu;
use fillscape::fill::{RoughnessField, RoughnessFieldParams};
use fillscape::landscape::{KineticTransitionNetwork, Support};
use fillscape::render::{FieldGrid, Gaussians, PlaneCut, field_on_plane, field_on_plane_by};

/// A network of `n` pairs in `d` dimensions.
fn network(n: usize, d: usize) -> KineticTransitionNetwork {
    let mut next = noise(17);
    let mut point = || (0..d).map(|_| f64::from(next())).collect::<Vec<f64>>();
    let mut ktn = KineticTransitionNetwork::in_unit_box(d);
    let ids: Vec<_> =
        (0..n).map(|k| ktn.push_minimum(point(), -(k as f64) / n as f64, Support::default()).unwrap()).collect();
    for pair in ids.windows(2) {
        let (a, b) = (ktn.minimum(pair[0]).unwrap().x.clone(), ktn.minimum(pair[1]).unwrap().x.clone());
        // Near the first minimum, so that needles are narrow.
        let middle = a.iter().zip(&b).map(|(a, b)| a + 0.3 * (b - a)).collect();
        ktn.push_transition_state(middle, 0.7, (pair[0], pair[1]), Support::default()).unwrap();
    }
    ktn
}

/// The plane through three minima.
fn cut(ktn: &KineticTransitionNetwork, size: [usize; 2]) -> PlaneCut {
    let m = ktn.minima();
    let minus = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<f64>>();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let unit = |v: Vec<f64>| {
        let length = dot(&v, &v).sqrt();
        v.into_iter().map(|v| v / length).collect::<Vec<f64>>()
    };
    let e1 = unit(minus(&m[1].x, &m[0].x));
    let second = minus(&m[2].x, &m[0].x);
    let along = dot(&second, &e1);
    let e2 = unit(second.iter().zip(&e1).map(|(s, e)| s - along * e).collect());
    PlaneCut { origin: m[0].x.clone(), axes: [e1, e2], corners: [[-0.6, -0.5], [1.4, 1.1]], size }
}

fn gaussians(field: &RoughnessField) -> Gaussians<'_> {
    let (heights, means, directions, inverse_variances) = field.arrays();
    Gaussians { heights, means, directions, inverse_variances }
}

fn assert_close(name: &str, found: &FieldGrid, expected: &[f64], tolerance: f64) {
    let largest = expected.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
    assert!(largest > 0.0, "{name}: the field is 0 everywhere");
    for (k, (found, expected)) in found.values.iter().zip(expected).enumerate() {
        let off = (f64::from(*found) - expected).abs() / largest;
        assert!(off < tolerance, "{name}, cell {k}: {found} {expected}, off by {off:.2e} of the largest");
    }
}

#[test]
fn both_ways_give_the_field_of_fill() {
    for (d, params) in [
        (3, RoughnessFieldParams::script()),
        (128, RoughnessFieldParams::script()),
        (8, RoughnessFieldParams::readme()),
    ] {
        let ktn = network(40, d);
        let field = RoughnessField::new(&ktn, &params).unwrap();
        let cut = cut(&ktn, [31, 27]);
        let twin = field_on_plane(gaussians(&field), &cut);
        let expected: Vec<f64> = (0..31 * 27)
            .map(|k| {
                let [u, v] = twin.place(k % 31, k / 31);
                let x: Vec<f64> = (0..d).map(|i| cut.origin[i] + u * cut.axes[0][i] + v * cut.axes[1][i]).collect();
                field.value(&x)
            })
            .collect();
        // Gaussians are kept in single precision; the needles of the README are 0.01 wide.
        assert_close(&format!("processor, d = {d}"), &twin, &expected, 2e-4);
        if let Some(gpu) = gpu() {
            let by_device = field_on_plane_by(&gpu, gaussians(&field), &cut).unwrap();
            assert_close(&format!("device, d = {d}"), &by_device, &expected, 4e-4);
        }
    }
}

#[test]
fn an_empty_field_is_flat() {
    let ktn = KineticTransitionNetwork::in_unit_box(4);
    let field = RoughnessField::new(&ktn, &RoughnessFieldParams::script()).unwrap();
    let axis = |k: usize| (0..4).map(|i| f64::from(u8::from(i == k))).collect::<Vec<f64>>();
    let cut = PlaneCut { origin: vec![0.5; 4], axes: [axis(0), axis(1)], corners: [[-1.0; 2], [1.0; 2]], size: [8, 8] };
    assert!(field_on_plane(gaussians(&field), &cut).values.iter().all(|v| *v == 0.0));
    if let Some(gpu) = gpu() {
        assert!(field_on_plane_by(&gpu, gaussians(&field), &cut).unwrap().values.iter().all(|v| *v == 0.0));
    }
}
