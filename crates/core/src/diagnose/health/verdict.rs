//! The verdict, and what it could not take into account.

use super::blame::online;
use super::finding::{Finding, Report, Severity, Verdict};
use super::rule::{Area, Rule};
use super::score::score;
use super::since::compare;
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
    let unseen = topics.is_none() || quorum_unknown(snapshot) || most_silent(&findings, registered);
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
    // A number would say more than is known.
    let score = (verdict != Verdict::Unknown).then(|| score(&findings, not_judged(snapshot)));
    let since = compare(snapshot, &findings);
    Report {
        verdict,
        why,
        findings,
        unchecked,
        score,
        since,
        brokers_online: online,
        brokers_expected: registered + missing,
        topics: topics.map(<[_]>::len),
        partitions,
    }
}

fn plural<'a>(n: usize, one: &'a str, many: &'a str) -> &'a str {
    if n == 1 { one } else { many }
}

/// `unseen`: partitions, the quorum or most brokers could not be seen, so nobody knows whether
/// everything works.
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

/// Whether half of the brokers or more do not answer: what the others still tell of leaders and
/// replicas is then what they knew before.
fn most_silent(findings: &[Finding], registered: usize) -> bool {
    findings
        .iter()
        .any(|f| f.rule == Rule::SilentBrokers && f.brokers.len() * 2 >= registered)
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
    // Groups, transactions and reassignments leave their own area unjudged; partitions are judged
    // all the same. What was left out for its size was not asked for.
    let own_area = [
        "group",
        "committed",
        "ends of",
        "offsets of",
        "transaction",
        "producer",
        "reassignment",
    ];
    !(what.contains("quorum")
        || what.contains("feature")
        || (what.contains("fenced") && snapshot.topics.is_some())
        || what.contains("config")
        || (what.contains("log dir") && refused)
        || own_area.iter().any(|sign| what.contains(sign))
        || gap.why.starts_with("left out:"))
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
            .filter(|t| snapshot.min_isr(&t.name).is_none())
            .count();
        if unknown > 0 {
            unchecked.push(format!(
                "min ISR: min.insync.replicas of {unknown} of {} topics is not known",
                topics.len()
            ));
        }
    }
    if snapshot.before.is_some() && snapshot.before().is_none() {
        unchecked.push("changes: the snapshot to compare with is not an earlier one".into());
    }
    // What nobody asked for; what was asked for in vain is among the gaps.
    for (area, words, sign) in [
        (Area::Partitions, "topics and partitions", "topic"),
        (Area::Disks, "disks", "log dir"),
        (Area::Groups, "groups", "group"),
        (Area::Settings, "settings", "config"),
        (Area::Transactions, "transactions", "transaction"),
        (Area::Reassignments, "reassignments", "reassignment"),
        (Area::Software, "versions and features", "feature"),
    ] {
        let told = |gap: &Missing| gap.what.to_lowercase().contains(sign);
        if unseen(snapshot, area) && !snapshot.missing.iter().any(told) {
            unchecked.push(format!("{words}: not asked for"));
        }
    }
    unchecked
}

pub(super) fn not_judged(snapshot: &Snapshot) -> Vec<Area> {
    Area::ALL
        .into_iter()
        .filter(|area| unseen(snapshot, *area))
        .collect()
}

/// Whether nothing was seen of an area. What was seen in part is judged in part, and said so.
pub(super) fn unseen(snapshot: &Snapshot, area: Area) -> bool {
    match area {
        Area::Partitions | Area::Placement => snapshot.topics.is_none(),
        Area::Brokers => snapshot.cluster.brokers.is_empty(),
        Area::Quorum => snapshot.cluster.quorum.is_none(),
        Area::Disks => snapshot.log_dirs.as_ref().is_none_or(Vec::is_empty),
        Area::Groups => snapshot.groups.is_none(),
        Area::Settings => snapshot.topic_settings.is_none(),
        Area::Transactions => snapshot.transactions.is_none(),
        Area::Reassignments => snapshot.reassignments.is_none(),
        Area::Software => snapshot.software.is_none() && snapshot.cluster.features.is_empty(),
    }
}
