//! From samples to verdicts: what is told, from when on, and in which words.

use super::super::{Evidence, Trend, group, interpolated_ms, partition, partition_of_commits};
use super::*;
use crate::diagnose::lag::{GroupLag, History, LagTotals, Span};
use crate::model::GroupType;

pub(super) const NOW_MS: i64 = 1_795_500_000_000;

pub(super) fn row(committed: i64, end: i64) -> PartitionLag {
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

fn billing(partitions: Vec<PartitionLag>) -> GroupLag {
    GroupLag {
        group: "billing".into(),
        group_type: GroupType::Classic,
        state: "Stable".into(),
        protocol_type: "consumer".into(),
        coordinator: 1,
        members: Some(1),
        totals: LagTotals::default(),
        topics: Vec::new(),
        subtopologies: Vec::new(),
        partitions,
        why: None,
    }
}

/// Samples every second; `at(s)` is (committed, end), and whether a member holds the partition.
pub(super) fn every_second(
    seconds: i64,
    at: impl Fn(i64) -> (i64, i64, Option<bool>),
) -> Vec<Point> {
    (0..=seconds)
        .map(|s| {
            let (committed, end, owned) = at(s);
            Point {
                at_ms: NOW_MS + s * 1000,
                committed: Some(committed),
                owned,
                log_end: Some(end),
            }
        })
        .collect()
}

#[track_caller]
fn told(points: &[Point]) -> (Option<Verdict>, String) {
    let last = points.last().unwrap();
    let row = row(last.committed.unwrap(), last.log_end.unwrap());
    let found = partition(&row, points, None, last.at_ms);
    (found.verdict, found.verdict_why.unwrap())
}

#[test]
fn a_member_that_stands_still_is_stalled_only_when_any_client_would_have_committed() {
    let stands = |seconds| every_second(seconds, |s| (700, 1000 + s, Some(true)));
    let (verdict, why) = told(&stands(89));
    assert_eq!(verdict, None);
    assert_eq!(
        why,
        "not moved for 89 s, while a member holds it; told from 90 s on, as some clients commit but once a minute"
    );
    let (verdict, why) = told(&stands(90));
    assert_eq!(verdict, Some(Verdict::Stall));
    assert_eq!(why, "stands at 700 for 90 s while a member holds it");
}

#[test]
fn a_member_whose_habit_is_known_is_stalled_sooner() {
    // Commits once a second for 20 s, then no more; never at the head.
    let stops = |seconds| every_second(seconds, |s| (s.min(20) * 10, 500 + s * 10, Some(true)));
    assert_eq!(told(&stops(34)).0, Some(Verdict::Ok));
    assert_eq!(told(&stops(35)).0, Some(Verdict::Stall));
    // Commits every 20 s, four times.
    let seldom = |seconds| {
        every_second(seconds, |s| {
            (s.min(80) / 20 * 200, 500 + s * 10, Some(true))
        })
    };
    assert_ne!(told(&seldom(139)).0, Some(Verdict::Stall));
    assert_eq!(told(&seldom(140)).0, Some(Verdict::Stall));
}

#[test]
fn time_at_the_head_is_no_time_stood_still() {
    // Nothing came for 200 s.
    let quiet = |seconds: i64| every_second(seconds, |s| (700, 700 + (s - 200).max(0), Some(true)));
    assert_eq!(told(&quiet(200)).0, Some(Verdict::Ok));
    assert_eq!(told(&quiet(289)).0, None);
    assert_eq!(told(&quiet(290)).0, Some(Verdict::Stall));
}

#[test]
fn nobody_there_is_stop_after_seconds_and_nobody_known_after_longer() {
    let alone = |seconds, owned| every_second(seconds, move |s| (700, 1000 + s, owned));
    assert_eq!(told(&alone(8, Some(false))).0, None);
    let (verdict, why) = told(&alone(9, Some(false)));
    assert_eq!(verdict, Some(Verdict::Stop));
    assert_eq!(why, "no commit for 9.0 s, and no member holds it");
    let (verdict, why) = told(&alone(89, None));
    assert_eq!(verdict, None);
    assert!(why.contains("no member is known to hold it"), "{why}");
    let (verdict, why) = told(&alone(90, None));
    assert_eq!(verdict, Some(Verdict::Stop));
    assert_eq!(why, "no commit for 90 s, and no member is known to hold it");
}

#[test]
fn a_rebalance_is_no_stop() {
    // Ownership is not known for 12 s in the middle.
    let points = every_second(40, |s| {
        let away = (20..32).contains(&s);
        let committed = if away { 190 } else { s * 10 };
        (committed.min(s * 10), s * 10 + 5, (!away).then_some(true))
    });
    for until in 2..points.len() {
        let (verdict, why) = told(&points[..until]);
        assert!(
            matches!(verdict, None | Some(Verdict::Ok)),
            "{until}: {why}"
        );
    }
}

#[test]
fn a_topic_created_again_is_no_rewind() {
    let mut history = History::default();
    let mut found = None;
    for s in 0..60 {
        let (committed, end) = match s {
            0..30 => (100_000 + s * 10, 100_000 + s * 10),
            // The old offset lies beyond the new end until the consumer is reset.
            30..33 => (100_290, (s - 30) * 10),
            _ => ((s - 31) * 10, (s - 30) * 10),
        };
        let mut lag = billing(vec![row(committed, end)]);
        if committed > end {
            lag.partitions[0].lag = None;
            lag.partitions[0].state = LagState::BeyondEnd;
        }
        let at_ms = NOW_MS + s * 1000;
        history.record(at_ms, std::slice::from_ref(&lag));
        let points = history.points("billing", "orders", 0);
        let outlook = partition(&lag.partitions[0], &points, None, at_ms);
        if s >= 33 {
            assert!(
                matches!(outlook.verdict, None | Some(Verdict::Ok)),
                "{s}: {:?}",
                outlook.verdict_why
            );
        }
        found = Some(outlook);
    }
    let found = found.unwrap();
    assert_eq!(found.verdict, Some(Verdict::Ok));
    assert_eq!(found.rates.produce_per_s, Some(10.0));
}

#[test]
fn a_new_leader_that_tells_an_older_end_loses_no_history() {
    let points = every_second(100, |s| {
        let end = 10_000 + s * 10;
        let end = if (50..53).contains(&s) {
            end - 100
        } else {
            end
        };
        ((9_000 + s * 5).min(end), end, Some(true))
    });
    let (verdict, _) = told(&points);
    assert_eq!(verdict, Some(Verdict::Warn));
    let found = partition(&row(9_500, 11_000), &points, None, NOW_MS + 100_000);
    assert_eq!(found.rates.consume_per_s, Some(5.0));
    assert_eq!(found.rates.produce_per_s, Some(10.0));
}

#[test]
fn where_only_markers_are_left_nothing_stalls() {
    let points = every_second(200, |_| (700, 701, Some(true)));
    assert_eq!(told(&points).0, Some(Verdict::Stall));
    let marker = PartitionLag {
        time_why: Some("no record is at or after it".into()),
        ..row(700, 701)
    };
    let now_ms = NOW_MS + 200_000;
    let found = partition(&marker, &points, None, now_ms);
    assert_eq!((found.verdict, found.drain_s), (Some(Verdict::Ok), Some(0)));
    assert_eq!(interpolated_ms(&marker, &points, now_ms), None);
}

#[test]
fn a_share_group_has_no_verdict_in_any_partition() {
    let points = every_second(200, |_| (700, 900, Some(true)));
    let shared = PartitionLag {
        time_why: Some(OUT_OF_ORDER.into()),
        ..row(700, 900)
    };
    let found = partition(&shared, &points, None, NOW_MS + 200_000);
    assert_eq!(found.verdict, None);
    assert_eq!(found.verdict_why.as_deref(), Some(OUT_OF_ORDER));
}

#[test]
fn what_could_not_be_judged_forbids_ok_for_the_group() {
    let ok = partition(&row(900, 900), &[], None, NOW_MS);
    let unread = PartitionLag {
        partition: 1,
        ..row(700, 1000)
    };
    let unknown = partition(&unread, &[], None, NOW_MS);
    let span = Span {
        samples: 1,
        span_ms: 0,
    };
    let lag = billing(vec![row(900, 900), unread]);
    let whole = group(&lag, &[ok.clone(), unknown], span);
    assert_eq!((whole.verdict, whole.slowest.as_deref()), (None, None));
    assert!(whole.verdict_why.unwrap().starts_with("orders-1: one look"));
    // A partition that nothing was ever committed in is told in its own way.
    let never = PartitionLag {
        partition: 1,
        committed: None,
        lag: None,
        state: LagState::NoCommit,
        ..row(0, 5)
    };
    let none = partition(&never, &[], None, NOW_MS);
    let whole = group(&billing(vec![row(900, 900), never]), &[ok, none], span);
    assert_eq!(whole.verdict, Some(Verdict::Ok));
}

#[test]
fn numbers_of_any_size_in_any_order_end_in_an_outlook() {
    let edges = [
        i64::MIN,
        i64::MIN + 1,
        -1,
        0,
        1,
        700,
        i64::MAX - 1,
        i64::MAX,
    ];
    let mut state = 7u64;
    let mut any = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let at = (state >> 33) as usize;
        if at.is_multiple_of(5) {
            at as i64
        } else {
            edges[at % edges.len()]
        }
    };
    for _ in 0..5000 {
        let points: Vec<Point> = (0..any().rem_euclid(7))
            .map(|_| Point {
                at_ms: any(),
                committed: (any() % 3 != 0).then(&mut any),
                owned: [None, Some(true), Some(false)][any().rem_euclid(3) as usize],
                log_end: (any() % 3 != 0).then(&mut any),
            })
            .collect();
        let strange = PartitionLag {
            committed: Some(any()),
            log_start: Some(any()),
            log_end: Some(any()),
            lag: Some(any()),
            time_lag_ms: Some(any()),
            ..row(0, 0)
        };
        let retention = super::super::Retention {
            deletes: true,
            retention_ms: Some(any()),
            retention_bytes: Some(any()),
            size_bytes: Some(any()),
        };
        let now_ms = any();
        let commits: Vec<Commit> = points
            .iter()
            .map(|p| Commit {
                offset: any(),
                at_ms: p.at_ms,
                lag: p.log_end,
            })
            .collect();
        let _ = interpolated_ms(&strange, &points, now_ms);
        for found in [
            partition(&strange, &points, Some(&retention), now_ms),
            partition_of_commits(&strange, &commits, &points, Some(&retention), now_ms),
        ] {
            let rates = [found.rates.produce_per_s, found.rates.consume_per_s];
            let sound = |rate: f64| rate.is_finite() && rate >= 0.0;
            assert!(rates.into_iter().flatten().all(sound), "{rates:?}");
            assert!(found.drain_s.is_none_or(|s| s >= 0), "{found:?}");
            assert!(found.loss.is_none_or(|loss| loss.in_s >= 0));
        }
    }
}

#[test]
fn who_keeps_up_has_nothing_to_drain() {
    let points = every_second(40, |s| (s * 10, s * 10 + 7, Some(true)));
    let found = partition(&row(400, 407), &points, None, NOW_MS + 40_000);
    assert_eq!(found.rates.trend, Some(Trend::Steady));
    assert_eq!((found.verdict, found.drain_s), (Some(Verdict::Ok), Some(0)));
    let whole = group(
        &billing(vec![row(400, 407)]),
        &[found],
        Span {
            samples: 41,
            span_ms: 40_000,
        },
    );
    assert_eq!((whole.drain_s, whole.slowest), (Some(0), None));
    assert_eq!(whole.evidence, Some(Evidence::Samples));
}
