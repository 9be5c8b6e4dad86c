//! One partition's bytes of one Fetch answer: decompressed, searched, and the matches kept.
//!
//! Runs on a thread of its own (decompression is the cost of a scan), so it owns what it needs and
//! looks at a flag between batches.

use super::batch::{Batch, Piece, Pieces};
use super::codec::Decompressor;
use super::records::{aborts, walk};
use bytes::Bytes;
use kafkaweave_core::model::{
    BatchFacts, Damaged, Header, Record, RecordView, ScanOrder, TimestampType,
};
use kafkaweave_core::search::{CountBy, Documents, Label, Predicate, Prefilter, Tally, Verdict};
use std::collections::{HashSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// Most headers kept of a record, in number and in bytes together.
const MAX_HEADERS: usize = 256;
const HEADERS_BYTES: usize = 16 << 10;

/// Batches of which the facts are kept, of a chunk and of a scan.
pub(super) const MAX_BATCHES: usize = 4096;

/// An aborted transaction as a broker lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Aborted {
    pub(super) producer_id: i64,
    pub(super) first_offset: i64,
}

/// What is the same for all chunks of a scan.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) predicate: Option<Predicate>,
    /// Wanted records are counted by this, and none is kept.
    pub(super) count_by: Option<CountBy>,
    pub(super) order: ScanOrder,
    pub(super) limit: Option<usize>,
    pub(super) payload_limit_bytes: usize,
    /// Set when nobody waits for the outcome any more.
    pub(super) stopped: AtomicBool,
}

/// A chunk to decode.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) partition: i32,
    pub(super) bytes: Bytes,
    /// Records wanted: `start <= offset < end`.
    pub(super) start: i64,
    pub(super) end: i64,
    /// Under read_committed: the aborted transactions that touch the chunk.
    pub(super) aborted: Option<Vec<Aborted>>,
}

/// What a chunk held.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Wanted records by offset.
    pub(super) matches: VecDeque<Record>,
    /// Where the limit cut the matches off. Earliest: offset of the first match that was left
    /// out, nothing behind it was looked at. Latest: offset after the last match left out.
    pub(super) cut: Option<i64>,
    /// Wanted records by group, where they are counted.
    pub(super) tally: Option<Tally>,
    pub(super) records: u64,
    pub(super) not_json: u64,
    pub(super) damaged: Vec<Damaged>,
    /// The batches looked into, the first [`MAX_BATCHES`].
    pub(super) batches: Vec<BatchFacts>,
    /// Timestamp at the beginning of the chunk, epoch ms.
    pub(super) first_timestamp_ms: Option<i64>,
    /// Largest timestamp of the chunk's batches, epoch ms.
    pub(super) last_timestamp_ms: Option<i64>,
}

struct Search<'a> {
    wanted: &'a Wanted,
    chunk: &'a Chunk,
    found: Found,
    label: Label,
}

/// Decodes and searches a chunk.
pub(super) fn search(chunk: &Chunk, wanted: &Wanted, decompressor: &mut Decompressor) -> Found {
    let prefilter = wanted.predicate.as_ref().and_then(Predicate::prefilter);
    let mut aborted = Transactions::new(chunk.aborted.as_deref());
    let mut search = Search {
        wanted,
        chunk,
        found: Found {
            tally: wanted.count_by.as_ref().map(|_| Tally::default()),
            ..Found::default()
        },
        label: Label::default(),
    };
    for piece in Pieces::new(&chunk.bytes) {
        if wanted.stopped.load(Ordering::Relaxed) {
            break;
        }
        let batch = match piece {
            Piece::Batch(batch) if batch.intact() => batch,
            Piece::Batch(batch) => {
                search.damaged(batch.base_offset, batch.last_offset, "crc mismatch".into());
                continue;
            }
            Piece::Unreadable {
                offset,
                last_offset,
                why,
            } => {
                search.damaged(offset, last_offset.unwrap_or(i64::MAX), why);
                continue;
            }
            // Named by whoever decides where to read on.
            Piece::Broken { .. } => break,
        };
        let hidden = aborted.hides(&batch);
        if batch.last_offset < chunk.start || batch.control() || hidden {
            continue;
        }
        if batch.base_offset >= chunk.end {
            break;
        }
        if search.batch(&batch, prefilter, decompressor).is_break() {
            break;
        }
    }
    search.found
}

impl Search<'_> {
    fn damaged(&mut self, offset: i64, last_offset: i64, why: String) {
        if last_offset >= self.chunk.start && offset < self.chunk.end {
            self.found.damaged.push(Damaged {
                partition: self.chunk.partition,
                offset,
                why,
            });
        }
    }

    fn batch(
        &mut self,
        batch: &Batch<'_>,
        prefilter: Option<&Prefilter>,
        decompressor: &mut Decompressor,
    ) -> ControlFlow<()> {
        if self.found.first_timestamp_ms.is_none() {
            self.found.first_timestamp_ms = batch.first_timestamp_ms();
        }
        self.found.last_timestamp_ms = self.found.last_timestamp_ms.max(batch.last_timestamp_ms());
        // Of no use to a search, which looks into millions.
        if self.wanted.predicate.is_none() && self.found.batches.len() < MAX_BATCHES {
            self.found.batches.extend(batch.facts(self.chunk.partition));
        }
        let (start, end) = (self.chunk.start, self.chunk.end);
        let inside = batch.base_offset >= start && batch.last_offset < end;
        if inside && self.counted(batch) {
            return ControlFlow::Continue(());
        }
        let body = match decompressor.records(batch.attributes, batch.body()) {
            Ok(body) => body,
            Err(why) => {
                self.damaged(batch.base_offset, batch.last_offset, why);
                return ControlFlow::Continue(());
            }
        };
        if inside && prefilter.is_some_and(|prefilter| !prefilter.may_hold(body)) {
            self.found.records += u64::from(batch.count.unsigned_abs());
            return ControlFlow::Continue(());
        }
        let partition = self.chunk.partition;
        let kind = if batch.log_append_time() {
            TimestampType::LogAppendTime
        } else {
            TimestampType::CreateTime
        };
        let outcome = walk(batch, partition, body, |record| {
            if record.offset < start {
                ControlFlow::Continue(())
            } else if record.offset >= end {
                ControlFlow::Break(())
            } else {
                self.record(&record, kind)
            }
        });
        match outcome {
            // Behind the end there is nothing more to do either.
            Ok(flow) => flow,
            Err(why) => {
                self.damaged(batch.base_offset, batch.last_offset, why);
                ControlFlow::Continue(())
            }
        }
    }

    /// Counts a batch by its header, without decompressing it, where every record is wanted and all
    /// are in one group. The number in the header is exact: the checksum covers it, and a broker
    /// that compacts a batch writes it anew with the number of records that it left.
    fn counted(&mut self, batch: &Batch<'_>) -> bool {
        let (Some(by), Some(tally), None) = (
            &self.wanted.count_by,
            &mut self.found.tally,
            &self.wanted.predicate,
        ) else {
            return false;
        };
        let appended_ms = batch.log_append_time().then_some(batch.max_timestamp_ms);
        let told = by.of_batch(self.chunk.partition, appended_ms, &mut self.label);
        if told {
            let count = u64::from(batch.count.unsigned_abs());
            tally.add(&self.label, count);
            self.found.records += count;
        }
        told
    }

    fn record(&mut self, record: &RecordView<'_>, kind: TimestampType) -> ControlFlow<()> {
        let mut documents = Documents::of(record);
        let verdict = match &self.wanted.predicate {
            Some(predicate) => predicate.evaluate_with(record, &mut documents),
            None => Verdict::Match,
        };
        let found = &mut self.found;
        found.records += 1;
        match verdict {
            Verdict::NoMatch => return ControlFlow::Continue(()),
            Verdict::NotJson => {
                found.not_json += 1;
                return ControlFlow::Continue(());
            }
            Verdict::Match => {}
        }
        if let (Some(by), Some(tally)) = (&self.wanted.count_by, &mut found.tally) {
            by.of_record(record, &mut documents, &mut self.label);
            tally.add(&self.label, 1);
            return ControlFlow::Continue(());
        }
        let full = self
            .wanted
            .limit
            .is_some_and(|limit| found.matches.len() >= limit);
        if full && self.wanted.order == ScanOrder::Earliest {
            found.records -= 1;
            found.cut = Some(record.offset);
            return ControlFlow::Break(());
        }
        found
            .matches
            .push_back(keep(record, kind, self.wanted.payload_limit_bytes));
        if full && let Some(oldest) = found.matches.pop_front() {
            found.cut = Some(oldest.offset + 1);
        }
        ControlFlow::Continue(())
    }
}

/// A record as it is kept: what is longer than `limit` bytes is cut.
pub fn keep(record: &RecordView<'_>, kind: TimestampType, limit: usize) -> Record {
    let cut = |bytes: &[u8]| bytes.get(..limit).unwrap_or(bytes).to_vec();
    let mut headers = Vec::new();
    let mut room = limit.max(HEADERS_BYTES);
    for (name, value) in record.headers.iter().take(MAX_HEADERS) {
        let name = String::from_utf8_lossy(name.get(..limit).unwrap_or(name)).into_owned();
        if name.len() > room {
            break;
        }
        room -= name.len();
        // What does not fit is cut, like every payload.
        let fits = limit.min(room);
        let header = Header {
            name,
            value: value.map(|value| value.get(..fits).unwrap_or(value).to_vec()),
            value_size_bytes: value.map_or(0, <[u8]>::len),
        };
        room -= header.value.as_ref().map_or(0, Vec::len);
        headers.push(header);
    }
    Record {
        partition: record.partition,
        offset: record.offset,
        timestamp_ms: (record.timestamp_ms >= 0).then_some(record.timestamp_ms),
        timestamp_type: kind,
        key: record.key.map(cut),
        key_size_bytes: record.key.map_or(0, <[u8]>::len),
        value: record.value.map(cut),
        value_size_bytes: record.value.map_or(0, <[u8]>::len),
        headers,
        headers_total: record.headers.len(),
    }
}

/// Which producers' records are part of an aborted transaction at the batch under way.
struct Transactions {
    /// By first offset, descending: taken from the end.
    coming: Option<Vec<Aborted>>,
    aborted: HashSet<i64>,
}

impl Transactions {
    fn new(aborted: Option<&[Aborted]>) -> Self {
        let coming = aborted.map(|list| {
            let mut list = list.to_vec();
            list.sort_by_key(|a| std::cmp::Reverse(a.first_offset));
            list
        });
        Self {
            coming,
            aborted: HashSet::new(),
        }
    }

    /// Whether the batch belongs to an aborted transaction. To be asked of every batch in order.
    fn hides(&mut self, batch: &Batch<'_>) -> bool {
        let Some(coming) = &mut self.coming else {
            return false;
        };
        while let Some(next) = coming.pop_if(|a| a.first_offset <= batch.last_offset) {
            self.aborted.insert(next.producer_id);
        }
        if batch.control() {
            if aborts(batch.body()) {
                self.aborted.remove(&batch.producer_id);
            }
            return false;
        }
        batch.transactional() && self.aborted.contains(&batch.producer_id)
    }
}

#[cfg(test)]
pub(super) mod tests;
