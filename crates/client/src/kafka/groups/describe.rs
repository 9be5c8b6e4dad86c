//! Groups with their members, each type by its own describe call.
//!
//! The type comes from the listing. Error 69 alone does not say that a group is gone: Kafka also
//! answers it to a call of another type, with "is not a ... group" in the text.

mod classic;
mod consumer;
mod share;
mod streams;

use super::super::KafkaError;
use super::super::code::code;
use super::super::route::Router;
use super::batch::{Answer, Asked, Failed, ask_coordinators};
use kafka_protocol::protocol::StrBytes;
use kafkaweave_core::model::{
    GroupDescription, GroupListing, GroupType, Member, Partial, TopicPartitions,
};
use std::collections::BTreeMap;

/// GROUP_ID_NOT_FOUND.
const GROUP_ID_NOT_FOUND: i16 = 69;
/// Kafka's word for a group that is not there.
const DEAD: &str = "Dead";

/// The groups with their members, by name.
///
/// # Errors
/// When there was an error and not one group was described.
pub(crate) async fn describe(
    router: &Router,
    groups: &[GroupListing],
) -> Result<Partial<Vec<GroupDescription>>, KafkaError> {
    let of = |wanted: GroupType| -> Vec<GroupListing> {
        let chosen = groups.iter().filter(|g| g.group_type == wanted);
        chosen.cloned().collect()
    };
    let (mut asked, consumer, share, streams, unknown) = futures::join!(
        ask_type(router, GroupType::Classic, of(GroupType::Classic)),
        ask_type(router, GroupType::Consumer, of(GroupType::Consumer)),
        ask_type(router, GroupType::Share, of(GroupType::Share)),
        ask_type(router, GroupType::Streams, of(GroupType::Streams)),
        ask_unknown(router, of(GroupType::Unknown)),
    );
    for other in [consumer, share, streams, unknown] {
        asked.extend(other);
    }
    for description in &mut asked.found {
        description
            .members
            .sort_by(|a, b| (&a.client_id, &a.member_id).cmp(&(&b.client_id, &b.member_id)));
        // The describe calls of the newer types do not repeat it.
        if description.protocol_type.is_empty()
            && let Some(listing) = groups.iter().find(|g| g.group == description.group)
        {
            description.protocol_type.clone_from(&listing.protocol_type);
        }
    }
    asked.found.sort_by(|a, b| a.group.cmp(&b.group));
    asked.into_partial("members")
}

async fn ask_type(
    router: &Router,
    group_type: GroupType,
    groups: Vec<GroupListing>,
) -> Asked<GroupDescription> {
    match group_type {
        GroupType::Classic | GroupType::Unknown => {
            ask_coordinators(router, groups, |broker, names| async move {
                let build = |_| classic::request(&names);
                let (answer, _) = router.call(broker, build).await?;
                Ok(classic::read(&answer, broker))
            })
            .await
        }
        GroupType::Consumer => {
            ask_coordinators(router, groups, |broker, names| async move {
                let build = |_| consumer::request(&names);
                let (answer, _) = router.call(broker, build).await?;
                Ok(consumer::read(&answer, broker))
            })
            .await
        }
        GroupType::Share => {
            ask_coordinators(router, groups, |broker, names| async move {
                let build = |_| share::request(&names);
                let (answer, _) = router.call(broker, build).await?;
                Ok(share::read(&answer, broker))
            })
            .await
        }
        GroupType::Streams => {
            ask_coordinators(router, groups, |broker, names| async move {
                let build = |_| streams::request(&names);
                let (answer, _) = router.call(broker, build).await?;
                Ok(streams::read(&answer, broker))
            })
            .await
        }
    }
}

/// Groups whose type the listing did not tell: every call in turn, until one does not answer that
/// the group is of another type.
async fn ask_unknown(router: &Router, groups: Vec<GroupListing>) -> Asked<GroupDescription> {
    let mut asked = Asked::nothing();
    let mut pending = groups;
    for group_type in [
        GroupType::Classic,
        GroupType::Consumer,
        GroupType::Share,
        GroupType::Streams,
    ] {
        if pending.is_empty() {
            break;
        }
        let mut round = ask_type(router, group_type, std::mem::take(&mut pending)).await;
        let (other_type, failed): (Vec<Failed>, Vec<Failed>) = std::mem::take(&mut round.failed)
            .into_iter()
            .partition(|f| of_another_type(&f.error));
        if group_type == GroupType::Streams {
            round.failed = failed.into_iter().chain(other_type).collect();
        } else {
            round.failed = failed;
            pending = other_type.into_iter().map(|f| f.listing).collect();
        }
        asked.extend(round);
    }
    asked
}

fn of_another_type(error: &KafkaError) -> bool {
    matches!(error, KafkaError::Broker { code: GROUP_ID_NOT_FOUND, detail: Some(text), .. }
        if text.contains("is not a"))
}

/// Sorts out a group's error: gone is an answer (state `Dead`), everything else a failure.
fn answer(
    operation: &str,
    group: &str,
    number: i16,
    text: Option<&StrBytes>,
    dead: GroupDescription,
    describe: impl FnOnce() -> GroupDescription,
) -> Answer<GroupDescription> {
    let text = text.map(StrBytes::as_str);
    let outcome = match code(number, operation, &format!("group `{group}`"), text) {
        None => Ok(describe()),
        Some(error) if number == GROUP_ID_NOT_FOUND && !of_another_type(&error) => Ok(dead),
        Some(error) => Err(error),
    };
    (group.to_owned(), outcome.map(|d| (d, Vec::new())))
}

/// A description with what all types share, without members.
fn bare(group: &str, group_type: GroupType, state: &str, broker: i32) -> GroupDescription {
    GroupDescription {
        group: group.to_owned(),
        group_type,
        state: if state.is_empty() { DEAD } else { state }.to_owned(),
        protocol_type: String::new(),
        assignor: String::new(),
        coordinator: broker,
        epoch: None,
        assignment_epoch: None,
        members: Vec::new(),
        subtopologies: Vec::new(),
    }
}

/// A text that is there and not empty.
fn text(value: Option<&StrBytes>) -> Option<String> {
    value.filter(|t| !t.is_empty()).map(ToString::to_string)
}

/// Topics by name with their partitions ascending; a topic that comes twice is merged.
fn by_topic(parts: impl Iterator<Item = (String, Vec<i32>)>) -> Vec<TopicPartitions> {
    let mut merged: BTreeMap<String, Vec<i32>> = BTreeMap::new();
    for (topic, partitions) in parts {
        merged.entry(topic).or_default().extend(partitions);
    }
    merged
        .into_iter()
        .map(|(topic, mut partitions)| {
            partitions.sort_unstable();
            partitions.dedup();
            TopicPartitions { topic, partitions }
        })
        .collect()
}

/// Member fields that all types share.
fn member(member_id: &StrBytes, client_id: &StrBytes, host: &StrBytes) -> Member {
    Member {
        member_id: member_id.to_string(),
        client_id: client_id.to_string(),
        host: host.to_string(),
        ..Member::default()
    }
}

#[cfg(test)]
mod tests;
