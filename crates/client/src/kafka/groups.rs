//! Groups of every type: listing, members and assignments, committed offsets.
//!
//! The cost is in brokers, not in groups: each broker lists exactly the groups that it
//! coordinates, and is asked for many of them at once on the same connection. What a
//! coordinator does not give is a gap in the answer, per group or per partition.

mod batch;
mod commits;
mod committed;
mod describe;
mod list;
mod offsets_message;
mod protocol;
mod share_message;
mod streams_message;
#[cfg(test)]
mod tests;
mod wire;

pub(crate) use commits::commits;
pub(crate) use committed::committed;
pub(crate) use describe::describe;
pub(crate) use list::list;

use super::KafkaError;
use kafka_protocol::messages::GroupId;
use kafka_protocol::protocol::StrBytes;

/// A group's name as the codec wants it.
fn group_id(name: &str) -> GroupId {
    GroupId(StrBytes::from_string(name.to_owned()))
}

/// GROUP_ID_NOT_FOUND: no such group, or a group of another type than the call is for.
const GROUP_ID_NOT_FOUND: i16 = 69;

/// Whether Kafka says that the group is of another type. Only the text tells.
fn of_another_type(error: &KafkaError) -> bool {
    matches!(error, KafkaError::Broker { code: GROUP_ID_NOT_FOUND, detail: Some(text), .. }
        if text.contains("is not a"))
}

/// Whether Kafka says that there is no such group.
fn gone(error: &KafkaError) -> bool {
    matches!(
        error,
        KafkaError::Broker {
            code: GROUP_ID_NOT_FOUND,
            ..
        }
    ) && !of_another_type(error)
}
