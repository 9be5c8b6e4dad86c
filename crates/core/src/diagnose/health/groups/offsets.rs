//! Committed offsets against the logs they point into.

use super::super::finding::{Finding, Severity};
use super::super::rule::Rule;
use super::super::snapshot::{GroupSight, Snapshot};
use crate::model::{CommittedOffset, GroupType, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};

/// What a group has committed and what waits for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Backlog {
    /// Records behind, over the partitions of which the end is known.
    pub(in super::super) lag: u64,
    /// Partitions that are behind.
    pub(in super::super) behind: usize,
    /// Sum of the committed offsets.
    pub(in super::super) committed: u64,
}

/// The partitions that members hold; `None` where that is not known. A group keeps offsets in
/// topics that it has left, and those are nobody's trouble.
fn held(group: &GroupSight) -> Option<BTreeSet<(&str, i32)>> {
    // Members of the other types hold tasks, or share partitions.
    let by_assignment = matches!(
        group.listing.group_type,
        GroupType::Classic | GroupType::Consumer
    );
    let members = group.members.as_ref().filter(|m| !m.is_empty())?;
    let mut held = BTreeSet::new();
    for member in members {
        for topic in member.assignment.as_ref().filter(|_| by_assignment)? {
            held.extend(topic.partitions.iter().map(|p| (topic.topic.as_str(), *p)));
        }
    }
    // While it rebalances, nobody holds anything.
    (!held.is_empty()).then_some(held)
}

/// The backlog, in the partitions that members hold where that is known; `None` when nothing is
/// known of it.
pub(in super::super) fn backlog(snapshot: &Snapshot, group: &GroupSight) -> Option<Backlog> {
    let committed = group.committed.as_ref().filter(|c| !c.is_empty())?;
    let mut sum = Backlog::default();
    let mut known = false;
    let held = held(group);
    let is_held = |offset: &CommittedOffset| {
        held.as_ref()
            .is_none_or(|held| held.contains(&(offset.topic.as_str(), offset.partition)))
    };
    for offset in committed.iter().filter(|offset| is_held(offset)) {
        let at = offset.offset;
        sum.committed = sum
            .committed
            .saturating_add(u64::try_from(at).unwrap_or_default());
        let partition = TopicPartition::new(offset.topic.as_str(), offset.partition);
        let end = snapshot.log_ranges.get(&partition).and_then(|log| log.end);
        if let Some(lag) = offset.lag.or_else(|| Some(end?.saturating_sub(at))) {
            known = true;
            let lag = u64::try_from(lag).unwrap_or_default();
            sum.lag = sum.lag.saturating_add(lag);
            sum.behind += usize::from(lag > 0);
        }
    }
    known.then_some(sum)
}

/// What a group has lost in one partition.
struct Loss {
    partition: TopicPartition,
    /// A member holds it, as far as that is known.
    held: bool,
    words: String,
}

pub(super) fn judge(snapshot: &Snapshot, groups: &[GroupSight], findings: &mut Vec<Finding>) {
    let mut by_severity: BTreeMap<Severity, Vec<(String, Vec<Loss>)>> = BTreeMap::new();
    for group in groups {
        // A share group's start offset follows the log by itself.
        if group.listing.group_type == GroupType::Share {
            continue;
        }
        let mut losses = losses(snapshot, group);
        if losses.is_empty() {
            continue;
        }
        // Without members it may be a group that nobody will start again, and where no member
        // reads a topic that it has left.
        let in_use = group.listing.state != "Empty" && losses.iter().any(|l| l.held);
        let severity = if in_use {
            losses.retain(|l| l.held);
            Severity::Warning
        } else {
            Severity::Info
        };
        let rows = by_severity.entry(severity).or_default();
        rows.push((group.listing.group.clone(), losses));
    }
    for (severity, rows) in by_severity {
        let mut partitions: Vec<TopicPartition> = Vec::new();
        let words = rows
            .into_iter()
            .map(|(group, losses)| {
                partitions.extend(losses.iter().map(|l| l.partition.clone()));
                let more = match losses.len() {
                    1 => String::new(),
                    n => format!(" (and in {} more partitions)", n - 1),
                };
                let first = losses.first().map(|l| l.words.as_str()).unwrap_or_default();
                let words = format!("{group}: {first}{more}");
                (group, words)
            })
            .collect();
        partitions.sort();
        partitions.dedup();
        findings.push(Finding {
            meaning: "the next fetch there is out of range: auto.offset.reset decides where reading goes on (latest skips all that waits, earliest repeats, none stops), and records deleted unread are lost to the group".into(),
            remedy: "restore what was missed from its source if it matters; lengthen retention beyond the longest outage; reset offsets with intent before the group is started".into(),
            next_tool: Some("kafka_group_lag".into()),
            partitions,
            ..super::finding(Rule::OffsetsLost, severity, words)
        });
    }
}

fn losses(snapshot: &Snapshot, group: &GroupSight) -> Vec<Loss> {
    let mut losses = Vec::new();
    let held = held(group);
    for offset in group.committed.iter().flatten() {
        let partition = TopicPartition::new(offset.topic.as_str(), offset.partition);
        let Some(log) = snapshot.log_ranges.get(&partition) else {
            continue;
        };
        let at = offset.offset;
        let words = match (log.start, log.end) {
            (Some(start), _) if at < start => format!(
                "{partition} committed {at}, the log starts at {start}: {} offsets deleted unread",
                start.saturating_sub(at)
            ),
            (_, Some(end)) if at > end => format!(
                "{partition} committed {at}, the log ends at {end}: truncated, or the topic was made anew"
            ),
            _ => continue,
        };
        let key = (offset.topic.as_str(), offset.partition);
        losses.push(Loss {
            held: held.as_ref().is_none_or(|held| held.contains(&key)),
            partition,
            words,
        });
    }
    losses
}
