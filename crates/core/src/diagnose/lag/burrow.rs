//! Burrow's verdict on a consumer: a window of its commits instead of a threshold.
//!
//! A threshold on lag is wrong for every topic but one. Burrow looks at how a group moves: does it
//! still commit, do its commits get on, does its lag shrink now and then. The rules, their order and
//! their defaults are those of linkedin/Burrow, `core/internal/evaluator/caching.go`; two things are
//! said that Burrow keeps to itself: which rule decided, and with which numbers.
//!
//! Pure arithmetic on what it is given. Where commits come from is not known here (see
//! [`super::outlook`]).

#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Commits that Burrow keeps of a partition.
pub const INTERVALS: usize = 10;

/// Burrow's verdict on a partition, in Burrow's own order of weight.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Caught up within the window, or gaining on its lag.
    Ok,
    /// Commits get on, and the lag did not shrink once: too slow.
    Warn,
    /// Has stopped committing.
    Stop,
    /// Commits, and always the same offset: stuck on a record.
    Stall,
    /// Committed an offset below an earlier one, and has not come back.
    Rewind,
}

impl Verdict {
    /// Whether Burrow's status of the whole group would be `ERR`.
    pub fn is_error(self) -> bool {
        self > Self::Warn
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ok => "OK",
            Self::Warn => "WARN",
            Self::Stop => "STOP",
            Self::Stall => "STALL",
            Self::Rewind => "REWIND",
        })
    }
}

/// One commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Next offset to be read.
    pub offset: i64,
    /// When it was committed, epoch ms.
    pub at_ms: i64,
    /// Lag at that moment, records; `None` when the end of the log was not known then.
    pub lag: Option<i64>,
}

/// What a verdict is reached from.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// Commits, oldest first.
    pub commits: &'a [Commit],
    /// How many a full window holds.
    pub capacity: usize,
    /// Ends of the log seen lately, in any order.
    pub log_ends: &'a [i64],
    /// Lag now, records.
    pub current_lag: i64,
    /// The present, epoch ms.
    pub now_ms: i64,
}

/// Burrow's settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// A lag up to this is none, records.
    pub allowed_lag: i64,
    /// Below this share of a full window there is no verdict but OK, 0 to 1.
    pub minimum_complete: f64,
}

impl Default for Rules {
    /// Burrow's own: no lag is allowed, and any window will do.
    fn default() -> Self {
        Self {
            allowed_lag: 0,
            minimum_complete: 0.0,
        }
    }
}

/// What decides a verdict, in the order in which it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// OK: there is no commit.
    NoCommit,
    /// OK: the window is not full enough.
    TooFew,
    /// OK: no more lag now than is allowed.
    NoLag,
    /// STOP: silent for longer than the commits span, and not at the head lately.
    Stopped,
    /// REWIND: a step back that no later commit made good.
    Rewound,
    /// OK: no more lag than is allowed at some commit.
    CaughtUp,
    /// STALL: all commits are the same offset.
    Stalled,
    /// WARN: lag at no commit is below that at the one before.
    NeverShrank,
    /// OK: lag at some commit is.
    Shrank,
}

/// A verdict and what decided it.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// The rule that decided.
    pub rule: Rule,
    /// How full the window is, 0 to 1.
    pub complete: f64,
    /// That rule in words, with its numbers.
    pub why: String,
}

/// Judges one partition.
pub fn judge(window: &Window<'_>, rules: &Rules) -> Judged {
    let commits = window.commits;
    let complete = match window.capacity {
        0 => 1.0,
        capacity => (commits.len() as f64 / capacity as f64).min(1.0),
    };
    let (rule, why) = decide(window, rules, complete);
    Judged {
        verdict: rule.verdict(),
        rule,
        complete,
        why,
    }
}

impl Rule {
    /// What the rule says.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Stopped => Verdict::Stop,
            Self::Rewound => Verdict::Rewind,
            Self::Stalled => Verdict::Stall,
            Self::NeverShrank => Verdict::Warn,
            Self::NoCommit | Self::TooFew | Self::NoLag | Self::CaughtUp | Self::Shrank => {
                Verdict::Ok
            }
        }
    }
}

fn decide(window: &Window<'_>, rules: &Rules, complete: f64) -> (Rule, String) {
    let commits = window.commits;
    let (Some(first), Some(last)) = (commits.first(), commits.last()) else {
        return (Rule::NoCommit, "no commit in the window".into());
    };
    if complete < rules.minimum_complete {
        let why = format!("too few commits to judge: {}", commits.len());
        return (Rule::TooFew, why);
    }
    if window.current_lag <= rules.allowed_lag {
        return (Rule::NoLag, format!("lag is {} now", window.current_lag));
    }
    let silent_ms = window.now_ms.saturating_sub(last.at_ms);
    let span_ms = last.at_ms.saturating_sub(first.at_ms);
    // Whoever was at the head a moment ago had nothing to commit.
    let recently_at_head = window.log_ends.iter().any(|end| *end <= last.offset);
    if silent_ms > span_ms && !recently_at_head {
        let why = format!(
            "no commit for {}, longer than the {} that its commits span",
            seconds(silent_ms),
            seconds(span_ms)
        );
        return (Rule::Stopped, why);
    }
    if let Some((from, to)) = rewound(commits) {
        let why = format!("committed {to} after {from} and has not come back to it");
        return (Rule::Rewound, why);
    }
    let lags = || commits.iter().filter_map(|c| c.lag);
    if lags().any(|lag| lag <= rules.allowed_lag) {
        return (Rule::CaughtUp, "was caught up within the window".into());
    }
    if commits.iter().all(|c| c.offset == first.offset) {
        let why = format!(
            "committed {} again and again for {}",
            first.offset,
            seconds(span_ms)
        );
        return (Rule::Stalled, why);
    }
    if lags()
        .zip(lags().skip(1))
        .all(|(older, newer)| newer >= older)
    {
        let why = format!(
            "commits get on, but lag did not shrink once in {}",
            seconds(span_ms)
        );
        return (Rule::NeverShrank, why);
    }
    (Rule::Shrank, "lag shrinks at times".into())
}

/// The first step backwards that no later commit made good.
fn rewound(commits: &[Commit]) -> Option<(i64, i64)> {
    let back = |at: usize| {
        let (older, newer) = (commits.get(at)?, commits.get(at + 1)?);
        (newer.offset < older.offset).then_some((older.offset, newer.offset))
    };
    let (at, step) = (0..commits.len()).find_map(|at| Some((at, back(at)?)))?;
    let mut later = commits.iter().skip(at + 2);
    (!later.any(|c| c.offset >= step.0)).then_some(step)
}

/// "0.4 s", "12 s".
pub(super) fn seconds(ms: i64) -> String {
    match ms {
        ..10_000 => format!("{:.1} s", ms as f64 / 1000.0),
        _ => format!("{} s", ms / 1000),
    }
}
