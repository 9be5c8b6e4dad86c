//! The cluster: brokers, controller quorum, feature levels.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a broker takes part in the cluster.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum BrokerState {
    /// Registered and serving.
    Online,
    /// Registered, but the controller does not let it serve (KIP-631): dead, frozen or starting.
    Fenced,
    /// Named as a replica of some partition, but not registered.
    Missing,
}

/// A broker as the cluster knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broker {
    /// Node id.
    pub id: i32,
    /// Advertised host on the listener that was asked; `None` for a missing broker.
    pub host: Option<String>,
    /// Advertised port.
    pub port: Option<u16>,
    /// Rack, when the broker has one.
    pub rack: Option<String>,
    /// Online, fenced or missing.
    pub state: BrokerState,
}

/// One node of the metadata quorum (KIP-595), voter or observer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuorumMember {
    /// Node id.
    pub id: i32,
    /// Directory id of a dynamic quorum (KIP-853); `None` where the broker does not say.
    pub directory_id: Option<String>,
    /// Last offset of the node's metadata log, as the leader knows it.
    pub log_end_offset: Option<i64>,
    /// Records behind the leader's log end.
    pub lag: Option<i64>,
    /// Epoch ms of the last fetch that the leader saw.
    pub last_fetch_ms: Option<i64>,
    /// Epoch ms at which it last held everything.
    pub last_caught_up_ms: Option<i64>,
    /// Controller end points, `name://host:port`; voters only.
    pub endpoints: Vec<String>,
}

/// The metadata quorum (DescribeQuorum).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quorum {
    /// The active controller; `None` while there is no leader.
    pub leader_id: Option<i32>,
    /// Epoch of that leadership.
    pub leader_epoch: i32,
    /// Offset up to which a majority holds the metadata log.
    pub high_watermark: i64,
    /// Nodes that vote.
    pub voters: Vec<QuorumMember>,
    /// Nodes that follow without a vote; in a cluster of separate roles, the brokers.
    pub observers: Vec<QuorumMember>,
}

/// A feature level (KIP-584).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feature {
    /// Name, e.g. `metadata.version`.
    pub name: String,
    /// Lowest level that the answering broker supports.
    pub supported_min: Option<i16>,
    /// Highest level that the answering broker supports.
    pub supported_max: Option<i16>,
    /// Level in force for the whole cluster; `None` when not finalized.
    pub finalized: Option<i16>,
}

/// Feature levels as one broker tells them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerFeatures {
    /// Broker.
    pub broker: i32,
    /// By name.
    pub features: Vec<Feature>,
    /// Epoch of the finalized levels; `None` when the broker does not know them.
    pub finalized_epoch: Option<i64>,
    /// Version of its software, as [`Cluster::kafka_version`].
    pub kafka_version: Option<String>,
}

/// A cluster as one description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// Cluster id.
    pub cluster_id: Option<String>,
    /// Brokers by id: online and fenced ones. Missing ones are known only from topics.
    pub brokers: Vec<Broker>,
    /// The quorum; `None` where the cluster does not tell (see the answer's gaps).
    pub quorum: Option<Quorum>,
    /// Feature levels by name.
    pub features: Vec<Feature>,
    /// Version of the broker software that the answering broker's API ranges point to,
    /// such as "4.3 or newer"; `None` when they fit nothing known.
    pub kafka_version: Option<String>,
}
