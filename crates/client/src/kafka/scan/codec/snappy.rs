//! Snappy, raw or in the framing of Java's snappy library, which is what producers send.

use super::too_large;
use kafkaweave_core::bytes::Reader;

/// Magic, then two versions of four bytes each.
const FRAMED: &[u8] = b"\x82SNAPPY\0";

pub(super) fn decompress(body: &[u8], into: &mut Vec<u8>, max: usize) -> Result<(), String> {
    let Some(framed) = body.strip_prefix(FRAMED) else {
        return block(body, into, max);
    };
    let mut reader = Reader::new(framed);
    reader.take(8).ok_or("the framing is cut off")?;
    while !reader.rest().is_empty() {
        let piece = reader
            .i32()
            .and_then(|size| usize::try_from(size).ok())
            .and_then(|size| reader.take(size))
            .ok_or("a block is cut off")?;
        block(piece, into, max)?;
    }
    Ok(())
}

fn block(piece: &[u8], into: &mut Vec<u8>, max: usize) -> Result<(), String> {
    let size = snap::raw::decompress_len(piece).map_err(|error| error.to_string())?;
    let before = into.len();
    if size > max.saturating_sub(before) {
        return Err(too_large(max));
    }
    // One byte makes at most 22 (a copy of 64 takes three), so a size beyond that is a lie which
    // must not cost memory.
    if size / 32 > piece.len() {
        return Err("the stated size is impossible".into());
    }
    into.resize(before + size, 0);
    let written = snap::raw::Decoder::new()
        .decompress(piece, into.get_mut(before..).unwrap_or_default())
        .map_err(|error| error.to_string())?;
    into.truncate(before + written);
    Ok(())
}
