//! Vectors of Burrow's own rules, and their edges.

use super::*;

struct Case {
    commits: Vec<(i64, i64, Option<i64>)>,
    ends: Vec<i64>,
    lag: i64,
    now_ms: i64,
    allowed: i64,
    verdict: Verdict,
}

/// Commits every 100 s from 100 s on.
fn steps(offsets: [i64; 5], lags: [i64; 5]) -> Vec<(i64, i64, Option<i64>)> {
    let times = (1..).map(|n| n * 100_000);
    let pairs = offsets.into_iter().zip(lags).zip(times);
    pairs.map(|((o, lag), at)| (o, at, Some(lag))).collect()
}

const UP: [i64; 5] = [1000, 2000, 3000, 4000, 5000];
const SAME: [i64; 5] = [1000; 5];

fn cases() -> Vec<(&'static str, Case)> {
    let case = |commits, end: i64, lag, now_s: i64, allowed, verdict| Case {
        commits,
        ends: vec![end],
        lag,
        now_ms: now_s * 1000,
        allowed,
        verdict,
    };
    // Commits of a second each, all at the head when they were made.
    let at_head: Vec<_> = [
        356, 1362, 2366, 3367, 4370, 5373, 6378, 7379, 8383, 9383, 10_383, 11_388, 12_391, 13_394,
        14_397,
    ]
    .into_iter()
    .zip(792_748_079..)
    .map(|(ms, offset)| (offset, 1_512_224_618_000 + ms, Some(0)))
    .collect();
    let head = |ends: &[i64], lag, verdict| Case {
        commits: at_head.clone(),
        ends: ends.to_vec(),
        lag,
        now_ms: 1_512_224_650_000,
        allowed: 0,
        verdict,
    };
    let behind = [50, 100, 150, 200, 250];
    let zero_first = [0, 50, 100, 150, 200];
    let mut with_unknown = Vec::new();
    for (offset, at, lag) in steps(UP, zero_first) {
        with_unknown.push((offset, at, lag));
        with_unknown.push((offset + 500, at + 50_000, None));
    }
    use Verdict::{Ok, Rewind, Stall, Stop, Warn};
    vec![
        (
            "0: caught up once",
            case(steps(UP, zero_first), 5200, 200, 600, 0, Ok),
        ),
        (
            "1: silent as long as the span",
            case(steps(UP, zero_first), 5200, 200, 900, 0, Ok),
        ),
        (
            "2: silent for longer",
            case(steps(UP, zero_first), 5200, 200, 1000, 0, Stop),
        ),
        (
            "3: silent and always behind",
            case(steps(UP, behind), 5250, 250, 1000, 0, Stop),
        ),
        (
            "4: same offset, caught up once",
            case(steps(SAME, zero_first), 1200, 200, 600, 0, Ok),
        ),
        (
            "5: same offset, always behind",
            case(
                steps(SAME, [100, 150, 200, 250, 300]),
                1300,
                300,
                600,
                0,
                Stall,
            ),
        ),
        (
            "6: same offset, same lag",
            case(steps(SAME, [100; 5]), 1100, 100, 600, 0, Stall),
        ),
        (
            "7: back and beyond again",
            case(
                steps([1000, 2000, 3000, 2000, 4000], [100, 150, 200, 1250, 300]),
                4300,
                300,
                600,
                0,
                Ok,
            ),
        ),
        (
            "back and not beyond again",
            case(
                steps([1000, 2000, 3000, 2000, 2500], [100, 150, 200, 1250, 1800]),
                4300,
                1800,
                600,
                0,
                Rewind,
            ),
        ),
        (
            "back, and just there again",
            case(
                steps([1000, 3000, 2000, 2500, 3000], [100, 150, 200, 210, 220]),
                3220,
                220,
                600,
                0,
                Warn,
            ),
        ),
        (
            "back at the very end",
            case(
                steps([1000, 2000, 3000, 4000, 10], [0, 0, 0, 0, 3990]),
                4000,
                3990,
                600,
                0,
                Rewind,
            ),
        ),
        (
            "8: no lag now",
            case(steps(UP, behind), 5250, 0, 1000, 0, Ok),
        ),
        (
            "9: silent, and new records came",
            head(
                &[
                    792_749_024,
                    792_749_000,
                    792_748_800,
                    792_748_600,
                    792_748_500,
                ],
                931,
                Stop,
            ),
        ),
        (
            "10: silent, and at the head a moment ago",
            head(&[792_748_094, 792_748_093, 792_748_093, 792_748_093], 1, Ok),
        ),
        (
            "11: unknown lags count for nothing",
            Case {
                commits: with_unknown,
                ends: vec![5700],
                lag: 200,
                now_ms: 600_000,
                allowed: 0,
                verdict: Ok,
            },
        ),
        (
            "12: silent, within what is allowed",
            Case {
                commits: vec![
                    (1000, 100_000, Some(2)),
                    (2000, 200_000, Some(1)),
                    (2000, 300_000, Some(1)),
                ],
                ends: vec![2001],
                lag: 1,
                now_ms: 550_000,
                allowed: 1,
                verdict: Ok,
            },
        ),
        (
            "14: back and beyond again, above what is allowed",
            case(
                steps([1000, 2000, 3000, 2000, 4000], [100, 150, 200, 1250, 300]),
                4300,
                300,
                600,
                99,
                Ok,
            ),
        ),
        (
            "15: back, not beyond again, and gaining",
            case(
                steps([1000, 2000, 3000, 2000, 2500], [100, 150, 200, 1250, 300]),
                4300,
                300,
                600,
                0,
                Rewind,
            ),
        ),
        (
            "13: stalled above what is allowed",
            case(
                steps(SAME, [100, 150, 200, 250, 300]),
                1300,
                300,
                600,
                99,
                Stall,
            ),
        ),
        (
            "once within what is allowed",
            case(
                steps(SAME, [100, 150, 200, 250, 300]),
                1300,
                300,
                600,
                100,
                Ok,
            ),
        ),
        (
            "getting on, never gaining",
            case(steps(UP, behind), 5250, 250, 600, 0, Warn),
        ),
        (
            "getting on, gaining once",
            case(steps(UP, [50, 100, 90, 200, 250]), 5250, 250, 600, 0, Ok),
        ),
        ("nothing committed", case(Vec::new(), 5250, 250, 600, 0, Ok)),
    ]
}

#[test]
fn verdicts_are_burrows() {
    for (name, case) in cases() {
        let commits: Vec<Commit> = case
            .commits
            .iter()
            .map(|&(offset, at_ms, lag)| Commit { offset, at_ms, lag })
            .collect();
        let window = Window {
            commits: &commits,
            capacity: commits.len(),
            log_ends: &case.ends,
            current_lag: case.lag,
            now_ms: case.now_ms,
        };
        let rules = Rules {
            allowed_lag: case.allowed,
            ..Rules::default()
        };
        let judged = judge(&window, &rules);
        assert_eq!(judged.verdict, case.verdict, "{name}: {}", judged.why);
    }
}

#[test]
fn a_window_that_is_not_full_enough_is_ok_and_says_how_full_it_is() {
    let commits: Vec<Commit> = steps(SAME, [100; 5])
        .into_iter()
        .map(|(offset, at_ms, lag)| Commit { offset, at_ms, lag })
        .collect();
    let window = Window {
        commits: &commits,
        capacity: 10,
        log_ends: &[1100],
        current_lag: 100,
        now_ms: 600_000,
    };
    let strict = Rules {
        minimum_complete: 0.6,
        ..Rules::default()
    };
    let judged = judge(&window, &strict);
    assert_eq!((judged.verdict, judged.complete), (Verdict::Ok, 0.5));
    let judged = judge(&window, &Rules::default());
    assert_eq!(judged.verdict, Verdict::Stall);
}

#[test]
fn weight_is_burrows_and_what_is_above_warn_is_an_error() {
    use Verdict::{Ok, Rewind, Stall, Stop, Warn};
    let mut all = [Rewind, Warn, Stall, Ok, Stop];
    all.sort();
    assert_eq!(all, [Ok, Warn, Stop, Stall, Rewind]);
    assert_eq!(all.map(Verdict::is_error), [false, false, true, true, true]);
}

#[test]
fn numbers_at_the_edge_of_their_range_end_in_a_verdict() {
    let edge = |offset, at_ms| Commit {
        offset,
        at_ms,
        lag: Some(i64::MAX),
    };
    let commits = [edge(i64::MIN, i64::MAX), edge(i64::MAX, i64::MIN)];
    let window = Window {
        commits: &commits,
        capacity: 0,
        log_ends: &[i64::MIN],
        current_lag: i64::MAX,
        now_ms: i64::MAX,
    };
    assert_eq!(judge(&window, &Rules::default()).complete, 1.0);
}
