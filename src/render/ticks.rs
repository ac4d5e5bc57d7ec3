//! Round numbers along an axis.

/// Multiples of 1, 2 or 5 · 10ᵏ inside [low, high], about `wanted` of them, each with its label.
pub fn ticks(low: f64, high: f64, wanted: usize) -> Vec<(f64, String)> {
    let range = high - low;
    if !(range.is_finite() && range > 0.0) {
        return if low.is_finite() { vec![(low, label(low, 0.0))] } else { Vec::new() };
    }
    let raw = range / wanted.max(1) as f64;
    let power = 10_f64.powf(raw.log10().floor());
    // The nearest on a logarithmic scale: limits are the geometric means of 1, 2, 5 and 10.
    let nearest = [(2.0_f64.sqrt(), 1.0), (10.0_f64.sqrt(), 2.0), (50.0_f64.sqrt(), 5.0)];
    let step = power * nearest.into_iter().find(|(limit, _)| raw < limit * power).map_or(10.0, |(_, m)| m);
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last).map(|k| k as f64 * step).map(|v| (v, label(v, step))).collect()
}

/// A number with the decimals that a step needs; with a true minus.
fn label(value: f64, step: f64) -> String {
    let value = if value.abs() < 1e-12 * step.abs() { 0.0 } else { value };
    let text = if value != 0.0 && (value.abs() >= 1e5 || step.abs() < 1e-4 && step != 0.0) {
        format!("{value:.2e}")
    } else if step == 0.0 {
        format!("{value:.4}").trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        let decimals = (-step.log10().floor()).clamp(0.0, 6.0) as usize;
        format!("{value:.decimals$}")
    };
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        let labels = |low, high, n| ticks(low, high, n).into_iter().map(|t| t.1).collect::<Vec<_>>();
        assert_eq!(labels(-0.31, 0.52, 4), ["−0.2", "0.0", "0.2", "0.4"]);
        assert_eq!(labels(0.0, 100.0, 5), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(labels(3.0, 3.0, 5), ["3"]);
        assert!(ticks(f64::NAN, 1.0, 5).is_empty());
        assert!(ticks(0.0, f64::INFINITY, 5).len() <= 1);
    }
}
