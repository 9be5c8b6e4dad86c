//! What bytes are that nobody described: formats that tell themselves, and guesses at others.
//!
//! Numbers as Kafka's own serializers write them, UUIDs, Avro container files (they carry their
//! schema), MessagePack, protobuf without a schema, and the header that Confluent's serializers put
//! before a payload. Each is tried on the whole payload and must end where it ends. Decoders write
//! bounded JSON straight from the bytes and build no tree, so that a lie about a length or a count
//! costs nothing and work is linear in bytes and bound; that is why none of the formats' libraries
//! is used, which build trees first. Nothing here looks up a schema, and text is not its matter.

mod avro;
mod confluent;
mod json;
mod msgpack;
mod number;
mod protobuf;
#[cfg(test)]
mod tests;
mod uuid;

pub(crate) use self::uuid::is_text as is_uuid_text;
pub(crate) use confluent::{guid as header_guid, id as is_framed};
pub(crate) use protobuf::plausible as is_protobuf;

use crate::payload::{Confidence, PayloadEncoding};
use json::JsonText;

/// Deepest nesting that is decoded.
const MAX_DEPTH: usize = 32;

/// What bytes were taken for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Decoded {
    pub(crate) encoding: PayloadEncoding,
    pub(crate) confidence: Confidence,
    /// A number, a UUID, or JSON.
    pub(crate) text: String,
    /// Whether `text` is only the beginning.
    pub(crate) cut: bool,
    /// Behind a Confluent header.
    pub(crate) framed: Option<Framed>,
}

/// What a Confluent header and what follows it tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Framed {
    pub(crate) schema_id: u32,
    /// What follows: json, protobuf, or neither of them, which Avro's binary form is.
    pub(crate) content: PayloadEncoding,
    /// Which message of its schema a protobuf payload is, outermost first.
    pub(crate) message: Vec<u32>,
}

impl Decoded {
    fn plain(encoding: PayloadEncoding, confidence: Confidence, text: String) -> Self {
        Self {
            encoding,
            confidence,
            text,
            cut: false,
            framed: None,
        }
    }

    fn json(encoding: PayloadEncoding, confidence: Confidence, json: JsonText) -> Self {
        let cut = json.is_cut();
        Self {
            encoding,
            confidence,
            text: json.finish(),
            cut,
            framed: None,
        }
    }
}

/// Takes bytes that are no plain text for what they most likely are. `whole` says that nothing was
/// cut off; without it only formats that tell themselves at their beginning are seen. The text is
/// at most `limit_bytes` long.
pub(crate) fn decode(bytes: &[u8], whole: bool, limit_bytes: usize) -> Option<Decoded> {
    use Confidence::{Certain, Guess, Likely};
    if bytes.starts_with(avro::MAGIC) {
        let mut json = JsonText::new(limit_bytes);
        return avro::container(bytes, &mut json)
            .map(|()| Decoded::json(PayloadEncoding::Avro, Certain, json));
    }
    let number = number::number(bytes).filter(|_| whole);
    // Eight bytes that begin with a zero may be a number, or a header and three bytes.
    if let Some(number) = &number
        && (number.confidence == Likely || bytes.starts_with(&[0]))
    {
        return Some(number.clone());
    }
    if let Some(framed) = confluent::decode(bytes, whole, limit_bytes) {
        return Some(framed);
    }
    let uuid = uuid::binary(bytes).filter(|_| whole);
    if let Some(uuid) = uuid.as_ref().filter(|uuid| uuid.confidence == Likely) {
        return Some(uuid.clone());
    }
    if whole && let Some((json, strong)) = msgpack::decode(bytes, limit_bytes) {
        let confidence = if strong { Likely } else { Guess };
        return Some(Decoded::json(PayloadEncoding::Msgpack, confidence, json));
    }
    if let Some(guess) = number.or(uuid) {
        return Some(guess);
    }
    if whole && protobuf::plausible(bytes) {
        let mut json = JsonText::new(limit_bytes);
        protobuf::write(bytes, &mut json);
        return Some(Decoded::json(PayloadEncoding::Protobuf, Guess, json));
    }
    None
}

/// Whether text is plain: no control characters but those that people write (line ends, tab,
/// escape), and no beginning that a protobuf message with a string in front would have.
pub(crate) fn is_plain(text: &str) -> bool {
    !text.starts_with('\n')
        && !text
            .bytes()
            .any(|b| (b < 0x20 && !matches!(b, b'\n' | b'\r' | b'\t' | 0x1b)) || b == 0x7f)
}

/// A payload of a known format as a document. `None` where that format holds none, or does not fit.
pub(crate) fn as_json(format: &str, bytes: &[u8], whole: bool) -> Option<serde_json::Value> {
    // Names and escapes make text larger than the bytes, but not without end.
    let limit = bytes.len().saturating_mul(8).clamp(4 << 10, 256 << 10);
    let mut json = JsonText::new(limit);
    match format {
        "json" => return serde_json::from_slice(bytes).ok().filter(|_| whole),
        "confluent json" => return serde_json::from_slice(bytes.get(5..)?).ok(),
        "avro" => avro::container(bytes, &mut json)?,
        "msgpack" if whole => json = msgpack::decode(bytes, limit)?.0,
        "protobuf" if whole && protobuf::plausible(bytes) => protobuf::write(bytes, &mut json),
        "confluent protobuf" if whole => confluent::message(bytes, &mut json)?,
        _ => return None,
    }
    (!json.is_cut()).then(|| serde_json::from_str(&json.finish()).ok())?
}

/// A payload without structure in a word: the number, the UUID, the text. `None` where it has none.
pub(crate) fn scalar(format: &str, bytes: &[u8]) -> Option<String> {
    match format {
        "int32" => Some(i32::from_be_bytes(bytes.try_into().ok()?).to_string()),
        "int64" => Some(i64::from_be_bytes(bytes.try_into().ok()?).to_string()),
        "float" => Some(f32::from_be_bytes(bytes.try_into().ok()?).to_string()),
        "double" => Some(f64::from_be_bytes(bytes.try_into().ok()?).to_string()),
        "uuid" => Some(uuid::text(bytes.try_into().ok()?)),
        "text" | "uuid text" | "number text" => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    }
}
