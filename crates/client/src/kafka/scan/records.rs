//! The records of one batch, walked in place.

use super::batch::Batch;
use kafkaweave_core::bytes::Reader;
use kafkaweave_core::model::RecordView;
use std::ops::ControlFlow;

/// Walks the records of a batch whose body is decompressed. Offsets in front of and behind what
/// is wanted are the visitor's matter.
///
/// Fails at the first record that cannot be read, saying which; those before it were visited.
pub(super) fn walk(
    batch: &Batch<'_>,
    partition: i32,
    body: &[u8],
    mut visit: impl FnMut(RecordView<'_>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, String> {
    let mut reader = Reader::new(body);
    let mut headers = Vec::new();
    for index in 0..batch.count {
        let record = record(&mut reader, batch, partition, &mut headers)
            .ok_or_else(|| format!("record {} of {} cannot be read", index + 1, batch.count))?;
        if visit(record).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    match reader.rest().len() {
        0 => Ok(ControlFlow::Continue(())),
        left => Err(format!("{left} bytes follow the last record")),
    }
}

fn record<'a, 'h>(
    reader: &mut Reader<'a>,
    batch: &Batch<'_>,
    partition: i32,
    headers: &'h mut Vec<(&'a [u8], Option<&'a [u8]>)>,
) -> Option<RecordView<'h>>
where
    'a: 'h,
{
    let mut record = Reader::new(reader.sized()?);
    let _attributes = record.u8()?;
    let timestamp_delta = record.varlong()?;
    let offset_delta = record.varint()?;
    let key = record.nullable()?;
    let value = record.nullable()?;
    let count = usize::try_from(record.varint()?).ok()?;
    headers.clear();
    // Each takes two bytes at least, so a lie costs nothing.
    if count > record.rest().len() / 2 {
        return None;
    }
    for _ in 0..count {
        headers.push((record.sized()?, record.nullable()?));
    }
    let offset = batch.base_offset.checked_add(offset_delta.into())?;
    if !record.rest().is_empty() || offset < batch.base_offset || offset > batch.last_offset {
        return None;
    }
    let timestamp_ms = if batch.log_append_time() {
        batch.max_timestamp_ms
    } else {
        batch.base_timestamp_ms.checked_add(timestamp_delta)?
    };
    Some(RecordView {
        partition,
        offset,
        timestamp_ms,
        key,
        value,
        headers,
    })
}

/// Whether a control batch marks the end of an aborted transaction.
pub(super) fn aborts(body: &[u8]) -> bool {
    // 0 aborts, 1 commits.
    marker(body) == Some(0)
}

fn marker(body: &[u8]) -> Option<i16> {
    let mut record = Reader::new(Reader::new(body).sized()?);
    let _attributes = record.u8()?;
    let _timestamp_delta = record.varlong()?;
    let _offset_delta = record.varint()?;
    let mut key = Reader::new(record.nullable()??);
    let _version = key.i16()?;
    key.i16()
}
