//! Configuration values as the rules read them: only the keys that some rule asks for.

use crate::model::{ConfigSource, ResourceConfigs, ResourceKind};
use std::collections::BTreeMap;

/// Topic keys that rules read: what to ask DescribeConfigs for.
pub const TOPIC_KEYS: [&str; 15] = [
    super::MIN_INSYNC_REPLICAS,
    CLEANUP_POLICY,
    "delete.retention.ms",
    "follower.replication.throttled.replicas",
    "leader.replication.throttled.replicas",
    "max.compaction.lag.ms",
    "max.message.bytes",
    "min.cleanable.dirty.ratio",
    "min.compaction.lag.ms",
    "remote.storage.enable",
    "retention.bytes",
    "retention.ms",
    "segment.bytes",
    "segment.ms",
    "unclean.leader.election.enable",
];

/// Broker keys that rules read: what to ask DescribeConfigs for.
pub const BROKER_KEYS: [&str; 10] = [
    "follower.replication.throttled.rate",
    "leader.replication.throttled.rate",
    "log.cleaner.enable",
    "log.retention.check.interval.ms",
    "message.max.bytes",
    "replica.alter.log.dirs.io.max.bytes.per.second",
    "replica.fetch.max.bytes",
    "replica.fetch.response.max.bytes",
    "socket.request.max.bytes",
    "unclean.leader.election.enable",
];

/// The key of a topic's cleanup policy.
pub(super) const CLEANUP_POLICY: &str = "cleanup.policy";

/// A value in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// As Kafka writes it.
    pub value: String,
    /// Where it comes from.
    pub source: ConfigSource,
}

/// Values of one topic or broker by key. A key that is absent has an unknown value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<&'static str, Setting>);

impl Settings {
    /// Keeps a value; one that no rule reads is dropped.
    pub fn insert(&mut self, key: &str, value: impl Into<String>, source: ConfigSource) {
        let known = TOPIC_KEYS.iter().chain(&BROKER_KEYS).find(|k| **k == key);
        if let Some(key) = known {
            let value = value.into();
            self.0.insert(key, Setting { value, source });
        }
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        Some(self.0.get(key)?.value.as_str())
    }

    pub(super) fn number(&self, key: &str) -> Option<i64> {
        self.text(key)?.trim().parse().ok()
    }

    pub(super) fn ratio(&self, key: &str) -> Option<f64> {
        self.text(key)?.trim().parse().ok()
    }

    pub(super) fn is_on(&self, key: &str) -> bool {
        self.text(key) == Some("true")
    }

    /// Whether the value is this topic's or this broker's own, set at run time.
    pub(super) fn is_own(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|setting| {
            matches!(
                setting.source,
                ConfigSource::Topic
                    | ConfigSource::DynamicBroker
                    | ConfigSource::DynamicDefaultBroker
            )
        })
    }

    /// Whether a policy is part of `cleanup.policy`; an unknown policy has no part.
    pub(super) fn cleans_by(&self, policy: &str) -> bool {
        self.text(CLEANUP_POLICY)
            .is_some_and(|all| all.split(',').any(|one| one.trim() == policy))
    }
}

/// Settings by topic from what an engine answered; entries without a readable value stay out.
pub fn topic_settings(configs: &[ResourceConfigs]) -> BTreeMap<String, Settings> {
    settings(configs, ResourceKind::Topic)
        .map(|(name, settings)| (name.to_owned(), settings))
        .collect()
}

/// Settings by broker from what an engine answered; the cluster-wide default (without an id) stays
/// out, as each broker's own answer holds it.
pub fn broker_settings(configs: &[ResourceConfigs]) -> BTreeMap<i32, Settings> {
    settings(configs, ResourceKind::Broker)
        .filter_map(|(name, settings)| Some((name.parse().ok()?, settings)))
        .collect()
}

fn settings(
    configs: &[ResourceConfigs],
    kind: ResourceKind,
) -> impl Iterator<Item = (&str, Settings)> {
    configs
        .iter()
        .filter(move |c| c.resource.kind == kind)
        .map(|c| {
            let mut settings = Settings::default();
            for entry in &c.entries {
                if let Some(value) = &entry.value {
                    settings.insert(&entry.name, value.as_str(), entry.source);
                }
            }
            (c.resource.name.as_str(), settings)
        })
}
