//! OffsetCommit, OffsetFetch, OffsetDelete.

use std::collections::BTreeSet;
use std::time::Instant;

use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::offset_delete_response::{
    OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest, OffsetDeleteResponse,
    OffsetFetchRequest, OffsetFetchResponse, TopicName,
};

use super::groups::check_coordinator;
use crate::cluster::State;
use crate::dispatch::Context;
use crate::group::{Committed, Group, MAX_GROUPS, MAX_METADATA_BYTES, Membership, embedded};
use crate::wire::{code, text, topic_name};

pub(crate) fn commit(
    context: &Context,
    request: &OffsetCommitRequest,
    version: i16,
) -> OffsetCommitResponse {
    let mut state = context.cluster.state();
    let error = may_commit(context, &mut state, request, version).err();
    let State { topics, groups, .. } = &mut *state;
    let mut group = groups.get_mut(request.group_id.as_str());
    let rows = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|asked| {
            let row = OffsetCommitResponsePartition::default()
                .with_partition_index(asked.partition_index);
            if let Some(error) = error {
                return row.with_error_code(error);
            }
            let known = topics
                .get(topic.name.as_str())
                .map_or(0, |topic| topic.partitions.len());
            if usize::try_from(asked.partition_index).map_or(true, |index| index >= known) {
                return row.with_error_code(code::UNKNOWN_TOPIC_OR_PARTITION);
            }
            let metadata = asked.committed_metadata.as_deref().unwrap_or_default();
            if metadata.len() > MAX_METADATA_BYTES {
                return row.with_error_code(code::OFFSET_METADATA_TOO_LARGE);
            }
            if let Some(group) = &mut group {
                let committed = Committed {
                    offset: asked.committed_offset,
                    leader_epoch: if version >= 6 {
                        asked.committed_leader_epoch
                    } else {
                        -1
                    },
                    metadata: metadata.to_owned(),
                };
                group
                    .offsets
                    .insert((topic.name.to_string(), asked.partition_index), committed);
            }
            row
        });
        OffsetCommitResponseTopic::default()
            .with_name(topic.name.clone())
            .with_partitions(partitions.collect())
    });
    OffsetCommitResponse::default().with_topics(rows.collect())
}

fn may_commit(
    context: &Context,
    state: &mut State,
    request: &OffsetCommitRequest,
    version: i16,
) -> Result<(), i16> {
    check_coordinator(state, context.node, &request.group_id)?;
    let (member, generation) = (
        request.member_id.as_str(),
        request.generation_id_or_member_epoch,
    );
    let count = state.groups.len();
    let Some(group) = state.groups.get_mut(request.group_id.as_str()) else {
        // A simple consumer, or a tool that plants offsets.
        return match generation {
            0.. => Err(code::ILLEGAL_GENERATION),
            _ if count >= MAX_GROUPS => Err(code::GROUP_MAX_SIZE_REACHED),
            _ => {
                state
                    .groups
                    .insert(request.group_id.to_string(), Group::default());
                Ok(())
            }
        };
    };
    if generation < 0 && member.is_empty() && group.is_empty() {
        return Ok(());
    }
    let error = match &mut group.membership {
        Membership::Classic(classic) => {
            let error = classic.check(member, request.group_instance_id.as_deref(), generation);
            if error == 0 {
                classic.touch(member, Instant::now());
                if classic.state.name() == "CompletingRebalance" {
                    code::REBALANCE_IN_PROGRESS
                } else {
                    0
                }
            } else {
                error
            }
        }
        Membership::Consumer(_) if version < 9 => code::UNSUPPORTED_VERSION,
        Membership::Consumer(consumer) => consumer.check(member, generation),
    };
    if error == 0 { Ok(()) } else { Err(error) }
}

/// What OffsetFetch finds: per topic, (partition, offset, leader epoch, metadata).
type Rows = Vec<(TopicName, Vec<(i32, i64, i32, String)>)>;

fn found(state: &State, group: &str, asked: Option<Vec<(TopicName, &[i32])>>) -> Rows {
    let offsets = state.groups.get(group).map(|group| &group.offsets);
    let Some(asked) = asked else {
        let mut rows: Rows = Vec::new();
        for ((topic, partition), committed) in offsets.into_iter().flatten() {
            let row = (
                *partition,
                committed.offset,
                committed.leader_epoch,
                committed.metadata.clone(),
            );
            match rows.last_mut().filter(|(name, _)| name.as_str() == topic) {
                Some((_, partitions)) => partitions.push(row),
                None => rows.push((topic_name(topic), vec![row])),
            }
        }
        return rows;
    };
    asked
        .into_iter()
        .map(|(topic, partitions)| {
            let rows = partitions.iter().map(|partition| {
                match offsets.and_then(|offsets| offsets.get(&(topic.to_string(), *partition))) {
                    Some(committed) => (
                        *partition,
                        committed.offset,
                        committed.leader_epoch,
                        committed.metadata.clone(),
                    ),
                    None => (*partition, -1, -1, String::new()),
                }
            });
            let rows = rows.collect();
            (topic, rows)
        })
        .collect()
}

pub(crate) fn fetch(
    context: &Context,
    request: &OffsetFetchRequest,
    version: i16,
) -> OffsetFetchResponse {
    let state = context.cluster.state();
    if version >= 8 {
        let groups = request.groups.iter().map(|group| {
            let row = OffsetFetchResponseGroup::default().with_group_id(group.group_id.clone());
            if let Err(error) = may_fetch(
                &state,
                context.node,
                &group.group_id,
                group.member_id.as_deref(),
                group.member_epoch,
            ) {
                return row.with_error_code(error);
            }
            let asked = group.topics.as_ref();
            let asked = asked.map(|topics| {
                topics
                    .iter()
                    .map(|topic| (topic.name.clone(), topic.partition_indexes.as_slice()))
                    .collect()
            });
            let topics =
                found(&state, &group.group_id, asked)
                    .into_iter()
                    .map(|(name, partitions)| {
                        let partitions =
                            partitions
                                .into_iter()
                                .map(|(index, offset, epoch, metadata)| {
                                    OffsetFetchResponsePartitions::default()
                                        .with_partition_index(index)
                                        .with_committed_offset(offset)
                                        .with_committed_leader_epoch(epoch)
                                        .with_metadata(Some(metadata.into()))
                                });
                        OffsetFetchResponseTopics::default()
                            .with_name(name)
                            .with_partitions(partitions.collect())
                    });
            row.with_topics(topics.collect())
        });
        return OffsetFetchResponse::default().with_groups(groups.collect());
    }
    let error = check_coordinator(&state, context.node, &request.group_id).err();
    let asked = request.topics.as_ref();
    let asked = asked.map(|topics| {
        topics
            .iter()
            .map(|topic| (topic.name.clone(), topic.partition_indexes.as_slice()))
            .collect()
    });
    let rows = match error {
        Some(_) if version >= 2 => Vec::new(),
        _ => found(&state, &request.group_id, asked),
    };
    let topics = rows.into_iter().map(|(name, partitions)| {
        let partitions = partitions
            .into_iter()
            .map(|(index, offset, epoch, metadata)| {
                let row = OffsetFetchResponsePartition::default()
                    .with_partition_index(index)
                    .with_committed_offset(offset)
                    .with_metadata(Some(metadata.into()))
                    .with_error_code(error.unwrap_or(0));
                if version >= 5 {
                    row.with_committed_leader_epoch(epoch)
                } else {
                    row
                }
            });
        OffsetFetchResponseTopic::default()
            .with_name(name)
            .with_partitions(partitions.collect())
    });
    let response = OffsetFetchResponse::default().with_topics(topics.collect());
    if version >= 2 {
        response.with_error_code(error.unwrap_or(0))
    } else {
        response
    }
}

fn may_fetch(
    state: &State,
    node: i32,
    group: &str,
    member: Option<&str>,
    epoch: i32,
) -> Result<(), i16> {
    check_coordinator(state, node, group)?;
    match (
        state.groups.get(group).map(|group| &group.membership),
        member,
    ) {
        (Some(Membership::Consumer(consumer)), Some(member)) if epoch >= 0 => {
            match consumer.check(member, epoch) {
                0 => Ok(()),
                error => Err(error),
            }
        }
        _ => Ok(()),
    }
}

pub(crate) fn delete(
    context: &Context,
    request: &OffsetDeleteRequest,
    _: i16,
) -> OffsetDeleteResponse {
    let mut state = context.cluster.state();
    let response = OffsetDeleteResponse::default();
    if let Err(error) = check_coordinator(&state, context.node, &request.group_id) {
        return response.with_error_code(error);
    }
    let Some(group) = state.groups.get_mut(request.group_id.as_str()) else {
        return response.with_error_code(code::GROUP_ID_NOT_FOUND);
    };
    let Some(subscribed) = subscriptions(group) else {
        return response.with_error_code(code::NON_EMPTY_GROUP);
    };
    let topics = request.topics.iter().map(|topic| {
        let rows = topic.partitions.iter().map(|asked| {
            let row = OffsetDeleteResponsePartition::default()
                .with_partition_index(asked.partition_index);
            if subscribed.contains(topic.name.as_str()) {
                return row.with_error_code(code::GROUP_SUBSCRIBED_TO_TOPIC);
            }
            group
                .offsets
                .remove(&(topic.name.to_string(), asked.partition_index));
            row
        });
        OffsetDeleteResponseTopic::default()
            .with_name(topic.name.clone())
            .with_partitions(rows.collect())
    });
    let topics = topics.collect();
    response.with_topics(topics)
}

/// Topics that live members read, or `None` if that cannot be known.
fn subscriptions(group: &Group) -> Option<BTreeSet<String>> {
    match &group.membership {
        Membership::Consumer(consumer) => Some(
            consumer
                .members
                .values()
                .flat_map(|member| member.topics.iter().cloned())
                .collect(),
        ),
        Membership::Classic(classic) => {
            let mut topics = BTreeSet::new();
            for member in classic.members.values() {
                if classic.protocol_type != "consumer" {
                    return None;
                }
                topics.extend(embedded::topics_of(
                    &member.metadata(classic.protocol.as_deref()?),
                )?);
            }
            Some(topics)
        }
    }
}

/// Answers every partition with the same code.
pub(super) fn refused_commit(request: &OffsetCommitRequest, error: i16) -> OffsetCommitResponse {
    let topics = request.topics.iter().map(|topic| {
        let rows = topic.partitions.iter();
        let rows = rows.map(|asked| {
            OffsetCommitResponsePartition::default()
                .with_partition_index(asked.partition_index)
                .with_error_code(error)
        });
        OffsetCommitResponseTopic::default()
            .with_name(topic.name.clone())
            .with_partitions(rows.collect())
    });
    OffsetCommitResponse::default().with_topics(topics.collect())
}

/// Answers every group with the same code.
pub(super) fn refused_fetch(
    request: &OffsetFetchRequest,
    error: i16,
    version: i16,
) -> OffsetFetchResponse {
    if version >= 8 {
        let groups = request.groups.iter();
        let groups = groups.map(|group| {
            OffsetFetchResponseGroup::default()
                .with_group_id(group.group_id.clone())
                .with_error_code(error)
        });
        return OffsetFetchResponse::default().with_groups(groups.collect());
    }
    if version >= 2 {
        return OffsetFetchResponse::default().with_error_code(error);
    }
    let topics = request.topics.iter().flatten().map(|topic| {
        let rows = topic.partition_indexes.iter().map(|index| {
            OffsetFetchResponsePartition::default()
                .with_partition_index(*index)
                .with_committed_offset(-1)
                .with_metadata(Some(text("")))
                .with_error_code(error)
        });
        OffsetFetchResponseTopic::default()
            .with_name(topic.name.clone())
            .with_partitions(rows.collect())
    });
    OffsetFetchResponse::default().with_topics(topics.collect())
}
