//! Verdicts from commits with their own times.

use super::super::super::PartitionLag;
use super::super::super::burrow::{Commit, Rule};
use super::super::super::history::Point;
use super::super::rates::{Rates, Trend};
use super::{RECENT_MS, Seen, TREND_STEPS, Told, by_trend, judge, newest, patience_ms, settled};

/// From commits with their own times, oldest first: Burrow, who sees each commit and knows the lag at
/// it. Where these lags are not known a verdict that rests on them is not told, and who has been
/// silent for no longer than consumers are between two batches has not stopped.
pub(in super::super) fn of_commits(
    row: &PartitionLag,
    commits: &[Commit],
    points: &[Point],
    rates: &Rates,
    now_ms: i64,
) -> Told {
    let lag = match settled(row) {
        Ok(lag) => lag,
        Err(told) => return told,
    };
    let own = newest(commits);
    let Some(last) = own.last() else {
        return Told::unknown("no commit was seen");
    };
    let mut waits_ms: Vec<i64> = own
        .iter()
        .zip(own.iter().skip(1))
        .map(|(older, newer)| newer.at_ms.saturating_sub(older.at_ms))
        .collect();
    waits_ms.sort_unstable();
    let commits: Vec<Commit> = own
        .iter()
        .map(|c| Commit {
            lag: c
                .lag
                .or_else(|| lag_at(points, c))
                .or_else(|| lag_by_age(row, c, now_ms)),
            ..*c
        })
        .collect();
    let mut judged = judge(&commits, points, RECENT_MS, lag, now_ms);
    let silent_ms = now_ms.saturating_sub(last.at_ms);
    if judged.rule == Rule::Stopped && silent_ms < patience_ms(&waits_ms) {
        judged = judge(&commits, points, RECENT_MS, lag, last.at_ms);
    }
    let given = own.iter().filter(|c| c.lag.is_some()).count();
    let known = commits.iter().filter(|c| c.lag.is_some()).count();
    match judged.rule {
        Rule::Stalled if known == 0 || commits.len() < 2 => {
            Told::unknown("it is not known whether anything was unread at its commits")
        }
        Rule::NeverShrank | Rule::Shrank if known < 2 => {
            Told::unknown("lag at its commits is not known")
        }
        // Ends seen between commits blur the lags at them, as they do in samples.
        Rule::NeverShrank | Rule::Shrank if given < 2 => {
            let seen = Seen::of(points);
            if seen.steps() < TREND_STEPS {
                return Told::unknown(format!("too few looks to judge: {}", points.len()));
            }
            by_trend(&seen, rates)
        }
        // A few lags that never shrank may be chance.
        Rule::NeverShrank if known < TREND_STEPS => match rates.trend {
            Some(Trend::Steady) => Told::ok("commits get on as fast as records come", false),
            Some(Trend::Draining | Trend::CaughtUp) => Told::ok("lag shrinks", false),
            Some(Trend::Growing) => judged.into(),
            None => Told::unknown(format!("too few commits seen to judge: {}", commits.len())),
        },
        _ => judged.into(),
    }
}

/// Lag of a commit against the end of the log that was last seen before it.
fn lag_at(points: &[Point], commit: &Commit) -> Option<i64> {
    let before = points.iter().rev().filter(|p| p.at_ms <= commit.at_ms);
    let end = before.filter_map(|p| p.log_end).next()?;
    Some(end.saturating_sub(commit.offset).max(0))
}

/// What the age of the first unread record tells of the lag at a commit of the offset that still
/// stands: something was unread already, or nothing was yet.
fn lag_by_age(row: &PartitionLag, commit: &Commit, now_ms: i64) -> Option<i64> {
    let unread_since_ms = now_ms.saturating_sub(row.time_lag_ms?);
    let stands = row.committed == Some(commit.offset);
    stands.then_some(i64::from(commit.at_ms >= unread_since_ms))
}

#[cfg(test)]
mod tests {
    use super::super::super::{Evidence, partition_of_commits};
    use super::super::tests::{NOW_MS, every_second, row};
    use super::*;
    use crate::diagnose::lag::burrow::Verdict;

    #[test]
    fn true_commits_are_judged_as_burrow_does_and_say_so() {
        // A look every 10 s tells the ends; commits come every 5 s and do not get on.
        let points: Vec<Point> = every_second(60, |s| (700, 1000 + s, None))
            .into_iter()
            .step_by(10)
            .collect();
        let commits = |at: &dyn Fn(i64) -> i64| -> Vec<Commit> {
            let commit = |n: i64| Commit {
                offset: at(n),
                at_ms: NOW_MS + n * 5000,
                lag: None,
            };
            (0..12).map(commit).collect()
        };
        let judged = |row: &PartitionLag, commits: &[Commit]| {
            partition_of_commits(row, commits, &points, None, NOW_MS + 60_000)
        };
        let stuck = judged(&row(700, 1060), &commits(&|_| 700));
        assert_eq!(stuck.verdict, Some(Verdict::Stall));
        assert_eq!(stuck.evidence, Some(Evidence::Commits));
        // One record a commit, five in the same time. As the lag is counted against the end that was
        // last seen, each second commit finds that end where it was, and the lag seems to shrink.
        let slow = judged(&row(711, 1060), &commits(&|n| 700 + n));
        assert_eq!(slow.verdict, None, "{:?}", slow.verdict_why);
        let slow: Vec<Commit> = commits(&|n| 700 + n)
            .into_iter()
            .zip(300..)
            .map(|(c, lag)| Commit {
                lag: Some(lag),
                ..c
            })
            .collect();
        let slow = judged(&row(711, 1060), &slow);
        assert_eq!(slow.verdict, Some(Verdict::Warn));
        let silent: Vec<Commit> = commits(&|n| 700 + n).into_iter().take(5).collect();
        let silent = judged(&row(704, 1060), &silent);
        assert_eq!(silent.verdict, Some(Verdict::Stop));
        assert_eq!(
            silent.verdict_why.as_deref(),
            Some("no commit for 40 s, longer than the 20 s that its commits span")
        );
        // Without a commit, what samples tell: not enough, and then enough.
        assert_eq!(judged(&row(704, 1060), &[]).verdict, None);
        let longer = every_second(90, |s| (704, 1000 + s, Some(true)));
        let looks = partition_of_commits(&row(704, 1090), &[], &longer, None, NOW_MS + 90_000);
        assert_eq!(looks.verdict, Some(Verdict::Stall));
        assert_eq!(looks.evidence, Some(Evidence::Samples));
    }

    #[test]
    fn commits_without_known_lags_make_no_false_verdict() {
        let commits = |offset: fn(i64) -> i64| -> Vec<Commit> {
            let commit = |n: i64| Commit {
                offset: offset(n),
                at_ms: NOW_MS + n * 5000,
                lag: None,
            };
            (0..=10).map(commit).collect()
        };
        let now_ms = NOW_MS + 51_000;
        let judged = |row: &PartitionLag, commits: &[Commit]| {
            partition_of_commits(row, commits, &[], None, now_ms).verdict
        };
        // Gets on; whether lag shrinks is not known.
        assert_eq!(judged(&row(710, 760), &commits(|n| 700 + n)), None);
        // Commits the same offset, and the only unread record is as young as the last commit.
        let same = commits(|_| 700);
        assert_eq!(judged(&row(700, 701), &same), None);
        let young = PartitionLag {
            time_lag_ms: Some(500),
            ..row(700, 701)
        };
        assert_eq!(judged(&young, &same), Some(Verdict::Ok));
        let old = PartitionLag {
            time_lag_ms: Some(120_000),
            ..row(700, 701)
        };
        assert_eq!(judged(&old, &same), Some(Verdict::Stall));
        // Ten commits within a second, as many as are kept, and a batch that takes three seconds.
        let quick: Vec<Commit> = (0..10)
            .map(|n| Commit {
                offset: 700 + n,
                at_ms: NOW_MS + n * 100,
                lag: Some(50 - n),
            })
            .collect();
        let at = |now_ms| {
            let found = partition_of_commits(&row(709, 760), &quick, &[], None, now_ms);
            found.verdict
        };
        assert_eq!(at(NOW_MS + 3_900), Some(Verdict::Ok));
        assert_eq!(at(NOW_MS + 15_900), Some(Verdict::Stop));
    }
}
