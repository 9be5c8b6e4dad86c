//! Consumers in every state, as samples show them.

use super::*;
use crate::diagnose::lag::history::Point;
use crate::diagnose::lag::{LagState, LagTotals};

const NOW_MS: i64 = 1_795_500_000_000;

fn row(committed: i64, end: i64) -> PartitionLag {
    PartitionLag {
        topic: "orders".into(),
        partition: 0,
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

/// Samples every second up to now; `at(n)` is (committed, end).
fn samples(count: i64, owned: bool, at: impl Fn(i64) -> (i64, i64)) -> Vec<Point> {
    (0..count)
        .map(|n| {
            let (committed, end) = at(n);
            Point {
                at_ms: NOW_MS - (count - 1 - n) * 1000,
                committed: Some(committed),
                owned: Some(owned),
                log_end: Some(end),
            }
        })
        .collect()
}

fn judged(points: &[Point]) -> PartitionOutlook {
    let last = points.last().unwrap();
    let row = row(last.committed.unwrap(), last.log_end.unwrap());
    partition(&row, points, None, NOW_MS)
}

#[test]
fn verdicts_of_consumers_in_every_state() {
    // Name, whether a member holds the partition, samples, verdict, trend.
    type At = fn(i64) -> (i64, i64);
    let cases: &[(&str, bool, At, Verdict, Option<Trend>)] = &[
        (
            "at the head",
            true,
            |n| (n * 100, n * 100),
            Verdict::Ok,
            Some(Trend::CaughtUp),
        ),
        (
            "in step, commits every third second",
            true,
            |n| (n / 3 * 300, n * 100 + 50),
            Verdict::Ok,
            Some(Trend::Steady),
        ),
        (
            "slow",
            true,
            |n| (n * 60, n * 100 + 500),
            Verdict::Warn,
            Some(Trend::Growing),
        ),
        (
            "gaining",
            true,
            |n| (n * 150, n * 100 + 5000),
            Verdict::Ok,
            Some(Trend::Draining),
        ),
        (
            "nobody there",
            false,
            |n| (700, n * 100 + 1000),
            Verdict::Stop,
            Some(Trend::Growing),
        ),
        (
            "stopped after a while",
            false,
            |n| (n.min(5) * 100, n * 100 + 10),
            Verdict::Stop,
            Some(Trend::Growing),
        ),
        (
            "stuck on a record, member alive",
            true,
            |n| (700, n * 100 + 1000),
            Verdict::Stall,
            Some(Trend::Growing),
        ),
        (
            "stuck, and nothing new",
            true,
            |_| (700, 1000),
            Verdict::Stall,
            Some(Trend::Steady),
        ),
        (
            "rewound",
            true,
            |n| (if n < 15 { 9000 + n } else { 100 + n }, 9100 + n),
            Verdict::Rewind,
            None,
        ),
    ];
    for (name, owned, at, verdict, trend) in cases {
        // A member that stands still may only commit seldom; that takes longer to tell.
        let count = if *verdict == Verdict::Stall { 100 } else { 20 };
        let found = judged(&samples(count, *owned, at));
        assert_eq!(
            found.verdict,
            Some(*verdict),
            "{name}: {:?}",
            found.verdict_why
        );
        if trend.is_some() {
            assert_eq!(found.rates.trend, *trend, "{name}: {:?}", found.rates);
        }
    }
}

#[test]
fn one_look_tells_no_direction() {
    let found = judged(&samples(1, true, |_| (10, 20)));
    assert_eq!(
        (found.verdict, found.rates, found.drain_s),
        (None, Rates::default(), None)
    );
    assert!(found.verdict_why.unwrap().contains("kafka_group_watch"));
}

#[test]
fn rates_do_not_follow_the_steps_of_commits() {
    // 100 records/s are produced and consumed, committed every 4 s: over 18 s, plain ends would
    // give 88.9/s.
    let found = judged(&samples(19, true, |n| (n / 4 * 400, n * 100)));
    assert_eq!(found.rates.produce_per_s, Some(100.0));
    assert_eq!(found.rates.consume_per_s, Some(100.0));
    // It did so for 10 s and stands still for 20.
    let found = judged(&samples(31, true, |n| (n.min(10) * 100, n * 100)));
    let consumed = found.rates.consume_per_s.unwrap();
    assert!((30.0..35.0).contains(&consumed), "{consumed}");
}

#[test]
fn steps_backwards_and_new_topics_begin_anew() {
    let back = judged(&samples(20, true, |n| {
        if n < 10 {
            (5000, 6000)
        } else {
            ((n - 10) * 50, 6000)
        }
    }));
    assert_eq!(back.rates.consume_per_s, Some(50.0));
    let renewed = judged(&samples(20, true, |n| {
        if n < 10 {
            (n * 10, 1_000_000)
        } else {
            (0, (n - 10) * 7)
        }
    }));
    assert_eq!(renewed.rates.produce_per_s, Some(7.0));
}

#[test]
fn what_drains_says_when_and_what_does_not_says_nothing() {
    let gaining = judged(&samples(20, true, |n| (n * 150, n * 100 + 5000)));
    // 5000 - 19 * 50 left, 50/s gained.
    assert_eq!(gaining.drain_s, Some(81));
    assert_eq!(
        judged(&samples(20, true, |n| (n * 60, n * 100 + 500))).drain_s,
        None
    );
    assert_eq!(judged(&samples(20, true, |n| (n, n))).drain_s, Some(0));
}

#[test]
fn time_to_loss_is_the_first_of_what_deletes() {
    let hour = 3_600_000;
    let slow = samples(20, true, |n| (n * 50, n * 100 + 1000));
    let keeps = Retention {
        deletes: true,
        retention_ms: Some(2 * hour),
        retention_bytes: Some(-1),
        size_bytes: None,
    };
    let old = PartitionLag {
        time_lag_ms: Some(hour),
        ..row(950, 2900)
    };
    let loss = |retention: &Retention, row: &PartitionLag, points: &[Point]| {
        partition(row, points, Some(retention), NOW_MS).loss
    };
    // Half of what comes is consumed: the oldest unread record ages half as fast as the clock.
    assert_eq!(
        loss(&keeps, &old, &slow),
        Some(Loss {
            in_s: 7200,
            by: LossBy::RetentionMs
        })
    );
    // Standing still, or not known to move: as fast.
    let still = samples(20, true, |n| (950, n * 100 + 1000));
    assert_eq!(
        loss(&keeps, &old, &still),
        Some(Loss {
            in_s: 3600,
            by: LossBy::RetentionMs
        })
    );
    assert_eq!(
        loss(&keeps, &old, &[]),
        Some(Loss {
            in_s: 3600,
            by: LossBy::RetentionMs
        })
    );
    // 1,950 of 2,900 records unread at 1,000 bytes each, 50 more each second.
    let sized = Retention {
        retention_bytes: Some(2_000_000),
        size_bytes: Some(2_900_000),
        ..keeps
    };
    assert_eq!(
        loss(&sized, &old, &slow),
        Some(Loss {
            in_s: 1,
            by: LossBy::RetentionBytes
        })
    );
    let due = PartitionLag {
        time_lag_ms: Some(3 * hour),
        ..old.clone()
    };
    assert_eq!(loss(&keeps, &due, &slow).map(|l| l.in_s), Some(0));
    let expired = PartitionLag {
        state: LagState::Expired,
        ..old.clone()
    };
    assert_eq!(
        loss(&keeps, &expired, &slow).map(|l| l.by),
        Some(LossBy::Expired)
    );
    for never in [
        Retention {
            deletes: false,
            ..keeps
        },
        Retention {
            retention_ms: Some(-1),
            ..keeps
        },
        Retention {
            retention_ms: None,
            ..keeps
        },
    ] {
        assert_eq!(loss(&never, &old, &slow), None, "{never:?}");
    }
    // It catches up before.
    let gaining = samples(20, true, |n| (n * 150, n * 100 + 5000));
    assert_eq!(
        loss(
            &keeps,
            &PartitionLag {
                time_lag_ms: Some(hour),
                ..row(2850, 6900)
            },
            &gaining
        ),
        None
    );
}

#[test]
fn a_group_is_as_its_worst_partition() {
    let mut lag = GroupLag {
        group: "billing".into(),
        group_type: GroupType::Consumer,
        state: "Stable".into(),
        protocol_type: "consumer".into(),
        coordinator: 1,
        members: Some(2),
        totals: LagTotals {
            lag: Some(4050),
            ..LagTotals::default()
        },
        topics: Vec::new(),
        subtopologies: Vec::new(),
        partitions: vec![
            row(2850, 6900),
            PartitionLag {
                partition: 1,
                ..row(1000, 1000)
            },
        ],
        why: None,
    };
    let gaining = judged(&samples(20, true, |n| (n * 150, n * 100 + 5000)));
    let head = judged(&samples(20, true, |n| (n * 100, n * 100)));
    let span = Span {
        samples: 20,
        span_ms: 19_000,
    };
    let whole = group(&lag, &[gaining.clone(), head.clone()], span);
    assert_eq!(
        (whole.verdict, whole.drain_s),
        (Some(Verdict::Ok), Some(81))
    );
    assert_eq!(whole.slowest.as_deref(), Some("orders-0"));
    assert_eq!(whole.rates.produce_per_s, Some(200.0));
    // One partition more that stands still: the mean still drains, the group does not.
    lag.partitions.push(PartitionLag {
        partition: 2,
        ..row(700, 720)
    });
    lag.totals.lag = Some(4070);
    let stuck = judged(&samples(100, true, |_| (700, 720)));
    let whole = group(&lag, &[gaining, head, stuck], span);
    assert_eq!((whole.verdict, whole.drain_s), (Some(Verdict::Stall), None));
    assert_eq!(whole.slowest.as_deref(), Some("orders-2"));
    assert_eq!(
        whole.verdict_why.unwrap(),
        "orders-2: stands at 700 for 99 s while a member holds it"
    );
    assert_eq!(whole.rates.trend, Some(Trend::Draining));
    lag.group_type = GroupType::Share;
    assert_eq!(group(&lag, &[], span).verdict, None);
}

#[test]
fn between_samples_the_time_lag_is_read_off_the_line() {
    let points = samples(20, true, |n| (n * 60, n * 100 + 500));
    // The end was at 1,140 when 6.4 s of 19 had passed.
    assert_eq!(
        interpolated_ms(&row(1140, 2400), &points, NOW_MS),
        Some(12_600)
    );
    // What lies before the first sample was not seen.
    assert_eq!(interpolated_ms(&row(499, 2400), &points, NOW_MS), None);
    assert_eq!(interpolated_ms(&row(2400, 2400), &points, NOW_MS), Some(0));
}

#[test]
fn numbers_at_the_edge_of_their_range_end_in_an_outlook() {
    let points = [i64::MIN, 0, i64::MAX].map(|x| Point {
        at_ms: x,
        committed: Some(x),
        owned: None,
        log_end: Some(x),
    });
    let edge = PartitionLag {
        lag: Some(i64::MAX),
        log_start: Some(i64::MIN),
        time_lag_ms: Some(i64::MIN),
        ..row(0, 0)
    };
    let retention = Retention {
        deletes: true,
        retention_ms: Some(i64::MAX),
        retention_bytes: Some(0),
        size_bytes: Some(i64::MAX),
    };
    let found = partition(&edge, &points, Some(&retention), i64::MAX);
    assert!(found.rates.produce_per_s.is_none_or(|rate| rate >= 0.0));
}
