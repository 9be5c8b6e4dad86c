//! The operations that tools need from Kafka, in the model's own types.
//!
//! One contract test suite runs over every implementation. Reads only: nothing here can change a
//! cluster. Every answer is bounded by the profile's timeouts per address and per request; dropping
//! a returned future stops its work.

use super::KafkaError;
use async_trait::async_trait;
use kafkaweave_core::model::{
    Acl, AclFilter, BrokerFeatures, Cluster, CommitLog, ConfigResource, GroupDescription,
    GroupListing, GroupOffsets, Isolation, LogDir, OffsetSpec, Partial, PartitionOffset,
    PartitionProducers, Quorum, Quota, QuotaFilter, Reassignment, ResourceConfigs, ScanReport,
    ScanRequest, ScramUser, Topic, TopicPartition, TransactionDescription, TransactionFilter,
    TransactionListing,
};
use kafkaweave_core::search::{CountBy, Tally};
use std::collections::{BTreeMap, HashMap};
use tokio::time::Instant;

/// Which topics are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicSelection {
    /// All that the principal may see, internal ones included.
    All,
    /// These. One that does not exist, or may not be seen, is a gap in the answer.
    Named(Vec<String>),
}

/// Reads from one Kafka cluster.
///
/// A part of an answer that a broker did not give is a gap ([`Partial::missing`]); an `Err` means
/// that nothing of it could be had.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Brokers (fenced ones included), quorum, feature levels.
    async fn cluster(&self) -> Result<Partial<Cluster>, KafkaError>;

    /// Topics with their partitions, by name. One round trip; never creates a topic. A single name
    /// that is refused for want of rights is `NotAuthorized`, among several it is a gap.
    async fn topics(&self, selection: &TopicSelection) -> Result<Partial<Vec<Topic>>, KafkaError>;

    /// Configurations, one request per broker concerned; more than a thousand topics or groups are
    /// divided into pages, and the pages among the brokers. `keys` of `None` asks for all keys;
    /// `detail` adds synonyms and documentation.
    async fn configs(
        &self,
        resources: &[ConfigResource],
        keys: Option<&[String]>,
        detail: bool,
    ) -> Result<Partial<Vec<ResourceConfigs>>, KafkaError>;

    /// Configuration that is set on topics themselves, by topic and key, for many topics: some
    /// hundreds in a request, spread over the brokers. The value of a sensitive key is `None`.
    async fn overrides(
        &self,
        topics: &[String],
    ) -> Result<Partial<BTreeMap<String, BTreeMap<String, Option<String>>>>, KafkaError>;

    /// Log dirs of all brokers, in parallel; `topics` of `None` lists all replicas, an empty slice
    /// none (dirs and volumes only).
    async fn log_dirs(&self, topics: Option<&[String]>)
    -> Result<Partial<Vec<LogDir>>, KafkaError>;

    /// Groups of every type, by name: one request per broker, as each lists what it coordinates.
    async fn groups(&self) -> Result<Partial<Vec<GroupListing>>, KafkaError>;

    /// Groups with their members, batched per coordinator. A group that does not exist is
    /// answered with state `Dead` and no members only if it is listed; pass what
    /// [`Engine::groups`] listed.
    async fn describe_groups(
        &self,
        groups: &[GroupListing],
    ) -> Result<Partial<Vec<GroupDescription>>, KafkaError>;

    /// Committed offsets, batched per coordinator (share groups: their start offsets).
    async fn committed(
        &self,
        groups: &[GroupListing],
    ) -> Result<Partial<Vec<GroupOffsets>>, KafkaError>;

    /// What one group committed and when, from the last `max_bytes` of its part of Kafka's own
    /// offsets topic. Needs the right to read that topic. Under `deadline` it answers with what it
    /// has.
    async fn commits(
        &self,
        group: &str,
        max_bytes: u64,
        deadline: Instant,
    ) -> Result<CommitLog, KafkaError>;

    /// Offsets of partitions, one request per leader and spec. A partition without an answer is a
    /// gap.
    async fn offsets(
        &self,
        queries: &[(TopicPartition, OffsetSpec)],
        isolation: Isolation,
    ) -> Result<Partial<Vec<PartitionOffset>>, KafkaError>;

    /// Log ends of single replicas by broker and partition, followers too; one request a broker. A
    /// replica without an answer is absent, with a gap.
    async fn replica_ends(
        &self,
        replicas: &[(i32, TopicPartition)],
    ) -> Partial<HashMap<(i32, TopicPartition), i64>>;

    /// Reads a bounded range of one topic by assignment. At `deadline` it answers with what it
    /// has; it never waits for records that are not there yet.
    async fn scan(
        &self,
        request: &ScanRequest,
        deadline: Instant,
    ) -> Result<ScanReport, KafkaError>;

    /// Counts the records that a scan would find by group, in memory of the number of groups. Order
    /// and limit of the request mean nothing; what is counted lies in the covered offsets. Offered
    /// by engines that read batches themselves.
    async fn count(
        &self,
        request: &ScanRequest,
        by: &CountBy,
        deadline: Instant,
    ) -> Result<(ScanReport, Tally), KafkaError> {
        let _ = (request, by, deadline);
        Err(KafkaError::NotOffered {
            operation: "counting records".into(),
            by: "this engine".into(),
        })
    }

    /// Timestamps (epoch ms) of the first record at or after each position, or why it is not known:
    /// no record there, an unreadable leader, no timestamp. Every position has an answer.
    async fn timestamps(
        &self,
        positions: &[(TopicPartition, i64)],
        deadline: Instant,
    ) -> HashMap<(TopicPartition, i64), Result<i64, String>>;

    /// ACLs in order of resource, name, pattern, principal: one request. A cluster without an
    /// authorizer refuses with `SECURITY_DISABLED` (code 54).
    async fn acls(&self, filter: &AclFilter) -> Result<Vec<Acl>, KafkaError>;

    /// Users with SCRAM credentials, by name: one request. Those of other mechanisms are not stored
    /// in Kafka.
    async fn users(&self) -> Result<Partial<Vec<ScramUser>>, KafkaError>;

    /// Client quotas, defaults included, by entity: one request.
    async fn quotas(&self, filter: &QuotaFilter) -> Result<Vec<Quota>, KafkaError>;

    /// The metadata quorum alone, as the active controller sees it: one request.
    async fn quorum(&self) -> Result<Quorum, KafkaError>;

    /// Feature levels as each broker tells them, one request per broker. Fenced brokers are gaps.
    async fn features(&self) -> Result<Partial<Vec<BrokerFeatures>>, KafkaError>;

    /// Reassignments under way, by partition; `topics` of `None` asks for all, which is one
    /// request. The controller answers, whichever broker is asked.
    async fn reassignments(
        &self,
        topics: Option<&[String]>,
    ) -> Result<Partial<Vec<Reassignment>>, KafkaError>;

    /// Transactional ids, by name: one request per broker, as each lists what it coordinates. Ids
    /// that the principal may not describe are left out by Kafka without a word.
    async fn transactions(
        &self,
        filter: &TransactionFilter,
    ) -> Result<Partial<Vec<TransactionListing>>, KafkaError>;

    /// Transactional ids in full, in the order asked for, batched per coordinator. One that does
    /// not exist, or may not be described, is a gap; alone it is an error.
    async fn describe_transactions(
        &self,
        transactional_ids: &[String],
    ) -> Result<Partial<Vec<TransactionDescription>>, KafkaError>;

    /// Producers of partitions as their leaders know them, one request per leader, in the order
    /// asked for. A partition without an answer is a gap.
    async fn producers(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Partial<Vec<PartitionProducers>>, KafkaError>;
}
