//! What changed since an earlier snapshot: findings, rates, elections.

use super::Thresholds;
use super::digest::{Digest, bucket, hash};
use super::finding::{Finding, Severity, count};
use super::rule::Rule;
use super::snapshot::Snapshot;
use super::storage::used_bytes;
use super::verdict::unseen;
use super::words::{lines, span};
use crate::model::TopicPartition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An earlier snapshot, and how long ago it was.
pub(super) struct Before<'a> {
    pub(super) digest: &'a Digest,
    /// Always above 0.
    pub(super) elapsed_ms: i64,
}

impl Before<'_> {
    /// For how long something lasts that lasted for `earlier_s` seconds then, ms.
    pub(super) fn add(&self, earlier_s: u64) -> i64 {
        i64::try_from(earlier_s)
            .unwrap_or(i64::MAX)
            .saturating_mul(1_000)
            .saturating_add(self.elapsed_ms)
    }
}

impl Snapshot {
    /// The earlier snapshot; `None` without one, and when it is not earlier.
    pub(super) fn before(&self) -> Option<Before<'_>> {
        let digest = self.before.as_ref()?;
        let elapsed_ms = self.now_ms.saturating_sub(digest.taken_ms());
        (elapsed_ms > 0).then_some(Before { digest, elapsed_ms })
    }
}

/// What is different from an earlier snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// Time between the two, ms.
    pub elapsed_ms: i64,
    /// Rules that find something now and did not, though they could see.
    pub new: Vec<Rule>,
    /// Rules that found something and do not any more, though they can see.
    pub gone: Vec<Rule>,
    /// Findings that are more severe, or concern more.
    pub worse: Vec<Change>,
    /// Findings that are less severe, or concern less.
    pub better: Vec<Change>,
    /// How volumes fill or empty.
    pub volumes: Vec<VolumeRate>,
    /// Elections of partition leaders; `None` where topics were not seen in both, or topics with
    /// more elections were deleted meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leader_elections: Option<i64>,
    /// Elections in the quorum, those without a winner included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quorum_elections: Option<i64>,
}

/// A finding then and now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// What was looked for.
    pub rule: Rule,
    /// How many partitions, topics, groups or brokers were concerned.
    pub then: u64,
    /// How many are.
    pub now: u64,
}

/// How fast a volume fills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VolumeRate {
    /// Broker.
    pub broker: i32,
    /// Log dir.
    pub path: String,
    /// Growth of what is used since then; negative where it shrank.
    pub grown_bytes: i64,
    /// The same in a second.
    pub bytes_per_s: i64,
    /// Hours until it is full at that rate; `None` where it does not grow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours_to_full: Option<i64>,
}

/// Compares; `findings` are all those of `snapshot`.
pub(super) fn compare(snapshot: &Snapshot, findings: &[Finding]) -> Option<Comparison> {
    let before = snapshot.before()?;
    let mut comparison = Comparison {
        elapsed_ms: before.elapsed_ms,
        new: vec![],
        gone: vec![],
        worse: vec![],
        better: vec![],
        volumes: volume_rates(snapshot, &before),
        leader_elections: leader_elections(snapshot, &before),
        quorum_elections: quorum_elections(snapshot, &before),
    };
    for rule in Rule::ALL.iter().copied() {
        let mut now: Option<(u8, u64)> = None;
        for finding in findings.iter().filter(|f| f.rule == rule) {
            let (severity, extent) = (finding.severity as u8, finding.extent() as u64);
            now = Some(now.map_or((severity, extent), |(worst, sum)| {
                (severity.min(worst), extent.saturating_add(sum))
            }));
        }
        let then = before.digest.findings.get(&rule.code()).copied();
        let was_unseen = before.digest.unseen >> (rule.area() as u64) & 1 == 1;
        match (then, now) {
            (None, Some(_)) if !was_unseen => comparison.new.push(rule),
            (Some(_), None) if !unseen(snapshot, rule.area()) => comparison.gone.push(rule),
            (Some(then), Some(now)) => {
                // A lower number is a worse severity.
                let order = now.0.cmp(&then.0).reverse().then(now.1.cmp(&then.1));
                let change = Change {
                    rule,
                    then: then.1,
                    now: now.1,
                };
                match order {
                    std::cmp::Ordering::Greater => comparison.worse.push(change),
                    std::cmp::Ordering::Less => comparison.better.push(change),
                    std::cmp::Ordering::Equal => {}
                }
            }
            _ => {}
        }
    }
    Some(comparison)
}

/// Rates of the volumes that both snapshots know.
pub(super) fn volume_rates(snapshot: &Snapshot, before: &Before<'_>) -> Vec<VolumeRate> {
    let dirs = snapshot.log_dirs.as_deref().unwrap_or_default();
    dirs.iter()
        .filter_map(|dir| {
            let broker = u64::try_from(dir.broker).ok()?;
            let key = (broker, hash(dir.path.as_bytes()));
            let then = i64::try_from(*before.digest.used_bytes.get(&key)?).ok()?;
            let grown = used_bytes(dir)?.saturating_sub(then);
            let bytes_per_s = per_second(grown, before.elapsed_ms);
            let usable = dir.usable_bytes?;
            Some(VolumeRate {
                broker: dir.broker,
                path: dir.path.clone(),
                grown_bytes: grown,
                bytes_per_s,
                hours_to_full: (bytes_per_s > 0).then(|| usable / bytes_per_s / 3_600),
            })
        })
        .collect()
}

fn per_second(amount: i64, elapsed_ms: i64) -> i64 {
    let rate = i128::from(amount) * 1_000 / i128::from(elapsed_ms.max(1));
    i64::try_from(rate).unwrap_or(i64::MAX)
}

fn leader_elections(snapshot: &Snapshot, before: &Before<'_>) -> Option<i64> {
    let then = i64::try_from(before.digest.leader_epochs?).ok()?;
    let now = snapshot
        .topics
        .as_ref()?
        .iter()
        .flat_map(|t| &t.partitions)
        .fold(0_i64, |sum, p| {
            sum.saturating_add(p.leader_epoch.max(0).into())
        });
    Some(now.saturating_sub(then)).filter(|elections| *elections >= 0)
}

fn quorum_elections(snapshot: &Snapshot, before: &Before<'_>) -> Option<i64> {
    let then = i64::try_from(before.digest.quorum_epoch?).ok()?;
    let now = i64::from(snapshot.cluster.quorum.as_ref()?.leader_epoch);
    Some(now.saturating_sub(then)).filter(|elections| *elections >= 0)
}

/// Whether so many changes in the time since are flapping: at least `least`, and at least
/// `per_hour` an hour.
fn flaps(changes: i64, least: i64, per_hour: i64, elapsed_ms: i64) -> bool {
    let expected = i128::from(per_hour) * i128::from(elapsed_ms) / 3_600_000;
    changes >= least && i128::from(changes) >= expected
}

pub(super) fn judge(snapshot: &Snapshot, thresholds: &Thresholds, findings: &mut Vec<Finding>) {
    let Some(before) = snapshot.before() else {
        return;
    };
    let elections = quorum_elections(snapshot, &before).unwrap_or_default();
    if flaps(
        elections,
        thresholds.quorum_elections,
        thresholds.quorum_elections_per_hour,
        before.elapsed_ms,
    ) {
        let epoch = snapshot.cluster.quorum.as_ref().map(|q| q.leader_epoch);
        let mut found = Finding::new(Rule::QuorumFlapping, Severity::Warning, "metadata quorum");
        found.evidence = vec![format!(
            "{elections} elections in {}: epoch {} now",
            span(before.elapsed_ms),
            epoch.unwrap_or_default()
        )];
        found.meaning = "the active controller does not stay: each election stops leader elections and changes of topics for its while, and repeated ones point at slow disks, long pauses or a bad network among the controllers".into();
        found.remedy = "look at the controllers' logs for fetch timeouts and resignations, at their garbage collection and the latency of the metadata log's disk".into();
        found.next_tool = Some("kafka_quorum_describe".into());
        findings.push(found);
    }
    leaders_flapping(snapshot, &before, thresholds, findings);
}

fn leaders_flapping(
    snapshot: &Snapshot,
    before: &Before<'_>,
    thresholds: &Thresholds,
    findings: &mut Vec<Finding>,
) {
    // Where the highest epoch of a bucket has risen, the partition that has it now has risen at
    // least so far: it had no more than the highest one then.
    let mut rows: Vec<(i64, TopicPartition, Option<i32>)> = Vec::new();
    for topic in snapshot.topics.iter().flatten() {
        let then = before.digest.highest_epochs.get(bucket(&topic.name));
        let Some(then) = then.and_then(|n| i64::try_from(*n).ok()) else {
            continue;
        };
        for partition in &topic.partitions {
            let changes = i64::from(partition.leader_epoch).saturating_sub(then);
            if flaps(
                changes,
                thresholds.leader_changes,
                thresholds.leader_changes_per_hour,
                before.elapsed_ms,
            ) {
                let name = TopicPartition::new(topic.name.as_str(), partition.partition);
                rows.push((changes, name, partition.leader));
            }
        }
    }
    if rows.is_empty() {
        return;
    }
    rows.sort_by_key(|(changes, name, _)| (std::cmp::Reverse(*changes), name.clone()));
    let mut evidence = lines(
        rows.iter()
            .map(|(changes, name, leader)| {
                let leader = leader.map_or_else(|| "none".to_owned(), |id| id.to_string());
                format!(
                    "{name}: at least {changes} leader epochs in {}, leader {leader} now",
                    span(before.elapsed_ms)
                )
            })
            .collect(),
    );
    if let Some(all) = leader_elections(snapshot, before) {
        evidence.push(format!("{all} elections in all partitions together"));
    }
    let mut partitions: Vec<TopicPartition> = rows.into_iter().map(|(_, name, _)| name).collect();
    partitions.sort();
    let mut found = Finding::new(
        Rule::LeadersFlapping,
        Severity::Warning,
        count(&partitions, "partition", "partitions"),
    );
    found.evidence = evidence;
    found.meaning = "leadership goes to and fro: clients refresh their metadata and retry each time, and a broker that comes and goes is usually behind it".into();
    found.remedy = "find the broker that restarts, pauses or loses its way to the controllers, in its log and in the fenced brokers; keep it down until it is mended".into();
    found.next_tool = Some("kafka_topic_describe".into());
    found.partitions = partitions;
    findings.push(found);
}
