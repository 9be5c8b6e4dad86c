//! Checks the outline of a request before the codec decodes it.
//!
//! The codec reserves memory for as many items as an array claims to have; a hostile length could
//! take the process down. So each request's outline is walked first: every length must fit into what
//! really arrived, and all arrays together have a bound. Outlines are Kafka's message definitions cut
//! down to sizes; a test compares them with the codec at every version.

mod outlines;

use bytes::{Buf, Bytes};

/// Most array items in one request.
const MAX_ITEMS: usize = 500_000;
/// Deepest nesting of arrays in any outline.
const MAX_DEPTH: usize = 8;
const BAD: &str = "the request does not have the shape of its version";

/// Checks `body` against the outline of its API and version. Answers how many bytes follow the
/// request: brokers ignore them, and librdkafka sends three with a Metadata request for all topics.
///
/// # Errors
/// Why the request must not be decoded.
pub(crate) fn check(
    api_key: i16,
    version: i16,
    flexible: bool,
    body: &Bytes,
) -> Result<usize, &'static str> {
    let outline = outlines::of(api_key).ok_or("API not offered")?;
    let mut walk = Walk {
        rest: body,
        version,
        flexible,
        items: 0,
    };
    let fields: Vec<&str> = outline.split_whitespace().collect();
    walk.fields(&fields, 0)?;
    Ok(walk.rest.len())
}

/// Reads over the tagged fields of a request header.
///
/// # Errors
/// If they do not fit into the frame.
pub(crate) fn skip_tags(frame: &mut Bytes) -> Result<(), &'static str> {
    let whole = frame.clone();
    let mut walk = Walk {
        rest: &whole,
        version: 0,
        flexible: true,
        items: 0,
    };
    walk.tags()?;
    let used = whole.len() - walk.rest.len();
    frame.advance(used);
    Ok(())
}

struct Walk<'a> {
    rest: &'a [u8],
    version: i16,
    flexible: bool,
    items: usize,
}

impl Walk<'_> {
    /// Walks a list of fields: a number is so many bytes, `s` a string, `y` bytes, `*x` an array of
    /// plain `x`, `[ .. ]` an array of structures, `?{ .. }` an optional structure. Each may carry
    /// `:from-to` versions.
    fn fields(&mut self, fields: &[&str], depth: usize) -> Result<(), &'static str> {
        if depth > MAX_DEPTH {
            return Err(BAD);
        }
        let mut at = 0;
        while let Some(field) = fields.get(at) {
            at += 1;
            let (kind, versions) = field.split_once(':').unwrap_or((field, ""));
            let present = within(versions, self.version);
            match kind {
                "[" | "?{" => {
                    let end = closing(fields, at).ok_or(BAD)?;
                    if present {
                        let inner = fields.get(at..end).unwrap_or_default();
                        let count = if kind == "[" {
                            self.array()?
                        } else {
                            usize::from(self.take(1)?.first() != Some(&0xff))
                        };
                        for _ in 0..count {
                            self.fields(inner, depth + 1)?;
                        }
                    }
                    at = end + 1;
                }
                _ if !present => {}
                plain => match plain.strip_prefix('*') {
                    None => self.value(plain)?,
                    Some(item) => {
                        for _ in 0..self.array()? {
                            self.value(item)?;
                        }
                    }
                },
            }
        }
        if self.flexible { self.tags() } else { Ok(()) }
    }

    fn value(&mut self, kind: &str) -> Result<(), &'static str> {
        match kind {
            "s" => self.string(),
            "y" => self.bytes(),
            size => self.take(size.parse().map_err(|_| BAD)?).map(drop),
        }
    }

    fn take(&mut self, count: usize) -> Result<&[u8], &'static str> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or("the request ends early")?;
        self.rest = rest;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<usize, &'static str> {
        let mut value = 0_usize;
        for shift in (0..35).step_by(7) {
            let byte = self.take(1)?.first().copied().unwrap_or_default();
            value |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(BAD)
    }

    fn array(&mut self) -> Result<usize, &'static str> {
        let count = if self.flexible {
            self.varint()?.saturating_sub(1)
        } else {
            usize::try_from(self.take(4)?.get_i32()).unwrap_or(0)
        };
        self.items += count.min(MAX_ITEMS + 1);
        if count > self.rest.len() || self.items > MAX_ITEMS {
            return Err("an array claims more items than the request can hold");
        }
        Ok(count)
    }

    fn string(&mut self) -> Result<(), &'static str> {
        let length = if self.flexible {
            self.varint()?.saturating_sub(1)
        } else {
            usize::try_from(self.take(2)?.get_i16()).unwrap_or(0)
        };
        self.take(length).map(drop)
    }

    fn bytes(&mut self) -> Result<(), &'static str> {
        let length = if self.flexible {
            self.varint()?.saturating_sub(1)
        } else {
            usize::try_from(self.take(4)?.get_i32()).unwrap_or(0)
        };
        self.take(length).map(drop)
    }

    fn tags(&mut self) -> Result<(), &'static str> {
        let count = self.varint()?;
        self.items += count.min(MAX_ITEMS + 1);
        if count > self.rest.len() || self.items > MAX_ITEMS {
            return Err("more tagged fields than the request can hold");
        }
        for _ in 0..count {
            self.varint()?;
            let length = self.varint()?;
            self.take(length)?;
        }
        Ok(())
    }
}

fn within(versions: &str, version: i16) -> bool {
    let Some((from, to)) = versions.split_once('-') else {
        return true;
    };
    let from = from.parse().unwrap_or(0);
    let to = if to.is_empty() {
        i16::MAX
    } else {
        to.parse().unwrap_or(i16::MAX)
    };
    (from..=to).contains(&version)
}

fn closing(fields: &[&str], from: usize) -> Option<usize> {
    let mut open = 1_usize;
    for (at, field) in fields.iter().enumerate().skip(from) {
        match *field {
            "]" | "}" => open -= 1,
            other if other.starts_with('[') || other.starts_with("?{") => open += 1,
            _ => {}
        }
        if open == 0 {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests;
