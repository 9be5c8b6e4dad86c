//! Transactions as their coordinators see them (KIP-664), and producers as a partition's leader
//! sees them. The two views are kept apart: that they disagree is what a hanging transaction is.

use super::TopicPartition;
use serde::{Deserialize, Serialize};

/// Which transactions are asked for; empty and `None` mean all.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct TransactionFilter {
    /// Kafka's names of states, e.g. `Ongoing`.
    pub states: Vec<String>,
    /// Producer ids.
    pub producer_ids: Vec<i64>,
    /// Started at least this long ago, ms. Brokers before Kafka 3.8 do not know it, and those
    /// that do leave idle ids (no start time) in: look at the start time as well.
    pub min_duration_ms: Option<i64>,
}

/// One transactional id as its coordinator lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionListing {
    /// Transactional id.
    pub transactional_id: String,
    /// Producer id that stands for it.
    pub producer_id: i64,
    /// State in Kafka's words: `Empty`, `Ongoing`, `PrepareCommit`, `PrepareAbort`,
    /// `CompleteCommit`, `CompleteAbort`, `PrepareEpochFence`, `Dead`.
    pub state: String,
    /// Broker that coordinates it.
    pub coordinator: i32,
}

/// One transactional id in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionDescription {
    /// Transactional id.
    pub transactional_id: String,
    /// State, as in [`TransactionListing::state`].
    pub state: String,
    /// Producer id.
    pub producer_id: i64,
    /// Epoch of the producer; it rises with each instance, and with each transaction from
    /// transaction version 2 on (KIP-890).
    pub producer_epoch: i16,
    /// After this long the coordinator ends an ongoing transaction by itself, ms.
    pub timeout_ms: i64,
    /// Epoch ms at which the transaction began; the last one still after its end (`CompleteCommit`,
    /// `CompleteAbort`), `None` when there was none since the coordinator knows the id.
    pub start_ms: Option<i64>,
    /// Partitions written to; while it ends, those whose marker is not written yet.
    pub partitions: Vec<TopicPartition>,
    /// Broker that coordinates it.
    pub coordinator: i32,
}

/// A producer as the leader of one partition knows it. A leader forgets producers that write
/// nothing for `producer.id.expiration.ms`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProducerState {
    /// Producer id.
    pub producer_id: i64,
    /// Epoch of its last write.
    pub epoch: i32,
    /// Sequence number of its last record; `None` after a marker alone.
    pub last_sequence: Option<i32>,
    /// Epoch ms of its last write, by the timestamp of the batch.
    pub last_timestamp_ms: Option<i64>,
    /// Epoch of the coordinator that wrote its last marker; `None` before the first one.
    pub coordinator_epoch: Option<i32>,
    /// First offset of its open transaction here; `None` when it has none.
    pub open_since_offset: Option<i64>,
}

/// The producers of one partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionProducers {
    /// Partition.
    pub partition: TopicPartition,
    /// Leader that answered.
    pub leader: i32,
    /// Producers by id.
    pub producers: Vec<ProducerState>,
}
