use std::collections::VecDeque;

use rayon::prelude::*;

use super::{BadRow, Record};

/// Rows that are worked on at once, at most.
const MAX_BATCH: usize = 4096;
/// Text that is held at once in a batch, at most, in bytes.
const MAX_BATCH_BYTES: usize = 32 * 1024 * 1024;

/// Applies `work` to every row on all threads and yields the results in the order of the rows.
///
/// While one batch is worked on the next is read, so reading and unpacking cost no time of their own. Two batches of at
/// most 4,096 rows and 32 MiB are held. The first batches are small, so that a slow pipe soon shows results.
pub fn map_in_order<I, T, F>(rows: I, work: F) -> impl Iterator<Item = T>
where
    I: Iterator<Item = Result<Record, BadRow>> + Send,
    T: Send,
    F: Fn(Result<Record, BadRow>) -> T + Sync,
{
    let mut rows = rows.fuse();
    let mut next_batch: Vec<Result<Record, BadRow>> = Vec::new();
    let mut ready: VecDeque<T> = VecDeque::new();
    let mut size = 64;
    std::iter::from_fn(move || {
        if ready.is_empty() {
            if next_batch.is_empty() {
                next_batch = batch(&mut rows, size);
            }
            let present = std::mem::take(&mut next_batch);
            size = (size * 2).min(MAX_BATCH);
            let (done, read) =
                rayon::join(|| present.into_par_iter().map(&work).collect::<Vec<T>>(), || batch(&mut rows, size));
            next_batch = read;
            ready = done.into();
        }
        ready.pop_front()
    })
}

fn batch<I: Iterator<Item = Result<Record, BadRow>>>(rows: &mut I, size: usize) -> Vec<Result<Record, BadRow>> {
    let mut batch = Vec::with_capacity(size);
    let mut n_bytes = 0;
    while batch.len() < size && n_bytes < MAX_BATCH_BYTES {
        let Some(row) = rows.next() else { break };
        n_bytes += row.as_ref().map_or(0, Record::n_bytes);
        batch.push(row);
    }
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(n: u64) -> impl Iterator<Item = Result<Record, BadRow>> {
        (1..=n).map(|line| Ok(Record { line, ..Record::default() }))
    }

    #[test]
    fn results_come_in_the_order_of_the_rows() {
        for n in [0, 1, 63, 64, 65, 20_000] {
            let lines: Vec<u64> = map_in_order(rows(n), |row| row.unwrap().line).collect();
            assert_eq!(lines, (1..=n).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_endless_source_is_read_only_as_far_as_needed() {
        let read = std::sync::atomic::AtomicU64::new(0);
        let source = rows(u64::MAX).inspect(|_| {
            read.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        });
        let taken: Vec<u64> = map_in_order(source, |row| row.unwrap().line).take(1_000).collect();
        assert_eq!(taken.len(), 1_000);
        assert!(read.into_inner() <= 1_000 + 3 * MAX_BATCH as u64);
    }
}
