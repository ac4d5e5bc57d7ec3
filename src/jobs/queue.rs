//! One CPU-heavy job at a time, in an order that everybody can see.

use super::control::Control;
use super::job::{Job, Turn};
use super::{JobState, Observe, Wake};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// Lets one CPU-heavy job work at a time; the others wait in order. A paused job gives its turn away and stands first
/// in the line when it is resumed.
///
/// The jobs of a queue can be held to a number of threads, so that a shell leaves a core to the screen.
#[derive(Clone)]
pub struct Queue {
    line: Arc<Line>,
    threads: Option<usize>,
}

/// A job of the queue as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedJob {
    /// Which one; never used twice in a queue.
    pub id: u64,
    /// What it is called.
    pub name: String,
    /// Where it stands.
    pub state: JobState,
}

/// Waiting jobs look so often whether they have been cancelled.
const LOOK_EVERY: Duration = Duration::from_millis(50);

struct Line {
    order: Mutex<Order>,
    changed: Condvar,
}

#[derive(Default)]
struct Order {
    next_id: u64,
    /// The job whose turn it is.
    working: Option<u64>,
    /// Those that wait for their turn, the next one first.
    waiting: Vec<u64>,
    /// All that have not ended, in the order they were submitted.
    members: Vec<Member>,
}

struct Member {
    id: u64,
    name: String,
    /// Weak, so that the list keeps no ended job alive; none until the job is told its place.
    control: Weak<Control>,
}

impl Queue {
    /// An empty queue whose jobs compute on `threads` threads, at least 1; on all cores when none is given.
    pub fn new(threads: Option<usize>) -> Self {
        let line = Line { order: Mutex::default(), changed: Condvar::new() };
        Self { line: Arc::new(line), threads: threads.map(|n| n.max(1)) }
    }

    /// Adds a job at the end of the line; as [`Job::spawn`] otherwise.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn submit<T: Send + 'static>(
        &self,
        name: &str,
        wake: Wake,
        work: impl FnOnce(Observe<'_>) -> T + Send + 'static,
    ) -> io::Result<Job<T>> {
        let id = self.line.join(name);
        // Leaves the line when it is dropped: when the job ends, panics, or gets no thread.
        let place = Place { id, line: self.line.clone(), threads: self.threads };
        let job = Job::spawn_with(name, wake, JobState::Queued, place, work)?;
        if let Some(member) = self.line.lock().members.iter_mut().find(|member| member.id == id) {
            member.control = Arc::downgrade(job.control());
        }
        Ok(job)
    }

    /// Every job that has not ended: the working one, then the waiting ones in their order, then the resting ones.
    pub fn jobs(&self) -> Vec<QueuedJob> {
        let order = self.line.lock();
        let rank = |id: u64| {
            if order.working == Some(id) {
                return 0;
            }
            order.waiting.iter().position(|&other| other == id).map_or(usize::MAX, |k| k + 1)
        };
        let mut members: Vec<&Member> = order.members.iter().collect();
        members.sort_by_key(|member| rank(member.id));
        let seen = |member: &Member| {
            let queued = if order.working == Some(member.id) { JobState::Running } else { JobState::Queued };
            let state = member.control.upgrade().map_or(queued, |control| control.state());
            QueuedJob { id: member.id, name: member.name.clone(), state }
        };
        members.into_iter().map(seen).collect()
    }

    /// Moves a waiting job to the front of the line; false when it is not waiting.
    pub fn move_to_front(&self, id: u64) -> bool {
        let mut order = self.line.lock();
        let Some(at) = order.waiting.iter().position(|&other| other == id) else { return false };
        order.waiting.remove(at);
        order.waiting.insert(0, id);
        true
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("jobs", &self.jobs()).finish_non_exhaustive()
    }
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, Order> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(&self, name: &str) -> u64 {
        let mut order = self.lock();
        let id = order.next_id;
        order.next_id += 1;
        order.waiting.push(id);
        order.members.push(Member { id, name: name.to_owned(), control: Weak::new() });
        id
    }

    /// Waits for the turn of `id`, or until it is cancelled.
    fn wait(&self, id: u64, control: &Control) {
        let mut order = self.lock();
        while !control.is_cancel_asked() {
            let next = order.waiting.iter().copied().find(|&other| !order.rests(other));
            if order.working.is_none() && next == Some(id) {
                order.waiting.retain(|&other| other != id);
                order.working = Some(id);
                return;
            }
            // Cancelling and pausing go through the control, which does not know of this line: look now and then.
            order = self.changed.wait_timeout(order, LOOK_EVERY).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn give_away(&self, id: u64) {
        let mut order = self.lock();
        if order.working == Some(id) {
            order.working = None;
        }
        drop(order);
        self.changed.notify_all();
    }
}

impl Order {
    /// Whether a waiting job has been asked to pause, so that others go first.
    fn rests(&self, id: u64) -> bool {
        let member = self.members.iter().find(|member| member.id == id);
        member.and_then(|member| member.control.upgrade()).is_some_and(|control| control.is_pause_asked())
    }
}

/// A job's place in the line.
struct Place {
    id: u64,
    line: Arc<Line>,
    threads: Option<usize>,
}

impl Turn for Place {
    fn begin(&self, control: &Control) {
        self.line.wait(self.id, control);
    }

    fn rest(&self, control: &Control) {
        self.line.give_away(self.id);
        control.wait_for_resume();
        if !control.is_cancel_asked() {
            self.line.lock().waiting.insert(0, self.id);
            control.set_state(JobState::Queued);
            self.line.wait(self.id, control);
        }
    }

    fn threads(&self) -> Option<usize> {
        self.threads
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        {
            let mut order = self.line.lock();
            order.waiting.retain(|&other| other != self.id);
            order.members.retain(|member| member.id != self.id);
        }
        self.line.give_away(self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Outcome, Progress, no_wake};
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::time::Instant;

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

    /// Works until the sender is dropped, one unit for every message.
    fn steps(queue: &Queue, name: &str) -> (mpsc::Sender<()>, Job<u64>) {
        let (step, steps) = mpsc::channel();
        let job = queue.submit(name, no_wake(), move |observe| {
            let mut done = 0;
            while steps.recv().is_ok() {
                done += 1;
                if observe(Progress::new("steps", done, None)).is_break() {
                    break;
                }
            }
            done
        });
        (step, job.unwrap())
    }

    fn names(queue: &Queue) -> Vec<String> {
        queue.jobs().into_iter().map(|job| job.name).collect()
    }

    #[test]
    fn one_job_works_at_a_time_in_the_order_they_came() {
        let queue = Queue::new(Some(1));
        let (at_once, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (done, order) = mpsc::channel();
        let jobs: Vec<Job<()>> = (0..6)
            .map(|k| {
                let (at_once, most, done) = (at_once.clone(), most.clone(), done.clone());
                let work = move |_: Observe<'_>| {
                    most.fetch_max(at_once.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    assert_eq!(rayon::current_num_threads(), 1);
                    std::thread::sleep(Duration::from_millis(5));
                    at_once.fetch_sub(1, Ordering::SeqCst);
                    done.send(k).unwrap();
                };
                queue.submit("job", no_wake(), work).unwrap()
            })
            .collect();
        for job in &jobs {
            assert_eq!(wait_until("a job", || job.poll()), Outcome::Finished(()));
        }
        assert_eq!(most.load(Ordering::SeqCst), 1);
        assert_eq!(order.try_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
        wait_until("an empty line", || queue.jobs().is_empty().then_some(()));
    }

    #[test]
    fn the_line_is_visible_and_can_be_changed() {
        let queue = Queue::new(None);
        let (a, job_a) = steps(&queue, "a");
        wait_until("a to begin", || (job_a.state() == JobState::Running).then_some(()));
        let (b, job_b) = steps(&queue, "b");
        let (c, job_c) = steps(&queue, "c");
        assert_eq!(names(&queue), ["a", "b", "c"]);
        let id_c = queue.jobs()[2].id;
        assert!(queue.move_to_front(id_c));
        assert_eq!(names(&queue), ["a", "c", "b"]);
        assert!(!queue.move_to_front(queue.jobs()[0].id), "a works already");
        drop(a);
        wait_until("c to begin", || (job_c.state() == JobState::Running).then_some(()));
        assert_eq!(job_b.state(), JobState::Queued);
        drop((b, c));
        for job in [job_a, job_b, job_c] {
            assert_eq!(wait_until("a job", || job.poll()), Outcome::Finished(0));
        }
    }

    #[test]
    fn a_paused_job_lets_the_next_one_work_and_then_goes_on() {
        let queue = Queue::new(None);
        let (a, job_a) = steps(&queue, "a");
        wait_until("a to begin", || (job_a.state() == JobState::Running).then_some(()));
        let (b, job_b) = steps(&queue, "b");
        job_a.pause();
        a.send(()).unwrap();
        wait_until("b to begin", || (job_b.state() == JobState::Running).then_some(()));
        assert_eq!(job_a.state(), JobState::Paused);
        job_a.resume();
        wait_until("a to wait", || (job_a.state() == JobState::Queued).then_some(()));
        drop(b);
        a.send(()).unwrap();
        wait_until("a to go on", || (job_a.progress().done == 2).then_some(()));
        drop(a);
        assert_eq!(wait_until("a", || job_a.poll()), Outcome::Finished(2));
        assert_eq!(wait_until("b", || job_b.poll()), Outcome::Finished(0));
    }

    #[test]
    fn a_waiting_job_that_is_cancelled_never_begins_and_a_panic_frees_the_turn() {
        let queue = Queue::new(None);
        let (a, job_a) = steps(&queue, "a");
        let (_b, job_b) = steps(&queue, "b");
        let job_c: Job<()> = queue.submit("c", no_wake(), |_| panic!("no")).unwrap();
        let job_d = queue.submit("d", no_wake(), |_| 4).unwrap();
        job_b.cancel();
        assert_eq!(wait_until("b", || job_b.poll()), Outcome::Cancelled(None));
        drop(a);
        assert_eq!(wait_until("a", || job_a.poll()), Outcome::Finished(0));
        assert_eq!(wait_until("c", || job_c.poll()), Outcome::Panicked("no".to_owned()));
        assert_eq!(wait_until("d", || job_d.poll()), Outcome::Finished(4));
    }
}
