//! How many partitions brokers and the cluster hold, and what they need of the operating system.

use super::super::Thresholds;
use super::super::finding::{Finding, Severity, count};
use super::super::rule::Rule;
use super::super::snapshot::Snapshot;
use super::super::words::lines;
use std::collections::BTreeMap;

/// Kafka's default `segment.bytes`.
const SEGMENT_BYTES: i64 = 1 << 30;
/// Memory maps of one segment: its offset and its time index (Kafka's documentation).
const MAPS_PER_SEGMENT: usize = 2;

pub(super) fn judge(snapshot: &Snapshot, thresholds: &Thresholds, findings: &mut Vec<Finding>) {
    let Some(topics) = &snapshot.topics else {
        return;
    };
    let mut replicas: BTreeMap<i32, usize> = BTreeMap::new();
    let mut partitions = 0;
    for partition in topics.iter().flat_map(|t| &t.partitions) {
        partitions += 1;
        for id in &partition.replicas {
            *replicas.entry(*id).or_default() += 1;
        }
    }
    let full: Vec<(i32, usize)> = replicas
        .iter()
        .map(|(id, n)| (*id, *n))
        .filter(|(_, n)| *n > thresholds.partitions_per_broker)
        .collect();
    if !full.is_empty() {
        let limit = thresholds.partitions_per_broker;
        let evidence = full
            .iter()
            .map(|(id, n)| format!("broker {id} holds {n} replicas; {limit} are advised at most"))
            .collect();
        findings.push(Finding {
            meaning: "more leaders to elect when it fails (milliseconds each), more to load when it starts, more files, maps and fetches".into(),
            remedy: "delete topics that nobody uses, give new ones fewer partitions, or add brokers and reassign".into(),
            ..brokers(Rule::TooManyPartitionsOnBroker, full.iter().map(|(id, _)| *id), evidence)
        });
    }
    if partitions > thresholds.partitions_per_cluster {
        let mut found = Finding::new(
            Rule::TooManyPartitionsInCluster,
            Severity::Warning,
            "cluster",
        );
        found.evidence = vec![format!(
            "{partitions} partitions in {} topics; {} are advised at most",
            topics.len(),
            thresholds.partitions_per_cluster
        )];
        found.meaning = "a KRaft controller carries more, but all that walks over partitions (fail-over, starts, metadata of clients) grows with them".into();
        found.remedy =
            "delete topics that nobody uses, give new ones fewer partitions, or split the cluster"
                .into();
        found.next_tool = Some("kafka_topic_list".into());
        findings.push(found);
    }
    maps(snapshot, &replicas, thresholds, findings);
}

/// Segments by broker are counted from sizes where a broker lists its replicas, else there is at
/// least one for each.
fn maps(
    snapshot: &Snapshot,
    replicas: &BTreeMap<i32, usize>,
    thresholds: &Thresholds,
    findings: &mut Vec<Finding>,
) {
    let mut sized: BTreeMap<i32, (usize, usize)> = BTreeMap::new();
    for dir in snapshot.log_dirs.iter().flatten() {
        let (listed, segments) = sized.entry(dir.broker).or_default();
        for replica in &dir.replicas {
            let settings = snapshot.topic_settings.as_ref();
            let segment_bytes = settings
                .and_then(|all| all.get(&replica.topic)?.number("segment.bytes"))
                .filter(|bytes| *bytes > 0)
                .unwrap_or(SEGMENT_BYTES);
            let size_bytes = replica.size_bytes.max(1);
            let count = (size_bytes - 1) / segment_bytes + 1;
            *listed += 1;
            *segments = segments.saturating_add(usize::try_from(count).unwrap_or(usize::MAX));
        }
    }
    let mut evidence = Vec::new();
    let mut ids = Vec::new();
    for (id, held) in replicas {
        let (listed, segments) = sized.get(id).copied().unwrap_or_default();
        // Of the replicas that are not listed each has a segment at least.
        let segments = segments.saturating_add(held.saturating_sub(listed));
        let maps = segments.saturating_mul(MAPS_PER_SEGMENT);
        if maps > thresholds.memory_maps {
            ids.push(*id);
            evidence.push(format!(
                "broker {id}: {held} replicas in at least {segments} segments need {maps} memory maps and {segments} open files; Linux allows 65530 maps by default"
            ));
        }
    }
    if !ids.is_empty() {
        findings.push(Finding {
            meaning: "a broker that may not map another index stops with \"Map failed\" (out of memory), often on its next start".into(),
            remedy: "raise vm.max_map_count and the limit of open files on these machines, use larger segments, or hold fewer replicas".into(),
            ..brokers(Rule::MemoryMapsNearLimit, ids.into_iter(), evidence)
        });
    }
}

fn brokers(rule: Rule, ids: impl Iterator<Item = i32>, evidence: Vec<String>) -> Finding {
    let ids: Vec<i32> = ids.collect();
    let mut found = Finding::new(rule, Severity::Warning, count(&ids, "broker", "brokers"));
    found.evidence = lines(evidence);
    found.brokers = ids;
    found.next_tool = Some("kafka_broker_logdirs".into());
    found
}
