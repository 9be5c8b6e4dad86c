//! What a group committed before anybody asked: its commits with their own times, from the log that
//! Kafka keeps them in.
//!
//! For the first questions about one group, when there are few looks yet. The lag at a commit is told
//! from the first record that is not older than it, which a leader finds in its index: the end of the
//! log at that time, as far as producers' clocks are right. Who may not read that log is told so.

use kafkaweave_client::kafka::Engine;
use kafkaweave_core::diagnose::lag::burrow::{Commit, INTERVALS};
use kafkaweave_core::diagnose::lag::{GroupLag, LagState, PartitionLag, Point};
use kafkaweave_core::model::{
    CommitLog, GroupType, Isolation, OffsetSpec, PartitionOffset, TopicPartition,
};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// How far back the log is read.
const LOG_BYTES: u64 = 1 << 20;
/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// Partitions that are judged, those with the most lag.
const PARTITIONS: usize = 16;
/// Fewer commits tell no direction.
const FEWEST: usize = 3;
/// Commits whose lag is looked up, the first and the last among them: each costs a request.
const LOOKED_UP: usize = 4;
/// The newest commits in each partition of a group, in its order, with the lag of each; none where
/// there are too few to tell a direction, or nothing is unread.
///
/// # Errors
/// Why it cannot be read, in words.
pub(crate) async fn logged(
    engine: &dyn Engine,
    group: &GroupLag,
    deadline: Instant,
) -> Result<Vec<Vec<Commit>>, String> {
    let until = deadline.min(Instant::now() + PATIENCE);
    let read = tokio::time::timeout_at(until, read(engine, group, until));
    read.await
        .unwrap_or_else(|_| Err("no answer in time".into()))
}

async fn read(
    engine: &dyn Engine,
    group: &GroupLag,
    until: Instant,
) -> Result<Vec<Vec<Commit>>, String> {
    let mut worst: Vec<(usize, &PartitionLag)> = group
        .partitions
        .iter()
        .enumerate()
        .filter(|(_, row)| row.lag.is_some_and(|lag| lag > 0))
        .filter(|(_, row)| matches!(row.state, LagState::Ok | LagState::Expired))
        .collect();
    worst.sort_by_key(|(_, row)| std::cmp::Reverse(row.lag));
    worst.truncate(PARTITIONS);
    let mut found = vec![Vec::new(); group.partitions.len()];
    if worst.is_empty() || group.group_type == GroupType::Share {
        return Ok(found);
    }
    let log = engine
        .commits(&group.group, LOG_BYTES, until)
        .await
        .map_err(|error| error.to_string())?;
    let mut commits = newest(&log, worst.iter().map(|(_, row)| *row));
    commits.retain(|_, own| own.len() >= FEWEST);
    let mut queries: Vec<(TopicPartition, OffsetSpec)> = Vec::new();
    for (partition, own) in &commits {
        let times = looked_up(own).map(|commit| commit.at_ms);
        queries.extend(times.map(|at_ms| (partition.clone(), OffsetSpec::AtTime(at_ms))));
    }
    queries.sort();
    queries.dedup();
    let ends = match queries.as_slice() {
        [] => Vec::new(),
        queries => {
            engine
                .offsets(queries, Isolation::ReadUncommitted)
                .await
                .map_err(|error| error.to_string())?
                .value
        }
    };
    for (at, row) in worst {
        let partition = TopicPartition::new(row.topic.as_str(), row.partition);
        if let (Some(own), Some(slot)) = (commits.get(&partition), found.get_mut(at)) {
            *slot = with_lags(row, own, &ends);
        }
    }
    Ok(found)
}

/// The newest commits of some partitions, as many as Burrow keeps.
fn newest<'a>(
    log: &CommitLog,
    rows: impl Iterator<Item = &'a PartitionLag>,
) -> HashMap<TopicPartition, Vec<Commit>> {
    let mut found: HashMap<TopicPartition, Vec<Commit>> = rows
        .map(|row| {
            let partition = TopicPartition::new(row.topic.as_str(), row.partition);
            (partition, Vec::new())
        })
        .collect();
    for commit in log.commits.iter().rev() {
        let partition = TopicPartition::new(commit.topic.as_str(), commit.partition);
        if let Some(own) = found.get_mut(&partition)
            && own.len() < INTERVALS
        {
            own.push(Commit {
                offset: commit.offset,
                at_ms: commit.at_ms,
                lag: None,
            });
        }
    }
    found.values_mut().for_each(|own| own.reverse());
    found
}

/// The commits whose lag is looked up, evenly chosen.
fn looked_up(commits: &[Commit]) -> impl Iterator<Item = &Commit> {
    let last = commits.len().saturating_sub(1);
    let steps = LOOKED_UP.saturating_sub(1).max(1);
    let mut at: Vec<usize> = (0..=steps).map(|step| step * last / steps).collect();
    at.dedup();
    at.into_iter().filter_map(|at| commits.get(at))
}

fn with_lags(row: &PartitionLag, own: &[Commit], ends: &[PartitionOffset]) -> Vec<Commit> {
    let end_at = |at_ms: i64| {
        let found = ends.iter().find(|end| {
            end.spec == OffsetSpec::AtTime(at_ms)
                && end.partition.partition == row.partition
                && end.partition.topic == row.topic
        })?;
        // Without a record that is as young, the log ended where it ends now.
        found.offset.or(row.log_end)
    };
    let known: Vec<(i64, i64)> = own
        .iter()
        .filter_map(|commit| Some((commit.at_ms, end_at(commit.at_ms)?)))
        .collect();
    // Between two that were looked up a line serves: ends from elsewhere would make a saw of it.
    let end = |at_ms: i64| {
        let (from, to) = known
            .windows(2)
            .filter_map(|w| w.first().zip(w.last()))
            .find(|(from, to)| (from.0..=to.0).contains(&at_ms))?;
        if from.0 == to.0 {
            return Some(to.1);
        }
        let passed = at_ms.abs_diff(from.0) as f64 / to.0.abs_diff(from.0) as f64;
        Some(from.1 + ((to.1.saturating_sub(from.1)) as f64 * passed).round() as i64)
    };
    own.iter()
        .map(|commit| Commit {
            lag: end(commit.at_ms).map(|end| end.saturating_sub(commit.offset).max(0)),
            ..*commit
        })
        .collect()
}

/// Commits as looks, the present as the last. Nothing is known of members then.
pub(crate) fn points(row: &PartitionLag, commits: &[Commit], now_ms: i64) -> Vec<Point> {
    let point = |commit: &Commit| Point {
        at_ms: commit.at_ms,
        committed: Some(commit.offset),
        owned: None,
        log_end: commit.lag.map(|lag| commit.offset.saturating_add(lag)),
    };
    let present = Point {
        at_ms: now_ms,
        committed: row.committed,
        owned: None,
        log_end: row.log_end,
    };
    let before = commits.iter().filter(|commit| commit.at_ms < now_ms);
    before.map(point).chain([present]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafkaweave_core::diagnose::lag::burrow::Verdict;
    use kafkaweave_core::diagnose::lag::outlook::partition_of_commits;

    fn row(committed: i64, end: i64) -> PartitionLag {
        PartitionLag {
            topic: "orders".into(),
            partition: 0,
            committed: Some(committed),
            log_start: Some(0),
            log_end: Some(end),
            lag: Some(end - committed),
            lost: None,
            time_lag_ms: None,
            time_why: None,
            owner: None,
            state: LagState::Ok,
            why: None,
        }
    }

    const NOW_MS: i64 = 10_000_000;

    /// Commits every second up to `silent_s` ago; the log grows by 100 a second and ends at 10,000.
    fn verdict(silent_s: i64, offsets: [i64; 5]) -> Option<Verdict> {
        let end = |at_ms: i64| 10_000 - (NOW_MS - at_ms) / 10;
        let own: Vec<Commit> = (0..)
            .zip(offsets)
            .map(|(n, offset)| Commit {
                offset,
                at_ms: NOW_MS - (silent_s + 4 - n) * 1000,
                lag: None,
            })
            .collect();
        let ends: Vec<PartitionOffset> = looked_up(&own)
            .map(|commit| PartitionOffset {
                partition: TopicPartition::new("orders", 0),
                spec: OffsetSpec::AtTime(commit.at_ms),
                offset: Some(end(commit.at_ms)),
                timestamp_ms: None,
            })
            .collect();
        let row = row(offsets[4], 10_000);
        let commits = with_lags(&row, &own, &ends);
        let points = points(&row, &commits, NOW_MS);
        assert_eq!(points.len(), 6);
        partition_of_commits(&row, &commits, &points, None, NOW_MS).verdict
    }

    #[test]
    fn commits_with_their_own_times_are_judged() {
        assert_eq!(verdict(1, [100, 150, 200, 250, 300]), Some(Verdict::Warn));
        assert_eq!(verdict(1, [100, 400, 700, 1000, 1300]), Some(Verdict::Ok));
        assert_eq!(verdict(1, [100; 5]), Some(Verdict::Stall));
        assert_eq!(verdict(1, [100, 200, 300, 50, 60]), Some(Verdict::Rewind));
        assert_eq!(verdict(60, [100, 150, 200, 250, 300]), Some(Verdict::Stop));
    }

    #[test]
    fn the_first_and_the_last_commit_are_looked_up_and_few_between() {
        let commits: Vec<Commit> = (0..10)
            .map(|n| Commit {
                offset: n,
                at_ms: n,
                lag: None,
            })
            .collect();
        let at: Vec<i64> = looked_up(&commits).map(|c| c.at_ms).collect();
        assert_eq!(at, [0, 3, 6, 9]);
        assert_eq!(looked_up(&commits[..1]).count(), 1);
        assert_eq!(looked_up(&[]).count(), 0);
    }
}
