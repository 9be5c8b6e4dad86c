//! Bytes that mean nothing, and bytes that mean harm: no false certainty, no panic, no allocation
//! by a count that lies, and work in proportion to what there is.

use super::super::json::JsonText;
use super::*;

/// Numbers that look random and are the same each time (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next().to_be_bytes()[7]).collect()
    }
}

#[test]
fn random_bytes_are_nothing_for_certain_and_hardly_ever_likely() {
    let mut random = Random(1);
    let (mut likely, mut uuids) = (0, 0);
    let many = 100_000;
    for round in 0..many {
        let length = match round % 4 {
            0 => 4,
            1 => 8,
            2 => 16,
            _ => (random.next() % 64) as usize,
        };
        let payload = shown(&random.bytes(length));
        if matches!(payload.encoding, Utf8 | Base64) {
            continue;
        }
        assert!(payload.confidence.is_some(), "{payload:?}");
        if payload.confidence == Some(Confidence::Likely) {
            // Most UUIDs are random bytes themselves; those with a time tell by it alone.
            match payload.encoding {
                Uuid => uuids += 1,
                _ => likely += 1,
            }
        }
    }
    assert!(
        likely <= 3 && uuids <= many / 4 / 2000,
        "{likely} and {uuids} UUIDs of {many} random payloads were called likely"
    );
}

#[test]
fn text_and_json_are_never_taken_for_anything_else() {
    let words = [
        "order",
        "shipped",
        "the",
        "Gr\u{fc}\u{df}e",
        "\u{65e5}\u{672c}",
        "42",
        "-",
        "a=b",
        "\t",
        "\r\n",
        "{",
        "}",
        "[1]",
        "\u{1b}[31m",
    ];
    let mut random = Random(2);
    for _ in 0..20_000 {
        let count = random.next() % 12 + 1;
        let text: Vec<&str> = (0..count)
            .map(|_| words[(random.next() % 14) as usize])
            .collect();
        let text = text.join(" ");
        let payload = shown(text.as_bytes());
        assert!(
            matches!(payload.encoding, Utf8 | Json) && payload.confidence.is_none(),
            "{text:?}: {payload:?}"
        );
        let json = json!({"text": text, "n": random.next(), "list": [1, null]}).to_string();
        assert_eq!(told(json.as_bytes()).0, Json);
    }
}

#[test]
fn hostile_bytes_end_in_bounded_text_without_a_panic() {
    let mut random = Random(3);
    let framed = framed(42, &protobuf());
    for seed in [
        avro(),
        written("orders.deflate.avro"),
        written("orders.snappy.avro"),
        written("orders.zstandard.avro"),
        msgpack(),
        protobuf(),
        framed,
    ] {
        for _ in 0..4_000 {
            let mut bytes = seed.clone();
            for _ in 0..random.next() % 4 + 1 {
                let at = (random.next() as usize) % bytes.len();
                match random.next() % 3 {
                    0 => bytes[at] = random.bytes(1)[0],
                    1 => bytes[at] = 0xff,
                    _ => bytes.truncate(at.max(1)),
                }
            }
            let payload = shown(&bytes);
            // Escapes of what turns text round take six bytes for three.
            assert!(payload.text.len() <= 2 * LIMIT, "{}", payload.text.len());
        }
    }
}

#[test]
fn counts_that_lie_cost_nothing() {
    let container = |schema: &str, block: &[u8]| {
        let mut bytes = b"Obj\x01\x02\x16avro.schema".to_vec();
        bytes.extend(varint(schema.len() as u64 * 2));
        bytes.extend(schema.as_bytes());
        bytes.push(0);
        bytes.extend([7; 16]);
        bytes.extend(block);
        bytes
    };
    let huge = varint(u64::MAX - 1);
    let empty = |count: &[u8]| [count, &[0][..]].concat();
    for (schema, block) in [
        // Records, list entries and maps of no bytes at all, as many as can be counted.
        ("\"null\"", empty(&huge)),
        (
            "{\"type\":\"record\",\"name\":\"R\",\"fields\":[]}",
            empty(&huge),
        ),
        (
            "{\"type\":\"array\",\"items\":\"null\"}",
            [&varint(2)[..], &varint(40), &huge].concat(),
        ),
        ("\"bytes\"", [&varint(2)[..], &varint(40), &huge].concat()),
        (
            "{\"type\":\"fixed\",\"name\":\"F\",\"size\":18446744073709551615}",
            [&varint(2)[..], &varint(40)].concat(),
        ),
        // A record that holds itself.
        (
            "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":\"R\"},{\"name\":\"b\",\"type\":\"R\"}]}",
            [&varint(2)[..], &varint(40)].concat(),
        ),
    ] {
        let payload = shown(&container(schema, &block));
        assert_eq!(
            (payload.encoding, payload.truncated),
            (Avro, true),
            "{schema}"
        );
        assert!(payload.text.len() <= LIMIT);
    }
    // Deep nesting, in each format that nests.
    let deep = |unit: &[u8]| unit.repeat(60_000 / unit.len());
    for bytes in [
        deep(&[0x91]),
        deep(&[0x81, 0xa1, b'a']),
        deep(&[0x0a]),
        framed(7, &deep(&[0x0a])),
        b"[".repeat(60_000),
    ] {
        assert!(shown(&bytes).text.len() <= 2 * LIMIT);
    }
    assert!(
        avro::container(
            &container(&"[".repeat(9000), &[]),
            &mut JsonText::new(LIMIT)
        )
        .is_none()
    );
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7f {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}
