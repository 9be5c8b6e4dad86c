//! Log dirs summed up: what Kafka holds in each, the biggest topics, and how unevenly the bytes lie
//! between brokers and between the dirs of one broker.
//!
//! Whether a disk is too full is judged elsewhere (health). Several dirs may lie on one volume, so
//! bytes of volumes are not added up here.

use crate::model::LogDir;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One log dir and what lies in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DirUse {
    /// Broker.
    pub broker: i32,
    /// Path on that broker.
    pub path: String,
    /// Error name when the dir has failed; what lies in it is unknown then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Bytes of replicas in it, those on the move into it included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<i64>,
    /// Size of the volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_bytes: Option<i64>,
    /// Free bytes of the volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usable_bytes: Option<i64>,
    /// Replicas in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<usize>,
    /// Replicas that are being moved into it from another dir of the broker.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub future_replicas: usize,
    /// Largest number of records that a replica being moved into it is behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub future_offset_lag: Option<i64>,
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}

impl DirUse {
    /// Percent of the volume that is used, by Kafka and others.
    pub fn used_percent(&self) -> Option<i64> {
        let total = self.total_bytes.filter(|t| *t > 0)?;
        let used = total.saturating_sub(self.usable_bytes?);
        Some(used.saturating_mul(100) / total)
    }
}

/// The dirs, each summed up, in the order given.
pub fn uses(dirs: &[LogDir]) -> Vec<DirUse> {
    dirs.iter().map(dir_use).collect()
}

fn dir_use(dir: &LogDir) -> DirUse {
    let sound = dir.error.is_none();
    let future = || dir.replicas.iter().filter(|r| r.future);
    DirUse {
        broker: dir.broker,
        path: dir.path.clone(),
        error: dir.error.clone(),
        size_bytes: sound.then(|| dir.replicas.iter().map(|r| r.size_bytes).sum()),
        total_bytes: dir.total_bytes,
        usable_bytes: dir.usable_bytes,
        replicas: sound.then(|| dir.replicas.iter().filter(|r| !r.future).count()),
        future_replicas: future().count(),
        future_offset_lag: future().map(|r| r.offset_lag).max(),
    }
}

/// Bytes of a topic on all dirs together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TopicBytes {
    /// Topic.
    pub topic: String,
    /// All of its replicas.
    pub size_bytes: i64,
    /// How many those are.
    pub replicas: usize,
}

/// The `count` biggest topics by bytes on disk, biggest first.
pub fn biggest_topics(dirs: &[LogDir], count: usize) -> Vec<TopicBytes> {
    let mut by_topic: BTreeMap<&str, (i64, usize)> = BTreeMap::new();
    for replica in dirs.iter().flat_map(|d| &d.replicas) {
        let (bytes, replicas) = by_topic.entry(&replica.topic).or_default();
        *bytes = bytes.saturating_add(replica.size_bytes);
        *replicas += 1;
    }
    let mut topics: Vec<_> = by_topic
        .into_iter()
        .map(|(topic, (size_bytes, replicas))| TopicBytes {
            topic: topic.to_owned(),
            size_bytes,
            replicas,
        })
        .collect();
    topics.sort_by(|a, b| (b.size_bytes, &a.topic).cmp(&(a.size_bytes, &b.topic)));
    topics.truncate(count);
    topics
}

/// How unevenly bytes lie: the emptiest and the fullest of several places.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Skew {
    /// The broker whose dirs are compared; absent when brokers are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broker: Option<i32>,
    /// Broker or path that holds least.
    pub least: String,
    /// Its bytes.
    pub least_bytes: i64,
    /// Broker or path that holds most.
    pub most: String,
    /// Its bytes.
    pub most_bytes: i64,
}

/// Skew between brokers, then between the dirs of each broker that has several. Failed dirs, of
/// which nothing is known, stay out.
pub fn skews(dirs: &[LogDir]) -> Vec<Skew> {
    let mut by_broker: BTreeMap<i32, Vec<(String, i64)>> = BTreeMap::new();
    for dir in uses(dirs) {
        if let Some(bytes) = dir.size_bytes {
            by_broker
                .entry(dir.broker)
                .or_default()
                .push((dir.path, bytes));
        }
    }
    let brokers: Vec<_> = by_broker
        .iter()
        .map(|(broker, dirs)| {
            let bytes = dirs.iter().map(|(_, bytes)| bytes).sum();
            (format!("broker {broker}"), bytes)
        })
        .collect();
    let within = by_broker
        .iter()
        .filter_map(|(broker, dirs)| skew(Some(*broker), dirs));
    skew(None, &brokers).into_iter().chain(within).collect()
}

fn skew(broker: Option<i32>, places: &[(String, i64)]) -> Option<Skew> {
    if places.len() < 2 {
        return None;
    }
    let (least, least_bytes) = places.iter().min_by_key(|(_, bytes)| *bytes)?.clone();
    let (most, most_bytes) = places.iter().max_by_key(|(_, bytes)| *bytes)?.clone();
    Some(Skew {
        broker,
        least,
        least_bytes,
        most,
        most_bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ReplicaSize;

    fn replica(topic: &str, size_bytes: i64, future: bool) -> ReplicaSize {
        ReplicaSize {
            topic: topic.into(),
            partition: 0,
            size_bytes,
            offset_lag: if future { 9 } else { 0 },
            future,
        }
    }

    fn dir(broker: i32, path: &str, replicas: Vec<ReplicaSize>) -> LogDir {
        LogDir {
            broker,
            path: path.into(),
            error: None,
            total_bytes: Some(1_000),
            usable_bytes: Some(250),
            replicas,
        }
    }

    fn dirs() -> Vec<LogDir> {
        let mut failed = dir(2, "/broken", vec![]);
        failed.error = Some("KAFKA_STORAGE_ERROR".into());
        failed.total_bytes = None;
        vec![
            dir(1, "/a", vec![replica("orders", 100, false)]),
            dir(
                1,
                "/b",
                vec![replica("orders", 40, true), replica("clicks", 300, false)],
            ),
            dir(2, "/a", vec![replica("orders", 100, false)]),
            failed,
        ]
    }

    #[test]
    fn a_dir_is_summed_up_with_what_moves_into_it_and_a_failed_one_is_unknown() {
        let uses = uses(&dirs());
        let sums: Vec<_> = uses
            .iter()
            .map(|d| {
                (
                    d.size_bytes,
                    d.replicas,
                    d.future_replicas,
                    d.future_offset_lag,
                )
            })
            .collect();
        assert_eq!(
            sums,
            [
                (Some(100), Some(1), 0, None),
                (Some(340), Some(1), 1, Some(9)),
                (Some(100), Some(1), 0, None),
                (None, None, 0, None),
            ]
        );
        assert_eq!(uses[0].used_percent(), Some(75));
        assert_eq!(uses[3].used_percent(), None);
    }

    #[test]
    fn the_biggest_topics_come_first() {
        let biggest: Vec<_> = biggest_topics(&dirs(), 1)
            .into_iter()
            .map(|t| (t.topic, t.size_bytes, t.replicas))
            .collect();
        assert_eq!(biggest, [("clicks".to_string(), 300, 1)]);
        assert_eq!(biggest_topics(&dirs(), 9)[1].size_bytes, 240);
    }

    #[test]
    fn skew_is_told_between_brokers_and_between_dirs_of_one() {
        let told: Vec<_> = skews(&dirs())
            .into_iter()
            .map(|s| (s.broker, s.least, s.least_bytes, s.most, s.most_bytes))
            .collect();
        assert_eq!(
            told,
            [
                (None, "broker 2".into(), 100, "broker 1".into(), 440),
                (Some(1), "/a".into(), 100, "/b".to_string(), 340),
            ]
        );
        assert_eq!(skews(&dirs()[..1]), []);
    }
}
