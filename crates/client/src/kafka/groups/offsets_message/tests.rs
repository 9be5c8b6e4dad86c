use super::*;
use crate::kafka::guarded::Guarded;
use bytes::{Bytes, BytesMut};

fn string(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

/// What the codec makes of two groups: topics and partitions in no order, notes, an epoch, nothing
/// committed, an error.
fn sent(version: i16) -> Bytes {
    let partition = |index: i32, offset: i64, note: Option<&str>, error: i16| {
        answer::OffsetFetchResponsePartitions::default()
            .with_partition_index(index)
            .with_committed_offset(offset)
            .with_committed_leader_epoch(if index == 2 { 9 } else { -1 })
            .with_metadata(note.map(string))
            .with_error_code(error)
    };
    let topic = |name: &str, partitions| {
        answer::OffsetFetchResponseTopics::default()
            .with_name(TopicName(string(name)))
            .with_partitions(partitions)
    };
    let group = |name: &str, error: i16, topics| {
        answer::OffsetFetchResponseGroup::default()
            .with_group_id(GroupId(string(name)))
            .with_error_code(error)
            .with_topics(topics)
    };
    let topics = vec![
        topic(
            "payments",
            vec![
                partition(2, 70, Some("note"), 0),
                partition(0, 5, Some(""), 0),
                partition(1, -1, Some(""), 0),
            ],
        ),
        topic(
            "orders",
            vec![partition(7, 1, None, 0), partition(3, -1, None, 88)],
        ),
    ];
    let response = OffsetFetchResponse::default().with_groups(vec![
        group("billing", 0, topics),
        group("audit", 16, vec![]),
    ]);
    let mut bytes = BytesMut::new();
    response.encode(&mut bytes, version).unwrap();
    bytes.freeze()
}

fn read(bytes: Bytes, version: i16) -> Result<GroupsOffsetsResponse, String> {
    let mut guarded = Guarded::new(bytes, true);
    let read = GroupsOffsetsResponse::decode(&mut guarded, version).map_err(|e| e.to_string())?;
    match bytes::Buf::remaining(&guarded) {
        0 => Ok(read),
        left => Err(format!("{left} bytes are left over")),
    }
}

#[test]
fn what_the_codec_writes_is_read_sorted_at_every_version() {
    for version in VERSIONS.min..=VERSIONS.max {
        let read = read(sent(version), version).unwrap();
        let rows: Vec<_> = read.groups[0]
            .offsets
            .iter()
            .map(|o| {
                let note = o.metadata.as_str();
                (
                    o.topic.as_str(),
                    o.partition,
                    o.offset,
                    o.leader_epoch,
                    note,
                )
            })
            .collect();
        let expected = [
            ("orders", 7, 1, None, ""),
            ("payments", 0, 5, None, ""),
            ("payments", 2, 70, Some(9), "note"),
        ];
        assert_eq!(rows, expected, "version {version}");
        let errors = [(TopicPartition::new("orders", 3), 88)];
        assert_eq!(read.groups[0].errors, errors);
        assert_eq!(read.groups[1].group_id.as_str(), "audit");
        assert_eq!(read.groups[1].error_code, 16);
        let mut again = BytesMut::new();
        read.encode(&mut again, version).unwrap();
        assert_eq!(self::read(again.freeze(), version).unwrap(), read);
    }
}

#[test]
fn an_answer_cut_off_anywhere_is_an_error() {
    let whole = sent(9);
    for length in 0..whole.len() {
        assert!(read(whole.slice(..length), 9).is_err(), "{length} bytes");
    }
}

#[test]
fn a_count_beyond_the_bytes_left_makes_no_room() {
    // Throttle time, one group of an empty name, 2^32 - 2 topics.
    let bytes = Bytes::from_static(&[0, 0, 0, 0, 2, 1, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    let error = read(bytes, 9).unwrap_err();
    assert!(error.contains("array of 4294967294"), "{error}");
}
