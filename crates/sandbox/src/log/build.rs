//! Writes uncompressed record batches for the demo data.

use bytes::{BufMut, Bytes, BytesMut};

use super::batch::{HEADER_BYTES, seal};

/// One record to write.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    /// Offset; a batch may have gaps, as a compacted log does.
    pub(crate) offset: i64,
    /// Milliseconds since the epoch.
    pub(crate) timestamp_ms: i64,
    pub(crate) key: Option<Bytes>,
    pub(crate) value: Option<Bytes>,
    pub(crate) headers: Vec<(&'static str, Bytes)>,
}

/// A batch of these records, which must be in offset order; `None` if there are none or the offsets
/// span more than a batch can.
pub(crate) fn batch_of(records: &[Record]) -> Option<Bytes> {
    let (first, last) = (records.first()?, records.last()?);
    let last_delta = i32::try_from(last.offset - first.offset).ok()?;
    let max_timestamp_ms = records.iter().map(|record| record.timestamp_ms).max()?;
    let mut out = BytesMut::with_capacity(HEADER_BYTES + 128 * records.len());
    out.put_i64(first.offset);
    out.put_i32(0); // length, below
    out.put_i32(0); // leader epoch, set on append
    out.put_i8(2);
    out.put_u32(0); // checksum, below
    out.put_i16(0);
    out.put_i32(last_delta);
    out.put_i64(first.timestamp_ms);
    out.put_i64(max_timestamp_ms);
    out.put_i64(-1);
    out.put_i16(-1);
    out.put_i32(-1);
    out.put_i32(i32::try_from(records.len()).ok()?);
    let mut body = Vec::with_capacity(256);
    for record in records {
        body.clear();
        body.push(0);
        put_varint(&mut body, record.timestamp_ms - first.timestamp_ms);
        put_varint(&mut body, record.offset - first.offset);
        put_bytes(&mut body, record.key.as_deref());
        put_bytes(&mut body, record.value.as_deref());
        put_varint(&mut body, record.headers.len() as i64);
        for (name, value) in &record.headers {
            put_bytes(&mut body, Some(name.as_bytes()));
            put_bytes(&mut body, Some(value));
        }
        let mut length = Vec::with_capacity(3);
        put_varint(&mut length, body.len() as i64);
        out.put_slice(&length);
        out.put_slice(&body);
    }
    let length = i32::try_from(out.len() - 12).ok()?;
    out[8..12].copy_from_slice(&length.to_be_bytes());
    seal(&mut out);
    Some(out.freeze())
}

fn put_bytes(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => put_varint(out, -1),
        Some(bytes) => {
            put_varint(out, bytes.len() as i64);
            out.extend_from_slice(bytes);
        }
    }
}

fn put_varint(out: &mut Vec<u8>, value: i64) {
    let mut left = ((value << 1) ^ (value >> 63)) as u64;
    while left >= 0x80 {
        out.push((left as u8 & 0x7f) | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
}
