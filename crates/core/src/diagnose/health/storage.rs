//! Log dirs: failed ones, volumes that are nearly full or filling up, or much fuller than others.

use super::finding::{Finding, Severity, count};
use super::rule::Rule;
use super::since::volume_rates;
use super::words::{lines, size, span};
use super::{Snapshot, Thresholds};
use crate::model::LogDir;
use std::collections::BTreeMap;

/// Shows dirs and what is in them.
const NEXT: &str = "kafka_broker_logdirs";

pub(super) fn judge(snapshot: &Snapshot, thresholds: &Thresholds, findings: &mut Vec<Finding>) {
    let dirs = snapshot.log_dirs.as_deref().unwrap_or_default();
    let failed: Vec<&LogDir> = dirs.iter().filter(|d| d.error.is_some()).collect();
    if !failed.is_empty() {
        findings.push(Finding {
            evidence: failed
                .iter()
                .map(|d| format!("{}: {}", place(d), d.error.as_deref().unwrap_or_default()))
                .collect(),
            meaning: "the replicas in it are offline; those that led have handed over, where another replica was in sync".into(),
            remedy: "mend or replace the disk and restart the broker; replicas are copied again from their leaders".into(),
            ..finding(Rule::FailedLogDir, Severity::Critical, &failed)
        });
    }
    for (severity, floor, ceiling) in [
        (
            Severity::Critical,
            thresholds.disk_critical_ratio,
            f64::INFINITY,
        ),
        (
            Severity::Warning,
            thresholds.disk_warning_ratio,
            thresholds.disk_critical_ratio,
        ),
    ] {
        let full: Vec<&LogDir> = dirs
            .iter()
            .filter(|d| used_ratio(d).is_some_and(|used| used >= floor && used < ceiling))
            .collect();
        if full.is_empty() {
            continue;
        }
        findings.push(Finding {
            evidence: full.iter().filter_map(|d| usage(d)).collect(),
            meaning: "a broker whose volume fills up takes its log dir offline, and with a single dir it stops".into(),
            remedy: "shorten retention of the largest topics, move replicas to emptier brokers, or grow the volume; deleting files by hand breaks logs".into(),
            ..finding(Rule::DiskNearlyFull, severity, &full)
        });
    }
    filling(snapshot, thresholds, findings);
    skew(dirs, thresholds, findings);
}

/// Volumes that will be full soon at the rate since the earlier snapshot.
fn filling(snapshot: &Snapshot, thresholds: &Thresholds, findings: &mut Vec<Finding>) {
    let Some(before) = snapshot.before() else {
        return;
    };
    let rates = volume_rates(snapshot, &before);
    let dirs = snapshot.log_dirs.as_deref().unwrap_or_default();
    let mut by_severity = [
        (Severity::Critical, Vec::new(), Vec::new()),
        (Severity::Warning, Vec::new(), Vec::new()),
    ];
    for rate in rates {
        let grown = rate.grown_bytes;
        let Some(hours) = rate
            .hours_to_full
            .filter(|_| grown >= thresholds.growth_bytes)
        else {
            continue;
        };
        let dir = dirs
            .iter()
            .find(|d| d.broker == rate.broker && d.path == rate.path);
        let Some(dir) = dir.filter(|_| hours < thresholds.full_warning_hours) else {
            continue;
        };
        let soon =
            hours < thresholds.full_critical_hours && before.elapsed_ms >= thresholds.rate_ms;
        let [critical, warning] = &mut by_severity;
        let (_, full, words) = if soon { critical } else { warning };
        full.push(dir);
        words.push(format!(
            "{}: {} more in {} ({}/s), {} left: full in {}",
            place(dir),
            size(grown),
            span(before.elapsed_ms),
            size(rate.bytes_per_s),
            size(dir.usable_bytes.unwrap_or_default()),
            span(hours.saturating_mul(3_600_000))
        ));
    }
    for (severity, full, words) in by_severity {
        if !full.is_empty() {
            findings.push(Finding {
                evidence: lines(words),
                meaning: "at this rate the volume fills up before anybody need look again, and a full volume takes its log dir offline".into(),
                remedy: "find the topic that grows; shorten its retention, throttle its producer, or move replicas away now, while there is room".into(),
                ..finding(Rule::DiskFillingUp, severity, &full)
            });
        }
    }
}

/// Volumes that are much fuller than others: across brokers, and within a broker.
fn skew(dirs: &[LogDir], thresholds: &Thresholds, findings: &mut Vec<Finding>) {
    let mut by_broker: BTreeMap<i32, Vec<&LogDir>> = BTreeMap::new();
    for dir in dirs.iter().filter(|d| used_ratio(d).is_some()) {
        by_broker.entry(dir.broker).or_default().push(dir);
    }
    let brokers: Vec<(f64, i32)> = by_broker
        .iter()
        .map(|(id, dirs)| {
            // Brokers say what they like: in floating point no sum overflows.
            let total: f64 = dirs
                .iter()
                .filter_map(|d| d.total_bytes)
                .map(|n| n as f64)
                .sum();
            let used: f64 = dirs
                .iter()
                .filter_map(|d| used_bytes(d))
                .map(|n| n as f64)
                .sum();
            (used / total.max(1.0), *id)
        })
        .collect();
    if let Some(((low, least), (high, most))) = apart(&brokers, thresholds) {
        let subject = count(&[most], "broker", "brokers");
        let mut found = Finding::new(Rule::DiskSkewAcrossBrokers, Severity::Info, subject);
        found.evidence = vec![format!(
            "broker {most} has used {:.1} % of its volumes, broker {least} {:.1} %",
            high * 100.0,
            low * 100.0
        )];
        found.meaning =
            "the fullest broker sets the limit of the cluster while others have room".into();
        found.remedy = "reassign large partitions from it to the emptiest, throttled".into();
        found.next_tool = Some(NEXT.into());
        found.brokers = vec![most];
        findings.push(found);
    }
    let (mut uneven, mut words) = (Vec::new(), Vec::new());
    for (id, dirs) in &by_broker {
        let paths: Vec<(f64, &LogDir)> = dirs
            .iter()
            .filter_map(|d| Some((used_ratio(d)?, *d)))
            .collect();
        if let Some(((low, least), (high, most))) = apart(&paths, thresholds) {
            uneven.push(most);
            words.push(format!(
                "broker {id}: {} is used by {:.1} %, {} by {:.1} %",
                most.path,
                high * 100.0,
                least.path,
                low * 100.0
            ));
        }
    }
    if !uneven.is_empty() {
        findings.push(Finding {
            evidence: lines(words),
            meaning: "Kafka spreads new partitions over log dirs by number, not by size: one dir fills up while another has room".into(),
            remedy: "move replicas between the dirs of the broker (kafka-reassign-partitions.sh with log_dirs)".into(),
            ..finding(Rule::DiskSkewAcrossDirs, Severity::Info, &uneven)
        });
    }
}

/// The least and the most used, where they are far apart.
fn apart<T: Copy>(shares: &[(f64, T)], thresholds: &Thresholds) -> Option<((f64, T), (f64, T))> {
    let low = shares.iter().min_by(|a, b| a.0.total_cmp(&b.0))?;
    let high = shares.iter().max_by(|a, b| a.0.total_cmp(&b.0))?;
    let far = high.0 - low.0 >= thresholds.disk_skew_ratio;
    (far && high.0 >= thresholds.disk_skew_floor_ratio).then_some((*low, *high))
}

/// Used bytes of the volume; `None` where the broker does not say (before KIP-827) or says nonsense.
pub(super) fn used_bytes(dir: &LogDir) -> Option<i64> {
    let total = dir.total_bytes.filter(|n| *n > 0)?;
    let usable = dir.usable_bytes.filter(|n| (0..=total).contains(n))?;
    Some(total - usable)
}

/// Used share of the volume; `None` where the broker does not say (before KIP-827) or says nonsense.
fn used_ratio(dir: &LogDir) -> Option<f64> {
    Some(used_bytes(dir)? as f64 / dir.total_bytes? as f64)
}

fn usage(dir: &LogDir) -> Option<String> {
    const GIB: f64 = 1_073_741_824.0;
    Some(format!(
        "{}: {:.1} % used, {:.2} of {:.2} GiB free",
        place(dir),
        used_ratio(dir)? * 100.0,
        dir.usable_bytes? as f64 / GIB,
        dir.total_bytes? as f64 / GIB,
    ))
}

fn place(dir: &LogDir) -> String {
    format!("broker {} {}", dir.broker, dir.path)
}

fn finding(rule: Rule, severity: Severity, dirs: &[&LogDir]) -> Finding {
    let mut brokers: Vec<i32> = dirs.iter().map(|d| d.broker).collect();
    brokers.sort_unstable();
    brokers.dedup();
    let places: Vec<String> = dirs.iter().map(|d| place(d)).collect();
    let mut found = Finding::new(rule, severity, count(&places, "log dir of", "log dirs of"));
    found.brokers = brokers;
    found.next_tool = Some(NEXT.into());
    found
}
