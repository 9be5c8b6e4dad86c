//! How far reassignments have come, and the throttles that are set for them.
//!
//! A copy is measured in bytes on disk and in offsets: its end against its leader's. The offset lag
//! that a broker gives with its log dirs is no measure, as a replica that is being filled is judged
//! there by its own high watermark and is 0 behind from the first byte on.
//!
//! Throttles belong to an operation, and Kafka's tool takes them away when its success is verified.
//! Nobody takes them away where nobody verified, and then they slow down every later catching up.

use crate::model::{LogDir, Reassignment, ResourceConfigs, ResourceKind, Topic, TopicPartition};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Keys of brokers that throttle replication, bytes per second.
pub const BROKER_KEYS: [&str; 3] = [
    "leader.replication.throttled.rate",
    FOLLOWER_RATE,
    "replica.alter.log.dirs.io.max.bytes.per.second",
];

const FOLLOWER_RATE: &str = "follower.replication.throttled.rate";

/// Keys of topics that say which replicas are throttled: `partition:broker` pairs, or `*`.
pub const TOPIC_KEYS: [&str; 2] = [
    "leader.replication.throttled.replicas",
    "follower.replication.throttled.replicas",
];

/// One replica that is being filled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Copying {
    /// Broker that it is filled on.
    pub broker: i32,
    /// Bytes on disk there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copied_bytes: Option<i64>,
    /// Records behind its leader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset_lag: Option<i64>,
}

/// A reassignment and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Progress {
    /// Partition.
    #[serde(flatten)]
    pub partition: TopicPartition,
    /// All replicas now, those to be removed included.
    pub replicas: Vec<i32>,
    /// Brokers that get a replica.
    pub adding: Vec<i32>,
    /// Brokers that lose theirs, once those added are in sync.
    pub removing: Vec<i32>,
    /// Leader; absent when there is none, and nothing is copied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leader: Option<i32>,
    /// Bytes that each added replica has to hold: the leader's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_bytes: Option<i64>,
    /// The replicas being filled.
    pub copies: Vec<Copying>,
    /// Bytes copied of those to copy, 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copied_percent: Option<i64>,
    /// Bytes left to copy, to all added replicas together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_bytes: Option<i64>,
}

/// What progress is measured from; what was not had is absent from it.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The topics concerned, for their leaders.
    pub topics: &'a [Topic],
    /// Log dirs with the replicas concerned.
    pub dirs: &'a [LogDir],
    /// Ends of the replicas' logs by broker and partition, leaders' included.
    pub ends: &'a HashMap<(i32, TopicPartition), i64>,
}

/// How far each reassignment has come, in the order given.
pub fn progress(reassignments: &[Reassignment], evidence: &Evidence<'_>) -> Vec<Progress> {
    let mut leaders = HashMap::new();
    for topic in evidence.topics {
        for p in &topic.partitions {
            leaders.insert((topic.name.as_str(), p.partition), p.leader);
        }
    }
    let mut sizes = HashMap::new();
    for dir in evidence.dirs {
        for r in dir.replicas.iter().filter(|r| !r.future) {
            sizes.insert((dir.broker, r.topic.as_str(), r.partition), r.size_bytes);
        }
    }
    let one = |of: &Reassignment| {
        let (topic, partition) = (of.partition.topic.as_str(), of.partition.partition);
        let leader = leaders.get(&(topic, partition)).copied().flatten();
        let size = |broker: i32| sizes.get(&(broker, topic, partition)).copied();
        let end = |broker: i32| evidence.ends.get(&(broker, of.partition.clone())).copied();
        let target_bytes = leader.and_then(size);
        let copies: Vec<_> = of
            .adding
            .iter()
            .map(|&broker| Copying {
                broker,
                copied_bytes: size(broker),
                offset_lag: leader
                    .and_then(end)
                    .zip(end(broker))
                    .map(|(leader, own)| leader.saturating_sub(own).max(0)),
            })
            .collect();
        let left: Option<Vec<i64>> = copies
            .iter()
            .map(|copy| Some(target_bytes?.saturating_sub(copy.copied_bytes?).max(0)))
            .collect();
        let remaining_bytes = left.map(|left| left.iter().sum::<i64>());
        let all = target_bytes.and_then(|t| t.checked_mul(i64::try_from(copies.len()).ok()?));
        Progress {
            partition: of.partition.clone(),
            replicas: of.replicas.clone(),
            adding: of.adding.clone(),
            removing: of.removing.clone(),
            leader,
            target_bytes,
            copied_percent: all.zip(remaining_bytes).and_then(|(all, left)| {
                (all > 0).then(|| all.saturating_sub(left).saturating_mul(100) / all)
            }),
            remaining_bytes,
            copies,
        }
    };
    reassignments.iter().map(one).collect()
}

/// A throttle that is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Throttle {
    /// `broker 1` or `topic orders`.
    pub on: String,
    /// Key.
    pub key: String,
    /// Value: bytes per second of a broker, `partition:broker` pairs of a topic.
    pub value: String,
    /// Nothing that it is for is under way.
    pub forgotten: bool,
}

/// Throttles that configurations set on brokers and topics. `under_way` is all that is being
/// reassigned in the cluster; `None` when that is not known, and then none is called forgotten.
pub fn throttles(configs: &[ResourceConfigs], under_way: Option<&[Reassignment]>) -> Vec<Throttle> {
    let topics: BTreeSet<&str> = under_way
        .unwrap_or_default()
        .iter()
        .map(|r| r.partition.topic.as_str())
        .collect();
    let mut found = Vec::new();
    for config in configs {
        let (keys, on, needed) = match config.resource.kind {
            ResourceKind::Broker => (
                &BROKER_KEYS[..],
                format!("broker {}", config.resource.name),
                !topics.is_empty(),
            ),
            ResourceKind::Topic => (
                &TOPIC_KEYS[..],
                format!("topic {}", config.resource.name),
                topics.contains(config.resource.name.as_str()),
            ),
            ResourceKind::Group => continue,
        };
        for entry in &config.entries {
            let value = entry.value.as_deref().unwrap_or_default();
            if !keys.contains(&entry.name.as_str()) || !limits(config.resource.kind, value) {
                continue;
            }
            found.push(Throttle {
                on: on.clone(),
                key: entry.name.clone(),
                value: value.to_owned(),
                // Moves between the dirs of a broker are no reassignments and are not seen here.
                forgotten: under_way.is_some()
                    && !needed
                    && !entry.name.starts_with("replica.alter.log.dirs"),
            });
        }
    }
    found.sort_by(|a, b| (&a.on, &a.key).cmp(&(&b.on, &b.key)));
    found
}

/// Whether a value throttles anything: no replicas, or a rate without bound, does not.
fn limits(kind: ResourceKind, value: &str) -> bool {
    match kind {
        ResourceKind::Broker => value.parse::<i64>().is_ok_and(|rate| rate < i64::MAX),
        ResourceKind::Topic | ResourceKind::Group => !value.is_empty() && value != "none",
    }
}

/// Least time that the rest takes, ms: the bytes left for each broker at its own throttle. `None`
/// where what is left, or a throttle, is not known or not set.
pub fn time_left_ms(progress: &[Progress], throttles: &[Throttle]) -> Option<i64> {
    let mut left: BTreeMap<i32, i64> = BTreeMap::new();
    for one in progress {
        for copy in &one.copies {
            let bytes = one.target_bytes?.saturating_sub(copy.copied_bytes?).max(0);
            let sum = left.entry(copy.broker).or_default();
            *sum = sum.saturating_add(bytes);
        }
    }
    let rate = |broker: i32| {
        let on = format!("broker {broker}");
        let set = throttles
            .iter()
            .find(|t| t.on == on && t.key == FOLLOWER_RATE)?;
        set.value.parse::<i64>().ok().filter(|rate| *rate > 0)
    };
    let times: Option<Vec<i64>> = left
        .into_iter()
        .map(|(broker, bytes)| Some(bytes.saturating_mul(1000) / rate(broker)?))
        .collect();
    times?.into_iter().max()
}

#[cfg(test)]
mod tests;
