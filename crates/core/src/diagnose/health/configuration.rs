//! Risks in how things are set up: replication, min ISR, leadership away from where it belongs.

mod compaction;
mod retention;
mod sizes;
mod unclean;

use super::blame::online;
use super::finding::{Finding, Severity, count};
use super::rule::Rule;
use super::{Snapshot, Thresholds};
use crate::model::{BrokerState, Topic, TopicPartition};
use std::collections::BTreeMap;

pub(super) fn judge(snapshot: &Snapshot, thresholds: &Thresholds, findings: &mut Vec<Finding>) {
    let topics = snapshot.topics.as_deref().unwrap_or_default();
    replication_factor_one(snapshot, topics, findings);
    min_isr(snapshot, topics, findings);
    imbalance(snapshot, topics, thresholds, findings);
    unclean::judge(snapshot, findings);
    sizes::judge(snapshot, findings);
    retention::judge(snapshot, thresholds, findings);
    compaction::judge(snapshot, thresholds, findings);
}

fn replication_factor(topic: &Topic) -> Option<usize> {
    topic.partitions.iter().map(|p| p.replicas.len()).min()
}

fn replication_factor_one(snapshot: &Snapshot, topics: &[Topic], findings: &mut Vec<Finding>) {
    let single: Vec<&Topic> = topics
        .iter()
        .filter(|t| replication_factor(t) == Some(1))
        .collect();
    if single.is_empty() {
        return;
    }
    let brokers = snapshot
        .cluster
        .brokers
        .iter()
        .filter(|b| b.state != BrokerState::Missing)
        .count();
    let internal = single.iter().filter(|t| t.internal).count();
    let mut found = finding(
        Rule::ReplicationFactorOne,
        Severity::Warning,
        names(&single),
    );
    found.evidence = vec![format!(
        "{} of {} topics have one replica ({internal} internal); {brokers} brokers are registered",
        single.len(),
        topics.len()
    )];
    found.meaning =
        "when the broker that holds it is down its partitions are offline, and a lost disk is lost data".into();
    found.remedy =
        "raise the replication factor to 3 by reassigning partitions to more brokers".into();
    if brokers < 2 {
        found.severity = Severity::Info;
        found.remedy = "a single broker can hold one replica only; add brokers first".into();
    }
    findings.push(found);
}

fn min_isr(snapshot: &Snapshot, topics: &[Topic], findings: &mut Vec<Finding>) {
    // With one replica and a min ISR of one nothing is wrong that the rule above does not say.
    let tight: Vec<&Topic> = topics
        .iter()
        .filter(|topic| {
            let factor = replication_factor(topic).and_then(|n| i32::try_from(n).ok());
            let min_isr = snapshot.min_isr(&topic.name);
            matches!((factor, min_isr), (Some(factor), Some(min_isr))
                if min_isr >= factor && min_isr > 1)
        })
        .collect();
    if tight.is_empty() {
        return;
    }
    let mut found = finding(
        Rule::MinIsrNotBelowReplication,
        Severity::Warning,
        names(&tight),
    );
    found.evidence = tight
        .iter()
        .take(5)
        .filter_map(|topic| {
            Some(format!(
                "{}: min.insync.replicas {}, replication factor {}",
                topic.name,
                snapshot.min_isr(&topic.name)?,
                replication_factor(topic)?
            ))
        })
        .collect();
    found.meaning = "no replica can be spared: any one broker down stops writes with acks=all, a rolling restart too; where it is above the replication factor, older brokers refuse such writes always".into();
    found.remedy =
        "set min.insync.replicas one below the replication factor, or add a replica".into();
    found.next_tool = Some("kafka_config_describe".into());
    findings.push(found);
}

/// Preferred leaderships of one broker: all, and those that an election would bring back.
#[derive(Default)]
struct Preferred {
    all: usize,
    away: Vec<TopicPartition>,
}

fn imbalance(
    snapshot: &Snapshot,
    topics: &[Topic],
    thresholds: &Thresholds,
    findings: &mut Vec<Finding>,
) {
    let mut by_broker: BTreeMap<i32, Preferred> = BTreeMap::new();
    for topic in topics {
        for partition in &topic.partitions {
            let Some(preferred) = partition.replicas.first().copied() else {
                continue;
            };
            // A broker that is out leads nothing, and that is another finding.
            if !online(&snapshot.cluster, preferred) {
                continue;
            }
            let entry = by_broker.entry(preferred).or_default();
            entry.all += 1;
            let elsewhere = partition.leader.is_some_and(|leader| leader != preferred);
            if elsewhere && partition.isr.contains(&preferred) {
                entry.away.push(TopicPartition::new(
                    topic.name.as_str(),
                    partition.partition,
                ));
            }
        }
    }
    by_broker.retain(|_, p| {
        !p.away.is_empty() && p.away.len() as f64 > thresholds.leader_imbalance_ratio * p.all as f64
    });
    if by_broker.is_empty() {
        return;
    }
    let brokers: Vec<i32> = by_broker.keys().copied().collect();
    let mut partitions: Vec<TopicPartition> = by_broker
        .values()
        .flat_map(|p| p.away.iter().cloned())
        .collect();
    partitions.sort();
    findings.push(Finding {
        rule: Rule::PreferredLeaderImbalance,
        severity: Severity::Info,
        subject: count(&brokers, "broker", "brokers"),
        evidence: by_broker
            .iter()
            .map(|(id, p)| {
                format!(
                    "broker {id} does not lead {} of the {} partitions that it is preferred for, though in sync",
                    p.away.len(),
                    p.all
                )
            })
            .collect(),
        meaning: "other brokers carry its share of reads and writes, as after a restart".into(),
        remedy: "wait for auto.leader.rebalance (every 5 minutes by default), or elect preferred leaders".into(),
        next_tool: Some("kafka_topic_describe".into()),
        brokers,
        partitions,
        topics: vec![],
        groups: vec![],
    });
}

fn finding(rule: Rule, severity: Severity, mut names: Vec<String>) -> Finding {
    names.sort();
    let mut found = Finding::new(rule, severity, count(&names, "topic", "topics"));
    found.topics = names;
    found.next_tool = Some("kafka_topic_describe".into());
    found
}

fn names(topics: &[&Topic]) -> Vec<String> {
    topics.iter().map(|t| t.name.clone()).collect()
}
