//! Reading numbers and slices from bytes that may end or lie at any point.
//!
//! One reader for all that others have written: record batches, payloads, what members of groups leave behind. Nothing
//! is copied, and no length is believed before the bytes are there.

/// Reads from the front of a slice. Every read is checked; `None` means that the bytes end too
/// early or state something impossible.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader of these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What was not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether all was read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `size` bytes.
    pub fn take(&mut self, size: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(size)?;
        self.rest = rest;
        Some(taken)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*taken)
    }

    /// A byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Two bytes, big-endian.
    pub fn i16(&mut self) -> Option<i16> {
        self.array().map(i16::from_be_bytes)
    }

    /// Four bytes, big-endian.
    pub fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_be_bytes)
    }

    /// Four bytes, big-endian.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// Four bytes, little-endian.
    pub fn u32_le(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes, big-endian.
    pub fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_be_bytes)
    }

    /// An unsigned varint of at most 64 bits, as protobuf and KIP-482 write it.
    pub fn unsigned(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    /// A zigzag varint of at most 64 bits, as records and Avro write it.
    pub fn varlong(&mut self) -> Option<i64> {
        let value = self.unsigned()?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// A zigzag varint that fits 32 bits.
    pub fn varint(&mut self) -> Option<i32> {
        self.varlong().and_then(|value| i32::try_from(value).ok())
    }

    /// Bytes behind their length as a zigzag varint.
    pub fn sized(&mut self) -> Option<&'a [u8]> {
        let size = usize::try_from(self.varlong()?).ok()?;
        self.take(size)
    }

    /// The same, where -1 is null.
    pub fn nullable(&mut self) -> Option<Option<&'a [u8]>> {
        match self.varlong()? {
            -1 => Some(None),
            size => self.take(usize::try_from(size).ok()?).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_are_zigzag_and_bounded() {
        for (bytes, value) in [
            (&[0x00][..], 0),
            (&[0x01], -1),
            (&[0x02], 1),
            (&[0x80, 0x01], 64),
            (
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
                i64::MIN,
            ),
            (
                &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
                i64::MAX,
            ),
        ] {
            assert_eq!(Reader::new(bytes).varlong(), Some(value), "{bytes:x?}");
        }
        assert_eq!(Reader::new(&[0xff; 11]).varlong(), None);
        assert_eq!(Reader::new(&[0x80]).varlong(), None);
        assert_eq!(
            Reader::new(&[0xfe, 0xff, 0xff, 0xff, 0x0f]).varint(),
            Some(i32::MAX)
        );
        assert_eq!(Reader::new(&[0x80, 0x80, 0x80, 0x80, 0x10]).varint(), None);
    }

    #[test]
    fn null_empty_and_too_short_differ() {
        assert_eq!(Reader::new(&[0x01]).nullable(), Some(None));
        assert_eq!(Reader::new(&[0x00]).nullable(), Some(Some(&[][..])));
        assert_eq!(Reader::new(&[0x04, 7]).nullable(), None);
        assert_eq!(Reader::new(&[0x03]).nullable(), None);
        assert_eq!(Reader::new(&[0x01]).sized(), None);
    }
}
