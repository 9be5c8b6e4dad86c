//! Parts of the flexible encoding (KIP-482): compact strings and arrays, tagged fields.
//!
//! For the messages that the codec crate lacks; its own parts are not public. A count is checked
//! against the bytes left before it is believed.

use anyhow::{Result, bail, ensure};
use kafka_protocol::protocol::buf::{ByteBuf, ByteBufMut};
use kafka_protocol::protocol::{Encodable, StrBytes, VersionRange};

pub(super) fn in_range(version: i16, range: VersionRange) -> Result<()> {
    ensure!(
        (range.min..=range.max).contains(&version),
        "version {version} is not supported by this message"
    );
    Ok(())
}

/// Size by encoding: the messages here are small and seldom.
pub(super) fn size<T: Encodable>(message: &T, version: i16) -> Result<usize> {
    let mut buf = Vec::new();
    message.encode(&mut buf, version)?;
    Ok(buf.len())
}

pub(super) fn int16<B: ByteBuf>(buf: &mut B) -> Result<i16> {
    ensure!(buf.remaining() >= 2, "not enough bytes");
    Ok(buf.get_i16())
}

pub(super) fn int32<B: ByteBuf>(buf: &mut B) -> Result<i32> {
    ensure!(buf.remaining() >= 4, "not enough bytes");
    Ok(buf.get_i32())
}

pub(super) fn int64<B: ByteBuf>(buf: &mut B) -> Result<i64> {
    ensure!(buf.remaining() >= 8, "not enough bytes");
    Ok(buf.get_i64())
}

/// A UUID, stepped over.
pub(super) fn skip_uuid<B: ByteBuf>(buf: &mut B) -> Result<()> {
    buf.try_get_bytes(16)?;
    Ok(())
}

fn byte<B: ByteBuf>(buf: &mut B) -> Result<u8> {
    ensure!(buf.remaining() >= 1, "not enough bytes");
    Ok(buf.get_u8())
}

pub(super) fn boolean<B: ByteBuf>(buf: &mut B) -> Result<bool> {
    Ok(byte(buf)? != 0)
}

fn unsigned<B: ByteBuf>(buf: &mut B) -> Result<usize> {
    let mut value: u64 = 0;
    for shift in [0, 7, 14, 21, 28] {
        let next = byte(buf)?;
        value |= u64::from(next & 0x7f) << shift;
        if next & 0x80 == 0 {
            ensure!(value <= u64::from(u32::MAX), "varint is too long");
            return Ok(usize::try_from(value)?);
        }
    }
    bail!("varint is too long")
}

/// A structure that may be absent: -1 stands for null.
pub(super) fn nullable<B: ByteBuf, T>(
    buf: &mut B,
    read: impl Fn(&mut B) -> Result<T>,
) -> Result<Option<T>> {
    match byte(buf)? {
        0xff => Ok(None),
        1 => read(buf).map(Some),
        other => bail!("{other} says neither null nor present"),
    }
}

/// A compact nullable string.
pub(super) fn text<B: ByteBuf>(buf: &mut B) -> Result<Option<StrBytes>> {
    match unsigned(buf)? {
        0 => Ok(None),
        1 => Ok(Some(StrBytes::default())),
        length => {
            let bytes = buf.try_get_bytes(length - 1)?;
            Ok(Some(StrBytes::from_utf8(bytes)?))
        }
    }
}

/// A compact string.
pub(super) fn string<B: ByteBuf>(buf: &mut B) -> Result<StrBytes> {
    match text(buf)? {
        Some(text) => Ok(text),
        None => bail!("null where a string is due"),
    }
}

/// A compact array; null counts as empty.
pub(super) fn array<B: ByteBuf, T>(
    buf: &mut B,
    read: impl Fn(&mut B) -> Result<T>,
) -> Result<Vec<T>> {
    Ok(nullable_array(buf, read)?.unwrap_or_default())
}

fn nullable_count<B: ByteBuf>(buf: &mut B) -> Result<Option<usize>> {
    let Some(count) = unsigned(buf)?.checked_sub(1) else {
        return Ok(None);
    };
    ensure!(
        count <= buf.remaining(),
        "array of {count} in {} bytes",
        buf.remaining()
    );
    Ok(Some(count))
}

/// The count of a compact array's items, each of which takes at least one of the bytes left; null
/// counts as none.
pub(super) fn count<B: ByteBuf>(buf: &mut B) -> Result<usize> {
    Ok(nullable_count(buf)?.unwrap_or_default())
}

/// A compact array that may be null. Grows as it is read, whatever count it states.
pub(super) fn nullable_array<B: ByteBuf, T>(
    buf: &mut B,
    read: impl Fn(&mut B) -> Result<T>,
) -> Result<Option<Vec<T>>> {
    let Some(count) = nullable_count(buf)? else {
        return Ok(None);
    };
    let mut items = Vec::new();
    for _ in 0..count {
        items.push(read(buf)?);
    }
    Ok(Some(items))
}

pub(super) fn strings<B: ByteBuf>(buf: &mut B) -> Result<Vec<StrBytes>> {
    array(buf, string)
}

pub(super) fn integers<B: ByteBuf>(buf: &mut B) -> Result<Vec<i32>> {
    array(buf, int32)
}

/// Steps over tagged fields, which are all unknown to version 0.
pub(super) fn no_tags<B: ByteBuf>(buf: &mut B) -> Result<()> {
    let count = unsigned(buf)?;
    for _ in 0..count {
        unsigned(buf)?;
        let length = unsigned(buf)?;
        buf.try_get_bytes(length)?;
    }
    Ok(())
}

pub(super) fn put_count<B: ByteBufMut>(buf: &mut B, count: usize) -> Result<()> {
    put_unsigned(buf, u32::try_from(count)?.saturating_add(1));
    Ok(())
}

fn put_unsigned<B: ByteBufMut>(buf: &mut B, mut value: u32) {
    while value >= 0x80 {
        buf.put_u8((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    buf.put_u8(value as u8);
}

pub(super) fn put_string<B: ByteBufMut>(buf: &mut B, text: &StrBytes) -> Result<()> {
    put_count(buf, text.len())?;
    buf.put_slice(text.as_bytes());
    Ok(())
}

pub(super) fn put_nullable_string<B: ByteBufMut>(
    buf: &mut B,
    text: Option<&StrBytes>,
) -> Result<()> {
    match text {
        Some(text) => put_string(buf, text),
        None => {
            buf.put_u8(0);
            Ok(())
        }
    }
}

pub(super) fn put_array<B: ByteBufMut, T>(
    buf: &mut B,
    items: &[T],
    put: impl Fn(&mut B, &T) -> Result<()>,
) -> Result<()> {
    put_count(buf, items.len())?;
    items.iter().try_for_each(|item| put(buf, item))
}

pub(super) fn put_integers<B: ByteBufMut>(buf: &mut B, numbers: &[i32]) -> Result<()> {
    put_array(buf, numbers, |buf, number| {
        buf.put_i32(*number);
        Ok(())
    })
}

/// No tagged fields.
pub(super) fn put_tags<B: ByteBufMut>(buf: &mut B) {
    buf.put_u8(0);
}
