//! A sound cluster, as a fresh one of three nodes answers, and ways to spoil it.

use super::*;
use crate::model::{
    BrokerFeatures, Cluster, CommittedOffset, Feature, GroupListing, GroupType, Member, Quorum,
    TopicPartition,
};

/// What Kafka 4.3 answers for a topic without settings of its own; min ISR has a map of its own.
const TOPIC_DEFAULTS: [(&str, &str); 14] = [
    ("cleanup.policy", "delete"),
    ("delete.retention.ms", "86400000"),
    ("follower.replication.throttled.replicas", ""),
    ("leader.replication.throttled.replicas", ""),
    ("max.compaction.lag.ms", "9223372036854775807"),
    ("max.message.bytes", "1048588"),
    ("min.cleanable.dirty.ratio", "0.5"),
    ("min.compaction.lag.ms", "0"),
    ("remote.storage.enable", "false"),
    ("retention.bytes", "-1"),
    ("retention.ms", "604800000"),
    ("segment.bytes", "1073741824"),
    ("segment.ms", "604800000"),
    ("unclean.leader.election.enable", "false"),
];

/// And for a broker.
const BROKER_DEFAULTS: [(&str, &str); 10] = [
    ("follower.replication.throttled.rate", "9223372036854775807"),
    ("leader.replication.throttled.rate", "9223372036854775807"),
    ("log.cleaner.enable", "true"),
    ("log.retention.check.interval.ms", "300000"),
    ("message.max.bytes", "1048588"),
    (
        "replica.alter.log.dirs.io.max.bytes.per.second",
        "9223372036854775807",
    ),
    ("replica.fetch.max.bytes", "1048576"),
    ("replica.fetch.response.max.bytes", "10485760"),
    ("socket.request.max.bytes", "104857600"),
    ("unclean.leader.election.enable", "false"),
];

fn defaults(of: &[(&str, &str)]) -> Settings {
    let mut settings = Settings::default();
    for (key, value) in of {
        settings.insert(key, *value, ConfigSource::Default);
    }
    settings
}

fn features() -> Vec<Feature> {
    [("group.version", 0, 1), ("metadata.version", 7, 30)]
        .map(|(name, min, max)| Feature {
            name: name.into(),
            supported_min: Some(min),
            supported_max: Some(max),
            finalized: Some(max),
        })
        .into()
}

/// Three brokers in three racks, three voters, two topics, one group, nothing wrong.
pub(super) fn sound() -> Snapshot {
    let full = |index: i32| {
        let replicas: Vec<i32> = (0..3).map(|i| (index + i) % 3 + 1).collect();
        partition(index, replicas[0], &replicas, &replicas)
    };
    let cluster = Cluster {
        cluster_id: Some("Xb3jQ9R0T6aC1kQe7c9t3w".into()),
        brokers: (1..=3).map(|id| broker(id, BrokerState::Online)).collect(),
        quorum: Some(Quorum {
            leader_id: Some(3),
            leader_epoch: 12,
            high_watermark: 84_210,
            voters: vec![voter(1, 1, 250), voter(2, 0, 120), voter(3, 0, 0)],
            observers: vec![],
        }),
        features: features(),
        kafka_version: Some("4.3 or newer".into()),
    };
    let mut offsets = defaults(&TOPIC_DEFAULTS);
    for (key, value) in [
        ("cleanup.policy", "compact"),
        ("segment.bytes", "104857600"),
    ] {
        offsets.insert(key, value, ConfigSource::Topic);
    }
    let software = (1..=3).map(|broker| BrokerFeatures {
        broker,
        features: features(),
        finalized_epoch: Some(215),
        kafka_version: Some("4.3 or newer".into()),
    });
    Snapshot {
        topics: Some(vec![
            topic("orders", (0..6).map(full).collect()),
            topic("__consumer_offsets", (0..3).map(full).collect()),
        ]),
        min_insync_replicas: [
            ("orders".to_owned(), 2),
            ("__consumer_offsets".to_owned(), 1),
        ]
        .into(),
        log_dirs: Some((1..=3).map(|id| dir(id, None, 500, 300)).collect()),
        topic_settings: Some(
            [
                ("orders".to_owned(), defaults(&TOPIC_DEFAULTS)),
                ("__consumer_offsets".to_owned(), offsets),
            ]
            .into(),
        ),
        broker_settings: Some((1..=3).map(|id| (id, defaults(&BROKER_DEFAULTS))).collect()),
        software: Some(software.collect()),
        groups: Some(vec![group(
            "billing",
            "Stable",
            &[member("m-1", None, None)],
        )]),
        log_ranges: (0..6).map(|i| (at(i), log(1_000, 5_000))).collect(),
        transactions: Some(vec![]),
        reassignments: Some(vec![]),
        ..Snapshot::new(cluster, NOW_MS)
    }
}

/// A partition of `orders`.
pub(super) fn at(partition: i32) -> TopicPartition {
    TopicPartition::new("orders", partition)
}

pub(super) fn log(start: i64, end: i64) -> LogRange {
    LogRange {
        start: Some(start),
        end: Some(end),
    }
}

pub(super) fn member(id: &str, instance: Option<&str>, epoch: Option<i32>) -> Member {
    Member {
        member_id: id.into(),
        instance_id: instance.map(Into::into),
        epoch,
        ..Member::default()
    }
}

/// A group that has read `orders` to its end.
pub(super) fn group(name: &str, state: &str, members: &[Member]) -> GroupSight {
    let committed = |partition| CommittedOffset {
        topic: "orders".into(),
        partition,
        offset: 5_000,
        leader_epoch: None,
        metadata: String::new(),
        lag: None,
    };
    GroupSight {
        listing: GroupListing {
            group: name.into(),
            group_type: GroupType::Consumer,
            state: state.into(),
            protocol_type: "consumer".into(),
            coordinator: 2,
        },
        members: Some(members.to_vec()),
        committed: Some((0..6).map(committed).collect()),
    }
}

/// Sets a topic's own value.
pub(super) fn set(snapshot: &mut Snapshot, topic: &str, key: &str, value: &str) {
    let topics = snapshot.topic_settings.as_mut().unwrap();
    let settings = topics.get_mut(topic).unwrap();
    settings.insert(key, value, ConfigSource::Topic);
}

/// Sets one broker's value at run time.
pub(super) fn set_broker(snapshot: &mut Snapshot, id: i32, key: &str, value: &str) {
    let brokers = snapshot.broker_settings.as_mut().unwrap();
    let settings = brokers.get_mut(&id).unwrap();
    settings.insert(key, value, ConfigSource::DynamicBroker);
}

/// What the snapshot was `minutes` before, to be compared with; `then` changes it.
pub(super) fn before(snapshot: &mut Snapshot, minutes: i64, then: impl FnOnce(&mut Snapshot)) {
    let mut earlier = snapshot.clone();
    earlier.now_ms -= minutes * 60_000;
    then(&mut earlier);
    snapshot.before = Some(Digest::of(&earlier, &report(&earlier)));
}
