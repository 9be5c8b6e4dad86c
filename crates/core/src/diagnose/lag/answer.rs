//! What a lag judgement says, per partition, topic and group.

use crate::model::GroupType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a group stands in a partition.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum LagState {
    /// Its committed offset lies within the log.
    Ok,
    /// Nothing is committed.
    NoCommit,
    /// Its committed offset was deleted: it lies before the log's start.
    Expired,
    /// Its committed offset lies behind the log's end.
    BeyondEnd,
    /// Not known; see `why`.
    Unknown,
}

/// The member that holds a partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Owner {
    /// Member id.
    pub member_id: String,
    /// The client's own id.
    pub client_id: String,
    /// Address that the coordinator sees.
    pub host: String,
    /// How many members more hold it: those of a share group share partitions.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub others: usize,
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}@{}",
            self.client_id,
            self.host.trim_start_matches('/')
        )?;
        if self.others > 0 {
            write!(f, " and {} more", self.others)?;
        }
        Ok(())
    }
}

/// Lag of a group in one partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartitionLag {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Next offset to be read (for a share group its start offset); `None` when nothing is
    /// committed.
    pub committed: Option<i64>,
    /// First offset still in the log.
    pub log_start: Option<i64>,
    /// End of the log.
    pub log_end: Option<i64>,
    /// `log_end - committed`, as Kafka's own tools count it: offsets, so compacted records and
    /// transaction markers count too. `None` when unknown; never negative. Without a commit it is
    /// known only for an empty log, and then 0. For a share group it is what its coordinator
    /// counts, as records behind the start offset may be acknowledged already.
    pub lag: Option<i64>,
    /// Offsets of `lag` that were deleted before they were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<i64>,
    /// How long the first unread record has waited, ms; 0 when nothing is unread.
    pub time_lag_ms: Option<i64>,
    /// Why the time lag is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_why: Option<String>,
    /// Who holds it; `None` when nobody does, or members are not known (see the totals).
    pub owner: Option<Owner>,
    /// Where the group stands.
    pub state: LagState,
    /// What the state means here, or why it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Sums over partitions.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct LagTotals {
    /// Sum of the known lags; `None` when none is known.
    pub lag: Option<i64>,
    /// The true sum may be larger: some partition's lag is unknown.
    pub lag_is_lower_bound: bool,
    /// Largest known time lag, ms; `None` when none is known.
    pub max_time_lag_ms: Option<i64>,
    /// The true maximum may be larger: some partition's time lag is unknown.
    pub time_is_lower_bound: bool,
    /// Offsets deleted before they were read.
    pub lost: i64,
    /// Partitions. Named apart from the list of them, beside which these sums may stand.
    #[serde(rename = "partition_count")]
    pub partitions: usize,
    /// Of them with a lag above 0.
    pub lagging: usize,
    /// Of them with nothing committed.
    pub no_commit: usize,
    /// Of them committed before the log's start.
    pub expired: usize,
    /// Of them committed behind the log's end.
    pub beyond_end: usize,
    /// Of them unknown.
    pub unknown: usize,
    /// Of them held by no member; `None` when members are not known.
    pub without_owner: Option<usize>,
}

/// Lag of a group in one topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TopicLag {
    /// Topic.
    pub topic: String,
    /// Sums.
    pub totals: LagTotals,
}

/// Lag of a streams group in one sub-topology.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SubtopologyLag {
    /// Sub-topology id.
    pub subtopology: String,
    /// Its source topics, repartition topics included.
    pub topics: Vec<String>,
    /// Sums.
    pub totals: LagTotals,
}

/// Lag of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GroupLag {
    /// Group id.
    pub group: String,
    /// Type.
    pub group_type: GroupType,
    /// State as Kafka names it.
    pub state: String,
    /// Protocol type; empty for a group that only ever committed, whose clients assign partitions
    /// to themselves and are no members.
    pub protocol_type: String,
    /// The broker that coordinates it.
    pub coordinator: i32,
    /// Number of members; `None` when not known.
    pub members: Option<usize>,
    /// Sums over all partitions.
    pub totals: LagTotals,
    /// Sums by topic, by name.
    pub topics: Vec<TopicLag>,
    /// Sums by sub-topology; streams groups only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subtopologies: Vec<SubtopologyLag>,
    /// By topic and partition.
    pub partitions: Vec<PartitionLag>,
    /// Why there is nothing to sum: no commits, or commits that could not be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}
