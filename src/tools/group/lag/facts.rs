//! What lag is judged from, and how it is gathered.

use crate::problem::Error;
use kafkaweave_client::kafka::{Engine, KafkaError};
use kafkaweave_core::diagnose::lag::{
    FirstUnread, GroupLag, LagInput, each, lag, wanted_partitions,
};
use kafkaweave_core::model::{
    GroupDescription, GroupListing, GroupOffsets, Isolation, Missing, OffsetSpec, PartitionOffset,
    TopicPartition,
};
use kafkaweave_core::names::NameFilter;
use std::collections::{BTreeMap, BTreeSet};

/// Time lag is measured against the present.
static NONE_NEWEST: BTreeMap<TopicPartition, i64> = BTreeMap::new();

/// All that lag is judged from.
pub(super) struct Facts {
    committed: Vec<GroupOffsets>,
    descriptions: Option<Vec<GroupDescription>>,
    offsets: Vec<PartitionOffset>,
    pub(super) missing: Vec<Missing>,
    /// Groups with offsets or partitions, none of them on a topic that was asked for.
    pub(super) elsewhere: BTreeSet<String>,
}

impl Facts {
    /// The groups' sums, without time. Without rows by topic and partition, too: those of a
    /// thousand groups would be most of the memory.
    pub(super) fn sums(&self, groups: &[GroupListing], now_ms: i64) -> Vec<GroupLag> {
        each(&self.input(groups, &FirstUnread::new(), now_ms))
            .map(|group| GroupLag {
                topics: Vec::new(),
                partitions: Vec::new(),
                ..group
            })
            .collect()
    }

    pub(super) fn judge(
        &self,
        groups: &[GroupListing],
        first_unread: &FirstUnread,
        now_ms: i64,
    ) -> Vec<GroupLag> {
        lag(&self.input(groups, first_unread, now_ms))
    }

    fn input<'a>(
        &'a self,
        groups: &'a [GroupListing],
        first_unread: &'a FirstUnread,
        now_ms: i64,
    ) -> LagInput<'a> {
        LagInput {
            groups,
            committed: &self.committed,
            offsets: &self.offsets,
            descriptions: self.descriptions.as_deref(),
            first_unread,
            newest_ms: &NONE_NEWEST,
            now_ms: Some(now_ms),
            missing: &self.missing,
        }
    }
}

/// Asks for offsets of partitions after the committed ones: in the other order a busy group looks
/// as if it were beyond the end.
pub(super) async fn gather(
    engine: &dyn Engine,
    groups: &[GroupListing],
    topics: &NameFilter,
    mut missing: Vec<Missing>,
) -> Result<Facts, Error> {
    let (committed, described) =
        tokio::join!(engine.committed(groups), engine.describe_groups(groups));
    let mut committed = committed?.into_value(&mut missing);
    let gap = |what: &str, error: &KafkaError| Missing {
        what: what.into(),
        broker: None,
        why: error.to_string(),
    };
    let mut descriptions = match described {
        Ok(described) => Some(described.into_value(&mut missing)),
        Err(error) => {
            missing.push(gap("members", &error));
            None
        }
    };
    let holders = |committed: &[GroupOffsets],
                   descriptions: Option<&[GroupDescription]>|
     -> BTreeSet<String> {
        let offsets = committed
            .iter()
            .filter(|g| !g.offsets.is_empty())
            .map(|g| g.group.clone());
        let holds = |d: &&GroupDescription| {
            d.members
                .iter()
                .any(|m| m.assignment.iter().any(|held| !held.is_empty()))
        };
        offsets
            .chain(
                descriptions
                    .unwrap_or_default()
                    .iter()
                    .filter(holds)
                    .map(|d| d.group.clone()),
            )
            .collect()
    };
    let before = holders(&committed, descriptions.as_deref());
    for group in &mut committed {
        group.offsets.retain(|o| topics.matches(&o.topic));
    }
    for member in descriptions
        .iter_mut()
        .flatten()
        .flat_map(|d| &mut d.members)
    {
        member
            .assignment
            .iter_mut()
            .for_each(|held| held.retain(|a| topics.matches(&a.topic)));
    }
    let elsewhere = before
        .difference(&holders(&committed, descriptions.as_deref()))
        .cloned()
        .collect();
    // Members of a streams group hold tasks, whose topics are those of their sub-topology.
    for (_, sources) in descriptions
        .iter_mut()
        .flatten()
        .flat_map(|d| &mut d.subtopologies)
    {
        sources.retain(|topic| topics.matches(topic));
    }
    let queries: Vec<_> = wanted_partitions(&committed, descriptions.as_deref())
        .into_iter()
        .filter(|p| topics.matches(&p.topic))
        .flat_map(|p| [(p.clone(), OffsetSpec::Earliest), (p, OffsetSpec::Latest)])
        .collect();
    let offsets = match engine.offsets(&queries, Isolation::ReadUncommitted).await {
        Ok(offsets) => offsets.into_value(&mut missing),
        Err(error) => {
            missing.push(gap("offsets of partitions", &error));
            Vec::new()
        }
    };
    Ok(Facts {
        committed,
        descriptions,
        offsets,
        missing,
        elsewhere,
    })
}
