//! A buffer that the codec can read without being talked into huge allocations.
//!
//! The codec reserves room for as many elements as an array states before it reads the first. An
//! element takes at least one byte, so a count beyond the bytes that are left is a lie: it is
//! refused here, while the count is read. Lengths in flexible versions are varints; in older
//! versions they are plain 32-bit numbers, which look like any other number, so that there the
//! bound is generous.
//!
//! Use it for whatever others have written: answers of brokers, and the bytes that members of a
//! group put into their subscriptions and assignments.

use bytes::{Buf, Bytes, TryGetError};
use kafka_protocol::protocol::buf::ByteBuf;

/// Counts up to this are never refused: tag numbers may exceed what is left, and so little memory
/// does no harm.
const HARMLESS: usize = 1 << 16;

/// A 32-bit number of an old version up to this may be anything, also a node id.
const HARMLESS_I32: usize = 1 << 24;

/// Bytes that refuse impossible counts.
pub(crate) struct Guarded {
    bytes: Bytes,
    flexible: bool,
    /// The last single bytes read, as long as each says that the varint goes on.
    varint: [u8; 5],
    length: usize,
}

impl Guarded {
    /// `flexible`: the message is of a flexible version (KIP-482).
    pub(crate) fn new(bytes: Bytes, flexible: bool) -> Self {
        Self {
            bytes,
            flexible,
            varint: [0; 5],
            length: 0,
        }
    }

    fn refuse(&self, count: usize) -> TryGetError {
        TryGetError {
            requested: count,
            available: self.bytes.len(),
        }
    }

    /// Takes note of a byte. A boolean is read like a varint, so where a varint begins is not
    /// known for sure: every possible beginning is checked.
    fn note(&mut self, byte: u8) -> Result<(), TryGetError> {
        if self.length == self.varint.len() {
            self.varint.rotate_left(1);
            self.length -= 1;
        }
        if let Some(place) = self.varint.get_mut(self.length) {
            *place = byte;
        }
        self.length += 1;
        let ends = byte < 0x80;
        for start in 0..self.length {
            let candidate = self.varint.get(start..self.length).unwrap_or_default();
            if !ends && candidate.len() < self.varint.len() {
                continue;
            }
            let value = candidate
                .iter()
                .rev()
                .fold(0_u32, |value, b| (value << 7) | u32::from(b & 0x7f));
            let count = usize::try_from(value.saturating_sub(1)).unwrap_or(usize::MAX);
            if count > self.bytes.len().max(HARMLESS) {
                return Err(self.refuse(count));
            }
        }
        if ends {
            self.length = 0;
        }
        Ok(())
    }
}

impl Buf for Guarded {
    fn remaining(&self) -> usize {
        self.bytes.len()
    }

    fn chunk(&self) -> &[u8] {
        &self.bytes
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
    }

    fn copy_to_bytes(&mut self, length: usize) -> Bytes {
        self.bytes.copy_to_bytes(length)
    }

    fn try_get_u8(&mut self) -> Result<u8, TryGetError> {
        let byte = self.bytes.try_get_u8()?;
        self.note(byte)?;
        Ok(byte)
    }

    fn try_get_i32(&mut self) -> Result<i32, TryGetError> {
        let number = self.bytes.try_get_i32()?;
        match usize::try_from(number) {
            Ok(count) if !self.flexible && count > self.bytes.len().max(HARMLESS_I32) => {
                Err(self.refuse(count))
            }
            _ => Ok(number),
        }
    }
}

impl ByteBuf for Guarded {
    fn peek_bytes(&mut self, range: std::ops::Range<usize>) -> Bytes {
        self.bytes.slice(range)
    }

    fn get_bytes(&mut self, size: usize) -> Bytes {
        self.bytes.split_to(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_protocol::messages::{MetadataResponse, SaslHandshakeResponse};
    use kafka_protocol::protocol::{Decodable, Encodable};

    fn read(bytes: &'static [u8]) -> Result<MetadataResponse, String> {
        let mut guarded = Guarded::new(Bytes::from_static(bytes), true);
        MetadataResponse::decode(&mut guarded, 13).map_err(|e| e.to_string())
    }

    #[test]
    fn a_count_beyond_the_bytes_that_are_left_is_refused_before_room_is_made() {
        // throttle time, then a count of brokers of 2^32 - 1.
        let error = read(&[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0]).unwrap_err();
        assert!(error.contains("requested 4294967294"), "{error}");
        let mut old = Guarded::new(Bytes::from_static(&[0, 0, 0x7f, 0xff, 0xff, 0xff]), false);
        assert!(SaslHandshakeResponse::decode(&mut old, 1).is_err());
    }

    #[test]
    fn a_boolean_that_looks_like_the_start_of_a_varint_does_not_hide_a_count() {
        let mut bytes = Guarded::new(
            Bytes::from_static(&[0xff, 0x80, 0x80, 0x80, 0x80, 0x0f]),
            true,
        );
        let outcome: Result<Vec<u8>, _> = (0..6).map(|_| bytes.try_get_u8()).collect();
        assert!(outcome.is_err());
    }

    #[test]
    fn proper_messages_are_read_unchanged() {
        let broker = |id| {
            kafka_protocol::messages::metadata_response::MetadataResponseBroker::default()
                .with_node_id(kafka_protocol::messages::BrokerId(id))
                .with_host("host".into())
        };
        // Node ids may be anything, in new versions up to the largest number.
        for (version, last) in [(13, i32::MAX), (4, 1 << 24)] {
            let message = MetadataResponse::default()
                .with_brokers((0..300).chain([last]).map(broker).collect())
                .with_cluster_id(Some("x".repeat(70_000).into()))
                .with_unknown_tagged_fields(if version == 13 {
                    [(10_000, Bytes::from_static(b"x"))].into()
                } else {
                    [].into()
                });
            let message = match version {
                13 => message,
                _ => message.with_cluster_id(Some("x".into())),
            };
            let mut bytes = bytes::BytesMut::new();
            message.encode(&mut bytes, version).unwrap();
            let mut guarded = Guarded::new(bytes.freeze(), version == 13);
            assert_eq!(
                MetadataResponse::decode(&mut guarded, version).unwrap(),
                message
            );
            assert_eq!(guarded.remaining(), 0);
        }
    }
}
