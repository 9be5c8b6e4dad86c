//! Metadata and other reads about the cluster.

use kafka_protocol::messages::*;
use uuid::Uuid;

use super::each;
use crate::client::{Bed, name};

#[tokio::test]
async fn metadata() {
    let bed = Bed::quiet().await;
    let id = bed.metadata("orders").await.topic_id;
    use metadata_request::MetadataRequestTopic;
    let make = |version| {
        let by_name = |topic| MetadataRequestTopic::default().with_name(Some(name(topic)));
        let mut topics = vec![by_name("orders"), by_name("no-such"), by_name("no such")];
        if version >= 10 {
            topics.push(
                MetadataRequestTopic::default()
                    .with_topic_id(id)
                    .with_name(None),
            );
            topics.push(
                MetadataRequestTopic::default()
                    .with_topic_id(Uuid::from_u128(9))
                    .with_name(None),
            );
        }
        let request = MetadataRequest::default().with_topics(Some(topics));
        let request = if version >= 4 {
            request.with_allow_auto_topic_creation(true)
        } else {
            request
        };
        if version >= 8 {
            request.with_include_topic_authorized_operations(true)
        } else {
            request
        }
    };
    each(&bed, 2, make, |response, version| {
        assert_eq!(response.brokers.len(), 3);
        let codes: Vec<i16> = response
            .topics
            .iter()
            .map(|topic| topic.error_code)
            .collect();
        let expected: &[i16] = if version >= 10 {
            &[0, 3, 17, 0, 100]
        } else {
            &[0, 3, 17]
        };
        assert_eq!(codes, expected);
        assert_eq!(response.topics[0].partitions.len(), 6);
        assert_eq!(
            response.topics[0].topic_authorized_operations,
            if version >= 8 { 3576 } else { i32::MIN }
        );
        if version >= 2 {
            assert!(response.cluster_id.unwrap().starts_with("sandbox-"));
            assert_eq!(response.controller_id.0, 2);
        }
    })
    .await;
    let all = |version| {
        MetadataRequest::default().with_topics(if version == 0 { Some(vec![]) } else { None })
    };
    each(&bed, 1, all, |response, _| {
        assert_eq!(response.topics.len(), 6)
    })
    .await;
    let none = |version| {
        MetadataRequest::default().with_topics(Some(if version == 0 {
            vec![MetadataRequestTopic::default().with_name(Some(name("x")))]
        } else {
            vec![]
        }))
    };
    each(&bed, 1, none, |response, version| {
        assert_eq!(response.topics.len(), usize::from(version == 0))
    })
    .await;
}

#[tokio::test]
async fn cluster_reads() {
    let bed = Bed::quiet().await;
    each(
        &bed,
        1,
        |version| {
            let request =
                DescribeClusterRequest::default().with_include_cluster_authorized_operations(true);
            if version >= 2 {
                request.with_include_fenced_brokers(true)
            } else {
                request
            }
        },
        |response, _| {
            assert_eq!((response.error_code, response.brokers.len()), (0, 3));
            assert_eq!(response.brokers[2].rack.as_deref(), Some("sandbox-rack-3"));
        },
    )
    .await;
    use describe_quorum_request::{PartitionData, TopicData};
    each(
        &bed,
        1,
        |_| {
            let topic = |topic| {
                TopicData::default()
                    .with_topic_name(name(topic))
                    .with_partitions(vec![PartitionData::default()])
            };
            DescribeQuorumRequest::default()
                .with_topics(vec![topic("__cluster_metadata"), topic("orders")])
        },
        |response, version| {
            let partition = &response.topics[0].partitions[0];
            assert_eq!(
                (
                    partition.error_code,
                    partition.leader_id.0,
                    partition.current_voters.len()
                ),
                (0, 3, 3)
            );
            assert_eq!(response.topics[1].partitions[0].error_code, 3);
            assert_eq!(response.nodes.len(), if version >= 2 { 3 } else { 0 });
        },
    )
    .await;
    use describe_topic_partitions_request::TopicRequest;
    each(
        &bed,
        1,
        |_| {
            let topics = ["payments", "orders", "no-such"]
                .map(|topic| TopicRequest::default().with_name(name(topic)));
            let cursor = describe_topic_partitions_request::Cursor::default()
                .with_topic_name(name("orders"))
                .with_partition_index(2);
            DescribeTopicPartitionsRequest::default()
                .with_topics(topics.to_vec())
                .with_response_partition_limit(5)
                .with_cursor(Some(cursor))
        },
        |response, _| {
            let rows: Vec<_> = response
                .topics
                .iter()
                .map(|topic| {
                    (
                        topic.name.clone().unwrap().to_string(),
                        topic.error_code,
                        topic.partitions.len(),
                    )
                })
                .collect();
            assert_eq!(
                rows,
                [("orders".to_owned(), 0, 4), ("payments".to_owned(), 0, 1)]
            );
            let next = response.next_cursor.unwrap();
            assert_eq!(
                (next.topic_name.as_str(), next.partition_index),
                ("payments", 1)
            );
        },
    )
    .await;
    use describe_log_dirs_request::DescribableLogDirTopic;
    for (node, dirs) in [(1, 2), (2, 1)] {
        each(
            &bed,
            node,
            |_| {
                DescribeLogDirsRequest::default().with_topics(Some(vec![
                    DescribableLogDirTopic::default()
                        .with_topic(name("orders"))
                        .with_partitions(vec![0, 1, 5]),
                ]))
            },
            |response, version| {
                assert_eq!(response.results.len(), dirs);
                let partitions: usize = response
                    .results
                    .iter()
                    .flat_map(|dir| &dir.topics)
                    .map(|topic| topic.partitions.len())
                    .sum();
                assert_eq!(partitions, 3);
                assert!(
                    response
                        .results
                        .iter()
                        .all(|dir| (dir.total_bytes > 0) == (version >= 4))
                );
            },
        )
        .await;
    }
    each(
        &bed,
        1,
        |_| {
            ListPartitionReassignmentsRequest::default()
                .with_timeout_ms(1)
                .with_topics(None)
        },
        |response, _| assert!(response.topics.is_empty()),
    )
    .await;
    each(
        &bed,
        1,
        |version| {
            let request = DescribeAclsRequest::default()
                .with_resource_type_filter(1)
                .with_operation(1)
                .with_permission_type(1);
            if version >= 1 {
                request.with_pattern_type_filter(1)
            } else {
                request
            }
        },
        |response, _| assert_eq!((response.error_code, response.resources.len()), (54, 0)),
    )
    .await;
}
