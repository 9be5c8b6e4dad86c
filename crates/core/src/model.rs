//! Kafka's nouns as plain data with public fields.
//!
//! These types are what an engine answers and what diagnosis reads. They carry no library's
//! types, and a value that the cluster did not give is `None`, never a made-up number.

mod acl;
mod cluster;
mod config;
mod group;
mod offset;
mod partial;
mod progress;
mod quota;
mod reassignment;
mod record;
mod storage;
mod topic;
mod transaction;
mod user;

pub use acl::{Acl, AclFilter, AclMatch, AclOperation, AclPattern, AclPermission, AclResource};
pub use cluster::{Broker, BrokerFeatures, BrokerState, Cluster, Feature, Quorum, QuorumMember};
pub use config::{
    ConfigEntry, ConfigResource, ConfigSource, ConfigSynonym, ResourceConfigs, ResourceKind,
};
pub use group::{
    CommitLog, CommittedOffset, GroupDescription, GroupListing, GroupOffsets, GroupType,
    LoggedCommit, Member, StreamsTask, TopicPartitions,
};
pub use offset::{OffsetSpec, PartitionOffset, TopicPartition};
pub use partial::{Missing, Partial, folded};
pub use progress::{ScanProgress, ScanStanding};
pub use quota::{Quota, QuotaEntity, QuotaFilter, QuotaKind, QuotaMatch, QuotaValue};
pub use reassignment::Reassignment;
pub use record::{
    BatchFacts, Codec, Damaged, Header, Isolation, PartitionCoverage, PartitionRange, Record,
    RecordView, ScanOrder, ScanReport, ScanRequest, StopReason, TimestampType,
};
pub use storage::{LogDir, ReplicaSize};
pub use topic::{Partition, Topic};
pub use transaction::{
    PartitionProducers, ProducerState, TransactionDescription, TransactionFilter,
    TransactionListing,
};
pub use user::{ScramCredential, ScramUser};
