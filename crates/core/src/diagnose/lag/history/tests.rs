//! What is remembered, and what is forgotten.
use super::{History, Limits};
use crate::diagnose::lag::{GroupLag, LagState, LagTotals, Owner, PartitionLag};
use crate::model::GroupType;

fn group(name: &str, rows: &[(&str, i32, i64, i64)]) -> GroupLag {
    let owner = Owner {
        member_id: "m".into(),
        client_id: "c".into(),
        host: "/h".into(),
        others: 0,
    };
    let row = |&(topic, partition, committed, end): &(&str, i32, i64, i64)| PartitionLag {
        topic: topic.into(),
        partition,
        committed: Some(committed),
        log_start: Some(0),
        log_end: Some(end),
        lag: Some(end - committed),
        lost: None,
        time_lag_ms: None,
        time_why: None,
        owner: Some(owner.clone()),
        state: LagState::Ok,
        why: None,
    };
    GroupLag {
        group: name.into(),
        group_type: GroupType::Consumer,
        state: "Stable".into(),
        protocol_type: "consumer".into(),
        coordinator: 1,
        members: Some(1),
        totals: LagTotals {
            without_owner: Some(0),
            ..LagTotals::default()
        },
        topics: Vec::new(),
        subtopologies: Vec::new(),
        partitions: rows.iter().map(row).collect(),
        why: None,
    }
}

fn committed(history: &History, group: &str) -> Vec<(i64, i64, i64)> {
    let points = history.points(group, "orders", 0);
    points
        .iter()
        .filter(|p| p.log_end.is_some())
        .map(|p| (p.at_ms, p.committed.unwrap(), p.log_end.unwrap()))
        .collect()
}

#[test]
fn what_was_seen_comes_back_in_order() {
    let mut history = History::default();
    for (at, offset, end) in [
        (1, 10, 20),
        (2, 10, 21),
        (3, 12, 22),
        (3, 99, 99),
        (2, 99, 99),
    ] {
        history.record(at * 1000, &[group("a", &[("orders", 0, offset, end)])]);
    }
    assert_eq!(
        committed(&history, "a"),
        [(1000, 10, 20), (2000, 10, 21), (3000, 12, 22)]
    );
    let span = history.span("a");
    assert_eq!((span.samples, span.span_ms), (3, 2000));
    assert_eq!(history.points("b", "orders", 0), []);
    assert_eq!(history.points("a", "orders", 7), []);
}

#[test]
fn rounds_that_saw_nothing_of_a_partition_are_not_made_up() {
    let mut history = History::default();
    history.record(
        1000,
        &[group("a", &[("orders", 0, 1, 1), ("orders", 1, 1, 1)])],
    );
    history.record(2000, &[group("a", &[("orders", 1, 1, 1)])]);
    history.record(
        3000,
        &[group("a", &[("orders", 0, 1, 1), ("orders", 1, 1, 1)])],
    );
    assert_eq!(committed(&history, "a"), [(1000, 1, 1), (3000, 1, 1)]);
    assert_eq!(history.points("a", "orders", 1).len(), 3);
}

#[test]
fn only_the_newest_samples_stay() {
    let mut history = History::new(Limits {
        samples: 5,
        ..Limits::default()
    });
    for n in 0..50 {
        history.record(n * 1000, &[group("a", &[("orders", 0, n / 7, 100 + n)])]);
    }
    let expected: Vec<_> = (45..50).map(|n| (n * 1000, n / 7, 100 + n)).collect();
    assert_eq!(committed(&history, "a"), expected);
    // A partition that is read no longer goes with its last round.
    for n in 50..60 {
        history.record(n * 1000, &[group("a", &[("payments", 0, 1, 1)])]);
    }
    assert_eq!(history.points("a", "orders", 0), []);
}

#[test]
fn since_when_an_offset_stands_is_known_beyond_the_rounds_that_are_kept() {
    let mut history = History::new(Limits {
        samples: 5,
        ..Limits::default()
    });
    // At the head until 20 s, unread records since.
    for n in 0..50 {
        let end = if n <= 20 { 7 } else { 7 + n };
        history.record(n * 1000, &[group("a", &[("orders", 0, 7, end)])]);
    }
    let points = history.points("a", "orders", 0);
    let at: Vec<i64> = points.iter().map(|p| p.at_ms / 1000).collect();
    assert_eq!(at, [20, 45, 46, 47, 48, 49]);
    assert_eq!((points[0].committed, points[0].log_end), (Some(7), None));
    // It gets on: from then on it is another offset's time.
    for n in 50..60 {
        history.record(n * 1000, &[group("a", &[("orders", 0, n, 100 + n)])]);
    }
    assert_eq!(history.points("a", "orders", 0)[0].at_ms, 55_000);
}

#[test]
fn who_holds_a_partition_is_not_made_up() {
    let unheld = |state: &str, protocol_type: &str, members, without_owner| {
        let mut group = group("a", &[("orders", 0, 1, 9)]);
        group.partitions[0].owner = None;
        group.totals.without_owner = without_owner;
        GroupLag {
            state: state.into(),
            protocol_type: protocol_type.into(),
            members,
            ..group
        }
    };
    for (state, protocol_type, members, without_owner, owned) in [
        ("Empty", "consumer", Some(0), Some(1), Some(false)),
        ("Stable", "consumer", Some(2), Some(1), Some(false)),
        // On its way.
        ("PreparingRebalance", "consumer", Some(2), Some(1), None),
        ("Reconciling", "consumer", Some(2), Some(1), None),
        // A client that is no member.
        ("Empty", "", Some(0), Some(1), None),
        // Members are not known.
        ("Stable", "consumer", None, None, None),
    ] {
        let mut history = History::default();
        history.record(0, &[unheld(state, protocol_type, members, without_owner)]);
        let found = history.points("a", "orders", 0)[0].owned;
        assert_eq!(found, owned, "{state} `{protocol_type}` {members:?}");
    }
}

#[test]
fn being_looked_at_is_not_being_asked_for_and_memory_does_not_churn() {
    let rows: Vec<(&str, i32, i64, i64)> = (0..50).map(|p| ("orders", p, 5, 9)).collect();
    let groups: Vec<GroupLag> = (0..40)
        .map(|n| group(&format!("group-{n:02}"), &rows))
        .collect();
    let mut history = History::new(Limits {
        samples: 60,
        memory_bytes: 150_000,
    });
    // Asked for before it was ever seen.
    history.asked(1, ["group-00"]);
    for round in 0..20 {
        history.record(round * 1000, &groups);
        assert!(history.memory_bytes() <= 150_000);
    }
    let spans: Vec<usize> = (0..40)
        .map(|n| history.span(&format!("group-{n:02}")).samples)
        .collect();
    assert_eq!(spans[0], 20);
    let kept = spans.iter().filter(|samples| **samples == 20).count();
    assert!(kept > 10, "those that fit keep their history: {spans:?}");
}

#[test]
fn a_log_that_got_shorter_begins_anew() {
    let mut history = History::default();
    history.record(1000, &[group("a", &[("orders", 0, 10, 500)])]);
    history.record(2000, &[group("a", &[("orders", 0, 10, 30)])]);
    assert_eq!(
        history.log_ends("orders", 0).collect::<Vec<_>>(),
        [(30, 2000)]
    );
    // What was seen before is still told apart by its own end.
    assert_eq!(committed(&history, "a"), [(1000, 10, 500), (2000, 10, 30)]);
}

#[test]
fn memory_is_bounded_and_the_group_asked_for_last_stays() {
    let rows: Vec<(&str, i32, i64, i64)> = (0..100).map(|p| ("orders", p, 5, 9)).collect();
    let limits = Limits {
        samples: 60,
        memory_bytes: 200_000,
    };
    let mut history = History::new(limits);
    for round in 0..60 {
        for n in 0..40 {
            // Offsets that move in each round are the worst case.
            let moved: Vec<_> = rows
                .iter()
                .map(|r| (r.0, r.1, r.2 + round, r.3 + round))
                .collect();
            history.record(round * 1000 + n, &[group(&format!("group-{n}"), &moved)]);
            history.asked(i64::MAX, ["group-7"]);
            assert!(
                history.memory_bytes() <= limits.memory_bytes,
                "{}",
                history.memory_bytes()
            );
        }
    }
    assert!(history.evicted() > 0);
    assert!(history.span("group-7").samples > 0);
}

#[test]
fn standing_still_costs_next_to_nothing() {
    let rows: Vec<(&str, i32, i64, i64)> = (0..100).map(|p| ("orders", p, 5, 9)).collect();
    let groups: Vec<GroupLag> = (0..100)
        .map(|n| group(&format!("group-{n}"), &rows))
        .collect();
    let mut history = History::default();
    history.record(0, &groups);
    let first = history.memory_bytes();
    for round in 1..60 {
        history.record(round * 1000, &groups);
    }
    assert!(
        history.memory_bytes() < first * 6 / 5,
        "{first} to {}",
        history.memory_bytes()
    );
    assert_eq!(history.points("group-99", "orders", 99).len(), 60);
}

#[test]
fn groups_that_are_gone_take_their_logs_with_them() {
    let mut history = History::default();
    history.record(
        0,
        &[
            group("a", &[("orders", 0, 1, 1)]),
            group("b", &[("payments", 0, 1, 1)]),
        ],
    );
    history.retain(|name| name != "a");
    assert_eq!(history.span("a").samples, 0);
    assert_eq!(history.log_ends("orders", 0).count(), 0);
    assert_eq!(history.log_ends("payments", 0).count(), 1);
}
