//! DescribeCluster, DescribeQuorum, DescribeLogDirs, ListPartitionReassignments, DescribeAcls.

use std::collections::BTreeMap;

use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::describe_log_dirs_response::{
    DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic,
};
use kafka_protocol::messages::describe_quorum_response::{
    Listener, Node, PartitionData, ReplicaState, TopicData,
};
use kafka_protocol::messages::{
    BrokerId, DescribeAclsRequest, DescribeAclsResponse, DescribeClusterRequest,
    DescribeClusterResponse, DescribeLogDirsRequest, DescribeLogDirsResponse,
    DescribeQuorumRequest, DescribeQuorumResponse, ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsResponse,
};
use uuid::Uuid;

use super::{CLUSTER_OPERATIONS, NO_OPERATIONS};
use crate::cluster::{NODES, now_ms};
use crate::dispatch::Context;
use crate::wire::{code, text, topic_name};

/// Size and free space that each log dir claims, in bytes: there is no disk.
const DIR_TOTAL_BYTES: i64 = 100 << 30;

pub(crate) fn describe(
    context: &Context,
    request: &DescribeClusterRequest,
    version: i16,
) -> DescribeClusterResponse {
    let cluster = &context.cluster;
    let state = cluster.state();
    let mut response = DescribeClusterResponse::default().with_cluster_id(text(&cluster.id));
    if version >= 1 {
        response = response.with_endpoint_type(request.endpoint_type);
        if request.endpoint_type != 1 {
            // 2 asks for controllers, which a broker listener does not tell.
            return response
                .with_error_code(code::UNSUPPORTED_ENDPOINT_TYPE)
                .with_error_message(Some(text(
                    "The request was sent to an endpoint of the wrong type.",
                )));
        }
    }
    let brokers = cluster
        .nodes
        .iter()
        .zip(state.live)
        .filter(|(_, live)| *live || (version >= 2 && request.include_fenced_brokers));
    response
        .with_controller_id(BrokerId(context.node))
        .with_cluster_authorized_operations(if request.include_cluster_authorized_operations {
            CLUSTER_OPERATIONS
        } else {
            NO_OPERATIONS
        })
        .with_brokers(
            brokers
                .map(|(node, live)| {
                    let broker = DescribeClusterBroker::default()
                        .with_broker_id(BrokerId(node.id))
                        .with_host(text(&node.address.ip().to_string()))
                        .with_port(i32::from(node.address.port()))
                        .with_rack(Some(text(&node.rack)));
                    if version >= 2 {
                        broker.with_is_fenced(!live)
                    } else {
                        broker
                    }
                })
                .collect(),
        )
}

pub(crate) fn quorum(
    context: &Context,
    request: &DescribeQuorumRequest,
    version: i16,
) -> DescribeQuorumResponse {
    let cluster = &context.cluster;
    let state = cluster.state();
    let now_ms = now_ms();
    // The metadata log grows by a no-op record every half second.
    let end = 1_000 + (now_ms - cluster.started_ms) / 500;
    let leader = state.quorum_leader();
    let mut response = DescribeQuorumResponse::default();
    for topic in &request.topics {
        let rows = topic.partitions.iter().map(|asked| {
            let row = PartitionData::default().with_partition_index(asked.partition_index);
            if topic.topic_name.as_str() != "__cluster_metadata" || asked.partition_index != 0 {
                return row.with_error_code(code::UNKNOWN_TOPIC_OR_PARTITION);
            }
            let voters = NODES.into_iter().zip(state.live).map(|(id, live)| {
                let mut voter = ReplicaState::default()
                    .with_replica_id(BrokerId(id))
                    .with_log_end_offset(if live { end } else { 1_000 });
                if version >= 1 {
                    let seen_ms = if live { now_ms } else { -1 };
                    voter = voter
                        .with_last_fetch_timestamp(seen_ms)
                        .with_last_caught_up_timestamp(seen_ms);
                }
                if version >= 2 {
                    voter = voter.with_replica_directory_id(directory_id(id));
                }
                voter
            });
            row.with_leader_id(BrokerId(leader))
                .with_leader_epoch(state.quorum_epoch)
                .with_high_watermark(end)
                .with_current_voters(voters.collect())
        });
        response.topics.push(
            TopicData::default()
                .with_topic_name(topic.topic_name.clone())
                .with_partitions(rows.collect()),
        );
    }
    if version >= 2 {
        response.error_message = Some(text(""));
        response.nodes = cluster
            .nodes
            .iter()
            .map(|node| {
                let listener = Listener::default()
                    .with_name(text("CONTROLLER"))
                    .with_host(text(&node.address.ip().to_string()))
                    .with_port(node.address.port());
                Node::default()
                    .with_node_id(BrokerId(node.id))
                    .with_listeners(vec![listener])
            })
            .collect();
    }
    response
}

/// A stable directory id for each voter.
fn directory_id(node: i32) -> Uuid {
    Uuid::from_u128(0x5a4d_b0e5_0000_4000_8000_0000_0000_0000 + u128::from(node.unsigned_abs()))
}

/// Log dirs of a node. Node 1 has two, as JBOD has; partitions alternate between them.
fn dirs(node: i32) -> &'static [&'static str] {
    if node == 1 {
        &["/sandbox/node-1/disk-a", "/sandbox/node-1/disk-b"]
    } else if node == 2 {
        &["/sandbox/node-2/disk-a"]
    } else {
        &["/sandbox/node-3/disk-a"]
    }
}

pub(crate) fn log_dirs(
    context: &Context,
    request: &DescribeLogDirsRequest,
    version: i16,
) -> DescribeLogDirsResponse {
    let state = context.cluster.state();
    let dirs = dirs(context.node);
    let mut response = DescribeLogDirsResponse::default();
    for (slot, dir) in dirs.iter().enumerate() {
        let mut rows: BTreeMap<&str, Vec<DescribeLogDirsPartition>> = BTreeMap::new();
        let mut used_bytes = 0_i64;
        for topic in state.topics.values() {
            for (index, partition) in topic.partitions.iter().enumerate() {
                if index % dirs.len() != slot || !partition.replicas.contains(&context.node) {
                    continue;
                }
                let size_bytes = i64::try_from(partition.log.size_bytes()).unwrap_or(i64::MAX);
                used_bytes += size_bytes;
                let asked = request.topics.as_ref().is_none_or(|topics| {
                    topics.iter().any(|asked| {
                        asked.topic.as_str() == topic.name
                            && asked
                                .partitions
                                .iter()
                                .any(|wanted| usize::try_from(*wanted) == Ok(index))
                    })
                });
                if !asked {
                    continue;
                }
                let lag = if partition.stuck == Some(context.node) {
                    partition.log.end() - partition.log.start()
                } else {
                    0
                };
                rows.entry(&topic.name).or_default().push(
                    DescribeLogDirsPartition::default()
                        .with_partition_index(i32::try_from(index).unwrap_or(i32::MAX))
                        .with_partition_size(size_bytes)
                        .with_offset_lag(lag),
                );
            }
        }
        let topics = rows.into_iter().map(|(name, rows)| {
            DescribeLogDirsTopic::default()
                .with_name(topic_name(name))
                .with_partitions(rows)
        });
        let mut result = DescribeLogDirsResult::default()
            .with_log_dir(text(dir))
            .with_topics(topics.collect());
        if version >= 4 {
            result = result
                .with_total_bytes(DIR_TOTAL_BYTES)
                .with_usable_bytes((DIR_TOTAL_BYTES - used_bytes).max(0));
        }
        response.results.push(result);
    }
    response
}

/// Nothing ever moves here, so nothing is being reassigned.
pub(crate) fn reassignments(
    _: &Context,
    _: &ListPartitionReassignmentsRequest,
    _: i16,
) -> ListPartitionReassignmentsResponse {
    ListPartitionReassignmentsResponse::default()
}

/// There is no authorizer, so there are no ACLs, and the answer is Kafka's own (SECURITY_DISABLED).
pub(crate) fn describe_acls(_: &Context, _: &DescribeAclsRequest, _: i16) -> DescribeAclsResponse {
    DescribeAclsResponse::default()
        .with_error_code(54)
        .with_error_message(Some(text("No Authorizer is configured.")))
}
