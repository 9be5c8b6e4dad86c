//! Demo data: topics with records, consumer groups, and a few planted faults to be found.
//!
//! - `orders`: JSON orders of the last hour, evenly spread.
//! - `clicks`: most records land in partition 0, because one tenant is most of the traffic.
//! - `payments`: sound but for one poison record, partition 1 offset 42.
//! - `customers`: compacted, so with gaps and tombstones.
//! - `audit`: partition 1 is under-replicated; writes need two replicas in sync.
//! - Groups: `billing` keeps up, `reporting` falls behind, `legacy-export` has been left.
//!
//! Contents are the same at every start; times are relative to it. Records are plain, not compressed.

mod data;
mod member;
mod traffic;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cluster::{Cluster, NODES, State, Topic, spread};
use crate::group::{Committed, Group, Membership};
use crate::log::{Record, batch_of};
use crate::options::SandboxError;
use crate::wire::code;

/// Where the poison record is: partition and offset of `payments`.
const POISON: (usize, i64) = (1, 42);
/// Records in a planted batch at most.
const BATCH: usize = 20;
/// How far behind `reporting` starts, in milliseconds.
const REPORTING_BEHIND_MS: i64 = 12 * 60 * 1_000;
/// How long the start waits for the simulated members.
const READY_WITHIN: Duration = Duration::from_secs(5);

/// Creates topics, records and offsets.
///
/// # Errors
/// [`SandboxError::Seed`] if a batch is refused.
pub(crate) fn plant(cluster: &Cluster) -> Result<(), SandboxError> {
    let start_ms = cluster.started_ms;
    let mut state = cluster.state();
    for (first, (name, partitions, settings)) in data::TOPICS.iter().enumerate() {
        let mut topic = Topic::new(name, spread(*partitions, 3, first, &NODES));
        topic.settings = settings
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        if *name == "audit" {
            let partition = &mut topic.partitions[1];
            partition.stuck = partition.replicas.last().copied();
            partition.follow(&NODES);
        }
        let records = match *name {
            "orders" => data::orders(start_ms),
            "clicks" => data::clicks(start_ms),
            "payments" => data::payments(start_ms, POISON),
            "customers" => data::customers(start_ms),
            _ => data::audit(start_ms),
        };
        for (partition, records) in topic.partitions.iter_mut().zip(records) {
            for records in records.chunks(BATCH) {
                let failed = |code| SandboxError::Seed {
                    topic: (*name).to_owned(),
                    code,
                };
                let batch: Bytes = batch_of(records).ok_or_else(|| failed(code::INVALID_RECORD))?;
                partition
                    .log
                    .append_in_place(&batch, 0)
                    .map_err(|_| failed(code::CORRUPT_MESSAGE))?;
            }
        }
        state.insert(topic);
    }
    commit(&mut state, "billing", "payments", |_, end, _| end);
    commit(&mut state, "reporting", "orders", |_, _, behind| behind);
    commit(&mut state, "legacy-export", "orders", |partition, _, _| {
        17 + partition * 3
    });
    Ok(())
}

/// Plants committed offsets: `choose(partition, log end, offset at `REPORTING_BEHIND_MS`)`.
fn commit(state: &mut State, group: &str, topic: &str, choose: impl Fn(i64, i64, i64) -> i64) {
    let mut offsets = std::collections::BTreeMap::new();
    if let Some(topic) = state.topics.get(topic) {
        let behind_ms = crate::cluster::now_ms() - REPORTING_BEHIND_MS;
        for (index, partition) in (0_i32..).zip(&topic.partitions) {
            let end = partition.log.end();
            let behind = partition
                .log
                .at_time(behind_ms)
                .map_or(end, |stamp| stamp.offset);
            let offset = choose(i64::from(index), end, behind);
            offsets.insert(
                (topic.name.clone(), index),
                Committed {
                    offset,
                    leader_epoch: 0,
                    metadata: String::new(),
                },
            );
        }
    }
    let mut planted = Group {
        offsets,
        ..Group::default()
    };
    if let Membership::Classic(classic) = &mut planted.membership {
        classic.protocol_type = "consumer".to_owned();
    }
    state.groups.insert(group.to_owned(), planted);
}

/// Starts the simulated members, and the traffic if wanted; returns once the groups are stable.
pub(crate) async fn run(
    cluster: &Arc<Cluster>,
    traffic: bool,
    stop: &CancellationToken,
    tasks: &TaskTracker,
) {
    let (ready, mut readied) = mpsc::channel(member::CAST.len());
    for member in member::cast(cluster, traffic) {
        tasks.spawn(member.live(stop.clone(), ready.clone()));
    }
    drop(ready);
    let all = async { while readied.recv().await.is_some() {} };
    if tokio::time::timeout(READY_WITHIN, all).await.is_err() {
        tracing::warn!("the demo groups are not stable yet");
    }
    if traffic {
        tasks.spawn(traffic::run(Arc::clone(cluster), stop.clone()));
    }
}

/// One record's key and value.
fn plain(
    timestamp_ms: i64,
    key: &str,
    value: &serde_json::Value,
    headers: Vec<(&'static str, Bytes)>,
) -> Record {
    Record {
        offset: 0,
        timestamp_ms,
        key: Some(Bytes::copy_from_slice(key.as_bytes())),
        value: Some(Bytes::from(value.to_string().into_bytes())),
        headers,
    }
}
