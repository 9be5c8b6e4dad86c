//! The metadata quorum (KIP-595, KIP-836, KIP-853).

use super::super::KafkaError;
use super::super::code::code;
use super::super::route::Router;
use super::printed;
use kafka_protocol::messages::describe_quorum_request::{PartitionData, TopicData};
use kafka_protocol::messages::describe_quorum_response::{
    PartitionData as QuorumPartition, ReplicaState,
};
use kafka_protocol::messages::{DescribeQuorumRequest, DescribeQuorumResponse, TopicName};
use kafka_protocol::protocol::StrBytes;
use kafkaweave_core::model::{Quorum, QuorumMember};

/// The metadata log, always partition 0.
const METADATA_TOPIC: &str = "__cluster_metadata";

/// The request, the same in all versions.
pub(crate) fn describe(_version: i16) -> DescribeQuorumRequest {
    let topic = TopicData::default()
        .with_topic_name(TopicName(StrBytes::from_static_str(METADATA_TOPIC)))
        .with_partitions(vec![PartitionData::default().with_partition_index(0)]);
    DescribeQuorumRequest::default().with_topics(vec![topic])
}

/// Asks any broker, which forwards to the active controller.
pub(crate) async fn quorum(router: &Router) -> Result<Quorum, KafkaError> {
    let (answer, _) = router.ask_controller(describe).await?;
    let refusal = |number, text: Option<&StrBytes>| {
        let text = text.map(StrBytes::as_str);
        code(number, "DescribeQuorum", "the metadata log", text)
    };
    if let Some(error) = refusal(answer.error_code, answer.error_message.as_ref()) {
        return Err(error);
    }
    let partition = answer.topics.iter().flat_map(|t| &t.partitions).next();
    let Some(partition) = partition else {
        return Err(KafkaError::NotOffered {
            operation: "DescribeQuorum".into(),
            by: "the cluster, which names no metadata log".into(),
        });
    };
    match refusal(partition.error_code, partition.error_message.as_ref()) {
        Some(error) => Err(error),
        None => Ok(read(partition, &answer)),
    }
}

fn read(partition: &QuorumPartition, answer: &DescribeQuorumResponse) -> Quorum {
    let leader = partition.leader_id.0;
    let all = || partition.current_voters.iter().chain(&partition.observers);
    let leader_end = all()
        .find(|r| r.replica_id.0 == leader)
        .and_then(|r| known(r.log_end_offset));
    let member = |replica: &ReplicaState, voter: bool| {
        let log_end_offset = known(replica.log_end_offset);
        let node = answer
            .nodes
            .iter()
            .find(|n| n.node_id == replica.replica_id);
        QuorumMember {
            id: replica.replica_id.0,
            directory_id: printed(replica.replica_directory_id),
            log_end_offset,
            lag: leader_end
                .zip(log_end_offset)
                .map(|(end, own)| (end - own).max(0)),
            last_fetch_ms: known(replica.last_fetch_timestamp),
            last_caught_up_ms: known(replica.last_caught_up_timestamp),
            endpoints: node
                .filter(|_| voter)
                .map(|n| {
                    let listener =
                        |l: &kafka_protocol::messages::describe_quorum_response::Listener| {
                            format!("{}://{}:{}", l.name, l.host, l.port)
                        };
                    n.listeners.iter().map(listener).collect()
                })
                .unwrap_or_default(),
        }
    };
    let members = |replicas: &[ReplicaState], voter| {
        let mut members: Vec<_> = replicas.iter().map(|r| member(r, voter)).collect();
        members.sort_by_key(|m| m.id);
        members
    };
    Quorum {
        leader_id: (leader >= 0).then_some(leader),
        leader_epoch: partition.leader_epoch,
        high_watermark: partition.high_watermark,
        voters: members(&partition.current_voters, true),
        observers: members(&partition.observers, false),
    }
}

/// Kafka says -1 for what it does not know.
fn known(number: i64) -> Option<i64> {
    (number >= 0).then_some(number)
}
