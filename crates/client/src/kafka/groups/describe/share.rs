//! ShareGroupDescribe: groups whose members share partitions (KIP-932).

use super::super::batch::Answer;
use super::super::group_id;
use super::{answer, bare, by_topic, member, text};
use kafka_protocol::messages::share_group_describe_response::{
    DescribedGroup, Member as DescribedMember,
};
use kafka_protocol::messages::{ShareGroupDescribeRequest, ShareGroupDescribeResponse};
use kafkaweave_core::model::{GroupDescription, GroupType, Member};

pub(super) fn request(groups: &[String]) -> ShareGroupDescribeRequest {
    ShareGroupDescribeRequest::default()
        .with_group_ids(groups.iter().map(|g| group_id(g)).collect())
}

pub(super) fn read(
    response: &ShareGroupDescribeResponse,
    broker: i32,
) -> Vec<Answer<GroupDescription>> {
    let of_group = |group: &DescribedGroup| {
        let name = group.group_id.as_str();
        answer(
            "ShareGroupDescribe",
            name,
            group.error_code,
            group.error_message.as_ref(),
            bare(name, GroupType::Share, "", broker),
            || GroupDescription {
                assignor: group.assignor_name.to_string(),
                epoch: Some(group.group_epoch),
                assignment_epoch: Some(group.assignment_epoch),
                members: group.members.iter().map(read_member).collect(),
                ..bare(name, GroupType::Share, &group.group_state, broker)
            },
        )
    };
    response.groups.iter().map(of_group).collect()
}

fn read_member(from: &DescribedMember) -> Member {
    let mut subscription: Vec<String> = from
        .subscribed_topic_names
        .iter()
        .map(|topic| topic.to_string())
        .collect();
    subscription.sort();
    let topics = from.assignment.topic_partitions.iter();
    Member {
        rack: text(from.rack_id.as_ref()),
        epoch: Some(from.member_epoch),
        assignment: Some(by_topic(
            topics.map(|t| (t.topic_name.to_string(), t.partitions.clone())),
        )),
        subscription,
        ..member(&from.member_id, &from.client_id, &from.client_host)
    }
}
