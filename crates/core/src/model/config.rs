//! Configuration of topics, brokers and groups.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a configuration belongs to.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ResourceKind {
    /// A topic.
    Topic,
    /// A broker.
    Broker,
    /// A group (KIP-848, KIP-932).
    Group,
}

/// A thing that has a configuration. A broker's name is its id; an empty name of kind broker is
/// the cluster-wide dynamic default.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ConfigResource {
    /// Kind.
    pub kind: ResourceKind,
    /// Name, or broker id.
    pub name: String,
}

/// Where a value comes from, in Kafka's order of precedence.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ConfigSource {
    /// Set on the topic.
    Topic,
    /// Set at run time on this broker.
    DynamicBroker,
    /// Set at run time as the default of all brokers.
    DynamicDefaultBroker,
    /// From the broker's properties file.
    StaticBroker,
    /// Kafka's own default.
    Default,
    /// Log level of a broker's logger.
    BrokerLogger,
    /// Set on a client metrics subscription.
    ClientMetrics,
    /// Set on the group.
    Group,
    /// A source that this version does not know.
    Unknown,
}

/// One level of a value's precedence chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigSynonym {
    /// Key at that level (a topic's `retention.ms` is a broker's `log.retention.ms`).
    pub name: String,
    /// Value at that level; `None` when sensitive or unset.
    pub value: Option<String>,
    /// Level.
    pub source: ConfigSource,
}

/// One configuration key of one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigEntry {
    /// Key.
    pub name: String,
    /// Value in force; `None` when unset or sensitive.
    pub value: Option<String>,
    /// Kafka's own default, where the chain of synonyms shows it.
    pub default: Option<String>,
    /// Where the value in force comes from.
    pub source: ConfigSource,
    /// The broker hides the value.
    pub sensitive: bool,
    /// Cannot be changed at run time.
    pub read_only: bool,
    /// Type, e.g. `long`, `list`; `None` where not offered.
    pub value_type: Option<String>,
    /// The whole chain, most specific first; empty unless asked for.
    pub synonyms: Vec<ConfigSynonym>,
    /// Kafka's documentation text; `None` unless asked for.
    pub documentation: Option<String>,
}

/// The configuration of one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceConfigs {
    /// Whose.
    pub resource: ConfigResource,
    /// By key.
    pub entries: Vec<ConfigEntry>,
}
