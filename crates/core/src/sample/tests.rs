//! Samples whose numbers are known.

mod bounds;

use super::*;
use crate::model::{Codec, Header, TimestampType};
use crate::payload::Confidence::{self, Certain, Guess, Likely};

const NOW: i64 = 1_795_582_800_000;

fn record(offset: i64, key: Option<&[u8]>, value: Option<&[u8]>) -> Record {
    Record {
        partition: 0,
        offset,
        timestamp_ms: Some(NOW - 1000 + offset),
        timestamp_type: TimestampType::CreateTime,
        key: key.map(<[u8]>::to_vec),
        key_size_bytes: key.map_or(0, <[u8]>::len),
        value: value.map(<[u8]>::to_vec),
        value_size_bytes: value.map_or(0, <[u8]>::len),
        headers: Vec::new(),
        headers_total: 0,
    }
}

/// A sample of values made from their number.
fn values(count: i64, value: impl Fn(i64) -> Vec<u8>) -> Sample {
    let records: Vec<Record> = (0..count)
        .map(|n| record(n, None, Some(&value(n))))
        .collect();
    analyse(&records, None, NOW)
}

fn formats(side: &Side) -> Vec<(&str, u64, Confidence)> {
    let share = |f: &'_ FormatShare| (f.records, f.confidence);
    side.formats
        .iter()
        .map(|f| (f.format.as_str(), share(f).0, share(f).1))
        .collect()
}

fn path<'a>(side: &'a Side, path: &str) -> &'a PathFacts {
    let found = side.paths.iter().find(|facts| facts.path == path);
    found.unwrap_or_else(|| panic!("{path} is not among {:?}", side.paths))
}

#[test]
fn paths_have_types_shares_values_and_the_key_is_found_among_them() {
    let records: Vec<Record> = (0..100)
        .map(|n| {
            let state = if n % 4 == 0 { "NEW" } else { "DONE" };
            let note = if n % 2 == 0 { ",\"note\":null" } else { "" };
            let value = format!(
                "{{\"id\":\"o-{n}\",\"state\":\"{state}\",\"sum\":{n}.5,\"lines\":[{{\"sku\":{n}}},{{\"sku\":7}}]{note}}}"
            );
            record(n, Some(format!("o-{n}").as_bytes()), Some(value.as_bytes()))
        })
        .collect();
    let sample = analyse(&records, None, NOW);
    assert_eq!(formats(&sample.values), [("json", 100, Certain)]);
    assert_eq!(formats(&sample.keys), [("text", 100, Certain)]);
    let id = path(&sample.values, "$.id");
    assert_eq!(
        (id.records, id.distinct, id.unique, id.few),
        (100, 100, true, false)
    );
    assert_eq!((id.equals_key, id.compared), (100, 100));
    let state = path(&sample.values, "$.state");
    let counts: Vec<(&str, u64)> = state
        .values
        .iter()
        .map(|v| (v.text.as_str(), v.count))
        .collect();
    assert_eq!((state.few, counts), (true, vec![("DONE", 75), ("NEW", 25)]));
    assert_eq!(path(&sample.values, "$.note").records, 50);
    assert_eq!(path(&sample.values, "$.note").types[0].r#type, "null");
    assert_eq!(path(&sample.values, "$.sum").types[0].r#type, "number");
    let sku = path(&sample.values, "$.lines[].sku");
    assert_eq!(
        (sku.records, sku.types[0].count, sku.distinct),
        (100, 200, 100)
    );
    let keys: Vec<&str> = sample
        .key_candidates
        .iter()
        .map(|c| c.path.as_str())
        .collect();
    assert_eq!(keys, ["$.id"]);
    assert_eq!(
        sample.key_use,
        KeyUse {
            records: 100,
            distinct: 100,
            repeated: 0
        }
    );
    assert_eq!(sample.batches, None);
}

#[test]
fn without_keys_what_is_unique_may_be_an_id() {
    let sample = values(50, |n| {
        format!("{{\"id\":{n},\"kind\":\"a\"}}").into_bytes()
    });
    assert_eq!(sample.keys.null, 50);
    let keys: Vec<(&str, u64)> = sample
        .key_candidates
        .iter()
        .map(|c| (c.path.as_str(), c.compared))
        .collect();
    assert_eq!(keys, [("$.id", 0)]);
}

#[test]
fn a_side_is_told_from_all_of_its_payloads() {
    let framed = |id: u32, body: &[u8]| [&[0][..], &id.to_be_bytes(), body].concat();
    // Ids of 64 bits look like nothing one by one.
    let snowflake = |n: i64| {
        (0x1a2b_3c4d_5e6f_7081 + n * 0x0001_2345_6789_abcd)
            .to_be_bytes()
            .to_vec()
    };
    // Counters of a few hundred million look like a header and three bytes.
    let counter = |n: i64| (700_000_000 + n * 1_000_003).to_be_bytes().to_vec();
    let protobuf = |n: i64| {
        // Messages that begin with a string of a hundred letters look like text.
        if n % 10 == 0 {
            [b"\nd", "x".repeat(100).as_bytes()].concat()
        } else {
            [&[0x08, (n % 100) as u8, 0x12, 3][..], b"abc"].concat()
        }
    };
    let avro = |n: i64| framed(42, &[&[0, (n as u8) << 1, 0x06][..], b"abc"].concat());
    // Eight bytes whole: a header, and a record of three bytes.
    let short = |n: i64| {
        framed(
            42,
            if n % 10 == 0 {
                b"\x02\x02a"
            } else {
                b"\x02\x0aabcde"
            },
        )
    };
    let uuid = |n: i64| {
        let mut bytes = [0x5a; 16];
        bytes[0] = n as u8;
        (bytes[6], bytes[8]) = (0x4a, 0x9a);
        bytes.to_vec()
    };
    for (name, sample, expected) in [
        (
            "snowflake",
            values(40, snowflake),
            vec![("int64", 40, Guess)],
        ),
        ("counter", values(40, counter), vec![("int64", 40, Guess)]),
        (
            "small",
            values(40, |n| n.to_be_bytes().to_vec()),
            vec![("int64", 40, Likely)],
        ),
        (
            "double",
            values(40, |n| (n as f64 / 7.0 + 0.5).to_be_bytes().to_vec()),
            vec![("double", 40, Guess)],
        ),
        (
            "protobuf",
            values(40, protobuf),
            vec![("protobuf", 40, Likely)],
        ),
        (
            "avro",
            values(40, avro),
            vec![("confluent avro", 40, Likely)],
        ),
        (
            "short",
            values(40, short),
            vec![("confluent avro", 40, Likely)],
        ),
        ("uuid", values(40, uuid), vec![("uuid", 40, Likely)]),
        ("one", values(1, snowflake), vec![("binary", 1, Certain)]),
        (
            "numbers",
            values(40, |n| n.to_string().into_bytes()),
            vec![("number text", 40, Certain)],
        ),
        (
            "empty",
            values(40, |_| Vec::new()),
            vec![("empty", 40, Certain)],
        ),
    ] {
        assert_eq!(formats(&sample.values), expected, "{name}");
    }
    assert_eq!(values(40, avro).values.formats[0].schema_ids, [42]);
}

#[test]
fn mixed_formats_have_their_shares() {
    let sample = values(100, |n| match n % 10 {
        0..3 => [&[0x82, 0xa2][..], b"id", &[n as u8 % 100, 0xa1], b"a", &[1]].concat(),
        _ => format!("{{\"id\":{n}}}").into_bytes(),
    });
    let expected = [("json", 70, Certain), ("msgpack", 30, Likely)];
    assert_eq!(formats(&sample.values), expected);
    assert_eq!(path(&sample.values, "$.id").records, 100);
    assert_eq!(path(&sample.values, "$.a").records, 30);
}

#[test]
fn keys_that_come_again_nulls_and_headers_are_counted() {
    let records: Vec<Record> = (0..100)
        .map(|n| {
            let key = format!("k{}", if n < 40 { n % 4 } else { n });
            let mut record = record(n, Some(key.as_bytes()), (n % 5 > 0).then_some(b"v"));
            let header = |name: &str| Header {
                name: name.into(),
                value: Some(b"x".to_vec()),
                value_size_bytes: 1,
            };
            record.headers = vec![header("trace"), header("trace")];
            if n % 2 == 0 {
                record.headers.push(header("half"));
            }
            record
        })
        .collect();
    let sample = analyse(&records, None, NOW);
    assert_eq!(
        sample.key_use,
        KeyUse {
            records: 100,
            distinct: 64,
            repeated: 40
        }
    );
    assert_eq!(sample.values.null, 20);
    let headers: Vec<(&str, u64)> = sample
        .headers
        .iter()
        .map(|h| (h.name.as_str(), h.records))
        .collect();
    assert_eq!(headers, [("trace", 100), ("half", 50)]);
    assert_eq!(
        sample.values.size_bytes,
        Some(Spread {
            min: 1,
            median: 1,
            p99: 1,
            max: 1
        })
    );
}

#[test]
fn clocks_ahead_and_out_of_order_are_counted_by_partition() {
    let mut records: Vec<Record> = (0..10).map(|n| record(n, None, None)).collect();
    records[3].timestamp_ms = Some(NOW + 3_600_000);
    records[5].timestamp_ms = Some(NOW + 59_000);
    records[7].timestamp_ms = None;
    records[8].timestamp_type = TimestampType::LogAppendTime;
    records[9].partition = 1;
    let clock = analyse(&records, None, NOW).timestamps;
    let expected = Clock {
        create_time: 8,
        log_append_time: 1,
        none: 1,
        oldest_ms: Some(NOW - 1000),
        newest_ms: Some(NOW + 3_600_000),
        future: 1,
        future_by_ms: Some(3_600_000),
        out_of_order: 4,
        back_by_ms: Some(3_600_996),
    };
    assert_eq!(clock, expected);
}

#[test]
fn batches_are_counted_once() {
    let batch = |base_offset, codec| BatchFacts {
        partition: 0,
        base_offset,
        records: 10,
        size_bytes: 100,
        codec,
        transactional: base_offset == 0,
        idempotent: true,
    };
    let batches = [
        batch(0, Codec::Lz4),
        batch(10, Codec::Zstd),
        batch(20, Codec::Zstd),
        batch(10, Codec::Zstd),
    ];
    let shape = shape(&batches).unwrap();
    assert_eq!(
        (shape.batches, shape.transactional, shape.idempotent),
        (3, 1, 3)
    );
    let codecs: Vec<(&str, u64)> = shape
        .codecs
        .iter()
        .map(|c| (c.codec.as_str(), c.batches))
        .collect();
    assert_eq!(codecs, [("zstd", 2), ("lz4", 1)]);
}

#[test]
fn nothing_is_said_of_no_records() {
    let sample = analyse(&[], Some(&[]), NOW);
    assert_eq!(
        (sample.records, sample.batches, sample.keys.size_bytes),
        (0, None, None)
    );
}
