//! Each format as other libraries write it, its near misses, and bytes that mean nothing.
//!
//! Those in `written.txt` were written by fastavro, msgpack and protobuf for Python.

mod hostile;

use super::*;
use crate::payload::Payload;
use PayloadEncoding::{
    Avro, Base64, Confluent, Double, Float, Int32, Int64, Json, Msgpack, Protobuf, Utf8, Uuid,
};
use serde_json::{Value, json};

const LIMIT: usize = 8192;

fn shown(bytes: &[u8]) -> Payload {
    Payload::of(bytes, bytes.len(), LIMIT)
}

/// Encoding, confidence and text of what is shown.
fn told(bytes: &[u8]) -> (PayloadEncoding, Option<Confidence>, String) {
    let payload = shown(bytes);
    (payload.encoding, payload.confidence, payload.text)
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn framed(id: u32, body: &[u8]) -> Vec<u8> {
    [&[0][..], &id.to_be_bytes(), body].concat()
}

/// A payload that another library wrote.
fn written(name: &str) -> Vec<u8> {
    use base64::Engine as _;
    let line = include_str!("tests/written.txt")
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    base64::engine::general_purpose::STANDARD
        .decode(line.unwrap())
        .unwrap()
}

fn protobuf() -> Vec<u8> {
    written("message.protobuf")
}

fn msgpack() -> Vec<u8> {
    written("values.msgpack")
}

fn avro() -> Vec<u8> {
    written("orders.null.avro")
}

fn order(id: i64, next: Value) -> Value {
    json!({
        "id": id, "name": "gr\u{fc}n", "price": -12.34, "at": "2026-11-24T05:00:00Z", "day": "2026-11-24",
        "state": "DONE", "note": if id % 2 == 0 { json!("n") } else { Value::Null }, "tags": ["a", "b"],
        "attrs": {"x": 1.5}, "hash": "base64:AP8B", "next": next, "prior": "NEW", "ok": true, "f": 0.5,
        "uid": "123e4567-e89b-42d3-a456-426614174000",
    })
}

#[test]
fn avro_containers_of_every_common_codec_are_read_by_their_own_schema() {
    let expected = json!([order(1, order(2, Value::Null)), order(3, Value::Null)]);
    for codec in ["null", "deflate", "snappy", "zstandard"] {
        let payload = shown(&written(&format!("orders.{codec}.avro")));
        assert_eq!(
            (payload.encoding, payload.confidence, payload.truncated),
            (Avro, None, false),
            "{codec}"
        );
        assert_eq!(parsed(&payload.text), expected, "{codec}");
    }
    let unknown = shown(&written("orders.bzip2.avro"));
    assert_eq!(
        (unknown.encoding, unknown.text.as_str(), unknown.truncated),
        (Avro, "[", true)
    );
}

#[test]
fn of_a_container_that_was_cut_the_records_at_its_beginning_are_shown() {
    let avro = avro();
    let whole = shown(&avro).text;
    for length in 0..avro.len() {
        let payload = Payload::of(&avro[..length], avro.len(), LIMIT);
        if payload.encoding == Avro {
            assert!(payload.truncated);
            let common = payload.text.trim_end_matches([',', ']', '}', '"', ':']);
            assert!(whole.starts_with(common), "{length}: {}", payload.text);
        }
    }
    let first = Payload::of(&avro[..avro.len() - 100], avro.len(), LIMIT);
    assert!(first.text.starts_with("[{\"id\":1,"), "{}", first.text);
}

#[test]
fn messagepack_and_protobuf_are_shown_as_their_writers_meant_them() {
    let (encoding, confidence, text) = told(&msgpack());
    assert_eq!((encoding, confidence), (Msgpack, Some(Confidence::Guess)));
    let expected = json!({
        "id": 7, "neg": -300, "f": 1.5, "s": "x".repeat(40), "l": [1, null, true, "base64:AQI="],
        "m": {"a": {"b": 1_u64 << 40}}, "1": "num", "t": "2026-11-24T05:00:00.005Z",
    });
    let mut got = parsed(&text);
    let time = got["t"].take();
    let mut expected = expected;
    expected["t"] = Value::Null;
    assert_eq!(got, expected);
    assert!(time.as_str().unwrap().starts_with("2026-11-2"), "{time}");
    let (encoding, confidence, text) = told(&protobuf());
    assert_eq!((encoding, confidence), (Protobuf, Some(Confidence::Guess)));
    let expected = json!({
        "1": 42, "2": "alice", "3": {"1": "Oslo", "2": 59.9}, "4": "base64:AQKsAg==",
        "5": ["a", "bb"], "6": 1, "7": 7, "8": 1.5, "9": "base64://4A", "10": 5, "11": -5,
    });
    let mut got = parsed(&text);
    // Packed numbers look like whatever they look like.
    got["4"] = expected["4"].clone();
    assert_eq!(got, expected);
    assert_eq!(
        shown(&protobuf()).base64.unwrap().len(),
        protobuf().len().div_ceil(3) * 4
    );
}

#[test]
fn each_format_has_its_true_ones_and_its_near_misses() {
    use Confidence::{Guess, Likely};
    let number = |n: i64| n.to_be_bytes().to_vec();
    let v7 = "0193f3a0c4d07abc8def0123456789ab";
    let v4 = "123e4567e89b42d3a456426614174000";
    let sixteen = |text: &str| -> Vec<u8> {
        (0..16)
            .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
            .collect()
    };
    let map = |json: &[u8]| [&[0x81, 0xa2, b'i', b'd'][..], json].concat();
    for (bytes, encoding, confidence, text) in [
        (number(42), Int64, Some(Likely), "42"),
        (number(-7), Int64, Some(Likely), "-7"),
        (
            number(1_795_582_800_000),
            Int64,
            Some(Likely),
            "1795582800000",
        ),
        (number(5_000_000_000), Int64, Some(Guess), "5000000000"),
        (42_i32.to_be_bytes().to_vec(), Int32, Some(Likely), "42"),
        (
            1_000_000_i32.to_be_bytes().to_vec(),
            Int32,
            Some(Guess),
            "1000000",
        ),
        (21.5_f32.to_be_bytes().to_vec(), Float, Some(Likely), "21.5"),
        (
            19.99_f64.to_be_bytes().to_vec(),
            Double,
            Some(Likely),
            "19.99",
        ),
        (
            std::f64::consts::PI.to_be_bytes().to_vec(),
            Double,
            Some(Guess),
            "3.141592653589793",
        ),
        // Letters are text, whatever number they would be.
        (b"abcd".to_vec(), Utf8, None, "abcd"),
        (b"12345678".to_vec(), Utf8, None, "12345678"),
        (
            f64::NAN.to_be_bytes().to_vec(),
            Base64,
            None,
            "f/gAAAAAAAA=",
        ),
        (vec![0xff; 5], Base64, None, "//////8="),
        (
            sixteen(v7),
            Uuid,
            Some(Likely),
            "0193f3a0-c4d0-7abc-8def-0123456789ab",
        ),
        (
            sixteen(v4),
            Uuid,
            Some(Guess),
            "123e4567-e89b-42d3-a456-426614174000",
        ),
        (
            sixteen("123e4567e89bf2d3f456426614174000"),
            Base64,
            None,
            "Ej5FZ+ib8tP0VkJmFBdAAA==",
        ),
        (map(&[7]), Msgpack, Some(Likely), "{\"id\":7}"),
        (
            vec![0x93, 1, 0xc0, 0xc3],
            Msgpack,
            Some(Guess),
            "[1,null,true]",
        ),
        (map(&[7, 7]), Base64, None, "gaJpZAcH"),
        (map(&[0xc1]), Base64, None, "gaJpZME="),
        (
            vec![0xdd, 0xff, 0xff, 0xff, 0xff, 1],
            Base64,
            None,
            "3f////8B",
        ),
        (vec![0x08, 0x96, 0x01], Protobuf, Some(Guess), "{\"1\":150}"),
        (
            b"\n\x05hello\x10*".to_vec(),
            Protobuf,
            Some(Guess),
            "{\"1\":\"hello\",\"2\":42}",
        ),
        (b"\n\x05hell".to_vec(), Utf8, None, "\n\\u0005hell"),
        (vec![0x08, 0x96], Base64, None, "CJY="),
        (
            b"\nstarts on the next line".to_vec(),
            Utf8,
            None,
            "\nstarts on the next line",
        ),
        (
            framed(42, b"{\"a\":1}"),
            Confluent,
            Some(Likely),
            "{\"a\":1}",
        ),
        (
            framed(42, b"\x00\x0a\x05hello\x10\x2a"),
            Confluent,
            Some(Likely),
            "{\"1\":\"hello\",\"2\":42}",
        ),
        (
            framed(42, b"\x0eorder-1\x80\x02\x06EUR\xff"),
            Confluent,
            Some(Likely),
            "order-1 .. EUR",
        ),
        (framed(0, b"\xff12345"), Base64, None, "AAAAAAD/MTIzNDU="),
        (
            framed(0x0100_0000, b"\xff12345"),
            Base64,
            None,
            "AAEAAAD/MTIzNDU=",
        ),
    ] {
        assert_eq!(
            told(&bytes),
            (encoding, confidence, text.to_owned()),
            "{bytes:02x?}"
        );
    }
}

#[test]
fn a_confluent_header_is_told_with_what_follows_it() {
    let json = shown(&framed(42, b"{\"a\":1}"));
    assert_eq!((json.schema_id, json.content), (Some(42), Some(Json)));
    assert_eq!(json.base64, None);
    let nested = shown(&framed(100_001, b"\x04\x02\x00\x08\x01"));
    assert_eq!(
        (nested.schema_id, nested.content, nested.message.as_slice()),
        (Some(100_001), Some(Protobuf), &[1, 0][..])
    );
    let first = serde_json::to_value(shown(&framed(7, b"\x00\x08\x01\x10\x02"))).unwrap();
    let expected = json!({
        "encoding": "confluent", "text": "{\"1\":1,\"2\":2}", "size_bytes": 10, "confidence": "likely",
        "schema_id": 7, "content": "protobuf",
    });
    assert_eq!(first, expected);
    let avro = shown(&framed(7, b"\x02\x0a\xffhello"));
    assert_eq!((avro.content, avro.text.as_str()), (Some(Avro), "hello"));
    assert_eq!(
        avro.base64.as_deref(),
        Some("AAAAAAcCCv9oZWxsbw=="),
        "its bytes stay"
    );
    // Cut off, its header still tells.
    let cut = Payload::of(&framed(9, &[0xff; 20]), 5000, LIMIT);
    assert_eq!((cut.schema_id, cut.truncated), (Some(9), true));
}

#[test]
fn a_schemas_guid_is_read_from_the_header_of_that_name_alone() {
    let value = [
        &[1][..],
        &[
            0x12, 0x3e, 0x45, 0x67, 0xe8, 0x9b, 0x42, 0xd3, 0xa4, 0x56, 0x42, 0x66, 0x14, 0x17,
            0x40, 0,
        ],
    ]
    .concat();
    let shown = |name: &str, value: &[u8]| Payload::header(name, value, value.len(), 100);
    let guid = "123e4567-e89b-42d3-a456-426614174000";
    for name in ["__key_schema_id", "__value_schema_id"] {
        let payload = shown(name, &value);
        assert_eq!(
            (payload.encoding, payload.schema_guid.as_deref()),
            (Confluent, Some(guid))
        );
        assert_eq!(payload.confidence, None);
        assert_eq!(shown(name, &value[..16]).schema_guid, None);
        assert_eq!(
            shown(name, &[&value[..], &[0]].concat())
                .schema_guid
                .as_deref(),
            Some(guid)
        );
        assert_eq!(
            shown(name, &[&value[..], &[9, 9]].concat()).schema_guid,
            None
        );
    }
    assert_eq!(shown("other", &value).schema_guid, None);
}

#[test]
fn what_was_cut_off_is_not_taken_for_a_whole() {
    for bytes in [msgpack(), protobuf(), 42_i64.to_be_bytes().to_vec()] {
        let bytes = bytes.as_slice();
        let payload = Payload::of(bytes, bytes.len() + 1, LIMIT);
        assert!(payload.truncated);
        assert!(matches!(payload.encoding, Base64 | Utf8), "{payload:?}");
    }
}

#[test]
fn text_is_cut_at_the_limit_and_said_to_be() {
    let (msgpack, protobuf, avro) = (msgpack(), protobuf(), avro());
    for limit in 0..400 {
        for bytes in [&msgpack[..], &protobuf, &avro] {
            let payload = Payload::of(bytes, bytes.len(), limit);
            assert!(
                payload.text.len() <= limit.max(1).div_ceil(3) * 4,
                "{payload:?}"
            );
            assert_eq!(
                payload.truncated,
                payload.text.len() < shown(bytes).text.len()
                    || payload.encoding == Base64 && limit < bytes.len()
            );
        }
    }
}

#[test]
fn the_bytes_can_be_had_as_they_are() {
    let raw = Payload::undecoded(&msgpack(), msgpack().len(), LIMIT);
    assert_eq!((raw.encoding, raw.confidence), (Base64, None));
}
