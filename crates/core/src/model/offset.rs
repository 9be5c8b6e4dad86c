//! Offsets of partitions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A partition by name.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct TopicPartition {
    /// Topic.
    pub topic: String,
    /// Partition index.
    pub partition: i32,
}

impl TopicPartition {
    /// A partition by name.
    pub fn new(topic: impl Into<String>, partition: i32) -> Self {
        Self {
            topic: topic.into(),
            partition,
        }
    }
}

impl std::fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// Which offset of a partition is asked for (ListOffsets).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum OffsetSpec {
    /// First offset still there (log start).
    Earliest,
    /// End: the high watermark, or the last stable offset under read_committed.
    Latest,
    /// First record with the largest timestamp (KIP-734).
    MaxTimestamp,
    /// First record with this timestamp (epoch ms) or a later one.
    AtTime(i64),
}

/// The answer for one partition and one [`OffsetSpec`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionOffset {
    /// Partition.
    pub partition: TopicPartition,
    /// What was asked.
    pub spec: OffsetSpec,
    /// The offset; `None` when no record fits (a time after the last record).
    pub offset: Option<i64>,
    /// Timestamp of the record found, epoch ms; `None` for earliest and latest.
    pub timestamp_ms: Option<i64>,
}
