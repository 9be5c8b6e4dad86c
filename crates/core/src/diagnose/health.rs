//! Health of a cluster, judged from one snapshot.
//!
//! A finding names what is wrong, the numbers behind it, the broker or rack that is behind all of
//! it where there is one, what it means and what mends it. Partitions in the same trouble are one
//! finding with all of them in it, so a dead broker is a handful of findings, not thousands.
//!
//! One snapshot has no past: rates, trends and flapping are not judged here. What the snapshot
//! lacks is named in [`Report::unchecked`], and where it forbids a judgement the verdict is
//! [`Verdict::Unknown`], not [`Verdict::Healthy`].

mod blame;
mod brokers;
mod configuration;
mod finding;
mod partitions;
mod quorum;
mod rule;
mod score;
mod settings;
mod snapshot;
mod storage;
#[cfg(test)]
mod tests;
mod verdict;

pub use brokers::missing_brokers;
pub use finding::{Deduction, Finding, Report, Score, Severity, Verdict};
pub use rule::{Area, Rule};
pub use settings::{BROKER_KEYS, Setting, Settings, TOPIC_KEYS, broker_settings, topic_settings};
pub use snapshot::{BrokerSoftware, GroupSight, LogRange, OpenTransaction, Reassignment, Snapshot};

use crate::model::{ResourceConfigs, ResourceKind};
use std::collections::BTreeMap;

/// From where on something is worth a finding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Used share of a volume that is a warning, 0 to 1.
    pub disk_warning_ratio: f64,
    /// Used share of a volume that is critical, 0 to 1.
    pub disk_critical_ratio: f64,
    /// A voter that has not fetched for this long is silent, ms.
    pub voter_silent_ms: i64,
    /// A voter this many records behind the quorum's leader is lagging.
    pub voter_lag_records: i64,
    /// Share of a broker's preferred leaderships that others hold, 0 to 1: Kafka's own
    /// `leader.imbalance.per.broker.percentage` is 10 %.
    pub leader_imbalance_ratio: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            disk_warning_ratio: 0.85,
            disk_critical_ratio: 0.95,
            voter_silent_ms: 10_000,
            voter_lag_records: 1_000,
            leader_imbalance_ratio: 0.10,
        }
    }
}

/// Judges a snapshot. Findings come worst first, then by rule.
pub fn health(snapshot: &Snapshot, thresholds: &Thresholds) -> Report {
    let mut findings = Vec::new();
    partitions::judge(snapshot, &mut findings);
    brokers::judge(snapshot, &mut findings);
    quorum::judge(snapshot, thresholds, &mut findings);
    storage::judge(snapshot, thresholds, &mut findings);
    configuration::judge(snapshot, thresholds, &mut findings);
    findings.sort_by_key(|f| (f.severity, f.rule));
    verdict::report(snapshot, findings)
}

/// `min.insync.replicas` by topic from topic configurations. Entries without a readable value stay
/// out, as unknown.
pub fn min_insync_replicas(configs: &[ResourceConfigs]) -> BTreeMap<String, i32> {
    configs
        .iter()
        .filter(|c| c.resource.kind == ResourceKind::Topic)
        .filter_map(|c| {
            let entry = c.entries.iter().find(|e| e.name == MIN_INSYNC_REPLICAS)?;
            Some((
                c.resource.name.clone(),
                entry.value.as_deref()?.parse().ok()?,
            ))
        })
        .collect()
}

/// The topic configuration key that [`min_insync_replicas`] reads.
pub const MIN_INSYNC_REPLICAS: &str = "min.insync.replicas";
