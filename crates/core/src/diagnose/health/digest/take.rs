//! Taking a digest: what is kept when there is more than there is room for.

use super::super::finding::Report;
use super::super::groups::{rebalances, working_backlog};
use super::super::reassignments::{copied_bytes, key};
use super::super::snapshot::{GroupSight, Snapshot};
use super::super::storage::used_bytes;
use super::super::verdict::not_judged;
use super::{
    BUCKETS, Digest, MOST_DIRS, MOST_GROUPS, MOST_MOVING, MOST_STATIC_MEMBERS, NAME_BYTES,
    NAMES_BYTES, Progress, StaticMember, bucket, hash,
};
use std::cmp::Reverse;
use std::collections::BTreeMap;

impl Digest {
    /// The digest of a snapshot that was judged.
    pub fn of(snapshot: &Snapshot, report: &Report) -> Self {
        let mut digest = Self {
            cluster: snapshot
                .cluster
                .cluster_id
                .as_ref()
                .map(|id| hash(id.as_bytes())),
            taken_ms: u64::try_from(snapshot.now_ms).unwrap_or_default(),
            ..Self::default()
        };
        for area in not_judged(snapshot) {
            digest.unseen |= 1 << (area as u64);
        }
        for finding in &report.findings {
            let extent = finding.extent() as u64;
            let severity = finding.severity as u8;
            digest
                .findings
                .entry(finding.rule.code())
                .and_modify(|(worst, sum)| {
                    *worst = severity.min(*worst);
                    *sum = sum.saturating_add(extent);
                })
                .or_insert((severity, extent));
        }
        let quorum = snapshot.cluster.quorum.as_ref();
        digest.quorum_epoch = quorum.and_then(|q| u64::try_from(q.leader_epoch).ok());
        take_epochs(snapshot, &mut digest);
        take_dirs(snapshot, &mut digest);
        let groups = snapshot.groups.as_deref().unwrap_or_default();
        take_rebalancing(snapshot, groups, &mut digest);
        take_static_members(groups, &mut digest);
        take_progress(snapshot, groups, &mut digest);
        take_moving(snapshot, &mut digest);
        digest
    }
}

fn take_epochs(snapshot: &Snapshot, digest: &mut Digest) {
    let Some(topics) = &snapshot.topics else {
        return;
    };
    let mut sum: u64 = 0;
    digest.highest_epochs = vec![0; BUCKETS as usize];
    for topic in topics {
        let epochs = topic
            .partitions
            .iter()
            .map(|p| u64::try_from(p.leader_epoch).unwrap_or_default());
        let highest = epochs.clone().max().unwrap_or_default();
        sum = sum.saturating_add(epochs.fold(0, u64::saturating_add));
        if let Some(slot) = digest.highest_epochs.get_mut(bucket(&topic.name)) {
            *slot = highest.max(*slot);
        }
    }
    digest.leader_epochs = Some(sum);
}

fn take_dirs(snapshot: &Snapshot, digest: &mut Digest) {
    let dirs = snapshot.log_dirs.as_deref().unwrap_or_default();
    let mut known: Vec<_> = dirs
        .iter()
        .filter_map(|dir| {
            let used = u64::try_from(used_bytes(dir)?).ok()?;
            let broker = u64::try_from(dir.broker).ok()?;
            Some(((broker, hash(dir.path.as_bytes())), used, dir.usable_bytes))
        })
        .collect();
    // Those with the least room are the ones whose filling up matters.
    known.sort_by_key(|(key, _, usable)| (*usable, *key));
    known.truncate(MOST_DIRS);
    digest.used_bytes = known
        .into_iter()
        .map(|(key, used, _)| (key, used))
        .collect();
}

/// For how long something is so, when the earlier snapshot says for how long it was so then.
fn still(snapshot: &Snapshot, earlier_s: Option<u64>) -> u64 {
    match (snapshot.before(), earlier_s) {
        (Some(before), Some(seconds)) => u64::try_from(before.add(seconds) / 1_000).unwrap_or(0),
        _ => 0,
    }
}

fn take_rebalancing(snapshot: &Snapshot, groups: &[GroupSight], digest: &mut Digest) {
    let mut all: Vec<(u32, u64)> = groups
        .iter()
        .filter(|g| rebalances(&g.listing.state))
        .map(|g| {
            let key = hash(g.listing.group.as_bytes());
            let before = snapshot.before.as_ref();
            let earlier = before.and_then(|d| d.rebalancing.get(&key)).copied();
            (key, still(snapshot, earlier))
        })
        .collect();
    all.sort_by_key(|(key, seconds)| (Reverse(*seconds), *key));
    all.truncate(MOST_GROUPS);
    digest.rebalancing = all.into_iter().collect();
}

fn take_static_members(groups: &[GroupSight], digest: &mut Digest) {
    let mut room = NAMES_BYTES;
    for group in groups {
        for member in group.members.iter().flatten() {
            let Some(name) = &member.instance_id else {
                continue;
            };
            if digest.static_members.len() == MOST_STATIC_MEMBERS {
                return;
            }
            let fits = name.len() <= NAME_BYTES.min(room);
            let kept = if fits { name.clone() } else { String::new() };
            room = room.saturating_sub(kept.len());
            digest.static_members.push(StaticMember {
                group: hash(group.listing.group.as_bytes()),
                id: hash(name.as_bytes()),
                name: kept,
            });
        }
    }
}

fn take_progress(snapshot: &Snapshot, groups: &[GroupSight], digest: &mut Digest) {
    let mut all: Vec<_> = groups
        .iter()
        .filter_map(|g| {
            let backlog = working_backlog(snapshot, g)?;
            Some((hash(g.listing.group.as_bytes()), backlog))
        })
        .collect();
    all.sort_by_key(|(key, backlog)| (Reverse(backlog.lag), *key));
    all.truncate(MOST_GROUPS);
    let before = snapshot.before.as_ref().map(|d| &d.progress);
    digest.progress = all
        .into_iter()
        .map(|(key, backlog)| {
            (
                key,
                progress(snapshot, before, key, Some(backlog.committed)),
            )
        })
        .collect();
}

fn take_moving(snapshot: &Snapshot, digest: &mut Digest) {
    let before = snapshot.before.as_ref().map(|d| &d.moving);
    digest.moving = snapshot
        .reassignments
        .iter()
        .flatten()
        .take(MOST_MOVING)
        .map(|r| {
            let key = key(&r.partition);
            let copied = copied_bytes(snapshot, r);
            (key, progress(snapshot, before, key, copied))
        })
        .collect();
}

fn progress(
    snapshot: &Snapshot,
    before: Option<&BTreeMap<u32, Progress>>,
    key: u32,
    sum: Option<u64>,
) -> Progress {
    let earlier = before
        .and_then(|all| all.get(&key))
        .filter(|earlier| sum.is_some() && earlier.sum == sum);
    Progress {
        sum,
        unchanged_s: still(snapshot, earlier.map(|e| e.unchanged_s)),
    }
}
