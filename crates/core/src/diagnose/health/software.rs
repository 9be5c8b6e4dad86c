//! Software: versions that differ, feature levels behind what all brokers support.

use super::finding::{Finding, Severity, count};
use super::rule::Rule;
use super::snapshot::Snapshot;
use super::words::{ids, lines};
use crate::diagnose::feature;
use crate::model::BrokerFeatures;
use crate::release;
use std::collections::BTreeMap;

pub(super) fn judge(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    versions(snapshot, findings);
    features(snapshot, findings);
}

fn versions(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let mut by_version: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for broker in snapshot.software.iter().flatten() {
        if let Some(version) = &broker.kafka_version {
            by_version.entry(version).or_default().push(broker.broker);
        }
    }
    if by_version.len() < 2 {
        return;
    }
    let brokers: Vec<i32> = by_version.values().flatten().copied().collect();
    let mut found = Finding::new(
        Rule::MixedVersions,
        Severity::Warning,
        format!("{} versions", by_version.len()),
    );
    found.evidence = by_version
        .iter()
        .map(|(version, on)| format!("{version}: broker {}", ids(on)))
        .collect();
    found.meaning = "an upgrade is under way or was left half done: features wait for the oldest, and clients see other API versions from one broker to the next".into();
    found.remedy = "bring all brokers to one version; raise feature levels after that".into();
    found.next_tool = Some("kafka_feature_list".into());
    found.brokers = brokers;
    found.brokers.sort_unstable();
    findings.push(found);
}

fn features(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let told = snapshot.software.as_deref().unwrap_or_default();
    let standings = if told.is_empty() {
        feature::standings(&[BrokerFeatures {
            broker: -1,
            features: snapshot.cluster.features.clone(),
            finalized_epoch: Some(0),
            kafka_version: None,
        }])
    } else {
        feature::standings(told)
    };
    let behind: Vec<(String, String)> = standings
        .into_iter()
        .filter_map(|standing| {
            let name = standing.feature;
            let now = match standing.finalized? {
                0 => "not in force".to_owned(),
                level => named(&name, level),
            };
            let supported = named(&name, standing.raise_to?);
            let by = match told.len() {
                0 => "the broker that was asked supports".to_owned(),
                n => format!("all {n} brokers that answered support"),
            };
            let words = format!("{name}: {now}; {by} {supported}");
            Some((name, words))
        })
        .collect();
    if behind.is_empty() {
        return;
    }
    let names: Vec<&str> = behind.iter().map(|(name, _)| name.as_str()).collect();
    let subject = count(&names, "feature", "features");
    let mut found = Finding::new(Rule::FeatureBehind, Severity::Info, subject);
    found.evidence = lines(behind.into_iter().map(|(_, words)| words).collect());
    found.meaning = "what a newer level brings is not in use; this is right while an upgrade can still be taken back".into();
    found.remedy = "once the upgrade has proven itself, raise the level with kafka-features.sh upgrade; most levels cannot be lowered again".into();
    found.next_tool = Some("kafka_feature_list".into());
    findings.push(found);
}

/// "level 29 (4.2-IV1)", "level 1".
fn named(feature: &str, level: i16) -> String {
    let name = release::level_name(level).filter(|_| feature == release::METADATA_VERSION);
    let name = name.map(|name| format!(" ({name})"));
    format!("level {level}{}", name.unwrap_or_default())
}
