//! Which matches of several partitions are the first (or last) so many.
//!
//! Partitions are merged by timestamp while each keeps its own order of offsets, so what is taken
//! of a partition is always a continuous beginning of what was read of it. That makes coverage
//! exact, and a resumed scan neither skips nor repeats. Where producers' clocks run out of order
//! the choice between partitions is by the clock, the order within one by offset.

use kafkaweave_core::model::{Record, ScanOrder};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// The matches of one partition, in the direction of the scan.
#[derive(Debug, Default)]
pub struct Lane {
    /// Wanted records, the first of them first.
    pub matches: VecDeque<Record>,
    /// Matches were left out from here on (earliest: offset of the first one left out; latest:
    /// offset after it). Nothing more needs to be read.
    pub cut: Option<i64>,
    /// How far the reading has come in time, epoch ms: what is still unread is taken to be later
    /// (latest: earlier).
    pub frontier_ms: Option<i64>,
    /// Nothing more will come.
    pub ended: bool,
}

/// A record's rank: the largest is taken first.
fn rank(order: ScanOrder, record: &Record) -> (i64, Reverse<i32>) {
    let timestamp = record.timestamp_ms.unwrap_or(-1);
    let time = match order {
        ScanOrder::Earliest => -timestamp,
        ScanOrder::Latest => timestamp,
    };
    (time, Reverse(record.partition))
}

/// Indexes of lanes in the order in which their heads are taken, `limit` at most.
fn take_order(lanes: &[Lane], order: ScanOrder, limit: usize) -> Vec<usize> {
    let head = |lane: usize, at: usize| {
        let record = lanes.get(lane)?.matches.get(at)?;
        Some((rank(order, record), Reverse(lane), at))
    };
    let mut heads: BinaryHeap<_> = (0..lanes.len()).filter_map(|lane| head(lane, 0)).collect();
    let mut taken = Vec::new();
    while taken.len() < limit
        && let Some((_, Reverse(lane), at)) = heads.pop()
    {
        taken.push(lane);
        heads.extend(head(lane, at + 1));
    }
    taken
}

/// Lets go of matches that cannot be among the first `limit` whatever else is read: later matches
/// only ever push others back. Bounds what is kept.
pub fn prune(lanes: &mut [Lane], order: ScanOrder, limit: usize) {
    let total: usize = lanes.iter().map(|lane| lane.matches.len()).sum();
    if total <= limit {
        return;
    }
    let mut counts = vec![0; lanes.len()];
    for lane in take_order(lanes, order, limit) {
        if let Some(count) = counts.get_mut(lane) {
            *count += 1;
        }
    }
    for (lane, count) in lanes.iter_mut().zip(counts) {
        if let Some(first_out) = lane.matches.get(count) {
            lane.cut = Some(match order {
                ScanOrder::Earliest => first_out.offset,
                ScanOrder::Latest => first_out.offset + 1,
            });
            lane.matches.truncate(count);
        }
    }
}

/// Which lanes must be read further before the first `limit` are certain. Call after [`prune`].
pub fn wanting(lanes: &[Lane], order: ScanOrder, limit: Option<usize>) -> Vec<bool> {
    let total: usize = lanes.iter().map(|lane| lane.matches.len()).sum();
    let last_taken = limit.filter(|limit| total >= *limit).and_then(|_| {
        lanes
            .iter()
            .flat_map(|lane| &lane.matches)
            .map(|record| rank(order, record).0)
            .min()
    });
    lanes
        .iter()
        .map(|lane| {
            if lane.ended || lane.cut.is_some() {
                return false;
            }
            if limit.is_some_and(|limit| lane.matches.len() >= limit) {
                return false;
            }
            let frontier = lane.frontier_ms.map(|ms| match order {
                ScanOrder::Earliest => -ms,
                ScanOrder::Latest => ms,
            });
            match (last_taken, frontier) {
                (Some(last), Some(frontier)) => frontier >= last,
                _ => true,
            }
        })
        .collect()
}

/// All matches in their final order.
pub(super) fn merge(mut lanes: Vec<Lane>, order: ScanOrder) -> Vec<Record> {
    take_order(&lanes, order, usize::MAX)
        .into_iter()
        .filter_map(|lane| lanes.get_mut(lane)?.matches.pop_front())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ScanOrder::{Earliest, Latest};
    use kafkaweave_core::model::TimestampType;

    fn record(partition: i32, offset: i64, timestamp_ms: i64) -> Record {
        Record {
            partition,
            offset,
            timestamp_ms: (timestamp_ms >= 0).then_some(timestamp_ms),
            timestamp_type: TimestampType::CreateTime,
            key: None,
            key_size_bytes: 0,
            value: None,
            value_size_bytes: 0,
            headers: Vec::new(),
            headers_total: 0,
        }
    }

    /// A lane of `(offset, timestamp)`, ended.
    fn lane(partition: i32, records: &[(i64, i64)]) -> Lane {
        Lane {
            matches: records
                .iter()
                .map(|(offset, time)| record(partition, *offset, *time))
                .collect(),
            ended: true,
            ..Lane::default()
        }
    }

    fn merged(lanes: Vec<Lane>, order: ScanOrder) -> Vec<(i32, i64)> {
        merge(lanes, order)
            .iter()
            .map(|r| (r.partition, r.offset))
            .collect()
    }

    #[test]
    fn partitions_are_merged_by_time_and_ties_by_partition() {
        let lanes = || vec![lane(0, &[(0, 10), (1, 30)]), lane(1, &[(7, 10), (8, 20)])];
        assert_eq!(merged(lanes(), Earliest), [(0, 0), (1, 7), (1, 8), (0, 1)]);
        let lanes = vec![lane(0, &[(1, 30), (0, 10)]), lane(1, &[(8, 20), (7, 10)])];
        assert_eq!(merged(lanes, Latest), [(0, 1), (1, 8), (0, 0), (1, 7)]);
    }

    #[test]
    fn within_a_partition_offsets_decide_even_when_its_clock_runs_backwards() {
        let lanes = vec![lane(0, &[(0, 50), (1, 5), (2, -1)]), lane(1, &[(0, 20)])];
        assert_eq!(merged(lanes, Earliest), [(1, 0), (0, 0), (0, 1), (0, 2)]);
    }

    #[test]
    fn pruning_keeps_the_first_and_says_where_each_partition_was_cut() {
        let mut lanes = vec![
            lane(0, &[(0, 10), (4, 40), (5, 50)]),
            lane(1, &[(7, 20), (8, 30)]),
            lane(2, &[(1, 60)]),
        ];
        prune(&mut lanes, Earliest, 3);
        let left: Vec<_> = lanes.iter().map(|l| (l.matches.len(), l.cut)).collect();
        assert_eq!(left, [(1, Some(4)), (2, None), (0, Some(1))]);
        let mut lanes = vec![lane(0, &[(5, 50), (4, 40)]), lane(1, &[(8, 45), (7, 20)])];
        prune(&mut lanes, Latest, 2);
        let left: Vec<_> = lanes.iter().map(|l| (l.matches.len(), l.cut)).collect();
        assert_eq!(left, [(1, Some(5)), (1, Some(8))]);
    }

    #[test]
    fn a_partition_is_read_on_until_its_time_has_passed_the_last_match_taken() {
        let open = |frontier_ms| Lane {
            frontier_ms,
            ..Lane::default()
        };
        let found = lane(0, &[(0, 10), (1, 20)]);
        let lanes = [
            found,
            open(None),
            open(Some(15)),
            open(Some(20)),
            open(Some(21)),
        ];
        assert_eq!(
            wanting(&lanes, Earliest, Some(2)),
            [false, true, true, true, false]
        );
        assert_eq!(
            wanting(&lanes, Earliest, Some(3)),
            [false, true, true, true, true]
        );
        assert_eq!(
            wanting(&lanes, Earliest, None),
            [false, true, true, true, true]
        );
        let found = lane(0, &[(1, 20), (0, 10)]);
        let lanes = [
            found,
            open(None),
            open(Some(15)),
            open(Some(10)),
            open(Some(9)),
        ];
        assert_eq!(
            wanting(&lanes, Latest, Some(2)),
            [false, true, true, true, false]
        );
    }

    #[test]
    fn a_partition_with_enough_matches_of_its_own_or_a_cut_is_done() {
        let mut full = lane(0, &[(0, 10), (1, 20)]);
        full.ended = false;
        let cut = Lane {
            cut: Some(5),
            ..Lane::default()
        };
        assert_eq!(wanting(&[full, cut], Earliest, Some(2)), [false, false]);
    }
}
