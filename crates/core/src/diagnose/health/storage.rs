//! Log dirs: failed ones, and volumes that are nearly full.

use super::finding::{Finding, Severity, count};
use super::rule::Rule;
use super::{Snapshot, Thresholds};
use crate::model::LogDir;

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
}

/// Used share of the volume; `None` where the broker does not say (before KIP-827) or says nonsense.
fn used_ratio(dir: &LogDir) -> Option<f64> {
    let total = dir.total_bytes.filter(|n| *n > 0)?;
    let usable = dir.usable_bytes.filter(|n| (0..=total).contains(n))?;
    Some(1.0 - usable as f64 / total as f64)
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
    Finding {
        rule,
        severity,
        subject: count(&places, "log dir of", "log dirs of"),
        evidence: vec![],
        meaning: String::new(),
        remedy: String::new(),
        next_tool: Some("kafka_cluster_describe".into()),
        brokers,
        partitions: vec![],
        topics: vec![],
        groups: vec![],
    }
}
