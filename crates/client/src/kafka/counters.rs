//! What this client may send, and what it has sent.
//!
//! Reads only: [`READ_APIS`] is checked where a request is turned into bytes, so a request that
//! could change a cluster cannot leave, whoever builds it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// API keys that may leave this client. None of them changes a cluster.
///
/// FindCoordinator (10) can make a broker create its internal topic of offsets, or that of
/// transactions, when there is none yet, so it is sent only once that topic is known to exist.
pub const READ_APIS: &[i16] = &[
    1,  // Fetch
    2,  // ListOffsets
    3,  // Metadata (always with allow_auto_topic_creation = false)
    9,  // OffsetFetch
    10, // FindCoordinator
    15, // DescribeGroups
    16, // ListGroups
    17, // SaslHandshake
    18, // ApiVersions
    29, // DescribeAcls
    32, // DescribeConfigs
    35, // DescribeLogDirs
    36, // SaslAuthenticate
    46, // ListPartitionReassignments
    48, // DescribeClientQuotas
    50, // DescribeUserScramCredentials
    55, // DescribeQuorum
    60, // DescribeCluster
    61, // DescribeProducers
    65, // DescribeTransactions
    66, // ListTransactions
    69, // ConsumerGroupDescribe
    75, // DescribeTopicPartitions
    77, // ShareGroupDescribe
    89, // StreamsGroupDescribe
    90, // DescribeShareGroupOffsets
];

/// What one engine has done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Requests sent, by API key.
    pub requests: BTreeMap<i16, u64>,
    /// Connections open now.
    pub connections_open: usize,
    /// Connections opened so far.
    pub connections_opened: usize,
}

impl Stats {
    /// Requests sent of one API.
    pub fn sent(&self, api_key: i16) -> u64 {
        self.requests.get(&api_key).copied().unwrap_or(0)
    }

    /// Requests sent in all.
    pub fn total(&self) -> u64 {
        self.requests.values().sum()
    }
}

/// Shared by all connections of one engine.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    requests: Mutex<BTreeMap<i16, u64>>,
    open: AtomicUsize,
    opened: AtomicUsize,
}

impl Counters {
    pub(crate) fn sent(&self, api_key: i16) {
        let mut requests = super::locked(&self.requests);
        *requests.entry(api_key).or_default() += 1;
    }

    pub(crate) fn opened(&self) {
        self.open.fetch_add(1, Ordering::Relaxed);
        self.opened.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn closed(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats {
            requests: super::locked(&self.requests).clone(),
            connections_open: self.open.load(Ordering::Relaxed),
            connections_opened: self.opened.load(Ordering::Relaxed),
        }
    }
}
