//! The consumer protocol: what classic members say about subscription and assignment, in bytes.
//!
//! Any client can put any bytes here, so nothing is believed: a count is checked against the bytes
//! that are left before anything is allocated, and what does not parse is `None`.

use kafkaweave_core::bytes::Reader;

/// Reads the parts of that protocol.
pub(super) struct Bytes<'a>(Reader<'a>);

impl<'a> Bytes<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(Reader::new(bytes))
    }

    pub(super) fn int16(&mut self) -> Option<i16> {
        self.0.i16()
    }

    pub(super) fn int32(&mut self) -> Option<i32> {
        self.0.i32()
    }

    pub(super) fn int64(&mut self) -> Option<i64> {
        self.0.i64()
    }

    fn text(&mut self, length: usize) -> Option<String> {
        let text = std::str::from_utf8(self.0.take(length)?).ok()?;
        Some(text.to_owned())
    }

    /// A length as an unsigned varint, one above what it is (KIP-482).
    pub(super) fn compact_string(&mut self) -> Option<String> {
        let length = usize::try_from(self.0.unsigned()?).ok()?;
        self.text(length.checked_sub(1)?)
    }

    /// A count of things of at least `size` bytes each. A null array (-1) has none.
    fn count(&mut self, size: usize) -> Option<usize> {
        let count = self.int32()?;
        if count == -1 {
            return Some(0);
        }
        let count = usize::try_from(count).ok()?;
        (count.checked_mul(size)? <= self.0.rest().len()).then_some(count)
    }

    pub(super) fn string(&mut self) -> Option<String> {
        let length = usize::try_from(self.int16()?).ok()?;
        self.text(length)
    }

    fn nullable_string(&mut self) -> Option<Option<String>> {
        let mut ahead = Bytes(self.0);
        if ahead.int16()? == -1 {
            *self = ahead;
            return Some(None);
        }
        self.string().map(Some)
    }

    fn skip_nullable_bytes(&mut self) -> Option<()> {
        match self.int32()? {
            -1 => Some(()),
            length => self.0.take(usize::try_from(length).ok()?).map(|_| ()),
        }
    }

    fn strings(&mut self) -> Option<Vec<String>> {
        let count = self.count(2)?;
        (0..count).map(|_| self.string()).collect()
    }

    /// Topics with partitions.
    fn topics(&mut self) -> Option<Vec<(String, Vec<i32>)>> {
        let count = self.count(6)?;
        (0..count)
            .map(|_| {
                let topic = self.string()?;
                let count = self.count(4)?;
                let partition = |_| self.int32().filter(|index| *index >= 0);
                let partitions: Option<Vec<i32>> = (0..count).map(partition).collect();
                Some((topic, partitions?))
            })
            .collect()
    }
}

/// Topics and partitions of an assignment (ConsumerProtocolAssignment, any version: fields have
/// only ever been added behind). No bytes at all are no partitions: a member that waits for its
/// first assignment. `None` when the bytes are something else.
pub(super) fn assignment(bytes: &[u8]) -> Option<Vec<(String, Vec<i32>)>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let mut bytes = Bytes::new(bytes);
    let version = bytes.int16()?;
    if version < 0 {
        return None;
    }
    let topics = bytes.topics()?;
    // User data may be left out, as some clients do.
    (bytes.0.is_empty() || bytes.skip_nullable_bytes().is_some()).then_some(topics)
}

/// What a member asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Subscription {
    pub(super) topics: Vec<String>,
    /// From version 3 on (KIP-881).
    pub(super) rack: Option<String>,
}

/// A subscription (ConsumerProtocolSubscription); `None` when the bytes are something else.
pub(super) fn subscription(bytes: &[u8]) -> Option<Subscription> {
    let mut bytes = Bytes::new(bytes);
    let version = bytes.int16()?;
    if version < 0 {
        return None;
    }
    let topics = bytes.strings()?;
    // What follows is of little use and not needed to make sense of the topics.
    let rack = (|| {
        bytes.skip_nullable_bytes()?;
        if version >= 1 {
            bytes.topics()?;
        }
        if version >= 2 {
            bytes.int32()?;
        }
        if version >= 3 {
            bytes.nullable_string()?
        } else {
            None
        }
    })();
    Some(Subscription { topics, rack })
}

#[cfg(test)]
mod tests;
