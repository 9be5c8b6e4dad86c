//! Avro object container files (Avro 1.12): a schema in the header, then blocks of records.
//!
//! Written as a JSON list of records until the bound is reached. Each record writes at least a
//! character and every loop looks at the bound, so counts that lie cost nothing. Codecs: null,
//! deflate, snappy, zstandard; of other codecs only the schema's name is told.

mod read;
mod schema;

use super::json::JsonText;
use crate::bytes::Reader;
use schema::Schema;
use std::io::Read as _;

/// How a container file begins.
pub(super) const MAGIC: &[u8] = b"Obj\x01";
/// Largest schema that is read.
const MAX_SCHEMA_BYTES: usize = 256 << 10;
/// Most of a block that is decompressed.
const MAX_BLOCK_BYTES: usize = 1 << 20;
/// Most entries of the header's map.
const MAX_ENTRIES: usize = 64;

/// Writes the records of a container file, or of its beginning. `None` when the header is none.
pub(super) fn container(bytes: &[u8], json: &mut JsonText) -> Option<()> {
    let mut reader = Reader::new(bytes);
    reader.take(MAGIC.len())?;
    let header = header(&mut reader)?;
    let schema = Schema::parse(header.schema)?;
    json.raw("[");
    match blocks(&mut reader, &header, &schema, json) {
        Some(()) => json.raw("]"),
        // The bytes end before their records do, or are damaged: what was read stands.
        None => json.cut(),
    }
    Some(())
}

struct Header<'a> {
    schema: &'a [u8],
    codec: &'a [u8],
    sync: [u8; 16],
}

fn header<'a>(reader: &mut Reader<'a>) -> Option<Header<'a>> {
    let mut schema = None;
    let mut codec = &b"null"[..];
    let mut entries = 0;
    loop {
        let mut count = reader.varlong()?;
        if count == 0 {
            break;
        }
        if count < 0 {
            // A negative count is followed by the size of the block.
            reader.varlong()?;
            count = count.checked_neg()?;
        }
        for _ in 0..count {
            entries += 1;
            if entries > MAX_ENTRIES {
                return None;
            }
            match (reader.sized()?, reader.sized()?) {
                (b"avro.schema", value) => schema = Some(value),
                (b"avro.codec", value) => codec = value,
                _ => {}
            }
        }
    }
    Some(Header {
        schema: schema.filter(|schema| schema.len() <= MAX_SCHEMA_BYTES)?,
        codec,
        sync: reader.array()?,
    })
}

fn blocks(
    reader: &mut Reader<'_>,
    header: &Header<'_>,
    schema: &Schema,
    json: &mut JsonText,
) -> Option<()> {
    let mut first = true;
    while !reader.is_empty() {
        let count = reader.varlong()?;
        let size = usize::try_from(reader.varlong()?).ok()?;
        // Records of the beginning of a block can be read when they are not compressed.
        let whole = size <= reader.rest().len();
        let block = reader.take(size.min(reader.rest().len()))?;
        if !whole && header.codec != b"null" {
            return None;
        }
        let plain = decompressed(header.codec, block)?;
        let mut records = Reader::new(plain.as_deref().unwrap_or(block));
        for _ in 0..count {
            if json.is_cut() {
                return Some(());
            }
            json.comma(&mut first);
            schema.read(&mut records, json)?;
        }
        if !whole || !records.is_empty() || reader.array()? != header.sync {
            return None;
        }
    }
    Some(())
}

/// The bytes of a block; `Some(None)` where they are not compressed.
fn decompressed(codec: &[u8], block: &[u8]) -> Option<Option<Vec<u8>>> {
    let mut plain = Vec::new();
    match codec {
        b"null" => return Some(None),
        b"deflate" => {
            let decoder = flate2::read::DeflateDecoder::new(block);
            decoder
                .take(MAX_BLOCK_BYTES as u64)
                .read_to_end(&mut plain)
                .ok()?;
        }
        b"snappy" => {
            // Four bytes of checksum follow.
            let block = block.get(..block.len().checked_sub(4)?)?;
            let size = snap::raw::decompress_len(block).ok()?;
            if size > MAX_BLOCK_BYTES {
                return None;
            }
            plain = snap::raw::Decoder::new().decompress_vec(block).ok()?;
        }
        b"zstandard" => {
            let decoder = zstd::stream::read::Decoder::with_buffer(block).ok()?;
            decoder
                .take(MAX_BLOCK_BYTES as u64)
                .read_to_end(&mut plain)
                .ok()?;
        }
        _ => return None,
    }
    Some(Some(plain))
}
