//! Where a group's lag is going: verdict, rates, trend, time to drain, time to data loss.
//!
//! Judged partition by partition from what was seen before ([`super::History`]), then taken
//! together by the worst and never by the mean: a group drains when its slowest partition has, and
//! loses data when its first partition does. What there is too little history for is `None`.
//!
//! Samples show offsets, not commits; how verdicts come from them is told in `verdict.rs`, and
//! [`Evidence`] says which of both a verdict stands on.

mod loss;
mod rates;
#[cfg(test)]
mod simulated;
#[cfg(test)]
mod tests;
mod verdict;

pub use loss::{Loss, LossBy, Retention};
pub use rates::{Rates, Trend, rates};
pub use verdict::PATIENCE_MS;

use super::burrow::{Commit, Verdict};
use super::history::{Point, Span, another_log};
use super::interpolate::Table;
use super::{GroupLag, LagState, PartitionLag};
use crate::model::{GroupType, TopicPartition};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use verdict::Told;

/// What verdicts stand on.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Offsets looked at from time to time, and members.
    Samples,
    /// Commits with their own times.
    Commits,
}

/// Where a time lag was read.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TimeLagSource {
    /// The timestamp of the first unread record.
    Exact,
    /// When the end of the log passed the committed offset, between samples.
    Interpolated,
}

/// Where one partition is going.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct PartitionOutlook {
    /// Burrow's verdict; `None` with fewer than two samples.
    pub verdict: Option<Verdict>,
    /// The rule that decided it, or why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict_why: Option<String>,
    /// What the verdict stands on; told for the group.
    #[serde(skip)]
    pub evidence: Option<Evidence>,
    /// Records/s.
    #[serde(flatten)]
    pub rates: Rates,
    /// Seconds until nothing is unread, at these rates; 0 for who keeps up, `None` for who does not
    /// drain, or not to anybody's knowledge.
    pub drain_s: Option<i64>,
    /// Seconds until unread records are deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<Loss>,
}

/// Where a group is going.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct GroupOutlook {
    /// The worst partition's verdict (Burrow folds STOP, STALL and REWIND into ERR here). `None` when
    /// it would be OK while a partition with unread records could not be judged.
    pub verdict: Option<Verdict>,
    /// The partition that it is from and the rule that decided, or why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict_why: Option<String>,
    /// What verdicts stand on; samples, where any does. Not part of the answer by itself.
    #[serde(skip)]
    pub evidence: Option<Evidence>,
    /// Records/s over all partitions whose rates are known.
    #[serde(flatten)]
    pub rates: Rates,
    /// Seconds until the slowest partition has drained; `None` when some lagging one does not, or
    /// that is not known.
    pub drain_s: Option<i64>,
    /// The partition that drains last, or does not drain; `None` when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slowest: Option<String>,
    /// The first loss of unread records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<Loss>,
    /// The partition that it hits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_in: Option<String>,
    /// Looks at the group that all of this stands on.
    pub samples: usize,
    /// From the first to the last of them, ms.
    pub span_ms: i64,
}

/// Judges one partition. `points` are what was seen of it, the present included as the last.
pub fn partition(
    row: &PartitionLag,
    points: &[Point],
    retention: Option<&Retention>,
    now_ms: i64,
) -> PartitionOutlook {
    let points = since_reset(points);
    let rates = rates(points, row.lag);
    let told = verdict::of_samples(row, points, &rates, now_ms);
    made(row, rates, told, Evidence::Samples, retention)
}

/// As [`partition`], with the verdict from the partition's true commits, oldest first. Where a
/// commit's lag is `None` it is counted against the end of the log that `points` last saw before.
/// What commits do not tell is told from `points`.
pub fn partition_of_commits(
    row: &PartitionLag,
    commits: &[Commit],
    points: &[Point],
    retention: Option<&Retention>,
    now_ms: i64,
) -> PartitionOutlook {
    let points = since_reset(points);
    let rates = rates(points, row.lag);
    let told = verdict::of_commits(row, commits, points, &rates, now_ms);
    if told.verdict.is_none() {
        let seen = verdict::of_samples(row, points, &rates, now_ms);
        if seen.verdict.is_some() {
            return made(row, rates, seen, Evidence::Samples, retention);
        }
    }
    made(row, rates, told, Evidence::Commits, retention)
}

fn made(
    row: &PartitionLag,
    rates: Rates,
    told: Told,
    evidence: Evidence,
    retention: Option<&Retention>,
) -> PartitionOutlook {
    // Who keeps up with a busy log has something unread at any moment, and nothing to drain.
    let keeps_up = told.at_head && rates.trend != Some(Trend::Growing);
    PartitionOutlook {
        evidence: told.verdict.map(|_| evidence),
        verdict: told.verdict,
        verdict_why: Some(told.why),
        drain_s: if keeps_up {
            Some(0)
        } else {
            drain_s(row.lag, &rates)
        },
        loss: retention.and_then(|r| loss::loss(row, &rates, r)),
        rates,
    }
}

/// Takes a group's partitions together. `partitions` stand in the group's own order.
pub fn group(lag: &GroupLag, partitions: &[PartitionOutlook], span: Span) -> GroupOutlook {
    of_topics(lag, partitions, span, |_| true)
}

/// As [`group`], for a part of it: one topic, or the topics of a sub-topology.
pub fn of_topics(
    lag: &GroupLag,
    partitions: &[PartitionOutlook],
    span: Span,
    belongs: impl Fn(&str) -> bool,
) -> GroupOutlook {
    let mut whole = GroupOutlook {
        samples: span.samples,
        span_ms: span.span_ms,
        ..GroupOutlook::default()
    };
    if lag.group_type == GroupType::Share {
        whole.verdict_why =
            Some("a share group has no position that a verdict could be told from".into());
        return whole;
    }
    let rows = || {
        let all = lag.partitions.iter().zip(partitions);
        all.filter(|(row, _)| belongs(&row.topic))
    };
    let name =
        |row: &PartitionLag| TopicPartition::new(row.topic.as_str(), row.partition).to_string();
    // The worst verdict, and of several the largest lag; what is not known is worse than OK.
    let weight = |(row, o): &(&PartitionLag, &PartitionOutlook)| {
        let unknown = o.verdict.is_none() && row.lag != Some(0);
        (o.verdict.max(Some(Verdict::Ok)), unknown, row.lag)
    };
    let worst = rows()
        .filter(|(row, o)| o.verdict.is_some() || row.state != LagState::NoCommit)
        .max_by_key(weight);
    whole.verdict = worst.and_then(|(_, o)| o.verdict);
    whole.verdict_why = match worst {
        Some((row, o)) => o
            .verdict_why
            .as_ref()
            .map(|why| format!("{}: {why}", name(row))),
        None => Some(too_little(span.samples)),
    };
    whole.evidence = rows().filter_map(|(_, o)| o.evidence).min();
    let sum = rows()
        .filter_map(|(row, _)| row.lag)
        .reduce(i64::saturating_add);
    whole.rates = Rates::sum(rows().map(|(_, o)| &o.rates), sum);
    let lagging = || rows().filter(|(row, _)| row.lag.is_some_and(|lag| lag > 0));
    let stuck = lagging().filter(|(_, o)| o.drain_s.is_none() && o.rates.trend.is_some());
    let all_known = lagging().all(|(_, o)| o.drain_s.is_some());
    if let Some((row, _)) = stuck.max_by_key(|(row, _)| row.lag) {
        whole.slowest = Some(name(row));
    } else if let Some((row, o)) = lagging()
        .filter(|_| all_known)
        .max_by_key(|(_, o)| o.drain_s)
    {
        whole.drain_s = o.drain_s;
        whole.slowest = o.drain_s.filter(|s| *s > 0).map(|_| name(row));
    }
    let first = rows()
        .filter_map(|(row, o)| Some((row, o.loss.as_ref()?)))
        .min_by_key(|(_, loss)| loss.in_s);
    whole.loss = first.map(|(_, loss)| loss.clone());
    whole.loss_in = first.map(|(row, _)| name(row));
    whole
}

/// Time lag between samples, for a partition whose first unread record was not read.
pub fn interpolated_ms(row: &PartitionLag, points: &[Point], now_ms: i64) -> Option<i64> {
    if verdict::nothing_unread(row) {
        return None;
    }
    let mut table = Table::default();
    for point in since_reset(points) {
        if let Some(end) = point.log_end {
            table.insert(end, point.at_ms);
        }
    }
    let committed = row.committed?.max(row.log_start?);
    // Before the first point nothing was seen: a line through what came later is a guess.
    let oldest = table.oldest()?;
    (committed >= oldest || row.lag == Some(0))
        .then(|| table.time_lag_ms(committed, now_ms))
        .flatten()
}

/// What a group with so few samples is told.
fn too_little(samples: usize) -> String {
    match samples {
        0 | 1 => "one look tells no direction; kafka_group_watch takes more".into(),
        _ => "no partition with a known lag".into(),
    }
}

/// The points since the topic was last created, as far as they tell.
fn since_reset(points: &[Point]) -> &[Point] {
    let mut from = 0;
    let mut last = None;
    for (at, point) in points.iter().enumerate() {
        let Some(end) = point.log_end else { continue };
        if last.is_some_and(|last| another_log(last, end)) {
            from = at;
            last = None;
        }
        last = last.max(Some(end));
    }
    points.get(from..).unwrap_or_default()
}

/// Seconds until a lag is gone.
fn drain_s(lag: Option<i64>, rates: &Rates) -> Option<i64> {
    let lag = lag?;
    if lag == 0 {
        return Some(0);
    }
    if rates.trend != Some(Trend::Draining) {
        return None;
    }
    let gain = rates.consume_per_s? - rates.produce_per_s?;
    (gain > 0.0).then(|| (lag as f64 / gain).ceil() as i64)
}
