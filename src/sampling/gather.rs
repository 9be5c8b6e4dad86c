//! What lag is judged from, and how it is gathered: the same for a question, for a watch and for the
//! looks between questions.
//!
//! Requests follow the number of brokers. Members cost one more request for each batch of groups, so
//! that a question about very many groups describes only those that it shows ([`Facts::describe`]);
//! groups that are listed as empty have none, and are not described at all.

use crate::dispatch::now_ms;
use crate::problem::Error;
use kafkaweave_client::kafka::{Engine, KafkaError};
use kafkaweave_core::diagnose::lag::{
    FirstUnread, GroupLag, LagInput, each, lag, wanted_partitions,
};
use kafkaweave_core::model::{
    GroupDescription, GroupListing, GroupOffsets, GroupType, Isolation, Missing, OffsetSpec,
    Partial, PartitionOffset, TopicPartition,
};
use kafkaweave_core::names::NameFilter;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Time lag is measured against the present.
static NONE_NEWEST: BTreeMap<TopicPartition, i64> = BTreeMap::new();

/// Groups whose rows are held at once where all of very many are judged.
const AT_ONCE: usize = 100;

/// All that lag is judged from.
pub(crate) struct Facts {
    committed: Vec<GroupOffsets>,
    descriptions: Option<Vec<GroupDescription>>,
    offsets: Vec<PartitionOffset>,
    /// Gaps.
    pub(crate) missing: Vec<Missing>,
    /// Groups with offsets or partitions, none of them on a topic that was asked for.
    pub(crate) elsewhere: BTreeSet<String>,
    /// When the ends of logs had been read, epoch ms.
    pub(crate) at_ms: i64,
}

/// When members are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Members {
    /// With the offsets.
    Now,
    /// Not yet; see [`Facts::describe`].
    Later,
}

/// Asks for offsets of partitions after the committed ones: in the other order a busy group looks
/// as if it were beyond the end.
pub(crate) async fn gather(
    engine: &dyn Engine,
    groups: &[GroupListing],
    topics: &NameFilter,
    members: Members,
    mut missing: Vec<Missing>,
) -> Result<Facts, Error> {
    let described = async {
        match members {
            Members::Now => Some(describe(engine, groups).await),
            Members::Later => None,
        }
    };
    let (committed, described) = tokio::join!(engine.committed(groups), described);
    let mut committed = committed?.into_value(&mut missing);
    let mut descriptions = described.and_then(|described| known(described, &mut missing));
    let before = holders(&committed, descriptions.as_deref());
    for group in &mut committed {
        group.offsets.retain(|o| topics.matches(&o.topic));
    }
    narrow(descriptions.as_deref_mut().unwrap_or_default(), topics);
    let elsewhere = before
        .difference(&holders(&committed, descriptions.as_deref()))
        .cloned()
        .collect();
    let mut facts = Facts {
        committed,
        descriptions,
        offsets: Vec::new(),
        missing,
        elsewhere,
        at_ms: 0,
    };
    facts.ask_offsets(engine, topics).await;
    facts.at_ms = now_ms();
    Ok(facts)
}

impl Facts {
    /// The groups' sums, without time. Without rows by topic and partition, too: those of a
    /// thousand groups would be most of the memory.
    pub(crate) fn sums(&self, groups: &[GroupListing]) -> Vec<GroupLag> {
        each(&self.input(groups, &FirstUnread::new()))
            .map(|group| GroupLag {
                topics: Vec::new(),
                subtopologies: Vec::new(),
                partitions: Vec::new(),
                ..group
            })
            .collect()
    }

    /// Lag of these groups.
    pub(crate) fn judge(
        &self,
        groups: &[GroupListing],
        first_unread: &FirstUnread,
    ) -> Vec<GroupLag> {
        lag(&self.input(groups, first_unread))
    }

    /// Lag of very many groups without time, some at a time.
    pub(crate) fn in_parts<'a>(
        &'a self,
        groups: &'a [GroupListing],
    ) -> impl Iterator<Item = Vec<GroupLag>> + 'a {
        groups
            .chunks(AT_ONCE)
            .map(|part| self.judge(part, &FirstUnread::new()))
    }

    fn input<'a>(
        &'a self,
        groups: &'a [GroupListing],
        first_unread: &'a FirstUnread,
    ) -> LagInput<'a> {
        LagInput {
            groups,
            committed: &self.committed,
            offsets: &self.offsets,
            descriptions: self.descriptions.as_deref(),
            first_unread,
            newest_ms: &NONE_NEWEST,
            now_ms: Some(self.at_ms),
            missing: &self.missing,
        }
    }

    /// Forgets what is about other groups; from here on only these may be judged. Of a thousand
    /// groups it is most of the memory.
    pub(crate) fn only(&mut self, groups: &[GroupListing]) {
        let kept: HashSet<&str> = groups.iter().map(|g| g.group.as_str()).collect();
        self.committed.retain(|c| kept.contains(c.group.as_str()));
        if let Some(descriptions) = &mut self.descriptions {
            descriptions.retain(|d| kept.contains(d.group.as_str()));
        }
    }

    /// Whether members were asked for.
    pub(crate) fn described(&self) -> bool {
        self.descriptions.is_some()
    }

    /// Asks for the members of `groups`, and for the ends of partitions that only members make
    /// known. From here on only these groups may be judged.
    pub(crate) async fn describe(
        &mut self,
        engine: &dyn Engine,
        groups: &[GroupListing],
        topics: &NameFilter,
    ) {
        self.only(groups);
        self.descriptions = known(describe(engine, groups).await, &mut self.missing);
        narrow(self.descriptions.as_deref_mut().unwrap_or_default(), topics);
        self.ask_offsets(engine, topics).await;
    }

    /// First and end offsets of what is wanted and not there yet.
    async fn ask_offsets(&mut self, engine: &dyn Engine, topics: &NameFilter) {
        let there: HashSet<&TopicPartition> = self.offsets.iter().map(|o| &o.partition).collect();
        let queries: Vec<_> = wanted_partitions(&self.committed, self.descriptions.as_deref())
            .into_iter()
            .filter(|p| topics.matches(&p.topic) && !there.contains(p))
            .flat_map(|p| [(p.clone(), OffsetSpec::Earliest), (p, OffsetSpec::Latest)])
            .collect();
        if queries.is_empty() {
            return;
        }
        match engine.offsets(&queries, Isolation::ReadUncommitted).await {
            Ok(offsets) => self.offsets.extend(offsets.into_value(&mut self.missing)),
            Err(error) => self.missing.push(gap("offsets of partitions", &error)),
        }
    }
}

/// A gap that concerns no broker in particular.
pub(crate) fn gap(what: &str, error: &KafkaError) -> Missing {
    Missing {
        what: what.into(),
        broker: None,
        why: error.to_string(),
    }
}

/// Whether a listing says already that there are no members. What a streams group reads is known
/// from its description alone.
fn is_empty(listing: &GroupListing) -> bool {
    listing.state == "Empty" && listing.group_type != GroupType::Streams
}

/// How many groups would have to be described.
pub(crate) fn live(groups: &[GroupListing]) -> usize {
    groups.iter().filter(|listing| !is_empty(listing)).count()
}

async fn describe(
    engine: &dyn Engine,
    groups: &[GroupListing],
) -> Result<Partial<Vec<GroupDescription>>, KafkaError> {
    let (empty, live): (Vec<GroupListing>, Vec<GroupListing>) =
        groups.iter().cloned().partition(is_empty);
    let mut described = match live.as_slice() {
        [] => Partial::default(),
        live => engine.describe_groups(live).await?,
    };
    let without = |listing: GroupListing| GroupDescription {
        group: listing.group,
        group_type: listing.group_type,
        state: listing.state,
        protocol_type: listing.protocol_type,
        assignor: String::new(),
        coordinator: listing.coordinator,
        epoch: None,
        assignment_epoch: None,
        members: Vec::new(),
        subtopologies: Vec::new(),
    };
    described.value.extend(empty.into_iter().map(without));
    Ok(described)
}

fn known(
    described: Result<Partial<Vec<GroupDescription>>, KafkaError>,
    missing: &mut Vec<Missing>,
) -> Option<Vec<GroupDescription>> {
    match described {
        Ok(described) => Some(described.into_value(missing)),
        Err(error) => {
            missing.push(gap("members", &error));
            None
        }
    }
}

/// Leaves the topics that were asked for.
fn narrow(descriptions: &mut [GroupDescription], topics: &NameFilter) {
    for description in descriptions {
        for member in &mut description.members {
            let held = member.assignment.iter_mut();
            held.for_each(|held| held.retain(|a| topics.matches(&a.topic)));
        }
        // Members of a streams group hold tasks, whose topics are those of their sub-topology.
        for (_, sources) in &mut description.subtopologies {
            sources.retain(|topic| topics.matches(topic));
        }
    }
}

/// Groups with offsets or with partitions in the hands of members.
fn holders(
    committed: &[GroupOffsets],
    descriptions: Option<&[GroupDescription]>,
) -> BTreeSet<String> {
    let offsets = committed
        .iter()
        .filter(|g| !g.offsets.is_empty())
        .map(|g| g.group.clone());
    let holds = |d: &&GroupDescription| {
        d.members
            .iter()
            .any(|m| m.assignment.iter().any(|held| !held.is_empty()))
    };
    let held = descriptions.unwrap_or_default().iter().filter(holds);
    offsets.chain(held.map(|d| d.group.clone())).collect()
}
