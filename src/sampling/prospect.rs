//! From lag to where it is going, for the groups that an answer shows: what has to be read for that,
//! and the core's judgement on it.
//!
//! The timestamp of a first unread record costs a read, so a page of groups has a few read, one
//! position a partition; the rest is told from what was seen before, if anything was. Retention
//! costs one request more.

#[cfg(test)]
mod tests;

use super::gather::Facts;
use super::kept::Kept;
use super::logged::{self, logged};
use kafkaweave_client::kafka::Engine;
use kafkaweave_core::diagnose::lag::burrow::Commit;
use kafkaweave_core::diagnose::lag::outlook::{
    self, Evidence, GroupOutlook, PartitionOutlook, TimeLagSource,
};
use kafkaweave_core::diagnose::lag::{
    FirstUnread, GroupLag, NO_RECORD, PartitionLag, Point, Span, TopicLag, owned, read_from,
};
use kafkaweave_core::model::{GroupListing, GroupType, TopicPartition};
use std::collections::{BTreeSet, HashMap, HashSet};
use tokio::time::Instant;

/// A partition and the offset of a group's first unread record in it.
type Position = (TopicPartition, i64);

/// What was seen of a group, by partition in the group's order, the present not included.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// What rates are told from.
    pub(crate) points: Vec<Vec<Point>>,
    /// What verdicts are told from, where that is something longer.
    pub(crate) longer: Option<Vec<Vec<Point>>>,
    /// Ends of logs, seen for this group or another.
    pub(crate) ends: Vec<Vec<Point>>,
}

/// A group, and where it is going.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    /// Its lag, with time lags.
    pub(crate) lag: GroupLag,
    /// Where each partition is going, in the same order.
    pub(crate) partitions: Vec<PartitionOutlook>,
    /// Where each time lag was read.
    pub(crate) sources: Vec<Option<TimeLagSource>>,
    /// Where each topic is going, in the order of the group's topics.
    pub(crate) topics: Vec<GroupOutlook>,
    /// Where all of it is going.
    pub(crate) whole: GroupOutlook,
    /// What that stands on.
    pub(crate) evidence: Evidence,
}

/// Judges the groups of `order`, of which nothing but these is shown. `deep` is an answer that shows
/// partitions.
pub(crate) async fn judge(
    engine: &dyn Engine,
    facts: &mut Facts,
    order: &[GroupListing],
    seen: impl Fn(&GroupLag) -> Seen,
    deep: bool,
    deadline: Instant,
) -> Vec<Judged> {
    let at_ms = facts.at_ms;
    let rough = facts.judge(order, &FirstUnread::new());
    let positions = positions(&rough, deep);
    let exact = async {
        match positions.as_slice() {
            [] => FirstUnread::new(),
            positions => engine.timestamps(positions, deadline).await,
        }
    };
    let commits = async {
        match rough.as_slice() {
            [only] if deep => Some(logged(engine, only, deadline).await),
            _ => None,
        }
    };
    let (mut first_unread, (retention, gaps), commits) =
        tokio::join!(exact, Kept::of(engine, &rough, deadline), commits);
    facts.missing.extend(gaps);
    let seen: Vec<Seen> = rough
        .iter()
        .map(|group| with_present(seen(group), group, at_ms))
        .collect();
    let between = interpolate(&rough, &seen, &mut first_unread, at_ms);
    let judged = facts.judge(order, &first_unread);
    let (commits, unread) = match commits {
        Some(Ok(commits)) => (commits, None),
        Some(Err(why)) => (Vec::new(), Some(why)),
        None => (Vec::new(), None),
    };
    let one = |(lag, seen): (GroupLag, Seen)| {
        let mut judged = prospect(lag, &seen, &commits, &retention, &between, at_ms);
        if let (None, Some(why)) = (judged.whole.verdict, &unread) {
            let known = judged.whole.verdict_why.take().unwrap_or_default();
            judged.whole.verdict_why = Some(format!("{known}; earlier commits: {why}"));
        }
        judged
    };
    judged.into_iter().zip(seen).map(one).collect()
}

/// How many first unread records are read.
struct Reads {
    all: usize,
    of_partition: usize,
}

/// Read for a page of groups: no partition twice, as that costs another request.
const PAGE: Reads = Reads {
    all: 128,
    of_partition: 1,
};

/// Read for a page of few groups.
const SHORT_PAGE: Reads = Reads {
    all: 128,
    of_partition: 4,
};

/// As many groups are few.
const FEW: usize = 8;

/// Read where partitions are shown.
const DEEP: Reads = Reads {
    all: 512,
    of_partition: 8,
};

/// The positions to read, the worst partitions of each group first.
fn positions(groups: &[GroupLag], deep: bool) -> Vec<Position> {
    let reads = match deep {
        true => DEEP,
        false if groups.len() <= FEW => SHORT_PAGE,
        false => PAGE,
    };
    let mut worst: Vec<Vec<Position>> = Vec::new();
    for group in groups.iter().filter(|g| g.group_type != GroupType::Share) {
        let mut rows: Vec<&PartitionLag> = group.partitions.iter().collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.lag));
        worst.push(rows.into_iter().filter_map(position).collect());
    }
    let mut taken: HashMap<&TopicPartition, BTreeSet<i64>> = HashMap::new();
    let mut found: BTreeSet<&Position> = BTreeSet::new();
    let mut left: Vec<_> = worst.iter().map(|own| own.iter()).collect();
    // In turns, so that the last group of a page has its worst partition read too.
    while !left.is_empty() && found.len() < reads.all {
        left.retain_mut(|own| {
            let next = own.find(|(partition, offset)| {
                let at = taken.entry(partition).or_default();
                at.contains(offset) || at.len() < reads.of_partition
            });
            let Some(next) = next.filter(|_| found.len() < reads.all) else {
                return false;
            };
            taken.entry(&next.0).or_default().insert(next.1);
            found.insert(next);
            true
        });
    }
    found.into_iter().cloned().collect()
}

fn position(row: &PartitionLag) -> Option<Position> {
    let partition = TopicPartition::new(row.topic.as_str(), row.partition);
    Some((partition, read_from(row)?))
}

fn with_present(seen: Seen, group: &GroupLag, at_ms: i64) -> Seen {
    let close = |mut points: Vec<Vec<Point>>| {
        points.resize(group.partitions.len(), Vec::new());
        for (points, row) in points.iter_mut().zip(&group.partitions) {
            points.push(Point {
                at_ms,
                committed: row.committed,
                owned: owned(group, row),
                log_end: row.log_end,
            });
        }
        points
    };
    Seen {
        points: close(seen.points),
        longer: seen.longer.map(close),
        ends: close(seen.ends),
    }
}

/// Tells time lags that were not read from what was seen; returns where it did.
fn interpolate(
    groups: &[GroupLag],
    seen: &[Seen],
    first_unread: &mut FirstUnread,
    now_ms: i64,
) -> HashSet<Position> {
    let mut between = HashSet::new();
    for (group, seen) in groups.iter().zip(seen) {
        if group.group_type == GroupType::Share {
            continue;
        }
        let points = seen.ends.iter().zip(&seen.points);
        for (row, (ends, points)) in group.partitions.iter().zip(points) {
            let Some(position) = position(row) else {
                continue;
            };
            // What was read is exact; where reading found nothing to be read, nothing is late.
            let known = |read: &Result<i64, String>| match read {
                Ok(_) => true,
                Err(why) => why.contains(NO_RECORD),
            };
            if first_unread.get(&position).is_some_and(known) {
                continue;
            }
            let from = |points: &[Point]| outlook::interpolated_ms(row, points, now_ms);
            if let Some(ms) = from(ends).or_else(|| from(points)) {
                first_unread.insert(position.clone(), Ok(now_ms.saturating_sub(ms)));
                between.insert(position);
            }
        }
    }
    between
}

fn prospect(
    lag: GroupLag,
    seen: &Seen,
    commits: &[Vec<Commit>],
    kept: &Kept,
    between: &HashSet<Position>,
    now_ms: i64,
) -> Judged {
    let longer = seen.longer.as_deref().unwrap_or_default();
    let mut evidence = Evidence::Samples;
    let mut shown: Vec<&[Point]> = Vec::new();
    let from_log: Vec<Vec<Point>> = lag
        .partitions
        .iter()
        .zip(commits)
        .map(|(row, own)| logged::points(row, own, now_ms))
        .collect();
    let mut partitions: Vec<PartitionOutlook> = Vec::new();
    for (at, (row, points)) in lag.partitions.iter().zip(&seen.points).enumerate() {
        let retention = kept.of_row(row);
        let own = commits.get(at).map(Vec::as_slice).unwrap_or_default();
        let logged = from_log.get(at).map(Vec::as_slice).unwrap_or_default();
        // Looks are as good as commits once they reach as far back.
        let points = match own {
            [] => points,
            _ if reach_ms(points) >= reach_ms(logged) => points,
            _ => logged,
        };
        shown.push(points);
        let told = |points: &[Point], retention| match own {
            [] => outlook::partition(row, points, retention, now_ms),
            own => outlook::partition_of_commits(row, own, points, retention, now_ms),
        };
        let mut found = told(points, Some(&retention));
        if !own.is_empty() {
            evidence = Evidence::Commits;
        } else if let Some(longer) = longer.get(at) {
            let whole = told(longer, None);
            found.verdict = whole.verdict.or(found.verdict);
            found.verdict_why = whole.verdict_why.or(found.verdict_why);
        }
        partitions.push(found);
    }
    let span = span(&shown);
    let source = |row: &PartitionLag| {
        row.time_lag_ms?;
        Some(match position(row) {
            Some(position) if between.contains(&position) => TimeLagSource::Interpolated,
            _ => TimeLagSource::Exact,
        })
    };
    Judged {
        sources: lag.partitions.iter().map(source).collect(),
        topics: lag
            .topics
            .iter()
            .map(|topic| of_topic(&lag, topic, &partitions, span))
            .collect(),
        whole: outlook::group(&lag, &partitions, span),
        evidence,
        partitions,
        lag,
    }
}

/// The outlook of one topic of a group.
fn of_topic(
    group: &GroupLag,
    topic: &TopicLag,
    outlooks: &[PartitionOutlook],
    span: Span,
) -> GroupOutlook {
    let (partitions, outlooks): (Vec<PartitionLag>, Vec<PartitionOutlook>) = group
        .partitions
        .iter()
        .zip(outlooks)
        .filter(|(row, _)| row.topic == topic.topic)
        .map(|(row, outlook)| (row.clone(), outlook.clone()))
        .unzip();
    let part = GroupLag {
        group: group.group.clone(),
        group_type: group.group_type,
        state: group.state.clone(),
        protocol_type: group.protocol_type.clone(),
        coordinator: group.coordinator,
        members: group.members,
        totals: topic.totals.clone(),
        topics: Vec::new(),
        subtopologies: Vec::new(),
        partitions,
        why: None,
    };
    outlook::group(&part, &outlooks, span)
}

fn reach_ms(points: &[Point]) -> i64 {
    let ends = points.first().zip(points.last());
    ends.map_or(0, |(first, last)| last.at_ms.saturating_sub(first.at_ms))
}

/// How much there is of a group, the present included.
pub(crate) fn span(points: &[impl AsRef<[Point]>]) -> Span {
    let points = || points.iter().map(AsRef::as_ref);
    let first = points().filter_map(<[Point]>::first).map(|p| p.at_ms);
    let last = points().filter_map(<[Point]>::last).map(|p| p.at_ms);
    Span {
        samples: points().map(<[Point]>::len).max().unwrap_or(0),
        span_ms: first
            .min()
            .zip(last.max())
            .map_or(0, |(first, last)| last.saturating_sub(first)),
    }
}
