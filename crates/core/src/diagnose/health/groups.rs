//! Groups: dead, without members and behind, rebalancing, stuck, static members gone, offsets lost.

mod offsets;

pub(super) use offsets::{Backlog, backlog};

use super::Thresholds;
use super::digest::hash;
use super::finding::{Finding, Severity, count};
use super::rule::Rule;
use super::since::Before;
use super::snapshot::{GroupSight, Snapshot};
use super::words::{lines, span};

/// Member epoch of a static member that has left for now (KIP-848).
const AWAY: i32 = -2;

pub(super) fn judge(snapshot: &Snapshot, thresholds: &Thresholds, findings: &mut Vec<Finding>) {
    let groups = snapshot.groups.as_deref().unwrap_or_default();
    offsets::judge(snapshot, groups, findings);
    dead(groups, findings);
    empty(snapshot, groups, findings);
    away(groups, findings);
    if let Some(before) = snapshot.before() {
        rebalancing(groups, &before, thresholds, findings);
        stuck(snapshot, groups, &before, thresholds, findings);
        vanished(groups, &before, findings);
    }
}

/// Whether a state is one in which members wait for partitions.
pub(super) fn rebalances(state: &str) -> bool {
    matches!(
        state,
        "PreparingRebalance" | "CompletingRebalance" | "Assigning" | "Reconciling" | "NotReady"
    )
}

fn finding(rule: Rule, severity: Severity, mut rows: Vec<(String, String)>) -> Finding {
    let groups: Vec<String> = rows.iter().map(|(group, _)| group.clone()).collect();
    let evidence = rows.drain(..).map(|(_, words)| words).collect();
    let mut found = Finding::new(rule, severity, count(&groups, "group", "groups"));
    found.evidence = lines(evidence);
    found.groups = groups;
    found.groups.sort();
    found.next_tool = Some("kafka_group_describe".into());
    found
}

fn dead(groups: &[GroupSight], findings: &mut Vec<Finding>) {
    let dead = groups.iter().filter(|g| g.listing.state == "Dead");
    let rows: Vec<_> = dead
        .map(|g| {
            let group = &g.listing.group;
            let words = format!("{group}: Dead on coordinator {}", g.listing.coordinator);
            (group.clone(), words)
        })
        .collect();
    if !rows.is_empty() {
        findings.push(Finding {
            meaning: "it has no members and its coordinator is about to forget it with its offsets, or it has just moved to another coordinator".into(),
            remedy: "nothing, if its application is gone; else look whether its members can reach the coordinator".into(),
            ..finding(Rule::GroupDead, Severity::Info, rows)
        });
    }
}

fn empty(snapshot: &Snapshot, groups: &[GroupSight], findings: &mut Vec<Finding>) {
    let mut behind: Vec<(&GroupSight, Backlog)> = groups
        .iter()
        .filter(|g| g.listing.state == "Empty")
        .filter_map(|g| Some((g, backlog(snapshot, g)?)))
        .filter(|(_, backlog)| backlog.lag > 0)
        .collect();
    if behind.is_empty() {
        return;
    }
    behind.sort_by_key(|(g, backlog)| (std::cmp::Reverse(backlog.lag), g.listing.group.clone()));
    let rows = behind
        .into_iter()
        .map(|(g, backlog)| {
            let group = &g.listing.group;
            let words = format!(
                "{group}: no member, {} records behind in {} partitions",
                backlog.lag, backlog.behind
            );
            (group.clone(), words)
        })
        .collect();
    findings.push(Finding {
        meaning: "nobody consumes for them: the backlog grows until retention deletes it, and offsets.retention.minutes (7 days by default) after the last member left their offsets are deleted too".into(),
        remedy: "start the consumers, or delete the group if its application is gone".into(),
        next_tool: Some("kafka_group_lag".into()),
        ..finding(Rule::GroupEmptyWithLag, Severity::Warning, rows)
    });
}

/// Static members that have left for now: their coordinator keeps their partitions for them.
fn away(groups: &[GroupSight], findings: &mut Vec<Finding>) {
    let mut rows = Vec::new();
    for group in groups {
        let members = group.members.iter().flatten();
        let gone: Vec<&str> = members
            .filter(|m| m.epoch == Some(AWAY))
            .filter_map(|m| m.instance_id.as_deref())
            .collect();
        if !gone.is_empty() {
            let name = &group.listing.group;
            let words = format!("{name}: {} left for now (member epoch -2)", gone.join(", "));
            rows.push((name.clone(), words));
        }
    }
    if !rows.is_empty() {
        findings.push(Finding {
            meaning: "a static member's partitions are kept for it and read by nobody until it is back or its session times out (45 s by default)".into(),
            remedy: "start it again with the same group.instance.id; after the session timeout the others take over".into(),
            ..finding(Rule::StaticMembersGone, Severity::Warning, rows)
        });
    }
}

/// Static members that the earlier snapshot knew and this one does not.
fn vanished(groups: &[GroupSight], before: &Before<'_>, findings: &mut Vec<Finding>) {
    let mut rows = Vec::new();
    for group in groups {
        // A group that was not described says nothing about its members.
        let Some(members) = &group.members else {
            continue;
        };
        let name = &group.listing.group;
        let key = hash(name.as_bytes());
        let here: Vec<u32> = members
            .iter()
            .filter_map(|m| Some(hash(m.instance_id.as_ref()?.as_bytes())))
            .collect();
        let known = before.digest.static_members.iter();
        let gone: Vec<String> = known
            .filter(|m| m.group == key && !here.contains(&m.id))
            .map(|m| match m.name.as_str() {
                "" => "one (name not kept)".to_owned(),
                name => name.to_owned(),
            })
            .collect();
        if !gone.is_empty() {
            let words = format!(
                "{name}: {} there {} ago, not now; {} static members are left",
                gone.join(", "),
                span(before.elapsed_ms),
                here.len()
            );
            rows.push((name.clone(), words));
        }
    }
    if !rows.is_empty() {
        findings.push(Finding {
            meaning: "their session has timed out or they were removed; their partitions went to the members that are left".into(),
            remedy: "nothing, if the group was meant to shrink; else look at these instances".into(),
            ..finding(Rule::StaticMembersGone, Severity::Info, rows)
        });
    }
}

fn rebalancing(
    groups: &[GroupSight],
    before: &Before<'_>,
    thresholds: &Thresholds,
    findings: &mut Vec<Finding>,
) {
    let mut rows = Vec::new();
    for group in groups.iter().filter(|g| rebalances(&g.listing.state)) {
        let name = &group.listing.group;
        let Some(seen_s) = before.digest.rebalancing.get(&hash(name.as_bytes())) else {
            continue;
        };
        let seen_ms = before.add(*seen_s);
        if seen_ms >= thresholds.rebalance_ms {
            let members = group
                .members
                .as_ref()
                .map(|m| format!(", {} members", m.len()));
            let words = format!(
                "{name}: {} now and in each snapshot of the last {}{}",
                group.listing.state,
                span(seen_ms),
                members.unwrap_or_default()
            );
            rows.push((name.clone(), words));
        }
    }
    if !rows.is_empty() {
        findings.push(Finding {
            meaning: "one rebalance that does not end, or one after another: a classic group reads nothing meanwhile, the others do not read what is being moved".into(),
            remedy: "look for the member that does not answer (a poll loop longer than max.poll.interval.ms, a blocking revoke callback) or that comes and goes".into(),
            ..finding(Rule::GroupRebalancing, Severity::Warning, rows)
        });
    }
}

fn stuck(
    snapshot: &Snapshot,
    groups: &[GroupSight],
    before: &Before<'_>,
    thresholds: &Thresholds,
    findings: &mut Vec<Finding>,
) {
    let mut by_severity = [
        (Severity::Warning, Vec::new()),
        (Severity::Info, Vec::new()),
    ];
    for group in groups {
        let name = &group.listing.group;
        let Some(then) = before.digest.progress.get(&hash(name.as_bytes())) else {
            continue;
        };
        let Some(backlog) = working_backlog(snapshot, group) else {
            continue;
        };
        if then.sum != Some(backlog.committed) {
            continue;
        }
        let unchanged_ms = before.add(then.unchanged_s);
        if unchanged_ms < thresholds.stuck_notice_ms {
            continue;
        }
        let words = format!(
            "{name}: {}, {} records behind, nothing committed for {}",
            group.listing.state,
            backlog.lag,
            span(unchanged_ms)
        );
        let [warning, info] = &mut by_severity;
        let rows = if unchanged_ms >= thresholds.stuck_ms {
            warning
        } else {
            info
        };
        rows.1.push((name.clone(), words));
    }
    for (severity, rows) in by_severity {
        if !rows.is_empty() {
            findings.push(Finding {
                meaning: "members are there and records wait, but no offset moves: a record that always fails, a downstream that blocks, or a consumer that never commits".into(),
                remedy: "look at the members' logs at the committed offset; skip the record only once it is kept elsewhere".into(),
                next_tool: Some("kafka_group_lag".into()),
                ..finding(Rule::GroupStuck, severity, rows)
            });
        }
    }
}

/// The backlog of a group that has members and is behind.
pub(super) fn working_backlog(snapshot: &Snapshot, group: &GroupSight) -> Option<Backlog> {
    let idle = matches!(group.listing.state.as_str(), "Empty" | "Dead");
    backlog(snapshot, group).filter(|b| b.lag > 0 && !idle)
}
