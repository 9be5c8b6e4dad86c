//! Which first unread records are read, and how looks and commits come together.

use super::*;
use kafkaweave_core::diagnose::lag::{LagState, LagTotals};

fn row(topic: &str, partition: i32, committed: i64, end: i64) -> PartitionLag {
    PartitionLag {
        topic: topic.into(),
        partition,
        committed: Some(committed),
        log_start: Some(0),
        log_end: Some(end),
        lag: Some(end - committed),
        lost: None,
        time_lag_ms: None,
        time_why: None,
        owner: None,
        state: LagState::Ok,
        why: None,
    }
}

fn group(n: usize, partitions: Vec<PartitionLag>) -> GroupLag {
    GroupLag {
        group: format!("g{n}"),
        group_type: GroupType::Classic,
        state: "Empty".into(),
        protocol_type: "consumer".into(),
        coordinator: 1,
        members: Some(0),
        totals: LagTotals::default(),
        topics: Vec::new(),
        subtopologies: Vec::new(),
        partitions,
        why: None,
    }
}

/// How many positions of each partition.
fn layers(found: &[Position]) -> HashMap<&TopicPartition, usize> {
    let mut layers = HashMap::new();
    for (partition, _) in found {
        *layers.entry(partition).or_default() += 1;
    }
    layers
}

#[test]
fn a_page_of_many_groups_reads_no_partition_twice_and_each_group_somewhere() {
    // Thirty groups at different offsets of the same hundred partitions.
    let groups: Vec<GroupLag> = (0..30)
        .map(|n| {
            let at = i64::try_from(n).unwrap();
            group(n, (0..100).map(|p| row("orders", p, at, 1_000)).collect())
        })
        .collect();
    let found = positions(&groups, false);
    assert_eq!(found.len(), 100);
    assert!(layers(&found).values().all(|n| *n == 1));
    let offsets: BTreeSet<i64> = found.iter().map(|(_, offset)| *offset).collect();
    assert_eq!(offsets.len(), 30);
    // Where they stand alike, one read serves all.
    let alike: Vec<GroupLag> = (0..30)
        .map(|n| group(n, vec![row("orders", 0, 5, 9), row("orders", 1, 9, 9)]))
        .collect();
    assert_eq!(
        positions(&alike, false),
        [(TopicPartition::new("orders", 0), 5)]
    );
}

#[test]
fn few_groups_and_shown_partitions_are_read_within_bounds() {
    let few: Vec<GroupLag> = (0..6)
        .map(|n| group(n, vec![row("orders", 0, i64::try_from(n).unwrap(), 1_000)]))
        .collect();
    assert_eq!(positions(&few, false).len(), 4);
    let wide = group(
        0,
        (0..2_000)
            .map(|p| row("orders", p, i64::from(p), 5_000))
            .collect(),
    );
    let found = positions(&[wide], true);
    assert_eq!(found.len(), 512);
    assert!(
        found.iter().all(|(p, _)| p.partition < 512),
        "those with the most lag"
    );
    let mut share = group(0, vec![row("orders", 0, 1, 9)]);
    share.group_type = GroupType::Share;
    assert_eq!(positions(&[share], true), []);
}

#[test]
fn what_was_not_read_is_told_from_ends_that_were_seen_for_another_group() {
    let groups = [group(0, vec![row("orders", 0, 150, 400)])];
    let end = |at_ms: i64, log_end: i64| Point {
        at_ms,
        committed: None,
        owned: None,
        log_end: Some(log_end),
    };
    let seen = Seen {
        points: vec![Vec::new()],
        longer: None,
        ends: vec![vec![end(1_000, 100), end(2_000, 200), end(3_000, 300)]],
    };
    let seen = [with_present(seen, &groups[0], 4_000)];
    let mut first_unread = FirstUnread::new();
    let between = interpolate(&groups, &seen, &mut first_unread, 4_000);
    let position = (TopicPartition::new("orders", 0), 150);
    assert!(between.contains(&position));
    assert_eq!(first_unread.get(&position), Some(&Ok(1_500)));
    // What was read stays as it was read.
    let mut read = FirstUnread::from([(position.clone(), Ok(1_234))]);
    assert!(interpolate(&groups, &seen, &mut read, 4_000).is_empty());
    assert_eq!(read.get(&position), Some(&Ok(1_234)));
}

fn looks(count: i64) -> Vec<Point> {
    let look = |n: i64| Point {
        at_ms: n * 1_000,
        committed: Some(0),
        owned: Some(true),
        log_end: Some(n),
    };
    (0..count).map(look).collect()
}

/// Whether a time lag is interpolated where reading at the position came to `read`.
fn interpolates(read: Option<Result<i64, String>>) -> bool {
    let group = group(0, vec![row("orders", 0, 0, 5)]);
    let seen = Seen {
        points: vec![looks(6)],
        longer: None,
        ends: vec![looks(6)],
    };
    let at = position(&group.partitions[0]).unwrap();
    let mut first_unread: FirstUnread = read.map(|read| (at.clone(), read)).into_iter().collect();
    interpolate(&[group], &[seen], &mut first_unread, 6_000).contains(&at)
}

#[test]
fn only_what_reading_left_open_is_interpolated() {
    assert!(interpolates(None));
    assert!(interpolates(Some(Err("no answer to the read".into()))));
    assert!(!interpolates(Some(Ok(5_000))));
    assert!(!interpolates(Some(Err(format!("{NO_RECORD} offset 0")))));
}
