//! Client quotas (KIP-13, KIP-124, KIP-546, KIP-612).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Kind of a part of a quota's entity.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum QuotaKind {
    /// Authenticated user.
    User,
    /// Client id.
    ClientId,
    /// Address that connects.
    Ip,
    /// A kind that this version does not know.
    Unknown,
}

/// One part of a quota's entity, such as the user of a quota for user and client id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct QuotaEntity {
    /// Kind.
    pub kind: QuotaKind,
    /// Name; `None` is the default for all without a quota of their own.
    pub name: Option<String>,
}

/// One limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuotaValue {
    /// Key, such as `producer_byte_rate`.
    pub key: String,
    /// Limit in the unit of the key.
    pub value: f64,
}

/// The limits of one entity. They hold on each broker by itself, not for the cluster
/// (`controller_mutation_rate` excepted).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quota {
    /// Parts by kind: a user, a client id, both, or an address.
    pub entity: Vec<QuotaEntity>,
    /// By key.
    pub values: Vec<QuotaValue>,
}

/// What the part of one kind must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuotaMatch {
    /// This name.
    Named(String),
    /// The default.
    Default,
    /// Any name, or the default.
    Any,
}

/// Which quotas are asked for; one without parts asks for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuotaFilter {
    /// What an entity has to have. Kafka refuses [`QuotaKind::Ip`] together with another kind.
    pub parts: Vec<(QuotaKind, QuotaMatch)>,
    /// An entity has these kinds of parts and no others.
    pub strict: bool,
}
