//! What members ask of a classic group, and what they are told.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;

/// Outcome of a JoinGroup.
#[derive(Debug, Clone)]
pub(crate) struct Joined {
    pub(crate) error: i16,
    pub(crate) generation: i32,
    pub(crate) protocol_type: Option<String>,
    pub(crate) protocol: Option<String>,
    pub(crate) leader: String,
    pub(crate) member_id: String,
    /// For the leader only: (member id, instance id, metadata).
    pub(crate) members: Vec<(String, Option<String>, Bytes)>,
}

/// Outcome of a SyncGroup.
#[derive(Debug, Clone)]
pub(crate) struct Synced {
    pub(crate) error: i16,
    pub(crate) protocol_type: Option<String>,
    pub(crate) protocol: Option<String>,
    pub(crate) assignment: Bytes,
}

/// An answer that is there or will come.
#[derive(Debug)]
pub(crate) enum Later<T> {
    Now(T),
    Wait(oneshot::Receiver<T>),
}

/// Outcome of a join, now or later.
pub(crate) type Join = Later<Joined>;
/// Outcome of a sync, now or later.
pub(crate) type Sync = Later<Synced>;

/// What a JoinGroup asks.
#[derive(Debug, Clone)]
pub(crate) struct Applicant {
    pub(crate) member_id: String,
    pub(crate) instance_id: Option<String>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    pub(crate) session: Duration,
    pub(crate) rebalance: Duration,
    pub(crate) protocol_type: String,
    pub(crate) protocols: Vec<(String, Bytes)>,
    /// From v4 on, a new dynamic member is given its id first and joins with the second call (KIP-394).
    pub(crate) must_know_id: bool,
}

/// A join that ends with an error.
pub(super) fn refusal(error: i16, member_id: &str) -> Join {
    Later::Now(Joined {
        error,
        generation: -1,
        protocol_type: None,
        protocol: None,
        leader: String::new(),
        member_id: member_id.to_owned(),
        members: Vec::new(),
    })
}

/// A sync that ends with an error.
pub(super) fn unsynced(error: i16) -> Synced {
    Synced {
        error,
        protocol_type: None,
        protocol: None,
        assignment: Bytes::new(),
    }
}
