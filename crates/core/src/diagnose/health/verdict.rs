//! The verdict, and what it could not take into account.

use super::blame::online;
use super::finding::{Finding, Report, Severity, Verdict};
use super::{Snapshot, missing_brokers};
use crate::model::{BrokerState, Missing};

pub(super) fn report(snapshot: &Snapshot, findings: Vec<Finding>) -> Report {
    let topics = snapshot.topics.as_deref();
    let partitions = topics.map(|t| t.iter().map(|t| t.partitions.len()).sum());
    let online = snapshot
        .cluster
        .brokers
        .iter()
        .filter(|b| b.state == BrokerState::Online)
        .count();
    let registered = snapshot
        .cluster
        .brokers
        .iter()
        .filter(|b| b.state != BrokerState::Missing)
        .count();
    let missing = missing_brokers(topics.unwrap_or_default(), &snapshot.cluster).len();
    let unchecked = unchecked(snapshot);
    let blind = blind(snapshot);
    let unseen = topics.is_none() || quorum_unknown(snapshot);
    let (verdict, why) = judge(&findings, &blind, unseen, registered == 0);
    let why = why.unwrap_or_else(|| {
        let scope = format!(
            "{} brokers online, every one of {} partitions has a leader and its full ISR",
            online,
            partitions.unwrap_or(0)
        );
        match findings.len() {
            0 => scope,
            n => format!("{scope}; {n} {} worth a look", plural(n, "note", "notes")),
        }
    });
    Report {
        verdict,
        why,
        findings,
        unchecked,
        brokers_online: online,
        brokers_expected: registered + missing,
        topics: topics.map(<[_]>::len),
        partitions,
    }
}

fn plural<'a>(n: usize, one: &'a str, many: &'a str) -> &'a str {
    if n == 1 { one } else { many }
}

/// `unseen`: partitions or the quorum could not be seen, so nobody knows whether everything works.
fn judge(
    findings: &[Finding],
    blind: &[String],
    unseen: bool,
    no_brokers: bool,
) -> (Verdict, Option<String>) {
    let list = |of: &[&Finding]| {
        of.iter()
            .map(|f| format!("{} ({})", rule_words(f), f.subject))
            .collect::<Vec<_>>()
            .join("; ")
    };
    let also_blind = if blind.is_empty() {
        String::new()
    } else {
        format!("; besides, not known: {}", blind.join(", "))
    };
    let critical: Vec<&Finding> = findings
        .iter()
        .filter(|f| f.severity == Severity::Critical)
        .collect();
    if !critical.is_empty() {
        return (
            Verdict::Critical,
            Some(format!("{}{also_blind}", list(&critical))),
        );
    }
    let faults: Vec<&Finding> = findings
        .iter()
        .filter(|f| f.severity == Severity::Warning && !f.rule.is_risk())
        .collect();
    if !faults.is_empty() {
        // "Degraded" would say that everything still works.
        let verdict = if unseen {
            Verdict::Unknown
        } else {
            Verdict::Degraded
        };
        return (verdict, Some(format!("{}{also_blind}", list(&faults))));
    }
    if no_brokers {
        return (Verdict::Unknown, Some("the cluster named no broker".into()));
    }
    if !blind.is_empty() {
        return (
            Verdict::Unknown,
            Some(format!(
                "nothing wrong was seen, but not known: {}",
                blind.join(", ")
            )),
        );
    }
    (Verdict::Healthy, None)
}

/// "under_min_isr" as words.
fn rule_words(finding: &Finding) -> String {
    serde_json::to_value(finding.rule)
        .ok()
        .and_then(|v| v.as_str().map(|s| s.replace('_', " ")))
        .unwrap_or_default()
}

/// What forbids to call the cluster healthy.
fn blind(snapshot: &Snapshot) -> Vec<String> {
    let mut blind = Vec::new();
    if snapshot.topics.is_none() {
        blind.push("topics and partitions".to_owned());
    }
    if quorum_unknown(snapshot) {
        blind.push("the metadata quorum".to_owned());
    }
    blind.extend(
        snapshot
            .missing
            .iter()
            .filter(|gap| !not_offered(gap))
            // What a broker that is out does not tell is part of that finding.
            .filter(|gap| gap.broker.is_none_or(|id| online(&snapshot.cluster, id)))
            .filter(|gap| forbids(gap, snapshot))
            .map(|gap| gap.what.clone())
            .take(5),
    );
    blind
}

/// A service that does not show its quorum cannot be blamed for it; one that fails to can.
fn quorum_unknown(snapshot: &Snapshot) -> bool {
    let gap = snapshot
        .missing
        .iter()
        .find(|gap| gap.what.to_lowercase().contains("quorum"));
    snapshot.cluster.quorum.is_none() && !gap.is_some_and(not_offered)
}

/// Whether a gap hides a trouble that nothing else in the snapshot would show.
fn forbids(gap: &Missing, snapshot: &Snapshot) -> bool {
    let what = gap.what.to_lowercase();
    let refused = gap.why.contains("not authorized");
    // The quorum is dealt with by itself, and feature levels say nothing about health. A fenced
    // broker that matters is missed as a replica. Without configurations partitions are judged by
    // their replicas. Without rights disks are unseen, as when nobody asks for them.
    !(what.contains("quorum")
        || what.contains("feature")
        || (what.contains("fenced") && snapshot.topics.is_some())
        || what.contains("config")
        || (what.contains("log dir") && refused))
}

/// Whether the gap is an API that the broker or engine does not have.
fn not_offered(gap: &Missing) -> bool {
    gap.why.contains("not offered by")
}

fn unchecked(snapshot: &Snapshot) -> Vec<String> {
    let mut unchecked: Vec<String> = snapshot
        .missing
        .iter()
        .map(|gap| {
            let broker = gap.broker.map(|id| format!(" (broker {id})"));
            format!("{}{}: {}", gap.what, broker.unwrap_or_default(), gap.why)
        })
        .collect();
    if let Some(topics) = &snapshot.topics {
        let unknown = topics
            .iter()
            .filter(|t| !snapshot.min_insync_replicas.contains_key(&t.name))
            .count();
        if unknown > 0 {
            unchecked.push(format!(
                "min ISR: min.insync.replicas of {unknown} of {} topics is not known",
                topics.len()
            ));
        }
    } else if !snapshot
        .missing
        .iter()
        .any(|gap| gap.what.contains("topic"))
    {
        unchecked.push("topics and partitions: not asked for".into());
    }
    if snapshot.log_dirs.is_none() {
        unchecked.push("disks: log dirs were not asked for".into());
    }
    unchecked
}
