//! The curve 1 / (1 + a r^{2b}) that says how joined two places on the map are.

use serde::{Deserialize, Serialize};

/// Its two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Curve {
    pub a: f64,
    pub b: f64,
}

impl Curve {
    /// The curve closest, in least squares at 300 even steps of r up to three spreads, to 1 for r < `min_dist` and
    /// exp(−(r − `min_dist`)/`spread`) beyond. By the method of Levenberg and Marquardt.
    pub fn fit(min_dist: f64, spread: f64) -> Self {
        const N: usize = 300;
        let sample = |k: usize| {
            let r = 3.0 * spread * k as f64 / (N - 1) as f64;
            (r, if r < min_dist { 1.0 } else { (-(r - min_dist) / spread).exp() })
        };
        let points: Vec<(f64, f64)> = (0..N).map(sample).collect();
        let error = |c: Self| points.iter().map(|&(r, y)| (c.value(r) - y).powi(2)).sum::<f64>();
        let mut curve = Self { a: 1.0, b: 1.0 };
        let mut best = error(curve);
        let mut damping = 1e-3;
        for _ in 0..200 {
            let (mut aa, mut ab, mut bb, mut ga, mut gb) = (0.0, 0.0, 0.0, 0.0, 0.0);
            for &(r, y) in points.iter().filter(|p| p.0 > 0.0) {
                let power = r.powf(2.0 * curve.b);
                let value = 1.0 / (1.0 + curve.a * power);
                let da = -value * value * power;
                let db = -value * value * curve.a * power * 2.0 * r.ln();
                aa += da * da;
                ab += da * db;
                bb += db * db;
                ga += da * (value - y);
                gb += db * (value - y);
            }
            let (p, q) = (aa * (1.0 + damping), bb * (1.0 + damping));
            let determinant = p * q - ab * ab;
            let (da, db) = ((q * ga - ab * gb) / determinant, (p * gb - ab * ga) / determinant);
            let next = Self { a: curve.a - da, b: curve.b - db };
            let now = if next.is_sound() { error(next) } else { f64::INFINITY };
            if now < best {
                let done = best - now < 1e-14 * best;
                (curve, best, damping) = (next, now, damping * 0.3);
                if done {
                    break;
                }
            } else {
                damping *= 4.0;
            }
        }
        curve
    }

    pub fn value(self, r: f64) -> f64 {
        1.0 / (1.0 + self.a * r.powf(2.0 * self.b))
    }

    pub fn is_sound(self) -> bool {
        self.a.is_finite() && self.b.is_finite() && self.a > 0.0 && self.b > 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_umap_learn() {
        // umap.umap_.find_ab_params(spread, min_dist) of umap-learn 0.5.12.
        for (min_dist, spread, a, b) in [
            (0.1, 1.0, 1.576_943_460_405_378, 0.895_060_878_179_512),
            (0.5, 1.0, 0.583_030_020_309_806_3, 1.334_166_992_455_648),
            (0.01, 1.0, 1.895_605_865_596_214, 0.800_637_844_124_374_2),
        ] {
            let curve = Curve::fit(min_dist, spread);
            let close = (curve.a / a - 1.0).abs() < 1e-4 && (curve.b / b - 1.0).abs() < 1e-4;
            assert!(close, "min_dist {min_dist}: {curve:?}, expected {a} {b}");
        }
    }
}
