//! Times of frames, and what can be said about them.

use serde::Serialize;

/// Seconds of frames, in the order they were drawn.
#[derive(Debug, Clone, Default)]
pub struct FrameTimes {
    seconds: Vec<f32>,
}

/// A run of frames in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct FrameSummary {
    /// How many.
    pub n: usize,
    /// Half of them were faster.
    pub median_ms: f32,
    /// 95 of 100 were faster.
    pub p95_ms: f32,
    /// 99 of 100 were faster.
    pub p99_ms: f32,
    /// The slowest.
    pub longest_ms: f32,
    /// How many took longer than the limit.
    pub n_over: usize,
}

impl FrameTimes {
    /// Adds a frame.
    pub fn push(&mut self, seconds: f32) {
        self.seconds.push(seconds);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.seconds.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.seconds.is_empty()
    }

    /// What can be said; `limit` is the longest time that is still good, in seconds.
    pub fn summary(&self, limit: f32) -> FrameSummary {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f32::total_cmp);
        let at = |part: f32| {
            let rank = (part * sorted.len() as f32).ceil() as usize;
            sorted.get(rank.saturating_sub(1)).map_or(0.0, |seconds| 1e3 * seconds)
        };
        FrameSummary {
            n: sorted.len(),
            median_ms: at(0.5),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
            longest_ms: at(1.0),
            n_over: sorted.iter().filter(|seconds| **seconds > limit).count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_frames_that_were_drawn() {
        let mut times = FrameTimes::default();
        assert_eq!(times.summary(0.033), FrameSummary::default());
        for k in (1..=100).rev() {
            times.push(k as f32 / 1000.0);
        }
        let found = times.summary(0.033);
        let near = |a: f32, b: f32| (a - b).abs() < 1e-3;
        assert!(near(found.median_ms, 50.0) && near(found.p95_ms, 95.0) && near(found.p99_ms, 99.0), "{found:?}");
        assert!(near(found.longest_ms, 100.0));
        assert_eq!((found.n, found.n_over), (100, 67));
    }
}
