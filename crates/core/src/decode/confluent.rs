//! The header of Confluent's serializers: a zero, the id of a schema (four bytes), and for protobuf
//! which message of the schema it is. The schema itself is in a registry that is not asked here, so
//! what follows is told by its looks: JSON, protobuf, or else most likely Avro.

use super::json::JsonText;
use super::{Decoded, Framed, is_plain, protobuf, uuid};
use crate::bytes::Reader;
use crate::payload::Confidence::{Guess, Likely};
use crate::payload::PayloadEncoding;

/// The zero and the id.
const HEADER_BYTES: usize = 5;
/// Registries count ids from 1, hosted ones from 100,001: an id above this is none.
const MAX_ID: u32 = 0xff_ffff;
/// Nested messages in a list of message indexes, and messages beside each other.
const MAX_INDEXES: i64 = 8;
const MAX_INDEX: i64 = 1000;
/// Shortest run of letters that is shown of a payload that cannot be decoded.
const RUN: usize = 3;

/// The schema's id, when there is such a header.
pub(crate) fn id(bytes: &[u8]) -> Option<u32> {
    let mut reader = Reader::new(bytes);
    if reader.u8()? != 0 {
        return None;
    }
    let id = u32::from_be_bytes(reader.array()?);
    (1..=MAX_ID).contains(&id).then_some(id)
}

/// Writes what follows a header as protobuf, when it is that.
pub(super) fn message(bytes: &[u8], json: &mut JsonText) -> Option<()> {
    let (_, body) = indexes(bytes.get(HEADER_BYTES..)?)?;
    // A message whose fields all have their defaults has no bytes.
    if body.is_empty() {
        json.raw("{}");
    } else if protobuf::plausible(body) {
        protobuf::write(body, json);
    } else {
        return None;
    }
    Some(())
}

pub(super) fn decode(bytes: &[u8], whole: bool, limit: usize) -> Option<Decoded> {
    let schema_id = id(bytes)?;
    let body = bytes.get(HEADER_BYTES..)?;
    let framed = |content, message| {
        Some(Framed {
            schema_id,
            content,
            message,
        })
    };
    let mut json = JsonText::new(limit);
    let decoded = |json: JsonText, framed| Decoded {
        confidence: Likely,
        framed,
        ..Decoded::json(PayloadEncoding::Confluent, Likely, json)
    };
    if let Some(text) = json_text(body, whole) {
        json.raw(text);
        return Some(decoded(json, framed(PayloadEncoding::Json, Vec::new())));
    }
    if whole
        && let Some((message, body)) = indexes(body)
        && protobuf::plausible(body)
    {
        protobuf::write(body, &mut json);
        return Some(decoded(json, framed(PayloadEncoding::Protobuf, message)));
    }
    readable(body, &mut json);
    let mut decoded = decoded(json, framed(PayloadEncoding::Avro, Vec::new()));
    // A header alone could be the beginning of anything.
    if body.is_empty() {
        decoded.confidence = Guess;
    }
    Some(decoded)
}

/// The body as JSON text, when it is that.
fn json_text(body: &[u8], whole: bool) -> Option<&str> {
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(error) if !whole => std::str::from_utf8(body.get(..error.valid_up_to())?).ok()?,
        Err(_) => return None,
    };
    text.starts_with(['{', '[']).then_some(())?;
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Some(text),
        Err(error) => (!whole && error.is_eof()).then_some(text),
    }
}

/// The list of message indexes and what follows it. A single zero stands for the first message.
fn indexes(body: &[u8]) -> Option<(Vec<u32>, &[u8])> {
    let mut reader = Reader::new(body);
    let count = reader.varlong()?;
    if count == 0 {
        return Some((vec![0], reader.rest()));
    }
    if !(1..=MAX_INDEXES).contains(&count) {
        return None;
    }
    let mut indexes = Vec::new();
    for _ in 0..count {
        let index = reader.varlong()?;
        if !(0..=MAX_INDEX).contains(&index) {
            return None;
        }
        indexes.push(u32::try_from(index).ok()?);
    }
    Some((indexes, reader.rest()))
}

/// What a person can read in bytes that cannot be decoded.
fn readable(body: &[u8], json: &mut JsonText) {
    let mut runs = body
        .split(|b| !(0x20..0x7f).contains(b))
        .filter(|run| run.len() >= RUN)
        .filter_map(|run| std::str::from_utf8(run).ok())
        .filter(|run| is_plain(run));
    if let Some(first) = runs.next() {
        json.raw(first);
    }
    for run in runs {
        if json.is_cut() {
            return;
        }
        json.raw(" .. ");
        json.raw(run);
    }
}

/// The schema's GUID in a record header `__key_schema_id` or `__value_schema_id`: a one and
/// sixteen bytes, which for protobuf message indexes follow.
pub(crate) fn guid(name: &str, value: &[u8]) -> Option<String> {
    if !matches!(name, "__key_schema_id" | "__value_schema_id") {
        return None;
    }
    let mut reader = Reader::new(value);
    if reader.u8()? != 1 {
        return None;
    }
    let guid = reader.array()?;
    (reader.is_empty() || indexes(reader.rest()).is_some_and(|(_, rest)| rest.is_empty()))
        .then(|| uuid::text(guid))
}
