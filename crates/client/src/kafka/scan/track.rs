//! How one partition is read: where the next fetch begins, what an answer means, what is covered.
//!
//! Pure. Earliest order goes from the start to the end. Latest order reads blocks of offsets from
//! the end backwards, each block forwards; its size follows the bytes that the last one cost.

use super::batch::{Hop, hop};
use super::chunk::{Chunk, Found};
use super::fetch::{FETCH_BYTES, Row};
use super::merge::Lane;
use kafkaweave_core::model::{Isolation, PartitionRange, Record, ScanOrder};
use std::collections::{BTreeMap, VecDeque};

/// Answers without records, at an offset where there should be some, before it is believed that
/// there are none (compaction and transactions leave such gaps at the end of a segment).
const EMPTY_ANSWERS: usize = 3;
/// Answers that hold only the beginning of a batch, each asked for with more room.
const CUT_ANSWERS: usize = 4;
/// Largest batch that is asked for. Below the largest frame that a connection takes.
const MAX_BATCH_BYTES: usize = 96 << 20;
/// Offsets of the first block in latest order, when nothing is known of record sizes.
const FIRST_BLOCK: i64 = 500;
/// A block grows at most this many times over the one before.
const GROWTH: i64 = 8;
/// Bytes asked for at first where few records may do.
const SMALL_FETCH_BYTES: i32 = 64 << 10;

/// What a chunk accounts for once it is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// Everything up to this offset.
    Forward { to: i64 },
    /// A piece of the block from `start` on; `last` completes it.
    Block { start: i64, last: bool },
}

/// What to do after an answer.
#[derive(Debug)]
pub(super) enum Next {
    /// Decode this; the next fetch may go out meanwhile.
    Decode(Chunk, Span),
    /// Ask again, after a pause when `pause`.
    Again { pause: bool },
    /// Nothing more to fetch.
    Finished,
}

/// What is the same for all partitions of a scan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) order: ScanOrder,
    pub(super) isolation: Isolation,
    pub(super) limit: Option<usize>,
    /// Whether every record is wanted, so that few bytes may hold enough.
    pub(super) unfiltered: bool,
}

/// The reading of one partition.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) range: PartitionRange,
    terms: Terms,
    /// Covered offsets, `from <= offset < to`.
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) records: u64,
    /// Why the range is not covered whole.
    pub(super) incomplete: Option<String>,
    /// Next offset to ask for.
    pub(super) fetch: i64,
    /// No more fetches.
    pub(super) finished: bool,
    /// Lowest offset to read in latest order: the range's start, or later when records are gone.
    floor: i64,
    block_start: i64,
    block_end: i64,
    block_begun: bool,
    block_bytes: usize,
    bytes_per_offset: Option<f64>,
    want_bytes: usize,
    empty_answers: usize,
    cut_answers: usize,
    issued: u64,
    applied: u64,
    early: BTreeMap<u64, (Span, Found)>,
    block: VecDeque<Record>,
    block_cut: Option<i64>,
    block_first_ms: Option<i64>,
}

impl Track {
    pub(super) fn new(range: PartitionRange, terms: Terms) -> Self {
        let few = terms.unfiltered && terms.limit.is_some();
        let mut track = Self {
            range,
            terms,
            from: range.start,
            to: range.start,
            records: 0,
            incomplete: None,
            fetch: range.start,
            finished: range.start >= range.end,
            floor: range.start,
            block_start: range.start,
            block_end: range.end,
            block_begun: false,
            block_bytes: 0,
            bytes_per_offset: None,
            want_bytes: if few { SMALL_FETCH_BYTES } else { FETCH_BYTES } as usize,
            empty_answers: 0,
            cut_answers: 0,
            issued: 0,
            applied: 0,
            early: BTreeMap::new(),
            block: VecDeque::new(),
            block_cut: None,
            block_first_ms: None,
        };
        if terms.order == ScanOrder::Latest {
            track.from = range.end;
            track.to = range.end;
            let first = match terms.limit {
                Some(limit) if terms.unfiltered => {
                    i64::try_from(limit).unwrap_or(i64::MAX).clamp(1, 10_000)
                }
                _ => FIRST_BLOCK,
            };
            track.begin_block(range.end, first);
        }
        track
    }

    /// Bytes to ask for, at most `cap` unless a batch is known to be larger.
    pub(super) fn max_bytes(&self, cap: i32) -> i32 {
        let cap = usize::try_from(cap).unwrap_or(1);
        let wanted = if self.cut_answers > 0 {
            return i32::try_from(self.want_bytes).unwrap_or(i32::MAX);
        } else if self.terms.order == ScanOrder::Earliest {
            self.want_bytes
        } else {
            match self.bytes_per_offset {
                None => (256 << 10).min(self.want_bytes.saturating_mul(4)),
                Some(per_offset) => {
                    let left = (self.block_end - self.fetch).max(1) as f64;
                    (left * per_offset * 1.2) as usize + (16 << 10)
                }
            }
        };
        i32::try_from(wanted.min(cap)).unwrap_or(FETCH_BYTES)
    }

    /// Whether all that was fetched has been decoded, and no more will be fetched.
    pub(super) fn ended(&self) -> bool {
        self.finished && self.applied == self.issued
    }

    /// Number of the next chunk, so that chunks decoded side by side are applied in order.
    pub(super) fn issue(&mut self) -> u64 {
        self.issued += 1;
        self.issued - 1
    }

    /// Stops fetching, for a reason that leaves the range incomplete.
    pub(super) fn stop(&mut self, why: String) {
        self.finished = true;
        self.note(why);
    }

    fn note(&mut self, why: String) {
        match &mut self.incomplete {
            Some(before) => {
                before.push_str("; ");
                before.push_str(&why);
            }
            none => *none = Some(why),
        }
    }

    /// What an answer without error means. `first` says that the partition was the first of the
    /// request, to which a broker gives at least one batch if there is one.
    pub(super) fn answered(&mut self, row: Row, first: bool) -> Next {
        let hopped = hop(&row.records);
        if let Some(next) = hopped
            .next_offset
            .filter(|next| *next > self.fetch || (hopped.broken.is_some() && *next >= self.fetch))
        {
            return self.hopped(row, hopped, next);
        }
        if let Some((offset, why)) = hopped.broken {
            return self.unreachable(offset, &why);
        }
        if let Some(size) = hopped.cut_off {
            return self.cut_off(size);
        }
        self.empty(&row, first)
    }

    fn hopped(&mut self, row: Row, hopped: Hop, next: i64) -> Next {
        self.empty_answers = 0;
        self.cut_answers = 0;
        let size = row.records.len();
        let (start, end, span, complete);
        match self.terms.order {
            ScanOrder::Earliest => {
                start = self.fetch;
                end = self.range.end;
                self.fetch = next.min(end);
                self.finished = self.fetch >= end;
                complete = self.finished;
                span = Span::Forward { to: self.fetch };
                self.want_bytes = self.want_bytes.saturating_mul(2).min(FETCH_BYTES as usize);
            }
            ScanOrder::Latest => {
                if !self.block_begun {
                    // The batch begins before the block: taken whole, it is not fetched again.
                    let begin = hopped.first_offset.unwrap_or(self.block_start);
                    self.block_start = begin.min(self.block_start).max(self.floor);
                    start = self.block_start;
                } else {
                    start = self.fetch;
                }
                end = self.block_end;
                self.block_begun = true;
                self.block_bytes += size;
                self.fetch = next;
                complete = next >= end;
                span = Span::Block {
                    start: self.block_start,
                    last: complete,
                };
                if complete {
                    self.next_block();
                }
            }
        }
        if let Some((offset, why)) = hopped.broken
            && !complete
        {
            self.unreachable(offset, &why);
        }
        Next::Decode(
            Chunk {
                partition: self.range.partition,
                bytes: row.records,
                start,
                end,
                aborted: (self.terms.isolation == Isolation::ReadCommitted).then_some(row.aborted),
            },
            span,
        )
    }

    fn unreachable(&mut self, offset: i64, why: &str) -> Next {
        self.stop(format!("unreadable from offset {offset} on: {why}"));
        Next::Finished
    }

    fn cut_off(&mut self, size: usize) -> Next {
        self.cut_answers += 1;
        if self.cut_answers > CUT_ANSWERS || size > MAX_BATCH_BYTES {
            let at = self.fetch;
            self.stop(format!(
                "the batch at offset {at} ({size} bytes) is not sent whole"
            ));
            return Next::Finished;
        }
        self.want_bytes = self
            .want_bytes
            .saturating_mul(2)
            .max(size)
            .min(MAX_BATCH_BYTES);
        Next::Again { pause: false }
    }

    fn empty(&mut self, row: &Row, first: bool) -> Next {
        let committed = self.terms.isolation == Isolation::ReadCommitted;
        let end = match self.terms.order {
            ScanOrder::Earliest => self.range.end,
            ScanOrder::Latest => self.block_end,
        };
        let stable = row.last_stable_offset;
        if committed && stable >= 0 && self.fetch >= stable && row.high_watermark >= end {
            return self.ends_at(
                stable,
                format!("records from offset {stable} on belong to or follow an open transaction"),
            );
        }
        if !first {
            return Next::Again { pause: false };
        }
        self.empty_answers += 1;
        if self.empty_answers < EMPTY_ANSWERS {
            return Next::Again { pause: true };
        }
        self.empty_answers = 0;
        let high = row.high_watermark;
        if high >= 0 && self.fetch >= high {
            return self.ends_at(
                high,
                format!("the log ends at offset {high}, before the end that was planned ({end})"),
            );
        }
        // Offsets without records up to the end.
        self.skip_to(end)
    }

    /// Goes on as if everything before `offset` were read and empty.
    fn skip_to(&mut self, offset: i64) -> Next {
        match self.terms.order {
            ScanOrder::Earliest => {
                self.fetch = offset;
                self.finished = offset >= self.range.end;
                self.early_span(Span::Forward { to: offset })
            }
            ScanOrder::Latest => {
                let span = Span::Block {
                    start: self.block_start,
                    last: true,
                };
                self.next_block();
                self.early_span(span)
            }
        }
    }

    /// A span without a chunk, applied in its turn.
    fn early_span(&mut self, span: Span) -> Next {
        let number = self.issue();
        self.early.insert(number, (span, Found::default()));
        if self.finished {
            Next::Finished
        } else {
            Next::Again { pause: false }
        }
    }

    /// There is nothing readable from `end` on.
    pub(super) fn ends_at(&mut self, end: i64, why: String) -> Next {
        match self.terms.order {
            ScanOrder::Earliest => {
                self.stop(why);
                Next::Finished
            }
            // Only the first block can reach beyond what is readable.
            ScanOrder::Latest if self.block_end == self.range.end && end < self.block_end => {
                self.note(why);
                self.to = end.max(self.range.start);
                self.from = self.to;
                if self.block_begun {
                    return self.skip_to(end);
                }
                let step = self.block_end - self.block_start;
                self.begin_block(self.to, step);
                if self.finished {
                    Next::Finished
                } else {
                    Next::Again { pause: false }
                }
            }
            ScanOrder::Latest => {
                self.stop(why);
                Next::Finished
            }
        }
    }

    /// After OFFSET_OUT_OF_RANGE: the log begins at `earliest` and ends at `latest` now.
    pub(super) fn bounds(&mut self, earliest: i64, latest: i64) -> Next {
        if self.fetch < earliest {
            let gone = earliest.min(self.range.end);
            let why = format!(
                "offsets {} to {} were deleted before they were read",
                self.fetch,
                gone - 1
            );
            self.note(why);
            match self.terms.order {
                ScanOrder::Earliest => return self.skip_to(gone),
                ScanOrder::Latest => {
                    self.floor = gone.min(self.block_end);
                    if self.floor >= self.block_end {
                        self.block_start = self.floor;
                        return self.skip_to(self.block_end);
                    }
                    self.block_start = self.floor;
                    self.fetch = self.floor;
                }
            }
        } else if self.fetch > latest {
            return self.ends_at(
                latest,
                format!("the log ends at offset {latest} now: later records were lost"),
            );
        }
        Next::Again { pause: true }
    }

    fn begin_block(&mut self, end: i64, offsets: i64) {
        self.block_end = end;
        self.block_start = end.saturating_sub(offsets.max(1)).max(self.floor);
        self.fetch = self.block_start;
        self.block_begun = false;
        self.block_bytes = 0;
        self.finished = self.block_start >= end;
    }

    fn next_block(&mut self) {
        let span = (self.block_end - self.block_start).max(1);
        if self.block_bytes > 0 {
            self.bytes_per_offset = Some(self.block_bytes as f64 / span as f64);
        }
        let affordable = match self.bytes_per_offset {
            Some(per_offset) if self.block_bytes > 0 => {
                (f64::from(FETCH_BYTES) / per_offset) as i64
            }
            _ => i64::MAX,
        };
        let offsets = affordable.clamp(1, span.saturating_mul(GROWTH));
        self.begin_block(self.block_start, offsets);
    }

    /// Takes in what chunk `number` held, when its turn comes.
    pub(super) fn decoded(&mut self, number: u64, span: Span, found: Found, lane: &mut Lane) {
        self.early.insert(number, (span, found));
        self.settle(lane);
    }

    /// Takes in all chunks whose turn has come.
    pub(super) fn settle(&mut self, lane: &mut Lane) {
        while let Some((span, found)) = self.early.remove(&self.applied) {
            self.applied += 1;
            if lane.cut.is_none() {
                self.apply(span, found, lane);
            }
        }
        lane.ended = self.ended();
    }

    fn apply(&mut self, span: Span, found: Found, lane: &mut Lane) {
        self.records += found.records;
        match span {
            Span::Forward { to } => {
                lane.matches.extend(found.matches);
                lane.frontier_ms = lane.frontier_ms.max(found.last_timestamp_ms);
                lane.cut = found.cut;
                self.to = to;
            }
            Span::Block { start, last } => {
                self.block.extend(found.matches);
                self.block_cut = self.block_cut.max(found.cut);
                self.block_first_ms = self.block_first_ms.or(found.first_timestamp_ms);
                while self
                    .terms
                    .limit
                    .is_some_and(|limit| self.block.len() > limit)
                    && let Some(oldest) = self.block.pop_front()
                {
                    self.block_cut = Some(oldest.offset + 1);
                }
                if !last {
                    return;
                }
                lane.matches.extend(self.block.drain(..).rev());
                lane.cut = self.block_cut.take();
                if let Some(first) = self.block_first_ms.take() {
                    lane.frontier_ms = Some(lane.frontier_ms.map_or(first, |f| f.min(first)));
                }
                self.from = start;
                if start <= self.floor {
                    // What lies below the floor is gone and said so.
                    self.from = self.range.start;
                }
            }
        }
    }
}
