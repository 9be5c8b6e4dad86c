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

mod commits;
#[cfg(test)]
mod tests;

pub(super) use commits::of_commits;

use super::super::burrow::{self, Commit, INTERVALS, Judged, Rule, Rules, Verdict, Window};
use super::super::history::Point;
use super::super::{LagState, NO_RECORD, OUT_OF_ORDER, PartitionLag};
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

/// And for how long they have to be seen, ms: a burst of a second or two is no trend.
const TREND_MS: i64 = 3_500;

/// From here on lag rises from most commits to later ones (see [`rises`]).
const MOSTLY: f64 = 0.5;

/// How far back an end of the log counts as recent, ms: Burrow keeps ten, fetched every 10 s.
const RECENT_MS: i64 = 100_000;

/// A verdict, if there is one.
pub(super) struct Told {
    pub(super) verdict: Option<Verdict>,
    /// The rule that decided, or why nothing is told.
    pub(super) why: String,
    /// It is at the head of the log, or was within the window: it keeps up.
    pub(super) at_head: bool,
}

impl Told {
    fn unknown(why: impl Into<String>) -> Self {
        Self {
            verdict: None,
            why: why.into(),
            at_head: false,
        }
    }

    fn ok(why: impl Into<String>, at_head: bool) -> Self {
        Self {
            verdict: Some(Verdict::Ok),
            why: why.into(),
            at_head,
        }
    }
}

impl From<Judged> for Told {
    fn from(judged: Judged) -> Self {
        Self {
            verdict: Some(judged.verdict),
            at_head: matches!(judged.rule, Rule::NoLag | Rule::CaughtUp),
            why: judged.why,
        }
    }
}

/// From samples, oldest first, the present as the last; see the head of this file.
pub(super) fn of_samples(row: &PartitionLag, points: &[Point], rates: &Rates, now_ms: i64) -> Told {
    let lag = match settled(row) {
        Ok(lag) => lag,
        Err(told) => return told,
    };
    let seen = Seen::of(points);
    let (Some(last), 2..) = (seen.commits.last().copied(), points.len()) else {
        return Told::unknown(super::too_little(points.len()));
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
            let why = seen.in_words(&judged, waited_ms);
            return Told {
                why,
                ..judged.into()
            };
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
        return Told::unknown(why);
    }
    // It may be about to commit: what is judged is what it did.
    let mut commits = seen.commits.clone();
    commits.push(present(now_ms));
    let judged = judge(&commits, points, RECENT_MS, lag, now_ms);
    match judged.rule {
        Rule::NeverShrank | Rule::Shrank
            if seen.steps() < TREND_STEPS || seen.span_ms() < TREND_MS =>
        {
            Told::unknown(format!("too few commits seen to judge: {}", seen.steps()))
        }
        Rule::NeverShrank | Rule::Shrank => by_trend(&seen, rates),
        _ => judged.into(),
    }
}

/// The lag, or what is told without a look at the past.
fn settled(row: &PartitionLag) -> Result<i64, Told> {
    match row.lag {
        Some(0) => Err(Told::ok("lag is 0 now", true)),
        Some(_) if nothing_unread(row) => Err(Told::ok(
            "no record is unread: only markers of transactions, or offsets that were compacted away",
            true,
        )),
        _ if row.state == LagState::NoCommit => Err(Told::unknown("nothing is committed")),
        Some(_) if row.time_why.as_deref() == Some(OUT_OF_ORDER) => {
            Err(Told::unknown(OUT_OF_ORDER))
        }
        Some(lag) => Ok(lag),
        None => Err(Told::unknown(
            row.why.as_deref().unwrap_or("lag is not known"),
        )),
    }
}

/// Whether the look for the first unread record found that there is none.
pub(super) fn nothing_unread(row: &PartitionLag) -> bool {
    row.time_why
        .as_ref()
        .is_some_and(|why| why.contains(NO_RECORD))
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
        None => Told::unknown("rates are not known"),
        Some(Trend::Growing) if grows >= MOSTLY => Told {
            verdict: Some(Verdict::Warn),
            why: "commits get on, but slower than records come".into(),
            at_head: false,
        },
        Some(Trend::Growing) => Told::ok("lag shrinks at times", false),
        Some(Trend::Steady) => Told::ok("commits get on as fast as records come", false),
        Some(Trend::Draining | Trend::CaughtUp) => Told::ok("lag shrinks", false),
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

/// How long a consumer may stand still before it is said to, ms: three times the longest that it was
/// seen to take (`waits_ms`, ascending), within bounds that one long halt in the past does not move.
fn patience_ms(waits_ms: &[i64]) -> i64 {
    if waits_ms.len() < KNOWN_STEPS {
        return PATIENCE_MS;
    }
    let longest = waits_ms.last().copied().unwrap_or(0);
    let usual = waits_ms.get(waits_ms.len() / 2).copied().unwrap_or(0);
    longest
        .saturating_mul(3)
        .min(PATIENCE_MS.max(usual.saturating_mul(3)))
        .max(KNOWN_PATIENCE_MS)
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
            let Some(offset) = point.position() else {
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

    /// From the first to the last commit, ms.
    fn span_ms(&self) -> i64 {
        let ends = self.commits.first().zip(self.commits.last());
        ends.map_or(0, |(first, last)| last.at_ms.saturating_sub(first.at_ms))
    }

    /// Changes of the offset that were seen.
    fn steps(&self) -> usize {
        self.waits_ms.len()
    }

    /// How long this consumer may stand still before it is said to, ms.
    fn patience_ms(&self) -> i64 {
        match self.owned {
            Some(false) => NOBODY_PATIENCE_MS,
            _ => patience_ms(&self.waits_ms),
        }
    }

    fn in_words(&self, judged: &Judged, waited_ms: i64) -> String {
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
            _ => judged.why.clone(),
        }
    }
}
