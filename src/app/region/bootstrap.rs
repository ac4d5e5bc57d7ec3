//! The difference of two means with an interval from resampling.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Resamplings.
const N: usize = 2000;
/// Part of the resampled differences that the interval holds.
const CONFIDENCE: f64 = 0.95;

/// The mean of a group beside the mean of the rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contrast {
    /// Values inside.
    pub n_inside: usize,
    /// Values outside.
    pub n_outside: usize,
    /// Their means.
    pub means: [f64; 2],
    /// Percentile interval (95 %) of the difference inside − outside.
    pub interval: [f64; 2],
}

impl Contrast {
    /// Compares the values of the rows inside with all others; `None` with fewer than two finite values on a side, where
    /// no interval can be given. Both groups are drawn anew with replacement 2000 times; a seed fixed here makes the same
    /// values give the same interval.
    pub fn of(values: &[f64], inside: impl Fn(usize) -> bool) -> Option<Self> {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        for (k, value) in values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
            if inside(k) { a.push(*value) } else { b.push(*value) }
        }
        if a.len() < 2 || b.len() < 2 {
            return None;
        }
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut resampled = |values: &[f64]| {
            let sum: f64 = (0..values.len()).map(|_| values[rng.random_range(0..values.len())]).sum();
            sum / values.len() as f64
        };
        let mut differences: Vec<f64> = (0..N).map(|_| resampled(&a) - resampled(&b)).collect();
        differences.sort_by(f64::total_cmp);
        let at = |part: f64| differences[((N - 1) as f64 * part).round() as usize];
        let tail = 0.5 * (1.0 - CONFIDENCE);
        Some(Self {
            n_inside: a.len(),
            n_outside: b.len(),
            means: [mean(&a), mean(&b)],
            interval: [at(tail), at(1.0 - tail)],
        })
    }

    /// Inside − outside.
    pub fn difference(&self) -> f64 {
        self.means[0] - self.means[1]
    }

    /// What the interval says, in words.
    pub fn verdict(&self) -> &'static str {
        match self.interval {
            [low, _] if low > 0.0 => "rougher than the rest",
            [_, high] if high < 0.0 => "smoother than the rest",
            _ => "no detectable difference from the rest",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_covers_the_difference_and_shrinks_with_the_number_of_values() {
        let values = |n: usize| -> Vec<f64> {
            (0..2 * n).map(|k| if k < n { 1.0 } else { 0.0 } + 0.3 * ((k * 37 % 17) as f64 / 17.0 - 0.5)).collect()
        };
        let width = |n: usize| {
            let all = values(n);
            let contrast = Contrast::of(&all, |k| k < n).unwrap();
            let [low, high] = contrast.interval;
            assert!(low < contrast.difference() && contrast.difference() < high, "{contrast:?}");
            assert!(low < 1.05 && high > 0.95, "{contrast:?}");
            assert_eq!(contrast.verdict(), "rougher than the rest");
            high - low
        };
        assert!(width(400) < 0.5 * width(40));
    }

    #[test]
    fn equal_groups_are_not_told_apart_and_too_few_values_give_nothing() {
        let values: Vec<f64> = (0..200).map(|k| f64::from(k % 10)).collect();
        let contrast = Contrast::of(&values, |k| k < 100).unwrap();
        assert_eq!(contrast.verdict(), "no detectable difference from the rest");
        assert_eq!(contrast, Contrast::of(&values, |k| k < 100).unwrap());
        assert_eq!(Contrast::of(&values, |k| k < 1), None);
        assert_eq!(Contrast::of(&[f64::NAN; 8], |k| k < 4), None);
    }
}
