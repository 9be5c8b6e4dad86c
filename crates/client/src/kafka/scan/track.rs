//! How one partition is read: where the next fetch begins, what an answer means, what is covered.
//!
//! Pure. Earliest order goes from the start to the end. Latest order reads blocks of offsets from
//! the end backwards, each block forwards; its size follows the bytes that the last one cost.

mod answer;

pub use answer::{deleted, log_ends, open_transaction};

use super::chunk::{Chunk, Found};
use super::fetch::FETCH_BYTES;
use super::merge::Lane;
use kafkaweave_core::model::{Isolation, PartitionRange, Record, ScanOrder};
use kafkaweave_core::search::Tally;
use std::collections::{BTreeMap, VecDeque};

/// Offsets of the first block in latest order, when nothing is known of record sizes: they may be
/// megabytes.
const FIRST_BLOCK: i64 = 64;
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
    /// The last block was smaller than what a fetch may bring.
    growing: bool,
    bytes_per_offset: Option<f64>,
    want_bytes: usize,
    empty_answers: usize,
    /// Offsets for which a broker had nothing although the log goes on behind them.
    nothing: Option<(i64, i64)>,
    cut_answers: usize,
    issued: u64,
    applied: u64,
    early: BTreeMap<u64, (Span, Found)>,
    block: VecDeque<Record>,
    block_cut: Option<i64>,
    block_first_ms: Option<i64>,
    /// What was counted in the covered offsets, until it is taken. Only in earliest order.
    pub(super) tally: Option<Tally>,
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
            growing: true,
            bytes_per_offset: None,
            want_bytes: if few { SMALL_FETCH_BYTES } else { FETCH_BYTES } as usize,
            empty_answers: 0,
            nothing: None,
            cut_answers: 0,
            issued: 0,
            applied: 0,
            early: BTreeMap::new(),
            block: VecDeque::new(),
            block_cut: None,
            block_first_ms: None,
            tally: None,
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

    /// Whether a block of latest order is fetched in part: only its end makes it count.
    pub(super) fn within_block(&self) -> bool {
        self.terms.order == ScanOrder::Latest && self.block_begun && !self.finished
    }

    /// Whether the next block waits for what the ones before hold. As long as blocks grow, up to
    /// eightfold, reading ahead would cost many times what a few of the newest matches lie in.
    pub(super) fn waits(&self) -> bool {
        self.terms.order == ScanOrder::Latest
            && self.terms.limit.is_some()
            && self.growing
            && !self.block_begun
            && self.applied < self.issued
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

    /// Why the range is not covered whole, as far as is known; [`None`] when it is.
    pub(super) fn why_incomplete(mut self) -> Option<String> {
        if let Some((first, end)) = self.nothing {
            self.note(format!(
                "the broker has nothing at offsets {first} to {}: compacted away, or hidden behind damage",
                end - 1
            ));
        }
        self.incomplete
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
        self.growing = span < affordable;
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
                if let Some(tally) = found.tally {
                    self.tally.get_or_insert_default().merge(tally);
                }
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
                    // The chunk may have left out later ones itself.
                    self.block_cut = self.block_cut.max(Some(oldest.offset + 1));
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

#[cfg(test)]
mod tests;
