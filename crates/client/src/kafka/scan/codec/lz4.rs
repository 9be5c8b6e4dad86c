//! LZ4 frames, block by block into one buffer.
//!
//! Checksums inside of the frame are not verified: the batch's CRC covers the same bytes.

use super::too_large;
use kafkaweave_core::bytes::Reader;

const MAGIC: u32 = 0x184d_2204;
/// A block refers back this far at most.
const WINDOW_BYTES: usize = 64 << 10;

pub(super) fn decompress(body: &[u8], into: &mut Vec<u8>, max: usize) -> Result<(), String> {
    let mut reader = Reader::new(body);
    while !reader.rest().is_empty() {
        frame(&mut reader, into, max)?;
    }
    Ok(())
}

fn frame(reader: &mut Reader<'_>, into: &mut Vec<u8>, max: usize) -> Result<(), String> {
    if reader.u32_le() != Some(MAGIC) {
        return Err("no frame".into());
    }
    let cut = "the frame is cut off";
    let flags = reader.u8().ok_or(cut)?;
    let descriptor = reader.u8().ok_or(cut)?;
    if flags >> 6 != 1 {
        return Err(format!("unknown frame version {}", flags >> 6));
    }
    if flags & 0x01 != 0 {
        return Err("the frame needs a dictionary".into());
    }
    let block_bytes: usize = match (descriptor >> 4) & 0x07 {
        4 => 64 << 10,
        5 => 256 << 10,
        6 => 1 << 20,
        7 => 4 << 20,
        other => return Err(format!("unknown block size {other}")),
    };
    let linked = flags & 0x20 == 0;
    let has_content_size = flags & 0x08 != 0;
    reader
        .take(if has_content_size { 9 } else { 1 })
        .ok_or(cut)?;
    let begin = into.len();
    loop {
        let size = reader.u32_le().ok_or(cut)?;
        if size == 0 {
            break;
        }
        let plain = size & 0x8000_0000 != 0;
        let block = usize::try_from(size & 0x7fff_ffff)
            .ok()
            .and_then(|size| reader.take(size))
            .ok_or(cut)?;
        if flags & 0x10 != 0 {
            reader.take(4).ok_or(cut)?;
        }
        let before = into.len();
        let room = block_bytes.min(max.saturating_sub(before));
        if plain {
            if block.len() > room {
                return Err(too_large(max));
            }
            into.extend_from_slice(block);
            continue;
        }
        // One byte makes at most 255.
        let room = room.min(block.len().saturating_mul(255).saturating_add(64));
        into.resize(before + room, 0);
        let (done, free) = into.split_at_mut(before);
        let written = if linked {
            let window = before.saturating_sub(WINDOW_BYTES).max(begin);
            let window = done.get(window..).unwrap_or_default();
            lz4_flex::block::decompress_into_with_dict(block, free, window)
        } else {
            lz4_flex::block::decompress_into(block, free)
        };
        match written {
            Ok(written) => into.truncate(before + written),
            Err(_) if before + block_bytes > max => return Err(too_large(max)),
            Err(error) => return Err(error.to_string()),
        }
    }
    if flags & 0x04 != 0 {
        reader.take(4).ok_or(cut)?;
    }
    Ok(())
}
