//! Requests to bytes and bytes to answers.
//!
//! No I/O. Refuses requests outside [`READ_APIS`]; accepts an answer only when it is consumed to
//! its last byte.

use super::super::counters::READ_APIS;
use super::super::guarded::Guarded;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};

/// An answer longer than this is refused before any of it is read, bytes.
pub(crate) const MAX_FRAME_BYTES: usize = 100 * 1024 * 1024;

/// Why a request was not turned into bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Not one of [`READ_APIS`].
    NotARead,
    /// A field is set that the version does not have, or the version is out of range.
    Encoding(String),
}

/// A whole frame, length prefix included.
pub(crate) fn encode<R: Request>(
    request: &R,
    version: i16,
    correlation_id: i32,
    client_id: &StrBytes,
) -> Result<Bytes, Refused> {
    if !READ_APIS.contains(&R::KEY) {
        return Err(Refused::NotARead);
    }
    let wrong = |e: &dyn std::fmt::Display| Refused::Encoding(e.to_string());
    let header = RequestHeader::default()
        .with_request_api_key(R::KEY)
        .with_request_api_version(version)
        .with_correlation_id(correlation_id)
        .with_client_id(Some(client_id.clone()));
    let mut frame = BytesMut::with_capacity(256);
    frame.put_i32(0);
    header
        .encode(&mut frame, R::header_version(version))
        .map_err(|e| wrong(&e))?;
    request.encode(&mut frame, version).map_err(|e| wrong(&e))?;
    let length = i32::try_from(frame.len() - 4).map_err(|e| wrong(&e))?;
    if let Some(prefix) = frame.get_mut(..4) {
        prefix.copy_from_slice(&length.to_be_bytes());
    }
    Ok(frame.freeze())
}

/// Decodes a frame without its length prefix.
///
/// # Errors
/// In words: what is wrong with the bytes.
pub(crate) fn decode<R: Request>(frame: Bytes, version: i16) -> Result<R::Response, String> {
    let header = R::Response::header_version(version);
    // The header of ApiVersions stays at version 0 although its body is flexible from 3 on; it
    // holds no number that could be mistaken for a count.
    let mut frame = Guarded::new(frame, header > 0);
    ResponseHeader::decode(&mut frame, header)
        .map_err(|e| format!("header: {}", e.to_string().trim()))?;
    let response = R::Response::decode(&mut frame, version)
        .map_err(|e| format!("version {version}: {}", e.to_string().trim()))?;
    match frame.remaining() {
        0 => Ok(response),
        rest => Err(format!("version {version}: {rest} bytes are left over")),
    }
}

/// Checks a length prefix.
///
/// # Errors
/// In words; names the other protocol where the bytes give it away.
pub(crate) fn length(prefix: [u8; 4]) -> Result<usize, String> {
    let stated = i32::from_be_bytes(prefix);
    match usize::try_from(stated) {
        Ok(length) if (4..=MAX_FRAME_BYTES).contains(&length) => Ok(length),
        _ => Err(match &prefix {
            [0x15, 0x03, ..] | [0x16, 0x03, ..] => {
                "it is tls: the listener wants a tls connection".into()
            }
            b"HTTP" => "it is http: this is no kafka listener".into(),
            _ => {
                format!("it states a length of {stated} bytes, allowed are 4 to {MAX_FRAME_BYTES}")
            }
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_protocol::messages::{
        AlterConfigsRequest, ApiKey, CreateAclsRequest, CreateTopicsRequest, DeleteGroupsRequest,
        DeleteRecordsRequest, DeleteTopicsRequest, IncrementalAlterConfigsRequest, MetadataRequest,
        OffsetCommitRequest, ProduceRequest,
    };

    fn refusal<R: Request + Default>() -> Option<Refused> {
        encode(&R::default(), R::VERSIONS.max, 1, &StrBytes::default()).err()
    }

    #[test]
    fn a_request_that_changes_something_never_becomes_bytes() {
        let refusals = [
            refusal::<CreateTopicsRequest>(),
            refusal::<DeleteTopicsRequest>(),
            refusal::<DeleteRecordsRequest>(),
            refusal::<ProduceRequest>(),
            refusal::<OffsetCommitRequest>(),
            refusal::<AlterConfigsRequest>(),
            refusal::<IncrementalAlterConfigsRequest>(),
            refusal::<CreateAclsRequest>(),
            refusal::<DeleteGroupsRequest>(),
        ];
        assert!(refusals.iter().all(|r| r == &Some(Refused::NotARead)));
    }

    #[test]
    fn no_api_on_the_list_of_reads_has_a_changing_name() {
        for key in READ_APIS {
            let name = super::super::super::code::api_name(*key);
            let read = [
                "Describe", "List", "Fetch", "Metadata", "Find", "Versions", "Sasl",
            ];
            assert!(read.iter().any(|r| name.contains(r)), "{key} {name}");
        }
        for changing in [ApiKey::Produce, ApiKey::JoinGroup, ApiKey::InitProducerId] {
            assert!(!READ_APIS.contains(&(changing as i16)));
        }
    }

    #[test]
    fn a_field_that_the_version_lacks_is_an_error_and_not_dropped() {
        let request = MetadataRequest::default().with_allow_auto_topic_creation(false);
        assert!(matches!(
            encode(&request, 1, 1, &StrBytes::default()),
            Err(Refused::Encoding(_))
        ));
        assert!(encode(&request, 13, 1, &StrBytes::default()).is_ok());
    }

    #[test]
    fn lengths_outside_the_bound_are_refused_with_what_they_look_like() {
        assert_eq!(length([0, 0, 1, 0]), Ok(256));
        for (prefix, says) in [
            ([0, 0, 0, 3], "length of 3"),
            ([0xff, 0xff, 0xff, 0xff], "length of -1"),
            ([0x7f, 0, 0, 0], "length of 2130706432"),
            ([0x15, 0x03, 0x03, 0x00], "tls"),
            (*b"HTTP", "http"),
        ] {
            let reason = length(prefix).unwrap_err();
            assert!(reason.contains(says), "{reason}");
        }
    }

    #[test]
    fn an_answer_with_bytes_left_over_is_refused() {
        let mut frame = BytesMut::new();
        frame.put_i32(1);
        kafka_protocol::messages::SaslHandshakeResponse::default()
            .encode(&mut frame, 1)
            .unwrap();
        type R = kafka_protocol::messages::SaslHandshakeRequest;
        assert!(decode::<R>(frame.clone().freeze(), 1).is_ok());
        frame.put_u8(0);
        let reason = decode::<R>(frame.freeze(), 1).unwrap_err();
        assert!(reason.contains("1 bytes are left over"), "{reason}");
    }
}
