//! From what was read to the answer: records merged, coverage cut back to what is certain.

use super::merge::{Lane, merge, prune};
use super::track::Track;
use kafkaweave_core::model::{
    PartitionCoverage, PartitionRange, Record, ScanOrder, ScanRequest, StopReason,
};

/// Why reading ended before everything was read, seen from outside of the partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// The time bound.
    Deadline,
    /// The byte bound.
    Bytes,
}

/// What was read of one partition.
#[derive(Clone, Debug)]
pub struct Covered {
    /// What was asked for.
    pub range: PartitionRange,
    /// Offsets looked at, `from <= offset < to`.
    pub from: i64,
    /// See `from`.
    pub to: i64,
    /// Records looked at.
    pub records: u64,
    /// Why the range is not covered whole.
    pub incomplete: Option<String>,
    /// Nothing more would have come.
    pub ended: bool,
}

impl From<Track> for Covered {
    fn from(track: Track) -> Self {
        Self {
            ended: track.ended(),
            range: track.range,
            from: track.from,
            to: track.to,
            records: track.records,
            incomplete: track.why_incomplete(),
        }
    }
}

/// Records, coverage and reason.
pub fn conclude(
    request: &ScanRequest,
    tracks: Vec<impl Into<Covered>>,
    mut lanes: Vec<Lane>,
    halt: Option<Halt>,
) -> (Vec<Record>, Vec<PartitionCoverage>, StopReason) {
    if let Some(limit) = request.limit {
        prune(&mut lanes, request.order, limit);
    }
    let mut whole = true;
    let mut open = false;
    let mut coverage = Vec::with_capacity(tracks.len());
    for (track, lane) in tracks.into_iter().map(Into::into).zip(&lanes) {
        let (mut from, mut to) = (track.from, track.to);
        if let Some(cut) = lane.cut {
            match request.order {
                ScanOrder::Earliest => to = cut,
                ScanOrder::Latest => from = cut,
            }
        }
        let reached = match request.order {
            ScanOrder::Earliest => to >= track.range.end,
            ScanOrder::Latest => from <= track.range.start,
        };
        let failed = track.incomplete.is_some();
        whole &= reached && !failed;
        let given_up = failed && track.ended && lane.cut.is_none();
        open |= !(reached || given_up);
        let by_limit = || match halt {
            Some(Halt::Deadline) => "time was up",
            Some(Halt::Bytes) => "the byte bound was reached",
            None => "the limit was reached",
        };
        let incomplete = match track.incomplete {
            Some(why) => Some(why),
            None => (!reached).then(|| by_limit().to_owned()),
        };
        coverage.push(PartitionCoverage {
            range: track.range,
            from,
            to,
            records: track.records,
            incomplete,
        });
    }
    let stopped = match halt {
        Some(Halt::Deadline) if open => StopReason::Deadline,
        Some(Halt::Bytes) if open => StopReason::Bytes,
        None if open => StopReason::Limit,
        _ if whole => StopReason::End,
        _ => StopReason::Incomplete,
    };
    (merge(lanes, request.order), coverage, stopped)
}
