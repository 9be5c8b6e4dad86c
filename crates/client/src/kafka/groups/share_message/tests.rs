use super::*;
use bytes::{Bytes, BytesMut};

/// What a Kafka 4.3.1 broker answered (body, without header) about a group that had acknowledged
/// every record of a topic with 300, 4 and 296 records, of the first partition before it began.
const VERSION_0: &str = "\
000000000208672d736861726502056a6f6273ff051cea3cd2443187c8c8c24c30b0390400000000ffffffffffffffff\
000000000000000000000001000000000000000000000000000000000000000200000000000000940000000000000000\
000000000000";
const VERSION_1: &str = "\
000000000208672d736861726502056a6f6273ff051cea3cd2443187c8c8c24c30b0390400000000ffffffffffffffff\
00000000ffffffffffffffff000000000000000100000000000000000000000000000000000000000000000000000002\
000000000000009400000000000000000000000000000000000000000000";
/// Of a broker that does not coordinate the group.
const MOVED: &str = "\
000000000208672d73686172650100102554686973206973206e6f742074686520636f727265637420636f6f7264696e\
61746f722e0000";

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn decode(bytes: Vec<u8>, version: i16) -> anyhow::Result<ShareOffsetsResponse> {
    let mut bytes = Bytes::from(bytes);
    let response = ShareOffsetsResponse::decode(&mut bytes, version)?;
    anyhow::ensure!(bytes.is_empty(), "{} bytes are left over", bytes.len());
    Ok(response)
}

#[test]
fn a_real_brokers_answer_is_read_to_its_last_byte_at_both_versions() {
    for (hex, version, lags) in [(VERSION_0, 0, [-1, -1, -1]), (VERSION_1, 1, [-1, 0, 0])] {
        let response = decode(bytes(hex), version).unwrap();
        let group = &response.groups[0];
        assert_eq!((group.group_id.as_str(), group.error_code), ("g-share", 0));
        assert_eq!(group.topics[0].topic.as_str(), "jobs");
        let rows: Vec<_> = group.topics[0]
            .partitions
            .iter()
            .map(|p| (p.partition, p.start_offset, p.lag, p.error_code))
            .collect();
        let expected = [
            (0, -1, lags[0], 0),
            (1, 0, lags[1], 0),
            (2, 148, lags[2], 0),
        ];
        assert_eq!(rows, expected, "version {version}");
    }
}

#[test]
fn a_refusal_carries_its_code_and_text() {
    for version in [0, 1] {
        let response = decode(bytes(MOVED), version).unwrap();
        let group = &response.groups[0];
        assert_eq!((group.error_code, group.topics.len()), (16, 0));
        let text = group.error_message.as_deref();
        assert_eq!(text, Some("This is not the correct coordinator."));
    }
}

#[test]
fn what_is_encoded_is_read_back() {
    for (hex, version) in [(VERSION_0, 0), (VERSION_1, 1), (MOVED, 1)] {
        let read = decode(bytes(hex), version).unwrap();
        let mut encoded = BytesMut::new();
        read.encode(&mut encoded, version).unwrap();
        assert_eq!(read.compute_size(version).unwrap(), encoded.len());
        assert_eq!(decode(encoded.to_vec(), version).unwrap(), read);
    }
}

#[test]
fn the_request_asks_for_all_topics() {
    let request = ShareOffsetsRequest {
        groups: vec![GroupId(StrBytes::from_static_str("g-share"))],
    };
    for version in [0, 1] {
        let mut encoded = BytesMut::new();
        request.encode(&mut encoded, version).unwrap();
        assert_eq!(encoded.as_ref(), b"\x02\x08g-share\x00\x00\x00");
        let mut encoded = encoded.freeze();
        assert_eq!(
            ShareOffsetsRequest::decode(&mut encoded, version).unwrap(),
            request
        );
    }
}

#[test]
fn a_broken_answer_is_an_error_and_never_a_panic() {
    let whole = bytes(VERSION_1);
    for end in 0..whole.len() {
        assert!(decode(whole[..end].to_vec(), 1).is_err(), "cut at {end}");
    }
    for at in 0..whole.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut broken = whole.clone();
            broken[at] ^= flip;
            let _ = decode(broken, 1);
        }
    }
}
