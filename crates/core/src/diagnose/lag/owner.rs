//! Which member holds which partition, and whether any does.

use super::{GroupLag, Owner, PartitionLag};
use crate::model::{GroupDescription, Member};
use std::collections::BTreeMap;

/// The partitions that members hold, each with its holders.
pub(super) struct Owners<'a> {
    held: BTreeMap<(&'a str, i32), Holders<'a>>,
    /// Whether every member's assignment is known.
    complete: bool,
}

/// The first holder by member order and how many there are beside it.
struct Holders<'a> {
    first: &'a Member,
    others: usize,
    derived: bool,
}

impl<'a> Owners<'a> {
    pub(super) fn of(description: &'a GroupDescription) -> Self {
        let mut owners = Self {
            held: BTreeMap::new(),
            complete: description.members.iter().all(|m| m.assignment.is_some()),
        };
        for member in &description.members {
            for topic in member.assignment.iter().flatten() {
                for partition in &topic.partitions {
                    owners.add(&topic.topic, *partition, member, false);
                }
            }
            // A streams member holds tasks: an active task reads its partition number of every
            // source topic of its sub-topology, if the topic has that many. Standby and warm-up
            // tasks read changelogs only.
            for task in member.tasks.iter().filter(|task| task.role == "active") {
                let topics = description
                    .subtopologies
                    .iter()
                    .filter(|(id, _)| *id == task.subtopology)
                    .flat_map(|(_, topics)| topics);
                for topic in topics {
                    for partition in &task.partitions {
                        owners.add(topic, *partition, member, true);
                    }
                }
            }
        }
        owners
    }

    fn add(&mut self, topic: &'a str, partition: i32, member: &'a Member, derived: bool) {
        self.held
            .entry((topic, partition))
            .and_modify(|holders| {
                if holders.first.member_id != member.member_id {
                    holders.others += 1;
                }
            })
            .or_insert(Holders {
                first: member,
                others: 0,
                derived,
            });
    }

    /// Whether a partition without an owner here has none.
    pub(super) fn complete(&self) -> bool {
        self.complete
    }

    /// Partitions held by anybody, sorted; whether each is derived from a task, so that the topic
    /// may not even have it.
    pub(super) fn partitions(&self) -> impl Iterator<Item = ((&'a str, i32), bool)> + '_ {
        self.held
            .iter()
            .map(|(key, holders)| (*key, holders.derived))
    }

    pub(super) fn of_partition(&self, topic: &str, partition: i32) -> Option<Owner> {
        self.held.get(&(topic, partition)).map(|holders| Owner {
            member_id: holders.first.member_id.clone(),
            client_id: holders.first.client_id.clone(),
            host: holders.first.host.clone(),
            others: holders.others,
        })
    }
}

/// States in which partitions are on their way from member to member.
const REBALANCING: [&str; 5] = [
    "PreparingRebalance",
    "CompletingRebalance",
    "Assigning",
    "Reconciling",
    "NotReady",
];

/// Whether a partition of the group that shows no owner is held by nobody. It is not told when
/// members are not known, partitions are on their way from one to another, or the group is none of
/// members at all but of clients that assign partitions to themselves (Flink, Spark) and only
/// commit.
pub fn owners_told(group: &GroupLag) -> bool {
    let assigns_itself = group.protocol_type.is_empty() && group.members.unwrap_or(0) == 0;
    group.totals.without_owner.is_some()
        && !assigns_itself
        && !REBALANCING.contains(&group.state.as_str())
}

/// Whether a member holds a partition of a group; `None` when that cannot be told (see
/// [`owners_told`]).
pub fn owned(group: &GroupLag, row: &PartitionLag) -> Option<bool> {
    let held = row.owner.is_some();
    (held || owners_told(group)).then_some(held)
}
