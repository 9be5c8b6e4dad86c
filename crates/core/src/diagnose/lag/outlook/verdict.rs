//! Burrow's verdict, from commits where they are known and from samples where they are not.
//!
//! Samples show an offset at a time, not commits. They become commits like this:
//! - An offset that changed between two looks is a commit at the later one. Its lag is counted
//!   against the end of the log at the look *before*, as Burrow counts against the end that it last
//!   fetched: who commits all that was there a look ago is at the head, however busy the log is.
//! - An offset that stands still while a member holds the partition is a commit that does not get
//!   on, which is what tells STALL from STOP; but only once it has stood still for longer than this
//!   consumer, or where nothing is known of it any consumer, takes between two commits.
//! - An offset that stands still while nobody holds the partition is no commit.
//!
//! That lag did not shrink once between commits is blurred in samples: a commit every few seconds
//! makes a saw of it. There WARN is told where lag grows in all and from most commits to later ones.

use super::super::burrow::{self, Commit, INTERVALS, Judged, Rule, Rules, Verdict, Window};
use super::super::history::Point;
use super::super::{LagState, PartitionLag};
use super::rates::{Rates, Trend};

/// Who has not committed for so long does not commit, whoever it is, ms: Java's auto commit comes
/// every 5 s, Kafka Streams' every 30 s, Kafka Connect's once a minute, and looks may be missed.
pub const PATIENCE_MS: i64 = 90_000;

/// For so long at least, even of a consumer that was seen to commit more often, ms.
const KNOWN_PATIENCE_MS: i64 = 15_000;

/// For so long, where there is nobody who could commit: twice Java's default, and a little less for
/// the time that looks take, ms.
pub(super) const NOBODY_PATIENCE_MS: i64 = 9_000;

/// Changes of the offset from which a consumer's habit is told.
const KNOWN_STEPS: usize = 3;

/// Changes of the offset from which it is told whether lag shrinks: half of Burrow's window.
const TREND_STEPS: usize = INTERVALS / 2;

/// From here on lag rises from most commits to later ones (see [`rises`]).
const MOSTLY: f64 = 0.5;

/// How far back an end of the log counts as recent, ms: Burrow keeps ten, fetched every 10 s.
const RECENT_MS: i64 = 100_000;

type Told = (Option<Verdict>, String);

/// From commits with their own times, oldest first: Burrow to the letter.
pub(super) fn of_commits(
    row: &PartitionLag,
    commits: &[Commit],
    points: &[Point],
    now_ms: i64,
) -> Told {
    let lag = match settled(row) {
        Ok(lag) => lag,
        Err(told) => return told,
    };
    let commits = newest(commits);
    if commits.is_empty() {
        return (None, "no commit was seen".into());
    }
    let commits: Vec<Commit> = commits
        .iter()
        .map(|c| Commit {
            lag: c.lag.or_else(|| lag_at(points, c)),
            ..*c
        })
        .collect();
    let judged = judge(&commits, points, RECENT_MS, lag, now_ms);
    (Some(judged.verdict), judged.why)
}

/// From samples, oldest first, the present as the last; see the head of this file.
pub(super) fn of_samples(row: &PartitionLag, points: &[Point], rates: &Rates, now_ms: i64) -> Told {
    let lag = match settled(row) {
        Ok(lag) => lag,
        Err(told) => return told,
    };
    let seen = Seen::of(points);
    let (Some(last), 2..) = (seen.commits.last().copied(), points.len()) else {
        return (None, super::too_little(points.len()));
    };
    let waited_ms = now_ms.saturating_sub(seen.unread_since_ms);
    let patience_ms = seen.patience_ms();
    let present = |at_ms| Commit {
        at_ms,
        lag: Some(lag),
        ..last
    };
    if waited_ms >= patience_ms {
        let (commits, recent_ms) = match seen.owned {
            Some(true) => (
                vec![present(seen.unread_since_ms), present(now_ms)],
                RECENT_MS,
            ),
            // Burrow waits a while for who was at the head; it does not see that nobody is there.
            Some(false) => (seen.commits.clone(), NOBODY_PATIENCE_MS),
            None => (seen.commits.clone(), RECENT_MS),
        };
        let judged = judge(&commits, points, recent_ms, lag, now_ms);
        if judged.verdict.is_error() {
            return (Some(judged.verdict), seen.in_words(judged, waited_ms));
        }
    }
    if seen.steps() == 0 {
        let known = match seen.owned {
            Some(true) => "while a member holds it",
            _ => "and no member is known to hold it",
        };
        let why = format!(
            "not moved for {}, {known}; told from {} on, as some clients commit but once a minute",
            burrow::seconds(waited_ms),
            burrow::seconds(patience_ms)
        );
        return (None, why);
    }
    // It may be about to commit: what is judged is what it did.
    let mut commits = seen.commits.clone();
    commits.push(present(now_ms));
    let judged = judge(&commits, points, RECENT_MS, lag, now_ms);
    match judged.rule {
        Rule::NeverShrank | Rule::Shrank if seen.steps() < TREND_STEPS => {
            let why = format!("too few commits seen to judge: {}", seen.steps());
            (None, why)
        }
        Rule::NeverShrank | Rule::Shrank => by_trend(&seen, rates),
        _ => (Some(judged.verdict), judged.why),
    }
}

/// The lag, or what is told without a look at the past.
fn settled(row: &PartitionLag) -> Result<i64, Told> {
    match row.lag {
        Some(0) => Err((Some(Verdict::Ok), "lag is 0 now".into())),
        _ if row.state == LagState::NoCommit => Err((None, "nothing is committed".into())),
        Some(lag) => Ok(lag),
        None => {
            let why = row.why.clone();
            Err((None, why.unwrap_or_else(|| "lag is not known".into())))
        }
    }
}

fn judge(commits: &[Commit], points: &[Point], recent_ms: i64, lag: i64, now_ms: i64) -> Judged {
    let oldest_ms = now_ms.saturating_sub(recent_ms);
    let recent = points.iter().filter(|p| p.at_ms >= oldest_ms);
    let log_ends: Vec<i64> = recent.filter_map(|p| p.log_end).collect();
    let window = Window {
        commits: newest(commits),
        capacity: INTERVALS,
        log_ends: &log_ends,
        current_lag: lag,
        now_ms,
    };
    burrow::judge(&window, &Rules::default())
}

/// As many as Burrow keeps.
fn newest<T>(all: &[T]) -> &[T] {
    all.get(all.len().saturating_sub(INTERVALS)..)
        .unwrap_or_default()
}

fn by_trend(seen: &Seen, rates: &Rates) -> Told {
    let grows = rises(newest(&seen.lags));
    match rates.trend {
        None => (None, "rates are not known".into()),
        Some(Trend::Growing) if grows >= MOSTLY => (
            Some(Verdict::Warn),
            "commits get on, but slower than records come".into(),
        ),
        Some(Trend::Growing) => (Some(Verdict::Ok), "lag shrinks at times".into()),
        Some(Trend::Steady) => (
            Some(Verdict::Ok),
            "commits get on as fast as records come".into(),
        ),
        Some(Trend::Draining | Trend::CaughtUp) => (Some(Verdict::Ok), "lag shrinks".into()),
    }
}

/// How much a row of numbers rises: 1 when each is above all before it, -1 when below (Kendall's
/// tau). Unlike a slope it is not moved by one burst.
fn rises(lags: &[i64]) -> f64 {
    let mut sum = 0.0;
    let mut pairs = 0.0;
    for (at, older) in lags.iter().enumerate() {
        for newer in lags.iter().skip(at + 1) {
            pairs += 1.0;
            sum += f64::from(newer.cmp(older) as i8);
        }
    }
    if pairs == 0.0 { 0.0 } else { sum / pairs }
}

/// Lag of a commit against the end of the log that was last seen before it.
fn lag_at(points: &[Point], commit: &Commit) -> Option<i64> {
    let before = points.iter().rev().filter(|p| p.at_ms <= commit.at_ms);
    let end = before.filter_map(|p| p.log_end).next()?;
    Some(end.saturating_sub(commit.offset).max(0))
}

/// What samples show of a consumer.
struct Seen {
    /// The first offset seen and each change of it.
    commits: Vec<Commit>,
    /// Lag when a change was seen, records.
    lags: Vec<i64>,
    /// How long each change was waited for while something was unread, ms, ascending.
    waits_ms: Vec<i64>,
    /// Since when something is unread and the offset has not changed, epoch ms.
    unread_since_ms: i64,
    /// Whether a member holds the partition, as far as known since the last change.
    owned: Option<bool>,
}

impl Seen {
    fn of(points: &[Point]) -> Self {
        let mut seen = Self {
            commits: Vec::new(),
            lags: Vec::new(),
            waits_ms: Vec::new(),
            unread_since_ms: points.first().map_or(0, |p| p.at_ms),
            owned: None,
        };
        let mut end_before: Option<i64> = None;
        for point in points {
            let Some(offset) = point.committed else {
                end_before = point.log_end.or(end_before);
                continue;
            };
            let at_head = point.log_end.is_some_and(|end| end <= offset);
            let changed = seen.commits.last().is_none_or(|last| last.offset != offset);
            if changed {
                if !seen.commits.is_empty() {
                    let waited = point.at_ms.saturating_sub(seen.unread_since_ms);
                    seen.waits_ms.push(waited);
                }
                let now = point.log_end.map(|end| end.saturating_sub(offset));
                seen.lags.extend(now);
                let lag = end_before.map(|end| end.saturating_sub(offset).max(0));
                seen.commits.push(Commit {
                    offset,
                    at_ms: point.at_ms,
                    lag: if at_head { Some(0) } else { lag },
                });
                seen.owned = None;
            }
            if changed || at_head {
                seen.unread_since_ms = point.at_ms;
            }
            seen.owned = point.owned.or(seen.owned);
            end_before = point.log_end.or(end_before);
        }
        seen.waits_ms.sort_unstable();
        seen
    }

    /// Changes of the offset that were seen.
    fn steps(&self) -> usize {
        self.waits_ms.len()
    }

    /// How long this consumer may stand still before it is said to, ms: three times the longest
    /// that it was seen to take, within bounds that one long halt in the past does not move.
    fn patience_ms(&self) -> i64 {
        if self.owned == Some(false) {
            return NOBODY_PATIENCE_MS;
        }
        if self.steps() < KNOWN_STEPS {
            return PATIENCE_MS;
        }
        let longest = self.waits_ms.last().copied().unwrap_or(0);
        let usual = self.waits_ms.get(self.steps() / 2).copied().unwrap_or(0);
        longest
            .saturating_mul(3)
            .min(PATIENCE_MS.max(usual.saturating_mul(3)))
            .max(KNOWN_PATIENCE_MS)
    }

    fn in_words(&self, judged: Judged, waited_ms: i64) -> String {
        let waited = burrow::seconds(waited_ms);
        match (judged.rule, self.owned) {
            (Rule::Stalled, _) => {
                let offset = self.commits.last().map_or(0, |c| c.offset);
                format!("stands at {offset} for {waited} while a member holds it")
            }
            (Rule::Stopped, Some(false)) => {
                format!("no commit for {waited}, and no member holds it")
            }
            (Rule::Stopped, _) => {
                format!("no commit for {waited}, and no member is known to hold it")
            }
            _ => judged.why,
        }
    }
}
