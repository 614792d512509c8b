//! Does several things at once.

use std::sync::Mutex;
use std::{panic, thread};

/// The work on each item, `n_workers` at a time; the results in the order of the items.
pub(crate) fn in_order<T: Send, R: Send>(
    items: impl IntoIterator<Item = T, IntoIter: Send>,
    n_workers: usize,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let queue = Mutex::new(items.into_iter().enumerate());
    let worker = || {
        let mut results = Vec::new();
        loop {
            let next = queue.lock().expect("nobody panics while holding it").next();
            let Some((i, item)) = next else { return results };
            results.push((i, work(item)));
        }
    };
    let mut results = Vec::new();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..n_workers).map(|_| scope.spawn(worker)).collect();
        for worker in workers {
            results.extend(worker.join().unwrap_or_else(|panic| panic::resume_unwind(panic)));
        }
    });
    results.sort_by_key(|(i, _)| *i);
    results.into_iter().map(|(_, result)| result).collect()
}
