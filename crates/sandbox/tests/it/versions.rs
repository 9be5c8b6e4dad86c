//! Every offered API at every version it has: encoded, understood, answered, decoded to the last byte.

use kafka_protocol::messages::*;
use kafka_protocol::protocol::Request;
use uuid::Uuid;

use crate::client::{Bed, batch, group, name, text};

/// Asks at every version that ApiVersions announces, with a request made for the version.
async fn each<R: Request>(
    bed: &Bed,
    node: i32,
    make: impl Fn(i16) -> R,
    check: impl Fn(R::Response, i16),
) {
    let offers = bed
        .node(1)
        .await
        .call(&ApiVersionsRequest::default(), 0)
        .await
        .api_keys;
    let offer = offers.iter().find(|offer| offer.api_key == R::KEY).unwrap();
    // Produce 0 to 2 are announced for librdkafka's sake only.
    let min = if R::KEY == ProduceRequest::KEY {
        3
    } else {
        offer.min_version
    };
    assert_eq!(min, R::VERSIONS.min, "API {}", R::KEY);
    let mut wire = bed.node(node).await;
    for version in min..=offer.max_version {
        check(wire.call(&make(version), version).await, version);
    }
}

#[tokio::test]
async fn api_versions_and_the_step_down_from_an_unknown_version() {
    let bed = Bed::empty().await;
    let make = |version| {
        let request = ApiVersionsRequest::default();
        if version < 3 {
            return request;
        }
        request
            .with_client_software_name("raw".into())
            .with_client_software_version("1".into())
    };
    each(&bed, 1, make, |response, version| {
        assert_eq!(response.error_code, 0);
        assert_eq!(response.api_keys.len(), 32);
        assert!(
            response
                .api_keys
                .iter()
                .all(|api| !matches!(api.api_key, 17 | 36)),
            "plaintext only"
        );
        assert_eq!(version >= 3, !response.finalized_features.is_empty());
    })
    .await;
    // Version 5 does not exist: the answer comes in version 0, with error 35.
    let mut wire = bed.node(1).await;
    let mut frame = bytes::BytesMut::new();
    bytes::BufMut::put_slice(
        &mut frame,
        b"\0\0\0\x0c\0\x12\0\x05\0\0\0\x07\xff\xff\0\x01",
    );
    tokio::io::AsyncWriteExt::write_all(&mut wire.stream, &frame)
        .await
        .unwrap();
    let mut answer = wire.frame().await.unwrap();
    assert_eq!(bytes::Buf::get_i32(&mut answer), 7);
    let response =
        <ApiVersionsResponse as kafka_protocol::protocol::Decodable>::decode(&mut answer, 0)
            .unwrap();
    assert_eq!(
        (response.error_code, response.api_keys.len(), answer.len()),
        (35, 32, 0)
    );
}

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
        |response, _| assert_eq!((response.error_code, response.resources.len()), (0, 0)),
    )
    .await;
}

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

#[tokio::test]
async fn topics_come_grow_and_go() {
    let bed = Bed::empty().await;
    use create_topics_request::{CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig};
    let topic = |topic: &str, partitions, factor| {
        CreatableTopic::default()
            .with_name(name(topic))
            .with_num_partitions(partitions)
            .with_replication_factor(factor)
    };
    let create = |validate_only: bool| {
        move |version: i16| {
            let setting = CreatableTopicConfig::default()
                .with_name(text("retention.ms"))
                .with_value(Some(text("1000")));
            let wrong = CreatableTopicConfig::default()
                .with_name(text("no.such"))
                .with_value(Some(text("1")));
            let placed = CreatableReplicaAssignment::default()
                .with_broker_ids(vec![BrokerId(2), BrokerId(3)]);
            CreateTopicsRequest::default()
                .with_timeout_ms(1_000)
                .with_validate_only(validate_only)
                .with_topics(vec![
                    topic(&format!("t{version}"), 2, 3).with_configs(vec![setting]),
                    topic("bad name", 1, 1),
                    topic(&format!("u{version}"), 0, 1),
                    topic(&format!("w{version}"), 1, 4),
                    topic(&format!("x{version}"), 1, 1).with_configs(vec![wrong]),
                    topic(&format!("y{version}"), -1, -1).with_assignments(vec![placed]),
                ])
        }
    };
    for validate_only in [true, false, false] {
        // The second real attempt finds them there.
        let exists = bed.metadata("t7").await.error_code == 0;
        each(&bed, 1, create(validate_only), |response, version| {
            let codes: Vec<i16> = response
                .topics
                .iter()
                .map(|topic| topic.error_code)
                .collect();
            if exists {
                assert_eq!(codes, [36, 17, 37, 38, 40, 36]);
            } else {
                assert_eq!(codes, [0, 17, 37, 38, 40, 0]);
                assert_eq!(
                    response.topics[0].num_partitions,
                    if version >= 5 { 2 } else { -1 }
                );
                assert_eq!(
                    response.topics[0].topic_id.is_nil(),
                    validate_only || version < 7
                );
            }
        })
        .await;
    }
    assert_eq!(
        bed.metadata("y7").await.partitions[0].replica_nodes,
        [BrokerId(2), BrokerId(3)]
    );
    use create_partitions_request::{CreatePartitionsAssignment, CreatePartitionsTopic};
    each(
        &bed,
        1,
        |version| {
            let more = |topic: String, count| {
                CreatePartitionsTopic::default()
                    .with_name(name(&topic))
                    .with_count(count)
            };
            let placed = CreatePartitionsAssignment::default()
                .with_broker_ids(vec![BrokerId(1), BrokerId(2)]);
            CreatePartitionsRequest::default()
                .with_timeout_ms(1_000)
                .with_topics(vec![
                    more(format!("t{}", version + 2), 4).with_assignments(None),
                    more(format!("y{}", version + 2), 2).with_assignments(Some(vec![placed])),
                    more("t6".to_owned(), 1).with_assignments(None),
                    more("no-such".to_owned(), 9).with_assignments(None),
                ])
        },
        |response, _| {
            let codes: Vec<i16> = response
                .results
                .iter()
                .map(|topic| topic.error_code)
                .collect();
            assert_eq!(codes, [0, 0, 37, 3]);
        },
    )
    .await;
    assert_eq!(bed.metadata("t3").await.partitions.len(), 4);
    let id = bed.metadata("t7").await.topic_id;
    use delete_topics_request::DeleteTopicState;
    each(
        &bed,
        1,
        |version| {
            let request = DeleteTopicsRequest::default().with_timeout_ms(1_000);
            if version < 6 {
                return request
                    .with_topic_names(vec![name(&format!("t{version}")), name("no-such")]);
            }
            let by_id = |id| {
                DeleteTopicState::default()
                    .with_topic_id(id)
                    .with_name(None)
            };
            request.with_topics(vec![
                by_id(id),
                DeleteTopicState::default().with_name(Some(name("no-such"))),
                by_id(Uuid::from_u128(9)),
                DeleteTopicState::default().with_name(Some(name("__consumer_offsets"))),
            ])
        },
        |response, version| {
            let codes: Vec<i16> = response
                .responses
                .iter()
                .map(|topic| topic.error_code)
                .collect();
            match version {
                6 => assert_eq!(codes, [0, 3, 100, 44]),
                2..=5 => assert_eq!(codes, [0, 3]),
                _ => assert_eq!(codes, [3, 3], "there is no t1"),
            }
        },
    )
    .await;
}

#[tokio::test]
async fn group_reads_and_offsets() {
    let bed = Bed::quiet().await;
    let node = bed.coordinator_id("billing").await;
    let other = node % 3 + 1;
    each(
        &bed,
        1,
        |version| {
            let request = FindCoordinatorRequest::default();
            if version >= 4 {
                request.with_coordinator_keys(vec![text("billing"), text("x")])
            } else {
                request.with_key(text("billing"))
            }
        },
        |response, version| {
            if version >= 4 {
                assert_eq!(response.coordinators.len(), 2);
                assert_eq!(
                    (
                        response.coordinators[0].node_id.0,
                        response.coordinators[0].error_code
                    ),
                    (node, 0)
                );
            } else {
                assert_eq!((response.node_id.0, response.error_code), (node, 0));
            }
        },
    )
    .await;
    let list = |states: &'static [&'static str], types: &'static [&'static str]| {
        move |version: i16| {
            let request = ListGroupsRequest::default();
            let request = if version >= 4 {
                request.with_states_filter(states.iter().map(|state| text(state)).collect())
            } else {
                request
            };
            if version >= 5 {
                request.with_types_filter(types.iter().map(|kind| text(kind)).collect())
            } else {
                request
            }
        }
    };
    let has = |response: ListGroupsResponse| {
        response
            .groups
            .iter()
            .any(|listed| listed.group_id.as_str() == "billing")
    };
    each(&bed, node, list(&[], &[]), |response, _| {
        assert!(has(response))
    })
    .await;
    each(&bed, other, list(&[], &[]), |response, _| {
        assert!(!has(response))
    })
    .await;
    each(
        &bed,
        node,
        list(&["stable"], &["Classic"]),
        |response, _| assert!(has(response)),
    )
    .await;
    each(&bed, node, list(&["Empty"], &[]), |response, version| {
        assert_eq!(has(response), version < 4)
    })
    .await;
    each(&bed, node, list(&[], &["consumer"]), |response, version| {
        assert_eq!(has(response), version < 5)
    })
    .await;
    let describe = |id: &'static str| {
        move |version: i16| {
            let request = DescribeGroupsRequest::default().with_groups(vec![group(id)]);
            if version >= 3 {
                request.with_include_authorized_operations(true)
            } else {
                request
            }
        }
    };
    each(&bed, node, describe("billing"), |response, version| {
        let row = &response.groups[0];
        assert_eq!(
            (
                row.error_code,
                row.group_state.as_str(),
                row.protocol_data.as_str()
            ),
            (0, "Stable", "range")
        );
        assert_eq!(
            (row.members.len(), row.authorized_operations),
            (2, if version >= 3 { 3400 } else { i32::MIN })
        );
        assert!(
            row.members
                .iter()
                .all(|member| !member.member_assignment.is_empty())
        );
    })
    .await;
    each(&bed, other, describe("billing"), |response, _| {
        assert_eq!(response.groups[0].error_code, 16)
    })
    .await;
    let nobody = [
        "nobody", "nobody-1", "nobody-2", "nobody-3", "nobody-4", "nobody-5", "nobody-6",
    ];
    let mut absent = "";
    for id in nobody {
        if bed.coordinator_id(id).await == node {
            absent = id;
        }
    }
    assert!(!absent.is_empty());
    each(&bed, node, describe(absent), |response, version| {
        assert_eq!(
            (
                response.groups[0].error_code,
                response.groups[0].group_state.as_str()
            ),
            (if version >= 6 { 69 } else { 0 }, "Dead")
        );
    })
    .await;
    each(
        &bed,
        node,
        |_| ConsumerGroupDescribeRequest::default().with_group_ids(vec![group("billing")]),
        |response, _| assert_eq!(response.groups[0].error_code, 69),
    )
    .await;

    let commit = |version: i16| {
        use offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
        let row = |index| {
            let row = OffsetCommitRequestPartition::default()
                .with_partition_index(index)
                .with_committed_offset(100 + i64::from(version));
            let row = row.with_committed_metadata(Some(text("note")));
            if version >= 6 {
                row.with_committed_leader_epoch(3)
            } else {
                row
            }
        };
        let topic = OffsetCommitRequestTopic::default()
            .with_name(name("orders"))
            .with_partitions(vec![row(0), row(77)]);
        OffsetCommitRequest::default()
            .with_group_id(group(absent))
            .with_generation_id_or_member_epoch(-1)
            .with_topics(vec![topic])
    };
    each(&bed, node, commit, |response, _| {
        let codes: Vec<i16> = response.topics[0]
            .partitions
            .iter()
            .map(|row| row.error_code)
            .collect();
        assert_eq!(codes, [0, 3]);
    })
    .await;
    each(&bed, other, commit, |response, _| {
        assert_eq!(response.topics[0].partitions[0].error_code, 16)
    })
    .await;
    let fetch = |all: bool| {
        move |version: i16| {
            use offset_fetch_request::{
                OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
            };
            if version >= 8 {
                let topic = OffsetFetchRequestTopics::default()
                    .with_name(name("orders"))
                    .with_partition_indexes(vec![0, 1]);
                let of = |id| {
                    let row = OffsetFetchRequestGroup::default()
                        .with_group_id(group(id))
                        .with_topics((!all).then(|| vec![topic.clone()]));
                    if version >= 9 {
                        row.with_member_id(None).with_member_epoch(-1)
                    } else {
                        row
                    }
                };
                return OffsetFetchRequest::default().with_groups(vec![of(absent), of("billing")]);
            }
            let topic = OffsetFetchRequestTopic::default()
                .with_name(name("orders"))
                .with_partition_indexes(vec![0, 1]);
            let topics = if all && version >= 2 {
                None
            } else {
                Some(vec![topic])
            };
            OffsetFetchRequest::default()
                .with_group_id(group(absent))
                .with_topics(topics)
        }
    };
    for all in [false, true] {
        each(&bed, node, fetch(all), |response, version| {
            let rows: Vec<(i64, i16)> = if version >= 8 {
                assert_eq!(
                    (response.groups.len(), response.groups[0].error_code),
                    (2, 0)
                );
                response.groups[0].topics[0]
                    .partitions
                    .iter()
                    .map(|row| (row.committed_offset, row.error_code))
                    .collect()
            } else {
                response.topics[0]
                    .partitions
                    .iter()
                    .map(|row| (row.committed_offset, row.error_code))
                    .collect()
            };
            assert_eq!(
                rows,
                if all && version >= 2 {
                    vec![(109, 0)]
                } else {
                    vec![(109, 0), (-1, 0)]
                }
            );
        })
        .await;
    }
    each(&bed, other, fetch(false), |response, version| {
        let error = match version {
            8.. => response.groups[0].error_code,
            2.. => response.error_code,
            _ => response.topics[0].partitions[0].error_code,
        };
        assert_eq!(error, 16);
    })
    .await;
    use offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
    each(
        &bed,
        node,
        |_| {
            let topic = OffsetDeleteRequestTopic::default()
                .with_name(name("payments"))
                .with_partitions(vec![OffsetDeleteRequestPartition::default()]);
            OffsetDeleteRequest::default()
                .with_group_id(group("billing"))
                .with_topics(vec![topic])
        },
        |response, _| {
            assert_eq!(
                (
                    response.error_code,
                    response.topics[0].partitions[0].error_code
                ),
                (0, 86)
            )
        },
    )
    .await;
    each(
        &bed,
        node,
        |version| {
            DeleteGroupsRequest::default().with_groups_names(vec![
                group("billing"),
                group(absent),
                group(if version == 0 { absent } else { "billing" }),
            ])
        },
        |response, version| {
            let codes: Vec<i16> = response.results.iter().map(|row| row.error_code).collect();
            assert_eq!(
                codes,
                if version == 0 {
                    [68, 0, 69]
                } else {
                    [68, 69, 68]
                }
            );
        },
    )
    .await;
}
