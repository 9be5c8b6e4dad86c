//! CreatePartitions and DeleteRecords.

use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_protocol::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsTopicResult,
};
use kafka_protocol::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse, DeleteRecordsRequest, DeleteRecordsResponse,
};

use super::led;
use super::topics::{Refused, checked, room_for, unreachable_factor};
use crate::cluster::{Partition, State, Topic, spread};
use crate::dispatch::Context;
use crate::wire::{code, text};

pub(crate) fn create_partitions(
    context: &Context,
    request: &CreatePartitionsRequest,
    _: i16,
) -> CreatePartitionsResponse {
    let mut state = context.cluster.state();
    let mut response = CreatePartitionsResponse::default();
    for asked in &request.topics {
        let row = CreatePartitionsTopicResult::default().with_name(asked.name.clone());
        response.results.push(match growth(&state, asked) {
            Err((error, message)) => row
                .with_error_code(error)
                .with_error_message(Some(text(&message))),
            Ok(more) => {
                if !request.validate_only
                    && let Some(topic) = state.topics.get_mut(asked.name.as_str())
                {
                    topic
                        .partitions
                        .extend(more.into_iter().map(Partition::new));
                }
                row
            }
        });
    }
    response
}

/// Replicas of the partitions to add.
fn growth(state: &State, asked: &CreatePartitionsTopic) -> Result<Vec<Vec<i32>>, Refused> {
    let name = asked.name.as_str();
    let topic = state.topics.get(name).ok_or_else(|| {
        (
            code::UNKNOWN_TOPIC_OR_PARTITION,
            "This server does not host this topic-partition.".to_owned(),
        )
    })?;
    let now = topic.partitions.len();
    let wanted = usize::try_from(asked.count).unwrap_or(0);
    if wanted <= now {
        let why = if wanted == now {
            format!("Topic already has {now} partition(s).")
        } else {
            format!(
                "The topic {name} currently has {now} partition(s); {} would not be an increase.",
                asked.count
            )
        };
        return Err((code::INVALID_PARTITIONS, why));
    }
    let more = wanted - now;
    room_for(state, more)?;
    if let Some(assignments) = &asked.assignments {
        if assignments.len() != more {
            return Err((
                code::INVALID_REPLICA_ASSIGNMENT,
                format!(
                    "Attempted to add {more} additional partition(s), but only {} assignment(s) were specified.",
                    assignments.len()
                ),
            ));
        }
        return assignments
            .iter()
            .map(|assignment| checked(&assignment.broker_ids))
            .collect();
    }
    let live = state.live_ids();
    let factor = topic
        .partitions
        .first()
        .map_or(1, |partition| partition.replicas.len());
    if factor > live.len() {
        return Err(unreachable_factor(more, factor, live.len()));
    }
    Ok(spread(more, factor, now % live.len().max(1), &live))
}

pub(crate) fn delete_records(
    context: &Context,
    request: &DeleteRecordsRequest,
    _: i16,
) -> DeleteRecordsResponse {
    let mut state = context.cluster.state();
    let mut response = DeleteRecordsResponse::default();
    for asked in &request.topics {
        let name = asked.name.as_str();
        let compacted = state.topics.get(name).is_some_and(Topic::is_compacted_only);
        let mut row = DeleteRecordsTopicResult::default().with_name(asked.name.clone());
        for place in &asked.partitions {
            let result =
                DeleteRecordsPartitionResult::default().with_partition_index(place.partition_index);
            let checked =
                led(&state, context.node, name, place.partition_index, -1).and_then(|partition| {
                    let offset = if place.offset == -1 {
                        partition.log.end()
                    } else {
                        place.offset
                    };
                    match offset {
                        _ if compacted => Err(code::POLICY_VIOLATION),
                        offset if (0..=partition.log.end()).contains(&offset) => Ok(offset),
                        _ => Err(code::OFFSET_OUT_OF_RANGE),
                    }
                });
            let slot = usize::try_from(place.partition_index).unwrap_or(usize::MAX);
            row.partitions.push(match checked {
                Err(error) => result.with_error_code(error).with_low_watermark(-1),
                Ok(offset) => match state
                    .topics
                    .get_mut(name)
                    .and_then(|topic| topic.partitions.get_mut(slot))
                {
                    None => result
                        .with_error_code(code::UNKNOWN_TOPIC_OR_PARTITION)
                        .with_low_watermark(-1),
                    Some(partition) => {
                        partition.log.delete_before(offset);
                        result.with_low_watermark(partition.log.start())
                    }
                },
            });
        }
        response.topics.push(row);
    }
    response
}
