//! What a health judgement says.

use crate::model::TopicPartition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How bad a finding is; worst first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Reads or writes fail now, or the next small thing makes them.
    Critical,
    /// Redundancy is lost, or a limit is near.
    Warning,
    /// Worth knowing.
    Info,
}

/// What is looked for, in order of weight.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Partitions without a leader.
    OfflinePartitions,
    /// Partitions with fewer replicas in sync than `min.insync.replicas`.
    UnderMinIsr,
    /// The metadata quorum has no leader.
    QuorumNoLeader,
    /// A log dir has failed.
    FailedLogDir,
    /// A volume is nearly full.
    DiskNearlyFull,
    /// Brokers named as replicas that are not registered.
    MissingBrokers,
    /// Brokers that the controller does not let serve.
    FencedBrokers,
    /// Brokers that are online in the metadata and did not answer.
    SilentBrokers,
    /// Partitions with as few replicas in sync as `min.insync.replicas` and fewer than assigned.
    AtMinIsr,
    /// Partitions with fewer replicas in sync than assigned.
    UnderReplicated,
    /// Voters of the quorum that are silent or far behind.
    QuorumVoterLagging,
    /// One voter less and the quorum has no majority.
    QuorumNoHeadroom,
    /// Topics with one replica.
    ReplicationFactorOne,
    /// Topics whose `min.insync.replicas` leaves no replica to spare.
    MinIsrNotBelowReplication,
    /// Brokers that lead few of the partitions that they should lead.
    PreferredLeaderImbalance,
}

impl Rule {
    /// A risk lies in how things are set up: it does not make a working cluster degraded.
    pub fn is_risk(self) -> bool {
        matches!(
            self,
            Self::ReplicationFactorOne
                | Self::MinIsrNotBelowReplication
                | Self::PreferredLeaderImbalance
        )
    }
}

/// One thing that is wrong, with everything in the same trouble.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What was looked for.
    pub rule: Rule,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about, e.g. "12 partitions, e.g. orders-3, orders-7" or "broker 3".
    pub subject: String,
    /// Numbers and names behind it.
    pub evidence: Vec<String>,
    /// What it means for those who use the cluster.
    pub meaning: String,
    /// What mends it.
    pub remedy: String,
    /// The tool that shows more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_tool: Option<String>,
    /// The brokers behind all of it, where there are such.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub brokers: Vec<i32>,
    /// All partitions concerned, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<TopicPartition>,
    /// All topics concerned, sorted, where the trouble is the topic's and not a partition's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<String>,
}

/// The judgement in one word.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything works and is as redundant as it is set up to be.
    Healthy,
    /// Everything works, with less redundancy or room than it should have.
    Degraded,
    /// Something does not work, or is about to stop.
    Critical,
    /// Nothing critical was seen, but too much could not be seen to say that everything works.
    Unknown,
}

/// A judged snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// In one word.
    pub verdict: Verdict,
    /// The sentence that says why.
    pub why: String,
    /// Worst first.
    pub findings: Vec<Finding>,
    /// What could not be judged, and why.
    pub unchecked: Vec<String>,
    /// Brokers online.
    pub brokers_online: usize,
    /// Brokers that should be there: registered ones and missing ones.
    pub brokers_expected: usize,
    /// Topics looked at; `None` when they could not be had.
    pub topics: Option<usize>,
    /// Partitions looked at; `None` when they could not be had.
    pub partitions: Option<usize>,
}

/// How many examples a subject names.
const EXAMPLES: usize = 3;

/// "1 partition orders-3", "12 partitions, e.g. orders-3, orders-7, orders-9".
pub(super) fn count<T: std::fmt::Display>(things: &[T], one: &str, many: &str) -> String {
    let names: Vec<String> = things.iter().take(EXAMPLES).map(T::to_string).collect();
    match things.len() {
        1 => format!("{one} {}", names.join(", ")),
        n if n <= EXAMPLES => format!("{n} {many} {}", names.join(", ")),
        n => format!("{n} {many}, e.g. {}", names.join(", ")),
    }
}
