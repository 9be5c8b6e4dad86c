//! From "read from here to there" to a range of offsets per partition.
//!
//! Pure: earliest and latest offsets and the answers to look-ups by time are passed in.

use crate::model::{PartitionRange, ScanOrder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadFrom {
    /// The first record that is still there.
    Beginning,
    /// An offset, the same in every partition.
    Offset(i64),
    /// The first record with this timestamp or a later one, epoch ms.
    Timestamp(i64),
    /// The end, backwards: the newest records first. How many is the scan's limit, since offsets
    /// do not count records (compaction and transactions leave gaps).
    Tail,
}

/// Where reading ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadUntil {
    /// The end as it is now.
    End,
    /// Before this offset, the same in every partition.
    Offset(i64),
    /// Before the first record with this timestamp or a later one, epoch ms.
    Timestamp(i64),
}

/// What is known of a partition when the plan is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionBounds {
    /// Partition.
    pub partition: i32,
    /// First offset still there.
    pub earliest: i64,
    /// End: high watermark, or last stable offset under read_committed.
    pub latest: i64,
    /// Answer of the look-up for [`ReadFrom::Timestamp`]; `None` when no record is that late.
    pub from_time: Option<i64>,
    /// Answer of the look-up for [`ReadUntil::Timestamp`]; `None` when no record is that late.
    pub until_time: Option<i64>,
}

/// Something about a plan that the reader should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "note", rename_all = "snake_case")]
pub enum PlanNote {
    /// Records were asked for that are gone: deleted by retention, compaction or by request.
    BeforeEarliest {
        /// Partition.
        partition: i32,
        /// Offset asked for.
        asked: i64,
        /// First offset still there; reading begins here.
        earliest: i64,
    },
    /// Offsets were asked for that are not written yet.
    BeyondLatest {
        /// Partition.
        partition: i32,
        /// Offset asked for.
        asked: i64,
        /// The end; reading ends here.
        latest: i64,
    },
    /// Partitions were added since the first page: the cursor leads to none of them.
    NewPartitions {
        /// First of them.
        first: i32,
        /// Last of them.
        last: i32,
    },
}

/// What to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadPlan {
    /// A range for every partition, also the empty ones (`start == end`), by partition.
    pub ranges: Vec<PartitionRange>,
    /// Direction.
    pub order: ScanOrder,
    /// What differs from what was asked for.
    pub notes: Vec<PlanNote>,
}

/// Fixes the ranges to read.
///
/// Times are found as Kafka finds them: by the first record that is late enough. All records
/// before it are earlier, so nothing is missed at the start; with producers' clocks out of order
/// an earlier record may lie behind the end and a few inside may be earlier than the start. Add a
/// condition on `timestamp` where that matters.
pub fn plan(from: ReadFrom, until: ReadUntil, bounds: &[PartitionBounds]) -> ReadPlan {
    let mut plan = ReadPlan {
        ranges: Vec::with_capacity(bounds.len()),
        order: match from {
            ReadFrom::Tail => ScanOrder::Latest,
            _ => ScanOrder::Earliest,
        },
        notes: Vec::new(),
    };
    for bound in bounds {
        let partition = bound.partition;
        let latest = bound.latest.max(bound.earliest);
        let mut within = |asked: i64| {
            if asked < bound.earliest {
                plan.notes.push(PlanNote::BeforeEarliest {
                    partition,
                    asked,
                    earliest: bound.earliest,
                });
            } else if asked > latest {
                plan.notes.push(PlanNote::BeyondLatest {
                    partition,
                    asked,
                    latest,
                });
            }
            asked.clamp(bound.earliest, latest)
        };
        let start = match from {
            ReadFrom::Beginning | ReadFrom::Tail => bound.earliest,
            ReadFrom::Offset(offset) => within(offset),
            ReadFrom::Timestamp(_) => bound
                .from_time
                .unwrap_or(latest)
                .clamp(bound.earliest, latest),
        };
        let end = match until {
            ReadUntil::End => latest,
            ReadUntil::Offset(offset) => within(offset),
            ReadUntil::Timestamp(_) => bound
                .until_time
                .unwrap_or(latest)
                .clamp(bound.earliest, latest),
        };
        plan.ranges.push(PartitionRange {
            partition,
            start,
            end: end.max(start),
        });
    }
    plan.ranges.sort_by_key(|range| range.partition);
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(partition: i32, earliest: i64, latest: i64) -> PartitionBounds {
        PartitionBounds {
            partition,
            earliest,
            latest,
            from_time: None,
            until_time: None,
        }
    }

    fn only(from: ReadFrom, until: ReadUntil, bound: PartitionBounds) -> (i64, i64, usize) {
        let plan = plan(from, until, &[bound]);
        (plan.ranges[0].start, plan.ranges[0].end, plan.notes.len())
    }

    #[test]
    fn ranges_stay_inside_of_what_is_there() {
        let b = bounds(0, 100, 200);
        for (from, until, expected) in [
            (ReadFrom::Beginning, ReadUntil::End, (100, 200, 0)),
            (ReadFrom::Offset(150), ReadUntil::Offset(160), (150, 160, 0)),
            (ReadFrom::Offset(5), ReadUntil::End, (100, 200, 1)),
            (ReadFrom::Offset(500), ReadUntil::End, (200, 200, 1)),
            (ReadFrom::Offset(0), ReadUntil::Offset(900), (100, 200, 2)),
            (ReadFrom::Offset(180), ReadUntil::Offset(120), (180, 180, 0)),
            (
                ReadFrom::Offset(i64::MIN),
                ReadUntil::Offset(i64::MAX),
                (100, 200, 2),
            ),
            (ReadFrom::Tail, ReadUntil::End, (100, 200, 0)),
        ] {
            assert_eq!(only(from, until, b), expected, "{from:?} {until:?}");
        }
    }

    #[test]
    fn a_time_after_the_last_record_begins_and_ends_at_the_end() {
        let mut b = bounds(0, 100, 200);
        assert_eq!(
            only(ReadFrom::Timestamp(1), ReadUntil::End, b),
            (200, 200, 0)
        );
        b.from_time = Some(120);
        assert_eq!(
            only(ReadFrom::Timestamp(1), ReadUntil::Timestamp(2), b),
            (120, 200, 0)
        );
        b.until_time = Some(130);
        assert_eq!(
            only(ReadFrom::Timestamp(1), ReadUntil::Timestamp(2), b),
            (120, 130, 0)
        );
    }

    #[test]
    fn a_look_up_that_retention_overtook_is_clamped() {
        let mut b = bounds(0, 100, 200);
        b.from_time = Some(50);
        assert_eq!(
            only(ReadFrom::Timestamp(1), ReadUntil::End, b),
            (100, 200, 0)
        );
    }

    #[test]
    fn the_tail_is_read_newest_first_and_empty_partitions_stay_in_the_plan() {
        let plan = plan(
            ReadFrom::Tail,
            ReadUntil::End,
            &[bounds(1, 7, 7), bounds(0, 0, 9)],
        );
        assert_eq!(plan.order, ScanOrder::Latest);
        assert_eq!(
            plan.ranges
                .iter()
                .map(|r| (r.partition, r.start, r.end))
                .collect::<Vec<_>>(),
            [(0, 0, 9), (1, 7, 7)]
        );
    }
}
