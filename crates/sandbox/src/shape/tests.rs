use bytes::BytesMut;
use kafka_protocol::messages::*;
use kafka_protocol::protocol::Request;

use super::*;
use crate::wire::{group_id, text, topic_name};

/// Encodes a request at every version and walks it: the outline must end where the codec ends, and
/// every cut must be noticed.
fn fits<R: Request>(make: impl Fn(i16) -> R) {
    for version in R::VERSIONS.min..=R::VERSIONS.max {
        let mut out = BytesMut::new();
        make(version).encode(&mut out, version).unwrap();
        let body = out.freeze();
        let flexible = R::header_version(version) >= 2;
        assert_eq!(
            check(R::KEY, version, flexible, &body),
            Ok(0),
            "API {} v{version}",
            R::KEY
        );
        for end in 0..body.len() {
            let cut = body.slice(..end);
            assert!(
                check(R::KEY, version, flexible, &cut).is_err(),
                "API {} v{version} cut at {end}",
                R::KEY
            );
            assert!(
                R::decode(&mut cut.clone(), version).is_err(),
                "API {} v{version} cut at {end}",
                R::KEY
            );
        }
    }
}

#[test]
fn outlines_end_where_the_codec_ends_for_records_and_metadata() {
    fits(|version| {
        let data = produce_request::PartitionProduceData::default()
            .with_records(Some(Bytes::from_static(b"xyz")));
        let row = produce_request::TopicProduceData::default()
            .with_partition_data(vec![data.clone(), data]);
        let row = if version < 13 {
            row.with_name(topic_name("t"))
        } else {
            row
        };
        ProduceRequest::default().with_topic_data(vec![row])
    });
    fits(|version| {
        let row = fetch_request::FetchTopic::default()
            .with_partitions(vec![fetch_request::FetchPartition::default(); 2]);
        let row = if version < 13 {
            row.with_topic(topic_name("t"))
        } else {
            row
        };
        let request = FetchRequest::default().with_topics(vec![row]);
        if version < 7 {
            return request;
        }
        let gone = fetch_request::ForgottenTopic::default().with_partitions(vec![1, 2]);
        let gone = if version < 13 {
            gone.with_topic(topic_name("t"))
        } else {
            gone
        };
        let request = request.with_forgotten_topics_data(vec![gone]);
        let request = if version >= 11 {
            request.with_rack_id(text("rack"))
        } else {
            request
        };
        if version >= 12 {
            request.with_cluster_id(Some(text("tagged")))
        } else {
            request
        }
    });
    fits(|_| {
        let row = list_offsets_request::ListOffsetsTopic::default().with_name(topic_name("t"));
        let row = row.with_partitions(vec![
            list_offsets_request::ListOffsetsPartition::default();
            2
        ]);
        ListOffsetsRequest::default().with_topics(vec![row])
    });
    fits(|_| {
        let topic =
            metadata_request::MetadataRequestTopic::default().with_name(Some(topic_name("t")));
        MetadataRequest::default().with_topics(Some(vec![topic; 2]))
    });
    fits(|_| {
        let row = offset_for_leader_epoch_request::OffsetForLeaderTopic::default()
            .with_topic(topic_name("t"));
        let row = row.with_partitions(
            vec![offset_for_leader_epoch_request::OffsetForLeaderPartition::default(); 2],
        );
        OffsetForLeaderEpochRequest::default().with_topics(vec![row])
    });
    fits(|_| {
        let row = delete_records_request::DeleteRecordsTopic::default().with_name(topic_name("t"));
        let row = row.with_partitions(vec![
            delete_records_request::DeleteRecordsPartition::default(
            );
            2
        ]);
        DeleteRecordsRequest::default().with_topics(vec![row])
    });
    fits(|_| {
        InitProducerIdRequest::default().with_transactional_id(Some(TransactionalId(text("x"))))
    });
    fits(|version| {
        let request = ApiVersionsRequest::default();
        if version >= 3 {
            request.with_client_software_name(text("n"))
        } else {
            request
        }
    });
}

#[test]
fn outlines_end_where_the_codec_ends_for_groups() {
    fits(|version| {
        let row = offset_commit_request::OffsetCommitRequestPartition::default()
            .with_committed_metadata(Some(text("m")));
        let row = offset_commit_request::OffsetCommitRequestTopic::default()
            .with_name(topic_name("t"))
            .with_partitions(vec![row; 2]);
        let request = OffsetCommitRequest::default()
            .with_group_id(group_id("g"))
            .with_topics(vec![row]);
        if version >= 7 {
            request.with_group_instance_id(Some(text("i")))
        } else {
            request
        }
    });
    fits(|version| {
        if version < 8 {
            let row =
                offset_fetch_request::OffsetFetchRequestTopic::default().with_name(topic_name("t"));
            return OffsetFetchRequest::default()
                .with_topics(Some(vec![row.with_partition_indexes(vec![1, 2])]));
        }
        let row =
            offset_fetch_request::OffsetFetchRequestTopics::default().with_name(topic_name("t"));
        let row = row.with_partition_indexes(vec![1, 2]);
        let group =
            offset_fetch_request::OffsetFetchRequestGroup::default().with_group_id(group_id("g"));
        OffsetFetchRequest::default().with_groups(vec![group.with_topics(Some(vec![row])); 2])
    });
    fits(|version| {
        let request = FindCoordinatorRequest::default();
        if version >= 4 {
            request.with_coordinator_keys(vec![text("a"), text("b")])
        } else {
            request.with_key(text("a"))
        }
    });
    fits(|version| {
        let protocol = join_group_request::JoinGroupRequestProtocol::default()
            .with_name(text("p"))
            .with_metadata(Bytes::from_static(b"m"));
        let request = JoinGroupRequest::default()
            .with_group_id(group_id("g"))
            .with_protocols(vec![protocol; 2]);
        if version >= 5 {
            request.with_group_instance_id(Some(text("i")))
        } else {
            request
        }
    });
    fits(|_| {
        HeartbeatRequest::default()
            .with_group_id(group_id("g"))
            .with_member_id(text("m"))
    });
    fits(|version| {
        let request = LeaveGroupRequest::default().with_group_id(group_id("g"));
        let member = leave_group_request::MemberIdentity::default().with_member_id(text("m"));
        if version >= 3 {
            request.with_members(vec![member; 2])
        } else {
            request.with_member_id(text("m"))
        }
    });
    fits(|_| {
        let share = sync_group_request::SyncGroupRequestAssignment::default()
            .with_assignment(Bytes::from_static(b"a"));
        SyncGroupRequest::default().with_assignments(vec![share; 2])
    });
    fits(|_| DescribeGroupsRequest::default().with_groups(vec![group_id("a"), group_id("b")]));
    fits(|version| {
        let request = ListGroupsRequest::default();
        let request = if version >= 4 {
            request.with_states_filter(vec![text("a")])
        } else {
            request
        };
        if version >= 5 {
            request.with_types_filter(vec![text("b"); 2])
        } else {
            request
        }
    });
    fits(|_| DeleteGroupsRequest::default().with_groups_names(vec![group_id("a"), group_id("b")]));
    fits(|_| {
        let row =
            offset_delete_request::OffsetDeleteRequestTopic::default().with_name(topic_name("t"));
        let row = row.with_partitions(
            vec![offset_delete_request::OffsetDeleteRequestPartition::default(); 2],
        );
        OffsetDeleteRequest::default().with_topics(vec![row])
    });
    fits(|_| {
        let row = consumer_group_heartbeat_request::TopicPartitions::default()
            .with_partitions(vec![1, 2]);
        ConsumerGroupHeartbeatRequest::default()
            .with_subscribed_topic_names(Some(vec![topic_name("a"), topic_name("b")]))
            .with_topic_partitions(Some(vec![row; 2]))
    });
    fits(|_| {
        ConsumerGroupDescribeRequest::default().with_group_ids(vec![group_id("a"), group_id("b")])
    });
}

#[test]
fn outlines_end_where_the_codec_ends_for_administration() {
    fits(|_| {
        let placed = create_topics_request::CreatableReplicaAssignment::default()
            .with_broker_ids(vec![BrokerId(1); 2]);
        let setting = create_topics_request::CreatableTopicConfig::default().with_name(text("k"));
        let topic = create_topics_request::CreatableTopic::default().with_name(topic_name("t"));
        CreateTopicsRequest::default().with_topics(vec![
            topic
                .with_assignments(vec![placed])
                .with_configs(vec![setting; 2]),
        ])
    });
    fits(|version| {
        let topic =
            delete_topics_request::DeleteTopicState::default().with_name(Some(topic_name("t")));
        let request = DeleteTopicsRequest::default();
        if version >= 6 {
            request.with_topics(vec![topic; 2])
        } else {
            request.with_topic_names(vec![topic_name("t"); 2])
        }
    });
    fits(|_| {
        let placed = create_partitions_request::CreatePartitionsAssignment::default()
            .with_broker_ids(vec![BrokerId(1); 2]);
        let topic =
            create_partitions_request::CreatePartitionsTopic::default().with_name(topic_name("t"));
        CreatePartitionsRequest::default()
            .with_topics(vec![topic.with_assignments(Some(vec![placed; 2]))])
    });
    fits(|_| {
        let resource = describe_configs_request::DescribeConfigsResource::default()
            .with_resource_name(text("t"));
        DescribeConfigsRequest::default().with_resources(vec![
            resource.with_configuration_keys(
                Some(vec![text("a"), text("b")])
            );
            2
        ])
    });
    fits(|_| {
        let change = incremental_alter_configs_request::AlterableConfig::default()
            .with_name(text("k"))
            .with_value(Some(text("v")));
        let resource = incremental_alter_configs_request::AlterConfigsResource::default()
            .with_configs(vec![change; 2]);
        IncrementalAlterConfigsRequest::default().with_resources(vec![resource])
    });
    fits(|_| {
        let topic = describe_log_dirs_request::DescribableLogDirTopic::default()
            .with_topic(topic_name("t"))
            .with_partitions(vec![1, 2]);
        DescribeLogDirsRequest::default().with_topics(Some(vec![topic]))
    });
    fits(|_| {
        let topic =
            list_partition_reassignments_request::ListPartitionReassignmentsTopics::default();
        ListPartitionReassignmentsRequest::default().with_topics(Some(vec![
            topic
                .with_name(topic_name("t"))
                .with_partition_indexes(vec![1]),
        ]))
    });
    fits(|_| {
        let topic = describe_quorum_request::TopicData::default().with_topic_name(topic_name("t"));
        DescribeQuorumRequest::default().with_topics(vec![
            topic.with_partitions(vec![describe_quorum_request::PartitionData::default(); 2]),
        ])
    });
    fits(|_| DescribeAclsRequest::default().with_principal_filter(Some(text("p"))));
    fits(|_| DescribeClusterRequest::default());
    fits(|_| {
        let cursor =
            describe_topic_partitions_request::Cursor::default().with_topic_name(topic_name("t"));
        let topic =
            describe_topic_partitions_request::TopicRequest::default().with_name(topic_name("t"));
        DescribeTopicPartitionsRequest::default()
            .with_topics(vec![topic; 2])
            .with_cursor(Some(cursor))
    });
    fits(|_| DescribeTopicPartitionsRequest::default().with_cursor(None));
}

#[test]
fn every_offered_api_has_an_outline() {
    for offer in crate::dispatch::OFFERS {
        assert!(
            outlines::of(offer.api_key).is_some(),
            "API {}",
            offer.api_key
        );
    }
}

#[test]
fn claims_beyond_what_arrived_are_refused() {
    for (flexible, body) in [
        (false, &b"\x7f\xff\xff\xff"[..]),
        (false, b"\0\0\0\x09xxxx"),
        (true, b"\xff\xff\xff\xff\x0f"),
        (true, &[0xff; 20]),
    ] {
        assert!(
            check(
                3,
                if flexible { 9 } else { 0 },
                flexible,
                &Bytes::copy_from_slice(body)
            )
            .is_err()
        );
    }
}
