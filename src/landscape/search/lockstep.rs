//! Many searches at once, so that the surface always sees large batches.
//!
//! A search is an `async` function that awaits energies and gradients from its [`Oracle`]. Every worker thread keeps
//! many searches under way, gathers what they ask for, evaluates it as one batch and carries on. Searches share
//! nothing, and a surface's values do not depend on the batch, so results depend on neither threads nor order.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::landscape::Surface;

/// Energies, shape `(n,)`, and gradients, shape `(n, d)`.
pub type Batch = (Vec<f64>, Vec<f64>);

/// What a search waits for.
enum Question {
    /// Energies and gradients of points, shape (n, d).
    Gradients(Vec<f64>),
    /// H(x) v of pairs, shape (n, d) each; the answer's energies stay empty.
    HessianVectors { xs: Vec<f64>, vs: Vec<f64> },
}

/// One search's access to the surface.
pub struct Oracle<'s> {
    surface: &'s dyn Surface,
    asked: RefCell<Question>,
    answer: RefCell<Option<Batch>>,
    n_hessians: Cell<u64>,
    hessian_flops: Cell<f64>,
}

impl<'s> Oracle<'s> {
    fn new(surface: &'s dyn Surface) -> Self {
        Self {
            surface,
            asked: RefCell::new(Question::Gradients(Vec::new())),
            answer: RefCell::default(),
            n_hessians: Cell::new(0),
            hessian_flops: Cell::new(0.0),
        }
    }

    /// The surface, for its box.
    pub fn surface(&self) -> &'s dyn Surface {
        self.surface
    }

    /// Energies and gradients of the points `xs`, shape (n, d) with n ≥ 1.
    pub async fn batch(&self, xs: Vec<f64>) -> Batch {
        self.ask(Question::Gradients(xs)).await
    }

    async fn ask(&self, question: Question) -> Batch {
        *self.asked.borrow_mut() = question;
        poll_fn(|_| self.answer.borrow_mut().take().map_or(Poll::Pending, Poll::Ready)).await
    }

    /// H(x) v.
    pub async fn hessian_vector(&self, x: &[f64], v: &[f64]) -> Vec<f64> {
        self.ask(Question::HessianVectors { xs: x.to_vec(), vs: v.to_vec() }).await.1
    }

    /// Energy and gradient at `x`.
    pub async fn energy_gradient(&self, x: &[f64]) -> (f64, Vec<f64>) {
        let (energies, gradient) = self.batch(x.to_vec()).await;
        (energies[0], gradient)
    }

    /// The free rows and columns of the Hessian at `x`; evaluated at once, for it is a large product by itself.
    pub fn free_hessian(&self, x: &[f64], free: &[usize]) -> Vec<f64> {
        let mut out = vec![0.0; free.len() * free.len()];
        self.surface.free_hessian(x, free, &mut out);
        self.n_hessians.set(self.n_hessians.get() + 1);
        self.hessian_flops.set(self.hessian_flops.get() + self.surface.flops_per_hessian(free.len()));
        out
    }
}

/// How often the surface was evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Evaluations {
    /// Energies with gradients.
    pub gradients: u64,
    /// Products of a Hessian and a vector.
    #[serde(default)]
    pub hessian_vectors: u64,
    /// Hessians over the free coordinates.
    pub hessians: u64,
    /// Floating-point operations of all three.
    pub flops: f64,
}

impl Evaluations {
    /// Adds another count.
    pub fn add(&mut self, other: Self) {
        self.gradients += other.gradients;
        self.hessian_vectors += other.hessian_vectors;
        self.hessians += other.hessians;
        self.flops += other.flops;
    }
}

/// What [`run`] reports on the calling thread.
pub enum Event<T> {
    /// Search number `.0` ended with `.1`.
    Done(usize, T),
    /// Nothing ended for a while; a chance to stop.
    Tick,
}

/// A search under way.
pub type Search<'s, T> = Pin<Box<dyn Future<Output = T> + 's>>;

/// Searches each worker keeps under way: enough for full batches, few enough for the cache.
const IN_FLIGHT: usize = 192;
const TICK: Duration = Duration::from_millis(100);

/// Runs the searches `indices`, each made by `make`, on `threads` threads until all have ended or `on` breaks.
///
/// Events come on the calling thread in no fixed order: results must be filed by their index.
pub fn run<'s, T: Send>(
    surface: &'s dyn Surface,
    threads: usize,
    indices: &[usize],
    make: &(dyn Fn(usize, Rc<Oracle<'s>>) -> Search<'s, T> + Sync),
    on: &mut dyn FnMut(Event<T>) -> ControlFlow<()>,
) -> Evaluations {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let mut total = Evaluations::default();
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        let workers: Vec<_> = (0..threads.clamp(1, indices.len().max(1)))
            .map(|_| {
                let sender = sender.clone();
                let (next, stop) = (&next, &stop);
                scope.spawn(move || work(surface, indices, make, next, stop, &sender))
            })
            .collect();
        drop(sender);
        loop {
            let event = match receiver.recv_timeout(TICK) {
                Ok((index, value)) => Event::Done(index, value),
                Err(mpsc::RecvTimeoutError::Timeout) => Event::Tick,
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            };
            if on(event).is_break() {
                stop.store(true, Ordering::Relaxed);
            }
        }
        for worker in workers {
            match worker.join() {
                Ok(counts) => total.add(counts),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    total
}

struct Slot<'s, T> {
    index: usize,
    oracle: Rc<Oracle<'s>>,
    search: Search<'s, T>,
}

/// One worker: keeps searches under way until none are left; returns its counts.
fn work<'s, T: Send>(
    surface: &'s dyn Surface,
    indices: &[usize],
    make: &(dyn Fn(usize, Rc<Oracle<'s>>) -> Search<'s, T> + Sync),
    next: &AtomicUsize,
    stop: &AtomicBool,
    sender: &mpsc::Sender<(usize, T)>,
) -> Evaluations {
    let mut counts = Evaluations::default();
    let mut slots: Vec<Slot<'s, T>> = Vec::new();
    let mut buffers = Buffers::default();
    let mut context = Context::from_waker(Waker::noop());
    while !stop.load(Ordering::Relaxed) {
        while slots.len() < IN_FLIGHT
            && let Some(&index) = indices.get(next.fetch_add(1, Ordering::Relaxed))
        {
            let oracle = Rc::new(Oracle::new(surface));
            slots.push(Slot { index, search: make(index, Rc::clone(&oracle)), oracle });
        }
        slots.retain_mut(|slot| match slot.search.as_mut().poll(&mut context) {
            Poll::Pending => true,
            Poll::Ready(value) => {
                counts.hessians += slot.oracle.n_hessians.get();
                counts.flops += slot.oracle.hessian_flops.get();
                // The receiver only goes away when the caller does.
                let _ = sender.send((slot.index, value));
                false
            }
        });
        if slots.is_empty() {
            break;
        }
        answer_gradients(surface, &slots, &mut buffers, &mut counts);
        answer_hessian_vectors(surface, &slots, &mut buffers, &mut counts);
    }
    counts
}

/// Room for batches, kept from one to the next.
#[derive(Default)]
struct Buffers {
    xs: Vec<f64>,
    vs: Vec<f64>,
    energies: Vec<f64>,
    vectors: Vec<f64>,
}

fn answer_gradients<T>(surface: &dyn Surface, slots: &[Slot<'_, T>], buffers: &mut Buffers, counts: &mut Evaluations) {
    let d = surface.dim();
    buffers.xs.clear();
    for slot in slots {
        if let Question::Gradients(xs) = &*slot.oracle.asked.borrow() {
            buffers.xs.extend_from_slice(xs);
        }
    }
    let n = buffers.xs.len() / d;
    buffers.energies.resize(n, 0.0);
    buffers.vectors.resize(n * d, 0.0);
    surface.energy_gradient_batch(&buffers.xs, &mut buffers.energies, &mut buffers.vectors);
    counts.gradients += n as u64;
    counts.flops += n as f64 * surface.flops_per_gradient();
    let mut first = 0;
    for slot in slots {
        if let Question::Gradients(xs) = &*slot.oracle.asked.borrow() {
            let last = first + xs.len() / d;
            let answer = (buffers.energies[first..last].to_vec(), buffers.vectors[first * d..last * d].to_vec());
            *slot.oracle.answer.borrow_mut() = Some(answer);
            first = last;
        }
    }
}

fn answer_hessian_vectors<T>(
    surface: &dyn Surface,
    slots: &[Slot<'_, T>],
    buffers: &mut Buffers,
    counts: &mut Evaluations,
) {
    buffers.xs.clear();
    buffers.vs.clear();
    for slot in slots {
        if let Question::HessianVectors { xs, vs } = &*slot.oracle.asked.borrow() {
            buffers.xs.extend_from_slice(xs);
            buffers.vs.extend_from_slice(vs);
        }
    }
    let n = buffers.xs.len() / surface.dim();
    buffers.vectors.resize(buffers.xs.len(), 0.0);
    surface.hessian_vector_batch(&buffers.xs, &buffers.vs, &mut buffers.vectors);
    counts.hessian_vectors += n as u64;
    counts.flops += n as f64 * surface.flops_per_hessian_vector();
    let mut first = 0;
    for slot in slots {
        if let Question::HessianVectors { xs, .. } = &*slot.oracle.asked.borrow() {
            let answer = (Vec::new(), buffers.vectors[first..first + xs.len()].to_vec());
            *slot.oracle.answer.borrow_mut() = Some(answer);
            first += xs.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::landscape::Toy;

    #[test]
    fn results_are_the_same_on_one_and_on_three_threads() {
        let toy = Toy::muller_brown();
        let run_on = |threads| {
            let mut found = vec![0.0; 500];
            let indices: Vec<usize> = (0..500).collect();
            run::<f64>(
                &toy,
                threads,
                &indices,
                &|index, oracle| {
                    Box::pin(async move {
                        let mut x = [-1.0 + index as f64 * 1e-3, 0.5];
                        for _ in 0..index % 7 {
                            let (_, g) = oracle.energy_gradient(&x).await;
                            x[0] -= 1e-4 * g[0];
                        }
                        x[0]
                    })
                },
                &mut |event| {
                    if let Event::Done(index, x) = event {
                        found[index] = x;
                    }
                    ControlFlow::Continue(())
                },
            );
            found
        };
        assert_eq!(run_on(1), run_on(3));
    }
}
