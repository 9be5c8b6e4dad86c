//! Each rule on plain data: what differs is told, what means the same is silent, what is not known is
//! neither.

mod clusters;

use super::*;
use crate::model::{ConfigEntry, Missing, Partition, Topic};
use std::collections::BTreeMap;

fn entry(key: &str, value: &str, source: ConfigSource) -> ConfigEntry {
    ConfigEntry {
        name: key.into(),
        value: Some(value.into()),
        default: None,
        source,
        sensitive: false,
        read_only: false,
        value_type: None,
        synonyms: Vec::new(),
        documentation: None,
    }
}

fn typed(key: &str, value: &str, kind: &str) -> ConfigEntry {
    ConfigEntry {
        value_type: Some(kind.into()),
        ..entry(key, value, ConfigSource::Topic)
    }
}

fn topic(name: &str, replicas: &[&[i32]]) -> Topic {
    let partitions = replicas
        .iter()
        .zip(0..)
        .map(|(replicas, partition)| Partition {
            partition,
            leader: replicas.first().copied(),
            replicas: replicas.to_vec(),
            isr: replicas.to_vec(),
            ..Partition::default()
        });
    Topic {
        name: name.into(),
        topic_id: Some(format!("id-of-{name}")),
        internal: false,
        partitions: partitions.collect(),
    }
}

fn racks() -> BTreeMap<i32, String> {
    [(1, "a"), (2, "b"), (3, "a")]
        .map(|(b, r)| (b, r.into()))
        .into()
}

/// Compares two topics of two clusters.
fn across(left: (&Topic, &[ConfigEntry]), right: (&Topic, &[ConfigEntry])) -> Comparison {
    let racks = racks();
    let side = |(topic, configs)| TopicSide {
        topic,
        configs: Some(configs),
        racks: &racks,
        offsets_held: None,
    };
    let mut comparison = Comparison::default();
    comparison.topics_of_two_clusters("topic", &side(left), &side(right), false);
    comparison.finish()
}

fn keys(comparison: &Comparison) -> Vec<(Weight, &str, &str, &str)> {
    comparison
        .differences
        .iter()
        .map(|d| (d.weight, d.key.as_str(), d.left.as_str(), d.right.as_str()))
        .collect()
}

#[test]
fn values_that_mean_the_same_are_the_same() {
    use super::value::same;
    for (key, left, right, kind) in [
        ("retention.ms", "604800000", "604800000", "long"),
        ("retention.ms", "-1", "9223372036854775807", "long"),
        ("retention.ms", " 86400000", "+86400000", "long"),
        (
            "cleanup.policy",
            "compact,delete",
            "delete, compact",
            "list",
        ),
        ("preallocate", "TRUE", "true", "boolean"),
        ("min.cleanable.dirty.ratio", "0.5", "0.50", "double"),
        ("follower.replication.throttled.replicas", "", "", "list"),
        ("metric.reporters", "a, b", "a,b", "list"),
    ] {
        assert!(
            same(&typed(key, left, kind), &typed(key, right, kind)),
            "{key}"
        );
    }
    for (key, left, right, kind) in [
        ("retention.ms", "604800000", "604800", "long"),
        ("segment.ms", "-1", "9223372036854775807", "long"),
        ("cleanup.policy", "compact", "compact,delete", "list"),
        ("ssl.cipher.suites", "a,b", "b,a", "list"),
        ("compression.type", "zstd", "producer", "string"),
    ] {
        assert!(
            !same(&typed(key, left, kind), &typed(key, right, kind)),
            "{key}"
        );
    }
    let unset = ConfigEntry {
        value: None,
        ..entry("x", "", ConfigSource::Default)
    };
    assert!(same(&unset, &entry("x", " ", ConfigSource::Default)));
}

#[test]
fn topics_that_differ_are_told_weightiest_first_and_ids_and_leaders_are_not() {
    use ConfigSource::{Default, StaticBroker, Topic as Own};
    let left = topic("orders", &[&[1, 2], &[2, 1]]);
    let right = topic("orders", &[&[7], &[8], &[9]]);
    let common = entry("max.message.bytes", "1048588", Default);
    let lefts = [
        common.clone(),
        entry("retention.ms", "1000", Own),
        entry("segment.bytes", "1", Own),
        entry("min.insync.replicas", "2", StaticBroker),
    ];
    let rights = [
        common,
        entry("retention.ms", "2000", Default),
        entry("segment.bytes", "2", Default),
        entry("min.insync.replicas", "2", Own),
    ];
    let found = across((&left, &lefts), (&right, &rights));
    assert_eq!(
        keys(&found),
        [
            (Weight::Matters, "partitions", "2", "3"),
            (Weight::Matters, "replication factor", "2", "1"),
            (Weight::Matters, "retention.ms", "1000", "2000"),
            (Weight::Note, "segment.bytes", "1", "2"),
        ]
    );
    assert_eq!(found.differences[2].left_source, Some(Own));
    assert_eq!(found.differences[2].right_source, Some(Default));
    assert_eq!((found.set_on_one_side, found.topics.differ), (1, 1));
    assert_eq!(found.verdict(true), Verdict::Differs);
}

#[test]
fn the_same_topic_is_identical_only_when_all_was_seen() {
    let orders = topic("orders", &[&[1, 2]]);
    let configs = [entry("retention.ms", "1", ConfigSource::Topic)];
    let found = across((&orders, &configs), (&orders, &configs));
    assert_eq!(found.differences, []);
    assert_eq!((found.topics.equal, found.equal_values), (1, 4));
    assert_eq!(found.verdict(true), Verdict::Identical);
    assert_eq!(found.verdict(false), Verdict::Unknown);
    let racks = racks();
    let known = TopicSide {
        topic: &orders,
        configs: Some(&configs),
        racks: &racks,
        offsets_held: None,
    };
    let mut blind = Comparison::default();
    let unseen = TopicSide {
        configs: None,
        ..known
    };
    blind.topics_of_two_clusters("topic", &known, &unseen, false);
    assert_eq!((blind.topics.equal, blind.topics.unknown), (0, 1));
    assert_eq!(blind.verdict(true), Verdict::Unknown);
}

#[test]
fn crowded_racks_matter_and_placement_within_a_cluster_is_a_note() {
    let (left, right) = (
        topic("a", &[&[1, 2], &[2, 3]]),
        topic("b", &[&[1, 3], &[3, 2]]),
    );
    let racks = racks();
    let side = |topic| TopicSide {
        topic,
        configs: Some(&[]),
        racks: &racks,
        offsets_held: None,
    };
    let mut found = Comparison::default();
    found.topics_of_one_cluster("topic", &side(&left), &side(&right));
    let found = found.finish();
    assert_eq!(
        keys(&found),
        [
            (
                Weight::Matters,
                "rack spread",
                "as wide as it can be",
                "1 of 2 partitions crowded"
            ),
            (
                Weight::Note,
                "preferred leaders",
                "as placed",
                "1 of 2 partitions otherwise"
            ),
            (
                Weight::Note,
                "replica placement",
                "as placed",
                "1 of 2 partitions otherwise"
            ),
        ]
    );
}

#[test]
fn local_retention_like_the_topics_is_that_value() {
    let t = topic("t", &[&[1]]);
    let left = [
        typed("local.retention.ms", "-2", "long"),
        typed("retention.ms", "5", "long"),
    ];
    let right = [
        typed("local.retention.ms", "5", "long"),
        typed("retention.ms", "5", "long"),
    ];
    assert_eq!(across((&t, &left), (&t, &right)).differences, []);
    let right = [
        typed("local.retention.ms", "-1", "long"),
        typed("retention.ms", "5", "long"),
    ];
    let found = across((&t, &left), (&t, &right));
    assert_eq!(
        keys(&found),
        [(Weight::Matters, "local.retention.ms", "5", "-1")]
    );
    let other = [
        typed("local.retention.ms", "-2", "long"),
        typed("retention.ms", "6", "long"),
    ];
    let found = across((&t, &left), (&t, &other));
    assert_eq!(keys(&found), [(Weight::Matters, "retention.ms", "5", "6")]);
}

#[test]
fn a_key_that_one_version_lacks_counts_when_the_other_side_sets_it() {
    let t = topic("t", &[&[1]]);
    let set = [entry("remote.storage.enable", "true", ConfigSource::Topic)];
    let found = across((&t, &set), (&t, &[]));
    assert_eq!(
        keys(&found),
        [(Weight::Matters, "remote.storage.enable", "true", ABSENT)]
    );
    let default = [entry(
        "remote.storage.enable",
        "false",
        ConfigSource::Default,
    )];
    assert_eq!(across((&t, &default), (&t, &[])).differences, []);
}

#[test]
fn what_topics_inherit_is_one_row_for_all_of_them() {
    let racks = BTreeMap::new();
    let mut found = Comparison::default();
    for name in ["a", "b", "c"] {
        let topic = topic(name, &[&[1]]);
        let left = [entry("retention.ms", "1", ConfigSource::StaticBroker)];
        let right = [entry("retention.ms", "2", ConfigSource::Default)];
        let side = |configs| TopicSide {
            topic: &topic,
            configs: Some(configs),
            racks: &racks,
            offsets_held: None,
        };
        let subject = format!("topic {name}");
        found.topics_of_two_clusters(&subject, &side(&left), &side(&right), true);
    }
    assert_eq!(found.verdict(true), Verdict::Differs);
    let found = found.finish();
    assert_eq!(keys(&found), [(Weight::Matters, "retention.ms", "1", "2")]);
    assert_eq!(found.differences[0].subject, "topics (3, e.g. a)");
    assert_eq!(found.topics.differ, 3);
}

#[test]
fn a_topic_behind_a_gap_is_not_called_absent() {
    let (a, b) = (topic("a", &[&[1]]), topic("b", &[&[1], &[2]]));
    let gap = Missing {
        what: "topic `b`".into(),
        broker: None,
        why: "no answer".into(),
    };
    let mut found = Comparison::default();
    let (left, right) = ([a.clone(), b], [a]);
    let both = found.presence((&left, &[]), (&right, std::slice::from_ref(&gap)));
    assert_eq!(both.len(), 1);
    assert_eq!((found.topics.only_left, found.topics.unknown), (0, 1));
    assert_eq!(found.differences, []);
    let mut found = Comparison::default();
    found.presence((&left, &[]), (&right, &[]));
    let absent = (
        Weight::Matters,
        "topic",
        "2 partitions, replication factor 1",
        ABSENT,
    );
    assert_eq!(keys(&found), [absent]);
}
