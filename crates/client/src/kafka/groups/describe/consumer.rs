//! ConsumerGroupDescribe: groups whose coordinator assigns (KIP-848).

use super::super::batch::Answer;
use super::super::group_id;
use super::{answer, bare, by_topic, member, text};
use kafka_protocol::messages::consumer_group_describe_response::{
    Assignment, DescribedGroup, Member as DescribedMember,
};
use kafka_protocol::messages::{ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse};
use kafkaweave_core::model::{GroupDescription, GroupType, Member, TopicPartitions};

pub(super) fn request(groups: &[String]) -> ConsumerGroupDescribeRequest {
    ConsumerGroupDescribeRequest::default()
        .with_group_ids(groups.iter().map(|g| group_id(g)).collect())
}

pub(super) fn read(
    response: &ConsumerGroupDescribeResponse,
    broker: i32,
) -> Vec<Answer<GroupDescription>> {
    let of_group = |group: &DescribedGroup| {
        let name = group.group_id.as_str();
        answer(
            "ConsumerGroupDescribe",
            name,
            group.error_code,
            group.error_message.as_ref(),
            bare(name, GroupType::Consumer, "", broker),
            || GroupDescription {
                assignor: group.assignor_name.to_string(),
                epoch: Some(group.group_epoch),
                assignment_epoch: Some(group.assignment_epoch),
                members: group.members.iter().map(read_member).collect(),
                ..bare(name, GroupType::Consumer, &group.group_state, broker)
            },
        )
    };
    response.groups.iter().map(of_group).collect()
}

fn read_member(from: &DescribedMember) -> Member {
    let assignment = partitions(&from.assignment);
    let target = partitions(&from.target_assignment);
    let mut subscription: Vec<String> = from
        .subscribed_topic_names
        .iter()
        .map(|topic| topic.to_string())
        .collect();
    subscription.sort();
    let regex = text(from.subscribed_topic_regex.as_ref());
    subscription.extend(regex.map(|regex| format!("regex:{regex}")));
    Member {
        instance_id: text(from.instance_id.as_ref()),
        rack: text(from.rack_id.as_ref()),
        epoch: Some(from.member_epoch),
        target: (target != assignment).then_some(target),
        assignment: Some(assignment),
        subscription,
        ..member(&from.member_id, &from.client_id, &from.client_host)
    }
}

fn partitions(assignment: &Assignment) -> Vec<TopicPartitions> {
    let topics = assignment.topic_partitions.iter();
    by_topic(topics.map(|t| (t.topic_name.to_string(), t.partitions.clone())))
}
