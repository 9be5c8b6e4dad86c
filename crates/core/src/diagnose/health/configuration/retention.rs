//! Retention that keeps nothing, and segments that outlive retention.
//!
//! Retention deletes whole segments. The segment in use is closed by size or age alone, so what is
//! in it stays for as long as it is in use, however old.

use super::super::Thresholds;
use super::super::finding::{Finding, Severity};
use super::super::rule::Rule;
use super::super::settings::Settings;
use super::super::snapshot::Snapshot;
use super::super::words::{lines, size, span};
use std::collections::BTreeSet;

pub(super) fn judge(snapshot: &Snapshot, thresholds: &Thresholds, findings: &mut Vec<Finding>) {
    let Some(topics) = &snapshot.topic_settings else {
        return;
    };
    let deleting = || topics.iter().filter(|(_, s)| s.cleans_by("delete"));
    let check_ms = check_interval_ms(snapshot).unwrap_or(thresholds.retention_ms);
    let (mut none, mut evidence) = (Vec::new(), Vec::new());
    for (topic, settings) in deleting() {
        if let Some(words) = near_zero(settings, check_ms, thresholds) {
            none.push(topic.clone());
            evidence.push(format!("{topic}: {words}"));
        }
    }
    let near_zero: BTreeSet<String> = none.iter().cloned().collect();
    if !none.is_empty() {
        let mut found = super::finding(Rule::RetentionNearZero, Severity::Warning, none);
        found.evidence = lines(evidence);
        found.meaning = "records are deleted at the next check of retention, read or not: consumers that stop for minutes lose them".into();
        found.remedy = "set retention.ms and retention.bytes (per partition) above the longest outage of a consumer; set to 0 to empty the topic, they were perhaps not set back".into();
        found.next_tool = Some("kafka_config_describe".into());
        findings.push(found);
    }
    for severity in [Severity::Warning, Severity::Info] {
        let (mut names, mut evidence) = (Vec::new(), Vec::new());
        for (topic, settings) in deleting().filter(|(topic, _)| !near_zero.contains(*topic)) {
            let Some((own, words)) = outlives(settings) else {
                continue;
            };
            if own == (severity == Severity::Warning) {
                names.push(topic.clone());
                evidence.push(format!("{topic}: {words}"));
            }
        }
        if !names.is_empty() {
            let mut found = super::finding(Rule::SegmentOutlivesRetention, severity, names);
            found.evidence = lines(evidence);
            found.meaning = "records stay for as long as their segment is in use: older than retention.ms, or more than retention.bytes, until it is full or old enough to be closed".into();
            found.remedy = "set segment.ms and segment.bytes to a part of retention (a tenth is usual) where it is meant strictly".into();
            found.next_tool = Some("kafka_config_describe".into());
            findings.push(found);
        }
    }
}

/// How often retention is looked after: the least often of all brokers.
fn check_interval_ms(snapshot: &Snapshot) -> Option<i64> {
    let brokers = snapshot.broker_settings.as_ref()?.values();
    brokers
        .filter_map(|s| s.number("log.retention.check.interval.ms"))
        .max()
}

fn near_zero(settings: &Settings, check_ms: i64, thresholds: &Thresholds) -> Option<String> {
    if let Some(ms) = settings.number("retention.ms")
        && (0..check_ms).contains(&ms)
    {
        return Some(format!(
            "retention.ms {ms} is less than the {} between checks of retention",
            span(check_ms)
        ));
    }
    let bytes = settings.number("retention.bytes")?;
    (0..thresholds.retention_bytes).contains(&bytes).then(|| {
        format!(
            "retention.bytes {bytes} is less than the smallest segment ({})",
            size(thresholds.retention_bytes)
        )
    })
}

/// Whether and how segments outlive retention, and whether the topic's own setting makes them.
fn outlives(settings: &Settings) -> Option<(bool, String)> {
    // Of tiered topics retention deletes remote segments, which are closed ones.
    if settings.is_on("remote.storage.enable") {
        return None;
    }
    let of = |key: &str| settings.number(key);
    if let Some((retention, segment)) = of("retention.ms").zip(of("segment.ms"))
        && retention >= 0
        && segment > retention
    {
        return Some((
            settings.is_own("segment.ms"),
            format!(
                "retention.ms is {}, segment.ms {}",
                span(retention),
                span(segment)
            ),
        ));
    }
    let (retention, segment) = of("retention.bytes").zip(of("segment.bytes"))?;
    (retention >= 0 && segment > retention).then(|| {
        (
            settings.is_own("segment.bytes"),
            format!(
                "retention.bytes is {}, segment.bytes {}",
                size(retention),
                size(segment)
            ),
        )
    })
}
