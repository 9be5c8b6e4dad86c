use super::*;
use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::consumer_group_describe_response as consumer_answer;
use kafka_protocol::messages::describe_groups_response as classic_answer;
use kafka_protocol::messages::{
    ConsumerGroupDescribeResponse, DescribeGroupsResponse, GroupId, TopicName,
};
use kafka_protocol::protocol::Request;

fn string(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

fn encodes<R: Request>(build: impl Fn() -> R) {
    for version in R::VERSIONS.min..=R::VERSIONS.max {
        let encoded = build().encode(&mut BytesMut::new(), version);
        assert!(
            encoded.is_ok(),
            "api {} version {version}: {encoded:?}",
            R::KEY
        );
    }
}

#[test]
fn every_request_is_encoded_at_every_version() {
    let groups = ["billing".to_owned(), "audit".to_owned()];
    encodes(|| classic::request(&groups));
    encodes(|| consumer::request(&groups));
    encodes(|| share::request(&groups));
    encodes(|| streams::request(&groups));
}

fn classic_member(assignment: &'static [u8]) -> classic_answer::DescribedGroupMember {
    let mut subscription = vec![0, 0, 0, 0, 0, 1, 0, 6];
    subscription.extend(b"orders");
    subscription.extend([0xff, 0xff, 0xff, 0xff]);
    classic_answer::DescribedGroupMember::default()
        .with_member_id(string("b1-77"))
        .with_client_id(string("b1"))
        .with_client_host(string("/10.0.3.17"))
        .with_member_metadata(subscription.into())
        .with_member_assignment(Bytes::from_static(assignment))
}

fn classic_group(protocol_type: &str, assignment: &'static [u8]) -> classic_answer::DescribedGroup {
    classic_answer::DescribedGroup::default()
        .with_group_id(GroupId(string("billing")))
        .with_group_state(string("Stable"))
        .with_protocol_type(string(protocol_type))
        .with_protocol_data(string("range"))
        .with_members(vec![classic_member(assignment)])
}

fn described(group: classic_answer::DescribedGroup) -> Result<GroupDescription, KafkaError> {
    let response = DescribeGroupsResponse::default().with_groups(vec![group]);
    let mut answers = classic::read(&response, 2);
    assert_eq!(answers.len(), 1);
    answers.remove(0).1.map(|(description, _)| description)
}

const ORDERS_2_AND_0: &[u8] =
    b"\0\x01\0\0\0\x01\0\x06orders\0\0\0\x02\0\0\0\x02\0\0\0\0\xff\xff\xff\xff";

#[test]
fn a_classic_consumer_shows_what_it_reads_and_holds() {
    let group = described(classic_group("consumer", ORDERS_2_AND_0)).unwrap();
    assert_eq!(
        (group.state.as_str(), group.assignor.as_str()),
        ("Stable", "range")
    );
    let member = &group.members[0];
    assert_eq!(member.subscription, ["orders"]);
    let held = member.assignment.as_ref().unwrap();
    assert_eq!(
        (held[0].topic.as_str(), held[0].partitions.as_slice()),
        ("orders", &[0, 2][..])
    );
    assert_eq!(group.epoch, None);
}

#[test]
fn other_protocols_and_garbage_leave_the_assignment_unknown() {
    let connect = described(classic_group("connect", ORDERS_2_AND_0)).unwrap();
    assert_eq!(connect.members[0].assignment, None);
    assert!(connect.members[0].subscription.is_empty());
    let garbage = described(classic_group("consumer", b"\0\0\x7f\xff\xff\xff")).unwrap();
    assert_eq!(garbage.members[0].assignment, None);
    let waiting = described(classic_group("consumer", b"")).unwrap();
    assert_eq!(waiting.members[0].assignment, Some(vec![]));
}

#[test]
fn what_a_coordinator_leaves_out_during_a_rebalance_is_unknown_and_not_nothing() {
    for state in ["PreparingRebalance", "CompletingRebalance"] {
        let group = classic_group("consumer", b"").with_group_state(string(state));
        let member = &described(group).unwrap().members[0];
        assert_eq!(member.assignment, None, "{state}");
    }
}

#[test]
fn error_69_is_a_dead_group_or_the_wrong_call_and_the_text_tells() {
    let refused = |text: &str| {
        let group = classic_answer::DescribedGroup::default()
            .with_group_id(GroupId(string("billing")))
            .with_group_state(string("Dead"))
            .with_error_code(69)
            .with_error_message(Some(string(text)));
        described(group)
    };
    let dead = refused("Group billing not found.").unwrap();
    assert_eq!((dead.state.as_str(), dead.members.len()), ("Dead", 0));
    let wrong = refused("Group billing is not a classic group.").unwrap_err();
    assert!(of_another_type(&wrong), "{wrong}");
}

#[test]
fn a_refusal_of_one_group_is_its_own() {
    let group = classic_answer::DescribedGroup::default()
        .with_group_id(GroupId(string("secret")))
        .with_error_code(30);
    assert!(matches!(
        described(group),
        Err(KafkaError::NotAuthorized { .. })
    ));
}

#[test]
fn a_target_is_told_only_where_it_differs() {
    let assigned = |partitions: &[i32]| {
        consumer_answer::Assignment::default().with_topic_partitions(vec![
            consumer_answer::TopicPartitions::default()
                .with_topic_name(TopicName(string("orders")))
                .with_partitions(partitions.to_vec()),
        ])
    };
    let member = |held: &[i32], target: &[i32]| {
        consumer_answer::Member::default()
            .with_member_id(string("m"))
            .with_member_epoch(9)
            .with_subscribed_topic_names(vec![TopicName(string("orders"))])
            .with_subscribed_topic_regex(Some(string("eu-.*")))
            .with_assignment(assigned(held))
            .with_target_assignment(assigned(target))
    };
    let group = consumer_answer::DescribedGroup::default()
        .with_group_id(GroupId(string("g")))
        .with_group_state(string("Reconciling"))
        .with_group_epoch(9)
        .with_assignment_epoch(8)
        .with_members(vec![member(&[1, 0], &[0, 1]), member(&[0, 1], &[0])]);
    let response = ConsumerGroupDescribeResponse::default().with_groups(vec![group]);
    let (_, outcome) = consumer::read(&response, 1).remove(0);
    let (group, _) = outcome.unwrap();
    assert_eq!((group.epoch, group.assignment_epoch), (Some(9), Some(8)));
    assert_eq!(group.members[0].target, None);
    assert_eq!(group.members[0].subscription, ["orders", "regex:eu-.*"]);
    let target = group.members[1].target.as_ref().unwrap();
    assert_eq!(target[0].partitions, [0]);
}
