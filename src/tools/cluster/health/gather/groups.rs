//! Groups with members and commits, and the ends of the logs that they commit in.

use super::{Asked, left_out};
use kafkaweave_core::diagnose::health::{GroupSight, LogRange};
use kafkaweave_core::model::{
    GroupDescription, GroupListing, GroupOffsets, GroupType, Isolation, Missing, OffsetSpec,
    Partial, TopicPartition,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Groups whose members and commits are read.
const MOST_GROUPS: usize = 1_000;

/// Partitions whose first and next offset are read.
const MOST_PARTITIONS: usize = 10_000;

type Ranges = BTreeMap<TopicPartition, LogRange>;

/// All groups as they are listed; members and commits of as many as one call may read, those with
/// members first.
pub(super) async fn groups(asked: Asked<'_>) -> Partial<(Option<Vec<GroupSight>>, Ranges)> {
    let mut missing = Vec::new();
    let listed = asked.part("groups", asked.engine.groups()).await;
    let Some(mut listed) = listed.into_value(&mut missing) else {
        return Partial {
            value: (None, Ranges::new()),
            missing,
        };
    };
    // Empty groups come last: they change least from call to call.
    listed.sort_by(|a, b| (is_empty(a), &a.group).cmp(&(is_empty(b), &b.group)));
    let chosen = listed.get(..MOST_GROUPS).unwrap_or(&listed);
    if listed.len() > MOST_GROUPS {
        let instead = "kafka_group_lag reads all of them";
        let what = "offsets and members of further groups";
        missing.push(left_out(what, MOST_GROUPS, listed.len(), instead));
    }
    // A group that is listed as empty has no members to describe.
    let live: Vec<GroupListing> = chosen.iter().filter(|g| !is_empty(g)).cloned().collect();
    let (described, committed) = tokio::join!(
        asked.part("members of groups", asked.engine.describe_groups(&live)),
        asked.part("committed offsets", asked.engine.committed(chosen)),
    );
    let described = described.into_value(&mut missing);
    let committed = committed.into_value(&mut missing);
    let ranges = ranges(asked, committed.as_deref().unwrap_or_default(), chosen)
        .await
        .into_value(&mut missing);
    let sights = sights(listed, described, committed);
    Partial {
        value: (Some(sights), ranges),
        missing,
    }
}

/// Listed as `Empty`, by a type of which that is the whole truth.
fn is_empty(group: &GroupListing) -> bool {
    let told = matches!(group.group_type, GroupType::Classic | GroupType::Consumer);
    told && group.state == "Empty"
}

/// First and next offset of the partitions that groups have committed in. Read after the commits,
/// so that a commit is not taken for one beyond the end.
async fn ranges(
    asked: Asked<'_>,
    committed: &[GroupOffsets],
    groups: &[GroupListing],
) -> Partial<Ranges> {
    // Share groups tell their own lag, and keep no position that could be lost.
    let share: BTreeSet<&str> = groups
        .iter()
        .filter(|g| g.group_type == GroupType::Share)
        .map(|g| g.group.as_str())
        .collect();
    let mut partitions: BTreeSet<TopicPartition> = committed
        .iter()
        .filter(|g| !share.contains(g.group.as_str()))
        .flat_map(|g| &g.offsets)
        .map(|o| TopicPartition::new(o.topic.as_str(), o.partition))
        .collect();
    let mut missing: Vec<Missing> = Vec::new();
    if partitions.len() > MOST_PARTITIONS {
        let instead = "kafka_group_lag reads all of them";
        let what = "ends of further partitions";
        missing.push(left_out(what, MOST_PARTITIONS, partitions.len(), instead));
        partitions = partitions.into_iter().take(MOST_PARTITIONS).collect();
    }
    if partitions.is_empty() {
        return Partial {
            value: Ranges::new(),
            missing,
        };
    }
    let queries: Vec<_> = partitions
        .into_iter()
        .flat_map(|p| [(p.clone(), OffsetSpec::Earliest), (p, OffsetSpec::Latest)])
        .collect();
    let question = asked.engine.offsets(&queries, Isolation::ReadUncommitted);
    let found = asked.part("ends of partitions", question).await;
    let mut ranges = Ranges::new();
    for offset in found.into_value(&mut missing).unwrap_or_default() {
        let range = ranges.entry(offset.partition).or_default();
        match offset.spec {
            OffsetSpec::Earliest => range.start = offset.offset,
            _ => range.end = offset.offset,
        }
    }
    Partial {
        value: ranges,
        missing,
    }
}

fn sights(
    listed: Vec<GroupListing>,
    described: Option<Vec<GroupDescription>>,
    committed: Option<Vec<GroupOffsets>>,
) -> Vec<GroupSight> {
    let mut members: HashMap<String, _> = described
        .into_iter()
        .flatten()
        .map(|g| (g.group, g.members))
        .collect();
    let mut offsets: HashMap<String, _> = committed
        .into_iter()
        .flatten()
        .map(|g| (g.group, g.offsets))
        .collect();
    listed
        .into_iter()
        .map(|listing| GroupSight {
            members: if is_empty(&listing) {
                Some(Vec::new())
            } else {
                members.remove(&listing.group)
            },
            committed: offsets.remove(&listing.group),
            listing,
        })
        .collect()
}
