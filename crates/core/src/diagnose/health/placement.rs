//! Where replicas and leaders are: racks, how evenly brokers carry, how many there are.

mod numbers;

use super::Thresholds;
use super::blame::online;
use super::finding::{Finding, Severity, count};
use super::rule::Rule;
use super::snapshot::Snapshot;
use super::words::{ids, lines};
use crate::model::{BrokerState, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn judge(snapshot: &Snapshot, thresholds: &Thresholds, findings: &mut Vec<Finding>) {
    racks(snapshot, findings);
    numbers::judge(snapshot, thresholds, findings);
    skew(snapshot, thresholds, findings);
}

fn racks(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let registered = snapshot
        .cluster
        .brokers
        .iter()
        .filter(|b| b.state != BrokerState::Missing);
    let racks: BTreeMap<i32, Option<&str>> = registered
        .map(|b| (b.id, b.rack.as_deref().filter(|r| !r.is_empty())))
        .collect();
    let distinct: BTreeSet<&str> = racks.values().flatten().copied().collect();
    if distinct.is_empty() {
        return;
    }
    let without: Vec<i32> = racks
        .iter()
        .filter(|(_, rack)| rack.is_none())
        .map(|(id, _)| *id)
        .collect();
    if !without.is_empty() {
        let mut found = Finding::new(
            Rule::BrokersWithoutRack,
            Severity::Warning,
            count(&without, "broker", "brokers"),
        );
        found.evidence = vec![format!(
            "broker {} without broker.rack, {} brokers with one ({})",
            ids(&without),
            racks.len() - without.len(),
            distinct.iter().copied().collect::<Vec<_>>().join(", ")
        )];
        found.meaning = "replicas are spread over racks only as far as racks are known: two replicas may share one without anybody seeing it".into();
        found.remedy = "set broker.rack on all brokers and restart them one by one".into();
        found.next_tool = Some("kafka_cluster_describe".into());
        found.brokers = without;
        findings.push(found);
    }
    if distinct.len() < 2 {
        return;
    }
    let mut by_rack: BTreeMap<&str, usize> = BTreeMap::new();
    let mut partitions = Vec::new();
    for topic in snapshot.topics.iter().flatten() {
        for partition in &topic.partitions {
            let mut held: Vec<Option<&str>> = partition
                .replicas
                .iter()
                .map(|id| racks.get(id).copied().flatten())
                .collect();
            let replicas = held.len();
            held.dedup();
            if let ([Some(rack)], true) = (held.as_slice(), replicas > 1) {
                *by_rack.entry(rack).or_default() += 1;
                partitions.push(TopicPartition::new(
                    topic.name.as_str(),
                    partition.partition,
                ));
            }
        }
    }
    if partitions.is_empty() {
        return;
    }
    partitions.sort();
    let mut found = Finding::new(
        Rule::ReplicasInOneRack,
        Severity::Warning,
        count(&partitions, "partition", "partitions"),
    );
    found.evidence = lines(
        by_rack
            .iter()
            .map(|(rack, n)| format!("{n} partitions have all their replicas in rack {rack}"))
            .collect(),
    );
    found
        .evidence
        .push(format!("there are {} racks", distinct.len()));
    found.meaning =
        "the loss of that rack takes all copies offline, whatever the replication factor".into();
    found.remedy = "reassign them over the racks; new topics are spread by themselves unless replicas are assigned by hand".into();
    found.next_tool = Some("kafka_topic_describe".into());
    found.partitions = partitions;
    findings.push(found);
}

fn skew(snapshot: &Snapshot, thresholds: &Thresholds, findings: &mut Vec<Finding>) {
    let Some(topics) = &snapshot.topics else {
        return;
    };
    let brokers = snapshot.cluster.brokers.iter().map(|b| b.id);
    let zero: BTreeMap<i32, i64> = brokers
        .filter(|id| online(&snapshot.cluster, *id))
        .map(|id| (id, 0))
        .collect();
    let (mut replicas, mut leaders) = (zero.clone(), zero);
    for partition in topics.iter().flat_map(|t| &t.partitions) {
        for id in &partition.replicas {
            if let Some(n) = replicas.get_mut(id) {
                *n += 1;
            }
        }
        if let Some(n) = partition.leader.and_then(|id| leaders.get_mut(&id)) {
            *n += 1;
        }
    }
    if let Some(mut found) = uneven(Rule::ReplicaSkew, "replicas", &replicas, thresholds) {
        found.meaning = "disk, network and failures weigh on few brokers; a broker that was added gets no replicas by itself".into();
        found.remedy =
            "reassign partitions from the fullest brokers to the emptiest, throttled".into();
        found.next_tool = Some("kafka_broker_logdirs".into());
        findings.push(found);
    }
    if let Some(mut found) = uneven(Rule::LeaderSkew, "leaders", &leaders, thresholds) {
        found.meaning =
            "all writes and most reads go to leaders: these brokers do more than their share"
                .into();
        found.remedy = "elect preferred leaders where others lead; where the preferred ones are themselves uneven, reassign".into();
        found.next_tool = Some("kafka_topic_describe".into());
        findings.push(found);
    }
}

/// Brokers that are far from the average.
fn uneven(
    rule: Rule,
    what: &str,
    by_broker: &BTreeMap<i32, i64>,
    thresholds: &Thresholds,
) -> Option<Finding> {
    let sum: i64 = by_broker.values().sum();
    let average = sum as f64 / by_broker.len().max(1) as f64;
    let far: Vec<(i32, i64)> = by_broker
        .iter()
        .map(|(id, n)| (*id, *n))
        .filter(|(_, n)| {
            let distance = (*n as f64 - average).abs();
            distance > average * thresholds.skew_ratio && distance >= thresholds.skew_least as f64
        })
        .collect();
    if far.is_empty() {
        return None;
    }
    let twice = far.iter().any(|(_, n)| *n as f64 >= 2.0 * average);
    let severity = if twice {
        Severity::Warning
    } else {
        Severity::Info
    };
    let brokers: Vec<i32> = far.iter().map(|(id, _)| *id).collect();
    let mut found = Finding::new(rule, severity, count(&brokers, "broker", "brokers"));
    let words = |(id, n): &(i32, i64)| {
        format!(
            "broker {id} has {n} {what}, {:+.0} % against an average of {average:.0}",
            (*n as f64 / average - 1.0) * 100.0
        )
    };
    found.evidence = lines(far.iter().map(words).collect());
    found.brokers = brokers;
    Some(found)
}
