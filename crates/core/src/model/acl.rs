//! Access control lists (KIP-11, KIP-290): who may or may not do what on which resources.
//!
//! Super users and `allow.everyone.if.no.acl.found` are settings of brokers and no ACLs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Kind of a resource that ACLs protect.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AclResource {
    /// Topics.
    Topic,
    /// Groups of every type.
    Group,
    /// The cluster; the only name is `kafka-cluster`.
    Cluster,
    /// Transactional ids.
    TransactionalId,
    /// Delegation tokens.
    DelegationToken,
    /// Users, for tokens made on behalf of them (KIP-373).
    User,
    /// A kind that this version does not know.
    Unknown,
}

impl AclResource {
    /// All that this version knows, in the order of Kafka's numbers, which begin at 2.
    pub const KNOWN: [Self; 6] = [
        Self::Topic,
        Self::Group,
        Self::Cluster,
        Self::TransactionalId,
        Self::DelegationToken,
        Self::User,
    ];
}

/// How the name of an ACL is compared.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AclPattern {
    /// The whole name; `*` stands for every name.
    Literal,
    /// The beginning of the name.
    Prefixed,
    /// A way that this version does not know.
    Unknown,
}

/// What is allowed or denied.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AclOperation {
    /// Every operation.
    All,
    /// Read.
    Read,
    /// Write.
    Write,
    /// Create.
    Create,
    /// Delete.
    Delete,
    /// Alter.
    Alter,
    /// Describe.
    Describe,
    /// What brokers do among themselves.
    ClusterAction,
    /// Describe configurations.
    DescribeConfigs,
    /// Alter configurations.
    AlterConfigs,
    /// Write idempotently (before Kafka 3.0).
    IdempotentWrite,
    /// Create delegation tokens for a user.
    CreateTokens,
    /// Describe delegation tokens of a user.
    DescribeTokens,
    /// Take part in a two-phase commit (KIP-939).
    TwoPhaseCommit,
    /// An operation that this version does not know.
    Unknown,
}

impl AclOperation {
    /// All that this version knows, in the order of Kafka's numbers, which begin at 2.
    pub const KNOWN: [Self; 14] = [
        Self::All,
        Self::Read,
        Self::Write,
        Self::Create,
        Self::Delete,
        Self::Alter,
        Self::Describe,
        Self::ClusterAction,
        Self::DescribeConfigs,
        Self::AlterConfigs,
        Self::IdempotentWrite,
        Self::CreateTokens,
        Self::DescribeTokens,
        Self::TwoPhaseCommit,
    ];
}

/// Whether an ACL allows or denies. A denial wins over every permission.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AclPermission {
    /// Denies.
    Deny,
    /// Allows.
    Allow,
    /// Something that this version does not know.
    Unknown,
}

/// One ACL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Acl {
    /// Kind of resource.
    pub resource: AclResource,
    /// Name or beginning of it; `*` with [`AclPattern::Literal`] is every name.
    pub name: String,
    /// How the name is compared.
    pub pattern: AclPattern,
    /// `User:alice`; `User:*` is everybody.
    pub principal: String,
    /// Address of the client; `*` is every address.
    pub host: String,
    /// Allows or denies.
    pub permission: AclPermission,
    /// What.
    pub operation: AclOperation,
}

/// How the name of a filter selects ACLs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AclMatch {
    /// ACLs that apply to a resource of this name: literal, `*` and prefixed ones.
    #[default]
    Match,
    /// ACLs stored under exactly this name, literal or prefixed.
    Any,
    /// Literal ACLs stored under exactly this name.
    Literal,
    /// Prefixed ACLs stored under exactly this name.
    Prefixed,
}

/// Which ACLs are asked for. What is `None` selects nothing out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AclFilter {
    /// Kind of resource.
    pub resource: Option<AclResource>,
    /// Name of the resource.
    pub name: Option<String>,
    /// How `name` selects.
    pub pattern: AclMatch,
    /// Exactly this principal, such as `User:alice`.
    pub principal: Option<String>,
    /// Exactly this operation: one that implies it is another.
    pub operation: Option<AclOperation>,
    /// Allowing or denying ones.
    pub permission: Option<AclPermission>,
}
