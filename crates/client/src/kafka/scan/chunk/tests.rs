mod count;
mod damage;

use super::super::batch::hop;
use super::super::codec::tests::{gzip, lz4, snappy, xerial, zstd};
use super::*;
use bytes::{BufMut, BytesMut};
use kafka_protocol::indexmap::IndexMap;
use kafka_protocol::records as codec;

type Pack = fn(&[u8]) -> Vec<u8>;

/// Every codec, snappy in both framings.
const PACKS: [(codec::Compression, Pack); 6] = [
    (codec::Compression::None, <[u8]>::to_vec),
    (codec::Compression::Gzip, gzip),
    (codec::Compression::Snappy, snappy),
    (codec::Compression::Snappy, xerial),
    (codec::Compression::Lz4, lz4),
    (codec::Compression::Zstd, zstd),
];

pub(in super::super) fn record(offset: i64, value: &str) -> codec::Record {
    codec::Record {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: 0,
        producer_id: -1,
        producer_epoch: -1,
        timestamp_type: codec::TimestampType::Creation,
        offset,
        sequence: offset as i32,
        timestamp: 1_000 + offset,
        key: Some(format!("key-{offset}").into()),
        value: Some(value.to_owned().into()),
        headers: IndexMap::from_iter([("trace".to_owned().into(), Some(Bytes::from("t1")))]),
    }
}

/// A batch of records whose offsets may have gaps, packed by `pack`.
fn batch_of(records: &[codec::Record], compression: codec::Compression, pack: Pack) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    codec::RecordBatchEncoder::encode_with_custom_compression(
        &mut bytes,
        records,
        &codec::RecordEncodeOptions {
            version: 2,
            compression,
        },
        Some(|plain: &mut BytesMut, out: &mut BytesMut, _| {
            out.put_slice(&pack(plain));
            Ok(())
        }),
    )
    .unwrap();
    bytes.to_vec()
}

pub(in super::super) fn plain(records: &[codec::Record]) -> Vec<u8> {
    batch_of(records, codec::Compression::None, <[u8]>::to_vec)
}

fn texts(offsets: std::ops::Range<i64>) -> Vec<codec::Record> {
    offsets.map(|o| record(o, &format!("value {o}"))).collect()
}

fn wanted(conditions: &[&str], order: ScanOrder, limit: Option<usize>) -> Wanted {
    let conditions: Vec<String> = conditions.iter().map(|c| (*c).to_owned()).collect();
    Wanted {
        predicate: Some(Predicate::parse(&conditions).unwrap()),
        count_by: None,
        order,
        limit,
        payload_limit_bytes: 1000,
        stopped: AtomicBool::new(false),
    }
}

fn chunk(bytes: Vec<u8>, start: i64, end: i64) -> Chunk {
    Chunk {
        partition: 5,
        bytes: bytes.into(),
        start,
        end,
        aborted: None,
    }
}

fn run(chunk: &Chunk, wanted: &Wanted) -> Found {
    search(chunk, wanted, &mut Decompressor::default())
}

fn offsets(found: &Found) -> Vec<i64> {
    found.matches.iter().map(|r| r.offset).collect()
}

#[test]
fn records_of_every_codec_are_found_with_all_their_parts() {
    for (compression, pack) in PACKS {
        let mut records = texts(10..40);
        records[7].value = None;
        records[8].key = None;
        records[9].value = Some(Bytes::new());
        let bytes = batch_of(&records, compression, pack);
        let all = run(
            &chunk(bytes.clone(), 0, 100),
            &wanted(&[], ScanOrder::Earliest, None),
        );
        assert_eq!(all.damaged, [], "{compression:?}");
        assert_eq!(
            offsets(&all),
            (10..40).collect::<Vec<_>>(),
            "{compression:?}"
        );
        let first = &all.matches[0];
        assert_eq!(
            (first.partition, first.timestamp_ms, first.timestamp_type),
            (5, Some(1_010), TimestampType::CreateTime)
        );
        assert_eq!(first.key.as_deref(), Some(&b"key-10"[..]));
        assert_eq!(first.value.as_deref(), Some(&b"value 10"[..]));
        assert_eq!(first.headers[0].name, "trace");
        assert_eq!(first.headers[0].value.as_deref(), Some(&b"t1"[..]));
        assert_eq!(all.matches[7].value, None);
        assert_eq!(all.matches[8].key, None);
        assert_eq!(all.matches[9].value.as_deref(), Some(&b""[..]));
        let one = wanted(&["value contains e 33"], ScanOrder::Earliest, None);
        let found = run(&chunk(bytes, 0, 100), &one);
        assert_eq!(
            (offsets(&found), found.records),
            (vec![33], 30),
            "{compression:?}"
        );
    }
}

#[test]
fn a_batch_in_the_bytes_of_the_documentation_is_read() {
    // One record, key "k", value "v", one header "h" of null, written by log append time 7.
    let mut bytes = vec![0, 0, 0, 0, 0, 0, 0, 3];
    let record = [22, 0, 0, 0, 2, b'k', 2, b'v', 2, 2, b'h', 1];
    let mut counted = vec![0, 8, 0, 0, 0, 0];
    counted.extend_from_slice(&[0xff; 8]);
    counted.extend_from_slice(&7_i64.to_be_bytes());
    counted.extend_from_slice(&[0xff; 14]);
    counted.extend_from_slice(&[0, 0, 0, 1]);
    counted.extend_from_slice(&record);
    bytes.extend_from_slice(&(9 + counted.len() as u32).to_be_bytes());
    bytes.extend_from_slice(&[0, 0, 0, 0, 2]);
    bytes.extend_from_slice(&crc32c::crc32c(&counted).to_be_bytes());
    bytes.extend_from_slice(&counted);
    let found = run(
        &chunk(bytes, 0, 10),
        &wanted(&[], ScanOrder::Earliest, None),
    );
    assert_eq!(found.damaged, []);
    let record = &found.matches[0];
    assert_eq!((record.offset, record.timestamp_ms), (3, Some(7)));
    assert_eq!(record.timestamp_type, TimestampType::LogAppendTime);
    assert_eq!(record.key.as_deref(), Some(&b"k"[..]));
    assert_eq!(record.headers[0].value, None);
}

#[test]
fn only_offsets_inside_of_the_range_count() {
    let mut bytes = plain(&texts(0..10));
    bytes.extend(plain(&texts(10..20)));
    bytes.extend(plain(&texts(20..30)));
    for conditions in [
        &[][..],
        &["value contains value"],
        &["value contains nothing"],
    ] {
        let found = run(
            &chunk(bytes.clone(), 5, 15),
            &wanted(conditions, ScanOrder::Earliest, None),
        );
        assert_eq!(found.records, 10, "{conditions:?}");
    }
    let found = run(
        &chunk(bytes, 5, 15),
        &wanted(&[], ScanOrder::Earliest, None),
    );
    assert_eq!(offsets(&found), (5..15).collect::<Vec<_>>());
}

#[test]
fn the_limit_keeps_the_first_or_the_last_and_says_where_it_cut() {
    let mut bytes = plain(&texts(0..10));
    bytes.extend(plain(&texts(10..20)));
    let c = chunk(bytes, 0, 20);
    let first = run(&c, &wanted(&[], ScanOrder::Earliest, Some(3)));
    assert_eq!((offsets(&first), first.cut), (vec![0, 1, 2], Some(3)));
    let last = run(&c, &wanted(&[], ScanOrder::Latest, Some(3)));
    assert_eq!((offsets(&last), last.cut), (vec![17, 18, 19], Some(17)));
    let all = run(&c, &wanted(&[], ScanOrder::Earliest, Some(20)));
    assert_eq!((all.matches.len(), all.cut), (20, None));
}

#[test]
fn gaps_of_compaction_and_emptied_batches_are_hopped_over() {
    let mut bytes = plain(&[record(3, "a"), record(9, "b")]);
    // A batch that compaction emptied keeps its header: offsets 10 to 14, no record.
    let mut emptied = plain(&[record(10, "x"), record(14, "y")]);
    emptied.truncate(61);
    emptied[57..61].copy_from_slice(&[0; 4]);
    emptied[8..12].copy_from_slice(&49_u32.to_be_bytes());
    let crc = crc32c::crc32c(&emptied[21..]);
    emptied[17..21].copy_from_slice(&crc.to_be_bytes());
    bytes.extend(emptied);
    let hopped = hop(&bytes);
    assert_eq!(
        (hopped.first_offset, hopped.next_offset),
        (Some(3), Some(15))
    );
    let found = run(
        &chunk(bytes, 0, 100),
        &wanted(&[], ScanOrder::Earliest, None),
    );
    assert_eq!((offsets(&found), found.damaged.len()), (vec![3, 9], 0));
}

#[test]
fn a_last_batch_that_was_cut_off_is_left_for_the_next_answer() {
    let whole = plain(&texts(0..10));
    let second = plain(&texts(10..20));
    let mut bytes = whole.clone();
    bytes.extend_from_slice(&second[..second.len() - 1]);
    let hopped = hop(&bytes);
    assert_eq!(
        (hopped.next_offset, hopped.cut_off),
        (Some(10), Some(second.len()))
    );
    let found = run(
        &chunk(bytes, 0, 100),
        &wanted(&[], ScanOrder::Earliest, None),
    );
    assert_eq!((found.matches.len(), found.damaged.len()), (10, 0));
    let hopped = hop(&whole[..5]);
    assert_eq!((hopped.next_offset, hopped.cut_off), (None, Some(12)));
    assert_eq!(hop(&[]).next_offset, None);
}

fn transactional(offset: i64, producer_id: i64) -> codec::Record {
    codec::Record {
        transactional: true,
        producer_id,
        producer_epoch: 0,
        ..record(offset, "in a transaction")
    }
}

fn end(offset: i64, producer_id: i64, commit: u8) -> codec::Record {
    codec::Record {
        control: true,
        key: Some(Bytes::copy_from_slice(&[0, 0, 0, commit])),
        ..transactional(offset, producer_id)
    }
}

#[test]
fn read_committed_hides_aborted_transactions_and_nobody_sees_control_records() {
    let mut bytes = Vec::new();
    for records in [
        vec![transactional(0, 1)],
        vec![transactional(1, 2)],
        vec![record(2, "outside")],
        vec![end(3, 1, 0)],
        vec![transactional(4, 1)],
        vec![end(5, 2, 1)],
        vec![end(6, 1, 1)],
    ] {
        bytes.extend(plain(&records));
    }
    let mut c = chunk(bytes, 0, 100);
    let all = wanted(&[], ScanOrder::Earliest, None);
    assert_eq!(offsets(&run(&c, &all)), [0, 1, 2, 4]);
    c.aborted = Some(vec![Aborted {
        producer_id: 1,
        first_offset: 0,
    }]);
    assert_eq!(offsets(&run(&c, &all)), [1, 2, 4]);
    c.aborted = Some(Vec::new());
    assert_eq!(offsets(&run(&c, &all)), [0, 1, 2, 4]);
    assert_eq!(hop(&c.bytes).next_offset, Some(7));
}

#[test]
fn payloads_and_headers_are_cut_and_keep_their_sizes() {
    let big = codec::Record {
        headers: (0..300).map(|n| (format!("h{n}").into(), None)).collect(),
        ..record(0, &"x".repeat(5000))
    };
    let found = run(
        &chunk(plain(&[big]), 0, 1),
        &wanted(&[], ScanOrder::Earliest, None),
    );
    let kept = &found.matches[0];
    assert_eq!(kept.value.as_ref().map(Vec::len), Some(1000));
    assert_eq!(kept.value_size_bytes, 5000);
    assert_eq!((kept.headers.len(), kept.headers_total), (256, 300));
}
