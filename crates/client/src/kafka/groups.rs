//! Groups of every type: listing, members and assignments, committed offsets.
//!
//! The cost is in brokers, not in groups: each broker lists exactly the groups that it
//! coordinates, and is asked for up to a hundred of them at once on the same connection. What a
//! coordinator does not give is a gap in the answer, per group or per partition.

mod batch;
mod committed;
mod describe;
mod list;
mod protocol;
mod share_message;
mod streams_message;
#[cfg(test)]
mod tests;
mod wire;

pub(crate) use committed::committed;
pub(crate) use describe::describe;
pub(crate) use list::list;

use kafka_protocol::messages::GroupId;
use kafka_protocol::protocol::StrBytes;

/// A group's name as the codec wants it.
fn group_id(name: &str) -> GroupId {
    GroupId(StrBytes::from_string(name.to_owned()))
}
