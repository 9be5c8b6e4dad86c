//! Which offsets to read: a few slices of each partition, evenly over its log, the newest included.

use crate::model::PartitionRange;

/// Slices of a partition at most: each is a request of its own.
const MAX_SLICES: i64 = 8;
/// Partitions at most; of more, evenly chosen ones.
const MAX_PARTITIONS: usize = 100;

/// Rounds of ranges, each with at most one range a partition, in all about `records` offsets.
/// Partitions that hold less than their part leave it to the others.
pub fn slices(ranges: &[PartitionRange], records: usize) -> Vec<Vec<PartitionRange>> {
    let mut full: Vec<PartitionRange> = ranges
        .iter()
        .filter(|range| range.start < range.end)
        .copied()
        .collect();
    full.sort_by_key(|range| range.partition);
    let most = MAX_PARTITIONS.min(records.max(1));
    if full.len() > most {
        let step = |index: usize| index * (full.len() - 1) / (most - 1).max(1);
        full = (0..most)
            .filter_map(|index| full.get(step(index)).copied())
            .collect();
    }
    full.sort_by_key(|range| range.end - range.start);
    let mut left = i64::try_from(records).unwrap_or(i64::MAX);
    let mut rounds: Vec<Vec<PartitionRange>> = Vec::new();
    let partitions = full.len();
    for (index, range) in full.into_iter().enumerate() {
        let share = i64::try_from(partitions - index).map_or(left, |rest| left / rest);
        let own = share.clamp(1, range.end - range.start);
        left = (left - own).max(0);
        for (round, slice) in cut(range, own).into_iter().enumerate() {
            if rounds.len() <= round {
                rounds.push(Vec::new());
            }
            if let Some(round) = rounds.get_mut(round) {
                round.push(slice);
            }
        }
    }
    for round in &mut rounds {
        round.sort_by_key(|range| range.partition);
    }
    rounds
}

/// Slices of one partition, newest first, `own` offsets together.
fn cut(range: PartitionRange, own: i64) -> Vec<PartitionRange> {
    let span = range.end - range.start;
    if own >= span {
        return vec![range];
    }
    let count = MAX_SLICES.min(own);
    let size = own / count;
    (0..count)
        .rev()
        .map(|index| {
            let start = match count {
                1 => span - size,
                _ => i64::try_from(
                    i128::from(index) * i128::from(span - size) / i128::from(count - 1),
                )
                .unwrap_or_default(),
            };
            PartitionRange {
                partition: range.partition,
                start: range.start + start,
                end: range.start + start + size,
            }
        })
        .collect()
}
