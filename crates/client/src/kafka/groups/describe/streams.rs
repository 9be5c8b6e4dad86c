//! StreamsGroupDescribe: Kafka Streams groups whose coordinator assigns tasks (KIP-1071).

use super::super::batch::Answer;
use super::super::group_id;
use super::super::streams_message::{
    Assignment, DescribedGroup, StreamsGroupDescribeRequest, StreamsGroupDescribeResponse,
    StreamsMember, Subtopology, TaskIds,
};
use super::{answer, bare, member, text};
use kafkaweave_core::model::{GroupDescription, GroupType, Member, StreamsTask};

pub(super) fn request(groups: &[String]) -> StreamsGroupDescribeRequest {
    StreamsGroupDescribeRequest {
        group_ids: groups.iter().map(|g| group_id(g)).collect(),
        include_authorized_operations: false,
    }
}

pub(super) fn read(
    response: &StreamsGroupDescribeResponse,
    broker: i32,
) -> Vec<Answer<GroupDescription>> {
    let of_group = |group: &DescribedGroup| {
        let name = group.group_id.as_str();
        answer(
            "StreamsGroupDescribe",
            name,
            group.error_code,
            group.error_message.as_ref(),
            bare(name, GroupType::Streams, "", broker),
            || GroupDescription {
                epoch: Some(group.group_epoch),
                assignment_epoch: Some(group.assignment_epoch),
                members: group.members.iter().map(read_member).collect(),
                subtopologies: group.subtopologies.iter().map(sources).collect(),
                ..bare(name, GroupType::Streams, &group.group_state, broker)
            },
        )
    };
    response.groups.iter().map(of_group).collect()
}

/// What a sub-topology reads: its source topics and the repartition topics that feed it.
fn sources(of: &Subtopology) -> (String, Vec<String>) {
    let repartition = of.repartition_source_topics.iter();
    let mut topics: Vec<String> = of
        .source_topics
        .iter()
        .chain(repartition)
        .map(ToString::to_string)
        .collect();
    topics.sort();
    topics.dedup();
    (of.subtopology_id.to_string(), topics)
}

fn read_member(from: &StreamsMember) -> Member {
    Member {
        instance_id: text(from.instance_id.as_ref()),
        rack: text(from.rack_id.as_ref()),
        epoch: Some(from.member_epoch),
        assignment: Some(Vec::new()),
        tasks: tasks(&from.assignment),
        ..member(&from.member_id, &from.client_id, &from.client_host)
    }
}

fn tasks(assignment: &Assignment) -> Vec<StreamsTask> {
    let of_role = |role: &'static str, tasks: &[TaskIds]| -> Vec<StreamsTask> {
        let task = |of: &TaskIds| {
            let mut partitions = of.partitions.clone();
            partitions.sort_unstable();
            StreamsTask {
                subtopology: of.subtopology_id.to_string(),
                partitions,
                role: role.into(),
            }
        };
        tasks.iter().map(task).collect()
    };
    let mut tasks = of_role("active", &assignment.active_tasks);
    tasks.extend(of_role("standby", &assignment.standby_tasks));
    tasks.extend(of_role("warmup", &assignment.warmup_tasks));
    tasks
}
