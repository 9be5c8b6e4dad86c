//! Kafka's nouns as plain data with public fields.
//!
//! These types are what an engine answers and what diagnosis reads. They carry no library's
//! types, and a value that the cluster did not give is `None`, never a made-up number.

mod cluster;
mod config;
mod group;
mod offset;
mod partial;
mod record;
mod storage;
mod topic;

pub use cluster::{Broker, BrokerState, Cluster, Feature, Quorum, QuorumMember};
pub use config::{
    ConfigEntry, ConfigResource, ConfigSource, ConfigSynonym, ResourceConfigs, ResourceKind,
};
pub use group::{
    CommitLog, CommittedOffset, GroupDescription, GroupListing, GroupOffsets, GroupType,
    LoggedCommit, Member, StreamsTask, TopicPartitions,
};
pub use offset::{OffsetSpec, PartitionOffset, TopicPartition};
pub use partial::{Missing, Partial};
pub use record::{
    Damaged, Header, Isolation, PartitionCoverage, PartitionRange, Record, RecordView, ScanOrder,
    ScanReport, ScanRequest, StopReason, TimestampType,
};
pub use storage::{LogDir, ReplicaSize};
pub use topic::{Partition, Topic};
