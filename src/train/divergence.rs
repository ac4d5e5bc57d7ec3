//! Notices that a run goes wrong.

use serde::{Deserialize, Serialize};

/// A loss this many times its slow mean, this many steps in a row, is a diverging run.
const DIVERGED: (f64, u32) = (4.0, 25);

/// A slow mean of the loss that a diverging run leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Divergence {
    slow: Option<f64>,
    n_high: u32,
}

impl Divergence {
    /// Looks at the loss of a step and the norm of its gradient; says what is wrong, if something is.
    pub fn trouble(&mut self, loss: f64, norm: f64) -> Option<String> {
        if !loss.is_finite() || !norm.is_finite() {
            return Some(format!("the loss is {loss}, the norm of its gradient {norm}"));
        }
        let slow = self.slow.unwrap_or(loss);
        self.n_high = if loss > DIVERGED.0 * slow { self.n_high + 1 } else { 0 };
        if self.n_high >= DIVERGED.1 {
            return Some(format!("the loss is {loss:.3}, {} steps ago about {slow:.3}", DIVERGED.1));
        }
        if self.n_high == 0 {
            self.slow = Some(0.98 * slow + 0.02 * loss);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_bad_batch_is_no_divergence_but_a_row_of_them_is() {
        let mut run = Divergence::default();
        assert_eq!(run.trouble(1.0, 1.0), None);
        assert_eq!(run.trouble(50.0, 1.0), None);
        assert_eq!(run.trouble(1.0, 1.0), None);
        let seen: Vec<bool> = (0..25).map(|_| run.trouble(50.0, 1.0).is_some()).collect();
        assert_eq!(seen.iter().filter(|&&s| s).count(), 1);
        assert!(seen[24]);
        assert!(Divergence::default().trouble(f64::NAN, 1.0).is_some());
        assert!(Divergence::default().trouble(1.0, f64::INFINITY).is_some());
    }
}
