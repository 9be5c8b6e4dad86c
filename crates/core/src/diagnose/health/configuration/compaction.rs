//! Settings under which compaction does not happen, or loses deletes on its readers.

use super::super::Thresholds;
use super::super::finding::{Finding, Severity, count};
use super::super::rule::Rule;
use super::super::settings::Settings;
use super::super::snapshot::Snapshot;
use super::super::words::{ids, lines, span};

pub(super) fn judge(snapshot: &Snapshot, thresholds: &Thresholds, findings: &mut Vec<Finding>) {
    let mut evidence = Vec::new();
    let mut topics = Vec::new();
    let compacted = snapshot.topic_settings.iter().flatten();
    for (topic, settings) in compacted.filter(|(_, s)| s.cleans_by("compact")) {
        let faults = faults(settings, thresholds);
        if !faults.is_empty() {
            topics.push(topic.clone());
            evidence.push(format!("{topic}: {}", faults.join(", ")));
        }
    }
    let brokers = snapshot.broker_settings.iter().flatten();
    let off: Vec<i32> = brokers
        .filter(|(_, s)| s.text("log.cleaner.enable") == Some("false"))
        .map(|(id, _)| *id)
        .collect();
    if !off.is_empty() {
        let words = format!("broker {}: log.cleaner.enable is false", ids(&off));
        evidence.insert(0, words);
    }
    if evidence.is_empty() {
        return;
    }
    let mut found = if topics.is_empty() {
        let subject = count(&off, "broker", "brokers");
        Finding::new(Rule::CompactionDefeated, Severity::Warning, subject)
    } else {
        super::finding(Rule::CompactionDefeated, Severity::Warning, topics)
    };
    found.evidence = lines(evidence);
    found.meaning = "old values of keys stay and the log grows without end, or deletes are gone before a slow reader saw them and it keeps the deleted keys".into();
    found.remedy = "min.cleanable.dirty.ratio 0.5, segment.ms 7 days, delete.retention.ms 1 day are Kafka's defaults; max.compaction.lag.ms puts a bound on the age of old values".into();
    found.next_tool = Some("kafka_config_describe".into());
    found.brokers = off;
    findings.push(found);
}

fn faults(settings: &Settings, thresholds: &Thresholds) -> Vec<String> {
    let mut faults = Vec::new();
    let of = |key: &str| settings.number(key);
    // A bound on the lag closes segments and cleans them whatever the others say.
    let bound = of("max.compaction.lag.ms").filter(|ms| (1..i64::MAX).contains(ms));
    if bound.is_none()
        && let Some(ratio) = settings.ratio("min.cleanable.dirty.ratio")
        && ratio >= thresholds.dirty_ratio
    {
        faults.push(format!(
            "min.cleanable.dirty.ratio {ratio}: it is compacted only when nearly all of it is dirty"
        ));
    }
    let segment_ms = of("segment.ms").map(|ms| ms.min(bound.unwrap_or(i64::MAX)));
    if let Some(ms) = segment_ms.filter(|ms| *ms > thresholds.compacted_segment_ms) {
        faults.push(format!(
            "segment.ms {}: the segment in use is not compacted",
            span(ms)
        ));
    }
    if let Some(ms) = of("min.compaction.lag.ms").filter(|ms| *ms > thresholds.compaction_lag_ms) {
        faults.push(format!(
            "min.compaction.lag.ms {}: nothing younger is compacted",
            span(ms)
        ));
    }
    if let Some(ms) = of("delete.retention.ms").filter(|ms| *ms < thresholds.delete_retention_ms) {
        faults.push(format!(
            "delete.retention.ms {ms}: tombstones go with the next cleaning"
        ));
    }
    faults
}
