//! Record batches of magic 2 (KIP-98): header fields, checksum, and the walk over plain records.
//!
//! Batches are stored as received; only base offset and leader epoch (outside the checksum) are
//! patched, and with `LogAppendTime` the time stamp, with a new checksum. Compressed records are
//! never opened.

use bytes::{Buf, BytesMut};

/// Bytes of a batch header.
pub(super) const HEADER_BYTES: usize = 61;
/// Where the checksum starts to count: the attributes.
const CHECKED_FROM: usize = 21;

/// Why a batch is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BatchError {
    #[error("the batch ends early")]
    Truncated,
    #[error("magic {0} is not 2")]
    Magic(i8),
    #[error("the checksum does not match")]
    Checksum,
    #[error("the record count does not match the offsets")]
    Count,
    #[error("more than one batch, or none")]
    NotOne,
}

/// Header of one batch. Times are milliseconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) base_offset: i64,
    /// Bytes of the batch with its header.
    pub(crate) size_bytes: usize,
    pub(crate) attributes: i16,
    pub(crate) last_offset_delta: i32,
    pub(crate) base_timestamp_ms: i64,
    pub(crate) max_timestamp_ms: i64,
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    pub(crate) base_sequence: i32,
    pub(crate) count: i32,
}

impl Header {
    pub(crate) fn is_compressed(&self) -> bool {
        self.attributes & 0x07 != 0
    }

    pub(crate) fn is_append_time(&self) -> bool {
        self.attributes & 0x08 != 0
    }
}

/// Reads the header at the start of `bytes` without checking the checksum.
pub(super) fn header(bytes: &[u8]) -> Result<Header, BatchError> {
    if bytes.len() < HEADER_BYTES {
        return Err(BatchError::Truncated);
    }
    let mut at = bytes;
    let base_offset = at.get_i64();
    let length = usize::try_from(at.get_i32()).map_err(|_| BatchError::Truncated)?;
    let size_bytes = length.checked_add(12).ok_or(BatchError::Truncated)?;
    let _leader_epoch = at.get_i32();
    let magic = at.get_i8();
    if magic != 2 {
        return Err(BatchError::Magic(magic));
    }
    if size_bytes < HEADER_BYTES || size_bytes > bytes.len() {
        return Err(BatchError::Truncated);
    }
    let _crc = at.get_u32();
    Ok(Header {
        base_offset,
        size_bytes,
        attributes: at.get_i16(),
        last_offset_delta: at.get_i32(),
        base_timestamp_ms: at.get_i64(),
        max_timestamp_ms: at.get_i64(),
        producer_id: at.get_i64(),
        producer_epoch: at.get_i16(),
        base_sequence: at.get_i32(),
        count: at.get_i32(),
    })
}

/// Checks that `bytes` is exactly one sound batch, as Produce from v3 on demands.
pub(super) fn check_one(bytes: &[u8]) -> Result<Header, BatchError> {
    if bytes.is_empty() {
        return Err(BatchError::NotOne);
    }
    let header = header(bytes)?;
    if header.size_bytes != bytes.len() {
        return Err(BatchError::NotOne);
    }
    let stored = bytes.get(17..CHECKED_FROM).map(|mut crc| crc.get_u32());
    if stored != bytes.get(CHECKED_FROM..).map(crc32c::crc32c) {
        return Err(BatchError::Checksum);
    }
    if header.count < 1 || header.last_offset_delta.checked_add(1) != Some(header.count) {
        return Err(BatchError::Count);
    }
    Ok(header)
}

/// Writes what the broker decides into a batch: its offset and leader epoch.
pub(super) fn place(batch: &mut BytesMut, base_offset: i64, leader_epoch: i32) {
    if batch.len() >= HEADER_BYTES {
        batch[0..8].copy_from_slice(&base_offset.to_be_bytes());
        batch[12..16].copy_from_slice(&leader_epoch.to_be_bytes());
    }
}

/// Stamps a batch with the append time and renews its checksum.
pub(super) fn stamp(batch: &mut BytesMut, now_ms: i64) {
    if batch.len() >= HEADER_BYTES {
        batch[22] |= 0x08;
        batch[35..43].copy_from_slice(&now_ms.to_be_bytes());
        seal(batch);
    }
}

/// Computes the checksum of a finished batch.
pub(super) fn seal(batch: &mut BytesMut) {
    if batch.len() >= HEADER_BYTES {
        let crc = crc32c::crc32c(&batch[CHECKED_FROM..]);
        batch[17..CHECKED_FROM].copy_from_slice(&crc.to_be_bytes());
    }
}

/// Calls `visit(offset, timestamp_ms)` for each record of an uncompressed batch until it answers
/// `true`. A damaged record ends the walk.
pub(super) fn walk(bytes: &[u8], mut visit: impl FnMut(i64, i64) -> bool) {
    let Ok(header) = header(bytes) else { return };
    let Some(mut rest) = bytes.get(HEADER_BYTES..header.size_bytes) else {
        return;
    };
    for _ in 0..header.count {
        let Some(length) = varint(&mut rest).and_then(|length| usize::try_from(length).ok()) else {
            return;
        };
        let Some(mut record) = rest.get(..length) else {
            return;
        };
        rest = &rest[length..];
        if record.is_empty() {
            return;
        }
        record = &record[1..];
        let (Some(time), Some(offset)) = (varint(&mut record), varint(&mut record)) else {
            return;
        };
        let timestamp_ms = if header.is_append_time() {
            header.max_timestamp_ms
        } else {
            header.base_timestamp_ms.saturating_add(time)
        };
        if visit(header.base_offset.saturating_add(offset), timestamp_ms) {
            return;
        }
    }
}

/// A zig-zag varint of up to 64 bits.
fn varint(from: &mut &[u8]) -> Option<i64> {
    let mut value: u64 = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = from.split_first()?;
        *from = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((value >> 1) as i64 ^ -((value & 1) as i64));
        }
    }
    None
}
