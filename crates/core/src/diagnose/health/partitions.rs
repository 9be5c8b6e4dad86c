//! Partitions: without a leader, under and at min ISR, under-replicated.

use super::Snapshot;
use super::blame::{blame, online};
use super::finding::{Finding, Severity, count};
use super::rule::Rule;
use super::words::{ids, lines};
use crate::model::{Partition, TopicPartition};
use std::collections::BTreeSet;

/// A partition with the name of its topic and the min ISR in force.
#[derive(Clone, Copy)]
struct Row<'a> {
    topic: &'a str,
    partition: &'a Partition,
    /// The configured one, at most the replication factor, as brokers apply it; `None` unknown.
    min_isr: Option<usize>,
}

impl Row<'_> {
    fn name(&self) -> TopicPartition {
        TopicPartition::new(self.topic, self.partition.partition)
    }

    /// Replicas out of sync.
    fn out(&self) -> BTreeSet<i32> {
        let isr = &self.partition.isr;
        let replicas = self.partition.replicas.iter();
        replicas.filter(|id| !isr.contains(id)).copied().collect()
    }

    /// Replicas that can lead without loss: in sync, or eligible since (KIP-966).
    fn able(&self) -> BTreeSet<i32> {
        let isr = self.partition.isr.iter();
        isr.chain(self.partition.elr.iter().flatten())
            .copied()
            .collect()
    }

    /// Those of them that are online.
    fn electable(&self, snapshot: &Snapshot) -> BTreeSet<i32> {
        let mut able = self.able();
        able.retain(|id| online(&snapshot.cluster, *id) && !self.partition.offline.contains(id));
        able
    }

    fn under_replicated(&self) -> bool {
        self.partition.isr.len() < self.partition.replicas.len()
    }
}

pub(super) fn judge(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let rows: Vec<Row<'_>> = snapshot
        .topics
        .iter()
        .flatten()
        .flat_map(|topic| {
            let configured = snapshot.min_isr(&topic.name);
            topic.partitions.iter().map(move |partition| Row {
                topic: &topic.name,
                partition,
                min_isr: configured
                    .and_then(|n| usize::try_from(n).ok())
                    .map(|n| n.min(partition.replicas.len())),
            })
        })
        .collect();
    let select = |wanted: &dyn Fn(&Row<'_>) -> bool| -> Vec<Row<'_>> {
        rows.iter().filter(|row| wanted(row)).copied().collect()
    };
    let (leaderless, offline): (Vec<_>, Vec<_>) = select(&|row| row.partition.leader.is_none())
        .into_iter()
        .partition(|row| !row.electable(snapshot).is_empty());
    let led = |row: &Row<'_>| row.partition.leader.is_some();
    let under = select(&|row| led(row) && row.min_isr.is_some_and(|m| row.partition.isr.len() < m));
    let at = select(&|row| {
        led(row) && row.under_replicated() && row.min_isr == Some(row.partition.isr.len())
    });
    let short = select(&|row| row.under_replicated());
    if !offline.is_empty() {
        findings.push(offline_partitions(snapshot, &offline));
    }
    if !leaderless.is_empty() {
        findings.push(leaderless_partitions(snapshot, &leaderless));
    }
    if !under.is_empty() {
        findings.push(under_min_isr(snapshot, &under));
    }
    if !at.is_empty() {
        findings.push(at_min_isr(snapshot, &at));
    }
    if !short.is_empty() {
        let parts = [offline.len() + leaderless.len(), under.len(), at.len()];
        findings.push(under_replicated(snapshot, &short, parts));
    }
}

fn finding(
    snapshot: &Snapshot,
    rule: Rule,
    severity: Severity,
    rows: &[Row<'_>],
    out: impl Fn(&Row<'_>) -> BTreeSet<i32>,
) -> Finding {
    let mut partitions: Vec<TopicPartition> = rows.iter().map(Row::name).collect();
    partitions.sort();
    let blame = blame(&snapshot.cluster, rows.iter().map(out));
    let (brokers, words) = blame.map_or((vec![], None), |b| (b.brokers, Some(b.words)));
    Finding {
        rule,
        severity,
        subject: count(&partitions, "partition", "partitions"),
        evidence: words.into_iter().collect(),
        meaning: String::new(),
        remedy: String::new(),
        next_tool: Some("kafka_topic_describe".into()),
        brokers,
        partitions,
        topics: vec![],
        groups: vec![],
    }
}

fn offline_partitions(snapshot: &Snapshot, rows: &[Row<'_>]) -> Finding {
    // Whoever can lead again without loss: the last in sync, or eligible since (KIP-966).
    let able = |row: &Row<'_>| -> BTreeSet<i32> {
        let able = row.able();
        if able.is_empty() {
            row.partition.replicas.iter().copied().collect()
        } else {
            able
        }
    };
    let mut found = finding(
        snapshot,
        Rule::OfflinePartitions,
        Severity::Critical,
        rows,
        |row| {
            able(row)
                .into_iter()
                .filter(|id| !online(&snapshot.cluster, *id))
                .collect()
        },
    );
    // An online replica that cannot lead has lost its log dir.
    let failed_dirs: BTreeSet<i32> = rows
        .iter()
        .flat_map(able)
        .filter(|id| online(&snapshot.cluster, *id))
        .filter(|id| rows.iter().any(|row| row.partition.offline.contains(id)))
        .collect();
    if !failed_dirs.is_empty() {
        let ids: Vec<String> = failed_dirs.iter().map(i32::to_string).collect();
        found.evidence.push(format!(
            "replicas on online brokers are offline, as after a failed log dir: broker {}",
            ids.join(", ")
        ));
    }
    // Online, but behind: they lead only by an unclean election.
    let behind: BTreeSet<i32> = rows
        .iter()
        .flat_map(|row| {
            let able = able(row);
            let replicas = row.partition.replicas.iter().copied();
            let online = replicas.filter(|id| online(&snapshot.cluster, *id));
            online
                .filter(|id| !able.contains(id) && !row.partition.offline.contains(id))
                .collect::<Vec<_>>()
        })
        .collect();
    if !behind.is_empty() {
        let behind: Vec<i32> = behind.into_iter().collect();
        found
            .evidence
            .push(format!("online but not in sync: broker {}", ids(&behind)));
    }
    found.evidence.push(format!(
        "{} of {} partitions have no leader",
        rows.len(),
        partition_count(snapshot)
    ));
    found.meaning =
        "producers and consumers of these partitions fail until one has a leader".into();
    found.remedy = match found.brokers.as_slice() {
        [] => "start the brokers that hold the last replicas in sync; an unclean leader election loses acknowledged records and is the last resort".into(),
        brokers => format!(
            "start broker {} again with its data: it holds the last replica in sync; an unclean leader election loses acknowledged records and is the last resort",
            brokers.iter().map(i32::to_string).collect::<Vec<_>>().join(" or ")
        ),
    };
    found
}

fn leaderless_partitions(snapshot: &Snapshot, rows: &[Row<'_>]) -> Finding {
    let mut found = finding(
        snapshot,
        Rule::LeaderlessPartitions,
        Severity::Critical,
        rows,
        |_| BTreeSet::new(),
    );
    found.evidence = lines(
        rows.iter()
            .map(|row| {
                let able: Vec<i32> = row.electable(snapshot).into_iter().collect();
                format!(
                    "{}: no leader, though broker {} is online and in sync (epoch {})",
                    row.name(),
                    ids(&able),
                    row.partition.leader_epoch
                )
            })
            .collect(),
    );
    found.evidence.push(format!(
        "{} of {} partitions wait for a leader",
        rows.len(),
        partition_count(snapshot)
    ));
    found.meaning = "an election takes milliseconds: one that is not over shows a controller that is absent, busy or not heard, or metadata that is old".into();
    found.remedy = "ask again in a few seconds; if it stays, look at the metadata quorum and the active controller's log".into();
    found.next_tool = Some("kafka_quorum_describe".into());
    found
}

fn under_min_isr(snapshot: &Snapshot, rows: &[Row<'_>]) -> Finding {
    let mut found = finding(
        snapshot,
        Rule::UnderMinIsr,
        Severity::Critical,
        rows,
        |row| row.out(),
    );
    found.evidence.extend(numbers(rows));
    found.meaning = "producers with acks=all (the default) are refused with NOT_ENOUGH_REPLICAS; reading goes on".into();
    found.remedy = back(
        &found.brokers,
        "or, if it will not come back soon, reassign its replicas; lowering min.insync.replicas trades durability for writes",
    );
    found
}

fn at_min_isr(snapshot: &Snapshot, rows: &[Row<'_>]) -> Finding {
    let mut found = finding(snapshot, Rule::AtMinIsr, Severity::Warning, rows, |row| {
        row.out()
    });
    found.evidence.extend(numbers(rows));
    found.meaning =
        "everything works, but one more replica out of sync stops writes with acks=all".into();
    found.remedy = back(
        &found.brokers,
        "and restart no other broker that holds these partitions before that",
    );
    found
}

fn under_replicated(
    snapshot: &Snapshot,
    rows: &[Row<'_>],
    [offline, under, at]: [usize; 3],
) -> Finding {
    let mut found = finding(
        snapshot,
        Rule::UnderReplicated,
        Severity::Warning,
        rows,
        |row| row.out(),
    );
    found.evidence.push(format!(
        "{} of {} partitions lack a replica in sync; of these {offline} have no leader, {under} are under min ISR, {at} at min ISR",
        rows.len(),
        partition_count(snapshot)
    ));
    let unknown: BTreeSet<&str> = rows
        .iter()
        .filter(|row| row.min_isr.is_none())
        .map(|row| row.topic)
        .collect();
    if !unknown.is_empty() {
        found.evidence.push(format!(
            "min.insync.replicas of {} of their topics is not known: some may refuse writes",
            unknown.len()
        ));
    }
    found.meaning = "fewer copies than intended: a broker is out or behind, or a reassignment is copying replicas".into();
    found.remedy = back(
        &found.brokers,
        "its replicas catch up by themselves once it is back",
    );
    found
}

/// "bring broker 3 back; more".
fn back(brokers: &[i32], more: &str) -> String {
    match brokers {
        [] => format!(
            "bring the brokers that are out back into the ISR (are they up, reachable, short of disk or network?); {more}"
        ),
        ids => format!(
            "bring broker {} back into the ISR (is it up, reachable, short of disk or network?); {more}",
            ids.iter()
                .map(i32::to_string)
                .collect::<Vec<_>>()
                .join(" and ")
        ),
    }
}

/// In sync, min ISR and replicas of the worst partition.
fn numbers(rows: &[Row<'_>]) -> Option<String> {
    let worst = rows.iter().min_by_key(|row| row.partition.isr.len())?;
    Some(format!(
        "worst: {} has {} of {} replicas in sync (ISR {:?}), min.insync.replicas {}",
        worst.name(),
        worst.partition.isr.len(),
        worst.partition.replicas.len(),
        worst.partition.isr,
        worst.min_isr?
    ))
}

fn partition_count(snapshot: &Snapshot) -> usize {
    let topics = snapshot.topics.iter().flatten();
    topics.map(|topic| topic.partitions.len()).sum()
}
