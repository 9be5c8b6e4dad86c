//! Committed offsets: OffsetFetch, and for share groups DescribeShareGroupOffsets.
//!
//! Errors of single partitions sit inside answers that are otherwise good; they are gaps.

use super::super::KafkaError;
use super::super::code::code;
use super::super::route::Router;
use super::batch::{Answer, Asked, ask_coordinators};
use super::offsets_message::{AnsweredGroup, GroupsOffsetsRequest, GroupsOffsetsResponse};
use super::share_message::{ShareOffsetsRequest, ShareOffsetsResponse};
use super::{gone, group_id};
use futures::future::{join, join_all};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::{OffsetFetchRequest, OffsetFetchResponse};
use kafka_protocol::protocol::StrBytes;
use kafkaweave_core::diagnose::lag::commit_gap;
use kafkaweave_core::model::{
    CommittedOffset, GroupListing, GroupOffsets, GroupType, Missing, Partial, TopicPartition,
};

/// From this version on, "all topics" can be asked for.
const ALL_TOPICS: i16 = 2;
const OFFSET_FETCH: &str = "OffsetFetch";
const SHARE_OFFSETS: &str = "DescribeShareGroupOffsets";

/// Committed offsets of the listed groups, by group. Share groups: their start offsets.
///
/// # Errors
/// When there was an error and not one group's offsets were obtained.
pub(crate) async fn committed(
    router: &Router,
    groups: &[GroupListing],
) -> Result<Partial<Vec<GroupOffsets>>, KafkaError> {
    let (share, others): (Vec<_>, Vec<_>) = groups
        .iter()
        .cloned()
        .partition(|listing| listing.group_type == GroupType::Share);
    let (mut asked, of_share) = join(
        ask_coordinators(router, others, |broker, names| fetch(router, broker, names)),
        ask_coordinators(router, share, |broker, names| {
            describe_share(router, broker, names)
        }),
    )
    .await;
    asked.extend(of_share);
    asked.found.sort_by(|a, b| a.group.cmp(&b.group));
    Asked::into_partial(asked, "committed offsets")
}

/// All topics of these groups.
fn request(groups: &[String]) -> GroupsOffsetsRequest {
    let of = |name: &String| {
        OffsetFetchRequestGroup::default()
            .with_group_id(group_id(name))
            .with_topics(None)
    };
    let groups = groups.iter().map(of).collect();
    GroupsOffsetsRequest(OffsetFetchRequest::default().with_groups(groups))
}

/// All topics of one group, below the versions of [`GroupsOffsetsRequest`].
fn single_request(group: &str) -> OffsetFetchRequest {
    OffsetFetchRequest::default()
        .with_group_id(group_id(group))
        .with_topics(None)
}

async fn fetch(
    router: &Router,
    broker: i32,
    names: Vec<String>,
) -> Result<Vec<Answer<GroupOffsets>>, KafkaError> {
    let connection = router.broker(broker).await?;
    if connection.version::<GroupsOffsetsRequest>().is_some() {
        let (answer, _) = router.call(broker, |_| request(&names)).await?;
        return Ok(batched(answer, broker));
    }
    match connection.version::<OffsetFetchRequest>() {
        Some(ALL_TOPICS..) => {
            let calls = names
                .iter()
                .map(|name| router.call(broker, move |_| single_request(name)));
            let outcomes = join_all(calls).await;
            let mut answers = Vec::with_capacity(names.len());
            for (name, outcome) in names.iter().zip(outcomes) {
                let (answer, _) = outcome?;
                answers.push(single(name, &answer, broker));
            }
            Ok(answers)
        }
        _ => Err(KafkaError::NotOffered {
            operation: format!("{OFFSET_FETCH} of all topics"),
            by: format!("broker `{}`", connection.address()),
        }),
    }
}

/// One partition of an answer, whatever its version.
struct Row<'a> {
    topic: &'a StrBytes,
    partition: i32,
    offset: i64,
    leader_epoch: i32,
    metadata: Option<&'a StrBytes>,
    lag: i64,
    error: i16,
    error_text: Option<&'a StrBytes>,
}

fn batched(answer: GroupsOffsetsResponse, broker: i32) -> Vec<Answer<GroupOffsets>> {
    let of_group = |group: AnsweredGroup| {
        let name = group.group_id.as_str();
        if let Some(error) = refusal(OFFSET_FETCH, name, group.error_code, None) {
            return (name.to_owned(), Err(error));
        }
        let gap = |(partition, number): &(TopicPartition, i16)| {
            gap(OFFSET_FETCH, name, partition, *number, None, broker)
        };
        let missing = group.errors.iter().filter_map(gap).collect();
        let offsets = GroupOffsets {
            group: name.to_owned(),
            offsets: group.offsets,
        };
        (name.to_owned(), Ok((offsets, missing)))
    };
    answer.groups.into_iter().map(of_group).collect()
}

fn single(name: &str, answer: &OffsetFetchResponse, broker: i32) -> Answer<GroupOffsets> {
    let rows = answer.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|p| Row {
            topic: &topic.name,
            partition: p.partition_index,
            offset: p.committed_offset,
            leader_epoch: p.committed_leader_epoch,
            metadata: p.metadata.as_ref(),
            lag: -1,
            error: p.error_code,
            error_text: None,
        })
    });
    offsets(OFFSET_FETCH, name, answer.error_code, None, rows, broker)
}

fn share_request(groups: &[String]) -> ShareOffsetsRequest {
    ShareOffsetsRequest {
        groups: groups.iter().map(|name| group_id(name)).collect(),
    }
}

async fn describe_share(
    router: &Router,
    broker: i32,
    names: Vec<String>,
) -> Result<Vec<Answer<GroupOffsets>>, KafkaError> {
    let (answer, _) = router.call(broker, |_| share_request(&names)).await?;
    Ok(share(&answer, broker))
}

fn share(answer: &ShareOffsetsResponse, broker: i32) -> Vec<Answer<GroupOffsets>> {
    let mut answers = Vec::with_capacity(answer.groups.len());
    for group in &answer.groups {
        let rows = group.topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(|p| Row {
                topic: &topic.topic,
                partition: p.partition,
                offset: p.start_offset,
                leader_epoch: p.leader_epoch,
                metadata: None,
                lag: p.lag,
                error: p.error_code,
                error_text: p.error_message.as_ref(),
            })
        });
        let text = group.error_message.as_ref();
        let number = group.error_code;
        answers.push(offsets(
            SHARE_OFFSETS,
            &group.group_id,
            number,
            text,
            rows,
            broker,
        ));
    }
    answers
}

/// Why a coordinator gives nothing of a group.
fn refusal(
    operation: &str,
    group: &str,
    number: i16,
    text: Option<&StrBytes>,
) -> Option<KafkaError> {
    let text = text.map(StrBytes::as_str);
    let error = code(number, operation, &format!("group `{group}`"), text)?;
    Some(if gone(&error) {
        KafkaError::UnknownGroup {
            group: group.to_owned(),
        }
    } else {
        error
    })
}

/// A partition of which a coordinator gives nothing.
fn gap(
    operation: &str,
    group: &str,
    partition: &TopicPartition,
    number: i16,
    text: Option<&StrBytes>,
    broker: i32,
) -> Option<Missing> {
    let text = text.map(StrBytes::as_str);
    let error = code(number, operation, &format!("`{partition}`"), text)?;
    Some(Missing {
        what: commit_gap(group, partition),
        broker: Some(broker),
        why: error.to_string(),
    })
}

/// Turns the rows of one group into its offsets and gaps.
fn offsets<'a>(
    operation: &str,
    group: &str,
    number: i16,
    text: Option<&StrBytes>,
    rows: impl Iterator<Item = Row<'a>>,
    broker: i32,
) -> Answer<GroupOffsets> {
    if let Some(error) = refusal(operation, group, number, text) {
        return (group.to_owned(), Err(error));
    }
    let (mut offsets, mut missing) = (Vec::new(), Vec::new());
    for row in rows {
        if row.error != 0 {
            let partition = TopicPartition::new(row.topic.as_str(), row.partition);
            missing.extend(gap(
                operation,
                group,
                &partition,
                row.error,
                row.error_text,
                broker,
            ));
        } else if row.offset >= 0 {
            // Else nothing is committed, or there is no start offset yet: -1.
            offsets.push(CommittedOffset {
                topic: row.topic.to_string(),
                partition: row.partition,
                offset: row.offset,
                leader_epoch: (row.leader_epoch >= 0).then_some(row.leader_epoch),
                metadata: row.metadata.map(ToString::to_string).unwrap_or_default(),
                lag: (row.lag >= 0).then_some(row.lag),
            });
        }
    }
    offsets.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
    let offsets = GroupOffsets {
        group: group.to_owned(),
        offsets,
    };
    (group.to_owned(), Ok((offsets, missing)))
}

#[cfg(test)]
mod tests;
