//! Internal topics: Kafka's own state, which many depend on.

use super::finding::{Finding, Severity, count};
use super::rule::Rule;
use super::snapshot::Snapshot;
use super::words::lines;
use crate::model::{BrokerState, Topic, TopicPartition};

/// Internal topics, and what stops with them.
const INTERNAL: [(&str, &str); 4] = [
    (
        "__consumer_offsets",
        "groups cannot commit or be coordinated",
    ),
    ("__transaction_state", "transactions cannot begin or end"),
    ("__share_group_state", "share groups cannot acknowledge"),
    (
        "__remote_log_metadata",
        "tiered segments cannot be found or copied",
    ),
];

/// How many replicas internal topics should have (Kafka's defaults of
/// `offsets.topic.replication.factor` and its kin).
const REPLICAS: usize = 3;

pub(super) fn judge(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let topics: Vec<(&Topic, &str)> = snapshot
        .topics
        .iter()
        .flatten()
        .filter_map(|topic| {
            let (_, stops) = INTERNAL.iter().find(|(name, _)| *name == topic.name)?;
            Some((topic, *stops))
        })
        .collect();
    under_replicated(snapshot, &topics, findings);
    few_replicas(snapshot, &topics, findings);
}

fn under_replicated(snapshot: &Snapshot, topics: &[(&Topic, &str)], findings: &mut Vec<Finding>) {
    let mut severity = Severity::Warning;
    let (mut evidence, mut stops, mut partitions) = (Vec::new(), Vec::new(), Vec::new());
    for (topic, what) in topics {
        let min_isr = snapshot
            .min_isr(&topic.name)
            .and_then(|n| usize::try_from(n).ok());
        let (mut short, mut dead) = (0, 0);
        for partition in &topic.partitions {
            let replicas = partition.replicas.len();
            let isr = partition.isr.len();
            if isr >= replicas && partition.leader.is_some() {
                continue;
            }
            short += 1;
            let refuses = min_isr.is_some_and(|min| isr < min.min(replicas));
            dead += usize::from(partition.leader.is_none() || refuses);
            partitions.push(TopicPartition::new(
                topic.name.as_str(),
                partition.partition,
            ));
        }
        if short == 0 {
            continue;
        }
        let all = topic.partitions.len();
        let mut words = format!("{}: {short} of {all} partitions lack a replica", topic.name);
        if dead > 0 {
            severity = Severity::Critical;
            words.push_str(&format!(", {dead} of them take no writes"));
        }
        evidence.push(words);
        stops.push(*what);
    }
    if evidence.is_empty() {
        return;
    }
    partitions.sort();
    let mut found = Finding::new(
        Rule::InternalTopicUnderReplicated,
        severity,
        count(&partitions, "partition", "partitions"),
    );
    found.evidence = evidence;
    let stops = stops.join("; ");
    found.meaning = match severity {
        Severity::Critical => format!("for what these partitions hold, {stops}"),
        _ => format!("Kafka's own state has fewer copies than it should; without them {stops}"),
    };
    found.remedy = "bring the brokers that are out of sync back first of all; these topics come before the users' own".into();
    found.next_tool = Some("kafka_topic_describe".into());
    found.partitions = partitions;
    findings.push(found);
}

fn few_replicas(snapshot: &Snapshot, topics: &[(&Topic, &str)], findings: &mut Vec<Finding>) {
    let registered = snapshot
        .cluster
        .brokers
        .iter()
        .filter(|b| b.state != BrokerState::Missing);
    let brokers = registered.count();
    if brokers < REPLICAS {
        return;
    }
    let mut names = Vec::new();
    let mut evidence = Vec::new();
    for (topic, stops) in topics {
        let Some(replicas) = topic.partitions.iter().map(|p| p.replicas.len()).min() else {
            continue;
        };
        if replicas < REPLICAS {
            names.push(topic.name.clone());
            evidence.push(format!(
                "{}: replication factor {replicas} on {brokers} brokers; without it {stops}",
                topic.name
            ));
        }
    }
    if names.is_empty() {
        return;
    }
    let mut found = Finding::new(
        Rule::InternalTopicFewReplicas,
        Severity::Warning,
        count(&names, "topic", "topics"),
    );
    found.evidence = lines(evidence);
    found.meaning = "they were made while fewer brokers were there, or by settings for one broker (offsets.topic.replication.factor and its kin apply only when the topic is made)".into();
    found.remedy = "reassign their partitions to three brokers, and set the replication factors for the next cluster".into();
    found.next_tool = Some("kafka_topic_describe".into());
    found.topics = names;
    findings.push(found);
}
