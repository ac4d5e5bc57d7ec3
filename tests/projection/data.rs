//! Data made by formulas, the same as in `tests/interop/projection_reference.py`.

/// In [0, 1), looks random.
pub fn noise(i: f64, j: f64) -> f64 {
    let v = (12.9898 * i + 78.233 * j + 0.5).sin() * 43758.5453;
    v - v.floor()
}

pub const ROLL_DIMENSION: usize = 12;
pub const BLOBS_DIMENSION: usize = 24;

/// A Swiss roll, turned into 12 dimensions, with a little noise.
pub fn roll(n: usize) -> Vec<f32> {
    let mut rows = Vec::new();
    for i in (0..n).map(|i| i as f64) {
        let t = 1.5 * std::f64::consts::PI * (1.0 + 2.0 * noise(i, 101.0));
        let x = [t * t.cos(), 21.0 * noise(i, 102.0), t * t.sin()];
        for j in 0..ROLL_DIMENSION {
            let turned: f64 = (0..3).map(|k| x[k] * (noise(k as f64, j as f64 + 200.0) - 0.5)).sum();
            rows.push((turned + 0.5 * (noise(i, j as f64 + 300.0) - 0.5)) as f32);
        }
    }
    rows
}

/// Ten clusters in 24 dimensions.
pub fn blobs(n: usize) -> Vec<f32> {
    let mut rows = Vec::new();
    for i in (0..n).map(|i| i as f64) {
        let cluster = (10.0 * noise(i, 401.0)).floor();
        for j in (0..BLOBS_DIMENSION).map(|j| j as f64) {
            let spread: f64 = (0..4).map(|k| noise(i, j + 600.0 + 50.0 * f64::from(k))).sum();
            rows.push((4.0 * noise(cluster, j + 500.0) + spread - 2.0) as f32);
        }
    }
    rows
}
