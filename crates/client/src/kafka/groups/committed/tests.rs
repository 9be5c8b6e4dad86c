use super::super::share_message::{ShareGroup, SharePartition, ShareTopic};
use super::*;
use bytes::BytesMut;
use kafka_protocol::messages::TopicName;
use kafka_protocol::messages::offset_fetch_response as answer;
use kafka_protocol::protocol::{Decodable, Encodable, Message};

fn string(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

#[test]
fn every_request_is_encoded_at_every_version_that_is_used() {
    let groups = ["billing".to_owned(), "audit".to_owned()];
    let many = GroupsOffsetsRequest::VERSIONS;
    for version in ALL_TOPICS..many.min {
        let request = single_request("billing");
        let encoded = request.encode(&mut BytesMut::new(), version);
        assert!(encoded.is_ok(), "version {version}: {encoded:?}");
    }
    for version in many.min..=many.max {
        let encoded = request(&groups).encode(&mut BytesMut::new(), version);
        assert!(encoded.is_ok(), "version {version}: {encoded:?}");
    }
    for version in ShareOffsetsRequest::VERSIONS.min..=ShareOffsetsRequest::VERSIONS.max {
        let encoded = share_request(&groups).encode(&mut BytesMut::new(), version);
        assert!(encoded.is_ok(), "version {version}: {encoded:?}");
    }
}

/// As a coordinator sends it, and we read it.
fn read(groups: Vec<answer::OffsetFetchResponseGroup>) -> GroupsOffsetsResponse {
    let response = OffsetFetchResponse::default().with_groups(groups);
    let mut bytes = BytesMut::new();
    response.encode(&mut bytes, 9).unwrap();
    GroupsOffsetsResponse::decode(&mut bytes.freeze(), 9).unwrap()
}

fn partition(index: i32, offset: i64, error: i16) -> answer::OffsetFetchResponsePartitions {
    answer::OffsetFetchResponsePartitions::default()
        .with_partition_index(index)
        .with_committed_offset(offset)
        .with_committed_leader_epoch(if offset > 0 { 4 } else { -1 })
        .with_metadata(Some(string("note")))
        .with_error_code(error)
}

fn group(name: &str, error: i16) -> answer::OffsetFetchResponseGroup {
    let topic = answer::OffsetFetchResponseTopics::default()
        .with_name(TopicName(string("orders")))
        .with_partitions(vec![
            partition(2, 70, 0),
            partition(0, 0, 0),
            partition(1, -1, 0),
            partition(3, -1, 88),
        ]);
    answer::OffsetFetchResponseGroup::default()
        .with_group_id(group_id(name))
        .with_error_code(error)
        .with_topics(vec![topic])
}

#[test]
fn errors_of_partitions_inside_a_good_answer_are_gaps_and_no_commit_is_no_offset() {
    let response = read(vec![group("billing", 0)]);
    let (name, outcome) = batched(response, 3).remove(0);
    let (offsets, missing) = outcome.unwrap();
    assert_eq!(name, "billing");
    let rows: Vec<_> = offsets
        .offsets
        .iter()
        .map(|o| (o.partition, o.offset, o.leader_epoch, o.metadata.as_str()))
        .collect();
    assert_eq!(rows, [(0, 0, None, "note"), (2, 70, Some(4), "note")]);
    assert_eq!(missing.len(), 1);
    assert_eq!(
        missing[0].what,
        "committed offset of group `billing` in `orders-3`"
    );
    assert_eq!(missing[0].broker, Some(3));
    assert!(
        missing[0].why.contains("UNSTABLE_OFFSET_COMMIT"),
        "{}",
        missing[0].why
    );
}

#[test]
fn an_error_of_one_group_leaves_the_others_alone() {
    let response = read(vec![
        group("secret", 30),
        group("moved", 16),
        group("billing", 0),
    ]);
    let answers = batched(response, 3);
    assert!(matches!(
        answers[0].1,
        Err(KafkaError::NotAuthorized { .. })
    ));
    assert!(matches!(
        answers[1].1,
        Err(KafkaError::Broker { code: 16, .. })
    ));
    assert!(answers[2].1.is_ok());
}

#[test]
fn share_groups_give_start_offsets_where_there_are_any() {
    let partition = |partition: i32, start_offset: i64, lag: i64| SharePartition {
        partition,
        start_offset,
        leader_epoch: 0,
        lag,
        error_code: 0,
        error_message: None,
    };
    let topic = ShareTopic {
        topic: string("jobs"),
        partitions: vec![
            partition(0, 12, -1),
            partition(1, -1, -1),
            partition(2, 148, 0),
        ],
    };
    let group = ShareGroup {
        group_id: string("workers"),
        topics: vec![topic],
        ..ShareGroup::default()
    };
    let response = ShareOffsetsResponse {
        throttle_time_ms: 0,
        groups: vec![group],
    };
    let (_, outcome) = share(&response, 1).remove(0);
    let (offsets, missing) = outcome.unwrap();
    assert!(missing.is_empty());
    let rows: Vec<_> = offsets
        .offsets
        .iter()
        .map(|o| (o.partition, o.offset, o.lag))
        .collect();
    assert_eq!(rows, [(0, 12, None), (2, 148, Some(0))]);
}
