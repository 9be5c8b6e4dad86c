//! Lag of groups, in records and in time, from offsets that somebody else has fetched.
//!
//! A number that is not known is `None` with the reason beside it, never 0 and never negative; a
//! sum over partitions of which one is unknown says that it is a lower bound.
//! There is no history here: whether lag grows is judged elsewhere.
//!
//! Ask for the end offsets *after* the committed ones. In the other order a busy group commits in
//! between and looks as if it were beyond the end of the log.

mod answer;
mod gaps;
mod owner;
mod sums;
#[cfg(test)]
mod tests;

pub use answer::{GroupLag, LagState, LagTotals, Owner, PartitionLag, TopicLag};
pub use gaps::commit_gap;

use crate::model::{
    CommittedOffset, GroupDescription, GroupListing, GroupOffsets, GroupType, Missing, OffsetSpec,
    PartitionOffset, TopicPartition,
};
use gaps::Gaps;
use owner::Owners;
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

/// How a gap says that a topic is smaller than thought.
const NO_PARTITION: &str = "has no partition";

/// First and end offset of a partition, as far as known.
#[derive(Clone, Copy, Debug, Default)]
struct Bounds {
    start: Option<i64>,
    end: Option<i64>,
}

type BoundsByPartition<'a> = HashMap<&'a str, HashMap<i32, Bounds>>;

/// Lag of every group of the input, in the input's order; partitions by topic and index.
///
/// A group's partitions are those it committed to and those that its members hold.
pub fn lag(input: &LagInput<'_>) -> Vec<GroupLag> {
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
    input
        .groups
        .iter()
        .map(|listing| {
            let name = listing.group.as_str();
            let description = described.get(name).copied();
            group_lag(
                input,
                listing,
                committed.get(name).copied(),
                description,
                &bounds,
                &gaps,
            )
        })
        .collect()
}

/// The partitions that [`lag`] will show, sorted: those whose first and end offsets to ask for.
pub fn wanted_partitions(
    committed: &[GroupOffsets],
    descriptions: Option<&[GroupDescription]>,
) -> Vec<TopicPartition> {
    let mut wanted: BTreeSet<(&str, i32)> = committed
        .iter()
        .flat_map(|group| &group.offsets)
        .map(|offset| (offset.topic.as_str(), offset.partition))
        .collect();
    for description in descriptions.unwrap_or_default() {
        wanted.extend(Owners::of(description).partitions().map(|(key, _)| key));
    }
    wanted
        .into_iter()
        .map(|(topic, partition)| TopicPartition::new(topic, partition))
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

/// Offset at which the owner of this partition would read on, if there is anything to read there.
fn read_from(row: &PartitionLag) -> Option<i64> {
    let (committed, end) = (row.committed?, row.log_end?);
    let from = committed.max(row.log_start.unwrap_or(committed));
    (row.lag? > 0 && from < end).then_some(from)
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
    let mut rows: BTreeMap<(&str, i32), Commit<'_>> = BTreeMap::new();
    if let Some(owners) = &owners {
        let absent = |topic: &str, partition: i32| {
            gaps.of_partition(topic, partition)
                .is_some_and(|why| why.contains(NO_PARTITION))
        };
        let commit = match committed {
            Some(_) => Commit::None,
            None => Commit::Unknown("the group's committed offsets are not known"),
        };
        rows.extend(
            owners
                .partitions()
                .filter(|((topic, partition), derived)| !derived || !absent(topic, *partition))
                .map(|(key, _)| (key, commit)),
        );
    }
    for offset in committed.iter().flat_map(|group| &group.offsets) {
        let commit = match offset.offset {
            0.. => Commit::At(offset),
            _ => Commit::None,
        };
        rows.insert((offset.topic.as_str(), offset.partition), commit);
    }
    for (key, why) in gaps.commits(&listing.group) {
        rows.insert(*key, Commit::Unknown(why));
    }
    let partitions: Vec<PartitionLag> = rows
        .into_iter()
        .map(|((topic, partition), commit)| {
            let known = bounds
                .get(topic)
                .and_then(|of_topic| of_topic.get(&partition))
                .copied()
                .unwrap_or_default();
            let tp = TopicPartition::new(topic, partition);
            let mut row = records(&tp, commit, known, || gaps.of_partition(topic, partition));
            if let (Commit::At(start), GroupType::Share) = (commit, listing.group_type) {
                share(start, &mut row);
            }
            row.owner = owners
                .as_ref()
                .and_then(|owners| owners.of_partition(topic, partition));
            if listing.group_type == GroupType::Share && row.lag != Some(0) {
                row.time_why = Some("members of a share group acknowledge out of order".into());
            } else {
                time(input, &tp, &mut row);
            }
            row
        })
        .collect();
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
        coordinator: listing.coordinator,
        members,
        totals: sums::total(partitions.iter(), owners_known, short),
        topics: sums::by_topic(&partitions, owners_known, short),
        partitions,
        why,
    }
}

/// What is known of a group's commit in one partition.
#[derive(Clone, Copy)]
enum Commit<'a> {
    At(&'a CommittedOffset),
    None,
    Unknown(&'a str),
}

/// Lag in records of one partition.
fn records<'a>(
    tp: &TopicPartition,
    commit: Commit<'_>,
    known: Bounds,
    gap: impl Fn() -> Option<&'a str>,
) -> PartitionLag {
    let mut row = PartitionLag {
        topic: tp.topic.clone(),
        partition: tp.partition,
        committed: None,
        log_start: known.start,
        log_end: known.end,
        lag: None,
        lost: None,
        time_lag_ms: None,
        time_why: None,
        owner: None,
        state: LagState::Unknown,
        why: None,
    };
    let committed = match commit {
        Commit::Unknown(why) => {
            row.why = Some(why.to_owned());
            return row;
        }
        Commit::None => {
            row.state = LagState::NoCommit;
            // Without a commit the reset policy of the consumer decides where it begins; only an
            // empty log leaves nothing to decide.
            if known.start.is_some() && known.start == known.end {
                row.lag = Some(0);
            } else {
                row.why =
                    Some("nothing committed: the consumer's auto.offset.reset decides".into());
            }
            return row;
        }
        Commit::At(commit) => commit.offset,
    };
    row.committed = Some(committed);
    match (known.start, known.end) {
        (_, None) => {
            let why = gap().unwrap_or("the partition's end offset is not known");
            row.why = Some(why.to_owned());
        }
        (_, Some(end)) if committed > end => {
            row.state = LagState::BeyondEnd;
            row.why = Some(format!(
                "committed {} beyond the end of the log: the topic was deleted and created again, records were lost in an unclean election, or the offset was set by hand",
                committed - end
            ));
        }
        (start, Some(end)) => {
            row.state = LagState::Ok;
            row.lag = Some(end - committed);
            if let Some(start) = start.filter(|start| committed < *start) {
                row.state = LagState::Expired;
                row.lost = Some(start - committed);
                row.why = Some(format!(
                    "{} offsets were deleted (retention or DeleteRecords) before the group read them; its next fetch is out of range and auto.offset.reset decides",
                    start - committed
                ));
            }
        }
    }
    row
}

/// A share group's lag is what its coordinator counts; the start offset gives a bound only.
fn share(start: &CommittedOffset, row: &mut PartitionLag) {
    let at_most = row.lag.take();
    row.lag = start.lag;
    if let (None, Some(at_most)) = (row.lag, at_most) {
        if at_most == 0 {
            row.lag = Some(0);
        } else {
            row.why = Some(format!(
                "at most {at_most}: the broker does not tell how many records behind the start offset are acknowledged"
            ));
        }
    }
}

/// Lag in time of one partition, on top of its lag in records.
fn time(input: &LagInput<'_>, tp: &TopicPartition, row: &mut PartitionLag) {
    let Some(lag) = row.lag else {
        row.time_why = Some("the lag in records is not known".into());
        return;
    };
    if lag == 0 {
        row.time_lag_ms = Some(0);
        return;
    }
    let answer = (|| {
        let from =
            read_from(row).ok_or_else(|| "every unread record has been deleted".to_owned())?;
        let unread_ms = match input.first_unread.get(&(tp.clone(), from)) {
            None if input.first_unread.is_empty() => return Err("not asked for".to_owned()),
            None => return Err("the first unread record was not read".to_owned()),
            Some(answer) => answer.clone()?,
        };
        let reference_ms = input
            .now_ms
            .or_else(|| input.newest_ms.get(tp).copied())
            .ok_or_else(|| "the newest record's timestamp is not known".to_owned())?;
        if unread_ms < 0 {
            return Err("the first unread record carries no timestamp".to_owned());
        }
        let lag_ms = reference_ms.saturating_sub(unread_ms);
        if lag_ms < -CLOCK_SKEW_MS {
            return Err(format!(
                "the first unread record's timestamp lies {} ms in the future",
                lag_ms.saturating_neg()
            ));
        }
        Ok(lag_ms.max(0))
    })();
    match answer {
        Ok(lag_ms) => row.time_lag_ms = Some(lag_ms),
        Err(why) => row.time_why = Some(why),
    }
}
