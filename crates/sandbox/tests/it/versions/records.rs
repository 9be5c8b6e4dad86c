//! Produce, Fetch and the offsets of partitions.

use kafka_protocol::messages::*;

use super::each;
use crate::client::{Bed, batch, name};

#[tokio::test]
async fn produce_and_fetch() {
    let bed = Bed::empty().await;
    bed.create("t", 1, &[]).await;
    let topic = bed.metadata("t").await;
    let (leader, id) = (topic.partitions[0].leader_id.0, topic.topic_id);
    let other = leader % 3 + 1;
    let produce = |version| {
        use produce_request::{PartitionProduceData, TopicProduceData};
        let data = PartitionProduceData::default().with_records(Some(batch(&[("v", 1), ("w", 2)])));
        let row = TopicProduceData::default().with_partition_data(vec![data]);
        let row = if version >= 13 {
            row.with_topic_id(id)
        } else {
            row.with_name(name("t"))
        };
        ProduceRequest::default()
            .with_acks(-1)
            .with_timeout_ms(1_000)
            .with_topic_data(vec![row])
    };
    each(&bed, leader, produce, |response, version| {
        let row = &response.responses[0].partition_responses[0];
        assert_eq!(
            (row.error_code, row.base_offset),
            (0, i64::from(version - 3) * 2)
        );
    })
    .await;
    each(&bed, other, produce, |response, version| {
        let row = &response.responses[0].partition_responses[0];
        assert_eq!((row.error_code, row.base_offset), (6, -1));
        if version >= 10 {
            assert_eq!(
                (
                    row.current_leader.leader_id.0,
                    response.node_endpoints[0].node_id.0
                ),
                (leader, leader)
            );
        }
    })
    .await;
    let fetch = |version| {
        use fetch_request::{FetchPartition, FetchTopic};
        let partition = FetchPartition::default()
            .with_fetch_offset(3)
            .with_partition_max_bytes(1 << 20);
        let partition = if version >= 9 {
            partition.with_current_leader_epoch(0)
        } else {
            partition
        };
        let row = FetchTopic::default().with_partitions(vec![partition]);
        let row = if version >= 13 {
            row.with_topic_id(id)
        } else {
            row.with_topic(name("t"))
        };
        let request = FetchRequest::default()
            .with_max_wait_ms(10)
            .with_min_bytes(1)
            .with_max_bytes(1 << 20)
            .with_topics(vec![row]);
        let request = if version >= 7 {
            request.with_session_epoch(0)
        } else {
            request
        };
        if version <= 14 {
            request.with_replica_id(BrokerId(-1))
        } else {
            request
        }
    };
    each(&bed, leader, fetch, |response, _| {
        let row = &response.responses[0].partitions[0];
        assert_eq!(
            (row.error_code, row.high_watermark, row.last_stable_offset),
            (0, 22, 22)
        );
        let mut records = row.records.clone().unwrap();
        let sets = kafka_protocol::records::RecordBatchDecoder::decode_all(&mut records).unwrap();
        let offsets: Vec<i64> = sets
            .iter()
            .flat_map(|set| &set.records)
            .map(|record| record.offset)
            .collect();
        assert_eq!(
            offsets,
            (2..22).collect::<Vec<_>>(),
            "from the batch that holds offset 3"
        );
    })
    .await;
    each(&bed, other, fetch, |response, version| {
        let row = &response.responses[0].partitions[0];
        assert_eq!((row.error_code, row.high_watermark), (6, -1));
        assert_eq!(
            row.current_leader.leader_id.0,
            if version >= 12 { leader } else { -1 }
        );
        assert_eq!(response.node_endpoints.len(), usize::from(version >= 16));
    })
    .await;
    each(
        &bed,
        1,
        |version| {
            let request = InitProducerIdRequest::default()
                .with_transactional_id(None)
                .with_transaction_timeout_ms(1);
            if version >= 3 {
                request
                    .with_producer_id(ProducerId(-1))
                    .with_producer_epoch(-1)
            } else {
                request
            }
        },
        |response, version| {
            assert_eq!(
                (response.error_code, response.producer_id.0),
                (0, 1_000 + i64::from(version))
            )
        },
    )
    .await;
}

#[tokio::test]
async fn offsets_of_partitions() {
    let bed = Bed::quiet().await;
    let leader = bed.leader_id("payments", 1).await;
    use list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
    let ask = |timestamp: i64| {
        move |version: i16| {
            let partition = ListOffsetsPartition::default()
                .with_partition_index(1)
                .with_timestamp(timestamp);
            let partition = if version >= 4 {
                partition.with_current_leader_epoch(0)
            } else {
                partition
            };
            let topic = ListOffsetsTopic::default()
                .with_name(name("payments"))
                .with_partitions(vec![partition]);
            let request = ListOffsetsRequest::default()
                .with_replica_id(BrokerId(-1))
                .with_topics(vec![topic]);
            if version >= 10 {
                request.with_timeout_ms(1_000)
            } else {
                request
            }
        }
    };
    let end = {
        let response = bed.node(leader).await.call(&ask(-1)(7), 7).await;
        response.topics[0].partitions[0].offset
    };
    for (timestamp, from, offset) in [
        (-1, 1, end),
        (-2, 1, 0),
        (-3, 7, end - 1),
        (-4, 8, 0),
        (-5, 9, -1),
        (0, 1, 0),
        (i64::MAX, 1, -1),
    ] {
        each(&bed, leader, ask(timestamp), |response, version| {
            let row = &response.topics[0].partitions[0];
            if version < from {
                assert_eq!(row.error_code, 35);
            } else {
                assert_eq!(
                    (row.error_code, row.offset),
                    (0, offset),
                    "{timestamp} v{version}"
                );
            }
        })
        .await;
    }
    each(&bed, leader % 3 + 1, ask(-1), |response, _| {
        assert_eq!(response.topics[0].partitions[0].error_code, 6)
    })
    .await;
    use offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic};
    each(
        &bed,
        leader,
        |version| {
            let partition = OffsetForLeaderPartition::default()
                .with_partition(1)
                .with_leader_epoch(0)
                .with_current_leader_epoch(0);
            let topic = OffsetForLeaderTopic::default()
                .with_topic(name("payments"))
                .with_partitions(vec![partition]);
            let request = OffsetForLeaderEpochRequest::default().with_topics(vec![topic]);
            if version >= 3 {
                request.with_replica_id(BrokerId(-1))
            } else {
                request
            }
        },
        |response, _| {
            let row = &response.topics[0].partitions[0];
            assert_eq!(
                (row.error_code, row.leader_epoch, row.end_offset),
                (0, 0, end)
            );
        },
    )
    .await;
    use delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
    each(
        &bed,
        leader,
        |version| {
            let partition = |offset| {
                DeleteRecordsPartition::default()
                    .with_partition_index(1)
                    .with_offset(offset)
            };
            let topic = DeleteRecordsTopic::default().with_name(name("payments"));
            let topic =
                topic.with_partitions(vec![partition(i64::from(version) + 5), partition(end + 1)]);
            DeleteRecordsRequest::default()
                .with_topics(vec![topic])
                .with_timeout_ms(1_000)
        },
        |response, version| {
            let rows: Vec<_> = response.topics[0]
                .partitions
                .iter()
                .map(|row| (row.error_code, row.low_watermark))
                .collect();
            assert_eq!(rows, [(0, i64::from(version) + 5), (1, -1)]);
        },
    )
    .await;
}
