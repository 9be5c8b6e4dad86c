//! What is judged: answers of an engine, put beside each other.

use super::digest::Digest;
use super::settings::Settings;
use crate::model::{
    BrokerFeatures, Cluster, CommittedOffset, GroupListing, LogDir, Member, Missing, Reassignment,
    Topic, TopicPartition,
};
use std::collections::BTreeMap;

/// What is judged. What was not asked for or could not be had is `None` (or absent from a map) and
/// is named in the report as not judged.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Brokers and quorum.
    pub cluster: Cluster,
    /// All topics; `None` when they could not be had.
    pub topics: Option<Vec<Topic>>,
    /// `min.insync.replicas` by topic (see [`super::min_insync_replicas`]); a topic that is absent
    /// has an unknown one, unless [`Snapshot::topic_settings`] knows it.
    pub min_insync_replicas: BTreeMap<String, i32>,
    /// Log dirs of the brokers that answered; `None` when nobody asked. Sizes of replicas are used
    /// where they are listed: for reassignments and memory maps.
    pub log_dirs: Option<Vec<LogDir>>,
    /// Settings by topic (see [`super::topic_settings`], [`super::TOPIC_KEYS`]); `None` when nobody
    /// asked.
    pub topic_settings: Option<BTreeMap<String, Settings>>,
    /// Settings by broker (see [`super::broker_settings`], [`super::BROKER_KEYS`]); `None` when
    /// nobody asked.
    pub broker_settings: Option<BTreeMap<i32, Settings>>,
    /// Software of the brokers that answered; `None` when nobody asked.
    pub software: Option<Vec<BrokerFeatures>>,
    /// All groups; `None` when they could not be had.
    pub groups: Option<Vec<GroupSight>>,
    /// Ends of the logs that groups commit in. To be read after the commits, so that a live group is
    /// not taken for one beyond the end.
    pub log_ranges: BTreeMap<TopicPartition, LogRange>,
    /// Open transactions; `None` when nobody looked.
    pub transactions: Option<Vec<OpenTransaction>>,
    /// Reassignments under way; `None` when they could not be had.
    pub reassignments: Option<Vec<Reassignment>>,
    /// An earlier snapshot of the same cluster, to compare with; `None` when there is none.
    pub before: Option<Digest>,
    /// Gaps of all the answers above.
    pub missing: Vec<Missing>,
    /// When the snapshot was taken, epoch ms.
    pub now_ms: i64,
}

impl Snapshot {
    /// A snapshot of nothing but the cluster's description.
    pub fn new(cluster: Cluster, now_ms: i64) -> Self {
        Self {
            cluster,
            topics: None,
            min_insync_replicas: BTreeMap::new(),
            log_dirs: None,
            topic_settings: None,
            broker_settings: None,
            software: None,
            groups: None,
            log_ranges: BTreeMap::new(),
            transactions: None,
            reassignments: None,
            before: None,
            missing: Vec::new(),
            now_ms,
        }
    }

    /// `min.insync.replicas` of a topic; `None` unknown.
    pub(super) fn min_isr(&self, topic: &str) -> Option<i32> {
        let known = self.min_insync_replicas.get(topic).copied();
        known.or_else(|| {
            let settings = self.topic_settings.as_ref()?.get(topic)?;
            i32::try_from(settings.number(super::MIN_INSYNC_REPLICAS)?).ok()
        })
    }
}

/// A group as it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSight {
    /// As its coordinator lists it.
    pub listing: GroupListing,
    /// Its members; `None` when it was not described.
    pub members: Option<Vec<Member>>,
    /// What it has committed; `None` when nobody asked.
    pub committed: Option<Vec<CommittedOffset>>,
}

/// First and next offset of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogRange {
    /// First offset still there (log start); `None` unknown.
    pub start: Option<i64>,
    /// End (high watermark); `None` unknown.
    pub end: Option<i64>,
}

/// A transaction that is open in a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenTransaction {
    /// Partition.
    pub partition: TopicPartition,
    /// Producer id.
    pub producer_id: i64,
    /// Transactional id, where its coordinator told it.
    pub transactional_id: Option<String>,
    /// Offset of its first record in the partition.
    pub start_offset: Option<i64>,
    /// Last stable offset of the partition: nobody reads beyond it under read_committed.
    pub last_stable_offset: Option<i64>,
    /// High watermark of the partition.
    pub high_watermark: Option<i64>,
    /// For how long it is open, or else since its last record, ms.
    pub age_ms: Option<i64>,
    /// Its timeout (`transaction.timeout.ms`), after which the coordinator aborts it, ms.
    pub timeout_ms: Option<i64>,
    /// Whether the transaction coordinator has it as ongoing or ending in this partition; `None`
    /// unknown. `Some(false)` is a hanging one: it is for whoever says so to have looked at the
    /// leader again after the coordinator, as a transaction that just ended looks the same.
    pub known_to_coordinator: Option<bool>,
}
