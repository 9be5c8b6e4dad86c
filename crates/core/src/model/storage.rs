//! Log dirs and the bytes of replicas in them (KIP-113, KIP-827).

use serde::{Deserialize, Serialize};

/// One replica in one log dir.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaSize {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Bytes on disk.
    pub size_bytes: i64,
    /// Records behind the high watermark (current replica) or the current replica (future one).
    pub offset_lag: i64,
    /// Being moved into this dir.
    pub future: bool,
}

/// One log dir of one broker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogDir {
    /// Broker.
    pub broker: i32,
    /// Path on that broker.
    pub path: String,
    /// Error name when the dir has failed, e.g. `KAFKA_STORAGE_ERROR`.
    pub error: Option<String>,
    /// Size of the volume, bytes; `None` where not offered.
    pub total_bytes: Option<i64>,
    /// Free bytes of the volume.
    pub usable_bytes: Option<i64>,
    /// Replicas in it.
    pub replicas: Vec<ReplicaSize>,
}
