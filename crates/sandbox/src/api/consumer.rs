//! ConsumerGroupHeartbeat and ConsumerGroupDescribe (KIP-848).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use kafka_protocol::messages::consumer_group_describe_response::{
    Assignment as DescribedAssignment, DescribedGroup, Member,
    TopicPartitions as DescribedPartitions,
};
use kafka_protocol::messages::consumer_group_heartbeat_response::{Assignment, TopicPartitions};
use kafka_protocol::messages::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
};
use uuid::Uuid;

use super::groups::check_coordinator;
use super::{GROUP_OPERATIONS, NO_OPERATIONS};
use crate::cluster::State;
use crate::config;
use crate::dispatch::Context;
use crate::group::{Beat, ConsumerMember, MAX_GROUPS, Membership, Target};
use crate::wire::{code, maybe_text, text, topic_name};

pub(crate) fn heartbeat(
    context: &Context,
    request: &ConsumerGroupHeartbeatRequest,
    _: i16,
) -> ConsumerGroupHeartbeatResponse {
    let refused = |(error, message): (i16, &str)| {
        ConsumerGroupHeartbeatResponse::default()
            .with_error_code(error)
            .with_error_message(Some(text(message)))
    };
    match beat(context, request) {
        Ok(response) => response,
        Err(refusal) => refused(refusal),
    }
}

fn setting(state: &State, group: &str, key: &str) -> i32 {
    let own = state
        .group_settings
        .get(group)
        .and_then(|settings| settings.get(key));
    own.map(String::as_str)
        .or_else(|| config::group_default(key))
        .and_then(|value| value.parse().ok())
        .unwrap_or(5_000)
}

fn beat(
    context: &Context,
    request: &ConsumerGroupHeartbeatRequest,
) -> Result<ConsumerGroupHeartbeatResponse, (i16, &'static str)> {
    let mut state = context.cluster.state();
    let id = request.group_id.to_string();
    check_coordinator(&state, context.node, &id)
        .map_err(|error| (error, "This is not the correct coordinator."))?;
    if request
        .subscribed_topic_regex
        .as_ref()
        .is_some_and(|pattern| !pattern.is_empty())
    {
        return Err((
            code::INVALID_REQUEST,
            "The sandbox takes topic names only, no SubscribedTopicRegex.",
        ));
    }
    let joins = request.member_epoch == 0;
    if !state.groups.contains_key(&id) {
        if !joins {
            return Err((code::GROUP_ID_NOT_FOUND, "The group id does not exist."));
        }
        if state.groups.len() >= MAX_GROUPS {
            return Err((
                code::GROUP_MAX_SIZE_REACHED,
                "The sandbox holds no more groups.",
            ));
        }
    }
    let session_ms = setting(&state, &id, "consumer.session.timeout.ms");
    let interval_ms = setting(&state, &id, "consumer.heartbeat.interval.ms");
    let owned = request.topic_partitions.as_ref().map(|topics| -> Target {
        topics
            .iter()
            .flat_map(|topic| {
                topic
                    .partitions
                    .iter()
                    .map(|index| (topic.topic_id, *index))
            })
            .collect()
    });
    let beat = Beat {
        member_id: request.member_id.to_string(),
        epoch: request.member_epoch,
        instance_id: request.instance_id.as_ref().map(ToString::to_string),
        rack_id: request.rack_id.as_ref().map(ToString::to_string),
        client_id: context.client_id.clone(),
        client_host: context.client_host.clone(),
        topics: request
            .subscribed_topic_names
            .as_ref()
            .map(|names| names.iter().map(|name| name.to_string()).collect()),
        assignor: request.server_assignor.as_ref().map(ToString::to_string),
        owned,
        session: Duration::from_millis(u64::try_from(session_ms).unwrap_or(45_000)),
    };
    let State { groups, topics, .. } = &mut *state;
    let group = groups.entry(id).or_default();
    let consumer = group.consumer().ok_or((
        code::GROUP_ID_NOT_FOUND,
        "The group is a classic group with members.",
    ))?;
    let beaten = consumer
        .beat(beat, Instant::now(), topics)
        .map_err(|error| {
            let why = match error {
                code::UNKNOWN_MEMBER_ID => "The member is not known to the group.",
                code::FENCED_MEMBER_EPOCH => {
                    "The member epoch is not the one of the group coordinator: rejoin."
                }
                code::UNSUPPORTED_ASSIGNOR => "The assignors on offer are uniform and range.",
                _ => "The heartbeat was refused.",
            };
            (error, why)
        })?;
    Ok(ConsumerGroupHeartbeatResponse::default()
        .with_member_id(Some(beaten.member_id.into()))
        .with_member_epoch(beaten.epoch)
        .with_heartbeat_interval_ms(interval_ms)
        .with_assignment(beaten.assignment.as_ref().map(|target| {
            let rows = by_topic(target).into_iter();
            let rows = rows.map(|(id, partitions)| {
                TopicPartitions::default()
                    .with_topic_id(id)
                    .with_partitions(partitions)
            });
            Assignment::default().with_topic_partitions(rows.collect())
        })))
}

fn by_topic(target: &Target) -> BTreeMap<Uuid, Vec<i32>> {
    let mut rows: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
    for (id, partition) in target {
        rows.entry(*id).or_default().push(*partition);
    }
    rows
}

pub(crate) fn describe(
    context: &Context,
    request: &ConsumerGroupDescribeRequest,
    version: i16,
) -> ConsumerGroupDescribeResponse {
    let state = context.cluster.state();
    let groups = request.group_ids.iter().map(|id| {
        let row = DescribedGroup::default().with_group_id(id.clone());
        if let Err(error) = check_coordinator(&state, context.node, id) {
            return row.with_error_code(error);
        }
        let consumer = match state.groups.get(id.as_str()).map(|group| &group.membership) {
            Some(Membership::Consumer(consumer)) => consumer,
            known => {
                let why = if known.is_some() {
                    "is not a consumer group."
                } else {
                    "not found."
                };
                return row
                    .with_error_code(code::GROUP_ID_NOT_FOUND)
                    .with_error_message(Some(text(&format!("Group {} {why}", id.as_str()))));
            }
        };
        row.with_group_state(text(consumer.state()))
            .with_group_epoch(consumer.epoch)
            .with_assignment_epoch(consumer.epoch)
            .with_assignor_name(text(consumer.assignor))
            .with_authorized_operations(if request.include_authorized_operations {
                GROUP_OPERATIONS
            } else {
                NO_OPERATIONS
            })
            .with_members(
                consumer
                    .members
                    .iter()
                    .map(|(id, member)| described(&state, id, member, version))
                    .collect(),
            )
    });
    ConsumerGroupDescribeResponse::default().with_groups(groups.collect())
}

fn described(state: &State, id: &str, member: &ConsumerMember, version: i16) -> Member {
    let named = |target: &Target| {
        let rows = by_topic(target).into_iter().filter_map(|(id, partitions)| {
            let name = state.names.get(&id)?;
            Some(
                DescribedPartitions::default()
                    .with_topic_id(id)
                    .with_topic_name(topic_name(name))
                    .with_partitions(partitions),
            )
        });
        DescribedAssignment::default().with_topic_partitions(rows.collect())
    };
    let row = Member::default()
        .with_member_id(text(id))
        .with_instance_id(maybe_text(member.instance_id.as_deref()))
        .with_rack_id(maybe_text(member.rack_id.as_deref()))
        .with_member_epoch(member.epoch)
        .with_client_id(text(&member.client_id))
        .with_client_host(text(&member.client_host))
        .with_subscribed_topic_names(member.topics.iter().map(|name| topic_name(name)).collect())
        .with_assignment(named(&member.assigned))
        .with_target_assignment(named(&member.target));
    if version >= 1 {
        row.with_member_type(1)
    } else {
        row
    }
}
