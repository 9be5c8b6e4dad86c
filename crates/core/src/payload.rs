//! How bytes of keys, values and headers are shown.
//!
//! Text as text, JSON recognised and kept as it was written, everything else as base64 and said
//! so. What could move a terminal's cursor or turn text round is escaped. A null is no payload at
//! all (`None`), which differs from an empty one. Decoding by a schema is not done here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// How a payload's text is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PayloadEncoding {
    /// UTF-8 text.
    Utf8,
    /// UTF-8 text that is a JSON object or array (or the beginning of one, when truncated).
    Json,
    /// The bytes are not UTF-8; base64 (RFC 4648, padded).
    Base64,
}

/// Bytes as shown. A null is `None`, not a payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Payload {
    /// How `text` is to be read.
    pub encoding: PayloadEncoding,
    /// The content. Control and direction characters are written as \u escapes.
    pub text: String,
    /// Size of the whole payload, bytes.
    pub size_bytes: usize,
    /// Whether `text` shows only the beginning.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

impl Payload {
    /// Shows `bytes`, at most `limit_bytes` of them. `size_bytes` is the size of the whole
    /// payload, of which `bytes` may be only the beginning.
    pub fn of(bytes: &[u8], size_bytes: usize, limit_bytes: usize) -> Self {
        let size_bytes = size_bytes.max(bytes.len());
        let shown = bytes.get(..limit_bytes).unwrap_or(bytes);
        let truncated = shown.len() < size_bytes;
        let (encoding, text) = match text(shown, truncated) {
            Some(text) if is_json(text, truncated) => (PayloadEncoding::Json, escape(text)),
            Some(text) => (PayloadEncoding::Utf8, escape(text)),
            None => (PayloadEncoding::Base64, STANDARD.encode(shown)),
        };
        Self {
            encoding,
            text,
            size_bytes,
            truncated,
        }
    }

    /// The same for what may be null.
    pub fn optional(bytes: Option<&[u8]>, size_bytes: usize, limit_bytes: usize) -> Option<Self> {
        bytes.map(|bytes| Self::of(bytes, size_bytes, limit_bytes))
    }
}

/// The bytes as UTF-8. A character that the truncation cut through is left out; any other fault
/// makes them no text.
fn text(bytes: &[u8], truncated: bool) -> Option<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if truncated && error.error_len().is_none() && error.valid_up_to() > 0 => bytes
            .get(..error.valid_up_to())
            .and_then(|valid| std::str::from_utf8(valid).ok()),
        Err(_) => None,
    }
}

/// Whether the text is a JSON object or array, or can be the beginning of one. Numbers, words
/// and strings count as text: most of them were never meant as JSON.
fn is_json(text: &str, truncated: bool) -> bool {
    if !text.trim_start().starts_with(['{', '[']) {
        return false;
    }
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => true,
        Err(error) => truncated && error.is_eof(),
    }
}

/// Writes control characters (but for line feed and tab) and those that change the direction of
/// text as `\u001b`, the way JSON does.
fn escape(text: &str) -> String {
    let harmful = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if !text.contains(harmful) {
        return text.to_owned();
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if harmful(c) {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// The text in one line that cannot pass for another: line feeds and tabs are written as `\\n` and
/// `\\t`, other harmful characters as a payload's are. For names that strangers choose, such as those
/// of groups, clients and headers.
pub fn one_line(text: &str) -> String {
    escape(text).replace('\n', "\\n").replace('\t', "\\t")
}

#[cfg(test)]
mod tests {
    use super::*;
    use PayloadEncoding::{Base64, Json, Utf8};

    fn shown(bytes: &[u8], limit: usize) -> (PayloadEncoding, String, usize, bool) {
        let payload = Payload::of(bytes, bytes.len(), limit);
        (
            payload.encoding,
            payload.text,
            payload.size_bytes,
            payload.truncated,
        )
    }

    #[test]
    fn bytes_are_shown_as_what_they_are() {
        for (bytes, encoding, text) in [
            (&b"hello"[..], Utf8, "hello"),
            (b"", Utf8, ""),
            (b"{\"a\": 1}", Json, "{\"a\": 1}"),
            (b" [1,2]", Json, " [1,2]"),
            (b"{not json}", Utf8, "{not json}"),
            (b"12", Utf8, "12"),
            (b"a\x1b[2Jb\r\n\t", Utf8, "a\\u001b[2Jb\\u000d\n\t"),
            ("pay \u{202e}load".as_bytes(), Utf8, "pay \\u202eload"),
            (
                "gr\u{fc}n \u{1f980}".as_bytes(),
                Utf8,
                "gr\u{fc}n \u{1f980}",
            ),
            (b"\xff\xfe\x00", Base64, "//4A"),
            (b"abc\xc3", Base64, "YWJjww=="),
        ] {
            assert_eq!(
                shown(bytes, 100),
                (encoding, text.to_owned(), bytes.len(), false)
            );
        }
    }

    #[test]
    fn a_name_stays_in_its_line() {
        assert_eq!(one_line("a\n0@1\t\u{1b}[m"), "a\\n0@1\\t\\u001b[m");
        assert_eq!(one_line("gr\u{fc}n"), "gr\u{fc}n");
    }

    #[test]
    fn a_cut_never_splits_a_character_and_is_said() {
        let text = "a\u{1f980}b".as_bytes();
        assert_eq!(shown(text, 3), (Utf8, "a".into(), 6, true));
        assert_eq!(shown(text, 5), (Utf8, "a\u{1f980}".into(), 6, true));
        assert_eq!(shown(text, 6), (Utf8, "a\u{1f980}b".into(), 6, false));
        assert_eq!(
            shown(b"{\"a\":[1,2,3]}", 8),
            (Json, "{\"a\":[1,".into(), 13, true)
        );
        assert_eq!(shown(b"{a}{a}{a}", 4), (Utf8, "{a}{".into(), 9, true));
        assert_eq!(
            shown(b"\xff\xff\xff\xff", 2),
            (Base64, "//8=".into(), 4, true)
        );
        assert_eq!(shown(b"abc", 0), (Utf8, String::new(), 3, true));
    }

    #[test]
    fn bytes_that_were_cut_before_keep_their_true_size() {
        let payload = Payload::of(b"{\"a\"", 5000, 100);
        assert_eq!(
            (payload.encoding, payload.size_bytes, payload.truncated),
            (Json, 5000, true)
        );
    }

    #[test]
    fn null_is_no_payload_and_differs_from_empty() {
        assert_eq!(Payload::optional(None, 0, 10), None);
        assert_eq!(
            serde_json::to_value(Payload::optional(Some(b""), 0, 10)).unwrap(),
            serde_json::json!({"encoding": "utf8", "text": "", "size_bytes": 0})
        );
    }
}
