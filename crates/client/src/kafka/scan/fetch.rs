//! Fetch requests and what their answers mean. Pure: sending is the caller's matter.

use super::chunk::Aborted;
use bytes::Bytes;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::{FetchRequest, FetchResponse, TopicName};
use kafka_protocol::protocol::StrBytes;
use kafkaweave_core::model::Isolation;
use uuid::Uuid;

/// Versions from here name topics by id alone (KIP-516).
const BY_TOPIC_ID: i16 = 13;
/// Bytes of one answer: larger ones gain nothing and cost memory.
pub(super) const FETCH_BYTES: i32 = 4 << 20;
/// How long a broker may wait when it has nothing. Ranges end where the log did, so this matters
/// only for a remote tier and for offsets without records.
const MAX_WAIT_MS: i32 = 250;

/// A partition to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) max_bytes: i32,
}

/// The request at one version. The first partition is the one that is certain to get a batch.
pub(super) fn request(
    version: i16,
    topic: &str,
    topic_id: Option<Uuid>,
    isolation: Isolation,
    max_bytes: i32,
    asks: &[Ask],
) -> FetchRequest {
    let partitions = asks
        .iter()
        .map(|ask| {
            FetchPartition::default()
                .with_partition(ask.partition)
                .with_fetch_offset(ask.offset)
                .with_partition_max_bytes(ask.max_bytes)
        })
        .collect();
    let topic = if version >= BY_TOPIC_ID {
        FetchTopic::default().with_topic_id(topic_id.unwrap_or_default())
    } else {
        FetchTopic::default().with_topic(TopicName(StrBytes::from_string(topic.to_owned())))
    };
    FetchRequest::default()
        .with_max_wait_ms(MAX_WAIT_MS)
        .with_min_bytes(1)
        .with_max_bytes(max_bytes)
        .with_isolation_level(match isolation {
            Isolation::ReadUncommitted => 0,
            Isolation::ReadCommitted => 1,
        })
        .with_session_id(0)
        .with_session_epoch(-1)
        .with_topics(vec![topic.with_partitions(partitions)])
}

/// A broker that the answer names as the new leader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) broker: i32,
    pub(super) epoch: i32,
    /// Host and port, from version 16 on.
    pub(super) endpoint: Option<(String, i32)>,
}

/// One partition's part of an answer.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) partition: i32,
    pub(super) error_code: i16,
    /// -1 when not told.
    pub(super) high_watermark: i64,
    /// -1 when not told.
    pub(super) last_stable_offset: i64,
    pub(super) aborted: Vec<Aborted>,
    pub(super) moved: Option<Moved>,
    pub(super) records: Bytes,
}

/// The rows of an answer. An error of the whole answer is the `Err`.
pub(super) fn rows(response: FetchResponse) -> Result<Vec<Row>, i16> {
    if response.error_code != 0 {
        return Err(response.error_code);
    }
    let endpoints = response.node_endpoints;
    let row = |data: PartitionData| {
        let leader = &data.current_leader;
        let moved = (leader.leader_id.0 >= 0).then(|| Moved {
            broker: leader.leader_id.0,
            epoch: leader.leader_epoch,
            endpoint: endpoints
                .iter()
                .find(|node| node.node_id == leader.leader_id)
                .map(|node| (node.host.to_string(), node.port)),
        });
        Row {
            partition: data.partition_index,
            error_code: data.error_code,
            high_watermark: data.high_watermark,
            last_stable_offset: data.last_stable_offset,
            aborted: data
                .aborted_transactions
                .unwrap_or_default()
                .iter()
                .map(|a| Aborted {
                    producer_id: a.producer_id.0,
                    first_offset: a.first_offset,
                })
                .collect(),
            moved,
            records: data.records.unwrap_or_default(),
        }
    };
    Ok(response
        .responses
        .into_iter()
        .flat_map(|topic| topic.partitions)
        .map(row)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;
    use kafka_protocol::messages::fetch_response::{
        AbortedTransaction, FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint,
    };
    use kafka_protocol::protocol::{Decodable, Encodable, Message};

    #[test]
    fn a_request_encodes_at_every_version_and_names_the_topic_as_that_version_wants() {
        let id = Uuid::from_u128(7);
        let asks = [Ask {
            partition: 3,
            offset: 1 << 40,
            max_bytes: 5,
        }];
        for version in FetchRequest::VERSIONS.min..=FetchRequest::VERSIONS.max {
            let request = request(
                version,
                "orders",
                Some(id),
                Isolation::ReadCommitted,
                9,
                &asks,
            );
            let mut bytes = BytesMut::new();
            request
                .encode(&mut bytes, version)
                .unwrap_or_else(|e| panic!("version {version}: {e}"));
            let back = FetchRequest::decode(&mut bytes, version).unwrap();
            let topic = &back.topics[0];
            assert_eq!(topic.topic.is_empty(), version >= 13, "version {version}");
            assert_eq!(topic.topic_id == id, version >= 13, "version {version}");
            assert_eq!((back.isolation_level, back.max_bytes), (1, 9));
            let partition = &topic.partitions[0];
            assert_eq!((partition.partition, partition.fetch_offset), (3, 1 << 40));
        }
    }

    #[test]
    fn rows_carry_the_new_leader_with_its_address() {
        let data = PartitionData::default()
            .with_partition_index(3)
            .with_error_code(6)
            .with_high_watermark(-1)
            .with_current_leader(
                LeaderIdAndEpoch::default()
                    .with_leader_id(2.into())
                    .with_leader_epoch(9),
            )
            .with_aborted_transactions(Some(vec![
                AbortedTransaction::default()
                    .with_producer_id(11.into())
                    .with_first_offset(4),
            ]));
        let response = FetchResponse::default()
            .with_responses(vec![
                FetchableTopicResponse::default().with_partitions(vec![data]),
            ])
            .with_node_endpoints(vec![
                NodeEndpoint::default()
                    .with_node_id(2.into())
                    .with_host("b2".to_owned().into())
                    .with_port(9092),
            ]);
        let rows = rows(response).unwrap();
        assert_eq!(rows[0].partition, 3);
        assert_eq!(
            rows[0].moved,
            Some(Moved {
                broker: 2,
                epoch: 9,
                endpoint: Some(("b2".into(), 9092))
            })
        );
        assert_eq!(rows[0].aborted[0].first_offset, 4);
        assert!(rows[0].records.is_empty());
    }

    #[test]
    fn an_error_of_the_whole_answer_is_no_row() {
        let response = FetchResponse::default().with_error_code(70);
        assert_eq!(rows(response).map(|rows| rows.len()), Err(70));
    }
}
