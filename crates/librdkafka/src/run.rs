//! Blocking work on threads of its own, and when it has to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// When a piece of work has to end.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    stopped: Arc<AtomicBool>,
    pub(crate) began: Instant,
    until: Instant,
}

impl Bound {
    /// Not after `until`.
    pub(crate) fn until(until: Instant) -> Self {
        Self {
            stopped: Arc::default(),
            began: Instant::now(),
            until,
        }
    }

    /// The same, and not longer than `most` from now.
    pub(crate) fn within(&self, most: Duration) -> Self {
        Self {
            stopped: Arc::clone(&self.stopped),
            began: Instant::now(),
            until: self.until.min(Instant::now() + most),
        }
    }

    /// Whether time is up or nobody waits any more.
    pub(crate) fn over(&self) -> bool {
        self.stopped() || Instant::now() >= self.until
    }

    /// Whether nobody waits any more.
    pub(crate) fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Time that is left.
    pub(crate) fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// How long it has taken.
    pub(crate) fn waited(&self) -> Duration {
        self.began.elapsed()
    }
}

/// Tells the work to stop when the future that waits for it is dropped.
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs `work` on a thread that may block. `None` when it came to grief (a bug, contained).
pub(crate) async fn apart<T: Send + 'static>(
    bound: Bound,
    work: impl FnOnce(&Bound) -> T + Send + 'static,
) -> Option<T> {
    let waiting = Waiting(Arc::clone(&bound.stopped));
    let outcome = tokio::task::spawn_blocking(move || work(&bound)).await.ok();
    drop(waiting);
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_told_to_stop() {
        let bound = Bound::until(Instant::now() + Duration::from_secs(60));
        let seen = bound.clone();
        let (done, ended) = std::sync::mpsc::channel();
        let work = apart(bound, move |bound| {
            while !bound.over() {
                std::thread::sleep(Duration::from_millis(1));
            }
            let _ = done.send(());
        });
        let outcome = tokio::time::timeout(Duration::from_millis(20), work).await;
        assert!(outcome.is_err() && seen.stopped());
        assert_eq!(ended.recv_timeout(Duration::from_secs(5)), Ok(()));
    }
}
