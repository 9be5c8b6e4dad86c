//! JSON written up to a bound. What no longer fits is left out, and it is known that it was.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write as _;

/// JSON text under way.
#[derive(Debug)]
pub(super) struct JsonText {
    text: String,
    limit: usize,
    cut: bool,
}

impl JsonText {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            text: String::new(),
            limit,
            cut: false,
        }
    }

    /// Whether something did not fit: writing more is for nothing.
    pub(super) fn is_cut(&self) -> bool {
        self.cut
    }

    /// Says that something is left out here.
    pub(super) fn cut(&mut self) {
        self.cut = true;
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// Text as it is.
    pub(super) fn raw(&mut self, text: &str) {
        if self.cut {
            return;
        }
        let room = self.limit.saturating_sub(self.text.len());
        if text.len() <= room {
            self.text.push_str(text);
        } else {
            let end = (0..=room).rev().find(|end| text.is_char_boundary(*end));
            self.text
                .push_str(text.get(..end.unwrap_or(0)).unwrap_or_default());
            self.cut = true;
        }
    }

    /// A comma, unless this is the first of its list.
    pub(super) fn comma(&mut self, first: &mut bool) {
        if !std::mem::take(first) {
            self.raw(",");
        }
    }

    pub(super) fn number(&mut self, number: impl std::fmt::Display) {
        self.raw(&number.to_string());
    }

    /// A number, or the words for those that JSON does not have.
    pub(super) fn float(&mut self, number: f64) {
        if number.is_finite() {
            self.number(number);
        } else {
            self.string(&number.to_string());
        }
    }

    pub(super) fn string(&mut self, text: &str) {
        self.raw("\"");
        let mut plain = 0;
        for (at, c) in text.char_indices() {
            if self.cut {
                return;
            }
            let escaped = match c {
                '"' => "\\\"".to_owned(),
                '\\' => "\\\\".to_owned(),
                '\n' => "\\n".to_owned(),
                '\t' => "\\t".to_owned(),
                '\r' => "\\r".to_owned(),
                c if c.is_control() => {
                    let mut code = String::new();
                    // Writing to a string cannot fail.
                    let _ = write!(code, "\\u{:04x}", u32::from(c));
                    code
                }
                _ if at - plain >= 4096 => {
                    self.raw(text.get(plain..at).unwrap_or_default());
                    plain = at;
                    continue;
                }
                _ => continue,
            };
            self.raw(text.get(plain..at).unwrap_or_default());
            self.raw(&escaped);
            plain = at + c.len_utf8();
        }
        self.raw(text.get(plain..).unwrap_or_default());
        self.raw("\"");
    }

    /// A name and its colon.
    pub(super) fn name(&mut self, name: &str) {
        self.string(name);
        self.raw(":");
    }

    /// Bytes as a string that says that it is base64.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        // More than fits is cut anyway.
        let shown = bytes.get(..self.limit.saturating_add(3)).unwrap_or(bytes);
        self.raw("\"base64:");
        self.raw(&STANDARD.encode(shown));
        self.raw("\"");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_json_and_what_does_not_fit_is_cut_between_characters() {
        let strange = "a\"\\\n\t\r\u{1}\u{7f}\u{fc}\u{1f980}";
        let mut json = JsonText::new(1000);
        json.string(strange);
        let text = json.finish();
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), strange);
        for limit in 0..text.len() {
            let mut json = JsonText::new(limit);
            json.string(strange);
            assert!(json.is_cut(), "{limit}");
            let cut = json.finish();
            assert!(text.starts_with(&cut) && cut.len() <= limit);
        }
    }

    #[test]
    fn long_strings_are_left_early_and_bytes_are_never_encoded_whole() {
        let mut json = JsonText::new(10);
        json.string(&"x".repeat(1 << 20));
        json.bytes(&vec![0; 1 << 20]);
        assert_eq!(json.finish(), "\"xxxxxxxxx");
    }
}
