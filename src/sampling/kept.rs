//! What deletes records of the topics that an answer shows: one request for all of them. Sizes are
//! asked for only where a topic has a bound on its size, as each broker has to be asked.

use super::gather::gap;
use kafkaweave_client::kafka::Engine;
use kafkaweave_core::diagnose::lag::outlook::Retention;
use kafkaweave_core::diagnose::lag::{GroupLag, PartitionLag};
use kafkaweave_core::model::{ConfigResource, Missing, ResourceConfigs, ResourceKind};
use std::collections::{BTreeSet, HashMap};
use tokio::time::Instant;

/// What deletes records of the topics that an answer shows.
#[derive(Default)]
pub(super) struct Kept {
    topics: HashMap<String, Retention>,
    sizes: HashMap<(String, i32), i64>,
}

const KEYS: [&str; 3] = ["cleanup.policy", "retention.ms", "retention.bytes"];

impl Kept {
    /// Of the topics with anything unread, and what could not be had of it.
    pub(super) async fn of(
        engine: &dyn Engine,
        groups: &[GroupLag],
        deadline: Instant,
    ) -> (Self, Vec<Missing>) {
        let mut missing = Vec::new();
        let asked = Self::ask(engine, groups, &mut missing);
        if let Ok(kept) = tokio::time::timeout_at(deadline, asked).await {
            return (kept, missing);
        }
        let late = Missing {
            what: "retention of topics".into(),
            broker: None,
            why: "no answer in time".into(),
        };
        (Self::default(), vec![late])
    }

    async fn ask(engine: &dyn Engine, groups: &[GroupLag], missing: &mut Vec<Missing>) -> Self {
        let topics: BTreeSet<&str> = groups
            .iter()
            .flat_map(|group| &group.partitions)
            .filter(|row| row.lag.is_some_and(|lag| lag > 0))
            .map(|row| row.topic.as_str())
            .collect();
        let resources: Vec<ConfigResource> = topics
            .into_iter()
            .map(|name| ConfigResource {
                kind: ResourceKind::Topic,
                name: name.into(),
            })
            .collect();
        if resources.is_empty() {
            return Self::default();
        }
        let configs = match engine
            .configs(&resources, Some(&KEYS.map(String::from)), false)
            .await
        {
            Ok(configs) => configs.into_value(missing),
            Err(error) => {
                missing.push(gap("retention of topics", &error));
                return Self::default();
            }
        };
        let topics: HashMap<String, Retention> = configs.iter().map(retention).collect();
        let sized: Vec<String> = topics
            .iter()
            .filter(|(_, kept)| kept.deletes && kept.retention_bytes.is_some_and(|b| b >= 0))
            .map(|(name, _)| name.clone())
            .collect();
        let mut sizes = HashMap::new();
        if !sized.is_empty() {
            match engine.log_dirs(Some(&sized)).await {
                Ok(dirs) => {
                    let dirs = dirs.into_value(missing);
                    let replicas = dirs.iter().flat_map(|dir| &dir.replicas);
                    for replica in replicas.filter(|r| !r.future) {
                        // Replicas differ by what is in flight; the leader has the most.
                        let key = (replica.topic.clone(), replica.partition);
                        let size = sizes.entry(key).or_insert(0);
                        *size = replica.size_bytes.max(*size);
                    }
                }
                Err(error) => missing.push(gap("sizes of partitions", &error)),
            }
        }
        Self { topics, sizes }
    }

    /// Of one partition.
    pub(super) fn of_row(&self, row: &PartitionLag) -> Retention {
        let kept = self.topics.get(&row.topic).copied().unwrap_or_default();
        let size = self.sizes.get(&(row.topic.clone(), row.partition));
        Retention {
            size_bytes: size.copied(),
            ..kept
        }
    }
}

fn retention(configs: &ResourceConfigs) -> (String, Retention) {
    let value = |key: &str| {
        let entry = configs.entries.iter().find(|e| e.name == key)?;
        entry.value.as_deref()
    };
    let number = |key: &str| value(key)?.parse().ok();
    let kept = Retention {
        deletes: value("cleanup.policy").is_some_and(|p| p.split(',').any(|p| p == "delete")),
        retention_ms: number("retention.ms"),
        retention_bytes: number("retention.bytes"),
        size_bytes: None,
    };
    (configs.resource.name.clone(), kept)
}
