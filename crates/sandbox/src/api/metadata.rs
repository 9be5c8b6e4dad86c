//! Metadata and DescribeTopicPartitions: brokers, topics, leaders.

use kafka_protocol::messages::describe_topic_partitions_response::{
    Cursor, DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
};
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    BrokerId, DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, MetadataRequest,
    MetadataResponse,
};
use uuid::Uuid;

use super::{NO_OPERATIONS, TOPIC_OPERATIONS};
use crate::cluster::{Partition, State, Topic, is_valid_topic_name};
use crate::dispatch::Context;
use crate::wire::{code, text, topic_name};

/// Partitions in one page of DescribeTopicPartitions at most (`max.request.partition.size.limit`).
const PAGE: usize = 2_000;

pub(crate) fn metadata(
    context: &Context,
    request: &MetadataRequest,
    version: i16,
) -> MetadataResponse {
    let state = context.cluster.state();
    let live = context.cluster.live_nodes(&state);
    let brokers = live.iter().map(|node| {
        let broker = MetadataResponseBroker::default()
            .with_node_id(BrokerId(node.id))
            .with_host(text(&node.address.ip().to_string()))
            .with_port(i32::from(node.address.port()));
        if version >= 1 {
            broker.with_rack(Some(text(&node.rack)))
        } else {
            broker
        }
    });
    let operations = if request.include_topic_authorized_operations {
        TOPIC_OPERATIONS
    } else {
        NO_OPERATIONS
    };
    let all = match &request.topics {
        None => true,
        Some(topics) => version == 0 && topics.is_empty(),
    };
    let topics: Vec<MetadataResponseTopic> = if all {
        state
            .topics
            .values()
            .map(|topic| described(&state, topic, version, operations))
            .collect()
    } else {
        let asked = request.topics.iter().flatten();
        asked
            .map(|asked| match &asked.name {
                Some(name) => match state.topics.get(&***name) {
                    Some(topic) => described(&state, topic, version, operations),
                    None if is_valid_topic_name(name) => {
                        missing(code::UNKNOWN_TOPIC_OR_PARTITION).with_name(Some(name.clone()))
                    }
                    None => missing(code::INVALID_TOPIC).with_name(Some(name.clone())),
                },
                None => match state.topic_of_id(asked.topic_id) {
                    Some(topic) => described(&state, topic, version, operations),
                    None => missing(code::UNKNOWN_TOPIC_ID)
                        .with_name(if version >= 12 {
                            None
                        } else {
                            Some(topic_name(""))
                        })
                        .with_topic_id(asked.topic_id),
                },
            })
            .collect()
    };
    let mut response = MetadataResponse::default()
        .with_brokers(brokers.collect())
        .with_topics(topics);
    if version >= 1 {
        // In KRaft any live broker may be named here; it forwards to the controller.
        response = response.with_controller_id(BrokerId(context.node));
    }
    if version >= 2 {
        response = response.with_cluster_id(Some(text(&context.cluster.id)));
    }
    if (8..=10).contains(&version) && request.include_cluster_authorized_operations {
        response = response.with_cluster_authorized_operations(super::CLUSTER_OPERATIONS);
    }
    response
}

fn missing(error: i16) -> MetadataResponseTopic {
    MetadataResponseTopic::default().with_error_code(error)
}

fn ids(nodes: &[i32]) -> Vec<BrokerId> {
    nodes.iter().copied().map(BrokerId).collect()
}

fn error_of(partition: &Partition) -> i16 {
    if partition.leader < 0 {
        code::LEADER_NOT_AVAILABLE
    } else {
        0
    }
}

fn described(state: &State, topic: &Topic, version: i16, operations: i32) -> MetadataResponseTopic {
    let live = state.live_ids();
    let partitions = topic.partitions.iter().zip(0..).map(|(partition, index)| {
        let mut row = MetadataResponsePartition::default()
            .with_error_code(error_of(partition))
            .with_partition_index(index)
            .with_leader_id(BrokerId(partition.leader))
            .with_replica_nodes(ids(&partition.replicas))
            .with_isr_nodes(ids(&partition.isr));
        if version >= 5 {
            row = row.with_offline_replicas(ids(&partition.offline(&live)));
        }
        if version >= 7 {
            row = row.with_leader_epoch(partition.leader_epoch);
        }
        row
    });
    let mut row = MetadataResponseTopic::default()
        .with_name(Some(topic_name(&topic.name)))
        .with_partitions(partitions.collect());
    if version >= 1 {
        row = row.with_is_internal(topic.internal);
    }
    if version >= 8 {
        row = row.with_topic_authorized_operations(operations);
    }
    if version >= 10 {
        row = row.with_topic_id(topic.id);
    }
    row
}

pub(crate) fn describe_topic_partitions(
    context: &Context,
    request: &DescribeTopicPartitionsRequest,
    _: i16,
) -> DescribeTopicPartitionsResponse {
    let state = context.cluster.state();
    let live = state.live_ids();
    let mut names: Vec<&str> = if request.topics.is_empty() {
        state.topics.keys().map(String::as_str).collect()
    } else {
        request
            .topics
            .iter()
            .map(|topic| topic.name.as_str())
            .collect()
    };
    names.sort_unstable();
    names.dedup();
    let from = request
        .cursor
        .as_ref()
        .map(|cursor| (cursor.topic_name.as_str(), cursor.partition_index.max(0)));
    let mut left = usize::try_from(request.response_partition_limit)
        .unwrap_or(0)
        .clamp(1, PAGE);
    let mut response = DescribeTopicPartitionsResponse::default();
    for name in names {
        let first = match from {
            Some((topic, _)) if name < topic => continue,
            Some((topic, index)) if name == topic => usize::try_from(index).unwrap_or(0),
            _ => 0,
        };
        if left == 0 {
            return response.with_next_cursor(Some(cursor(name, first)));
        }
        let row = DescribeTopicPartitionsResponseTopic::default().with_name(Some(topic_name(name)));
        let Some(topic) = state.topics.get(name) else {
            let error = if is_valid_topic_name(name) {
                code::UNKNOWN_TOPIC_OR_PARTITION
            } else {
                code::INVALID_TOPIC
            };
            response
                .topics
                .push(row.with_error_code(error).with_topic_id(Uuid::nil()));
            continue;
        };
        let page: Vec<_> = topic
            .partitions
            .iter()
            .zip(0..)
            .skip(first)
            .take(left)
            .map(|(partition, index)| {
                DescribeTopicPartitionsResponsePartition::default()
                    .with_error_code(error_of(partition))
                    .with_partition_index(index)
                    .with_leader_id(BrokerId(partition.leader))
                    .with_leader_epoch(partition.leader_epoch)
                    .with_replica_nodes(ids(&partition.replicas))
                    .with_isr_nodes(ids(&partition.isr))
                    .with_eligible_leader_replicas(Some(Vec::new()))
                    .with_last_known_elr(Some(Vec::new()))
                    .with_offline_replicas(ids(&partition.offline(&live)))
            })
            .collect();
        let after = first + page.len();
        left -= page.len();
        response.topics.push(
            row.with_topic_id(topic.id)
                .with_is_internal(topic.internal)
                .with_topic_authorized_operations(TOPIC_OPERATIONS)
                .with_partitions(page),
        );
        if after < topic.partitions.len() {
            return response.with_next_cursor(Some(cursor(name, after)));
        }
    }
    response
}

fn cursor(topic: &str, partition: usize) -> Cursor {
    Cursor::default()
        .with_topic_name(topic_name(topic))
        .with_partition_index(i32::try_from(partition).unwrap_or(i32::MAX))
}
