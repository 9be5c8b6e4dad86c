//! Health of a cluster, judged from one snapshot.
//!
//! A finding names what is wrong, the numbers behind it, the broker or rack that is behind all of
//! it where there is one, what it means and what mends it. Partitions in the same trouble are one
//! finding with all of them in it, so a dead broker is a handful of findings, not thousands.
//!
//! One snapshot has no past: rates, flapping and what lasts for too long are judged only against
//! an earlier one, of which a [`Digest`] is enough. What the snapshot lacks is named in
//! [`Report::unchecked`], and where it forbids a judgement the verdict is [`Verdict::Unknown`],
//! not [`Verdict::Healthy`].

mod basis;
mod blame;
mod brokers;
mod configuration;
mod digest;
mod finding;
mod groups;
mod internal;
mod partitions;
mod placement;
mod quorum;
mod reassignments;
mod rule;
mod score;
mod settings;
mod since;
mod snapshot;
mod software;
mod storage;
#[cfg(test)]
mod tests;
mod thresholds;
mod transactions;
mod verdict;
mod words;

pub use basis::Basis;
pub use brokers::missing_brokers;
pub use digest::{Digest, DigestError, MOST_CHARACTERS};
pub use finding::{Deduction, Finding, Report, Score, Severity, Verdict};
pub use rule::{Area, Rule};
pub use settings::{BROKER_KEYS, Setting, Settings, TOPIC_KEYS, broker_settings, topic_settings};
pub use since::{Change, Comparison, VolumeRate};
pub use snapshot::{GroupSight, LogRange, OpenTransaction, Snapshot};

pub use thresholds::Thresholds;

use crate::model::{ResourceConfigs, ResourceKind};
use std::collections::BTreeMap;

/// Judges a snapshot. Findings come worst first, then by rule.
pub fn health(snapshot: &Snapshot, thresholds: &Thresholds) -> Report {
    let mut findings = Vec::new();
    partitions::judge(snapshot, &mut findings);
    brokers::judge(snapshot, &mut findings);
    quorum::judge(snapshot, thresholds, &mut findings);
    storage::judge(snapshot, thresholds, &mut findings);
    configuration::judge(snapshot, thresholds, &mut findings);
    internal::judge(snapshot, &mut findings);
    placement::judge(snapshot, thresholds, &mut findings);
    software::judge(snapshot, &mut findings);
    groups::judge(snapshot, thresholds, &mut findings);
    transactions::judge(snapshot, thresholds, &mut findings);
    reassignments::judge(snapshot, thresholds, &mut findings);
    since::judge(snapshot, thresholds, &mut findings);
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
