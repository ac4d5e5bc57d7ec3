//! What a job's thread and its watchers share.

use super::{Pace, Progress};
use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Called from the job's thread when there is something new to see; it must return at once.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// A wake callback that does nothing, for shells that look on their own.
pub fn no_wake() -> Wake {
    Arc::new(|| {})
}

/// Watchers are woken at most so often by progress.
const WAKE_EVERY: Duration = Duration::from_millis(50);

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// Waits for its turn in the queue.
    Queued,
    /// Works.
    Running,
    /// Was asked to pause and stops at its next unit.
    Pausing,
    /// Rests between two units.
    Paused,
    /// Was asked to stop and does so at its next unit.
    Stopping,
    /// Has ended; its outcome can be polled.
    Ended,
}

/// The shared part of a job. No lock is held while the job computes.
pub(super) struct Control {
    shared: Mutex<Shared>,
    changed: Condvar,
    wake: Wake,
}

struct Shared {
    progress: Progress,
    pace: Pace,
    state: JobState,
    pause_asked: bool,
    cancel_asked: bool,
    /// The job has been told to stop by its observer, so what it returns may be partial.
    told_to_stop: bool,
    started: Option<Instant>,
    rested: Duration,
    ended: Option<Duration>,
    last_wake: Option<Instant>,
}

impl Control {
    pub(super) fn new(wake: Wake, state: JobState) -> Self {
        let shared = Shared {
            progress: Progress::new("", 0, None),
            pace: Pace::default(),
            state,
            pause_asked: false,
            cancel_asked: false,
            told_to_stop: false,
            started: None,
            rested: Duration::ZERO,
            ended: None,
            last_wake: None,
        };
        Self { shared: Mutex::new(shared), changed: Condvar::new(), wake }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // The values stay meaningful whatever a panicking thread was doing.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn progress(&self) -> Progress {
        self.lock().progress.clone()
    }

    pub(super) fn pace(&self) -> Pace {
        self.lock().pace.clone()
    }

    pub(super) fn working_time(&self) -> Duration {
        self.lock().working_time()
    }

    pub(super) fn state(&self) -> JobState {
        let shared = self.lock();
        match shared.state {
            JobState::Running if shared.cancel_asked => JobState::Stopping,
            JobState::Running if shared.pause_asked => JobState::Pausing,
            state => state,
        }
    }

    pub(super) fn set_state(&self, state: JobState) {
        let mut shared = self.lock();
        if state == JobState::Running && shared.started.is_none() {
            shared.started = Some(Instant::now());
        }
        if state == JobState::Ended {
            shared.ended = Some(shared.working_time());
        }
        shared.state = state;
        drop(shared);
        self.changed.notify_all();
        (self.wake)();
    }

    pub(super) fn ask_pause(&self, pause: bool) {
        self.lock().pause_asked = pause;
        self.changed.notify_all();
    }

    pub(super) fn ask_cancel(&self) {
        self.lock().cancel_asked = true;
        self.changed.notify_all();
    }

    pub(super) fn is_cancel_asked(&self) -> bool {
        self.lock().cancel_asked
    }

    pub(super) fn is_pause_asked(&self) -> bool {
        let shared = self.lock();
        shared.pause_asked && !shared.cancel_asked
    }

    pub(super) fn was_told_to_stop(&self) -> bool {
        self.lock().told_to_stop
    }

    /// Files a report; says whether the job is to go on. `rest` is called with the job about to pause and returns when
    /// it may go on or has been cancelled.
    pub(super) fn report(&self, progress: Progress, rest: &dyn Fn(&Self)) -> ControlFlow<()> {
        let (wake, pause) = {
            let mut shared = self.lock();
            let time = shared.working_time();
            shared.pace.note(&progress, time);
            shared.progress = progress;
            let due = shared.last_wake.is_none_or(|last| last.elapsed() >= WAKE_EVERY);
            if due {
                shared.last_wake = Some(Instant::now());
            }
            (due, shared.pause_asked && !shared.cancel_asked)
        };
        if wake {
            (self.wake)();
        }
        if pause {
            let since = Instant::now();
            self.set_state(JobState::Paused);
            rest(self);
            self.lock().rested += since.elapsed();
            self.set_state(JobState::Running);
        }
        let mut shared = self.lock();
        if shared.cancel_asked {
            shared.told_to_stop = true;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    /// Waits until nobody asks for a pause any more, or the job is cancelled.
    pub(super) fn wait_for_resume(&self) {
        let mut shared = self.lock();
        while shared.pause_asked && !shared.cancel_asked {
            shared = self.changed.wait(shared).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Shared {
    fn working_time(&self) -> Duration {
        let running = self.started.map_or(Duration::ZERO, |started| started.elapsed().saturating_sub(self.rested));
        self.ended.unwrap_or(running)
    }
}
