//! Progress and throttles on plain data.

use super::*;
use crate::model::{ConfigEntry, ConfigResource, ConfigSource, Partition, ReplicaSize};

fn orders() -> TopicPartition {
    TopicPartition::new("orders", 0)
}

fn moving() -> Reassignment {
    Reassignment {
        partition: orders(),
        replicas: vec![1, 3, 2],
        adding: vec![3],
        removing: vec![2],
    }
}

fn topics(leader: Option<i32>) -> Vec<Topic> {
    let partition = Partition {
        leader,
        ..Partition::default()
    };
    vec![Topic {
        name: "orders".into(),
        partitions: vec![partition],
        ..Topic::default()
    }]
}

fn dir(broker: i32, size_bytes: i64) -> LogDir {
    LogDir {
        broker,
        path: "/a".into(),
        error: None,
        total_bytes: None,
        usable_bytes: None,
        replicas: vec![ReplicaSize {
            topic: "orders".into(),
            partition: 0,
            size_bytes,
            offset_lag: 0,
            future: false,
        }],
    }
}

fn judged(leader: Option<i32>, dirs: &[LogDir], ends: &[(i32, i64)]) -> Progress {
    let ends = ends.iter().map(|(b, end)| ((*b, orders()), *end)).collect();
    let evidence = Evidence {
        topics: &topics(leader),
        dirs,
        ends: &ends,
    };
    progress(&[moving()], &evidence).remove(0)
}

#[test]
fn a_copy_is_measured_against_its_leader() {
    let one = judged(Some(1), &[dir(1, 1000), dir(3, 300)], &[(1, 90), (3, 20)]);
    assert_eq!((one.leader, one.target_bytes), (Some(1), Some(1000)));
    let copy = Copying {
        broker: 3,
        copied_bytes: Some(300),
        offset_lag: Some(70),
    };
    assert_eq!(one.copies, [copy]);
    assert_eq!(
        (one.copied_percent, one.remaining_bytes),
        (Some(30), Some(700))
    );
}

#[test]
fn more_bytes_than_the_leader_has_are_no_more_than_all() {
    let one = judged(Some(1), &[dir(1, 1000), dir(3, 1200)], &[(1, 90), (3, 95)]);
    assert_eq!(
        (one.copied_percent, one.remaining_bytes),
        (Some(100), Some(0))
    );
    assert_eq!(one.copies[0].offset_lag, Some(0));
}

#[test]
fn what_is_not_known_of_a_copy_is_not_zero() {
    for (leader, dirs) in [
        (Some(1), vec![dir(1, 1000)]),
        (Some(1), vec![dir(3, 300)]),
        (None, vec![dir(1, 1000), dir(3, 300)]),
    ] {
        let one = judged(leader, &dirs, &[(3, 20)]);
        assert_eq!((one.copied_percent, one.remaining_bytes), (None, None));
        assert_eq!(one.copies[0].offset_lag, None);
        assert_eq!(time_left_ms(&[one], &[rate(3, "100", false)]), None);
    }
}

fn config(kind: ResourceKind, name: &str, key: &str, value: &str) -> ResourceConfigs {
    ResourceConfigs {
        resource: ConfigResource {
            kind,
            name: name.into(),
        },
        entries: vec![ConfigEntry {
            name: key.into(),
            value: Some(value.into()),
            default: None,
            source: ConfigSource::Topic,
            sensitive: false,
            read_only: false,
            value_type: None,
            synonyms: vec![],
            documentation: None,
        }],
    }
}

fn rate(broker: i32, value: &str, forgotten: bool) -> Throttle {
    Throttle {
        on: format!("broker {broker}"),
        key: FOLLOWER_RATE.into(),
        value: value.into(),
        forgotten,
    }
}

#[test]
fn a_throttle_that_nothing_needs_is_forgotten() {
    let configs = [
        config(ResourceKind::Broker, "3", FOLLOWER_RATE, "1000"),
        config(
            ResourceKind::Broker,
            "1",
            FOLLOWER_RATE,
            "9223372036854775807",
        ),
        config(ResourceKind::Broker, "2", BROKER_KEYS[2], "500"),
        config(ResourceKind::Topic, "orders", TOPIC_KEYS[0], "0:1"),
        config(ResourceKind::Topic, "clicks", TOPIC_KEYS[1], "*"),
        config(ResourceKind::Topic, "calm", TOPIC_KEYS[1], ""),
    ];
    let told = |under_way: Option<&[Reassignment]>| -> Vec<(String, bool)> {
        let found = throttles(&configs, under_way);
        found.into_iter().map(|t| (t.on, t.forgotten)).collect()
    };
    let row = |on: &str, forgotten| (on.to_string(), forgotten);
    assert_eq!(
        told(Some(&[moving()])),
        [
            row("broker 2", false),
            row("broker 3", false),
            row("topic clicks", true),
            row("topic orders", false)
        ]
    );
    assert_eq!(
        told(Some(&[])),
        [
            row("broker 2", false),
            row("broker 3", true),
            row("topic clicks", true),
            row("topic orders", true)
        ]
    );
    assert!(told(None).iter().all(|(_, forgotten)| !forgotten));
}

#[test]
fn the_slowest_broker_says_how_long_it_takes_at_least() {
    let one = judged(Some(1), &[dir(1, 1000), dir(3, 300)], &[]);
    assert_eq!(
        time_left_ms(std::slice::from_ref(&one), &[rate(3, "100", false)]),
        Some(7_000)
    );
    assert_eq!(
        time_left_ms(std::slice::from_ref(&one), &[rate(1, "100", false)]),
        None
    );
    let both = [one.clone(), one];
    assert_eq!(time_left_ms(&both, &[rate(3, "100", false)]), Some(14_000));
}
