//! How fast a computation goes, and how long it still needs.

use super::Progress;
use std::collections::VecDeque;
use std::time::Duration;

/// Reports older than this do not count for the rate, so that it follows a change of speed.
const WINDOW: Duration = Duration::from_secs(30);
/// Reports kept at most; denser ones replace each other.
const MAX_REPORTS: usize = 64;

/// Rate and remaining time of the stage under way, from the reports of progress and the clock of whoever watches.
///
/// Time spent in a pause is not counted: the watcher leaves it out of the times it gives.
#[derive(Debug, Clone, Default)]
pub struct Pace {
    stage: &'static str,
    total: Option<u64>,
    /// Time and units of the reports of this stage that still count, the oldest first.
    reports: VecDeque<(Duration, u64)>,
}

impl Pace {
    /// Takes note of a report at `time`, measured from any fixed moment.
    pub fn note(&mut self, progress: &Progress, time: Duration) {
        let restarted = self.reports.back().is_some_and(|last| progress.done < last.1);
        if self.stage != progress.stage || restarted {
            self.reports.clear();
            self.stage = progress.stage;
        }
        self.total = progress.total;
        let spacing = WINDOW / MAX_REPORTS as u32;
        match self.reports.len() {
            // The newest report is replaced until it stands apart from the one before it.
            n if n >= 2 && self.reports[n - 1].0.saturating_sub(self.reports[n - 2].0) < spacing => {
                self.reports[n - 1] = (time, progress.done);
            }
            _ => self.reports.push_back((time, progress.done)),
        }
        while self.reports.len() > 2 && time.saturating_sub(self.reports[1].0) > WINDOW {
            self.reports.pop_front();
        }
    }

    /// Units a second, over the last half minute of this stage; none before two reports differ.
    pub fn rate(&self) -> Option<f64> {
        let (first, last) = (self.reports.front()?, self.reports.back()?);
        let seconds = last.0.saturating_sub(first.0).as_secs_f64();
        (seconds > 0.0 && last.1 > first.1).then(|| (last.1 - first.1) as f64 / seconds)
    }

    /// Seconds until this stage ends at the present rate; none when the total or the rate is unknown.
    pub fn remaining_secs(&self) -> Option<f64> {
        let left = self.total?.saturating_sub(self.reports.back()?.1);
        Some(left as f64 / self.rate()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(pace: &mut Pace, stage: &'static str, done: u64, seconds: f64) {
        pace.note(&Progress::new(stage, done, Some(100)), Duration::from_secs_f64(seconds));
    }

    #[test]
    fn rate_and_remaining_time_follow_from_the_reports() {
        let mut pace = Pace::default();
        assert_eq!((pace.rate(), pace.remaining_secs()), (None, None));
        at(&mut pace, "fit", 0, 0.0);
        assert_eq!(pace.rate(), None);
        at(&mut pace, "fit", 20, 10.0);
        assert_eq!((pace.rate(), pace.remaining_secs()), (Some(2.0), Some(40.0)));
    }

    #[test]
    fn a_new_stage_starts_afresh_and_old_reports_are_forgotten() {
        let mut pace = Pace::default();
        at(&mut pace, "fit", 0, 0.0);
        at(&mut pace, "fit", 90, 1.0);
        at(&mut pace, "paths", 5, 2.0);
        assert_eq!(pace.rate(), None);
        for second in 3..100 {
            at(&mut pace, "paths", if second < 50 { 5 } else { second - 45 }, second as f64);
        }
        let rate = pace.rate().unwrap();
        assert!((rate - 1.0).abs() < 0.05, "rate {rate}, expected 1 over the last 30 seconds");
    }

    #[test]
    fn quick_reports_do_not_pile_up() {
        let mut pace = Pace::default();
        for k in 0..100_000u64 {
            pace.note(&Progress::new("x", k, None), Duration::from_millis(k));
        }
        assert!(pace.reports.len() <= MAX_REPORTS + 2, "{} reports", pace.reports.len());
        let rate = pace.rate().unwrap();
        assert!((rate - 1000.0).abs() < 1.0, "rate {rate}, expected 1000");
        assert_eq!(pace.remaining_secs(), None);
    }
}
