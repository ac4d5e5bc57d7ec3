//! One long computation on a thread of its own.

use super::control::Control;
use super::priority::give_way;
use super::{JobState, Observe, Pace, Progress, Wake};
use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How a job ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome<T> {
    /// The work ran to its end; a failure of the work itself is in `T`.
    Finished(T),
    /// It was cancelled: what the work returned when told to stop, or nothing if it had not begun.
    Cancelled(Option<T>),
    /// The work panicked, with this message.
    Panicked(String),
}

/// A named thread around a long function: watch it, pause it, cancel it, collect its outcome.
///
/// Dropping a job asks it to stop and does not wait for it.
pub struct Job<T> {
    name: String,
    control: Arc<Control>,
    outcome: Arc<Mutex<Option<Outcome<T>>>>,
}

impl<T: Send + 'static> Job<T> {
    /// Runs `work` on a new thread. It is given the observer to pass on to the long functions it calls; `wake` is
    /// called when there is progress (at most twenty times a second) and when the state changes.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn spawn(name: &str, wake: Wake, work: impl FnOnce(Observe<'_>) -> T + Send + 'static) -> io::Result<Self> {
        Self::spawn_with(name, wake, JobState::Running, Free, work)
    }

    /// As [`Job::spawn`]; `turn` decides when the work may begin and where it rests.
    pub(super) fn spawn_with(
        name: &str,
        wake: Wake,
        state: JobState,
        turn: impl Turn + Send + 'static,
        work: impl FnOnce(Observe<'_>) -> T + Send + 'static,
    ) -> io::Result<Self> {
        let control = Arc::new(Control::new(wake, state));
        let outcome = Arc::new(Mutex::new(None));
        let (theirs, slot) = (control.clone(), outcome.clone());
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let ended = run(&theirs, &turn, work);
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(ended);
            drop(turn);
            theirs.set_state(JobState::Ended);
        })?;
        Ok(Self { name: name.to_owned(), control, outcome })
    }
}

impl<T> Job<T> {
    /// What it was called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The latest report; its stage is empty before the first.
    pub fn progress(&self) -> Progress {
        self.control.progress()
    }

    /// Rate and remaining time of the stage under way.
    pub fn pace(&self) -> Pace {
        self.control.pace()
    }

    /// Time it has worked: pauses and waiting left out.
    pub fn working_time(&self) -> Duration {
        self.control.working_time()
    }

    /// Where it stands.
    pub fn state(&self) -> JobState {
        self.control.state()
    }

    /// Asks it to rest at its next unit.
    pub fn pause(&self) {
        self.control.ask_pause(true);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.control.ask_pause(false);
    }

    /// Asks it to stop at its next unit and return what it has; a resting or waiting job stops at once.
    pub fn cancel(&self) {
        self.control.ask_cancel();
    }

    /// Its outcome, once, after it has ended. Never blocks.
    pub fn poll(&self) -> Option<Outcome<T>> {
        self.outcome.try_lock().ok()?.take()
    }

    pub(super) fn control(&self) -> &Arc<Control> {
        &self.control
    }
}

impl<T> Drop for Job<T> {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl<T> std::fmt::Debug for Job<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("name", &self.name).field("state", &self.state()).finish_non_exhaustive()
    }
}

/// When a job may work.
pub(super) trait Turn: Sync {
    /// Returns when the job may begin, or has been cancelled.
    fn begin(&self, control: &Control);
    /// Returns when a resting job may go on, or has been cancelled.
    fn rest(&self, control: &Control);
    /// Threads its parallel parts may use; none for all.
    fn threads(&self) -> Option<usize>;
}

/// At any time.
struct Free;

impl Turn for Free {
    fn begin(&self, _: &Control) {}

    fn rest(&self, control: &Control) {
        control.wait_for_resume();
    }

    fn threads(&self) -> Option<usize> {
        None
    }
}

fn run<T: Send>(control: &Control, turn: &impl Turn, work: impl FnOnce(Observe<'_>) -> T + Send) -> Outcome<T> {
    turn.begin(control);
    if control.is_cancel_asked() {
        return Outcome::Cancelled(None);
    }
    control.set_state(JobState::Running);
    let observed = || {
        let rest = |control: &Control| turn.rest(control);
        work(&mut |progress| control.report(progress, &rest))
    };
    // A pool of its own for each job: one that rests must not hold a thread of another. Without threads to be had,
    // the common pool does.
    let pool_of = |n| rayon::ThreadPoolBuilder::new().num_threads(n).start_handler(|_| give_way()).build();
    let pool = turn.threads().and_then(|n| pool_of(n).ok());
    let result = catch_unwind(AssertUnwindSafe(|| match pool {
        Some(pool) => pool.install(observed),
        None => observed(),
    }));
    match result {
        Ok(value) if control.was_told_to_stop() => Outcome::Cancelled(Some(value)),
        Ok(value) => Outcome::Finished(value),
        Err(panic) => Outcome::Panicked(message_of(panic.as_ref())),
    }
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::no_wake;
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::time::Instant;

    fn wait_for<T>(job: &Job<T>) -> Outcome<T> {
        wait_until("the job to end", || job.poll())
    }

    fn wait_until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "waited too long for {what}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Counts until told to stop, one unit for every message.
    fn counting(steps: mpsc::Receiver<()>) -> impl FnOnce(Observe<'_>) -> u64 + Send + 'static {
        move |observe| {
            let mut done = 0;
            while steps.recv().is_ok() {
                done += 1;
                if observe(Progress::new("counting", done, Some(10))).is_break() {
                    break;
                }
            }
            done
        }
    }

    #[test]
    fn a_job_reports_its_progress_and_returns_its_value_once() {
        let (step, steps) = mpsc::channel();
        let job = Job::spawn("count", no_wake(), counting(steps)).unwrap();
        assert_eq!(job.poll(), None);
        step.send(()).unwrap();
        wait_until("a report", || (job.progress().done == 1).then_some(()));
        assert_eq!(job.progress(), Progress::new("counting", 1, Some(10)));
        drop(step);
        assert_eq!(wait_for(&job), Outcome::Finished(1));
        wait_until("the end", || (job.state() == JobState::Ended).then_some(()));
        assert_eq!(job.poll(), None);
    }

    #[test]
    fn a_cancelled_job_returns_what_it_has_and_says_so() {
        let (step, steps) = mpsc::channel();
        let job = Job::spawn("count", no_wake(), counting(steps)).unwrap();
        step.send(()).unwrap();
        wait_until("a report", || (job.progress().done == 1).then_some(()));
        job.cancel();
        assert_eq!(job.state(), JobState::Stopping);
        step.send(()).unwrap();
        assert_eq!(wait_for(&job), Outcome::Cancelled(Some(2)));
    }

    #[test]
    fn a_paused_job_rests_and_its_clock_with_it() {
        let (step, steps) = mpsc::channel();
        let job = Job::spawn("count", no_wake(), counting(steps)).unwrap();
        job.pause();
        step.send(()).unwrap();
        wait_until("the pause", || (job.state() == JobState::Paused).then_some(()));
        step.send(()).unwrap();
        std::thread::sleep(Duration::from_millis(40));
        assert_eq!(job.progress().done, 1);
        job.resume();
        wait_until("the next report", || (job.progress().done == 2).then_some(()));
        drop(step);
        assert_eq!(wait_for(&job), Outcome::Finished(2));
        assert!(job.working_time() < Duration::from_secs(20));
    }

    #[test]
    fn a_resting_job_can_be_cancelled() {
        let (step, steps) = mpsc::channel();
        let job = Job::spawn("count", no_wake(), counting(steps)).unwrap();
        job.pause();
        step.send(()).unwrap();
        wait_until("the pause", || (job.state() == JobState::Paused).then_some(()));
        job.cancel();
        assert_eq!(wait_for(&job), Outcome::Cancelled(Some(1)));
    }

    #[test]
    fn a_panic_is_an_outcome_with_its_message() {
        let job: Job<()> = Job::spawn("fails", no_wake(), |_| panic!("row {} is not a number", 7)).unwrap();
        assert_eq!(wait_for(&job), Outcome::Panicked("row 7 is not a number".to_owned()));
    }

    #[test]
    fn watchers_are_woken_for_progress_and_for_the_end_but_not_for_every_unit() {
        let woken = Arc::new(AtomicUsize::new(0));
        let count = woken.clone();
        let wake: Wake = Arc::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
        });
        let job = Job::spawn("quick", wake, |observe| {
            for k in 0..100_000 {
                let _ = observe(Progress::new("quick", k, None));
            }
        })
        .unwrap();
        assert_eq!(wait_for(&job), Outcome::Finished(()));
        wait_until("the end", || (job.state() == JobState::Ended).then_some(()));
        let woken = woken.load(Ordering::Relaxed);
        assert!((2..2000).contains(&woken), "woken {woken} times");
    }

    #[test]
    fn dropping_a_job_asks_it_to_stop() {
        let (step, steps) = mpsc::channel();
        let (done, end) = mpsc::channel();
        let job = Job::spawn("count", no_wake(), move |observe| {
            done.send(counting(steps)(observe)).unwrap();
        })
        .unwrap();
        step.send(()).unwrap();
        wait_until("a report", || (job.progress().done == 1).then_some(()));
        drop(job);
        step.send(()).unwrap();
        assert_eq!(end.recv_timeout(Duration::from_secs(20)), Ok(2));
    }
}
