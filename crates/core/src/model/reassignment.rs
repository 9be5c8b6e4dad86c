//! Replicas on the move (KIP-455).

use super::TopicPartition;
use serde::{Deserialize, Serialize};

/// A reassignment under way of one partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reassignment {
    /// Partition.
    pub partition: TopicPartition,
    /// All replicas now, those to be removed included.
    pub replicas: Vec<i32>,
    /// Replicas that are being filled.
    pub adding: Vec<i32>,
    /// Replicas that go once those are in sync.
    pub removing: Vec<i32>,
}
