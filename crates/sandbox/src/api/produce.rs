//! Produce and InitProducerId.

use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::{
    LeaderIdAndEpoch, NodeEndpoint, PartitionProduceResponse, TopicProduceResponse,
};
use kafka_protocol::messages::{
    BrokerId, InitProducerIdRequest, InitProducerIdResponse, ProduceRequest, ProduceResponse,
    ProducerId,
};

use super::led;
use crate::cluster::{State, now_ms};
use crate::dispatch::Context;
use crate::log::AppendError;
use crate::wire::{code, text};

struct Stored {
    base_offset: i64,
    append_time_ms: i64,
    log_start: i64,
}

/// Why one partition's records were not stored, with words for the client where the code alone is vague.
struct Refused(i16, Option<String>);

impl From<i16> for Refused {
    fn from(code: i16) -> Self {
        Self(code, None)
    }
}

pub(crate) fn produce(
    context: &Context,
    request: &ProduceRequest,
    version: i16,
) -> ProduceResponse {
    let mut state = context.cluster.state();
    let mut response = ProduceResponse::default();
    let mut redirected = Vec::new();
    let mut stored_any = false;
    for topic in &request.topic_data {
        let by_id = version >= 13;
        let name = if by_id {
            state.names.get(&topic.topic_id).cloned()
        } else {
            Some(topic.name.to_string())
        };
        let mut row = TopicProduceResponse::default();
        row = if by_id {
            row.with_topic_id(topic.topic_id)
        } else {
            row.with_name(topic.name.clone())
        };
        for data in &topic.partition_data {
            let outcome = match &name {
                None => Err(code::UNKNOWN_TOPIC_ID.into()),
                Some(name) => store(context, &mut state, name, data, request),
            };
            let mut answer = PartitionProduceResponse::default()
                .with_index(data.index)
                .with_base_offset(-1);
            answer = match outcome {
                Ok(stored) => {
                    stored_any = true;
                    let answer = answer
                        .with_base_offset(stored.base_offset)
                        .with_log_append_time_ms(stored.append_time_ms);
                    if version >= 5 {
                        answer.with_log_start_offset(stored.log_start)
                    } else {
                        answer
                    }
                }
                Err(Refused(error, message)) => {
                    let mut answer = answer.with_error_code(error);
                    if version >= 8 {
                        answer = answer.with_error_message(message.as_deref().map(text));
                    }
                    if version >= 10
                        && error == code::NOT_LEADER
                        && let Some(partition) = name
                            .as_deref()
                            .and_then(|name| state.partition(name, data.index))
                    {
                        redirected.push(partition.leader);
                        answer = answer.with_current_leader(
                            LeaderIdAndEpoch::default()
                                .with_leader_id(BrokerId(partition.leader))
                                .with_leader_epoch(partition.leader_epoch),
                        );
                    }
                    answer
                }
            };
            row.partition_responses.push(answer);
        }
        response.responses.push(row);
    }
    if stored_any {
        context.cluster.bound_memory(&mut state);
        drop(state);
        context.cluster.announce();
    }
    redirected.sort_unstable();
    redirected.dedup();
    response.node_endpoints = redirected
        .into_iter()
        .filter_map(|id| context.cluster.node(id))
        .map(|node| {
            NodeEndpoint::default()
                .with_node_id(BrokerId(node.id))
                .with_host(text(&node.address.ip().to_string()))
                .with_port(i32::from(node.address.port()))
                .with_rack(Some(text(&node.rack)))
        })
        .collect();
    response
}

fn store(
    context: &Context,
    state: &mut State,
    name: &str,
    data: &PartitionProduceData,
    request: &ProduceRequest,
) -> Result<Stored, Refused> {
    if !matches!(request.acks, -1..=1) {
        return Err(code::INVALID_REQUIRED_ACKS.into());
    }
    led(state, context.node, name, data.index, -1)?;
    let topic = state
        .topics
        .get_mut(name)
        .ok_or(code::UNKNOWN_TOPIC_OR_PARTITION)?;
    let rules = topic.rules(
        state.broker_settings.get(&context.node),
        state.broker_settings.get(&-1),
    );
    let limits = rules.limits(context.cluster.partition_bytes);
    let stamp_ms = rules.append_time.then(now_ms);
    if topic.internal {
        return Err(Refused(
            code::INVALID_TOPIC,
            Some(format!("`{name}` is internal: clients do not write to it")),
        ));
    }
    let slot = usize::try_from(data.index).map_err(|_| code::UNKNOWN_TOPIC_OR_PARTITION)?;
    let partition = topic
        .partitions
        .get_mut(slot)
        .ok_or(code::UNKNOWN_TOPIC_OR_PARTITION)?;
    if request.acks == -1 && partition.isr.len() < rules.min_isr {
        return Err(code::NOT_ENOUGH_REPLICAS.into());
    }
    let records = data.records.clone().unwrap_or_default();
    let appended = partition
        .log
        .append(&records, partition.leader_epoch, stamp_ms, limits)
        .map_err(|error| {
            let code = match error {
                AppendError::TooLarge { .. } => code::MESSAGE_TOO_LARGE,
                AppendError::OutOfOrder => code::OUT_OF_ORDER_SEQUENCE,
                AppendError::OldEpoch => code::INVALID_PRODUCER_EPOCH,
                AppendError::Batch(
                    crate::log::BatchError::Checksum | crate::log::BatchError::Truncated,
                ) => code::CORRUPT_MESSAGE,
                AppendError::Batch(_) => code::INVALID_RECORD,
            };
            Refused(code, Some(error.to_string()))
        })?;
    Ok(Stored {
        base_offset: appended.base_offset,
        append_time_ms: appended.append_time_ms.unwrap_or(-1),
        log_start: partition.log.start(),
    })
}

/// Hands out producer ids for idempotence. Transactions are not on offer, so a transactional id is
/// refused with `UNSUPPORTED_VERSION`, which clients take as final.
pub(crate) fn init_producer_id(
    context: &Context,
    request: &InitProducerIdRequest,
    _: i16,
) -> InitProducerIdResponse {
    let answer = InitProducerIdResponse::default();
    if request.transactional_id.is_some() {
        return answer
            .with_error_code(code::UNSUPPORTED_VERSION)
            .with_producer_id(ProducerId(-1))
            .with_producer_epoch(-1);
    }
    let mut state = context.cluster.state();
    let id = state.next_producer_id;
    state.next_producer_id += 1;
    answer
        .with_producer_id(ProducerId(id))
        .with_producer_epoch(0)
}

/// Answers every partition with the same code.
pub(super) fn refused(request: &ProduceRequest, error: i16, version: i16) -> ProduceResponse {
    let topics = request.topic_data.iter().map(|topic: &TopicProduceData| {
        let rows = topic.partition_data.iter().map(|data| {
            PartitionProduceResponse::default()
                .with_index(data.index)
                .with_error_code(error)
                .with_base_offset(-1)
        });
        let row = TopicProduceResponse::default().with_partition_responses(rows.collect());
        if version >= 13 {
            row.with_topic_id(topic.topic_id)
        } else {
            row.with_name(topic.name.clone())
        }
    });
    ProduceResponse::default().with_responses(topics.collect())
}
