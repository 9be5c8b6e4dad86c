//! Unclean leader election: availability bought with acknowledged records.

use super::super::finding::{Finding, Severity, count};
use super::super::rule::Rule;
use super::super::snapshot::Snapshot;
use super::super::words::{ids, lines};

const KEY: &str = "unclean.leader.election.enable";

pub(super) fn judge(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let topics = snapshot.topic_settings.iter().flatten();
    let on: Vec<_> = topics.filter(|(_, s)| s.is_on(KEY)).collect();
    let brokers = snapshot.broker_settings.iter().flatten();
    let brokers: Vec<i32> = brokers
        .filter(|(_, s)| s.is_on(KEY))
        .map(|(id, _)| *id)
        .collect();
    if on.is_empty() && brokers.is_empty() {
        return;
    }
    let names: Vec<String> = on.iter().map(|(name, _)| (*name).clone()).collect();
    let own: Vec<&str> = on
        .iter()
        .filter(|(_, s)| s.is_own(KEY))
        .map(|(name, _)| name.as_str())
        .collect();
    let mut evidence = Vec::new();
    if !brokers.is_empty() {
        evidence.push(format!("{KEY}=true on broker {}", ids(&brokers)));
    }
    if !on.is_empty() {
        evidence.push(format!(
            "in force on {} topics, {} of them by their own setting",
            on.len(),
            own.len()
        ));
    }
    evidence.extend(lines(
        own.iter()
            .map(|name| format!("{name}: {KEY}=true"))
            .collect(),
    ));
    let mut found = if names.is_empty() {
        let subject = count(&brokers, "broker", "brokers");
        Finding::new(Rule::UncleanElectionEnabled, Severity::Warning, subject)
    } else {
        super::finding(Rule::UncleanElectionEnabled, Severity::Warning, names)
    };
    found.evidence = evidence;
    found.meaning = "when all replicas in sync are down, one that lacks records may lead: acknowledged records are lost without an error, and consumers may see offsets anew".into();
    found.remedy = "set it to false, but for topics that may lose records; an unclean election can still be made by hand".into();
    found.next_tool = Some("kafka_config_describe".into());
    found.brokers = brokers;
    findings.push(found);
}
