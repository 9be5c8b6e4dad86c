//! DescribeGroups: classic groups, whose members' subscriptions and assignments are bytes that
//! only the members themselves understand, unless they speak the consumer's protocol.

use super::super::batch::Answer;
use super::super::group_id;
use super::super::protocol;
use super::{answer, bare, by_topic, member, text};
use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_protocol::messages::{DescribeGroupsRequest, DescribeGroupsResponse};
use kafkaweave_core::model::{GroupDescription, GroupType, Member};

/// Protocol type of consumers, Kafka Streams' classic ones included.
const CONSUMER: &str = "consumer";

pub(super) fn request(groups: &[String]) -> DescribeGroupsRequest {
    DescribeGroupsRequest::default().with_groups(groups.iter().map(|g| group_id(g)).collect())
}

pub(super) fn read(
    response: &DescribeGroupsResponse,
    broker: i32,
) -> Vec<Answer<GroupDescription>> {
    let of_group = |group: &DescribedGroup| {
        let name = group.group_id.as_str();
        let empty = || bare(name, GroupType::Classic, &group.group_state, broker);
        answer(
            "DescribeGroups",
            name,
            group.error_code,
            group.error_message.as_ref(),
            bare(name, GroupType::Classic, "", broker),
            || GroupDescription {
                protocol_type: group.protocol_type.to_string(),
                assignor: group.protocol_data.to_string(),
                members: group
                    .members
                    .iter()
                    .map(|m| read_member(m, &group.protocol_type, &group.group_state))
                    .collect(),
                ..empty()
            },
        )
    };
    response.groups.iter().map(of_group).collect()
}

fn read_member(from: &DescribedGroupMember, protocol_type: &str, state: &str) -> Member {
    let is_consumer = protocol_type == CONSUMER;
    // While a group rebalances its coordinator leaves assignments out: the members may well hold
    // partitions still.
    let told = state == "Stable" || !from.member_assignment.is_empty();
    let assignment = (is_consumer && told)
        .then(|| protocol::assignment(&from.member_assignment))
        .flatten();
    let subscription = is_consumer
        .then(|| protocol::subscription(&from.member_metadata))
        .flatten();
    let mut subscribed = subscription.as_ref().map(|s| s.topics.clone());
    if let Some(topics) = &mut subscribed {
        topics.sort();
    }
    Member {
        instance_id: text(from.group_instance_id.as_ref()),
        rack: subscription.and_then(|s| s.rack),
        assignment: assignment.map(|topics| by_topic(topics.into_iter())),
        subscription: subscribed.unwrap_or_default(),
        ..member(&from.member_id, &from.client_id, &from.client_host)
    }
}
