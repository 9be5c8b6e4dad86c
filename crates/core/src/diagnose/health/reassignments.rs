//! Reassignments: under way, stuck, and throttles that outlived theirs.

use super::Thresholds;
use super::blame::{online, state_word};
use super::digest::hash;
use super::finding::{Finding, Severity, count};
use super::rule::Rule;
use super::settings::Settings;
use super::snapshot::Snapshot;
use super::words::{ids, lines, size, span};
use crate::model::{Reassignment, TopicPartition};

/// Topic keys that list throttled replicas.
const THROTTLED: [&str; 2] = [
    "leader.replication.throttled.replicas",
    "follower.replication.throttled.replicas",
];
/// Broker keys that hold rates.
const RATES: [&str; 3] = [
    "leader.replication.throttled.rate",
    "follower.replication.throttled.rate",
    "replica.alter.log.dirs.io.max.bytes.per.second",
];

pub(super) fn judge(snapshot: &Snapshot, thresholds: &Thresholds, findings: &mut Vec<Finding>) {
    let Some(moving) = snapshot.reassignments.as_deref() else {
        return;
    };
    if moving.is_empty() {
        throttles(snapshot, findings);
        return;
    }
    let stuck: Vec<(&Reassignment, String)> = moving
        .iter()
        .filter_map(|r| Some((r, why_stuck(snapshot, thresholds, r)?)))
        .collect();
    if !stuck.is_empty() {
        let (which, words): (Vec<_>, Vec<_>) = stuck.into_iter().unzip();
        findings.push(Finding {
            evidence: lines(words),
            meaning: "the partitions stay with the old and the new replicas together, and their throttles with them".into(),
            remedy: "bring the broker back, or raise the throttle above the rate at which records come in; cancel the reassignment if it shall not go on".into(),
            ..finding(Rule::ReassignmentStuck, Severity::Warning, &which)
        });
    }
    let all: Vec<&Reassignment> = moving.iter().collect();
    let mut evidence = lines(moving.iter().map(|r| words(snapshot, r)).collect());
    evidence.extend(rates(snapshot, moving));
    findings.push(Finding {
        evidence,
        meaning: "replicas are being copied: expect under-replicated partitions, traffic and a fuller disk until it ends".into(),
        remedy: "wait for it; then verify it with kafka-reassign-partitions.sh --verify, which takes its throttles away".into(),
        ..finding(Rule::ReassignmentInProgress, Severity::Info, &all)
    });
}

/// The throttles in force on the brokers concerned.
fn rates(snapshot: &Snapshot, moving: &[Reassignment]) -> Vec<String> {
    let concerned = |id: &i32| {
        moving
            .iter()
            .any(|r| r.replicas.contains(id) || r.adding.contains(id))
    };
    let brokers = snapshot.broker_settings.iter().flatten();
    brokers
        .filter(|(id, _)| concerned(id))
        .filter_map(|(id, settings)| {
            let set = own(settings, &RATES);
            (!set.is_empty()).then(|| format!("broker {id}: {}", set.join(", ")))
        })
        .collect()
}

/// Keys that were set at run time to something, with their values.
fn own(settings: &Settings, keys: &[&str]) -> Vec<String> {
    keys.iter()
        .filter(|key| settings.is_own(key))
        .filter_map(|key| Some(format!("{key}={}", settings.text(key)?)))
        .filter(|words| !words.ends_with('='))
        .collect()
}

/// The name under which a digest keeps a partition.
pub(super) fn key(partition: &TopicPartition) -> u32 {
    hash(partition.to_string().as_bytes())
}

/// Bytes that the brokers which get a replica hold of it; `None` where log dirs do not tell.
pub(super) fn copied_bytes(snapshot: &Snapshot, moving: &Reassignment) -> Option<u64> {
    let dirs = snapshot.log_dirs.as_deref()?;
    let mut known = false;
    let mut sum: u64 = 0;
    for dir in dirs.iter().filter(|d| moving.adding.contains(&d.broker)) {
        for replica in &dir.replicas {
            if replica.topic == moving.partition.topic
                && replica.partition == moving.partition.partition
            {
                known = true;
                sum = sum.saturating_add(u64::try_from(replica.size_bytes).unwrap_or_default());
            }
        }
    }
    known.then_some(sum)
}

fn why_stuck(
    snapshot: &Snapshot,
    thresholds: &Thresholds,
    moving: &Reassignment,
) -> Option<String> {
    let partition = &moving.partition;
    let out = moving
        .adding
        .iter()
        .find(|id| !online(&snapshot.cluster, **id));
    if let Some(id) = out {
        return Some(format!(
            "{partition}: broker {id}, which is to get a replica, is {}",
            state_word(&snapshot.cluster, *id)
        ));
    }
    let before = snapshot.before()?;
    let then = before.digest.moving.get(&key(partition))?;
    let copied = copied_bytes(snapshot, moving)?;
    let unchanged_ms = before.add(then.unchanged_s);
    (then.sum == Some(copied) && unchanged_ms >= thresholds.reassignment_ms).then(|| {
        format!(
            "{partition}: broker {} has {} of it, as {} ago",
            ids(&moving.adding),
            size(i64::try_from(copied).unwrap_or(i64::MAX)),
            span(unchanged_ms)
        )
    })
}

fn words(snapshot: &Snapshot, moving: &Reassignment) -> String {
    let mut words = moving.partition.to_string();
    words.push(':');
    for (verb, brokers) in [("adding", &moving.adding), ("removing", &moving.removing)] {
        if !brokers.is_empty() {
            words.push_str(&format!(" {verb} {}", ids(brokers)));
        }
    }
    if let Some(copied) = copied_bytes(snapshot, moving) {
        let copied = size(i64::try_from(copied).unwrap_or(i64::MAX));
        words.push_str(&format!(", {copied} copied"));
    }
    words
}

fn finding(rule: Rule, severity: Severity, moving: &[&Reassignment]) -> Finding {
    let mut partitions: Vec<TopicPartition> = moving.iter().map(|r| r.partition.clone()).collect();
    partitions.sort();
    let mut found = Finding::new(
        rule,
        severity,
        count(&partitions, "partition", "partitions"),
    );
    found.partitions = partitions;
    found.next_tool = Some("kafka_reassignment_list".into());
    found
}

fn throttles(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let mut evidence = Vec::new();
    let mut topics = Vec::new();
    let mut brokers = Vec::new();
    for (broker, settings) in snapshot.broker_settings.iter().flatten() {
        let set = own(settings, &RATES);
        if !set.is_empty() {
            evidence.push(format!("broker {broker}: {}", set.join(", ")));
            brokers.push(*broker);
        }
    }
    for (topic, settings) in snapshot.topic_settings.iter().flatten() {
        let set = own(settings, &THROTTLED);
        if !set.is_empty() {
            evidence.push(format!("{topic}: {}", set.join(", ")));
            topics.push(topic.clone());
        }
    }
    if evidence.is_empty() {
        return;
    }
    let subject = match (brokers.as_slice(), topics.as_slice()) {
        (brokers, []) => count(brokers, "broker", "brokers"),
        (_, topics) => count(topics, "topic", "topics"),
    };
    let mut found = Finding::new(Rule::ThrottleLeftBehind, Severity::Warning, subject);
    found.evidence = lines(evidence);
    found.meaning = "nothing is being reassigned, but replication of these replicas is still held to the rate: a replica that falls behind, as after a restart, may never catch up".into();
    found.remedy = "remove these settings (kafka-reassign-partitions.sh --verify does, once its reassignment is done)".into();
    found.next_tool = Some("kafka_config_describe".into());
    found.brokers = brokers;
    found.topics = topics;
    findings.push(found);
}
