//! Lag of groups, in records and in time, from offsets that somebody else has fetched.
//!
//! A number that is not known is `None` with the reason beside it, never 0 and never negative; a
//! sum over partitions of which one is unknown says that it is a lower bound.
//! [`lag`] has no history; where a group is going is told by [`outlook`] from a [`History`].
//!
//! Ask for the end offsets *after* the committed ones. In the other order a busy group commits in
//! between and looks as if it were beyond the end of the log.

mod answer;
pub mod burrow;
mod gaps;
mod history;
pub mod interpolate;
mod members;
pub mod outlook;
mod owner;
mod position;
mod rows;
mod sums;
#[cfg(test)]
mod tests;

pub use answer::{GroupLag, LagState, LagTotals, Owner, PartitionLag, SubtopologyLag, TopicLag};
pub use gaps::commit_gap;
pub use history::{History, Limits, Point, Span};
pub use members::{MemberLoad, MemberLoads, SKEW_TIMES, member_loads};
pub use owner::{owned, owners_told};

use crate::model::{
    GroupDescription, GroupListing, GroupOffsets, GroupType, Missing, OffsetSpec, PartitionOffset,
    TopicPartition,
};
use gaps::Gaps;
use owner::Owners;
use position::Bounds;
pub use position::read_from;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How far a record's timestamp may lie in the future and still count as "just now", ms. Clocks of
/// producers, brokers and this machine differ a little.
pub const CLOCK_SKEW_MS: i64 = 5_000;

/// Timestamp of the first record that a group has not read: by partition and offset (see
/// [`unread_positions`]), the epoch ms, or why it is not known.
pub type FirstUnread = HashMap<(TopicPartition, i64), Result<i64, String>>;

/// What lag is computed from. All of it is what an engine answered, unchanged.
#[derive(Clone, Copy, Debug)]
pub struct LagInput<'a> {
    /// The groups to judge, as listed.
    pub groups: &'a [GroupListing],
    /// Committed offsets (share groups: start offsets). A listed group that is absent here could
    /// not be asked.
    pub committed: &'a [GroupOffsets],
    /// Answers for [`OffsetSpec::Earliest`] and [`OffsetSpec::Latest`]; others are ignored.
    pub offsets: &'a [PartitionOffset],
    /// Members with their assignments; `None` when nobody asked for them. A listed group that is
    /// absent from the slice could not be described.
    pub descriptions: Option<&'a [GroupDescription]>,
    /// Timestamps of first unread records; empty when time lag is not wanted.
    pub first_unread: &'a FirstUnread,
    /// Timestamp of the newest record by partition, epoch ms. Time lag is measured against it where
    /// there is no `now_ms`.
    pub newest_ms: &'a BTreeMap<TopicPartition, i64>,
    /// The present, epoch ms: time lag is then how long the oldest unread record has waited.
    pub now_ms: Option<i64>,
    /// Gaps of the answers above; they become the reasons of what is unknown.
    pub missing: &'a [Missing],
}

/// Why a share group has no time lag, and no verdict.
const OUT_OF_ORDER: &str = "members of a share group acknowledge out of order";

/// How the reading of an unread record's timestamp says that there is none: all offsets up to the
/// end are markers of transactions, or were compacted away. Nothing is late then.
pub const NO_RECORD: &str = "no record is at or after";

type BoundsByPartition<'a> = HashMap<&'a str, HashMap<i32, Bounds>>;

/// Lag of every group of the input, in the input's order; partitions by topic and index.
///
/// A group's partitions are those it committed to and those that its members hold.
pub fn lag(input: &LagInput<'_>) -> Vec<GroupLag> {
    each(input).collect()
}

/// As [`lag`], one group after the other: a thousand groups have a hundred thousand rows, which
/// whoever wants the sums alone need not keep all at once.
pub fn each<'a>(input: &'a LagInput<'a>) -> impl Iterator<Item = GroupLag> + 'a {
    let bounds = bounds(input.offsets);
    let gaps = Gaps::of(input.missing);
    let committed: HashMap<&str, &GroupOffsets> = input
        .committed
        .iter()
        .map(|g| (g.group.as_str(), g))
        .collect();
    let described: HashMap<&str, &GroupDescription> = input
        .descriptions
        .unwrap_or_default()
        .iter()
        .map(|d| (d.group.as_str(), d))
        .collect();
    input.groups.iter().map(move |listing| {
        let name = listing.group.as_str();
        group_lag(
            input,
            listing,
            committed.get(name).copied(),
            described.get(name).copied(),
            &bounds,
            &gaps,
        )
    })
}

/// The partitions that [`lag`] will show, sorted: those whose first and end offsets to ask for.
pub fn wanted_partitions(
    committed: &[GroupOffsets],
    descriptions: Option<&[GroupDescription]>,
) -> Vec<TopicPartition> {
    let mut wanted: BTreeMap<&str, BTreeSet<i32>> = BTreeMap::new();
    for group in committed {
        // A topic's offsets stand together: it is looked up once and not once for each.
        for of_topic in group.offsets.chunk_by(|a, b| a.topic == b.topic) {
            let Some(first) = of_topic.first() else {
                continue;
            };
            let partitions = wanted.entry(&first.topic).or_default();
            partitions.extend(of_topic.iter().map(|offset| offset.partition));
        }
    }
    for description in descriptions.unwrap_or_default() {
        for ((topic, partition), _) in Owners::of(description).partitions() {
            wanted.entry(topic).or_default().insert(partition);
        }
    }
    wanted
        .into_iter()
        .flat_map(|(topic, partitions)| {
            partitions
                .into_iter()
                .map(move |partition| TopicPartition::new(topic, partition))
        })
        .collect()
}

/// Where the first unread record of each lagging partition is: what [`LagInput::first_unread`] is
/// asked for. Sorted, each position once however many groups stand there.
pub fn unread_positions(groups: &[GroupLag]) -> Vec<(TopicPartition, i64)> {
    let mut found: Vec<_> = groups
        .iter()
        .filter(|group| group.group_type != GroupType::Share)
        .flat_map(|g| &g.partitions)
        .filter_map(|p| {
            Some((
                TopicPartition::new(p.topic.as_str(), p.partition),
                read_from(p)?,
            ))
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

fn bounds(offsets: &[PartitionOffset]) -> BoundsByPartition<'_> {
    let mut found: BoundsByPartition<'_> = HashMap::new();
    for answer in offsets {
        let entry = found
            .entry(answer.partition.topic.as_str())
            .or_default()
            .entry(answer.partition.partition)
            .or_default();
        match answer.spec {
            OffsetSpec::Earliest => entry.start = answer.offset,
            OffsetSpec::Latest => entry.end = answer.offset,
            OffsetSpec::MaxTimestamp | OffsetSpec::AtTime(_) => {}
        }
    }
    found
}

fn group_lag(
    input: &LagInput<'_>,
    listing: &GroupListing,
    committed: Option<&GroupOffsets>,
    description: Option<&GroupDescription>,
    bounds: &BoundsByPartition<'_>,
    gaps: &Gaps<'_>,
) -> GroupLag {
    let owners = description.map(Owners::of);
    let rows = rows::rows(committed, owners.as_ref(), gaps, &listing.group);
    let mut partitions = Vec::with_capacity(rows.len());
    // Of the topic of the last row, which most often is that of the next one too.
    let mut of_topic: Option<(&str, Option<&HashMap<i32, Bounds>>)> = None;
    for ((topic, partition), commit) in rows {
        let bounds = match of_topic {
            Some((last, bounds)) if last == topic => bounds,
            _ => bounds.get(topic),
        };
        of_topic = Some((topic, bounds));
        let known = bounds
            .and_then(|bounds| bounds.get(&partition))
            .copied()
            .unwrap_or_default();
        let gap = || gaps.of_partition(topic, partition);
        let mut row = position::records(topic, partition, commit, known, gap);
        if listing.group_type == GroupType::Share {
            position::share(commit, &mut row);
        }
        row.owner = owners
            .as_ref()
            .and_then(|owners| owners.of_partition(topic, partition));
        if listing.group_type == GroupType::Share && row.lag != Some(0) {
            row.time_why = Some(OUT_OF_ORDER.into());
        } else {
            position::time(input, &mut row);
        }
        partitions.push(row);
    }
    // The rows are then not all that there are.
    let short = committed.is_none();
    let why = match committed {
        None => Some(format!(
            "committed offsets are not known: {}",
            gaps.of_group(&listing.group, listing.coordinator)
                .unwrap_or("its coordinator gave no answer")
        )),
        Some(offsets) if offsets.offsets.is_empty() && gaps.commits(&listing.group).is_empty() => {
            Some(
                match listing.group_type {
                    GroupType::Share => "no partition has a start offset yet",
                    _ => "the group has committed no offsets",
                }
                .into(),
            )
        }
        Some(_) => None,
    };
    let owners_known = owners.as_ref().is_some_and(Owners::complete);
    let members = description.map(|d| d.members.len());
    GroupLag {
        group: listing.group.clone(),
        group_type: listing.group_type,
        state: listing.state.clone(),
        protocol_type: listing.protocol_type.clone(),
        coordinator: listing.coordinator,
        members,
        totals: sums::total(partitions.iter(), owners_known, short),
        topics: sums::by_topic(&partitions, owners_known, short),
        subtopologies: description.map_or_else(Vec::new, |d| {
            sums::by_subtopology(d, &partitions, owners_known, short)
        }),
        partitions,
        why,
    }
}
