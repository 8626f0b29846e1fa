//! Work on many things at once.

use std::{
    num::NonZeroUsize,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// What `work` makes of each thing, in their order, on so many threads at most.
pub(crate) fn in_parallel<T: Sync, R: Send>(
    things: &[T],
    workers: NonZeroUsize,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(things.len())));
    let go_on = || {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(thing) = things.get(place) else { return };
            let made = work(thing);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((place, made));
        }
    };
    thread::scope(|scope| {
        let others = workers.get().min(things.len()).saturating_sub(1);
        (0..others).for_each(|_| drop(scope.spawn(go_on)));
        go_on();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_of_things() {
        let things: Vec<u64> = (0..1_000).collect();
        for workers in [1, 2, 7] {
            let made = in_parallel(&things, NonZeroUsize::new(workers).unwrap(), |n| n * 2);
            assert!(made.iter().zip(&things).all(|(made, n)| *made == n * 2) && made.len() == 1_000);
        }
        assert!(in_parallel(&[], NonZeroUsize::MIN, |(): &()| ()).is_empty());
    }
}
