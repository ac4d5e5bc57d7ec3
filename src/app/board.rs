//! The jobs of the window: what runs, what waits, and what comes of it.

use std::collections::VecDeque;
use std::time::Duration;

use crate::jobs::{Job, JobState, Observe, Outcome, Progress, Queue, Wake};

/// What a job of the window came to.
#[derive(Debug)]
pub enum Ending<E> {
    /// Something for `App` to take in; the flag tells that it was cut short.
    Event(E, bool),
    /// It was cancelled before there was anything.
    Nothing,
    /// It broke down, with this message.
    Panicked(String),
}

/// A job whatever its result.
trait Running<E> {
    fn poll(&mut self) -> Option<Ending<E>>;
    fn card(&self) -> JobCard;
    fn cancel(&self);
    fn pause(&self);
    fn resume(&self);
}

struct Typed<T, F> {
    job: Job<T>,
    finish: Option<F>,
}

/// What is shown of a job.
#[derive(Debug, Clone)]
pub struct JobCard {
    /// Never used twice.
    pub id: u64,
    /// What it does.
    pub name: String,
    /// Where it stands.
    pub state: JobState,
    /// How far it has come.
    pub progress: Progress,
    /// Units a second.
    pub rate: Option<f64>,
    /// Seconds until the end of the stage.
    pub remaining_secs: Option<f64>,
    /// Time it has worked.
    pub working: Duration,
    /// How it ended; none while it runs.
    pub ended: Option<String>,
}

impl JobCard {
    /// Whether it has not ended.
    pub fn is_active(&self) -> bool {
        self.ended.is_none()
    }

    /// Whether it can rest.
    pub fn can_pause(&self) -> bool {
        matches!(self.state, JobState::Running | JobState::Queued)
    }

    /// Share done, when the total is known.
    pub fn share(&self) -> Option<f32> {
        let total = self.progress.total.filter(|&total| total > 0)?;
        Some((self.progress.done as f32 / total as f32).min(1.0))
    }

    /// Stage, count, rate and remaining time in words.
    pub fn line(&self) -> String {
        if let Some(ended) = &self.ended {
            return ended.clone();
        }
        let mut parts = Vec::new();
        match self.state {
            JobState::Queued => parts.push("waits for its turn".to_owned()),
            JobState::Pausing => parts.push("pausing at the next unit".to_owned()),
            JobState::Paused => parts.push("paused".to_owned()),
            JobState::Stopping => parts.push("stopping at the next unit".to_owned()),
            JobState::Running | JobState::Ended => {}
        }
        if !self.progress.stage.is_empty() {
            let total = self.progress.total.map_or(String::new(), |total| format!(" of {total}"));
            parts.push(format!("{} {}{total}", self.progress.stage, self.progress.done));
        }
        if !self.progress.detail.is_empty() {
            parts.push(self.progress.detail.clone());
        }
        if let Some(rate) = self.rate.filter(|_| self.state == JobState::Running) {
            parts.push(if rate >= 10.0 { format!("{rate:.0}/s") } else { format!("{rate:.2}/s") });
        }
        if let Some(secs) = self.remaining_secs.filter(|_| self.state == JobState::Running) {
            parts.push(format!("{} left", duration(Duration::from_secs_f64(secs.clamp(0.0, 1e9)))));
        }
        parts.join(" · ")
    }
}

/// A time as it is read: seconds, minutes, hours.
pub fn duration(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.0} s", time.as_secs_f64()),
        secs @ 60..3600 => format!("{} min {} s", secs / 60, secs % 60),
        secs => format!("{} h {} min", secs / 3600, secs / 60 % 60),
    }
}

impl<E, T: Send + 'static, F: FnOnce(T) -> E> Running<E> for Typed<T, F> {
    fn poll(&mut self) -> Option<Ending<E>> {
        let outcome = self.job.poll()?;
        let finish = self.finish.take()?;
        Some(match outcome {
            Outcome::Finished(value) => Ending::Event(finish(value), false),
            Outcome::Cancelled(Some(value)) => Ending::Event(finish(value), true),
            Outcome::Cancelled(None) => Ending::Nothing,
            Outcome::Panicked(message) => Ending::Panicked(message),
        })
    }

    fn card(&self) -> JobCard {
        let pace = self.job.pace();
        JobCard {
            id: 0,
            name: self.job.name().to_owned(),
            state: self.job.state(),
            progress: self.job.progress(),
            rate: pace.rate(),
            remaining_secs: pace.remaining_secs(),
            working: self.job.working_time(),
            ended: None,
        }
    }

    fn cancel(&self) {
        self.job.cancel();
    }

    fn pause(&self) {
        self.job.pause();
    }

    fn resume(&self) {
        self.job.resume();
    }
}

struct Entry<E> {
    id: u64,
    job: Box<dyn Running<E>>,
}

/// Ended jobs that stay on the list.
const MAX_ENDED: usize = 20;

/// All jobs of the window. `E` is what they come to.
pub struct Board<E> {
    wake: Wake,
    queue: Queue,
    next_id: u64,
    running: Vec<Entry<E>>,
    ended: VecDeque<JobCard>,
}

impl<E: 'static> Board<E> {
    /// An empty board; `wake` is called when there is something new.
    pub fn new(wake: Wake) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let queue = Queue::new(Some(cores.saturating_sub(1).max(1)));
        Self { wake, queue, next_id: 1, running: Vec::new(), ended: VecDeque::new() }
    }

    /// Starts quick work at once (a search, a file).
    ///
    /// # Errors
    /// A sentence when the system gives no thread.
    pub fn start<T: Send + 'static>(
        &mut self,
        name: &str,
        work: impl FnOnce(Observe<'_>) -> T + Send + 'static,
        finish: impl FnOnce(T) -> E + 'static,
    ) -> Result<u64, String> {
        let job = Job::spawn(name, self.wake.clone(), work);
        self.add(name, job, finish)
    }

    /// Lines up heavy work: one such job computes at a time.
    ///
    /// # Errors
    /// A sentence when the system gives no thread.
    pub fn queue<T: Send + 'static>(
        &mut self,
        name: &str,
        work: impl FnOnce(Observe<'_>) -> T + Send + 'static,
        finish: impl FnOnce(T) -> E + 'static,
    ) -> Result<u64, String> {
        let job = self.queue.submit(name, self.wake.clone(), work);
        self.add(name, job, finish)
    }

    fn add<T: Send + 'static>(
        &mut self,
        name: &str,
        job: std::io::Result<Job<T>>,
        finish: impl FnOnce(T) -> E + 'static,
    ) -> Result<u64, String> {
        let job = job.map_err(|error| format!("“{name}” could not start: the system gives no thread ({error})"))?;
        let id = self.next_id;
        self.next_id += 1;
        self.running.push(Entry { id, job: Box::new(Typed { job, finish: Some(finish) }) });
        Ok(id)
    }

    /// Collects what has ended since the last look: name, ending, time worked.
    pub fn poll(&mut self) -> Vec<(String, Ending<E>)> {
        let mut endings = Vec::new();
        let mut k = 0;
        while k < self.running.len() {
            match self.running[k].job.poll() {
                None => k += 1,
                Some(ending) => {
                    let entry = self.running.remove(k);
                    let mut card = JobCard { id: entry.id, ..entry.job.card() };
                    let how = match &ending {
                        Ending::Event(_, false) => "done",
                        Ending::Event(_, true) | Ending::Nothing => "cancelled",
                        Ending::Panicked(_) => "broke down",
                    };
                    card.ended = Some(format!("{how} after {}", duration(card.working)));
                    let name = card.name.clone();
                    self.ended.push_front(card);
                    self.ended.truncate(MAX_ENDED);
                    endings.push((name, ending));
                }
            }
        }
        endings
    }

    /// What is shown: running and waiting jobs first, then ended ones.
    pub fn cards(&self) -> Vec<JobCard> {
        let running = self.running.iter().map(|entry| JobCard { id: entry.id, ..entry.job.card() });
        running.chain(self.ended.iter().cloned()).collect()
    }

    /// Whether nothing runs or waits.
    pub fn is_idle(&self) -> bool {
        self.running.is_empty()
    }

    /// Asks a job to stop.
    pub fn cancel(&self, id: u64) {
        self.with(id, |job| job.cancel());
    }

    /// Asks a job to rest.
    pub fn pause(&self, id: u64) {
        self.with(id, |job| job.pause());
    }

    /// Lets a job go on.
    pub fn resume(&self, id: u64) {
        self.with(id, |job| job.resume());
    }

    /// Asks every job to stop.
    pub fn cancel_all(&self) {
        self.running.iter().for_each(|entry| entry.job.cancel());
    }

    /// Takes an ended job off the list.
    pub fn dismiss(&mut self, id: u64) {
        self.ended.retain(|card| card.id != id);
    }

    fn with(&self, id: u64, what: impl Fn(&dyn Running<E>)) {
        if let Some(entry) = self.running.iter().find(|entry| entry.id == id) {
            what(entry.job.as_ref());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;
    use std::time::Instant;

    use super::*;
    use crate::jobs::no_wake;

    fn wait(board: &mut Board<u32>) -> Ending<u32> {
        let start = Instant::now();
        loop {
            if let Some((_, ending)) = board.poll().pop() {
                return ending;
            }
            assert!(start.elapsed().as_secs() < 20, "the job did not end");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    #[test]
    fn jobs_end_as_events_and_stay_on_the_list_until_dismissed() {
        let mut board = Board::new(no_wake());
        let id = board.start("sum", |_| 20, |sum: u32| sum + 1).unwrap();
        assert!(matches!(wait(&mut board), Ending::Event(21, false)));
        assert!(board.is_idle());
        assert_eq!(board.cards()[0].id, id);
        assert!(board.cards()[0].line().starts_with("done"));
        board.dismiss(id);
        assert!(board.cards().is_empty());
    }

    #[test]
    fn a_cancelled_job_hands_over_what_it_has() {
        let mut board = Board::new(no_wake());
        let count = |observe: Observe<'_>| {
            let mut n = 0;
            while observe(Progress::new("count", n, None)) == ControlFlow::Continue(()) {
                n += 1;
                std::thread::sleep(Duration::from_millis(1));
            }
            7
        };
        let id = board.queue("count", count, |n: u32| n).unwrap();
        board.cancel(id);
        assert!(matches!(wait(&mut board), Ending::Event(7, true) | Ending::Nothing));
    }

    #[test]
    fn a_panic_is_told_and_ends_only_its_job() {
        let mut board = Board::new(no_wake());
        board.start("bad", |_| -> u32 { panic!("row 3") }, |n| n).unwrap();
        assert!(matches!(wait(&mut board), Ending::Panicked(message) if message == "row 3"));
    }
}
