//! What a judgement of an open transaction says.

use crate::model::TopicPartition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether an open transaction will end by itself; worst first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nobody will end it: it has to be aborted by hand.
    Hanging,
    /// Its coordinator should have ended it and has not.
    Overdue,
    /// Its coordinator does not know it, but it may have ended while it was looked at.
    Suspected,
    /// Not known; see `why`.
    Unknown,
    /// Its coordinator is about to end it.
    Ending,
    /// Under way, within its timeout.
    Ongoing,
}

impl Standing {
    /// The word as in data.
    pub fn word(self) -> &'static str {
        match self {
            Self::Hanging => "hanging",
            Self::Overdue => "overdue",
            Self::Suspected => "suspected",
            Self::Unknown => "unknown",
            Self::Ending => "ending",
            Self::Ongoing => "ongoing",
        }
    }
}

/// A transaction that is open in one partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OpenTransaction {
    /// Partition.
    #[serde(flatten)]
    pub partition: TopicPartition,
    /// Producer id.
    pub producer_id: i64,
    /// Epoch of its last write here.
    pub producer_epoch: i32,
    /// Transactional id; absent when no coordinator knows the producer id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transactional_id: Option<String>,
    /// Broker that coordinates that id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coordinator: Option<i32>,
    /// The coordinator's state of that id, in Kafka's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Whether it will end by itself.
    pub standing: Standing,
    /// What that is concluded from.
    pub why: String,
    /// First offset of it.
    pub start_offset: i64,
    /// Readers of committed records get no further than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_stable_offset: Option<i64>,
    /// End for readers of all records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high_watermark: Option<i64>,
    /// Offsets from its start to the high watermark, its own records included: what readers of
    /// committed records do not get while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records_held: Option<i64>,
    /// Since it began, by its coordinator; since its last write here where the coordinator does
    /// not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<i64>,
    /// After this long its coordinator aborts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<i64>,
    /// Epoch ms of its last write here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_write_ms: Option<i64>,
}

impl OpenTransaction {
    /// Whether it is what holds the last stable offset: of several open ones in a partition, the
    /// earliest.
    pub fn holds(&self) -> bool {
        self.last_stable_offset == Some(self.start_offset)
    }

    /// Percent of its timeout that is used, when both are known.
    pub fn timeout_used_percent(&self) -> Option<i64> {
        let timeout = self.timeout_ms.filter(|t| *t > 0)?;
        Some(self.age_ms?.saturating_mul(100) / timeout)
    }
}
