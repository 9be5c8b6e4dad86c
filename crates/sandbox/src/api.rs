//! One function per API: request in, response out.
//!
//! Errors are Kafka's codes in the response, per item where the protocol has items.

pub(crate) mod cluster;
pub(crate) mod configs;
pub(crate) mod consumer;
pub(crate) mod fetch;
pub(crate) mod groups;
pub(crate) mod list_offsets;
pub(crate) mod membership;
pub(crate) mod metadata;
pub(crate) mod offsets;
pub(crate) mod partitions;
pub(crate) mod produce;
mod refuse;
pub(crate) mod topics;

pub(crate) use refuse::Refuse;

use crate::cluster::{Partition, State};
use crate::wire::code;

/// Operations on a topic that a client may do, as bits by ACL operation: all that exist, as there is
/// no authorizer.
const TOPIC_OPERATIONS: i32 = 0b1101_1111_1000;
/// The same for the cluster.
const CLUSTER_OPERATIONS: i32 = 0b1_1111_1010_0000;
/// The same for a group.
const GROUP_OPERATIONS: i32 = 0b1101_0100_1000;
/// Kafka's "not asked for".
const NO_OPERATIONS: i32 = i32::MIN;

/// The partition if `node` leads it and the client's epoch is current, else Kafka's error code.
fn led<'a>(
    state: &'a State,
    node: i32,
    topic: &str,
    index: i32,
    epoch: i32,
) -> Result<&'a Partition, i16> {
    let partition = state
        .partition(topic, index)
        .ok_or(code::UNKNOWN_TOPIC_OR_PARTITION)?;
    if partition.leader != node {
        return Err(if partition.leader < 0 {
            code::LEADER_NOT_AVAILABLE
        } else {
            code::NOT_LEADER
        });
    }
    match epoch {
        epoch if epoch >= 0 && epoch < partition.leader_epoch => Err(code::FENCED_LEADER_EPOCH),
        epoch if epoch > partition.leader_epoch => Err(code::UNKNOWN_LEADER_EPOCH),
        _ => Ok(partition),
    }
}
