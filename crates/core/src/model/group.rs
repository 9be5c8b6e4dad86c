//! Groups of every type, their members and committed offsets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Type of a group (KIP-848, KIP-932, KIP-1071).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum GroupType {
    /// Client-side assignment (JoinGroup); also groups that only ever committed offsets.
    Classic,
    /// Broker-side assignment (KIP-848).
    Consumer,
    /// Share group (KIP-932).
    Share,
    /// Streams group (KIP-1071).
    Streams,
    /// A type that this version does not know, or a broker too old to say.
    Unknown,
}

/// A group as its coordinator lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupListing {
    /// Group id.
    pub group: String,
    /// Type.
    pub group_type: GroupType,
    /// State as Kafka names it, e.g. `Stable`, `Empty`, `PreparingRebalance`, `Dead`.
    pub state: String,
    /// Protocol type, e.g. `consumer`, `connect`; empty for groups that only committed.
    pub protocol_type: String,
    /// The broker that coordinates it.
    pub coordinator: i32,
}

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TopicPartitions {
    /// Topic.
    pub topic: String,
    /// Partition indexes, ascending.
    pub partitions: Vec<i32>,
}

/// A task of a streams group member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StreamsTask {
    /// Sub-topology id.
    pub subtopology: String,
    /// Partition indexes, ascending.
    pub partitions: Vec<i32>,
    /// `active`, `standby` or `warmup`.
    pub role: String,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Member {
    /// Member id given by the coordinator.
    pub member_id: String,
    /// Static membership id (`group.instance.id`).
    pub instance_id: Option<String>,
    /// The client's own id.
    pub client_id: String,
    /// Address that the coordinator sees.
    pub host: String,
    /// Rack of the client.
    pub rack: Option<String>,
    /// Member epoch; `None` for classic groups.
    pub epoch: Option<i32>,
    /// Partitions it holds now; `None` when they are not known: a classic member whose protocol
    /// is not the consumer's, or whose bytes cannot be read. Empty in streams groups, whose
    /// members hold [`Member::tasks`].
    pub assignment: Option<Vec<TopicPartitions>>,
    /// Partitions it shall hold, where that differs (KIP-848 reconciliation).
    pub target: Option<Vec<TopicPartitions>>,
    /// Tasks; streams groups only.
    pub tasks: Vec<StreamsTask>,
    /// Topics subscribed to, where the protocol shows them; a regular expression (KIP-848) as
    /// `regex:` and the expression.
    pub subscription: Vec<String>,
}

/// A group with its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupDescription {
    /// Group id.
    pub group: String,
    /// Type.
    pub group_type: GroupType,
    /// State as Kafka names it.
    pub state: String,
    /// Protocol type; empty where there is none.
    pub protocol_type: String,
    /// Assignor in use; empty while rebalancing or without members.
    pub assignor: String,
    /// Coordinating broker.
    pub coordinator: i32,
    /// Group epoch; `None` for classic groups.
    pub epoch: Option<i32>,
    /// Epoch of the target assignment; `None` for classic groups.
    pub assignment_epoch: Option<i32>,
    /// Members by client id and member id.
    pub members: Vec<Member>,
    /// Source topics of each sub-topology, repartition topics included; streams groups only.
    pub subtopologies: Vec<(String, Vec<String>)>,
}

/// One committed offset. Partitions in which nothing is committed (of a share group: without a
/// start offset yet) have none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommittedOffset {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Next offset to be read (for a share group: its start offset).
    pub offset: i64,
    /// Leader epoch at the commit, when the client gave it.
    pub leader_epoch: Option<i32>,
    /// The client's note.
    pub metadata: String,
    /// Lag as the coordinator itself counts it, which it does for share groups only (from
    /// DescribeShareGroupOffsets version 1 on): of the records behind the start offset many may be
    /// acknowledged already.
    pub lag: Option<i64>,
}

/// Offsets that a group has committed. A group without any answers an empty list, and so does a
/// group that does not exist: existence is known from the listing alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupOffsets {
    /// Group id.
    pub group: String,
    /// By topic and partition.
    pub offsets: Vec<CommittedOffset>,
}

/// One commit as Kafka keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedCommit {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Next offset to be read.
    pub offset: i64,
    /// When it was committed, epoch ms.
    pub at_ms: i64,
}

/// Commits of a group, from the tail of the log that keeps them.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CommitLog {
    /// Oldest first.
    pub commits: Vec<LoggedCommit>,
    /// Timestamp of the oldest record that was looked at, epoch ms: commits before it were not
    /// seen. `None` when the log is empty.
    pub since_ms: Option<i64>,
}
