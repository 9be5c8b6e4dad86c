//! Protobuf without its schema: fields by number, nested messages guessed.
//!
//! A payload counts as one only when it parses to its last byte with plausible fields; even so many
//! bytes do by chance, so it is never more than a guess. Integers are shown as unsigned unless the
//! sign bit is set: whether a field is zigzag or a bool is not in the bytes.

use super::is_plain;
use super::json::JsonText;
use crate::bytes::Reader;
use std::collections::BTreeMap;

/// Deepest nesting that is looked into; what lies deeper is shown as bytes.
const DEPTH: usize = 8;
/// Fields have small numbers, and random bytes large ones.
const MAX_FIELD: u64 = 10_000;

#[derive(Clone, Copy, Debug)]
enum Wire<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Fixed32([u8; 4]),
    Sized(&'a [u8]),
}

fn field<'a>(reader: &mut Reader<'a>) -> Option<(u64, Wire<'a>)> {
    let tag = reader.unsigned()?;
    let number = tag >> 3;
    if number == 0 || number > MAX_FIELD {
        return None;
    }
    let wire = match tag & 7 {
        0 => Wire::Varint(reader.unsigned()?),
        1 => Wire::Fixed64(reader.array()?),
        2 => {
            let length = usize::try_from(reader.unsigned()?).ok()?;
            Wire::Sized(reader.take(length)?)
        }
        5 => Wire::Fixed32(reader.array()?),
        _ => return None,
    };
    Some((number, wire))
}

/// Whether bytes are fields from their first to their last.
pub(crate) fn plausible(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        if field(&mut reader).is_none() {
            return false;
        }
    }
    !bytes.is_empty()
}

/// Writes plausible bytes as an object; a field that occurs again is a list.
pub(super) fn write(bytes: &[u8], json: &mut JsonText) {
    message(bytes, json, 0);
}

fn message(bytes: &[u8], json: &mut JsonText, depth: usize) {
    let mut fields: BTreeMap<u64, Vec<Wire<'_>>> = BTreeMap::new();
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = field(&mut reader) {
        fields.entry(number).or_default().push(wire);
    }
    let mut first = true;
    json.raw("{");
    for (number, values) in fields {
        if json.is_cut() {
            return;
        }
        json.comma(&mut first);
        json.name(&number.to_string());
        if let [value] = values.as_slice() {
            self::value(*value, json, depth);
            continue;
        }
        let mut first = true;
        json.raw("[");
        for value in values {
            if json.is_cut() {
                return;
            }
            json.comma(&mut first);
            self::value(value, json, depth);
        }
        json.raw("]");
    }
    json.raw("}");
}

fn value(wire: Wire<'_>, json: &mut JsonText, depth: usize) {
    match wire {
        Wire::Varint(number) if number > i64::MAX.unsigned_abs() => {
            json.number(number.cast_signed());
        }
        Wire::Varint(number) => json.number(number),
        Wire::Fixed64(bytes) => {
            let real = f64::from_le_bytes(bytes);
            if (1e-9..1e15).contains(&real.abs()) {
                json.float(real);
            } else {
                json.number(i64::from_le_bytes(bytes));
            }
        }
        Wire::Fixed32(bytes) => {
            let real = f32::from_le_bytes(bytes);
            if (1e-6..1e9).contains(&real.abs()) {
                json.number(real);
            } else {
                json.number(i32::from_le_bytes(bytes));
            }
        }
        Wire::Sized(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if is_plain(text) => json.string(text),
            _ if depth < DEPTH && plausible(bytes) => message(bytes, json, depth + 1),
            Ok(text) => json.string(text),
            Err(_) => json.bytes(bytes),
        },
    }
}
