//! Brokers: fenced, missing, and online ones that do not answer.

use super::finding::{Finding, Severity, count};
use super::rule::Rule;
use super::{Snapshot, blame};
use crate::model::{BrokerState, Cluster, Missing, Topic, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};

/// Brokers that some partition names as a replica and that are not registered, ascending.
pub fn missing_brokers(topics: &[Topic], cluster: &Cluster) -> Vec<i32> {
    let registered: BTreeSet<i32> = cluster
        .brokers
        .iter()
        .filter(|b| b.state != BrokerState::Missing)
        .map(|b| b.id)
        .collect();
    let named: BTreeSet<i32> = topics
        .iter()
        .flat_map(|t| &t.partitions)
        .flat_map(|p| &p.replicas)
        .copied()
        .collect();
    named.difference(&registered).copied().collect()
}

pub(super) fn judge(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let topics = snapshot.topics.as_deref().unwrap_or_default();
    let missing = missing_brokers(topics, &snapshot.cluster);
    if !missing.is_empty() {
        let mut found = broker_finding(Rule::MissingBrokers, topics, &missing);
        found.meaning =
            "they hold replicas and the cluster does not list them: down, cut off from the controllers, or removed while they still had replicas".into();
        found.remedy = "start them again with the same node.id and data; if they are gone for good, reassign their replicas to other brokers".into();
        findings.push(found);
    }
    let fenced: Vec<i32> = snapshot
        .cluster
        .brokers
        .iter()
        .filter(|b| b.state == BrokerState::Fenced)
        .map(|b| b.id)
        .collect();
    if !fenced.is_empty() {
        let mut found = broker_finding(Rule::FencedBrokers, topics, &fenced);
        found.evidence.extend(
            snapshot
                .cluster
                .brokers
                .iter()
                .filter(|b| b.state == BrokerState::Fenced)
                .filter_map(|b| {
                    let rack = b.rack.as_ref().map(|r| format!(", rack {r}"));
                    Some(format!(
                        "broker {} is {}:{}{}",
                        b.id,
                        b.host.as_ref()?,
                        b.port?,
                        rack.unwrap_or_default()
                    ))
                }),
        );
        found.meaning = "the controller has no heartbeat from them (dead, frozen or cut off), or they are starting or shutting down; they lead nothing and serve nobody".into();
        found.remedy = "look at the process, its log and its way to the controllers; a broker that starts leaves this state once it has caught up with the metadata".into();
        findings.push(found);
    }
    silent(snapshot, topics, findings);
    unregistered(snapshot, findings);
}

/// Nodes that fetch the metadata log without a vote and without being registered.
fn unregistered(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let cluster = &snapshot.cluster;
    // Where fenced brokers cannot be listed, one of them looks like one that is not registered.
    let hidden = snapshot.missing.iter().any(|m| m.what.contains("fenced"));
    let Some(quorum) = cluster.quorum.as_ref().filter(|_| !hidden) else {
        return;
    };
    let known: BTreeSet<i32> = cluster
        .brokers
        .iter()
        .map(|b| b.id)
        .chain(quorum.voters.iter().map(|v| v.id))
        .collect();
    let mut ids: Vec<i32> = quorum
        .observers
        .iter()
        .map(|o| o.id)
        .filter(|id| *id >= 0 && !known.contains(id))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return;
    }
    let mut found = Finding::new(
        Rule::UnregisteredBrokers,
        Severity::Warning,
        count(&ids, "node", "nodes"),
    );
    found.evidence = ids
        .iter()
        .map(|id| {
            format!("node {id} fetches the metadata log, does not vote and is not registered")
        })
        .collect();
    found.meaning = "a broker that is up but refused (its id, cluster id, log dirs or supported features), one that was unregistered while it ran, or a controller that was not added to the voters".into();
    found.remedy = "read its log for the refused registration; add a controller with kafka-metadata-quorum.sh add-controller, or stop the node".into();
    found.next_tool = Some("kafka_quorum_describe".into());
    found.brokers = ids;
    findings.push(found);
}

fn silent(snapshot: &Snapshot, topics: &[Topic], findings: &mut Vec<Finding>) {
    let mut reasons: BTreeMap<i32, &str> = BTreeMap::new();
    for gap in snapshot.missing.iter().filter(|gap| no_answer(gap)) {
        if let Some(id) = gap
            .broker
            .filter(|id| blame::online(&snapshot.cluster, *id))
        {
            reasons.entry(id).or_insert(gap.why.as_str());
        }
    }
    if reasons.is_empty() {
        return;
    }
    let ids: Vec<i32> = reasons.keys().copied().collect();
    let mut found = broker_finding(Rule::SilentBrokers, topics, &ids);
    let led = topics
        .iter()
        .flat_map(|t| &t.partitions)
        .filter(|p| p.leader.is_some_and(|leader| ids.contains(&leader)))
        .count();
    if led > 0 {
        found.evidence.push(format!(
            "{led} partitions are led there and cannot be read from here"
        ));
    }
    found.evidence.extend(
        reasons
            .iter()
            .map(|(id, why)| format!("broker {id}: {why}")),
    );
    found.meaning = "online for the controller, but not for us: frozen and not yet fenced, overloaded, or cut off from this machine".into();
    found.remedy = "ask again in a few seconds: a frozen broker is fenced by then; if it stays, look at the network between here and the broker and at its request queue".into();
    findings.push(found);
}

/// Whether a gap is a broker that could not be reached, not one that refused.
fn no_answer(gap: &Missing) -> bool {
    const SIGNS: [&str; 7] = [
        "no answer to",
        "no connection within",
        "connection closed",
        "onnection refused",
        "onnection reset",
        "cannot be resolved",
        "unreachable",
    ];
    SIGNS.iter().any(|sign| gap.why.contains(sign))
}

fn broker_finding(rule: Rule, topics: &[Topic], ids: &[i32]) -> Finding {
    let mut partitions = Vec::new();
    for topic in topics {
        for partition in &topic.partitions {
            if partition.replicas.iter().any(|id| ids.contains(id)) {
                partitions.push(TopicPartition::new(
                    topic.name.as_str(),
                    partition.partition,
                ));
            }
        }
    }
    partitions.sort();
    Finding {
        rule,
        severity: Severity::Warning,
        subject: count(ids, "broker", "brokers"),
        evidence: vec![format!(
            "{} partitions have a replica there",
            partitions.len()
        )],
        meaning: String::new(),
        remedy: String::new(),
        next_tool: Some("kafka_cluster_describe".into()),
        brokers: ids.to_vec(),
        partitions,
        topics: vec![],
        groups: vec![],
    }
}
