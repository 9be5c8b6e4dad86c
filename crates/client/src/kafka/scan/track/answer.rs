//! What an answer means for the partition that was asked.

use super::{Next, Span, Track};
use crate::kafka::scan::batch::{Hop, hop};
use crate::kafka::scan::chunk::{Chunk, Found};
use crate::kafka::scan::fetch::{FETCH_BYTES, Row};
use kafkaweave_core::model::{Isolation, ScanOrder};

/// Answers without records, at an offset where there should be some, before it is believed that
/// there are none (compaction and transactions leave such gaps at the end of a segment).
const EMPTY_ANSWERS: usize = 3;
/// Answers that hold only the beginning of a batch, each asked for with more room.
const CUT_ANSWERS: usize = 4;
/// Largest batch that is asked for. Below the largest frame that a connection takes.
const MAX_BATCH_BYTES: usize = 96 << 20;

impl Track {
    /// What an answer without error means. `first` says that the partition was the first of the
    /// request, to which a broker gives at least one batch if there is one.
    pub(in crate::kafka::scan) fn answered(&mut self, row: Row, first: bool) -> Next {
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
        let end = match self.terms.order {
            ScanOrder::Earliest => self.range.end,
            ScanOrder::Latest => self.block_end,
        };
        let high = row.high_watermark;
        let stable = match self.terms.isolation {
            Isolation::ReadCommitted if row.last_stable_offset >= 0 => row.last_stable_offset,
            _ => high,
        };
        if self.fetch >= stable && stable < high {
            return self.ends_at(stable, open_transaction(stable));
        }
        if !first {
            return Next::Again { pause: false };
        }
        self.empty_answers += 1;
        if self.empty_answers < EMPTY_ANSWERS {
            return Next::Again { pause: true };
        }
        self.empty_answers = 0;
        if high < 0 || stable >= end {
            // Rare: compaction leaves the newest batch alone. Damage that hides what follows looks the same.
            if high >= 0 && self.fetch < end {
                let (first, last) = self.nothing.unwrap_or((self.fetch, end));
                self.nothing = Some((first.min(self.fetch), last.max(end)));
            }
            self.skip_to(end)
        } else if self.fetch < stable && self.terms.order == ScanOrder::Earliest {
            self.skip_to(stable)
        } else {
            self.ends_at(stable, log_ends(stable, end))
        }
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
    pub(in crate::kafka::scan) fn ends_at(&mut self, end: i64, why: String) -> Next {
        match self.terms.order {
            ScanOrder::Earliest => {
                self.stop(why);
                Next::Finished
            }
            // Only the newest block can reach beyond what is readable.
            ScanOrder::Latest
                if self.from == self.to && self.block_end == self.to && end < self.to =>
            {
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
    pub(in crate::kafka::scan) fn bounds(&mut self, earliest: i64, latest: i64) -> Next {
        if self.fetch < earliest {
            let first = match self.terms.order {
                ScanOrder::Earliest => self.fetch,
                ScanOrder::Latest => self.range.start,
            };
            // Newest first, what lies behind the block was read before it was deleted.
            let gone = match self.terms.order {
                ScanOrder::Earliest => earliest.min(self.range.end),
                ScanOrder::Latest => earliest.min(self.block_end),
            };
            self.note(deleted(first, gone - 1));
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
            let end = self.range.end;
            return self.ends_at(latest, log_ends(latest, end));
        }
        Next::Again { pause: true }
    }
}

/// What retention took under a scan.
pub fn deleted(first: i64, last: i64) -> String {
    format!("offsets {first} to {last} were deleted before they were read")
}

/// Why a range ends early under read_committed.
pub fn open_transaction(stable: i64) -> String {
    format!("records from offset {stable} on belong to or follow an open transaction")
}

/// Why a range ends early: what was planned is not there (any more).
pub fn log_ends(at: i64, planned: i64) -> String {
    format!("the log ends at offset {at}, before the planned end {planned}")
}
