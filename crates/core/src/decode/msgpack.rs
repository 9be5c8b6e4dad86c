//! MessagePack: a map or a list that fills the payload to its last byte.

use super::MAX_DEPTH;
use super::json::JsonText;
use crate::bytes::Reader;

/// The payload as JSON, and whether it speaks for itself: a map whose keys are all printable names.
pub(super) fn decode(bytes: &[u8], limit: usize) -> Option<(JsonText, bool)> {
    // Maps and lists only: any other first byte is a lone number or string.
    if !matches!(bytes.first()?, 0x80..=0x9f | 0xdc..=0xdf) {
        return None;
    }
    let mut walk = Walk {
        reader: Reader::new(bytes),
        json: JsonText::new(limit),
        names: 0,
        nameless: 0,
    };
    walk.value(0)?;
    let strong = walk.names > 0 && walk.nameless == 0;
    walk.reader
        .is_empty()
        .then_some((walk.json, strong && bytes.len() > 3))
}

struct Walk<'a> {
    reader: Reader<'a>,
    json: JsonText,
    /// Keys that are printable text.
    names: usize,
    /// Other keys.
    nameless: usize,
}

impl<'a> Walk<'a> {
    fn length(&mut self, width: usize) -> Option<usize> {
        let bytes = self.reader.take(width)?;
        let fold = |length: usize, byte: &u8| length << 8 | usize::from(*byte);
        Some(bytes.iter().fold(0, fold))
    }

    /// Every value takes a byte at least, so a count that lies ends with the bytes.
    fn value(&mut self, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        let marker = self.reader.u8()?;
        match marker {
            0x00..=0x7f => self.json.number(marker),
            0xe0..=0xff => self.json.number(marker.cast_signed()),
            0x80..=0x8f => return self.map(usize::from(marker & 0x0f), depth),
            0x90..=0x9f => return self.list(usize::from(marker & 0x0f), depth),
            0xc0 => self.json.raw("null"),
            0xc1 => return None,
            0xc2 => self.json.raw("false"),
            0xc3 => self.json.raw("true"),
            0xc4..=0xc6 => {
                let length = self.length(1 << (marker - 0xc4))?;
                let bytes = self.reader.take(length)?;
                self.json.bytes(bytes);
            }
            0xc7..=0xc9 => {
                let length = self.length(1 << (marker - 0xc7))?;
                return self.extension(length);
            }
            0xca => {
                let number = f32::from_be_bytes(self.reader.array()?);
                if number.is_finite() {
                    self.json.number(number);
                } else {
                    self.json.float(number.into());
                }
            }
            0xcb => self.json.float(f64::from_be_bytes(self.reader.array()?)),
            0xcc => self.json.number(self.reader.u8()?),
            0xcd => self.json.number(u16::from_be_bytes(self.reader.array()?)),
            0xce => self.json.number(u32::from_be_bytes(self.reader.array()?)),
            0xcf => self.json.number(u64::from_be_bytes(self.reader.array()?)),
            0xd0 => self.json.number(self.reader.u8()?.cast_signed()),
            0xd1 => self.json.number(i16::from_be_bytes(self.reader.array()?)),
            0xd2 => self.json.number(i32::from_be_bytes(self.reader.array()?)),
            0xd3 => self.json.number(i64::from_be_bytes(self.reader.array()?)),
            0xd4..=0xd8 => return self.extension(1 << (marker - 0xd4)),
            0xa0..=0xbf | 0xd9..=0xdb => {
                let text = self.text(marker)?;
                self.json.string(text);
            }
            0xdc | 0xdd => {
                let count = self.length(if marker == 0xdc { 2 } else { 4 })?;
                return self.list(count, depth);
            }
            0xde | 0xdf => {
                let count = self.length(if marker == 0xde { 2 } else { 4 })?;
                return self.map(count, depth);
            }
        }
        Some(())
    }

    /// Text behind its marker; other bytes are no string.
    fn text(&mut self, marker: u8) -> Option<&'a str> {
        let length = match marker {
            0xa0..=0xbf => usize::from(marker & 0x1f),
            _ => self.length(1 << (marker - 0xd9))?,
        };
        std::str::from_utf8(self.reader.take(length)?).ok()
    }

    fn list(&mut self, count: usize, depth: usize) -> Option<()> {
        let mut first = true;
        self.json.raw("[");
        for _ in 0..count {
            self.json.comma(&mut first);
            self.value(depth + 1)?;
        }
        self.json.raw("]");
        Some(())
    }

    fn map(&mut self, count: usize, depth: usize) -> Option<()> {
        let mut first = true;
        self.json.raw("{");
        for _ in 0..count {
            self.json.comma(&mut first);
            let marker = *self.reader.rest().first()?;
            if matches!(marker, 0xa0..=0xbf | 0xd9..=0xdb) {
                self.reader.u8()?;
                let name = self.text(marker)?;
                if !name.is_empty() && !name.contains(char::is_control) {
                    self.names += 1;
                } else {
                    self.nameless += 1;
                }
                self.json.string(name);
            } else {
                self.nameless += 1;
                // JSON has no other keys than strings: numbers become them.
                let quote = match marker {
                    0x00..=0x7f | 0xe0..=0xff | 0xcc..=0xd3 => "\"",
                    _ => return None,
                };
                self.json.raw(quote);
                self.value(depth + 1)?;
                self.json.raw(quote);
            }
            self.json.raw(":");
            self.value(depth + 1)?;
        }
        self.json.raw("}");
        Some(())
    }

    /// Type -1 is a time; others are the writer's own.
    fn extension(&mut self, length: usize) -> Option<()> {
        let kind = self.reader.u8()?.cast_signed();
        let bytes = self.reader.take(length)?;
        match (kind, timestamp(bytes)) {
            (-1, Some(time)) => self.json.string(&time),
            _ => {
                self.json.raw(&format!("{{\"extension\":{kind},\"bytes\":"));
                self.json.bytes(bytes);
                self.json.raw("}");
            }
        }
        Some(())
    }
}

fn timestamp(bytes: &[u8]) -> Option<String> {
    let (seconds, nanoseconds) = match bytes.len() {
        4 => (i64::from(u32::from_be_bytes(bytes.try_into().ok()?)), 0),
        8 => {
            let both = u64::from_be_bytes(bytes.try_into().ok()?);
            let seconds = i64::try_from(both & 0x3_ffff_ffff).ok()?;
            (seconds, i32::try_from(both >> 34).ok()?)
        }
        12 => {
            let (nanoseconds, seconds) = bytes.split_at_checked(4)?;
            (
                i64::from_be_bytes(seconds.try_into().ok()?),
                i32::from_be_bytes(nanoseconds.try_into().ok()?),
            )
        }
        _ => return None,
    };
    Some(jiff::Timestamp::new(seconds, nanoseconds).ok()?.to_string())
}
