//! How bytes of keys, values and headers are shown.
//!
//! Text as text, JSON recognised and kept as it was written, other bytes as what they most likely
//! are, with how sure that is, or as base64. What could move a terminal's cursor or turn text round
//! is escaped. A null is no payload at all (`None`), which differs from an empty one. Schemas are
//! not looked up here.

use crate::decode::{Decoded, decode, header_guid, is_plain};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// How a payload's text is to be read.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PayloadEncoding {
    /// UTF-8 text.
    Utf8,
    /// UTF-8 text that is a JSON object or array (or the beginning of one, when truncated).
    Json,
    /// The bytes are not UTF-8 and nothing else that is known; base64 (RFC 4648, padded).
    Base64,
    /// Four bytes, big-endian, as Kafka's IntegerSerializer writes them.
    Int32,
    /// Eight bytes, big-endian, as Kafka's LongSerializer writes them.
    Int64,
    /// Four bytes, big-endian, as Kafka's FloatSerializer writes them.
    Float,
    /// Eight bytes, big-endian, as Kafka's DoubleSerializer writes them.
    Double,
    /// Sixteen bytes.
    Uuid,
    /// An Avro object container file, shown as a JSON list of its records.
    Avro,
    /// MessagePack, shown as JSON.
    Msgpack,
    /// Protobuf without its schema, shown as JSON with field numbers for names.
    Protobuf,
    /// A Confluent header; see `schema_id` and `content`.
    Confluent,
}

/// How sure an encoding is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// The bytes fit, as many others would by chance.
    Guess,
    /// Other bytes hardly ever look like this.
    Likely,
    /// The bytes say so themselves.
    Certain,
}

/// Bytes as shown. A null is `None`, not a payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Payload {
    /// How `text` is to be read.
    pub encoding: PayloadEncoding,
    /// The content. Control and direction characters are written as \u escapes.
    pub text: String,
    /// Size of the whole payload, bytes.
    pub size_bytes: usize,
    /// Whether `text` shows only the beginning.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
    /// How sure the encoding is; absent when it is certain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Confidence>,
    /// The schema's id in its registry, from a Confluent header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_id: Option<u32>,
    /// The schema's GUID, from a record header of Confluent's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_guid: Option<String>,
    /// What follows a Confluent header, by its looks: json, protobuf, or avro, which needs its
    /// schema and is shown by what can be read in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<PayloadEncoding>,
    /// Which message of its schema a protobuf payload behind a Confluent header is, from the
    /// outermost in, counted from 0; absent when it is the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub message: Vec<u32>,
    /// The bytes themselves, as far as the limit goes, where `text` is a guess or not all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
}

impl Payload {
    /// Shows `bytes` as what they are, in at most `limit_bytes` of text. `size_bytes` is the size
    /// of the whole payload, of which `bytes` may be only the beginning.
    pub fn of(bytes: &[u8], size_bytes: usize, limit_bytes: usize) -> Self {
        let size_bytes = size_bytes.max(bytes.len());
        let shown = bytes.get(..limit_bytes).unwrap_or(bytes);
        let truncated = shown.len() < size_bytes;
        let plain = text(shown, truncated).is_some_and(is_plain);
        if !plain && let Some(decoded) = decode(bytes, bytes.len() == size_bytes, limit_bytes) {
            return Self::decoded(decoded, bytes, size_bytes, limit_bytes);
        }
        Self::undecoded(bytes, size_bytes, limit_bytes)
    }

    /// The same without guessing: text, JSON or base64.
    pub fn undecoded(bytes: &[u8], size_bytes: usize, limit_bytes: usize) -> Self {
        let size_bytes = size_bytes.max(bytes.len());
        let shown = bytes.get(..limit_bytes).unwrap_or(bytes);
        let truncated = shown.len() < size_bytes;
        let (encoding, text) = match text(shown, truncated) {
            Some(text) if is_json(text, truncated) => (PayloadEncoding::Json, escape(text)),
            Some(text) => (PayloadEncoding::Utf8, escape(text)),
            None => (PayloadEncoding::Base64, STANDARD.encode(shown)),
        };
        Self {
            truncated,
            ..Self::certain(encoding, text, size_bytes)
        }
    }

    fn certain(encoding: PayloadEncoding, text: String, size_bytes: usize) -> Self {
        Self {
            encoding,
            text,
            size_bytes,
            truncated: false,
            confidence: None,
            schema_id: None,
            schema_guid: None,
            content: None,
            message: Vec::new(),
            base64: None,
        }
    }

    fn decoded(decoded: Decoded, bytes: &[u8], size_bytes: usize, limit_bytes: usize) -> Self {
        let framed = decoded.framed;
        let content = framed.as_ref().map(|framed| framed.content);
        // A schema's Avro cannot be read without it, and a guess may be wrong: the bytes stay.
        let bytes_too =
            decoded.confidence == Confidence::Guess || content == Some(PayloadEncoding::Avro);
        let shown = bytes.get(..limit_bytes).unwrap_or(bytes);
        let message = framed.as_ref().map(|f| f.message.clone());
        Self {
            truncated: decoded.cut || bytes.len() < size_bytes,
            confidence: Some(decoded.confidence).filter(|c| *c != Confidence::Certain),
            schema_id: framed.map(|framed| framed.schema_id),
            content,
            message: message.filter(|m| m != &[0]).unwrap_or_default(),
            base64: bytes_too.then(|| STANDARD.encode(shown)),
            ..Self::certain(decoded.encoding, escape(&decoded.text), size_bytes)
        }
    }

    /// The same for what may be null.
    pub fn optional(bytes: Option<&[u8]>, size_bytes: usize, limit_bytes: usize) -> Option<Self> {
        bytes.map(|bytes| Self::of(bytes, size_bytes, limit_bytes))
    }

    /// The value of a header, whose name may tell what it is.
    pub fn header(name: &str, bytes: &[u8], size_bytes: usize, limit_bytes: usize) -> Self {
        if bytes.len() >= size_bytes
            && let Some(guid) = header_guid(name, bytes)
        {
            return Self {
                schema_guid: Some(guid.clone()),
                ..Self::certain(PayloadEncoding::Confluent, guid, bytes.len())
            };
        }
        Self::of(bytes, size_bytes, limit_bytes)
    }
}

/// The bytes as UTF-8. A character that the truncation cut through is left out; any other fault
/// makes them no text.
fn text(bytes: &[u8], truncated: bool) -> Option<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if truncated && error.error_len().is_none() && error.valid_up_to() > 0 => bytes
            .get(..error.valid_up_to())
            .and_then(|valid| std::str::from_utf8(valid).ok()),
        Err(_) => None,
    }
}

/// Whether the text is a JSON object or array, or can be the beginning of one. Numbers, words
/// and strings count as text: most of them were never meant as JSON.
fn is_json(text: &str, truncated: bool) -> bool {
    if !text.trim_start().starts_with(['{', '[']) {
        return false;
    }
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => true,
        Err(error) => truncated && error.is_eof(),
    }
}

/// Writes control characters (but for line feed and tab) and those that change the direction of
/// text as `\u001b`, the way JSON does.
fn escape(text: &str) -> String {
    let harmful = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if !text.contains(harmful) {
        return text.to_owned();
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if harmful(c) {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// The text in one line that cannot pass for another: line feeds and tabs are written as `\\n` and
/// `\\t`, other harmful characters as a payload's are. For names that strangers choose, such as those
/// of groups, clients and headers.
pub fn one_line(text: &str) -> String {
    escape(text).replace('\n', "\\n").replace('\t', "\\t")
}

#[cfg(test)]
mod tests;
