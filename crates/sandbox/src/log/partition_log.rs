//! An append-only run of batches with a moving start, as a broker's partition log.
//!
//! Retention is by size only; time and compaction do nothing here.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::batch::{self, BatchError};
use super::producers::{Producers, Sequence};

/// Why records were not appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AppendError {
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error("the batch of {size_bytes} bytes is larger than `max.message.bytes`")]
    TooLarge { size_bytes: usize },
    #[error("the sequence number is out of order")]
    OutOfOrder,
    #[error("the producer epoch is old")]
    OldEpoch,
}

/// What a partition takes and keeps, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) batch_bytes: usize,
    pub(crate) keep_bytes: usize,
}

/// Where records were stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Appended {
    pub(crate) base_offset: i64,
    /// Set for `LogAppendTime` only.
    pub(crate) append_time_ms: Option<i64>,
}

/// A record's place and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) offset: i64,
    pub(crate) timestamp_ms: i64,
    pub(crate) leader_epoch: i32,
}

#[derive(Debug)]
struct Stored {
    base: i64,
    last: i64,
    max_timestamp_ms: i64,
    leader_epoch: i32,
    bytes: Bytes,
}

/// Records of one partition.
#[derive(Debug, Default)]
pub(crate) struct Log {
    batches: VecDeque<Stored>,
    start: i64,
    end: i64,
    size_bytes: usize,
    producers: Producers,
    /// (leader epoch, first offset), rising.
    epochs: Vec<(i32, i64)>,
}

impl Log {
    /// Offset of the first record that may be read.
    pub(crate) fn start(&self) -> i64 {
        self.start
    }

    /// Offset that the next record will get; also the high watermark, as all nodes share this memory.
    pub(crate) fn end(&self) -> i64 {
        self.end
    }

    pub(crate) fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    /// Appends one batch as a producer sent it.
    pub(crate) fn append(
        &mut self,
        data: &Bytes,
        leader_epoch: i32,
        stamp_ms: Option<i64>,
        limits: Limits,
    ) -> Result<Appended, AppendError> {
        if data.len() > limits.batch_bytes {
            return Err(AppendError::TooLarge {
                size_bytes: data.len(),
            });
        }
        let header = batch::check_one(data)?;
        match self.producers.check(&header) {
            Sequence::New => {}
            Sequence::Duplicate(base_offset) => {
                return Ok(Appended {
                    base_offset,
                    append_time_ms: stamp_ms,
                });
            }
            Sequence::OutOfOrder => return Err(AppendError::OutOfOrder),
            Sequence::OldEpoch => return Err(AppendError::OldEpoch),
        }
        let base_offset = self.end;
        // A copy of its own: a slice would keep the whole request frame alive.
        let mut owned = BytesMut::from(&data[..]);
        if let Some(now_ms) = stamp_ms {
            batch::stamp(&mut owned, now_ms);
        }
        batch::place(&mut owned, base_offset, leader_epoch);
        self.producers.remember(&header, base_offset);
        self.push(Stored {
            base: base_offset,
            last: base_offset + i64::from(header.last_offset_delta),
            max_timestamp_ms: stamp_ms.unwrap_or(header.max_timestamp_ms),
            leader_epoch,
            bytes: owned.freeze(),
        });
        self.trim(limits.keep_bytes);
        Ok(Appended {
            base_offset,
            append_time_ms: stamp_ms,
        })
    }

    /// Appends a batch at the offsets that it carries, which may leave gaps: a compacted log. A batch
    /// before the end, or no sound batch, is refused.
    pub(crate) fn append_in_place(
        &mut self,
        data: &Bytes,
        leader_epoch: i32,
    ) -> Result<(), AppendError> {
        let header = batch::header(data)?;
        if header.base_offset < self.end || header.last_offset_delta < 0 {
            return Err(AppendError::OutOfOrder);
        }
        let mut owned = BytesMut::from(&data[..]);
        batch::place(&mut owned, header.base_offset, leader_epoch);
        self.push(Stored {
            base: header.base_offset,
            last: header.base_offset + i64::from(header.last_offset_delta),
            max_timestamp_ms: header.max_timestamp_ms,
            leader_epoch,
            bytes: owned.freeze(),
        });
        Ok(())
    }

    fn push(&mut self, stored: Stored) {
        if self
            .epochs
            .last()
            .is_none_or(|(epoch, _)| *epoch < stored.leader_epoch)
        {
            self.epochs.push((stored.leader_epoch, stored.base));
        }
        self.end = stored.last + 1;
        self.size_bytes += stored.bytes.len();
        self.batches.push_back(stored);
    }

    /// Drops the oldest batches above `keep_bytes`; the newest batch stays.
    pub(crate) fn trim(&mut self, keep_bytes: usize) {
        while self.size_bytes > keep_bytes && self.batches.len() > 1 {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some(first) = self.batches.pop_front() {
            self.size_bytes -= first.bytes.len();
            self.start = self.start.max(first.last + 1);
        }
    }

    /// Moves the start (DeleteRecords); the offset must not be above the end.
    pub(crate) fn delete_before(&mut self, offset: i64) {
        self.start = self.start.max(offset.min(self.end));
        while self
            .batches
            .front()
            .is_some_and(|first| first.last < self.start)
        {
            self.drop_first();
        }
    }

    /// Batches from the one that holds `offset` on, up to `max_bytes`. With `at_least_one`, the first
    /// comes whatever its size, so that a reader always gets on (KIP-74).
    pub(crate) fn read(
        &self,
        offset: i64,
        max_bytes: usize,
        at_least_one: bool,
    ) -> (Vec<Bytes>, usize) {
        let from = self.batches.partition_point(|batch| batch.last < offset);
        let (mut found, mut size_bytes) = (Vec::new(), 0);
        for stored in self.batches.range(from..) {
            let after = size_bytes + stored.bytes.len();
            if after > max_bytes && !(at_least_one && found.is_empty()) {
                break;
            }
            size_bytes = after;
            found.push(stored.bytes.clone());
        }
        (found, size_bytes)
    }

    /// First record at or after a time. Inside a compressed batch only the batch's start is known, so
    /// that is answered, with the batch's largest time stamp.
    pub(crate) fn at_time(&self, timestamp_ms: i64) -> Option<Stamp> {
        let stored = self
            .batches
            .iter()
            .find(|batch| batch.max_timestamp_ms >= timestamp_ms && batch.last >= self.start)?;
        Some(self.find(stored, |_, at_ms| at_ms >= timestamp_ms))
    }

    /// The record with the largest time stamp, the first of several.
    pub(crate) fn latest_time(&self) -> Option<Stamp> {
        let mut best: Option<&Stored> = None;
        for stored in &self.batches {
            if best.is_none_or(|best| stored.max_timestamp_ms > best.max_timestamp_ms) {
                best = Some(stored);
            }
        }
        let best = best?;
        Some(self.find(best, |_, at_ms| at_ms >= best.max_timestamp_ms))
    }

    fn find(&self, stored: &Stored, wanted: impl Fn(i64, i64) -> bool) -> Stamp {
        let mut found = Stamp {
            offset: stored.base.max(self.start),
            timestamp_ms: stored.max_timestamp_ms,
            leader_epoch: stored.leader_epoch,
        };
        if batch::header(&stored.bytes).is_ok_and(|header| !header.is_compressed()) {
            batch::walk(&stored.bytes, |offset, timestamp_ms| {
                let hit = offset >= self.start && wanted(offset, timestamp_ms);
                if hit {
                    (found.offset, found.timestamp_ms) = (offset, timestamp_ms);
                }
                hit
            });
        }
        found
    }

    /// The largest epoch not above `epoch` and the offset where it ended (KIP-101); `None` if older
    /// than all that is known, or in the future.
    pub(crate) fn end_of_epoch(&self, epoch: i32, current_epoch: i32) -> Option<(i32, i64)> {
        if epoch > current_epoch {
            return None;
        }
        if epoch == current_epoch {
            return Some((current_epoch, self.end));
        }
        let after = self.epochs.partition_point(|(at, _)| *at <= epoch);
        let found = self.epochs.get(after.checked_sub(1)?)?.0;
        Some((
            found,
            self.epochs.get(after).map_or(self.end, |(_, start)| *start),
        ))
    }
}

#[cfg(test)]
mod tests;
