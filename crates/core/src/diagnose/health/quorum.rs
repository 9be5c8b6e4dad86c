//! The metadata quorum: leader, voters, majority, observers.

use super::blame::online;
use super::finding::{Finding, Severity, count};
use super::rule::Rule;
use super::words::lines;
use super::{Snapshot, Thresholds};
use crate::diagnose::quorum::age_ms;
use crate::model::{Quorum, QuorumMember};

pub(super) fn judge(snapshot: &Snapshot, thresholds: &Thresholds, findings: &mut Vec<Finding>) {
    // A quorum that is not known is the verdict's matter.
    let Some(quorum) = &snapshot.cluster.quorum else {
        return;
    };
    let Some(leader) = quorum.leader_id else {
        findings.push(Finding {
            evidence: vec![format!(
                "{} voters, epoch {}",
                quorum.voters.len(),
                quorum.leader_epoch
            )],
            meaning: "no active controller: no leader elections, no topic or config changes, no new brokers; partitions work on until their leader fails".into(),
            remedy: "bring a majority of the voters up and in reach of each other".into(),
            ..finding(Rule::QuorumNoLeader, Severity::Critical, "metadata quorum")
        });
        return;
    };
    let mut words = Vec::new();
    let mut lagging = Vec::new();
    let mut silent = 0;
    for voter in quorum.voters.iter().filter(|v| v.id != leader) {
        let silence_ms = age_ms(quorum, voter.last_fetch_ms, snapshot.now_ms);
        let is_silent = silence_ms.is_some_and(|ms| ms > thresholds.voter_silent_ms);
        let is_behind = voter
            .lag
            .is_some_and(|lag| lag > thresholds.voter_lag_records);
        silent += usize::from(is_silent);
        if is_silent || is_behind {
            lagging.push(voter.id);
            words.push(describe("voter", voter, silence_ms));
        }
    }
    observers(snapshot, quorum, thresholds, findings);
    let voters = quorum.voters.len();
    let (alive, majority) = (voters - silent.min(voters), voters / 2 + 1);
    if !lagging.is_empty() {
        words.push(format!("the leader is {leader}"));
        findings.push(Finding {
            evidence: words,
            meaning: "these voters do not follow the metadata log: they cannot take over, and count for no majority".into(),
            remedy: "look at these controller nodes: process, log, disk and their way to the leader".into(),
            brokers: lagging.clone(),
            ..finding(Rule::QuorumVoterLagging, Severity::Warning, &count(&lagging, "voter", "voters"))
        });
    }
    if alive <= majority && voters > 0 {
        let by_design = silent == 0;
        let severity = if by_design {
            Severity::Info
        } else {
            Severity::Warning
        };
        findings.push(Finding {
            evidence: vec![format!(
                "{alive} of {voters} voters follow; a majority is {majority}"
            )],
            meaning: "the loss of one more controller leaves the cluster without an active one"
                .into(),
            remedy: if by_design {
                "three voters survive one loss, five survive two".into()
            } else {
                "bring the silent voters back before any other controller is restarted".into()
            },
            ..finding(Rule::QuorumNoHeadroom, severity, "metadata quorum")
        });
    }
}

/// Online brokers that follow without a vote: what they do not know they cannot serve.
fn observers(
    snapshot: &Snapshot,
    quorum: &Quorum,
    thresholds: &Thresholds,
    findings: &mut Vec<Finding>,
) {
    let mut words = Vec::new();
    let mut behind = Vec::new();
    for observer in &quorum.observers {
        // A broker that is out does not follow, and that is another finding.
        if !online(&snapshot.cluster, observer.id) {
            continue;
        }
        let silence_ms = age_ms(quorum, observer.last_fetch_ms, snapshot.now_ms);
        let is_silent = silence_ms.is_some_and(|ms| ms > thresholds.voter_silent_ms);
        let lag = observer.lag.unwrap_or_default();
        if is_silent || lag > thresholds.voter_lag_records {
            behind.push(observer.id);
            words.push(describe("broker", observer, silence_ms));
        }
    }
    if !behind.is_empty() {
        findings.push(Finding {
            evidence: lines(words),
            meaning: "these brokers do not follow the metadata log: they serve from what they knew, miss new topics, leaders and settings, and are fenced when it goes on".into(),
            remedy: "look at these brokers: long pauses, a full metadata disk, or their way to the controllers".into(),
            brokers: behind.clone(),
            ..finding(Rule::QuorumObserverLagging, Severity::Warning, &count(&behind, "broker", "brokers"))
        });
    }
}

fn describe(what: &str, voter: &QuorumMember, silence_ms: Option<i64>) -> String {
    let lag = voter.lag.map_or_else(
        || "lag unknown".to_owned(),
        |lag| format!("{lag} records behind"),
    );
    let fetch = silence_ms.map_or_else(
        || "last fetch unknown".to_owned(),
        |ms| format!("last fetch {:.1} s ago", ms as f64 / 1000.0),
    );
    format!("{what} {}: {lag}, {fetch}", voter.id)
}

fn finding(rule: Rule, severity: Severity, subject: &str) -> Finding {
    let mut found = Finding::new(rule, severity, subject);
    found.next_tool = Some("kafka_quorum_describe".into());
    found
}
