//! What the sandbox was asked: requests per API and node, open connections, requests in work.
//!
//! Tests prove with them that a cancelled call really stops and that cost follows the number of
//! brokers. Simulated demo members call in process and are not counted.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counters of one sandbox.
#[derive(Debug, Default)]
pub struct Counters {
    requests: Mutex<BTreeMap<(i32, i16), u64>>,
    connections: AtomicUsize,
    in_work: AtomicUsize,
}

impl Counters {
    fn map(&self) -> std::sync::MutexGuard<'_, BTreeMap<(i32, i16), u64>> {
        self.requests
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Requests received since the start or the last [`Counters::reset`], as (API key, count), all nodes.
    pub fn requests(&self) -> Vec<(i16, u64)> {
        let mut sums = BTreeMap::new();
        for (&(_, key), count) in self.map().iter() {
            *sums.entry(key).or_insert(0) += count;
        }
        sums.into_iter().collect()
    }

    /// Requests of one API over all nodes.
    pub fn requests_of(&self, api_key: i16) -> u64 {
        self.map()
            .iter()
            .filter(|((_, key), _)| *key == api_key)
            .map(|(_, count)| count)
            .sum()
    }

    /// Requests that one node (1 to 3) received, as (API key, count).
    pub fn requests_at(&self, node: i32) -> Vec<(i16, u64)> {
        self.map()
            .iter()
            .filter(|((at, _), _)| *at == node)
            .map(|(&(_, key), &count)| (key, count))
            .collect()
    }

    /// Requests of all APIs over all nodes.
    pub fn total(&self) -> u64 {
        self.map().values().sum()
    }

    /// Sets all request counts to zero; the gauges stay.
    pub fn reset(&self) {
        self.map().clear();
    }

    /// Client connections open now, over all nodes.
    pub fn open_connections(&self) -> usize {
        self.connections.load(Ordering::Acquire)
    }

    /// Requests received and not yet answered, such as a waiting Fetch or JoinGroup.
    pub fn in_work(&self) -> usize {
        self.in_work.load(Ordering::Acquire)
    }

    pub(crate) fn count(&self, node: i32, api_key: i16) {
        *self.map().entry((node, api_key)).or_insert(0) += 1;
    }

    pub(crate) fn connection(&self) -> Held<'_> {
        Held::new(&self.connections)
    }

    pub(crate) fn request(&self) -> Held<'_> {
        Held::new(&self.in_work)
    }
}

/// Keeps a gauge one higher until dropped, so that a cancelled future also counts down.
pub(crate) struct Held<'a>(&'a AtomicUsize);

impl<'a> Held<'a> {
    fn new(gauge: &'a AtomicUsize) -> Self {
        gauge.fetch_add(1, Ordering::AcqRel);
        Self(gauge)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_summed_over_nodes_and_gauges_fall_when_dropped() {
        let counters = Counters::default();
        counters.count(1, 3);
        counters.count(2, 3);
        counters.count(2, 18);
        assert_eq!(counters.requests(), vec![(3, 2), (18, 1)]);
        assert_eq!(counters.requests_at(2), vec![(3, 1), (18, 1)]);
        assert_eq!((counters.requests_of(3), counters.total()), (2, 3));
        let held = counters.connection();
        assert_eq!(counters.open_connections(), 1);
        drop(held);
        assert_eq!(counters.open_connections(), 0);
        counters.reset();
        assert_eq!(counters.total(), 0);
    }
}
