//! The native engine: reads over our own connections, nothing but reads.
//!
//! One [`Native`] per cluster, shared by all callers. It holds connections and what it has learnt
//! about brokers and leaders; each family of reads is a file of its own.

use super::counters::Stats;
use super::route::Router;
use super::{Engine, KafkaError, TopicSelection};
use super::{
    acls, cluster, configs, groups, offsets, producers, quotas, reassignments, scan, storage,
    topics, transactions, users,
};
use crate::profile::{EngineChoice, Profile};
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
use std::sync::Arc;
use tokio::time::Instant;

/// The native engine.
#[derive(Clone)]
pub struct Native {
    router: Router,
}

impl std::fmt::Debug for Native {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Native({})", self.router.profile().name)
    }
}

impl Native {
    /// Connects to nothing: the first read does.
    ///
    /// # Errors
    /// `Address` when a bootstrap address is not `host:port`, or when there is none.
    pub fn new(profile: &Profile) -> Result<Self, KafkaError> {
        if profile.bootstrap.is_empty() {
            return Err(KafkaError::Address {
                address: String::new(),
                reason: format!("cluster `{}` has no bootstrap address", profile.name),
            });
        }
        for address in &profile.bootstrap {
            super::address::parse(address)?;
        }
        Ok(Self {
            router: Router::new(profile.clone()),
        })
    }

    /// What it has sent so far, and its connections.
    pub fn stats(&self) -> Stats {
        self.router.stats()
    }
}

/// The engine of a profile. Connects to nothing.
///
/// # Errors
/// As [`Native::new`].
pub fn connect(profile: &Profile) -> Result<Arc<dyn Engine>, KafkaError> {
    match profile.engine {
        EngineChoice::Auto | EngineChoice::Native => Ok(Arc::new(Native::new(profile)?)),
        // Whoever has it chooses it before coming here.
        EngineChoice::Librdkafka => Err(KafkaError::NotOffered {
            operation: "engine `librdkafka`".into(),
            by: "this build of kafkaweave".into(),
        }),
    }
}

#[async_trait]
impl Engine for Native {
    async fn cluster(&self) -> Result<Partial<Cluster>, KafkaError> {
        cluster::cluster(&self.router).await
    }

    async fn topics(&self, selection: &TopicSelection) -> Result<Partial<Vec<Topic>>, KafkaError> {
        topics::topics(&self.router, selection).await
    }

    async fn configs(
        &self,
        resources: &[ConfigResource],
        keys: Option<&[String]>,
        detail: bool,
    ) -> Result<Partial<Vec<ResourceConfigs>>, KafkaError> {
        configs::configs(&self.router, resources, keys, detail).await
    }

    async fn overrides(
        &self,
        topics: &[String],
    ) -> Result<Partial<BTreeMap<String, BTreeMap<String, Option<String>>>>, KafkaError> {
        configs::overrides(&self.router, topics).await
    }

    async fn log_dirs(
        &self,
        topics: Option<&[String]>,
    ) -> Result<Partial<Vec<LogDir>>, KafkaError> {
        storage::log_dirs(&self.router, topics).await
    }

    async fn groups(&self) -> Result<Partial<Vec<GroupListing>>, KafkaError> {
        groups::list(&self.router).await
    }

    async fn describe_groups(
        &self,
        groups: &[GroupListing],
    ) -> Result<Partial<Vec<GroupDescription>>, KafkaError> {
        groups::describe(&self.router, groups).await
    }

    async fn committed(
        &self,
        groups: &[GroupListing],
    ) -> Result<Partial<Vec<GroupOffsets>>, KafkaError> {
        groups::committed(&self.router, groups).await
    }

    async fn commits(
        &self,
        group: &str,
        max_bytes: u64,
        deadline: Instant,
    ) -> Result<CommitLog, KafkaError> {
        groups::commits(&self.router, group, max_bytes, deadline).await
    }

    async fn offsets(
        &self,
        queries: &[(TopicPartition, OffsetSpec)],
        isolation: Isolation,
    ) -> Result<Partial<Vec<PartitionOffset>>, KafkaError> {
        offsets::offsets(&self.router, queries, isolation).await
    }

    async fn replica_ends(
        &self,
        replicas: &[(i32, TopicPartition)],
    ) -> Partial<HashMap<(i32, TopicPartition), i64>> {
        offsets::replicas::replica_ends(&self.router, replicas).await
    }

    async fn scan(
        &self,
        request: &ScanRequest,
        deadline: Instant,
    ) -> Result<ScanReport, KafkaError> {
        scan::scan(&self.router, request, deadline).await
    }

    async fn count(
        &self,
        request: &ScanRequest,
        by: &CountBy,
        deadline: Instant,
    ) -> Result<(ScanReport, Tally), KafkaError> {
        scan::count(&self.router, request, by, deadline).await
    }

    async fn timestamps(
        &self,
        positions: &[(TopicPartition, i64)],
        deadline: Instant,
    ) -> HashMap<(TopicPartition, i64), Result<i64, String>> {
        scan::timestamps(&self.router, positions, deadline).await
    }

    async fn acls(&self, filter: &AclFilter) -> Result<Vec<Acl>, KafkaError> {
        acls::acls(&self.router, filter).await
    }

    async fn users(&self) -> Result<Partial<Vec<ScramUser>>, KafkaError> {
        users::users(&self.router).await
    }

    async fn quotas(&self, filter: &QuotaFilter) -> Result<Vec<Quota>, KafkaError> {
        quotas::quotas(&self.router, filter).await
    }

    async fn quorum(&self) -> Result<Quorum, KafkaError> {
        cluster::quorum::quorum(&self.router).await
    }

    async fn features(&self) -> Result<Partial<Vec<BrokerFeatures>>, KafkaError> {
        cluster::features_of_each(&self.router).await
    }

    async fn reassignments(
        &self,
        topics: Option<&[String]>,
    ) -> Result<Partial<Vec<Reassignment>>, KafkaError> {
        reassignments::reassignments(&self.router, topics).await
    }

    async fn transactions(
        &self,
        filter: &TransactionFilter,
    ) -> Result<Partial<Vec<TransactionListing>>, KafkaError> {
        transactions::list(&self.router, filter).await
    }

    async fn describe_transactions(
        &self,
        transactional_ids: &[String],
    ) -> Result<Partial<Vec<TransactionDescription>>, KafkaError> {
        transactions::describe(&self.router, transactional_ids).await
    }

    async fn producers(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<Partial<Vec<PartitionProducers>>, KafkaError> {
        producers::producers(&self.router, partitions).await
    }
}
