//! Random consumers in every state, sampled as a cluster is: no verdict may be false.
//!
//! Time runs in ticks of 50 ms. Samplers look at uneven intervals and miss some looks; producers
//! come evenly, in noise and in bursts; commits come every 100 ms to a minute. Seeded, so a failure
//! comes again.

use super::*;
use crate::diagnose::lag::{History, LagState, LagTotals, Limits, Owner};

const TICK_MS: i64 = 50;
const START_MS: i64 = 1_795_500_000_000;

/// SplitMix64: small, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From `low` to below `high`.
    fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (self.next() >> 11) as f64 / (1u64 << 53) as f64 * (high - low)
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[(self.next() % of.len() as u64) as usize]
    }
}

/// How a consumer behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Keeps up, commits within 5 s as Java's auto commit does.
    Healthy,
    /// Keeps up, commits every 30 s (Streams) or 60 s (Connect).
    Seldom,
    /// Keeps up without being a member: assigned by hand.
    Alone,
    /// Keeps up with a producer that sends a minute's records in two seconds.
    Bursts,
    /// Keeps up, and was away for some seconds at each of several restarts.
    Restarted,
    /// Too slow by at least a fifth.
    Slow,
    /// Keeps its distance, minutes behind.
    Behind,
    /// Works off a backlog.
    Draining,
    /// Member, stuck on one record from half time on.
    Stuck,
    /// Gone at half time.
    Gone,
    /// Was never there.
    Never,
    /// Set back by far at half time.
    SetBack,
    /// Nothing is produced, nothing unread.
    Idle,
}

const KINDS: [Kind; 13] = [
    Kind::Healthy,
    Kind::Seldom,
    Kind::Alone,
    Kind::Bursts,
    Kind::Restarted,
    Kind::Slow,
    Kind::Behind,
    Kind::Draining,
    Kind::Stuck,
    Kind::Gone,
    Kind::Never,
    Kind::SetBack,
    Kind::Idle,
];

/// What one look showed, and what it was judged to be.
struct Look {
    at_ms: i64,
    outlook: PartitionOutlook,
    /// Seconds until the backlog is really gone, where the kind drains.
    drains_in_s: Option<f64>,
    /// Time lag read off the samples, and the true one, ms.
    time_lag_ms: (Option<i64>, i64),
}

struct Run {
    /// Seed and what the dice gave, for a failure.
    about: String,
    interval_ms: i64,
    looks: Vec<Look>,
}

impl Run {
    /// The longest time between two looks, ms.
    fn longest_gap_ms(&self) -> i64 {
        let pairs = self.looks.iter().zip(self.looks.iter().skip(1));
        pairs.map(|(a, b)| b.at_ms - a.at_ms).max().unwrap_or(0)
    }
}

/// Half time, ms after the start.
const HALF_MS: i64 = 300_000;
const LENGTH_MS: i64 = 600_000;

fn run(kind: Kind, seed: u64) -> Run {
    let mut r = Random(seed);
    let rate = r.one_of(&[3.0, 40.0, 900.0, 20_000.0]) * r.within(0.7, 1.3);
    let noise = match kind {
        // Equal rates: more noise than this makes the one larger than the other for a while.
        Kind::Behind => r.one_of(&[0.0, 0.1, 0.2]),
        _ => r.one_of(&[0.0, 0.3, 0.9]),
    };
    let interval_ms = r.one_of(&[500, 1_000, 2_000, 5_000, 10_000, 30_000]);
    let uneven = r.one_of(&[0.0, 0.1, 0.4]);
    let missed = r.one_of(&[0.0, 0.05, 0.2]);
    let commit_ms = match kind {
        Kind::Seldom => r.one_of(&[30_000, 60_000]),
        _ => r.one_of(&[100, 500, 1_000, 5_000]),
    };
    let capacity = rate
        * match kind {
            Kind::Slow => r.within(0.2, 0.8),
            Kind::Draining => r.within(1.3, 3.0),
            Kind::SetBack => r.within(1.01, 1.1),
            Kind::Behind => 1.0,
            _ => r.within(1.5, 5.0),
        };
    let mut end = r.within(1e4, 1e9);
    let mut position = end;
    if matches!(kind, Kind::Draining | Kind::Never | Kind::Behind) {
        position -= rate * r.within(300.0, 1500.0);
    }
    let mut committed = position as i64;
    let (mut next_commit, mut next_look) = (0i64, r.within(0.0, 1000.0) as i64);
    let mut restart = r.within(60_000.0, 120_000.0) as i64;
    let away_ms = r.within(2_000.0, 8_000.0) as i64;
    // When the log passed an offset: (end, ms).
    let mut passed: Vec<(i64, i64)> = Vec::new();
    let mut history = History::new(Limits::default());
    let mut looks = Vec::new();
    for at in (0..LENGTH_MS).step_by(TICK_MS as usize) {
        let tick_s = TICK_MS as f64 / 1000.0;
        end += match kind {
            Kind::Idle => 0.0,
            Kind::Bursts if at % 60_000 >= 2_000 => 0.0,
            Kind::Bursts => rate * 30.0 * tick_s,
            _ => rate * tick_s * (1.0 + r.within(-noise, noise)),
        };
        passed.push((end as i64, at));
        let away = match kind {
            Kind::Gone => at >= HALF_MS,
            Kind::Never => true,
            Kind::Restarted => at >= restart && at < restart + away_ms,
            _ => false,
        };
        if at >= restart + away_ms {
            restart = at + r.within(60_000.0, 120_000.0) as i64;
        }
        if kind == Kind::SetBack && at == HALF_MS {
            position -= rate * 3_000.0;
            committed = position as i64;
        }
        let stuck = kind == Kind::Stuck && at >= HALF_MS;
        if !away && !stuck {
            position = (position + capacity * tick_s).min(end);
        }
        if !away && at >= next_commit {
            committed = position as i64;
            next_commit = at + (commit_ms as f64 * r.within(1.0, 1.1)) as i64;
        }
        if at < next_look {
            continue;
        }
        next_look += (interval_ms as f64 * (1.0 + r.within(-uneven, uneven))) as i64;
        if r.within(0.0, 1.0) < missed {
            continue;
        }
        let owned = !away && kind != Kind::Alone;
        let lag = seen(committed, end as i64, owned, kind, away);
        let now_ms = START_MS + at;
        history.record(now_ms, std::slice::from_ref(&lag));
        let points = history.points("billing", "orders", 0);
        let outlook = partition(&lag.partitions[0], &points, None, now_ms);
        let gain = capacity - rate;
        let read = passed.partition_point(|(end, _)| *end <= committed);
        let waited_ms = passed.get(read).map_or(0, |(_, unread)| at - unread);
        looks.push(Look {
            at_ms: at,
            outlook,
            time_lag_ms: (
                interpolated_ms(&lag.partitions[0], &points, now_ms),
                waited_ms,
            ),
            drains_in_s: (kind == Kind::Draining).then(|| (end - position) / gain),
        });
    }
    Run {
        about: format!(
            "{kind:?}, seed {seed}: looks every {interval_ms} ms, commits every {commit_ms} ms"
        ),
        interval_ms,
        looks,
    }
}

fn seen(committed: i64, end: i64, owned: bool, kind: Kind, away: bool) -> GroupLag {
    let owner = Owner {
        member_id: "m".into(),
        client_id: "c".into(),
        host: "/h".into(),
        others: 0,
    };
    let state = match (owned, kind, away) {
        (true, ..) => "Stable",
        (_, Kind::Restarted, true) => "PreparingRebalance",
        _ => "Empty",
    };
    GroupLag {
        group: "billing".into(),
        group_type: GroupType::Classic,
        state: state.into(),
        protocol_type: "consumer".into(),
        coordinator: 1,
        members: Some(usize::from(owned)),
        totals: LagTotals {
            without_owner: Some(usize::from(!owned)),
            ..LagTotals::default()
        },
        topics: Vec::new(),
        subtopologies: Vec::new(),
        partitions: vec![PartitionLag {
            topic: "orders".into(),
            partition: 0,
            committed: Some(committed),
            log_start: Some(0),
            log_end: Some(end),
            lag: Some(end.saturating_sub(committed).max(0)),
            lost: None,
            time_lag_ms: None,
            time_why: None,
            owner: owned.then_some(owner),
            state: LagState::Ok,
            why: None,
        }],
        why: None,
    }
}

/// Runs of each kind.
const RUNS: u64 = 16;

fn runs(kind: Kind) -> impl Iterator<Item = Run> {
    (0..RUNS).map(move |n| run(kind, n * 1000 + kind as u64))
}

/// Those whose history is long enough to tell of commits that are 5 s apart.
fn long_runs(kind: Kind) -> impl Iterator<Item = Run> {
    runs(kind).filter(|run| run.interval_ms >= 1000)
}

/// What may be said of a kind at a time, besides nothing.
fn true_of(kind: Kind, at_ms: i64) -> &'static [Verdict] {
    let later = at_ms >= HALF_MS;
    match kind {
        Kind::Slow => &[Verdict::Ok, Verdict::Warn],
        Kind::Stuck if later => &[Verdict::Ok, Verdict::Stall],
        Kind::Gone if later => &[Verdict::Ok, Verdict::Stop],
        Kind::Never => &[Verdict::Stop],
        Kind::SetBack if later => &[Verdict::Ok, Verdict::Rewind],
        _ => &[Verdict::Ok],
    }
}

#[test]
fn no_consumer_gets_a_false_verdict() {
    for kind in KINDS {
        for run in runs(kind) {
            for look in &run.looks {
                let Some(verdict) = look.outlook.verdict else {
                    continue;
                };
                assert!(
                    true_of(kind, look.at_ms).contains(&verdict),
                    "{verdict} at {}: {:?} ({})",
                    look.at_ms,
                    look.outlook.verdict_why,
                    run.about
                );
            }
        }
    }
}

#[test]
fn every_trouble_is_found() {
    for (kind, verdict) in [
        (Kind::Slow, Verdict::Warn),
        (Kind::Stuck, Verdict::Stall),
        (Kind::Gone, Verdict::Stop),
        (Kind::Never, Verdict::Stop),
    ] {
        let (mut found, mut looks) = (0, 0);
        for run in long_runs(kind) {
            let late = run.looks.iter().filter(|l| l.at_ms > LENGTH_MS - 100_000);
            for look in late {
                looks += 1;
                found += usize::from(look.outlook.verdict == Some(verdict));
            }
        }
        // Burrow waits as long as a window of commits spans: minutes, where looks are seldom.
        assert!(found * 100 >= looks * 95, "{kind:?}: {found} of {looks}");
    }
    for run in runs(Kind::SetBack) {
        let verdicts = run.looks.iter().map(|l| l.outlook.verdict);
        let found = verdicts.filter(|v| *v == Some(Verdict::Rewind)).count();
        assert!(found > 0, "{}", run.about);
    }
}

#[test]
fn consumers_that_keep_up_neither_grow_nor_drain_and_slow_ones_grow() {
    for kind in [
        Kind::Healthy,
        Kind::Seldom,
        Kind::Alone,
        Kind::Behind,
        Kind::Idle,
        Kind::Slow,
    ] {
        let (mut wrong, mut looks) = (0, 0);
        for run in long_runs(kind) {
            for trend in run.looks.iter().filter_map(|l| l.outlook.rates.trend) {
                looks += 1;
                wrong += usize::from(match kind {
                    Kind::Slow => trend == Trend::Draining,
                    _ => matches!(trend, Trend::Growing | Trend::Draining),
                });
            }
        }
        assert!(wrong * 1000 <= looks * 2, "{kind:?}: {wrong} of {looks}");
    }
}

#[test]
fn time_to_drain_is_within_a_fifth_and_never_negative() {
    let (mut near, mut said) = (0, 0);
    for run in runs(Kind::Draining) {
        for look in &run.looks {
            assert!(look.outlook.drain_s.is_none_or(|s| s >= 0), "{}", run.about);
            if let (Some(told), Some(real)) = (look.outlook.drain_s, look.drains_in_s)
                && real > 30.0
            {
                said += 1;
                near += usize::from((told as f64 / real - 1.0).abs() <= 0.2);
            }
        }
    }
    assert!(said > 300 && near * 100 >= said * 97, "{near} of {said}");
}

#[test]
fn time_lag_between_samples_is_as_exact_as_the_samples_are_dense() {
    let mut told = 0;
    for kind in KINDS {
        for run in runs(kind) {
            let bound_ms = run.longest_gap_ms() + 2 * TICK_MS;
            for look in &run.looks {
                let (Some(read), real) = look.time_lag_ms else {
                    continue;
                };
                told += 1;
                assert!(
                    (read - real).abs() <= bound_ms,
                    "{read} ms, really {real} ms, at {} ({})",
                    look.at_ms,
                    run.about
                );
            }
        }
    }
    assert!(told > 3_000, "{told}");
}
