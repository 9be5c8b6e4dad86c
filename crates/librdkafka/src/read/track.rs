//! How far one partition has been read. Pure but for the clock of its silence.

use kafkaweave_client::kafka::scan::parts::{
    Covered, Lane, deleted, keep, log_ends, open_transaction,
};
use kafkaweave_core::model::{
    Isolation, PartitionRange, Record, RecordView, ScanOrder, ScanRequest, TimestampType,
};
use kafkaweave_core::search::Verdict;
use std::collections::VecDeque;
use std::time::Instant;

/// Offsets of the first block in latest order where nothing is known of how many records are wanted.
const FIRST_BLOCK: i64 = 1_000;
/// A block grows this many times over the one before.
const GROWTH: i64 = 8;

/// What to do after a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Go,
    /// The piece is read: begin the next one, or stop.
    Again,
}

/// The reading of one partition.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) range: PartitionRange,
    order: ScanOrder,
    from: i64,
    to: i64,
    records: u64,
    incomplete: Option<String>,
    pub(super) ended: bool,
    pub(super) reading: bool,
    /// Where the piece under way is read on, and where it ends.
    pub(super) next: i64,
    end: i64,
    piece_start: i64,
    floor: i64,
    block: VecDeque<Record>,
    block_cut: Option<i64>,
    block_first_ms: Option<i64>,
    /// Reports of damage without a record in between.
    pub(super) damage: usize,
    /// When it last made itself heard.
    pub(super) heard: Instant,
}

impl Track {
    pub(super) fn new(range: PartitionRange, request: &ScanRequest) -> Self {
        let empty = range.start >= range.end;
        let side = match request.order {
            ScanOrder::Earliest => range.start,
            ScanOrder::Latest => range.end,
        };
        let mut track = Self {
            range,
            order: request.order,
            from: side,
            to: side,
            records: 0,
            incomplete: None,
            ended: empty,
            reading: !empty,
            next: range.start,
            end: range.end,
            piece_start: range.start,
            floor: range.start,
            block: VecDeque::new(),
            block_cut: None,
            block_first_ms: None,
            damage: 0,
            heard: Instant::now(),
        };
        if request.order == ScanOrder::Latest && !empty {
            let first = match request.limit {
                Some(limit) if request.predicate.is_none() => {
                    i64::try_from(limit).unwrap_or(i64::MAX)
                }
                Some(_) => FIRST_BLOCK,
                // All of it is kept anyway.
                None => i64::MAX,
            };
            track.piece(range.end, first.max(64));
        }
        track
    }

    fn piece(&mut self, end: i64, offsets: i64) {
        self.end = end;
        self.piece_start = end.saturating_sub(offsets).max(self.floor);
        self.next = self.piece_start;
    }

    /// Whether a block of latest order is read in part: only its end makes it count.
    pub(super) fn within_block(&self) -> bool {
        self.order == ScanOrder::Latest && self.reading && self.next > self.piece_start
    }

    pub(super) fn stop(&mut self, why: String) {
        self.ended = true;
        self.reading = false;
        match &mut self.incomplete {
            Some(before) => {
                before.push_str("; ");
                before.push_str(&why);
            }
            none => *none = Some(why),
        }
    }

    /// Looks at a record.
    pub(super) fn record(
        &mut self,
        record: &RecordView<'_>,
        kind: TimestampType,
        request: &ScanRequest,
        lane: &mut Lane,
        not_json: &mut u64,
    ) -> Step {
        if record.offset < self.next {
            return Step::Go;
        }
        if record.offset >= self.end {
            return self.complete(request, lane);
        }
        let verdict = match &request.predicate {
            Some(predicate) => predicate.evaluate(record),
            None => Verdict::Match,
        };
        let earliest = self.order == ScanOrder::Earliest;
        let kept = if earliest {
            lane.matches.len()
        } else {
            self.block.len()
        };
        let full = request.limit.is_some_and(|limit| kept >= limit);
        if verdict == Verdict::Match && full && earliest {
            lane.cut = Some(record.offset);
            self.to = record.offset;
            self.reading = false;
            return Step::Again;
        }
        self.records += 1;
        self.next = record.offset + 1;
        let time = (record.timestamp_ms >= 0).then_some(record.timestamp_ms);
        if earliest {
            self.to = self.next;
            lane.frontier_ms = lane.frontier_ms.max(time);
        } else {
            self.block_first_ms = self.block_first_ms.or(time);
        }
        match verdict {
            Verdict::NoMatch => {}
            Verdict::NotJson => *not_json += 1,
            Verdict::Match => {
                let record = keep(record, kind, request.payload_limit_bytes);
                if earliest {
                    lane.matches.push_back(record);
                } else {
                    self.block.push_back(record);
                    if full && let Some(oldest) = self.block.pop_front() {
                        self.block_cut = Some(oldest.offset + 1);
                    }
                }
            }
        }
        if self.next >= self.end {
            return self.complete(request, lane);
        }
        Step::Go
    }

    /// The piece under way is read to its end.
    fn complete(&mut self, _request: &ScanRequest, lane: &mut Lane) -> Step {
        match self.order {
            ScanOrder::Earliest => {
                self.to = self.end;
                self.ended = true;
            }
            ScanOrder::Latest => {
                lane.matches.extend(self.block.drain(..).rev());
                lane.cut = self.block_cut.take();
                if let Some(first) = self.block_first_ms.take() {
                    lane.frontier_ms = Some(lane.frontier_ms.map_or(first, |f| f.min(first)));
                }
                self.from = self.piece_start;
                if self.piece_start <= self.floor {
                    self.from = self.range.start;
                    self.ended = true;
                } else {
                    let span = (self.end - self.piece_start).max(1);
                    self.piece(self.piece_start, span.saturating_mul(GROWTH));
                }
            }
        }
        self.reading &= !self.ended;
        lane.ended = self.ended;
        Step::Again
    }

    /// Nothing readable is at or after `offset`; `high` is the log's end where it is known.
    pub(super) fn at_end(
        &mut self,
        offset: i64,
        high: Option<i64>,
        request: &ScanRequest,
        lane: &mut Lane,
    ) {
        if offset >= self.end {
            self.complete(request, lane);
            return;
        }
        let committed = request.isolation == Isolation::ReadCommitted;
        let why = if committed && high.is_some_and(|high| high > offset) {
            open_transaction(offset)
        } else {
            log_ends(offset, self.range.end)
        };
        match self.order {
            ScanOrder::Earliest => {
                self.to = offset;
                self.stop(why);
                lane.ended = true;
            }
            ScanOrder::Latest => {
                // Only the newest block can reach beyond what is readable.
                let (piece, end) = (self.piece_start, offset.max(self.range.start));
                self.incomplete = Some(why);
                self.to = end;
                self.from = end;
                self.end = end;
                if end <= self.floor {
                    self.ended = true;
                    self.reading = false;
                    lane.ended = true;
                } else if piece < end {
                    self.complete(request, lane);
                } else {
                    self.piece(end, FIRST_BLOCK);
                }
            }
        }
    }

    /// The log begins at `low` and ends at `high` now, and the place asked for is outside.
    pub(super) fn bounds(&mut self, low: i64, high: i64, request: &ScanRequest, lane: &mut Lane) {
        if self.next >= low {
            return self.at_end(high.min(self.end - 1), Some(high), request, lane);
        }
        let gone = low.min(self.range.end);
        let first = match self.order {
            ScanOrder::Earliest => self.next,
            ScanOrder::Latest => self.range.start,
        };
        self.incomplete = Some(deleted(first, gone - 1));
        self.next = gone;
        if self.order == ScanOrder::Latest {
            self.floor = gone.min(self.end);
            self.piece_start = self.floor;
        }
        if gone >= self.end {
            self.complete(request, lane);
        }
    }
}

impl From<Track> for Covered {
    fn from(track: Track) -> Self {
        Self {
            range: track.range,
            from: track.from,
            to: track.to,
            records: track.records,
            incomplete: track.incomplete,
            ended: track.ended,
        }
    }
}
