//! The engine itself: what of the [`Engine`] librdkafka answers, and what is refused by name.

mod asked;

use crate::client::Link;
use crate::ffi::admin;
use crate::read;
use crate::run::{Bound, apart};
use crate::settings::{Purpose, password, suits};
use crate::token::Token;
use asked::{offsets, topics};
use async_trait::async_trait;
use kafkaweave_client::kafka::{Engine, KafkaError, TopicSelection};
use kafkaweave_client::profile::Profile;
use kafkaweave_core::model::{
    Acl, AclFilter, Broker, BrokerFeatures, BrokerState, Cluster, CommitLog, ConfigResource,
    GroupDescription, GroupListing, GroupOffsets, Isolation, LogDir, Missing, OffsetSpec, Partial,
    PartitionOffset, PartitionProducers, Quorum, Quota, QuotaFilter, Reassignment, ResourceConfigs,
    ScanReport, ScanRequest, ScramUser, Topic, TopicPartition, TransactionDescription,
    TransactionFilter, TransactionListing,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;

/// The engine on librdkafka.
pub struct Librdkafka {
    profile: Profile,
    token: Mutex<Option<Token>>,
    /// For questions; made by the first one, and anew after a failure.
    link: Mutex<Option<Arc<Link>>>,
}

impl std::fmt::Debug for Librdkafka {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Librdkafka({})", self.profile.name)
    }
}

fn refused<T>(operation: &str) -> Result<T, KafkaError> {
    Err(not_offered(operation))
}

fn not_offered(operation: &str) -> KafkaError {
    KafkaError::NotOffered {
        operation: operation.into(),
        by: "engine librdkafka".into(),
    }
}

fn gap(what: impl Into<String>, why: impl Into<String>) -> Missing {
    Missing {
        what: what.into(),
        broker: None,
        why: why.into(),
    }
}

impl Librdkafka {
    /// Connects to nothing: the first read does.
    ///
    /// # Errors
    /// `Address` when there is no bootstrap address, `TlsSettings` when the profile wants of TLS what librdkafka
    /// cannot do.
    pub fn new(profile: &Profile) -> Result<Self, KafkaError> {
        if profile.bootstrap.is_empty() {
            return Err(KafkaError::Address {
                address: String::new(),
                reason: format!("cluster `{}` has no bootstrap address", profile.name),
            });
        }
        suits(profile)?;
        Ok(Self {
            profile: profile.clone(),
            token: Mutex::default(),
            link: Mutex::default(),
        })
    }

    /// Logs in by this token from now on (OAUTHBEARER), instead of the profile's user. To be called again, with a newer
    /// one, before it ends.
    ///
    /// # Errors
    /// `Protocol` when librdkafka does not take the token.
    pub fn set_token(&self, token: Token) -> Result<(), KafkaError> {
        let link = self
            .link
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let before = self
            .token
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .replace(token.clone());
        match (link, before) {
            (Some(link), Some(_)) => link.hand_over(&token),
            // A client that logged in otherwise cannot change over.
            _ => {
                self.forget();
                Ok(())
            }
        }
    }

    fn forget(&self) {
        *self.link.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn fresh(&self, purpose: Purpose) -> Result<Link, KafkaError> {
        let token = self
            .token
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let password = match token {
            Some(_) => None,
            None => password(&self.profile).await?,
        };
        Link::new(&self.profile, password.as_ref(), token.as_ref(), purpose)
    }

    /// Asks one question on the shared client.
    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Link, &Bound) -> Result<T, KafkaError> + Send + 'static,
    ) -> Result<T, KafkaError> {
        let there = self
            .link
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let link = match there {
            Some(link) => link,
            None => {
                let link = Arc::new(self.fresh(Purpose::Ask).await?);
                let mut place = self.link.lock().unwrap_or_else(PoisonError::into_inner);
                Arc::clone(place.insert(link))
            }
        };
        let bound = Bound::until(std::time::Instant::now() + self.profile.request_timeout);
        let outcome = apart(bound, move |bound| work(&link, bound)).await;
        let outcome = outcome.unwrap_or_else(|| Err(stopped(&self.profile)));
        if matches!(
            outcome,
            Err(KafkaError::Timeout { .. }
                | KafkaError::Unreachable { .. }
                | KafkaError::Authentication { .. })
        ) {
            self.forget();
        }
        outcome
    }
}

fn stopped(profile: &Profile) -> KafkaError {
    KafkaError::Protocol {
        address: profile.bootstrap.join(","),
        step: "the question".into(),
        reason: "it ended unexpectedly".into(),
    }
}

#[async_trait]
impl Engine for Librdkafka {
    async fn cluster(&self) -> Result<Partial<Cluster>, KafkaError> {
        self.ask(|link, bound| {
            let (cluster_id, nodes) = admin::cluster(link, bound)
                .map_err(|fault| fault.told(link, "DescribeCluster", "the cluster", bound))?;
            let mut brokers: Vec<_> = nodes
                .into_iter()
                .map(|node| Broker {
                    id: node.id,
                    host: Some(node.host),
                    port: Some(node.port),
                    rack: node.rack,
                    state: BrokerState::Online,
                })
                .collect();
            brokers.sort_by_key(|broker| broker.id);
            let lacking = [
                ("fenced brokers", "DescribeCluster with fenced brokers"),
                ("the controller quorum", "DescribeQuorum"),
                ("feature levels", "ApiVersions' feature levels"),
            ];
            let missing =
                lacking.map(|(what, operation)| gap(what, not_offered(operation).to_string()));
            Ok(Partial {
                value: Cluster {
                    cluster_id,
                    brokers,
                    quorum: None,
                    features: Vec::new(),
                    kafka_version: None,
                },
                missing: missing.into(),
            })
        })
        .await
    }

    async fn topics(&self, selection: &TopicSelection) -> Result<Partial<Vec<Topic>>, KafkaError> {
        let names = match selection {
            TopicSelection::All => None,
            TopicSelection::Named(names) if names.is_empty() => return Ok(Partial::default()),
            TopicSelection::Named(names) => {
                let unique: BTreeSet<String> = names.iter().cloned().collect();
                Some(unique.into_iter().collect())
            }
        };
        self.ask(move |link, bound| topics(link, bound, names))
            .await
    }

    async fn configs(
        &self,
        _resources: &[ConfigResource],
        _keys: Option<&[String]>,
        _detail: bool,
    ) -> Result<Partial<Vec<ResourceConfigs>>, KafkaError> {
        refused("DescribeConfigs")
    }

    async fn overrides(
        &self,
        _topics: &[String],
    ) -> Result<Partial<BTreeMap<String, BTreeMap<String, Option<String>>>>, KafkaError> {
        refused("DescribeConfigs")
    }

    async fn log_dirs(
        &self,
        _topics: Option<&[String]>,
    ) -> Result<Partial<Vec<LogDir>>, KafkaError> {
        refused("DescribeLogDirs")
    }

    async fn groups(&self) -> Result<Partial<Vec<GroupListing>>, KafkaError> {
        refused("ListGroups")
    }

    async fn describe_groups(
        &self,
        _groups: &[GroupListing],
    ) -> Result<Partial<Vec<GroupDescription>>, KafkaError> {
        refused("DescribeGroups")
    }

    async fn committed(
        &self,
        _groups: &[GroupListing],
    ) -> Result<Partial<Vec<GroupOffsets>>, KafkaError> {
        refused("OffsetFetch")
    }

    async fn commits(
        &self,
        _group: &str,
        _max_bytes: u64,
        _deadline: Instant,
    ) -> Result<CommitLog, KafkaError> {
        refused("reading the log of commits")
    }

    async fn offsets(
        &self,
        queries: &[(TopicPartition, OffsetSpec)],
        isolation: Isolation,
    ) -> Result<Partial<Vec<PartitionOffset>>, KafkaError> {
        if queries.is_empty() {
            return Ok(Partial::default());
        }
        let queries = queries.to_vec();
        self.ask(move |link, bound| offsets(link, bound, &queries, isolation))
            .await
    }

    async fn replica_ends(
        &self,
        replicas: &[(i32, TopicPartition)],
    ) -> Partial<HashMap<(i32, TopicPartition), i64>> {
        let why = not_offered("ListOffsets of a single replica").to_string();
        Partial {
            value: HashMap::new(),
            missing: replicas
                .iter()
                .map(|(broker, partition)| Missing {
                    what: format!("log end of {partition} on broker {broker}"),
                    broker: Some(*broker),
                    why: why.clone(),
                })
                .collect(),
        }
    }

    async fn scan(
        &self,
        request: &ScanRequest,
        deadline: Instant,
    ) -> Result<ScanReport, KafkaError> {
        // Its own client: one reads a partition at one place at a time.
        let committed = request.isolation == Isolation::ReadCommitted;
        let link = self.fresh(Purpose::Scan { committed }).await?;
        let request = request.clone();
        let work = move |bound: &Bound| read::scan(&link, &request, bound);
        let outcome = apart(Bound::until(deadline.into_std()), work).await;
        outcome.unwrap_or_else(|| Err(stopped(&self.profile)))
    }

    async fn timestamps(
        &self,
        positions: &[(TopicPartition, i64)],
        deadline: Instant,
    ) -> HashMap<(TopicPartition, i64), Result<i64, String>> {
        let failed = |why: String| {
            positions
                .iter()
                .map(|p| (p.clone(), Err(why.clone())))
                .collect()
        };
        let link = match self.fresh(Purpose::Peek).await {
            Ok(link) => link,
            Err(error) => return failed(error.to_string()),
        };
        let asked = positions.to_vec();
        let work = move |bound: &Bound| read::timestamps(&link, &asked, bound);
        let outcome = apart(Bound::until(deadline.into_std()), work).await;
        outcome.unwrap_or_else(|| failed(stopped(&self.profile).to_string()))
    }

    async fn acls(&self, _filter: &AclFilter) -> Result<Vec<Acl>, KafkaError> {
        refused("DescribeAcls")
    }

    async fn users(&self) -> Result<Partial<Vec<ScramUser>>, KafkaError> {
        refused("DescribeUserScramCredentials")
    }

    async fn quotas(&self, _filter: &QuotaFilter) -> Result<Vec<Quota>, KafkaError> {
        refused("DescribeClientQuotas")
    }

    async fn quorum(&self) -> Result<Quorum, KafkaError> {
        refused("DescribeQuorum")
    }

    async fn features(&self) -> Result<Partial<Vec<BrokerFeatures>>, KafkaError> {
        refused("ApiVersions' feature levels")
    }

    async fn reassignments(
        &self,
        _topics: Option<&[String]>,
    ) -> Result<Partial<Vec<Reassignment>>, KafkaError> {
        refused("ListPartitionReassignments")
    }

    async fn transactions(
        &self,
        _filter: &TransactionFilter,
    ) -> Result<Partial<Vec<TransactionListing>>, KafkaError> {
        refused("ListTransactions")
    }

    async fn describe_transactions(
        &self,
        _transactional_ids: &[String],
    ) -> Result<Partial<Vec<TransactionDescription>>, KafkaError> {
        refused("DescribeTransactions")
    }

    async fn producers(
        &self,
        _partitions: &[TopicPartition],
    ) -> Result<Partial<Vec<PartitionProducers>>, KafkaError> {
        refused("DescribeProducers")
    }
}
