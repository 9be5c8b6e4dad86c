//! Topics and partitions as the metadata gives them.

use serde::{Deserialize, Serialize};

/// One partition.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Partition {
    /// Index within the topic.
    pub partition: i32,
    /// Leader; `None` when there is none (offline).
    pub leader: Option<i32>,
    /// Epoch of that leadership.
    pub leader_epoch: i32,
    /// Assigned replicas; the first is the preferred leader.
    pub replicas: Vec<i32>,
    /// Replicas in sync.
    pub isr: Vec<i32>,
    /// Replicas on dead brokers or failed log dirs.
    pub offline: Vec<i32>,
    /// Eligible leader replicas (KIP-966); `None` when not asked or not offered.
    pub elr: Option<Vec<i32>>,
}

/// One topic.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Topic {
    /// Name.
    pub name: String,
    /// Topic id (KIP-516), base64 as Kafka's tools print it; `None` where not offered.
    pub topic_id: Option<String>,
    /// Whether Kafka keeps its own state in it.
    pub internal: bool,
    /// Partitions by index.
    pub partitions: Vec<Partition>,
}
