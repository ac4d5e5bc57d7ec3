use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

/// Works on chunks 0..n on every core and hands the outcomes to `receive` in order, on the calling thread. When
/// `receive` breaks, no further chunk is begun.
pub(super) fn in_order<T: Send>(
    n_chunks: usize,
    work: impl Fn(usize) -> T + Sync,
    mut receive: impl FnMut(T) -> ControlFlow<()>,
) {
    let n_threads = rayon::current_num_threads().min(n_chunks);
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (send, outcomes) = mpsc::channel();
        for _ in 0..n_threads {
            let (send, work, next, stop) = (send.clone(), &work, &next, &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let chunk = next.fetch_add(1, Ordering::Relaxed);
                    if chunk >= n_chunks || send.send((chunk, work(chunk))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        // Outcomes that came before their turn; at most a few, for chunks are begun in order.
        let mut early = std::collections::BTreeMap::new();
        let mut turn = 0;
        for (chunk, outcome) in outcomes {
            early.insert(chunk, outcome);
            while let Some(outcome) = early.remove(&turn) {
                turn += 1;
                if receive(outcome).is_break() {
                    stop.store(true, Ordering::Relaxed);
                    return;
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_arrive_in_order() {
        let mut seen = Vec::new();
        in_order(
            100,
            |k| k * 2,
            |x| {
                seen.push(x);
                ControlFlow::Continue(())
            },
        );
        assert_eq!(seen, (0..100).map(|k| k * 2).collect::<Vec<_>>());
        in_order(0, |k| k, |_| panic!("there is no chunk"));
    }

    #[test]
    fn a_break_stops_the_work() {
        let begun = AtomicUsize::new(0);
        let mut n_seen = 0;
        in_order(
            1_000_000,
            |_| begun.fetch_add(1, Ordering::Relaxed),
            |_| {
                n_seen += 1;
                if n_seen == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
        assert_eq!(n_seen, 3);
        assert!(begun.load(Ordering::Relaxed) < 1_000_000);
    }
}
